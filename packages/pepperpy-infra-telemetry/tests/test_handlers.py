"""Handlers: they run on the flush, in threads of their own, and break nobody."""

from __future__ import annotations

import gc
import logging
import math
import threading
import weakref
from datetime import UTC, datetime, timedelta

import pytest

from pepperpy.infra.telemetry import (
    CompositeTelemetryHandler,
    Event,
    EventLevel,
    InvalidHandlerError,
    InvalidOptionError,
    LoggingTelemetryHandler,
    MemoryTelemetryHandler,
    Metric,
    MetricType,
    TelemetryHandler,
    TelemetryManager,
    UnknownHandlerError,
)
from pepperpy.infra.telemetry._settings import Settings
from pepperpy.infra.utils import FakeClock, run_closers


class Raising(TelemetryHandler):
    def __init__(self) -> None:
        self.calls = 0

    def handle_metric(self, metric: Metric) -> None:
        self.calls += 1
        raise OSError("hunter2 is the password of the broken connection")

    handle_event = handle_metric


class Hanging(TelemetryHandler):
    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        self.got: list[float] = []

    def handle_metric(self, metric: Metric) -> None:
        self.entered.set()
        self.leave.wait(20)
        self.got.append(metric.value)


class TestDelivery:
    def test_nothing_is_delivered_on_the_callers_path(self, manager: TelemetryManager) -> None:
        threads: list[int] = []

        class Spy(TelemetryHandler):
            def handle_metric(self, metric: Metric) -> None:
                threads.append(threading.get_ident())

        manager.register_handler("spy", Spy())
        for _ in range(1000):
            manager.count("n")
        assert threads == []

        assert manager.flush()

        assert len(threads) == 1
        assert threads[0] != threading.get_ident()

    def test_counters_are_told_what_came_since_the_last_flush(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        for amount in (3, 4):
            manager.count("n", amount)
            manager.flush()
        manager.flush()

        assert [metric.value for metric in memory.metrics] == [3, 4]

    def test_gauges_are_told_as_they_are_once_they_were_set(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        manager.gauge("g", 5)
        manager.flush()
        manager.flush()
        manager.gauge("g", 5)
        manager.gauge("g", 0)
        manager.flush()

        assert [metric.value for metric in memory.metrics] == [5, 0]

    def test_distributions_are_told_what_came_since_the_last_flush(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        manager.histogram("h", 100)
        manager.flush()
        manager.histogram("h", 1)
        manager.histogram("h", 3)
        manager.flush()

        last = memory.metrics[-1]
        assert last.value == 4
        assert last.histogram is not None
        assert last.histogram.count == 2
        assert last.histogram.quantile(1.0) == pytest.approx(3, rel=0.011)

    def test_metrics_and_events_carry_an_aware_moment_of_the_clock(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler, clock: FakeClock
    ) -> None:
        clock.advance(60)
        manager.count("n")
        manager.report_event("e", EventLevel.INFO, "m")
        manager.flush()

        moment = datetime.fromtimestamp(1_000_000_060, UTC)
        assert memory.metrics[0].timestamp == memory.events[0].timestamp == moment

    def test_a_later_handler_hears_first_of_all_that_was_counted(
        self, manager: TelemetryManager
    ) -> None:
        manager.count("n", 7)
        late = MemoryTelemetryHandler()
        manager.register_handler("late", late)
        manager.flush()

        assert [metric.value for metric in late.metrics] == [7]

    def test_a_handler_that_comes_back_is_told_what_came_since(
        self, manager: TelemetryManager
    ) -> None:
        memory, other = MemoryTelemetryHandler(), MemoryTelemetryHandler()
        for amount in (3, 4, 5):
            manager.register_handler("memory", memory)
            manager.count("n", amount)
            manager.histogram("h", amount)
            manager.unregister_handler("memory")
        manager.count("n", 6)
        manager.register_handler("memory", memory)
        manager.register_handler("other", other)
        manager.flush()

        assert [m.value for m in memory.metrics if m.name == "n"] == [3, 4, 5, 6]
        assert [m.value for m in memory.metrics if m.name == "h"] == [3, 4, 5]
        assert [m.value for m in other.metrics if m.name == "n"] == [18]

    def test_a_handler_that_went_is_not_kept_alive(self, manager: TelemetryManager) -> None:
        handler = MemoryTelemetryHandler()
        manager.register_handler("memory", handler)
        manager.unregister_handler("memory")
        gone = weakref.ref(handler)

        del handler
        for thread in _threads():
            thread.join(20)
        gc.collect()

        assert gone() is None
        assert manager._engine.deliveries._told == {}

    def test_the_thread_delivers_by_itself_every_so_often(self) -> None:
        manager, told = TelemetryManager(interval=0.001), threading.Event()

        class Bell(TelemetryHandler):
            def handle_metric(self, metric: Metric) -> None:
                told.set()

        manager.register_handler("bell", Bell())
        manager.count("n")

        assert told.wait(20)
        manager.close()

    def test_no_thread_runs_without_a_handler_nor_after_the_last_one(
        self, manager: TelemetryManager
    ) -> None:
        before = set(_threads())  # those of other tests may be about to end
        manager.count("n")
        manager.flush()
        assert set(_threads()) <= before

        manager.register_handler("memory", MemoryTelemetryHandler())
        (thread,) = set(_threads()) - before
        assert thread.daemon
        manager.unregister_handler("memory")
        thread.join(20)

        assert not thread.is_alive()

    def test_unregistering_delivers_what_is_left(self, manager: TelemetryManager) -> None:
        handler = MemoryTelemetryHandler()
        manager.register_handler("memory", handler)
        manager.count("n")
        manager.unregister_handler("memory")

        assert len(handler.metrics) == 1

    def test_a_registered_handler_is_not_told_again_by_registering_it_again(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        manager.count("n")
        manager.flush()
        manager.register_handler("memory", memory)
        manager.flush()

        assert len(memory.metrics) == 1

    def test_run_closers_flushes_and_ends_the_threads(self, manager: TelemetryManager) -> None:
        handler = MemoryTelemetryHandler()
        manager.register_handler("memory", handler)
        manager.count("n")

        run_closers()

        assert len(handler.metrics) == 1
        assert manager.inspect()["facts"]["handlers"] == 0

    def test_where_no_thread_can_be_started_a_flush_delivers_itself(
        self, manager: TelemetryManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: threading.Thread) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        handler = MemoryTelemetryHandler()
        manager.register_handler("memory", handler)
        manager.count("n")

        assert manager.flush()
        assert len(handler.metrics) == 1


class TestRouting:
    def test_without_a_default_all_handlers_hear_of_everything(
        self, manager: TelemetryManager
    ) -> None:
        a, b = _two(manager)
        manager.count("n")
        manager.report_event("e", EventLevel.INFO, "m")
        manager.flush()

        assert (len(a.metrics), len(a.events)) == (len(b.metrics), len(b.events)) == (1, 1)

    def test_handler_name_routes_to_that_handler_only_and_counts_in_the_total(
        self, manager: TelemetryManager
    ) -> None:
        a, b = _two(manager)
        for _ in range(3):
            manager.count("n", 1, {"x": "y"}, "b")
        manager.count("n", 1, {"x": "y"})
        manager.report_event("e", EventLevel.INFO, "m", handler_name="b")
        with manager.time("t", handler_name="b"):
            pass
        manager.flush()

        assert sorted(metric.value for metric in b.metrics if metric.name == "n") == [1, 3]
        assert [metric.value for metric in a.metrics] == [1]
        assert (len(a.events), len(b.events)) == (0, 1)
        assert manager.get_value("n", {"x": "y"}) == 4
        assert [record.get("handler") for record in manager.snapshot()] == ["b", None, "b"]

    def test_a_default_handler_alone_hears_of_what_names_none(
        self, manager: TelemetryManager
    ) -> None:
        a, b = _two(manager)
        manager.set_default_handler("a")
        manager.count("n")
        manager.report_event("e", EventLevel.INFO, "m")
        manager.flush()

        assert (len(a.metrics), len(a.events), len(b.metrics), len(b.events)) == (1, 1, 0, 0)
        assert manager.get_handler() is a

        manager.set_default_handler(None)
        manager.flush()
        assert len(b.metrics) == 1

    def test_a_handler_that_comes_later_gets_what_was_routed_to_it(
        self, manager: TelemetryManager
    ) -> None:
        manager.count("n", 5, handler_name="later")
        later = MemoryTelemetryHandler()
        manager.register_handler("later", later)
        manager.flush()

        assert [metric.value for metric in later.metrics] == [5]

    @pytest.mark.parametrize("call", ["unregister_handler", "set_default_handler", "get_handler"])
    def test_an_unknown_handler_is_a_lookup_error_with_the_nearest_name(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler, call: str
    ) -> None:
        with pytest.raises(LookupError, match="did you mean 'memory'") as caught:
            getattr(manager, call)("memroy")

        assert isinstance(caught.value, UnknownHandlerError)
        assert caught.value.name == "memroy"

    def test_handlers_are_found_by_name(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        assert manager.get_handler("memory") is memory
        assert manager.get_handler() is None

    def test_what_is_no_handler_is_refused_at_registration(self, manager: TelemetryManager) -> None:
        class Waits(TelemetryHandler):
            async def handle_event(self, event: Event) -> None: ...  # type: ignore[override]

        for wrong in (object(), None, Waits(), MemoryTelemetryHandler):
            with pytest.raises(InvalidHandlerError):
                manager.register_handler("x", wrong)
            with pytest.raises(InvalidHandlerError):
                CompositeTelemetryHandler([wrong])

    @pytest.mark.parametrize("name", [None, 5, [], b"x"], ids=repr)
    def test_a_name_that_is_no_text_is_refused(self, manager: TelemetryManager, name: str) -> None:
        manager.register_handler("h", MemoryTelemetryHandler())
        with pytest.raises(InvalidOptionError, match="name must be text"):
            manager.register_handler(name, MemoryTelemetryHandler())
        with pytest.raises(InvalidOptionError, match="name must be text"):
            manager.unregister_handler(name)

    def test_any_object_with_the_two_methods_will_do(self, manager: TelemetryManager) -> None:
        class Duck:
            def __init__(self) -> None:
                self.heard: list[object] = []
                self.handle_metric = self.handle_event = self.heard.append

        duck = Duck()
        manager.register_handler("duck", duck)
        manager.count("n")
        manager.report_event("e", EventLevel.INFO, "m")

        assert manager.flush()
        assert len(duck.heard) == 2


class TestBadHandlers:
    def test_a_raising_handler_is_told_of_once_and_the_others_have_theirs(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        bad, good = Raising(), MemoryTelemetryHandler()
        manager.register_handler("bad", bad)
        manager.register_handler("good", good)
        for _ in range(3):
            manager.count("n")
            manager.flush()

        assert bad.calls == 3
        assert [metric.value for metric in good.metrics] == [1, 1, 1]
        assert caplog.messages == ["telemetry.handler_failed of bad: error=OSError"]
        assert manager.inspect()["facts"]["handler_failures"] == 3

    def test_what_a_handler_failed_to_take_is_told_again_with_what_came_since(
        self, manager: TelemetryManager
    ) -> None:
        class Unlucky(MemoryTelemetryHandler):
            def handle_metric(self, metric: Metric) -> None:
                if metric.value == 1:
                    raise OSError
                super().handle_metric(metric)

        handler = Unlucky()
        manager.register_handler("h", handler)
        manager.count("n")
        manager.flush()
        manager.count("n")
        manager.flush()

        assert [metric.value for metric in handler.metrics] == [2]

    @pytest.mark.parametrize("method", ["handle_metric", "handle_event", "flush"])
    def test_a_flush_says_that_a_handler_failed(
        self, manager: TelemetryManager, method: str
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError

        handler = MemoryTelemetryHandler()
        manager.register_handler("h", handler)
        manager.count("n")
        manager.report_event("e", EventLevel.DEBUG, "m")
        setattr(handler, method, fail)

        assert not manager.flush()
        delattr(handler, method)
        assert manager.flush()

    def test_a_flush_says_that_the_thread_of_a_handler_ended_in_its_midst(
        self, manager: TelemetryManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exits, ended = [SystemExit], threading.Event()
        monkeypatch.setattr(threading, "excepthook", lambda _: ended.set())

        class Exiting(TelemetryHandler):
            def handle_metric(self, metric: Metric) -> None:
                if exits:
                    raise exits.pop()

        manager.register_handler("h", Exiting())
        manager.count("n")

        assert not manager.flush()
        assert manager.flush()
        assert ended.wait(20)

    def test_a_flush_can_wait_for_ever(self, manager: TelemetryManager) -> None:
        manager.register_handler("h", MemoryTelemetryHandler())

        assert manager.flush(math.inf)

    def test_a_flush_waits_for_seconds_or_a_timedelta(self, manager: TelemetryManager) -> None:
        manager.register_handler("h", MemoryTelemetryHandler())

        assert manager.flush(timedelta(seconds=20))
        for wrong in (-1, math.nan, "5", True):
            with pytest.raises(InvalidOptionError, match="timeout must be seconds"):
                manager.flush(wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("interval", [1e300, timedelta.max], ids=repr)
    def test_the_interval_can_be_longer_than_the_system_can_wait(
        self, interval: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ended: list[object] = []
        monkeypatch.setattr(threading, "excepthook", ended.append)
        manager = TelemetryManager(interval=interval, flush_timeout=interval)
        manager.register_handler("h", MemoryTelemetryHandler())
        (thread,) = _threads()

        assert manager.flush()
        assert manager.flush()
        manager.close()
        thread.join(20)

        assert ended == []

    def test_a_finalizer_in_the_thread_of_a_handler_can_flush(
        self, manager: TelemetryManager
    ) -> None:
        flushed: list[bool] = []

        class Interval(float):
            def __float__(self) -> float:  # where the thread waits, a finalizer may run
                if _threads() == [threading.current_thread()] and not flushed:
                    manager.count("n")
                    flushed.append(manager.flush(math.inf))
                return 10.0

        manager._engine.configure(Settings())
        object.__setattr__(manager._engine.settings, "interval", Interval(10))
        manager.register_handler("h", memory := MemoryTelemetryHandler())

        assert manager.flush(20)
        assert flushed == [True]
        assert [metric.name for metric in memory.metrics] == ["n"]

    def test_a_hanging_handler_holds_up_neither_the_others_nor_reports(
        self, manager: TelemetryManager
    ) -> None:
        hanging, good = Hanging(), MemoryTelemetryHandler()
        manager.register_handler("hanging", hanging)
        manager.register_handler("good", good)
        manager.count("n")

        assert manager.flush(timeout=0.05) is False
        assert hanging.entered.wait(20)
        manager.count("n")
        manager.flush(timeout=0.05)

        assert sum(metric.value for metric in good.metrics) == 2
        hanging.leave.set()
        assert manager.flush()
        assert sum(hanging.got) == 2

    def test_a_handler_that_reports_logs_and_flushes_neither_hangs_nor_loops(
        self, manager: TelemetryManager
    ) -> None:
        class Echo(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                manager.report_event("logged", EventLevel.INFO, record.getMessage())

        class Busy(MemoryTelemetryHandler):
            def handle_event(self, event: Event) -> None:
                super().handle_event(event)
                manager.count("handled")
                manager.report_event("again", EventLevel.INFO, "m")
                logging.getLogger("busy").warning("busy")
                manager.flush()

            def handle_metric(self, metric: Metric) -> None:
                super().handle_metric(metric)
                manager.count("metrics")
                manager.flush()

        busy, echo = Busy(), Echo()
        manager.register_handler("busy", busy)
        logging.getLogger("busy").addHandler(echo)
        try:
            manager.report_event("first", EventLevel.INFO, "m")
            assert manager.flush()
            assert manager.flush()
        finally:
            logging.getLogger("busy").removeHandler(echo)
            manager.unregister_handler("busy")

        assert [event.name for event in busy.events] == ["first"]
        assert manager.get_value("handled") == 1

    def test_control_flow_passes_through_a_handler(
        self, manager: TelemetryManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        errors = [KeyboardInterrupt]

        class Interrupting(TelemetryHandler):
            def handle_metric(self, metric: Metric) -> None:
                if errors:
                    raise errors.pop()

        def refuse(self: threading.Thread) -> None:
            raise RuntimeError

        monkeypatch.setattr(threading.Thread, "start", refuse)
        manager.register_handler("h", Interrupting())
        manager.count("n")

        with pytest.raises(KeyboardInterrupt):
            manager.flush()

    def test_events_wait_up_to_a_bound_and_the_rest_is_counted(self) -> None:
        manager, memory = (
            TelemetryManager(max_events=10, log_events=False),
            MemoryTelemetryHandler(),
        )
        hanging = Hanging()
        manager.register_handler("hanging", hanging)
        manager.count("n")
        manager.flush(timeout=0)
        assert hanging.entered.wait(20)
        manager.register_handler("memory", memory)
        for _ in range(25):
            manager.report_event("e", EventLevel.INFO, "m", handler_name="hanging")

        assert manager.inspect()["facts"]["dropped_events"] == 15
        hanging.leave.set()
        manager.close()


class TestBuiltInHandlers:
    def test_the_logging_handler_writes_a_line_for_each_metric(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        manager.register_handler("logging", LoggingTelemetryHandler())
        manager.count("orders", 3, {"country": "br"})
        manager.histogram("size", 2)
        manager.flush()

        assert caplog.messages == [
            "orders = 3",
            "size: 1 values, mean 2, p50 2, p99 2, max 2",
        ]
        assert caplog.records[0].__dict__["metric.tags"] == {"country": "br"}

    def test_the_level_of_the_logging_handler_may_be_a_name(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.register_handler("log", LoggingTelemetryHandler(level="warning"))
        manager.count("n")
        manager.flush()

        assert [(r.levelname, r.getMessage()) for r in caplog.records] == [("WARNING", "n = 1")]

    def test_wrong_options_are_refused_at_once(self) -> None:
        for wrong in ({"level": "loud"}, {"level": None}, {"logger": 5}, {"logger": None}):
            with pytest.raises(InvalidOptionError, match="must be a"):
                LoggingTelemetryHandler(**wrong)  # type: ignore[arg-type]
        for size in (0, -1, None, 1.5):
            with pytest.raises(InvalidOptionError, match="max_size must be"):
                MemoryTelemetryHandler(size)  # type: ignore[arg-type]

    def test_an_event_is_not_logged_twice(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.register_handler("logging", LoggingTelemetryHandler("other", logging.DEBUG))
        manager.report_event("e", EventLevel.WARNING, "once")
        manager.flush()
        LoggingTelemetryHandler("other").handle_event(Event("e", EventLevel.ERROR, "by hand"))

        assert caplog.messages == ["once", "e: by hand"]

    def test_the_memory_handler_is_bounded(self) -> None:
        memory = MemoryTelemetryHandler(max_size=3)
        for n in range(10):
            memory.handle_metric(Metric("n", MetricType.COUNTER, n, {}))
            memory.handle_event(Event("e", EventLevel.INFO, str(n)))

        assert [metric.value for metric in memory.metrics] == [7, 8, 9]
        assert [event.message for event in memory.events] == ["7", "8", "9"]
        memory.clear()
        assert (len(memory.metrics), len(memory.events)) == (0, 0)

    def test_a_composite_hands_to_each_whatever_the_others_do(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, last = MemoryTelemetryHandler(), MemoryTelemetryHandler()
        composite = CompositeTelemetryHandler([first, Raising(), last])
        manager.register_handler("all", composite)
        manager.count("n")
        manager.report_event("e", EventLevel.DEBUG, "m")
        manager.flush()

        assert len(first.metrics) == len(last.metrics) == len(last.events) == 1
        assert composite.failures == 2
        assert len(caplog.records) == 1
        assert "hunter2" not in caplog.text


def _two(manager: TelemetryManager) -> tuple[MemoryTelemetryHandler, MemoryTelemetryHandler]:
    a, b = MemoryTelemetryHandler(), MemoryTelemetryHandler()
    manager.register_handler("a", a)
    manager.register_handler("b", b)
    return a, b


def _threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("pepperpy-telemetry")]
