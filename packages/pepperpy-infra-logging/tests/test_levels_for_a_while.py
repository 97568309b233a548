"""`set_log_level(..., duration=...)`: levels that end by themselves."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pepperpy.infra.logging import (
    InvalidOptionError,
    configure_logging,
    get_logger,
    log_level,
    set_log_level,
    shutdown_logging,
)
from pepperpy.infra.logging import _levels as levels_module
from pepperpy.infra.logging._alarm import Alarms
from pepperpy.infra.utils import FakeClock

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
NAME = "for.a.while"


class Time:
    """Moves on, and rings what is due."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.alarms = Alarms(self.clock, threaded=False)

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.alarms.ring()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    time = Time()
    monkeypatch.setattr(levels_module, "shared_alarms", time.alarms)
    yield time
    levels_module.end_timed()
    set_log_level(None, NAME)


@pytest.fixture
def logger() -> logging.Logger:
    return logging.getLogger(NAME)


class TestDuration:
    def test_level_goes_back_when_the_time_is_over(
        self, time: Time, logger: logging.Logger
    ) -> None:
        set_log_level("ERROR", NAME)
        set_log_level("DEBUG", NAME, duration=300)
        time.passes(299.9)
        assert logger.level == DEBUG

        time.passes(0.1)
        assert logger.level == ERROR

    def test_timedelta_works_and_the_root_logger(self, time: Time) -> None:
        before = logging.root.level
        set_log_level("DEBUG", duration=timedelta(minutes=5))
        time.passes(299)
        assert logging.root.level == DEBUG

        time.passes(1)
        assert logging.root.level == before

    def test_logger_can_follow_its_parent_for_a_while(
        self, time: Time, logger: logging.Logger
    ) -> None:
        set_log_level("ERROR", NAME)
        set_log_level(None, NAME, duration=5)
        assert logger.level == logging.NOTSET

        time.passes(5)
        assert logger.level == ERROR

    def test_takes_effect_at_once_on_loggers_that_remember(self, time: Time, lines: Any) -> None:
        log = get_logger(NAME)
        set_log_level("INFO", NAME)
        log.debug("off")
        set_log_level("DEBUG", NAME, duration=5)
        log.debug("on")
        time.passes(5)
        log.debug("off")

        assert [line["message"] for line in lines()] == ["on"]

    def test_second_one_replaces_the_first(self, time: Time, logger: logging.Logger) -> None:
        set_log_level("DEBUG", NAME, duration=10)
        time.passes(9)
        set_log_level("ERROR", NAME, duration=10)
        time.passes(9)
        assert logger.level == ERROR
        assert time.alarms.waiting == 1

        time.passes(1)
        assert logger.level == logging.NOTSET

    def test_level_without_duration_ends_it(self, time: Time, logger: logging.Logger) -> None:
        set_log_level("DEBUG", NAME, duration=10)
        set_log_level("WARNING", NAME)
        assert time.alarms.waiting == 0

        time.passes(10)
        assert logger.level == WARNING

    def test_level_that_was_set_past_us_is_left_alone(
        self, time: Time, logger: logging.Logger
    ) -> None:
        set_log_level("DEBUG", NAME, duration=10)
        logger.setLevel(WARNING)

        time.passes(10)
        assert logger.level == WARNING

    def test_ends_inside_of_a_block_that_was_entered_later(
        self, time: Time, logger: logging.Logger
    ) -> None:
        set_log_level("ERROR", NAME)
        set_log_level("DEBUG", NAME, duration=10)
        with log_level("INFO", NAME):
            time.passes(10)
            assert logger.level == INFO

        assert logger.level == ERROR

    def test_block_that_ends_before_it_gives_the_level_for_a_while_back(
        self, time: Time, logger: logging.Logger
    ) -> None:
        set_log_level("DEBUG", NAME, duration=10)
        with log_level("ERROR", NAME):
            assert logger.level == ERROR
        assert logger.level == DEBUG

        time.passes(10)
        assert logger.level == logging.NOTSET

    def test_begun_in_a_block_it_outlives_the_block(
        self, time: Time, logger: logging.Logger
    ) -> None:
        with log_level("ERROR", NAME):
            set_log_level("DEBUG", NAME, duration=10)
            assert logger.level == DEBUG
        time.passes(10)

        assert logger.level == logging.NOTSET

    def test_level_set_in_a_block_after_it_wins(self, time: Time, logger: logging.Logger) -> None:
        with log_level("ERROR", NAME):
            set_log_level("DEBUG", NAME, duration=10)
            set_log_level("INFO", NAME)
            time.passes(10)

        assert logger.level == INFO

    @pytest.mark.parametrize("end", [shutdown_logging, lambda: configure_logging(console=False)])
    def test_reconfiguring_and_shutting_down_end_it(
        self, time: Time, logger: logging.Logger, end: Callable[[], None]
    ) -> None:
        configure_logging("WARNING", console=False)
        set_log_level("ERROR", NAME)
        set_log_level("DEBUG", NAME, duration=10)
        set_log_level("DEBUG", duration=10)

        end()

        assert logger.level == ERROR
        assert logging.root.level != DEBUG
        assert time.alarms.waiting == 0

    @pytest.mark.parametrize(
        "wrong", [0, -1, float("nan"), float("inf"), "10", True, timedelta(0), [1]]
    )
    def test_wrong_duration_changes_nothing(
        self, time: Time, logger: logging.Logger, wrong: Any
    ) -> None:
        with pytest.raises(InvalidOptionError, match="duration must be positive") as caught:
            set_log_level("DEBUG", NAME, duration=wrong)

        assert caught.value.option == "duration"
        assert (logger.level, time.alarms.waiting) == (logging.NOTSET, 0)

    def test_without_a_thread_nothing_is_changed(
        self, monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        monkeypatch.setattr(levels_module, "shared_alarms", Alarms())

        with pytest.raises(RuntimeError):
            set_log_level("DEBUG", NAME, duration=10)

        assert logger.level == logging.NOTSET


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("for a while"), st.sampled_from([10, 20, 30]), st.integers(1, 5)),
            st.tuples(st.just("from now on"), st.sampled_from([0, 10, 20, 30]), st.just(0)),
            st.tuples(st.just("time"), st.just(0), st.integers(0, 5)),
        ),
        max_size=12,
    )
)
def test_for_all_orders_the_newest_decision_counts_until_it_ends(
    time: Time, steps: list[tuple[str, int, int]]
) -> None:
    base, now, level, until = 0, 0, 0, None
    set_log_level(None, NAME)
    for what, number, seconds in steps:
        if what == "for a while":
            set_log_level(number, NAME, duration=seconds)
            level, until = number, now + seconds
        elif what == "from now on":
            set_log_level(number, NAME)
            base, level, until = number, number, None
        else:
            time.passes(seconds)
            now += seconds
        if until is not None and now >= until:
            level, until = base, None
        assert logging.getLogger(NAME).level == level
        assert time.alarms.waiting == (until is not None)


