from __future__ import annotations

import io
import json
import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pepperpy.infra.logging import (
    InvalidLevelError,
    InvalidOptionError,
    Sampling,
    configure_logging,
    get_logger,
    initialize_logging,
    log_context,
    shutdown_logging,
)
from pepperpy.infra.logging import _sieve as sieve_module
from pepperpy.infra.logging._alarm import Alarms
from pepperpy.infra.logging._sampling import KINDS_LIMIT, Sampler
from pepperpy.infra.utils import FakeClock, Signal, inspectables, subscribe

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(sieve_module, "shared_alarms", Alarms(clock, threaded=False))
    return clock


@pytest.fixture
def read(path: Path) -> Read:
    return lambda: [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def configure(path: Path, clock: FakeClock) -> Callable[..., None]:
    def configure(sampling: Any, **options: Any) -> None:
        options = {"file_format": "json", "console": False, **options}
        configure_logging("DEBUG", log_file=path, sampling=sampling, **options)

    return configure


Configure = Callable[..., None]


def facts(name: object) -> Any:
    found = [each.inspect() for each in inspectables()]
    sieves = [each for each in found if each["kind"] == "log_sieve" and each["name"] == str(name)]
    return sieves[-1]["facts"]


class TestWhichPass:
    def test_the_first_and_then_every_so_manyth_in_each_interval(
        self, configure: Configure, read: Read, clock: FakeClock
    ) -> None:
        configure(Sampling(first=3, then_every=4, per=10))
        log = get_logger("s")
        for number in range(15):
            log.info("line", n=number)
        clock.advance(10)
        for number in range(100, 105):
            log.info("line", n=number)

        assert [line["n"] for line in read()] == [0, 1, 2, 6, 10, 14, 100, 101, 102]

    def test_none_of_the_rest_if_asked(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=2, then_every=0))
        for number in range(50):
            get_logger("s").info("line", n=number)

        assert [line["n"] for line in read()] == [0, 1]

    def test_similar_is_what_has_logger_level_and_template_in_common(
        self, configure: Configure, read: Read
    ) -> None:
        configure(Sampling(first=1, then_every=0))
        for number in range(5):
            get_logger("s.a").info("paid %d", number, n=number)
            get_logger("s.b").info("paid %d", number)
            get_logger("s.a").debug("paid %d", number)
            get_logger("s.a").info("sold %d", number)

        assert [(each["logger"], each["level"], each["message"]) for each in read()] == [
            ("s.a", "INFO", "paid 0"),
            ("s.b", "INFO", "paid 0"),
            ("s.a", "DEBUG", "paid 0"),
            ("s.a", "INFO", "sold 0"),
        ]

    @pytest.mark.parametrize("below", ["WARNING", logging.WARNING])
    def test_lines_of_the_level_and_above_always_pass(
        self, configure: Configure, read: Read, below: Any
    ) -> None:
        configure(Sampling(first=1, then_every=0, below=below))
        for _ in range(20):
            get_logger("s").info("line")
            get_logger("s").warning("line")
            get_logger("s").error("line")

        assert [line["level"] for line in read()].count("INFO") == 1
        assert len(read()) == 41

    def test_messages_that_are_no_text_pass(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=1, then_every=0))
        for _ in range(5):
            get_logger("s").info(ValueError("x"))

        assert len(read()) == 5

    def test_long_messages_that_begin_alike_are_told_apart(
        self, configure: Configure, read: Read
    ) -> None:
        configure(Sampling(first=1, then_every=0))
        for number in range(3):
            get_logger("s").info("x" * 1000 + str(number))
            get_logger("s").info("x" * 1000 + str(number))

        assert len(read()) == 3

    def test_plain_loggers_are_sampled_too(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=1, then_every=5))
        for number in range(6):
            logging.Logger.info(logging.getLogger("s.plain"), "x", extra={"n": number})

        assert [(line["n"], line.get("sampled_out")) for line in read()] == [(0, None), (5, 4)]


