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


with retry.testing() as record:  # the waits are left out
    assert ask_upstream() == "answer"
assert len(asked) == 5
most = [1.0, 2.0, 4.0, 8.0]  # a random part of each is waited
assert all(0 <= a.delay <= m for a, m in zip(record.attempts, most, strict=True))
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

RESILIENCE = """
from pepperpy.infra import CircuitBreaker, CircuitBreakerError, with_circuit_breaker, with_fallback


def my_function(arg1, arg2):
    return arg1 + arg2


breaker = CircuitBreaker("my_provider")
assert breaker.execute(my_function, 1, 2) == 3

breaker.force_open()
try:
    result = breaker.execute(my_function, 1, 2)
except CircuitBreakerError:
    result = "fallback"
assert result == "fallback"


@with_circuit_breaker("my_provider")
def call_provider(arg1, arg2):
    return my_function(arg1, arg2)


assert call_provider(1, arg2=2) == 3


@with_fallback("primary_provider", ["fallback1", "fallback2"])
def call_with_fallback(provider_id, arg1, arg2):
    if provider_id != "fallback2":
        raise ConnectionError(provider_id)
    return provider_id, arg1, arg2


assert call_with_fallback(1, arg2=2) == ("fallback2", 1, 2)
"""

SERIALIZATION = """
from pepperpy.infra import (
    serialize_json,
    deserialize_json,
    JSONSerializer,
    SerializerConfig
)

data = {"name": "John", "age": 30}
json_bytes = serialize_json(data)
decoded_data = deserialize_json(json_bytes)
assert json_bytes == b'{"name":"John","age":30}'
assert decoded_data == data

config = SerializerConfig(indent=2, sort_keys=True)
serializer = JSONSerializer(config)
json_bytes = serializer.serialize(data)
decoded_data = serializer.deserialize(json_bytes)
assert json_bytes == b'{\\n  "age": 30,\\n  "name": "John"\\n}'
assert decoded_data == data

from pepperpy.infra import convert_format, SerializationFormat
msgpack_bytes = convert_format(
    data=data,
    source_format=SerializationFormat.JSON,
    target_format=SerializationFormat.MSGPACK
)
from pepperpy.infra import deserialize_msgpack
assert deserialize_msgpack(msgpack_bytes) == data

from pepperpy.infra import to_base64, from_base64
base64_str = to_base64(json_bytes)
original_bytes = from_base64(base64_str)
assert isinstance(base64_str, str)
assert original_bytes == json_bytes
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

DECORATORS = """
import asyncio
import warnings

from pepperpy.infra import (
    retry, async_retry, timed, async_timed, deprecated,
    memoize, log_exceptions, log_calls
)

asked = []

@retry(max_retries=3, delay=1.0, backoff=2.0)
def call_external_api():
    asked.append("sync")
    if len(asked) < 4:
        raise ConnectionError("reset by peer")
    return "data"

@async_retry(max_retries=3, delay=1.0, backoff=2.0)
async def call_async_api():
    asked.append("async")
    if asked.count("async") < 4:
        raise ConnectionError("reset by peer")
    return "data"

@timed()
def process_data(data):
    return data.upper()

@async_timed()
async def process_data_async(data):
    return data.upper()

@deprecated("Use new_function() instead")
def old_function():
    return "old"

@memoize
def expensive_computation(arg1, arg2):
    asked.append("expensive")
    return arg1 + arg2

@log_exceptions()
def risky_operation():
    raise LookupError("no such thing")

@log_calls(log_args=True, log_result=True)
def important_function(arg1, arg2):
    return arg1 * arg2

with retry.testing():
    assert call_external_api() == "data"
    assert asyncio.run(call_async_api()) == "data"
assert (asked.count("sync"), asked.count("async")) == (4, 4)
assert process_data("x") == asyncio.run(process_data_async("x")) == "X"
with warnings.catch_warnings(record=True, action="always") as caught:
    assert old_function() == "old"
assert [str(each.message) for each in caught] == ["Use new_function() instead"]
assert expensive_computation(1, 2) == expensive_computation(1, arg2=2) == 3
assert asked.count("expensive") == 1
try:
    risky_operation()
except LookupError:
    pass
assert important_function(2, 3) == 6
"""

CACHE = """
from pepperpy.infra import cached, async_cached, initialize_cache

# Initialize the cache system
initialize_cache(cache_type="memory")

loads = []


# Use the cached decorator for synchronous functions
@cached(ttl=60)
def get_user(user_id: str) -> dict:
    loads.append(user_id)
    return {"id": user_id, "name": "John Doe"}


