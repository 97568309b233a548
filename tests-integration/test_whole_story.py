"""One program with all the wheels: configured, logging, counting, retrying, reloaded, shut down."""

from __future__ import annotations

from typing import Any

SETTINGS = """
[logging]
level = "INFO"
console = false
log_file = "app.log"
file_format = "json"
queue = true

[shop]
upstream = "http://upstream"
attempts = 3
"""

START = """
from pepperpy.infra import (
    BaseConfig, TelemetryManager, get_config, get_logger, get_provider_telemetry,
    initialize_logging, initialize_telemetry, register_config, reload_config, report_metric, retry,
)
from pepperpy.infra.telemetry import MetricType, TelemetryHandler
from pepperpy.infra.utils import inspectables, run_closers


class Shop(BaseConfig):
    upstream: str
    attempts: int = 2


register_config("shop", Shop)
shop = get_config("shop")
initialize_logging()
initialize_telemetry()
log = get_logger("shop")
telemetry = get_provider_telemetry("shop")
manager = TelemetryManager.get_instance()
"""

ORDERS = """
@retry(max_attempts=shop.attempts, delay=1.0, exceptions=ConnectionError)
def fetch(order):
    telemetry.count("attempts")
    if telemetry_value("attempts") % 3:
        raise ConnectionError("reset by peer")
    return order


def telemetry_value(name):
    return manager.get_value(name)


with retry.testing():
    for order in range(10):
        with telemetry.time("order.duration"):
            fetch(order)
        log.info("paid", order=order)
"""


class TestRetrySignals:
    def test_are_counted_once_and_logged_once(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = START + ORDERS + "print(manager.get_value('retry.scheduled'))\nrun_closers()\n"

        shown = program.run(code)

        assert float(shown.stdout) == 20
        scheduled = [line for line in program.lines("app.log") if "retry" in line["message"]]
        assert len(scheduled) == 20

    def test_one_that_gives_up_is_told_by_both(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = (
            START
            + """
@retry(max_attempts=2, exceptions=ConnectionError)
def ask():
    raise ConnectionError("reset by peer")

with retry.testing():
    try:
        ask()
    except ConnectionError:
        print(manager.get_value("retry.gave_up"))
run_closers()
"""
        )

        shown = program.run(code)

        assert float(shown.stdout) == 1
        (line,) = [line for line in program.lines("app.log") if "gave_up" in line["message"]]
        assert line["level"] == "WARNING"


class TestInspection:
    def test_every_wheel_shows_its_state_and_telemetry_collects_the_figures(
        self, program: Any
    ) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = (
            START
            + """
log.info("once")
print(*sorted({str(thing.inspect()["kind"]) for thing in inspectables()}))
print(*sorted({record["name"] for record in manager.snapshot() if record["name"].startswith("pepperpy.")}))
run_closers()
"""
        )

        kinds, names = program.run(code).stdout.splitlines()

        assert any("log" in kind for kind in kinds.split())
        assert any(name.startswith("pepperpy.log") for name in names.split())


class TestClosers:
    LAST = """
class Last(TelemetryHandler):
    '''What arrives with the last flush is written to the log.'''

    def handle_metric(self, metric):
        get_logger("metrics").info(metric.name, value=metric.value)

    def handle_event(self, event):
        get_logger("events").info(event.message)


manager.register_handler("last", Last())
"""

    def test_flush_telemetry_before_the_queue_of_the_log_is_drained(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = (
            START
            + self.LAST
            + ORDERS
            + """
report_metric("last.words", 7, MetricType.COUNTER)
telemetry.info("bye", "the last event")
run_closers()

import os
os._exit(0)  # nothing is left to do at exit
"""
        )

        program.run(code)

        lines = program.lines("app.log")
        paid = [line["order"] for line in lines if line["message"] == "paid"]
        assert paid == list(range(10))
        told = {line["message"]: line for line in lines if line["logger"] == "metrics"}
        assert told["last.words"]["value"] == 7
        assert told["attempts"]["value"] == 30
        assert [line["message"] for line in lines if line["logger"] == "events"].count(
            "the last event"
        ) == 1

    def test_a_program_that_just_ends_loses_nothing_either(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = START + self.LAST + ORDERS + "telemetry.info('bye', 'the last event')\n"

        program.run(code)

        lines = program.lines("app.log")
        assert sum(line["message"] == "paid" for line in lines) == 10
        assert any(line["logger"] == "events" for line in lines)
        assert any(line["message"] == "attempts" for line in lines)


class TestReload:
    def test_a_changed_file_changes_the_level_of_the_running_program(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = (
            START
            + """
from pathlib import Path

file = Path("pepperpy.toml")
log.debug("before")
file.write_text(file.read_text().replace("INFO", "DEBUG"))
reload_config("logging")
log.debug("between")
file.write_text(file.read_text().replace("DEBUG", "ERROR"))
reload_config("logging")
log.warning("after")
log.error("at last")
run_closers()
"""
        )

        program.run(code)

        messages = [line["message"] for line in program.lines("app.log")]
        assert "between" in messages
        assert "at last" in messages
        assert not {"before", "after"} & set(messages)

    def test_a_broken_file_leaves_everything_as_it_was(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        code = (
            START
            + """
from pathlib import Path

from pepperpy.infra import ConfigError

file = Path("pepperpy.toml")
for broken in (file.read_text() + "[shop", file.read_text().replace('"INFO"', '"LOUD"')):
    file.write_text(broken)
    try:
        reload_config()
    except ConfigError as error:
        print("refused")
log.info("still here")
log.debug("still not here")
print(get_config("shop") is shop)
run_closers()
"""
        )

        shown = program.run(code)

        assert shown.stdout == "refused\nrefused\nTrue\n"
        messages = [line["message"] for line in program.lines("app.log")]
        assert "still here" in messages
        assert "still not here" not in messages
