"""Events: to the log at once, to handlers on the flush, without secrets, and never an error."""

from __future__ import annotations

import logging
from typing import NamedTuple

import pytest

from pepperpy.infra.telemetry import (
    EventLevel,
    MemoryTelemetryHandler,
    ProviderTelemetry,
    TelemetryManager,
    report_event,
)


class TestEvents:
    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
    def test_a_provider_has_a_method_for_each_level(
        self,
        manager: TelemetryManager,
        memory: MemoryTelemetryHandler,
        caplog: pytest.LogCaptureFixture,
        level: str,
    ) -> None:
        caplog.set_level("DEBUG")
        provider = ProviderTelemetry("shop", manager)

        getattr(provider, level)("order_paid", "Order paid", data={"order": 7}, tags={"via": "pix"})
        manager.flush()

        (event,) = memory.events
        assert (event.name, event.level, event.message) == ("order_paid", level, "Order paid")
        assert event.data == {"order": 7}
        assert event.tags == {"via": "pix", "pepperpy.provider.id": "shop"}
        (record,) = caplog.records
        assert (record.name, record.levelno) == ("pepperpy.telemetry", event.level.number)
        assert record.__dict__["event.name"] == "order_paid"
        assert record.__dict__["event.data"] == {"order": 7}

    def test_an_event_is_in_the_log_at_once_with_the_place_of_the_call(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.report_event("e", EventLevel.WARNING, "a")
        report_event("e", EventLevel.WARNING, "b")
        ProviderTelemetry("p", manager).warning("e", "c")
        ProviderTelemetry("p", manager).report_event("e", EventLevel.WARNING, "d")

        assert [(record.message, record.filename) for record in caplog.records] == [
            (message, "test_events.py") for message in "abcd"
        ]

    def test_what_changes_later_is_not_in_the_event(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        data = {"items": [1]}
        manager.report_event("e", EventLevel.INFO, "m", data)
        data["items"].append(2)
        manager.flush()

        assert memory.events[0].data == {"items": [1]}

    def test_percent_signs_and_keys_of_records_do_no_harm(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.report_event(
            "e", EventLevel.ERROR, "100 %s %d", {"message": 1, "name": 2, "args": 3}, {"msg": "x"}
        )

        assert caplog.messages == ["100 %s %d"]

    @pytest.mark.parametrize("data", [[1], 7, "text", object(), {None: 1}, {(): {}}, [("a", 1)]])
    @pytest.mark.parametrize("level", [None, 35, "WARN", "nothing", EventLevel.ERROR, object()])
    def test_odd_data_levels_and_messages_never_raise(
        self,
        manager: TelemetryManager,
        memory: MemoryTelemetryHandler,
        data: object,
        level: object,
    ) -> None:
        for message in (None, 7, "m"):
            manager.report_event(None, level, message, data, data)
        manager.flush()

        assert len(memory.events) == 3
        assert all(isinstance(event.level, EventLevel) for event in memory.events)

    def test_data_that_fails_to_be_read_never_raises(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        class Broken(dict[str, str]):
            def keys(self):
                raise RuntimeError("broken")

            __iter__ = items = __repr__ = __str__ = keys

        manager.report_event("e", EventLevel.INFO, Broken(), Broken(a="b"), Broken(a="b"))
        manager.flush()

        assert len(memory.events) == 1

    def test_a_filter_of_the_log_that_raises_harms_nobody(self, manager: TelemetryManager) -> None:
        def refuse(record: logging.LogRecord) -> bool:
            raise RuntimeError("broken filter")

        logger = logging.getLogger("pepperpy.telemetry")
        logger.addFilter(refuse)
        try:
            manager.report_event("e", EventLevel.ERROR, "m")
        finally:
            logger.removeFilter(refuse)

    def test_a_handler_of_the_log_that_reports_events_does_not_loop(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        class Reporting(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                manager.report_event("seen", EventLevel.ERROR, record.getMessage())

        handler, root = Reporting(), logging.getLogger()
        root.addHandler(handler)
        try:
            logging.getLogger("app").error("first")
        finally:
            root.removeHandler(handler)
        manager.flush()

        # The second one tells of the line that the first one wrote, and writes none itself.
        assert [event.message for event in memory.events] == ["first", "first"]

    def test_events_can_be_left_out_of_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        TelemetryManager(log_events=False).report_event("e", EventLevel.ERROR, "m")

        assert caplog.messages == []


class Pair(NamedTuple):
    one: object
    other: object


class TestErrorsInData:
    def test_an_exception_in_data_is_its_masked_text(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        error = ValueError("no luck with token=abc123")
        cyclic: list = [error]
        cyclic.append(cyclic)
        manager.report_event(
            "e", EventLevel.INFO, "m", data={"error": error, "deep": Pair({"why": error}, cyclic)}
        )
        manager.flush()

        (event,) = memory.events
        assert "abc123" not in repr(event)
        shown = "ValueError: no luck with token=***"
        assert event.data["error"] == shown
        assert event.data["deep"][0] == {"why": shown}
        assert event.data["deep"][1][0] == shown
        assert str(error).endswith("abc123")