class TestThread:
    def test_alarm_rings_in_an_idle_program_and_the_thread_ends_with_the_last(self) -> None:
        alarms, rung = Alarms(), threading.Event()
        alarms.at(alarms.clock.monotonic() + 0.01, rung.set)
        thread = alarms._thread

        assert thread is not None
        assert thread.daemon
        assert rung.wait(20)
        thread.join(20)
        assert not thread.is_alive()
        assert alarms._thread is None

    def test_alarm_that_is_due_earlier_is_not_waited_past(self) -> None:
        alarms, rung = Alarms(), threading.Event()
        call_off = alarms.at(alarms.clock.monotonic() + 1000, rung.set)
        alarms.at(alarms.clock.monotonic() + 0.01, rung.set)

        assert rung.wait(20)
        assert alarms.waiting == 1
        thread = alarms._thread
        call_off()
        assert thread is not None
        thread.join(20)
        assert not thread.is_alive()

    def test_alarm_that_fails_is_logged_and_the_others_ring(self, lines: Any) -> None:
        time, rung = Time(), []

        def fail() -> None:
            raise KeyError("x")

        time.alarms.at(1, fail)
        time.alarms.at(2, lambda: rung.append(1))
        time.passes(5)

        assert rung == [1]
        assert "alarm failed" in lines()[0]["message"]

    def test_there_is_no_thread_before_it_is_needed(self) -> None:
        code = (
            "import threading; from pepperpy.infra.logging import *\n"
            "configure_logging(repeats=True, sampling=True); get_logger('x').info('y')\n"
            "set_log_level('DEBUG')\n"
            "assert threading.active_count() == 1"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    def test_exit_does_not_wait_for_it(self) -> None:
        code = (
            "from pepperpy.infra.logging import set_log_level\n"
            "set_log_level('DEBUG', duration=100_000)"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=20)


@pytest.mark.skipif("not hasattr(os, 'fork')", reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child_begins_with_the_level_from_before(logger: logging.Logger) -> None:
    set_log_level("ERROR", NAME)
    set_log_level("DEBUG", NAME, duration=1000)
    if not (pid := os.fork()):
        again = False
        try:
            set_log_level("DEBUG", NAME + ".child", duration=1000)
            again = logging.getLogger(NAME + ".child").level == DEBUG
        finally:
            os._exit(0 if again and logger.level == ERROR else 1)
    status = os.waitpid(pid, 0)[1]

    assert status == 0
    assert logger.level == DEBUG
    set_log_level(None, NAME)
