"""What the documents show works as written, imported from the one place."""

from __future__ import annotations

import json
from typing import Any

import pytest

UTILS = """
from pepperpy.infra import generate_id, hash_string, load_json, retry, save_json

user_id = generate_id(prefix="user_")
assert user_id.startswith("user_") and user_id != generate_id(prefix="user_")

digest = hash_string("my_text", algorithm="sha256")
assert len(digest) == 64

settings = load_json("config.json")
settings["new_setting"] = "value"
save_json(settings, "config.json")

asked = []


@retry(max_attempts=5, delay=1.0, backoff=2.0)
def ask_upstream():
    asked.append(1)
    if len(asked) < 5:
        raise ConnectionError("reset by peer")
    return "answer"


with retry.testing():  # the waits are left out
    assert ask_upstream() == "answer"
assert len(asked) == 5
"""

CONFIG = """
from pepperpy.infra import BaseConfig, get_config, register_config


class MyConfig(BaseConfig):
    api_key: str
    timeout: int = 30


register_config("my_component", MyConfig)
config = get_config("my_component")
"""

LOGGING = """
from pepperpy.infra import configure_logging, get_logger, initialize_logging, set_log_level

configure_logging(level="INFO", log_file="app.log")
logger = get_logger(__name__)
logger.debug("not this one")
logger.info("This is an info message")
logger.error("This is an error message")
set_log_level("ERROR")
logger.info("nor this one")
initialize_logging()
"""

TELEMETRY = """
from pepperpy.infra import EventLevel, MetricType, TelemetryManager, get_provider_telemetry

telemetry = get_provider_telemetry("my_provider")
telemetry.report_metric("request_count", 1, MetricType.COUNTER)
telemetry.report_metric("request_count", 2, MetricType.COUNTER)
telemetry.info("request_processed", "Request processed successfully")

assert TelemetryManager.get_instance().get_value("request_count") == 3
assert EventLevel("info") is EventLevel.INFO
"""

CONNECTION = """
import asyncio

from pepperpy.infra import ConnectionPool, ConnectionPoolConfig, close_pools, initialize_pools
from pepperpy.infra import pooled_resource, register_pool


class my_connection_library:
    closed = 0

    @classmethod
    def connect(cls):
        return cls()

    async def close(self):
        my_connection_library.closed += 1

    async def is_valid(self):
        return True

    async def execute(self, query):
        return query


class MyConnectionPool(ConnectionPool):
    async def _create_connection(self):
        return my_connection_library.connect()

    async def _close_connection(self, connection):
        await connection.close()

    async def _validate_connection(self, connection):
        return await connection.is_valid()

    def _get_default_config(self):
        return ConnectionPoolConfig(min_size=5, max_size=20)


@pooled_resource("my_pool")
async def my_function(connection, arg1, arg2):
    result = await connection.execute("SELECT * FROM table")
    return result


async def main():
    pool = MyConnectionPool("my_pool")
    register_pool(pool)
    await initialize_pools()
    assert pool.available == 5

    async with pooled_resource("my_pool") as connection:
        result = await connection.execute("SELECT * FROM table")
    assert result == await my_function(1, arg2=2) == "SELECT * FROM table"

    await close_pools()
    assert my_connection_library.closed == 5


asyncio.run(main())
"""

EVERYTHING = """
from pepperpy.infra import (
    # Config
    BaseConfig, get_config,

    # Connection
    ConnectionPool, pooled_resource, register_pool, initialize_pools,

    # Logging
    configure_logging, get_logger,

    # Telemetry
    get_provider_telemetry, MetricType,
)
"""


class TestUtils:
    def test_ids_hashes_files_and_retries(self, program: Any) -> None:
        file = program.write("config.json", '{"old_setting": 1}')

        program.run(UTILS)

        assert json.loads(file.read_text("utf-8")) == {"old_setting": 1, "new_setting": "value"}


class TestConfig:
    def test_the_environment_sets_a_field_of_a_component(self, program: Any) -> None:
        shown = program.run(
            CONFIG + "print(config.api_key, config.timeout)",
            environ={"PEPPERPY_MY_COMPONENT_API_KEY": "k-7"},
        )

        assert shown.stdout == "k-7 30\n"

    def test_a_value_that_nobody_set_is_an_error_that_names_the_variable(
        self, program: Any
    ) -> None:
        failed = program.run(CONFIG, fails=True)

        last = failed.stderr.strip().split("Traceback")[-1]
        assert "PEPPERPY_MY_COMPONENT_API_KEY" in last
        assert "ConfigValidationError" in last

    @pytest.mark.parametrize(("text", "timeout"), [("5", 5), (" 7 ", 7)])
    def test_a_text_becomes_what_the_model_says(
        self, program: Any, text: str, timeout: int
    ) -> None:
        environ = {
            "PEPPERPY_MY_COMPONENT_API_KEY": "k-7",
            "PEPPERPY_MY_COMPONENT_TIMEOUT": text,
        }

        shown = program.run(CONFIG + "print(repr(config.timeout))", environ=environ)

        assert shown.stdout == f"{timeout}\n"


class TestLogging:
    def test_messages_of_the_level_and_above_are_in_the_file(self, program: Any) -> None:
        program.run(LOGGING)

        text = (program.folder / "app.log").read_text("utf-8")
        assert "This is an info message" in text
        assert "This is an error message" in text
        assert "this one" not in text


class TestTelemetry:
    def test_metrics_and_events_of_a_provider(self, program: Any) -> None:
        program.run(TELEMETRY)


class TestConnection:
    def test_a_pool_of_ones_own_as_a_block_and_as_a_decorator(self, program: Any) -> None:
        program.run(CONNECTION)


class TestEverything:
    def test_one_statement_imports_from_every_wheel(self, program: Any) -> None:
        program.run(EVERYTHING)
