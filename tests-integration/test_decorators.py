"""Decorators beside logging and telemetry, which they never import."""

from __future__ import annotations

import pytest

from pepperpy.infra.decorators import log_calls, log_exceptions, timed
from pepperpy.infra.logging import capture_logs
from pepperpy.infra.telemetry import TelemetryManager
from pepperpy.infra.utils import FakeClock


def test_telemetry_finds_the_figures_of_timed_functions() -> None:
    clock = FakeClock()

    @timed(name="found", level=None, clock=clock)
    def work() -> None:
        clock.advance(0.5)

    work()
    work()

    found = {
        record["name"]: record["value"]
        for record in TelemetryManager.get_instance().snapshot()
        if record["tags"].get("pepperpy.component.name") == "found"
    }
    assert found == {
        "pepperpy.timed.count": 2,
        "pepperpy.timed.errors": 0,
        "pepperpy.timed.last": 0.5,
        "pepperpy.timed.max": 0.5,
        "pepperpy.timed.min": 0.5,
        "pepperpy.timed.total": 1.0,
    }


def test_captured_lines_have_their_fields_and_errors() -> None:
    @log_exceptions("decorated", traceback=True)
    @log_calls(logger_name="decorated", name="pay")
    @timed("decorated", name="pay")
    def pay(order: int, *, api_key: str) -> None:
        raise LookupError(order)

    with capture_logs() as logs, pytest.raises(LookupError) as raised:
        pay(7, api_key="hunter2")

    assert [line.logger for line in logs] == ["decorated"] * 4
    assert [line.message.partition(" after ")[0] for line in logs][:3] == [
        "pay(order=7, api_key=***)",
        "pay raised LookupError",
        "pay raised LookupError: 7",
    ]
    assert logs[3].error is raised.value
    assert all(line.fields["code.function.name"] for line in logs)
