"""`timed` logs how long a call took, and keeps exact figures for whoever looks."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from datetime import timedelta

import pytest

from pepperpy.infra.decorators import InvalidOptionError, async_timed, log_calls, timed
from pepperpy.infra.utils import Clock, FakeClock, inspectables


def figures(name: str) -> dict[str, object]:
    """What the youngest inspectable of this name says."""
    shown = [found.inspect() for found in inspectables()]
    return [each for each in shown if (each["kind"], each["name"]) == ("timed", name)][-1]["facts"]


class CountingClock(FakeClock):
    __slots__ = ("readings",)

    def __init__(self) -> None:
        super().__init__()
        self.readings = 0

    def monotonic(self) -> float:
        self.readings += 1
        return super().monotonic()


class TestLines:
    def test_a_call_is_logged_with_its_time_by_the_logger_of_its_module(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("INFO")

        @timed(clock=clock)
        def work():
            clock.advance(0.25)

        work()

        (record,) = caplog.records
        name = f"{__name__}.{work.__qualname__}"
        assert record.message == f"{name} took 250 ms"
        assert (record.name, record.levelname) == (__name__, "INFO")
        assert record.__dict__["code.function.name"] == name
        assert record.__dict__["duration"] == 0.25
        assert "error.type" not in record.__dict__

    def test_the_line_counts_as_written_by_the_caller(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")

        @timed
        def work():
            return 1

        @timed
        def fail():
            raise LookupError

        @timed
        async def awork():
            return 1

        @timed
        def items():
            yield 1

        def caller():
            work()
            with pytest.raises(LookupError):
                fail()
            list(items())

        async def acaller():
            await awork()

        caller()
        asyncio.run(acaller())

        places = [(record.filename, record.funcName) for record in caplog.records]
        assert places == [("test_timed.py", "caller")] * 3 + [("test_timed.py", "acaller")]

    def test_a_failed_call_is_logged_with_the_type_of_its_error(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("INFO")

        @timed(name="work", clock=clock)
        def work():
            clock.advance(2)
            raise ConnectionError("pw=hunter2")

        with pytest.raises(ConnectionError):
            work()

        assert caplog.messages == ["work raised ConnectionError after 2 s"]
        assert caplog.records[0].__dict__["error.type"] == "ConnectionError"
        assert "hunter2" not in caplog.text

    def test_a_coroutine_is_timed_with_what_it_waits_for(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("INFO")

        @async_timed(name="work", clock=clock)
        async def work():
            await clock.asleep(3)

        waiting = work()
        clock.advance(100)  # nothing has begun yet
        asyncio.run(_run(waiting))

        assert caplog.messages == ["work took 3 s"]

    def test_a_generator_is_timed_from_its_first_item_to_its_end(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("INFO")

        @timed(name="items", clock=clock)
        def items():
            clock.advance(1)
            yield 1
            clock.advance(1)

        made = items()
        clock.advance(100)
        next(made)
        assert not caplog.messages
        list(made)

        assert caplog.messages == ["items took 2 s"]

    def test_a_generator_that_is_closed_ends_there(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("INFO")

        @timed(name="items", clock=clock)
        def items():
            clock.advance(1)
            yield 1
            clock.advance(1)

        made = items()
        next(made)
        made.close()

        assert caplog.messages == ["items was closed after 1 s"]
        assert figures("items")["errors"] == 0

    @pytest.mark.parametrize("first", ["shop", None])
    def test_the_logger_may_be_named(
        self, caplog: pytest.LogCaptureFixture, first: str | None
    ) -> None:
        caplog.set_level("INFO")

        decorate = timed(first) if first else timed(logger_name="shop")
        decorate(lambda: None)()

        assert [record.name for record in caplog.records] == ["shop"]

    @pytest.mark.parametrize("threshold", [1.5, timedelta(seconds=1.5)])
    def test_calls_below_the_threshold_have_no_line(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock, threshold: float | timedelta
    ) -> None:
        caplog.set_level("INFO")

        @timed(name="work", threshold=threshold, clock=clock)
        def work(seconds, *, fail=False):
            clock.advance(seconds)
            if fail:
                raise LookupError

        for seconds in (1.4, 1.5):
            work(seconds)
            with pytest.raises(LookupError):
                work(seconds, fail=True)

        assert caplog.messages == ["work took 1.5 s", "work raised LookupError after 1.5 s"]

    def test_level_none_writes_nothing_and_keeps_figures(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("DEBUG")
        work = timed(name="quiet", level=None, clock=clock)(lambda: clock.advance(1))
        figures("quiet")

        work()

        assert not caplog.messages
        assert figures("quiet")["total"] == 1

    @pytest.mark.parametrize("level", ["warning", "WARNING", logging.WARNING])
    def test_levels_are_numbers_or_names_in_any_case(
        self, caplog: pytest.LogCaptureFixture, level: int | str
    ) -> None:
        timed(level=level)(lambda: None)()

        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_a_handler_that_raises_does_not_fail_the_call(self) -> None:
        class Broken(logging.Handler):
            def handle(self, record):
                raise OSError("disk is full")

        logger, broken = logging.getLogger("broken.timed"), Broken()
        logger.addHandler(broken)
        logger.setLevel("INFO")
        try:
            assert timed("broken.timed")(lambda: 7)() == 7
        finally:
            logger.removeHandler(broken)


class TestFigures:
    def test_while_the_level_is_off_and_nobody_looks_no_clock_is_read(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("WARNING")
        clock = CountingClock()
        work = timed(clock=clock)(lambda: 1)

        work()

        assert clock.readings == 0

    def test_from_the_first_look_on_every_call_is_measured(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock
    ) -> None:
        caplog.set_level("WARNING")

        @timed(name="job", clock=clock)
        def job(seconds):
            clock.advance(seconds)
            if seconds > 3:
                raise LookupError

        job(1)
        before = figures("job")
        job(2)
        job(1)
        with pytest.raises(LookupError):
            job(4)

        assert before == {"count": 0, "errors": 0}
        assert figures("job") == {
            "count": 3,
            "errors": 1,
            "total": 7,
            "min": 1,
            "max": 4,
            "last": 4,
        }

    def test_where_telemetry_is_imported_every_call_is_measured(
        self, caplog: pytest.LogCaptureFixture, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level("WARNING")
        job = timed(name="imported", clock=clock)(lambda: clock.advance(1))
        monkeypatch.setitem(sys.modules, "pepperpy.infra.telemetry", sys)

        job()

        assert figures("imported")["count"] == 1

    def test_cancellation_and_the_end_of_an_iteration_are_no_errors(self) -> None:
        figures_of = figures

        @timed(name="stops", level=None)
        def stop(error):
            raise error

        figures_of("stops")
        for error in (StopIteration(), KeyboardInterrupt(), asyncio.CancelledError()):
            with pytest.raises(type(error)):
                stop(error)

        assert (figures("stops")["count"], figures("stops")["errors"]) == (3, 0)

    def test_figures_are_exact_under_threads(self) -> None:
        ticking = threading.local()

        class Ticking(Clock):
            def monotonic(self):  # each thread sees a second go by between two readings
                ticking.now = getattr(ticking, "now", 0) + 1
                return ticking.now

        job = timed(name="threads", level=None, clock=Ticking())(lambda: None)
        figures("threads")
        start = threading.Barrier(8)

        def work():
            start.wait()
            for _ in range(5_000):
                job()

        threads = [threading.Thread(target=work) for _ in range(8)]
        switching = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(switching)

        shown = figures("threads")
        assert (shown["count"], shown["total"]) == (40_000, 40_000.0)
        assert (shown["min"], shown["max"]) == (1, 1)

    def test_a_look_from_inside_of_a_fold_sees_everything_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pepperpy.infra.decorators import _tally

        tally = _tally.Tally("interrupted")
        tally.journal.extend([1.0] * 300)
        seen = []
        original = _tally._Figures.plus

        def plus(self, seconds):
            if not seen:  # as a signal handler would, in the midst of the fold
                seen.append(None)
                tally.journal.append(1.0)
                tally.fold()
                seen[0] = tally.inspect()["facts"]["count"]
            return original(self, seconds)

        monkeypatch.setattr(_tally._Figures, "plus", plus)
        tally.fold()

        assert seen == [301]
        assert tally.inspect()["facts"]["count"] == 301

    def test_the_journal_stays_short(self) -> None:
        from pepperpy.infra.decorators import _tally

        job = timed(name="long", level=None)(lambda: None)
        figures("long")
        for _ in range(10_000):
            job()

        (tally,) = [each for each in inspectables() if getattr(each, "_name", "") == "long"]
        assert len(tally.journal) <= _tally.LIMIT
        assert figures("long")["count"] == 10_000


class TestBadOptions:
    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({"level": "loud"}, "level"),
            ({"level": True}, "level"),
            ({"level": -1}, "level"),
            ({"threshold": -1}, "threshold"),
            ({"threshold": "soon"}, "threshold"),
            ({"threshold": float("nan")}, "threshold"),
            ({"clock": 7}, "clock"),
            ({"name": 7}, "name"),
        ],
    )
    def test_options_that_make_no_sense_are_refused_at_once(self, options, option) -> None:
        with pytest.raises(InvalidOptionError) as caught:
            timed(**options)

        assert isinstance(caught.value, ValueError)
        assert (caught.value.option, caught.value.code) == (option, "decorators-option")

    def test_a_level_that_is_nearly_right_is_named(self) -> None:
        with pytest.raises(InvalidOptionError, match="did you mean 'WARNING'"):
            timed(level="warnin")

    def test_a_logger_name_that_is_no_text_is_refused_at_decoration(self) -> None:
        with pytest.raises(InvalidOptionError, match="logger_name must be text"):
            log_calls(logger_name=7)(len)


async def _run(coroutine):
    return await coroutine
