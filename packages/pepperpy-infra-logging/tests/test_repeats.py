"""Lines that come again and again, told as one."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pepperpy.infra.logging import (
    InvalidOptionError,
    Sampling,
    capture_logs,
    configure_logging,
    get_logger,
    log_context,
    shutdown_logging,
)
from pepperpy.infra.logging import _sieve as sieve_module
from pepperpy.infra.logging._alarm import Alarms
from pepperpy.infra.logging._repeats import LONGEST, RUNS_LIMIT
from pepperpy.infra.utils import FakeClock, inspectables

Read = Callable[[], list[dict[str, Any]]]
Configure = Callable[..., None]


class Time:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.alarms = Alarms(self.clock, threaded=False)

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.alarms.ring()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(sieve_module, "shared_alarms", time.alarms)
    return time


@pytest.fixture
def read(path: Path) -> Read:
    return lambda: [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def configure(path: Path, time: Time) -> Configure:
    def configure(repeats: Any = 5.0, **options: Any) -> None:
        options = {"file_format": "json", "console": False, **options}
        configure_logging("DEBUG", log_file=path, repeats=repeats, **options)

    return configure


def messages(read: Read) -> list[str]:
    return [line["message"] for line in read()]


class TestTelling:
    def test_off_unless_asked(self, path: Path, read: Read) -> None:
        configure_logging(log_file=path, console=False, file_format="json")
        for _ in range(5):
            get_logger("r").info("again")

        assert messages(read) == ["again"] * 5

    def test_first_is_written_at_once_and_the_rest_is_told_when_another_comes(
        self, configure: Configure, read: Read
    ) -> None:
        configure()
        for _ in range(5):
            get_logger("r").info("again")
        assert messages(read) == ["again"]

        get_logger("r").info("other")
        assert messages(read) == ["again", "repeated 4 times: again", "other"]

    def test_line_has_level_logger_fields_context_and_the_first_and_last_time(
        self, configure: Configure, read: Read
    ) -> None:
        configure()
        log = get_logger("r")
        with log_context(request="r-1"):
            for _ in range(3):
                log.warning("slow %s", "answer", order=7)
        with log_context(request="r-2"):
            log.info("other")

        first, told, other = read()
        assert (told["level"], told["logger"]) == ("WARNING", "r")
        assert (told["message"], told["repeated"]) == ("repeated 2 times: slow answer", 2)
        assert (told["order"], told["request"]) == (7, "r-1")
        assert first["timestamp"] <= told["first_at"] <= told["last_at"] <= other["timestamp"]
        assert told["timestamp"] == told["last_at"]
        assert other["request"] == "r-2"

    def test_window_that_ends_is_told_in_an_idle_program(
        self, configure: Configure, read: Read, time: Time
    ) -> None:
        configure(5)
        for _ in range(3):
            get_logger("r").info("again")
        time.passes(4.9)
        assert messages(read) == ["again"]

        time.passes(0.1)
        assert messages(read) == ["again", "repeated 2 times: again"]
        assert time.alarms.waiting == 0

    def test_each_window_begins_with_the_line_itself(
        self, configure: Configure, read: Read, time: Time
    ) -> None:
        configure(timedelta(seconds=5))
        for _ in range(11):
            get_logger("r").info("again")
            time.passes(1)

        assert messages(read) == ["again", "repeated 4 times: again"] * 2 + ["again"]

    def test_without_a_ring_the_next_line_tells_it(
        self, configure: Configure, read: Read, time: Time
    ) -> None:
        configure(5)
        get_logger("r").info("again")
        get_logger("r").info("again")
        time.clock.advance(6)
        get_logger("r").info("again")

        assert messages(read) == ["again", "repeated 1 time: again", "again"]

    def test_lines_of_other_loggers_do_not_end_it(self, configure: Configure, read: Read) -> None:
        configure()
        for number in range(3):
            get_logger("r.a").info("again")
            get_logger("r.b").info("line %d", number)
        shutdown_logging()

        assert messages(read) == [
            *("again", "line 0", "line 1", "line 2"),
            "repeated 2 times: again",
        ]

    @pytest.mark.parametrize(
        "end", [shutdown_logging, lambda: configure_logging(console=False), logging.shutdown]
    )
    def test_the_rest_is_told_at_the_end(
        self, configure: Configure, read: Read, end: Callable[[], None], time: Time
    ) -> None:
        configure()
        get_logger("r").info("again")
        get_logger("r").info("again")

        end()

        assert messages(read)[:2] == ["again", "repeated 1 time: again"]

    def test_the_rest_is_on_disk_at_exit(self, path: Path, read: Read) -> None:
        code = (
            "import sys, atexit; from pepperpy.infra.logging import *\n"
            "configure_logging(log_file=sys.argv[1], file_format='json', repeats=True)\n"
            "atexit.register(get_logger('r').info, 'again')\n"
            "for _ in range(4): get_logger('r').info('again')\n"
        )
        subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)

        assert messages(read) == ["again", "repeated 4 times: again"]

    def test_inspect_tells_it(self, configure: Configure, path: Path) -> None:
        configure()
        for _ in range(3):
            get_logger("r").info("again")
        found = [each.inspect() for each in inspectables()]
        facts = [
            each["facts"]
            for each in found
            if (each["kind"], each["name"]) == ("log_sieve", str(path))
        ]

        assert facts[-1] == {"sampled_out": 0, "repeated": 2, "held_back": 2}

    def test_order_of_lines_stays(self, configure: Configure, read: Read) -> None:
        configure()
        log = get_logger("r")
        for message in "aabbbca":
            log.info(message)

        assert messages(read) == [
            *("a", "repeated 1 time: a"),
            *("b", "repeated 2 times: b"),
            *("c", "a"),
        ]


class TestWhatIsTheSame:
    @pytest.mark.parametrize(
        "difference",
        [
            lambda log: log.warning("x", a=1),
            lambda log: log.info("y", a=1),
            lambda log: log.info("x", a=2),
            lambda log: log.info("x", a=1, b=1),
            lambda log: log.info("x", a="1"),
            lambda log: log.info("x", a=1, exc_info=ValueError("e")),
            lambda log: log_context(request=1)(log.info)("x", a=1),
        ],
    )
    def test_any_difference_that_shows_ends_a_repetition(
        self, configure: Configure, read: Read, difference: Callable[[Any], None]
    ) -> None:
        configure()
        get_logger("r").info("x", a=1)
        difference(get_logger("r"))

        assert len(read()) == 2
        assert not [line for line in read() if "repeated" in line]

    def test_what_shows_the_same_is_the_same(self, configure: Configure, read: Read) -> None:
        configure()
        for _ in range(3):
            get_logger("r").info("x %s", ValueError("e"), items=[{"a": {1}}], path=Path("/x"))

        assert len(read()) == 1

    def test_errors_of_another_type_or_text_are_others(
        self, configure: Configure, read: Read
    ) -> None:
        configure()
        for error in (ValueError("a"), ValueError("a"), ValueError("b"), KeyError("b")):
            try:
                raise error  # noqa: TRY301
            except Exception:  # noqa: BLE001
                get_logger("r").exception("failed")

        assert messages(read) == ["failed", "repeated 1 time: failed", "failed", "failed"]
        assert [line.get("exception", {}).get("type") for line in read()] == [
            *("ValueError", None, "ValueError", "KeyError"),
        ]

    @pytest.mark.asyncio
    async def test_lines_of_many_tasks_with_one_context_each_are_others(
        self, configure: Configure, read: Read
    ) -> None:
        configure()

        async def work(number: int) -> None:
            with log_context(number=number):
                get_logger("r").info("x")

        await asyncio.gather(*(work(number) for number in range(5)))

        assert [line["number"] for line in read()] == [0, 1, 2, 3, 4]


class TestNeverHarms:
    def test_hostile_values_are_lines(self, configure: Configure, read: Read) -> None:
        class Hostile:
            def __hash__(self) -> int:
                raise RuntimeError

            def __eq__(self, other: object) -> bool:
                raise RuntimeError

            def __repr__(self) -> str:
                raise RuntimeError

        configure()
        for _ in range(3):
            get_logger("r").info("x", field=Hostile())
        get_logger("r").info("y")

        assert messages(read) == ["x", "repeated 2 times: x", "y"]

    def test_object_that_logs_while_it_is_shown_hangs_nobody(
        self, configure: Configure, read: Read
    ) -> None:
        class Logging:
            def __repr__(self) -> str:
                thread = threading.Thread(target=get_logger("r").info, args=["from a thread"])
                thread.start()
                thread.join(20)
                return "shown"

        configure()
        get_logger("r").info("x", field=Logging())

        assert messages(read)[-1] == "x"

    def test_secrets_are_kept_nowhere(self, configure: Configure, read: Read, path: Path) -> None:
        configure()
        for _ in range(3):
            get_logger("r").info("password=%s", "hunter2", token="hunter2")
        held = repr([vars(run.last.record) for run in _runs().values() if run.count])
        keys = [run.key for run in _runs().values()]
        shutdown_logging()

        assert "hunter2" not in path.read_text() + held
        assert keys
        assert not [key for key in keys if b"hunter2" in key]
        assert read()[-1]["token"] == "***"

    def test_errors_and_their_variables_are_not_kept_alive(self, configure: Configure) -> None:
        class Large:
            pass

        def fail() -> weakref.ref[Large]:
            large = Large()
            try:
                raise ValueError("x")  # noqa: TRY301
            except ValueError:
                get_logger("r").exception("failed", kept=large is None)
            return weakref.ref(large)

        configure()
        fail()
        second = fail()
        gc.collect()

        assert second() is None

    def test_caller_is_not_lost_in_formats_that_name_it(
        self, configure: Configure, path: Path
    ) -> None:
        configure(file_format="text", format_string="%(funcName)s %(lineno)d %(message)s")
        for _ in range(3):
            get_logger("r").info("x")
        shutdown_logging()

        first, told = path.read_text().splitlines()
        assert told.startswith(first.replace(" x", " repeated 2 times: x repeated=2"))

    def test_memory_is_bounded_and_what_is_forgotten_is_told(
        self, configure: Configure, read: Read
    ) -> None:
        configure()
        get_logger("r.first").info("x")
        get_logger("r.first").info("x")
        for number in range(RUNS_LIMIT):
            get_logger(f"r.{number}").info("x")

        assert len(_runs()) == RUNS_LIMIT
        assert [line["logger"] for line in read() if "repeated" in line] == ["r.first"]

    def test_very_long_lines_pass(self, configure: Configure, read: Read) -> None:
        configure()
        for _ in range(3):
            get_logger("r").info("short")
        for _ in range(2):
            get_logger("r").info("x" * LONGEST)

        assert len(read()) == 4

    def test_threads_count_exactly(self, configure: Configure, read: Read) -> None:
        configure()

        def work() -> None:
            for _ in range(500):
                get_logger("r").info("again")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shutdown_logging()

        assert messages(read) == ["again", "repeated 3999 times: again"]

    def test_nothing_is_lost_where_the_end_comes_while_threads_log(
        self, configure: Configure, read: Read
    ) -> None:
        def work() -> None:
            for _ in range(300):
                get_logger("r").info("again")

        configure()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            configure()
            inspected = [each.inspect() for each in inspectables()]
        for thread in threads:
            thread.join()
        shutdown_logging()

        assert inspected
        own = [line for line in read() if line["logger"] == "r"]
        assert sum(line.get("repeated", 1) for line in own) == 1200

    def test_line_after_the_end_passes(self, configure: Configure, read: Read) -> None:
        configure()
        handler = logging.root.handlers[0]
        shutdown_logging()
        for _ in range(2):
            handler.handle(logging.makeLogRecord({"msg": "late", "levelno": 20}))

        assert messages(read) == ["late", "late"]

    def test_without_a_thread_the_end_tells_it(
        self, path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        monkeypatch.setattr(sieve_module, "shared_alarms", Alarms())
        configure_logging(log_file=path, console=False, file_format="json", repeats=5)
        for _ in range(3):
            get_logger("r").info("again")
        shutdown_logging()

        assert messages(read) == ["again", "repeated 2 times: again"]

    @pytest.mark.skipif("not hasattr(os, 'fork')", reason="needs fork")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_forked_child_does_not_tell_what_its_parent_holds(
        self, configure: Configure, read: Read
    ) -> None:
        configure()
        for _ in range(3):
            get_logger("r").info("again", who="parent")
        if not (pid := os.fork()):
            try:
                get_logger("r").info("again", who="child")
                get_logger("r").info("again", who="child")
                logging.shutdown()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        shutdown_logging()

        assert [(line["who"], line.get("repeated")) for line in read()] == [
            ("parent", None),
            ("child", None),
            ("child", 1),
            ("parent", 2),
        ]

    def test_captures_see_every_line(self, configure: Configure) -> None:
        configure()
        with capture_logs() as logs:
            for _ in range(3):
                get_logger("r").info("again")

        assert logs.messages == ["again"] * 3


class TestWithSampling:
    def test_repetitions_are_taken_out_first(self, configure: Configure, read: Read) -> None:
        configure(sampling=Sampling(first=2, then_every=0))
        for message in ("a", "a", "a", "b", "a", "a", "b"):
            get_logger("r").info(message)
        get_logger("r").info("a")

        assert messages(read) == [
            *("a", "repeated 2 times: a"),
            *("b", "a", "repeated 1 time: a", "b"),
        ]


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "5", [5]])
def test_wrong_windows_are_refused_before_anything_is_changed(path: Path, wrong: Any) -> None:
    with pytest.raises(InvalidOptionError, match="repeats must be") as caught:
        configure_logging(log_file=path, repeats=wrong)

    assert caught.value.option == "repeats"
    assert not path.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.floats(0, 3)),
        max_size=40,
    )
)
def test_for_all_orders_lines_and_repetitions_add_up_for_each_logger(
    configure: Configure, path: Path, read: Read, time: Time, steps: list[tuple[str, str, float]]
) -> None:
    path.unlink(missing_ok=True)
    configure(5)
    for name, message, seconds in steps:
        get_logger(f"r.{name}").info(message)
        time.passes(seconds)
    shutdown_logging()

    for name in "ab":
        told = [line for line in read() if line["logger"] == f"r.{name}"]
        # Each line as often as it is told, and in the order in which it came.
        again = [
            line["message"].removeprefix(f"repeated {line.get('repeated')} time").lstrip("s: ")
            for line in told
            for _ in range(line.get("repeated", 1))
        ]
        assert again == [message for each, message, _ in steps if each == name]


def _runs() -> Any:
    return logging.root.handlers[0]._repeats._runs  # type: ignore[attr-defined]
