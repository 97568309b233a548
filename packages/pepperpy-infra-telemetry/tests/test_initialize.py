"""`initialize_telemetry`: options and signals, and undoing it all."""

from __future__ import annotations

import pytest

from pepperpy.infra.telemetry import (
    EventLevel,
    InvalidHandlerError,
    InvalidOptionError,
    LoggingTelemetryHandler,
    MemoryTelemetryHandler,
    TelemetryManager,
    flush_telemetry,
    get_provider_telemetry,
    initialize_telemetry,
    is_telemetry_enabled,
    shutdown_telemetry,
)
from pepperpy.infra.utils import Signal, emit, listening

DEFAULT = TelemetryManager.get_instance()


class TestOptions:
    def test_nothing_has_to_be_initialised(self) -> None:
        before = DEFAULT.get_value("early")
        get_provider_telemetry("p").count("early")

        assert DEFAULT.get_value("early") == before + 1
        assert flush_telemetry()

    def test_keywords_win_over_the_mapping(self) -> None:
        initialize_telemetry({"interval": 5, "max_events": 7}, interval=6)

        assert (
            DEFAULT.inspect()["config"]["interval"],
            DEFAULT.inspect()["config"]["max_events"],
        ) == (6, 7)

    def test_handlers_that_are_no_mapping_of_names_are_refused(self) -> None:
        for wrong in ([MemoryTelemetryHandler()], "memory", {5: MemoryTelemetryHandler()}):
            with pytest.raises(InvalidOptionError):
                initialize_telemetry(handlers=wrong)

    def test_handlers_are_registered_and_forgotten(self) -> None:
        memory, other = MemoryTelemetryHandler(), MemoryTelemetryHandler()
        initialize_telemetry(handlers={"memory": memory, "other": other}, default_handler="memory")
        get_provider_telemetry("p").count("handled", tags={"t": "forgotten"})
        assert DEFAULT.get_handler() is memory

        shutdown_telemetry()

        assert "handled" in [metric.name for metric in memory.metrics]
        assert not other.metrics
        assert DEFAULT.inspect()["facts"]["handlers"] == 0
        assert DEFAULT.get_handler() is None

    def test_initialising_twice_is_as_good_as_once(self) -> None:
        memory = MemoryTelemetryHandler()
        for _ in range(2):
            initialize_telemetry(handlers={"memory": memory}, log_metrics=True)
            get_provider_telemetry("p").count("twice")
            flush_telemetry()
        emit(Signal(kind="telemetry.test.twice", source="s"))
        flush_telemetry()

        assert [m.value for m in memory.metrics if m.name == "twice"] == [1, 1]
        assert [m.value for m in memory.metrics if m.name == "telemetry.test.twice"] == [1]
        assert isinstance(DEFAULT.get_handler("logging"), LoggingTelemetryHandler)

    def test_shutting_down_undoes_all_and_twice_is_harmless(self) -> None:
        initialize_telemetry(enabled=False, interval=1, log_metrics=True)
        assert not is_telemetry_enabled()

        shutdown_telemetry()
        shutdown_telemetry()

        assert is_telemetry_enabled()
        assert not listening()
        assert DEFAULT.inspect()["config"]["interval"] == 10
        assert DEFAULT.inspect()["facts"]["handlers"] == 0

    def test_what_was_disabled_before_stays_so(self) -> None:
        DEFAULT.disable()
        initialize_telemetry()

        assert not is_telemetry_enabled()

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"intervall": 1}, InvalidOptionError, "did you mean 'interval'"),
            ({"interval": 0}, InvalidOptionError, "interval"),
            ({"signals": "no"}, InvalidOptionError, "signals"),
            ({"handlers": {"x": object()}}, InvalidHandlerError, "handle_metric"),
            ({"default_handler": "x"}, LookupError, "no telemetry handler 'x'"),
        ],
    )
    def test_a_wrong_option_changes_nothing(
        self, options: dict[str, object], error: type[Exception], message: str
    ) -> None:
        initialize_telemetry(interval=3)

        with pytest.raises(error, match=message):
            initialize_telemetry(**{"interval": 4, **options})

        assert DEFAULT.inspect()["config"]["interval"] == 3
        assert listening()


class TestSignals:
    def test_signals_are_counted_and_handed_on_once_it_is_initialised(self) -> None:
        memory = MemoryTelemetryHandler()
        tags = {"pepperpy.component.name": "db"}
        before = DEFAULT.get_value("test.opened", tags)
        emit(Signal(kind="test.opened", source="db"))
        initialize_telemetry(handlers={"memory": memory})
        emit(Signal(kind="test.opened", source="db", level=40, facts={"password": "hunter2"}))
        flush_telemetry()

        assert DEFAULT.get_value("test.opened", tags) == before + 1
        (event,) = memory.events
        assert (event.name, event.level, event.tags) == ("test.opened", EventLevel.ERROR, tags)
        assert event.data == {"password": "***"}

    def test_they_are_not_logged_again(self, caplog: pytest.LogCaptureFixture) -> None:
        initialize_telemetry()
        emit(Signal(kind="test.opened", source="db"))

        assert caplog.messages == []

    def test_they_can_be_left_out(self) -> None:
        initialize_telemetry(signals=False)

        assert not listening()