# Use the async_cached decorator for asynchronous functions
@async_cached(ttl=60)
async def get_user_async(user_id: str) -> dict:
    loads.append(user_id)
    return {"id": user_id, "name": "John Doe"}


async def ask_twice():
    for _ in range(2):
        assert get_user("123") == await get_user_async("123") == {"id": "123", "name": "John Doe"}


import asyncio
asyncio.run(ask_twice())
assert loads == ["123"] * 2

# Invalidate a cache entry
from pepperpy.infra import invalidate_cache
assert invalidate_cache("user:123") == 2

asyncio.run(ask_twice())
assert loads == ["123"] * 4

# Clear the cache
from pepperpy.infra import clear_cache
assert clear_cache() == 2

asyncio.run(ask_twice())
assert loads == ["123"] * 6
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

COMPRESSION = """
from pepperpy.infra import compress_data, decompress_data, CompressionAlgorithm, SerializationFormat

compressed = compress_data(
    data={"key": "value"},
    algorithm=CompressionAlgorithm.GZIP,
    serialization=SerializationFormat.JSON,
)
decompressed = decompress_data(
    data=compressed,
    algorithm=CompressionAlgorithm.GZIP,
    serialization=SerializationFormat.JSON,
)
assert decompressed == {"key": "value"}

from pepperpy.infra import compress_json, decompress_json
compressed_json = compress_json(
    data={"repeated_key1": "value1", "repeated_key2": "value2"},
    optimize_keys=True,
)
decompressed_json = decompress_json(compressed_json)
assert decompressed_json == {"repeated_key1": "value1", "repeated_key2": "value2"}

import numpy as np
from pepperpy.infra import compress_numpy, decompress_numpy
array = np.array([[1, 2, 3], [4, 5, 6]])
compressed_array = compress_numpy(array)
decompressed_array = decompress_numpy(compressed_array)
assert decompressed_array.dtype == array.dtype and (decompressed_array == array).all()

from pepperpy.infra import optimize_dataset
dataset = [{"id": i, "value": f"value_{i}"} for i in range(10000)]
optimized = optimize_dataset(dataset, chunk_size=1000)
assert list(optimized) == dataset
"""

METRICS = """
import tracemalloc

from pepperpy.infra import benchmark, get_memory_usage, measure_memory, measure_time

with measure_time("operation") as timer:
    result = sum(range(10_000))
assert 0 < timer.elapsed_time < 60

with measure_memory("memory_operation") as tracker:
    result = [0] * 1_000_000
assert tracker.memory_used > 8_000_000
assert not tracemalloc.is_tracing()


@benchmark(iterations=10, track_memory=True)
def my_function(arg1, arg2):
    return arg1 + arg2


assert my_function(1, arg2=2) == 3
assert my_function.last_result.iterations == 10
assert get_memory_usage() > 8_000_000
"""

VALIDATION = """
from pepperpy.infra import (
    validate, validate_dict, ValidationResult, FunctionValidator,
    is_email, min_length, is_positive, all_of, any_of
)

# Validate a single value
email_validator = FunctionValidator(is_email, "Invalid email address")
result = validate("user@example.com", email_validator)
if result.is_valid:
    print("Email is valid")

# Create a complex validator
password_validator = all_of(
    min_length(8),
    lambda s: any(c.isupper() for c in s),
    lambda s: any(c.isdigit() for c in s)
)
assert validate("Passw0rd!", password_validator).is_valid
assert len(validate("pass", password_validator).errors) == 3

# Validate a dictionary against a schema
user_schema = {
    "email": is_email,
    "name": min_length(2),
    "age": all_of(is_positive, lambda n: n < 120)
}

user_data = {
    "email": "user@example.com",
    "name": "John",
    "age": 30
}

for user_data in (user_data, {**user_data, "email": "nope", "age": 300}):
    result = validate_dict(user_data, user_schema)
    assert isinstance(result, ValidationResult)
    if result.is_valid:
        # Use the validated data
        validated_user = result.validated_data
    else:
        # Handle validation errors
        for error in result.errors:
            print(f"Error in {error.path}: {error.message}")

assert validated_user["name"] == "John"
assert [error.path for error in result.errors] == ["email", "age"]
"""