class TestNothingIsLostInSilence:
    def test_it_is_off_unless_asked(self, path: Path, read: Read, clock: FakeClock) -> None:
        configure_logging(log_file=path, console=False, file_format="json")
        for _ in range(500):
            get_logger("s").info("line")

        assert len(read()) == 500

    def test_next_line_that_passes_tells_how_many_did_not(
        self, configure: Configure, read: Read, clock: FakeClock
    ) -> None:
        configure(Sampling(first=1, then_every=10, per=1))
        log = get_logger("s")
        for _ in range(11):
            log.info("line")
        log.info("line")
        log.info("line")
        clock.advance(1)
        log.info("line")

        assert [line.get("sampled_out") for line in read()] == [None, 9, 2]

    @pytest.mark.parametrize(
        "end", [shutdown_logging, lambda: configure_logging(console=False), logging.shutdown]
    )
    def test_the_rest_is_told_at_the_end(
        self, configure: Configure, read: Read, end: Callable[[], None]
    ) -> None:
        configure(Sampling(first=1, then_every=0))
        for _ in range(5):
            get_logger("s").info("paid %d", 1)
        get_logger("s").info("other")

        end()

        rest = [line for line in read() if "sampled_out" in line and line["logger"] == "s"]
        assert [(line["message"], line["level"], line["sampled_out"]) for line in rest] == [
            ("4 similar lines left out: paid %d", "INFO", 4)
        ]

    def test_kind_that_is_forgotten_is_told_and_memory_is_bounded(
        self, configure: Configure, read: Read, path: Path
    ) -> None:
        configure(Sampling(first=1, then_every=0))
        get_logger("s").info("often")
        get_logger("s").info("often")
        for number in range(KINDS_LIMIT):
            get_logger("s").info(f"kind {number}")

        told = [line for line in read() if "sampled_out" in line]
        assert [line["message"] for line in told] == ["1 similar line left out: often"]

    def test_inspect_and_a_signal_tell_it(
        self, configure: Configure, clock: FakeClock, path: Path
    ) -> None:
        configure(Sampling(first=1, then_every=0))
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)
        for _ in range(4):
            get_logger("s").info("line")
        assert facts(path)["sampled_out"] == 3
        assert heard == []

        clock.advance(61)
        get_logger("s").info("line")
        get_logger("s").info("line")
        shutdown_logging()
        unsubscribe()

        assert [(each.kind, each.source, each.facts["sampled_out"]) for each in heard] == [
            ("logging.sampled", str(path), 3),
            ("logging.sampled", str(path), 1),
        ]

    def test_field_of_the_same_name_is_kept(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=1, then_every=2))
        for _ in range(3):
            get_logger("s").info("x", sampled_out="mine")

        line = read()[-1]
        assert (line["sampled_out"], line["sampled_out_"]) == ("mine", 1)

    def test_fields_and_context_of_the_caller_are_not_touched(
        self, configure: Configure, read: Read
    ) -> None:
        configure(Sampling(first=1, then_every=2))
        extra = {"a": 1}
        for _ in range(3):
            with log_context(request="r"):
                get_logger("s").info("x", extra=extra)

        assert extra == {"a": 1}
        assert [(each["request"], each.get("sampled_out")) for each in read()] == [
            ("r", None),
            ("r", 1),
        ]

    def test_line_with_its_place_keeps_it(self, configure: Configure, path: Path) -> None:
        configure(
            Sampling(first=1, then_every=2),
            file_format="text",
            format_string="%(funcName)s %(message)s %(n)s",
        )
        for number in range(3):
            get_logger("s").info("x", n=number)

        name = "test_line_with_its_place_keeps_it"
        assert path.read_text().splitlines() == [f"{name} x 0", f"{name} x 2 sampled_out=1"]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        first=st.integers(1, 5),
        every=st.integers(0, 5),
        steps=st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.7)), max_size=60),
    )
    def test_for_all_settings_what_passes_and_what_is_told_add_up(
        self,
        configure: Configure,
        path: Path,
        read: Read,
        clock: FakeClock,
        first: int,
        every: int,
        steps: list[tuple[str, float]],
    ) -> None:
        path.unlink(missing_ok=True)
        configure(Sampling(first=first, then_every=every, per=1))
        for message, seconds in steps:
            clock.advance(seconds)
            get_logger("s").info(message)
        shutdown_logging()

        lines = [line for line in read() if line["logger"] == "s"]
        passed = [line for line in lines if "left out" not in line["message"]]
        told = sum(line.get("sampled_out", 0) for line in lines)
        assert len(passed) + told == len(steps)


class TestOnlyOurSinks:
    def test_handlers_of_others_get_every_line(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=1, then_every=0))
        seen: list[logging.LogRecord] = []
        handler = logging.Handler()
        handler.emit = seen.append  # type: ignore[method-assign]
        logging.root.addHandler(handler)
        for _ in range(5):
            get_logger("s").info("line")
        logging.root.removeHandler(handler)

        assert (len(seen), len(read())) == (5, 1)

    def test_each_sink_counts_what_it_would_have_shown(
        self, configure: Configure, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        configure(Sampling(first=1, then_every=0, below="ERROR"), console="WARNING")
        for _ in range(3):
            get_logger("s").info("a")
            get_logger("s").warning("b")

        assert [line["message"] for line in read()] == ["a", "b"]
        assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["b"]

    def test_filter_that_is_added_reaches_the_sink(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=5))
        logging.root.handlers[0].addFilter(lambda record: record.lineno > 0 and record.n < 1)
        get_logger("s").info("x", n=0)
        get_logger("s").info("x", n=1)

        assert [line["n"] for line in read()] == [0]


