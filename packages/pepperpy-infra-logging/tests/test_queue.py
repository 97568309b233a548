from __future__ import annotations

import gc
import io
import json
import logging
import multiprocessing.util
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pepperpy.infra.logging._queue as module
from pepperpy.infra.logging import (
    InvalidLevelError,
    InvalidOptionError,
    QueuePolicy,
    configure_logging,
    get_logger,
    log_context,
    shutdown_logging,
)
from pepperpy.infra.logging._queue import LineQueue
from pepperpy.infra.utils import Signal, inspectables, run_closers, subscribe

Read = Callable[[], list[dict[str, Any]]]


class Gate:
    """A sink that takes lines while it is open, and says when it is being waited for."""

    def __init__(self, *, opened: bool = False, joined: bool = False) -> None:
        self.taken: list[bytes] = []
        self.pieces: list[bytes] = []
        self.told: list[int] = []
        self.busy = threading.Event()
        self.opened = threading.Event()
        self.joined = joined
        if opened:
            self.opened.set()

    def joins(self, size: int, at: float) -> bool:
        return self.joined and size <= 20

    def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
        self.busy.set()
        assert self.opened.wait(20)
        self.pieces.append(data)
        self.taken += lines

    def tell_dropped(self, dropped: int) -> None:
        self.told.append(dropped)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Closed, so that lines wait; opened in the end, so that no thread stays behind."""
    gate = Gate()
    yield gate
    gate.opened.set()


def put(queue: LineQueue, *lines: str, level: int = 20) -> None:
    for line in lines:
        queue.put(line.encode(), 0.0, level)


def filled(gate: Gate, count: int, policy: QueuePolicy) -> LineQueue:
    """A queue with *count* lines, the first of which is being written."""
    queue = LineQueue(policy, gate)
    for number in range(count):
        put(queue, f"{number}")
        assert gate.busy.wait(20)
    return queue


@contextmanager
def in_thread(work: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def sink() -> Any:
    (handler,) = logging.root.handlers
    return handler


class TestPolicy:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"max_lines": 0},
            {"max_lines": True},
            {"max_lines": 1.5},
            {"max_size": 0},
            {"max_size": "16 apples"},
            {"max_size": None},
            {"overflow": "explode"},
            {"overflow": None},
            {"level": "INFO"},
            {"overflow": "drop_newest", "timeout": 1},
            {"timeout": 0},
            {"timeout": -1},
            {"timeout": float("inf")},
            {"timeout": float("nan")},
            {"timeout": "1 s"},
        ],
    )
    def test_bad_values_are_refused_where_they_are_written(self, wrong: Any) -> None:
        name = list(wrong)[-1]

        with pytest.raises(InvalidOptionError, match=f"{name} of queue must be") as caught:
            QueuePolicy(**wrong)

        assert caught.value.option == "queue"

    def test_unknown_level_is_refused_by_name(self) -> None:
        with pytest.raises(InvalidLevelError, match="did you mean ERROR"):
            QueuePolicy(overflow="drop_below", level="EROR")

    def test_is_frozen_and_named(self) -> None:
        policy = QueuePolicy(max_size="1 MiB", timeout=timedelta(seconds=2))

        with pytest.raises(AttributeError):
            policy.max_lines = 5  # type: ignore[misc]
        with pytest.raises(TypeError):
            QueuePolicy(5)  # type: ignore[misc]

    @pytest.mark.parametrize("wrong", ["yes", 5, [], QueuePolicy])
    def test_queue_that_means_nothing_is_refused_before_anything_is_changed(
        self, wrong: Any, path: Path
    ) -> None:
        with pytest.raises(InvalidOptionError, match="queue must be True, False"):
            configure_logging(log_file=path, queue=wrong)

        assert not path.exists()
        assert logging.root.handlers == []

    def test_options_may_come_in_a_mapping(self) -> None:
        configure_logging(queue={"overflow": "drop_newest", "max_lines": 3})
        assert sink().inspect()["config"]["queue"] == "drop_newest"

        with pytest.raises(InvalidOptionError, match="did you mean 'max_lines'"):
            configure_logging(queue={"max_line": 3})


class TestWriting:
    def test_line_is_rendered_in_the_caller_and_so_shows_what_was_then(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)
        basket = ["tea"]

        with log_context(request="r-1"):
            get_logger("q").info("sold", basket=basket)
        basket.append("coffee")
        sink().flush()

        assert (read(path)[0]["basket"], read(path)[0]["request"]) == (["tea"], "r-1")

    def test_lines_are_written_by_another_thread(self, path: Path, gate: Gate) -> None:
        writers: list[str] = []
        gate.deliver = lambda *_: writers.append(threading.current_thread().name)  # type: ignore[method-assign]
        queue = LineQueue(QueuePolicy(), gate)

        put(queue, "x")
        queue.flush()

        assert writers == ["pepperpy-logging"]
        queue.settle()

    def test_no_thread_is_started_before_the_first_line(self, path: Path) -> None:
        before = threading.active_count()

        configure_logging(log_file=path, queue=True)

        assert threading.active_count() == before

    def test_thread_ends_with_the_configuration(self, path: Path) -> None:
        before = threading.active_count()
        configure_logging(log_file=path, console=False, queue=True)
        get_logger("q").info("x")
        assert threading.active_count() == before + 1

        shutdown_logging()

        assert threading.active_count() == before

    def test_waiting_lines_are_written_together_and_whole(self, gate: Gate) -> None:
        gate.joined = True
        queue = filled(gate, 1, QueuePolicy())
        put(queue, "aaaaaaaaaa", "bbbbbbbbbb", "c", "d" * 30, "e")
        gate.opened.set()
        queue.flush()

        assert gate.pieces == [b"0", b"aaaaaaaaaabbbbbbbbbb", b"c", b"d" * 30, b"e"]
        queue.settle()

    def test_thread_does_not_carry_the_context_of_the_first_line(self, gate: Gate) -> None:
        from pepperpy.infra.logging._context import current

        seen: list[object] = []
        gate.deliver = lambda *_: seen.append(current.get())  # type: ignore[method-assign]
        queue = LineQueue(QueuePolicy(), gate)

        with log_context(request="r-1"):
            put(queue, "x")
        queue.flush()

        assert seen == [None]
        queue.settle()

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.integers(0, 30), min_size=1, max_size=60),
        st.integers(1, 5),
        st.integers(1, 40),
        st.integers(1, 4),
    )
    def test_every_line_is_written_once_and_in_the_order_of_its_thread(
        self, sizes: list[int], max_lines: int, max_size: int, threads: int
    ) -> None:
        gate = Gate(opened=True, joined=True)
        queue = LineQueue(QueuePolicy(max_lines=max_lines, max_size=max_size), gate)

        def work(name: int) -> None:
            for at, size in enumerate(sizes):
                put(queue, f"{name}:{at}:{'x' * size}\n")

        workers = [threading.Thread(target=work, args=(name,)) for name in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(20)
        queue.settle()

        seen = [tuple(map(int, line.split(b":")[:2])) for line in gate.taken]
        assert sorted(seen) == [(name, at) for name in range(threads) for at in range(len(sizes))]
        for name in range(threads):
            assert [at for by, at in seen if by == name] == list(range(len(sizes)))
        assert b"".join(gate.pieces) == b"".join(gate.taken)

    def test_console_lines_are_written_behind_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
        configure_logging(format="text", queue=True)

        get_logger("q").info("x")
        shutdown_logging()

        assert stream.getvalue().endswith("q: x\n")

    @pytest.mark.skipif("os.name == 'nt'", reason="pipes of POSIX")
    def test_lines_for_a_pipe_are_joined_as_far_as_it_keeps_them_whole(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out, into = os.pipe()
        with os.fdopen(out, "rb"), os.fdopen(into, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            configure_logging(queue=True)
            get_logger("q").info("x")
            joins = [sink().joins(size, 0.0) for size in (select.PIPE_BUF, select.PIPE_BUF + 1)]
            shutdown_logging()

        assert joins == [True, False]

    def test_lines_for_a_stream_of_python_are_not_joined(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        configure_logging(queue=True)

        assert not sink().joins(1, 0.0)

    def test_lines_for_a_stream_that_is_replaced_go_where_they_were_meant_to(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        streams = [io.StringIO(), io.StringIO()]
        configure_logging(format="text", queue=True)

        for number, stream in enumerate(streams):
            monkeypatch.setattr(sys, "stderr", stream)
            for _ in range(50):
                get_logger("q").info("to %d", number)
        shutdown_logging()

        assert [stream.getvalue().count(f"to {at}") for at, stream in enumerate(streams)] == [
            50,
            50,
        ]


class TestFull:
    def test_true_waits_until_there_is_room(self, gate: Gate) -> None:
        queue = filled(gate, 2, QueuePolicy(max_lines=2))
        asked = threading.Event()
        listen = queue._listen
        queue._listen = lambda *args: (asked.set(), listen(*args))[1]  # type: ignore[method-assign, misc]

        with in_thread(lambda: put(queue, "2")) as thread:
            assert asked.wait(20)
            assert thread.is_alive()
            gate.opened.set()
        queue.settle()

        assert gate.taken == [b"0", b"1", b"2"]
        assert gate.told == []

    def test_is_bounded_by_bytes_as_well(self, gate: Gate) -> None:
        queue = filled(gate, 1, QueuePolicy(max_size=5, overflow="drop_newest"))

        put(queue, "abcd", "e", "")
        assert queue.facts() == {"waiting_lines": 3, "waiting_bytes": 5, "dropped_lines": 1}

        gate.opened.set()
        queue.settle()
        assert gate.taken == [b"0", b"abcd", b""]

    def test_line_longer_than_the_bound_waits_alone(self, gate: Gate) -> None:
        gate.opened.set()
        queue = LineQueue(QueuePolicy(max_size=5), gate)

        put(queue, "a line that is longer", "b", "another one that is longer")
        queue.settle()

        assert gate.taken == [b"a line that is longer", b"b", b"another one that is longer"]

    def test_drop_newest_drops_counts_and_tells(self, gate: Gate) -> None:
        queue = filled(gate, 2, QueuePolicy(max_lines=2, overflow="drop_newest"))

        put(queue, "2", "3", "4")
        assert queue.facts()["dropped_lines"] == 3

        gate.opened.set()
        queue.settle()
        assert gate.taken == [b"0", b"1"]
        assert gate.told == [3]

    def test_drop_below_drops_the_unimportant_first_and_lets_the_others_wait(
        self, gate: Gate
    ) -> None:
        queue = filled(gate, 4, QueuePolicy(max_lines=5, overflow="drop_below", level="ERROR"))

        put(queue, "warning", level=30)
        put(queue, "error", level=40)
        with in_thread(lambda: put(queue, "critical", level=50)):
            gate.opened.set()
        queue.settle()

        assert gate.taken == [b"0", b"1", b"2", b"3", b"error", b"critical"]
        assert gate.told == [1]

    def test_level_that_is_none_counts_as_important(self, gate: Gate) -> None:
        queue = filled(gate, 4, QueuePolicy(max_lines=5, overflow="drop_below"))

        put(queue, "odd", level="LOUD")  # type: ignore[arg-type]

        assert queue.facts()["dropped_lines"] == 0
        gate.opened.set()
        queue.settle()

    def test_waiting_ends_with_the_timeout(self, gate: Gate) -> None:
        queue = filled(gate, 1, QueuePolicy(max_lines=1, timeout=1e-6))

        put(queue, "too late")

        assert queue.facts()["dropped_lines"] == 1
        gate.opened.set()
        queue.settle()

    def test_drops_are_told_at_once_and_then_once_a_while(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [100.0]
        monkeypatch.setattr(module, "monotonic", lambda: now[0])
        queue = LineQueue(QueuePolicy(max_lines=1, overflow="drop_newest"), gate)

        def drop(count: int) -> None:
            gate.busy.clear()
            gate.opened.clear()
            put(queue, "written")
            assert gate.busy.wait(20)
            put(queue, *["dropped"] * count)
            gate.opened.set()
            queue.flush()
            with queue._turn():
                pass  # the writer has told by now what it wanted to tell

        drop(2)
        drop(3)
        assert gate.told == [2]
        now[0] += 11
        drop(4)
        assert gate.told == [2, 7]
        drop(1)
        queue.settle()
        assert gate.told == [2, 7, 1]

    def test_drops_are_a_line_of_the_log_a_signal_and_a_fact(self, path: Path) -> None:
        heard: list[Signal] = []
        configure_logging(
            log_file=path,
            console=False,
            file_format="json",
            queue=QueuePolicy(max_lines=1, overflow="drop_newest"),
        )
        real, gate = sink().write, Gate()

        def write(line: bytes, at: float) -> None:
            gate.busy.set()
            assert gate.opened.wait(20)
            real(line, at)

        sink().write = write
        unsubscribe = subscribe(heard.append)
        log = get_logger("q")
        with log_context(request="r-1"):
            log.info("first")
            assert gate.busy.wait(20)
            log.info("dropped")
            log.info("dropped")
        facts = sink().inspect()["facts"]
        gate.opened.set()
        shutdown_logging()
        unsubscribe()

        assert (facts["dropped_lines"], facts["waiting_lines"]) == (2, 1)
        _, told = read(path)
        assert told["message"] == "2 lines dropped: the queue was full"
        assert (told["level"], told["logger"]) == ("WARNING", "pepperpy.infra.logging")
        assert "request" not in told
        assert [(each.kind, each.source, dict(each.facts)) for each in heard] == [
            ("logging.dropped", str(path), {"dropped": 2})
        ]

    def test_interrupted_while_waiting_is_counted_and_raised(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue = filled(gate, 1, QueuePolicy(max_lines=1))

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(queue, "_listen", interrupt)
        with pytest.raises(KeyboardInterrupt):
            put(queue, "x")
        monkeypatch.undo()

        assert queue.facts()["dropped_lines"] == 1
        gate.opened.set()
        queue.settle()


class TestInterruptions:
    def test_line_of_what_writes_the_log_is_written_directly_where_it_cannot_wait(
        self, gate: Gate
    ) -> None:
        class Logging(Gate):
            def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
                super().deliver(data, at, lines)
                if data == b"0":
                    put(queue, "from the writer")

        logging_gate = Logging()
        queue = filled(logging_gate, 2, QueuePolicy(max_lines=2))
        logging_gate.opened.set()
        queue.flush()
        queue.settle()

        assert logging_gate.taken == [b"0", b"from the writer", b"1"]

    def test_two_writers_that_log_to_each_other_do_not_wait_for_each_other(self) -> None:
        class ToOther(Gate):
            other: LineQueue

            def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
                super().deliver(data, at, lines)
                if data == b"0":
                    put(self.other, "to the other", "and again")

        gates = ToOther(), ToOther()
        queues = [LineQueue(QueuePolicy(max_lines=1), each) for each in gates]
        gates[0].other, gates[1].other = queues[1], queues[0]
        for queue, each in zip(queues, gates, strict=True):
            put(queue, "0")
            assert each.busy.wait(20)
        for each in gates:
            each.opened.set()
        for queue in queues:
            queue.settle()

        dropped = [queue.facts()["dropped_lines"] for queue in queues]
        for each, count in zip(gates, dropped, strict=True):
            assert b"0" in each.taken
            assert len(each.taken) + int(str(count)) == 3

    def test_writer_that_finds_another_queue_full_drops(self, gate: Gate) -> None:
        full = filled(gate, 1, QueuePolicy(max_lines=1))

        class ToFull(Gate):
            def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
                put(full, "to the full one")
                super().deliver(data, at, lines)

        other = ToFull(opened=True)
        queue = LineQueue(QueuePolicy(), other)
        put(queue, "x")
        queue.settle()

        assert other.taken == [b"x"]
        assert full.facts()["dropped_lines"] == 1
        gate.opened.set()
        full.settle()

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
    def test_signal_handlers_that_log_at_any_moment_hang_nobody(self, path: Path) -> None:
        policy = QueuePolicy(max_lines=3)
        configure_logging(log_file=path, console=False, file_format="json", queue=policy)
        log, handled = get_logger("q"), 0

        def handle(*_: object) -> None:
            nonlocal handled
            handled += 1
            log.info("handler")

        before = signal.signal(signal.SIGALRM, handle)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            for _ in range(3000):
                log.info("main")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        shutdown_logging()

        seen = [line["message"] for line in read(path)]
        assert seen.count("main") == 3000
        assert seen.count("handler") == handled > 0

    def test_handler_that_interrupts_a_put_does_not_wait_with_the_lock_in_its_hands(
        self, gate: Gate
    ) -> None:
        queue = filled(gate, 1, QueuePolicy(max_lines=1))

        with queue._lock:  # as if the signal had come here
            put(queue, "from the handler")
        gate.opened.set()
        queue.settle()

        assert gate.taken == [b"0", b"from the handler"]

    def test_line_that_was_put_but_not_rung_for_is_found_by_who_waits(self, gate: Gate) -> None:
        gate.opened.set()
        queue = LineQueue(QueuePolicy(max_lines=1), gate)
        put(queue, "0")
        queue.flush()
        with queue._lock:  # what a `put` does up to the moment where it is interrupted
            queue._lines.append((b"1", 0.0))
            queue._put += 1

        put(queue, "2")
        queue.settle()

        assert gate.taken == [b"0", b"1", b"2"]

    def test_finalisers_that_log_hang_nobody(self, path: Path) -> None:
        policy = QueuePolicy(max_lines=2)
        configure_logging(log_file=path, console=False, file_format="json", queue=policy)
        log = get_logger("q")

        class Dying:
            def __init__(self) -> None:
                self.me = self

            def __del__(self) -> None:
                log.info("died")

        threshold = gc.get_threshold()
        gc.collect()
        gc.set_threshold(5, 2, 2)
        try:
            for _ in range(500):
                Dying()
                log.info("x")
        finally:
            gc.set_threshold(*threshold)
        gc.collect()
        shutdown_logging()

        seen = [line["message"] for line in read(path)]
        assert (seen.count("x"), seen.count("died")) == (500, 500)

    def test_writer_lives_on_after_anything_that_is_raised_in_it(
        self, gate: Gate, capsys: pytest.CaptureFixture[str]
    ) -> None:
        class Failing(Gate):
            def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
                if data == b"bad":
                    raise SystemExit
                super().deliver(data, at, lines)

        failing = Failing(opened=True)
        queue = LineQueue(QueuePolicy(), failing)
        put(queue, "bad")
        queue.flush()
        put(queue, "good")
        queue.flush()
        queue.settle()

        assert failing.taken == [b"good"]
        assert "SystemExit" in capsys.readouterr().err

    def test_line_that_is_put_just_before_the_writer_falls_asleep_is_written(self) -> None:
        gate, late = Gate(opened=True), threading.Event()
        queue = LineQueue(QueuePolicy(), gate)
        deliver, tell = gate.deliver, queue._tell

        def tell_and_put(**words: Any) -> None:
            tell(**words)
            if words and len(gate.taken) == 1:  # all is written, and nobody is asleep yet
                queue.put(b"late", 0.0, 20)

        def deliver_and_say(data: bytes, at: float, lines: Sequence[bytes]) -> None:
            deliver(data, at, lines)
            if data == b"late":
                late.set()

        queue._tell = tell_and_put  # type: ignore[method-assign, assignment]
        gate.deliver = deliver_and_say  # type: ignore[method-assign]
        put(queue, "first")

        assert late.wait(10)
        queue.settle()


class TestFailures:
    def test_lines_of_a_piece_that_did_not_get_there_are_counted_one_by_one(
        self, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import errno

        configure_logging(log_file=path, console=False, format_string="%(message)s", queue=True)
        real, room, heard = os.write, [10], list[Signal]()
        target = sink()

        def nearly_full(fd: int, data: bytes) -> int:
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(fd, data[: room.pop()])

        unsubscribe = subscribe(heard.append)
        lines = [b"one\n", b"two\n", b"three\n", b"four\n"]
        monkeypatch.setattr(os, "write", nearly_full)
        target.deliver(b"".join(lines), 0.0, lines)
        monkeypatch.undo()
        unsubscribe()
        get_logger("q").info("after")
        shutdown_logging()

        assert path.read_bytes() == b"one\ntwo\nth\nafter\n"
        assert target.inspect()["facts"]["lost_lines"] == 2
        assert capsys.readouterr().err.count("No space left") == 1
        assert [each.kind for each in heard] == ["logging.lost"]

    def test_stream_that_is_closed_is_counted_and_never_raises(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
        configure_logging(format="text", queue=True)
        stream.close()

        get_logger("q").info("x")
        sink().flush()

        assert sink().inspect()["facts"]["lost_lines"] == 1

    def test_nobody_waits_for_ever_for_what_takes_nothing(
        self, gate: Gate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(module, "_PATIENCE", 0.01)
        monkeypatch.setattr(module, "_GLANCE", 0.01)
        queue = filled(gate, 2, QueuePolicy())

        queue.flush()
        queue.settle()

        assert "2 lines of a log still wait" in capsys.readouterr().err
        gate.opened.set()


class Turns:
    """A lock that says when a certain thread asks for it."""

    def __init__(self, lock: Any, thread_name: str) -> None:
        self._lock, self._name = lock, thread_name
        self.asked = threading.Event()

    def acquire(self, timeout: float) -> bool:
        if threading.current_thread().name == self._name:
            self.asked.set()
        return bool(self._lock.acquire(timeout=timeout))

    def release(self) -> None:
        self._lock.release()


class TestEnd:
    def test_line_that_comes_while_the_rest_is_written_comes_after_it(self) -> None:
        class OpenToLate(Gate):
            def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
                if data == b"late":
                    self.taken.append(data)
                else:
                    super().deliver(data, at, lines)

        gate = OpenToLate()
        queue = filled(gate, 3, QueuePolicy())
        queue._writing = turns = Turns(queue._writing, "late")  # type: ignore[assignment]
        ending = threading.Event()
        ring = queue._ring_waiters
        queue._ring_waiters = lambda: (ending.set(), ring())[1]  # type: ignore[method-assign]

        def late() -> None:
            put(queue, "late")
            turns.asked.set()

        with in_thread(queue.settle):
            assert ending.wait(20)
            thread = threading.Thread(target=late, name="late")
            thread.start()
            assert turns.asked.wait(20)
            gate.opened.set()
        thread.join(20)

        assert gate.taken == [b"0", b"1", b"2", b"late"]

    def test_configuring_again_and_again_leaves_nothing_behind(self, path: Path) -> None:
        def configure() -> int:
            configure_logging(log_file=path, console=False, queue=True, repeats=5)
            for _ in range(3):
                get_logger("q").info("again")
            return len(multiprocessing.util._finalizer_registry)

        configure()

        assert configure() == configure()

    def test_new_configuration_writes_to_the_file_after_the_old_one(self, path: Path) -> None:
        def configure() -> None:
            configure_logging(log_file=path, console=False, file_format="json", queue=True)

        configure()
        old, gate, settling = sink(), Gate(), threading.Event()
        write, settle = old.write, old.settle
        old.write = lambda line, at: (gate.busy.set(), gate.opened.wait(20), write(line, at))
        old.settle = lambda: (settling.set(), settle())
        get_logger("q").info("first")
        assert gate.busy.wait(20)
        old._queue._writing = turns = Turns(old._queue._writing, "second")

        def second() -> None:
            get_logger("q").info("second")
            logging.root.handlers[0].flush()
            turns.asked.set()

        with in_thread(configure):
            assert settling.wait(20)
            thread = threading.Thread(target=second, name="second")
            thread.start()
            assert turns.asked.wait(20)
            gate.opened.set()
        thread.join(20)
        shutdown_logging()

        assert [line["message"] for line in read(path)] == ["first", "second"]

    def test_flush_waits_until_all_is_written(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)

        for round_ in range(1, 21):
            for _ in range(10):
                get_logger("q").info("x")
            logging.root.handlers[0].flush()
            assert len(read(path)) == round_ * 10

    @pytest.mark.parametrize("end", [shutdown_logging, run_closers, configure_logging])
    def test_all_is_written_after(self, end: Callable[[], object], path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)
        for at in range(300):
            get_logger("q").info("x", at=at)

        end()

        assert [line["at"] for line in read(path)] == list(range(300))

    def test_line_after_the_end_is_written_at_once(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)
        handler = sink()
        get_logger("q").info("x")
        shutdown_logging()

        handler.handle(logging.makeLogRecord({"msg": "late", "levelname": "INFO"}))

        assert [line["message"] for line in read(path)] == ["x", "late"]

    def test_configuring_again_while_threads_log_loses_and_reorders_nothing(
        self, path: Path
    ) -> None:
        def configure(queue: Any) -> None:
            configure_logging(log_file=path, console=False, file_format="json", queue=queue)

        configure(True)
        log = get_logger("q")

        def work(name: int) -> None:
            for at in range(400):
                log.info("x", name=name, at=at)

        workers = [threading.Thread(target=work, args=(name,)) for name in range(3)]
        for worker in workers:
            worker.start()
        for number in range(20):
            configure(number % 3 != 0)
        for worker in workers:
            worker.join()
        shutdown_logging()

        lines = read(path)
        assert len(lines) == 1200
        for name in range(3):
            assert [line["at"] for line in lines if line["name"] == name] == list(range(400))

    def test_logging_shutdown_writes_and_closes_and_later_lines_arrive(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)
        get_logger("q").info("before")

        logging.shutdown()
        assert [line["message"] for line in read(path)] == ["before"]

        get_logger("q").info("after")
        sink().flush()
        assert [line["message"] for line in read(path)] == ["before", "after"]

    def test_listener_in_the_writing_thread_may_end_logging(self, path: Path) -> None:
        policy = QueuePolicy(max_lines=1, overflow="drop_newest")
        configure_logging(log_file=path, console=False, file_format="json", queue=policy)
        ended = threading.Event()
        unsubscribe = subscribe(lambda _: (shutdown_logging(), ended.set()))

        while not ended.is_set():
            get_logger("q").info("x")
        unsubscribe()

        assert logging.root.handlers == []

    def test_sink_with_a_queue_can_be_inspected(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, queue=True)

        (found,) = [each.inspect() for each in inspectables() if each is sink()]

        assert found["facts"] == {
            "lost_lines": 0,
            "last_failure": None,
            "waiting_lines": 0,
            "waiting_bytes": 0,
            "dropped_lines": 0,
        }
        assert found["config"] == {"target": "file", "format": "TextRenderer", "queue": "block"}