SECURITY = """
from pepperpy.infra import create_security_manager, AuthType, PermissionLevel

# Create a security manager
security_manager = create_security_manager()

# Create an identity
identity = security_manager.create_identity("user1")

# Create an API key
credential = security_manager.create_api_key(identity.id)
assert credential.auth_type is AuthType.API_KEY
assert security_manager.authenticate(credential).name == "user1"
assert security_manager.authenticate(credential.key).name == "user1"

# Check authorization
is_authorized = security_manager.authorize(
    identity, "documents:read", PermissionLevel.READ
)
assert is_authorized is False

security_manager.update_permissions(identity.id, {"documents:*": PermissionLevel.READ})
is_authorized = security_manager.authorize(
    identity, "documents:read", PermissionLevel.READ
)
assert is_authorized is True
"""

STORAGE = """
import asyncio

from pepperpy.infra import register_memory_provider, connect, set, get
from pepperpy.infra import register_file_provider


async def main():
    register_memory_provider("cache")
    await connect("cache")
    await set("cache", "key1", {"value": 42})
    data = await get("cache", "key1")
    assert data == {"value": 42}

    register_file_provider("files", "kept.db")
    await connect("files")
    await set("files", "key1", {"value": 42})
    assert await get("files", "key1") == {"value": 42}


asyncio.run(main())
"""

EVERYTHING = """
from pepperpy.infra import (
    # Cache
    cached, async_cached, initialize_cache, invalidate_cache,

    # Compression
    compress_data, decompress_data, compress_json, compress_numpy,

    # Config
    BaseConfig, get_config,

    # Connection
    ConnectionPool, pooled_resource, register_pool, initialize_pools,

    # Logging
    configure_logging, get_logger,

    # Metrics
    measure_time, benchmark, get_memory_usage,

    # Resilience
    CircuitBreaker, with_circuit_breaker, with_fallback,

    # Serialization
    serialize_json, deserialize_json, JSONSerializer, convert_format,

    # Telemetry
    get_provider_telemetry, MetricType,

    # Security
    create_security_manager, PermissionLevel,

    # Storage
    register_memory_provider, connect, get, set,
)
"""


class TestUtils:
    def test_ids_hashes_files_and_retries(self, program: Any) -> None:
        file = program.write("config.json", '{"old_setting": 1}')

        program.run(UTILS)

        assert json.loads(file.read_text("utf-8")) == {"old_setting": 1, "new_setting": "value"}


class TestCompression:
    def test_values_rows_and_arrays_come_back(self, program: Any) -> None:
        program.run(COMPRESSION)


class TestDecorators:
    def test_the_decorators_do_what_they_say(self, program: Any) -> None:
        program.run(DECORATORS)

    def test_their_lines_are_in_the_log(self, program: Any) -> None:
        set_up = "from pepperpy.infra import configure_logging\nconfigure_logging(level='INFO', format='json')\n"

        shown = program.run(set_up + DECORATORS)

        lines = [json.loads(line) for line in shown.stderr.splitlines()]
        messages = [line["message"].partition(" after ")[0] for line in lines]
        assert "__main__.important_function(arg1=2, arg2=3)" in messages
        assert "__main__.important_function returned 6" in messages
        assert "__main__.risky_operation raised LookupError: no such thing" in messages
        timed = [line for line in lines if " took " in line["message"]]
        assert len(timed) == 2
        assert all(line["duration"] > 0 for line in timed)


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


class TestResilience:
    def test_breakers_and_fallbacks_by_name(self, program: Any) -> None:
        program.run(RESILIENCE)


class TestSerialization:
    def test_values_come_back_as_json_as_messagepack_and_from_base64(self, program: Any) -> None:
        program.run(SERIALIZATION)


class TestTelemetry:
    def test_metrics_and_events_of_a_provider(self, program: Any) -> None:
        program.run(TELEMETRY)


class TestCache:
    def test_plain_and_coroutine_functions_are_remembered_and_forgotten_by_name(
        self, program: Any
    ) -> None:
        program.run(CACHE)


class TestConnection:
    def test_a_pool_of_ones_own_as_a_block_and_as_a_decorator(self, program: Any) -> None:
        program.run(CONNECTION)


class TestMetrics:
    def test_time_memory_and_a_benchmark(self, program: Any) -> None:
        program.run(METRICS)


class TestValidation:
    def test_values_and_dictionaries_by_functions(self, program: Any) -> None:
        program.run(VALIDATION)


class TestSecurity:
    def test_an_identity_its_key_and_what_it_may_do(self, program: Any) -> None:
        program.run(SECURITY)


class TestStorage:
    def test_values_come_back_from_memory_and_from_a_file(self, program: Any) -> None:
        program.run(STORAGE)


class TestEverything:
    def test_one_statement_imports_from_every_wheel(self, program: Any) -> None:
        program.run(EVERYTHING)