class TestNeverHarms:
    @pytest.mark.parametrize(
        "given",
        [
            {"name": ["s"]},
            {"name": None},
            {"levelno": "high"},
            {"levelno": None, "msg": "x"},
            {"msg": ["x"]},
            {"args": ([],), "msg": "%s"},
        ],
    )
    def test_odd_records_pass(
        self, configure: Configure, path: Path, given: dict[str, Any]
    ) -> None:
        configure(Sampling(first=1, then_every=0), repeats=True)
        for _ in range(2):
            logging.root.handlers[0].handle(logging.makeLogRecord(given))
        shutdown_logging()

        assert len(path.read_bytes().splitlines()) == 2

    def test_hostile_arguments_are_not_asked(self, configure: Configure, read: Read) -> None:
        class Hostile:
            def __hash__(self) -> int:
                raise RuntimeError

            def __eq__(self, other: object) -> bool:
                raise RuntimeError

            def __repr__(self) -> str:
                raise RuntimeError

        configure(Sampling(first=2, then_every=0))
        for _ in range(4):
            get_logger("s").info("x %s", Hostile(), field=Hostile())

        assert len(read()) == 2

    def test_threads_count_exactly(self, configure: Configure, path: Path, read: Read) -> None:
        configure(Sampling(first=5, then_every=10))

        def work() -> None:
            for _ in range(500):
                get_logger("s").info("line")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(read()) == 5 + (4000 - 5) // 10
        assert facts(path)["sampled_out"] == 4000 - len(read())

    @pytest.mark.skipif("not hasattr(os, 'fork')", reason="needs fork")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_forked_child_counts_for_itself(self, configure: Configure, read: Read) -> None:
        configure(Sampling(first=1, then_every=0))
        for _ in range(3):
            get_logger("s").info("line", who="parent")
        if not (pid := os.fork()):
            try:
                for _ in range(2):
                    get_logger("s").info("line", who="child")
                shutdown_logging()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        shutdown_logging()

        own = [line for line in read() if line["logger"] == "s"]
        assert [(line.get("who"), line.get("sampled_out")) for line in own] == [
            ("parent", None),
            ("child", None),
            (None, 1),
            (None, 2),
        ]


class TestOption:
    @pytest.mark.parametrize(
        ("option", "expected"),
        [
            (None, None),
            (False, None),
            (True, Sampling()),
            ({"first": 3, "per": 5}, Sampling(first=3, per=5)),
            (Sampling(per=timedelta(seconds=2)), Sampling(per=timedelta(seconds=2))),
        ],
    )
    def test_takes_true_a_sampling_or_a_mapping(
        self, configure: Configure, path: Path, option: Any, expected: Any
    ) -> None:
        configure(option, repeats=True)

        found = [each.inspect() for each in inspectables()]
        configs = [each["config"] for each in found if each["name"] == str(path)]
        assert {"sampling": repr(expected), "repeats": 5.0} in configs

    def test_comes_through_initialize_logging(self, path: Path, read: Read) -> None:
        initialize_logging(
            {"sampling": {"first": 1}}, log_file=path, file_format="json", console=False
        )
        for _ in range(3):
            get_logger("s").info("line")

        assert len(read()) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            5,
            "all",
            {"first": 0},
            {"first": "10"},
            {"first": True},
            {"then_every": -1},
            {"per": 0},
            {"per": float("inf")},
            {"per": "1 s"},
            {"frist": 5},
        ],
    )
    def test_wrong_ones_are_refused_before_anything_is_changed(
        self, configure: Configure, path: Path, wrong: Any
    ) -> None:
        with pytest.raises(InvalidOptionError) as caught:
            configure(wrong)

        assert caught.value.option == "sampling"
        assert not path.exists()

    def test_misspelt_field_names_the_nearest(self, configure: Configure) -> None:
        with pytest.raises(InvalidOptionError, match="did you mean 'first'"):
            configure({"frist": 5})

    def test_unknown_level_is_refused_where_it_is_written(self) -> None:
        with pytest.raises(InvalidLevelError):
            Sampling(below="loud")


def test_kinds_are_forgotten_oldest_first() -> None:
    sampler = Sampler(Sampling(first=1, then_every=0))
    for number in range(KINDS_LIMIT):
        sampler.admit(("s", 20, number), 0)
    sampler.admit(("s", 20, 0), 0)
    sampler.admit(("s", 20, "new"), 0)

    assert sampler.admit(("s", 20, 0), 0) is None
    assert sampler.admit(("s", 20, 1), 0) == 0
