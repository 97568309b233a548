from __future__ import annotations

import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.logging import (
    LogFileError,
    configure_logging,
    get_logger,
    shutdown_logging,
)
from pepperpy.infra.utils import inspectables

Lines = Callable[[], list[dict[str, Any]]]

posix = pytest.mark.skipif("os.name == 'nt'", reason="the promise needs POSIX")


def sink() -> Any:
    (handler,) = logging.root.handlers
    return handler


def open_files() -> set[str]:
    return {
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    }


class TestWholeLines:
    def test_one_line_is_one_write(self, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
        writes: list[bytes] = []
        real = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or real(fd, data))

        get_logger("file").info("x" * 100_000, user="ann")
        get_logger("file").error("x", exc_info=ValueError("y"))

        assert len(writes) == 2
        assert all(data.endswith(b"\n") for data in writes)

    def test_many_threads_tear_no_line(self, lines: Lines) -> None:
        log = get_logger("file.threads")

        def work(number: int) -> None:
            for at in range(200):
                log.info("x" * (at * 7 % 500), thread=number, at=at)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        seen = {(line["thread"], line["at"]) for line in lines()}
        assert len(lines()) == len(seen) == 1600

    @posix
    def test_many_processes_tear_no_line(self, path: Path) -> None:
        code = (
            "import sys; from pepperpy.infra.logging import *\n"
            "configure_logging(log_file=sys.argv[1], console=False, file_format='json')\n"
            "log = get_logger('p')\n"
            "for at in range(300): log.info('x' * (at * 31 % 9000), process=sys.argv[2], at=at)\n"
        )
        workers = [
            subprocess.Popen([sys.executable, "-c", code, str(path), str(number)])
            for number in range(4)
        ]
        assert [worker.wait(25) for worker in workers] == [0] * 4

        read = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert len({(line["process"], line["at"]) for line in read}) == len(read) == 1200

    @posix
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_fork_while_threads_log_hangs_nobody_and_loses_nothing(self, lines: Lines) -> None:
        log, stop = get_logger("file.fork"), threading.Event()

        def work() -> None:
            while not stop.is_set():
                log.info("thread")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(30):
            if not (pid := os.fork()):
                signal.alarm(10)  # a hang ends the child, and the test sees it
                log.info("child", number=number)
                os._exit(0)
            children.append(pid)
        ends = [os.waitpid(pid, 0)[1] for pid in children]
        stop.set()
        for thread in threads:
            thread.join()

        assert ends == [0] * 30
        numbers = [line["number"] for line in lines() if line["message"] == "child"]
        assert sorted(numbers) == list(range(30))

    def test_short_writes_are_completed(
        self, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))

        get_logger("file").info("first")
        get_logger("file").info("second")
        monkeypatch.undo()

        assert [line["message"] for line in lines()] == ["first", "second"]

    def test_full_pipe_is_waited_for(self, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = os.write, 0

        def write(fd: int, data: bytes) -> int:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise BlockingIOError(errno.EAGAIN, "again")
            return real(fd, data)

        monkeypatch.setattr(os, "write", write)

        get_logger("file").info("x")

        assert [line["message"] for line in lines()] == ["x"]
        assert sink().inspect()["facts"]["lost_lines"] == 0


class TestFullDisk:
    def test_never_raises_is_counted_and_told_once(
        self, lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log, real = get_logger("file.full"), os.write

        def full(fd: int, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        log.info("before")
        monkeypatch.setattr(os, "write", full)
        log.info("lost")
        log.info("lost")
        state = sink().inspect()
        monkeypatch.setattr(os, "write", real)
        log.info("after")

        assert [line["message"] for line in lines()] == ["before", "after"]
        assert state["state"] == "failing"
        assert state["facts"]["lost_lines"] == 2
        assert "No space left" in state["facts"]["last_failure"]
        assert sink().inspect()["state"] == "ok"
        assert capsys.readouterr().err.count("No space left") == 1

    def test_line_after_a_torn_one_stands_alone(
        self,
        lines: Lines,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        log, real, room = get_logger("file.torn"), os.write, [10]

        def nearly_full(fd: int, data: bytes) -> int:
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(fd, data[: room.pop()])

        monkeypatch.setattr(os, "write", nearly_full)
        log.info("torn")
        log.info("lost")
        monkeypatch.setattr(os, "write", real)
        log.info("after")
        log.info("last")

        torn, after, last = path.read_bytes().splitlines()
        assert len(torn) == 10
        assert [json.loads(line)["message"] for line in (after, last)] == ["after", "last"]

    @pytest.mark.parametrize(("before", "after"), [(b"a\n", 3), (b"a\nhalf a line", 4), (b"", 2)])
    def test_lines_after_one_that_a_killed_process_left_stand_alone(
        self, path: Path, before: bytes, after: int
    ) -> None:
        path.write_bytes(before)

        configure_logging(log_file=path, console=False, file_format="json")
        log = get_logger("file.killed")
        log.info("next")
        log.info("last")

        found = path.read_bytes()
        assert found.startswith(before)
        assert len(found.splitlines()) == after
        read = [json.loads(line)["message"] for line in found.splitlines()[-2:]]
        assert read == ["next", "last"]

    def test_line_that_another_process_is_writing_is_not_taken_for_one_of_a_killed_process(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_bytes(b"")

        def write_on(_: float) -> None:
            with path.open("ab") as file:
                file.write(b"x")

        monkeypatch.setattr("pepperpy.infra.logging._file_sink.sleep", write_on)
        configure_logging(log_file=path, console=False, file_format="json")
        before = path.read_bytes()
        get_logger("file.busy").info("next")

        assert b"\n" not in path.read_bytes()[len(before) : -1]

    @posix
    @pytest.mark.skipif("not os.path.exists('/dev/full')", reason="needs /dev/full")
    def test_real_full_device(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(log_file="/dev/full", console=False)

        get_logger("file").info("x")

        assert sink().inspect()["facts"]["lost_lines"] == 1


class TestFile:
    def test_missing_folders_are_made_and_lines_appended(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "b" / "app.log"
        for message in ("first", "second"):
            configure_logging(log_file=path, console=False)
            get_logger("file").info(message)
            shutdown_logging()

        assert [line.split(": ")[1] for line in path.read_text().splitlines()] == [
            "first",
            "second",
        ]

    def test_is_text_unless_asked(self, path: Path) -> None:
        configure_logging(log_file=str(path), console=False)

        get_logger("file").info("x", a=1)

        assert path.read_text().endswith("INFO     file: x a=1\n")

    @pytest.mark.parametrize("where", ["folder", "below a file"])
    def test_unwritable_file_is_a_named_error_before_anything_is_changed(
        self, lines: Lines, tmp_path: Path, where: str
    ) -> None:
        (tmp_path / "file").write_text("")
        bad = tmp_path if where == "folder" else tmp_path / "file" / "x.log"
        before = list(logging.root.handlers)

        with pytest.raises(LogFileError, match="cannot append to the log file") as caught:
            configure_logging("ERROR", log_file=bad)

        assert isinstance(caught.value, OSError)
        assert caught.value.path == str(bad)
        assert isinstance(caught.value.__cause__, OSError)
        assert logging.root.handlers == before
        get_logger("file").info("still")
        assert lines()[0]["message"] == "still"

    @posix
    def test_file_that_was_moved_or_removed_is_begun_again(self, lines: Lines, path: Path) -> None:
        log, moved = get_logger("file.rotated"), path.with_name("old.log")
        log.info("old")
        path.rename(moved)
        sink()._look_again = 0.0  # a second has passed

        log.info("new")
        path.unlink()
        log.info("unseen within the second")
        sink()._look_again = 0.0
        log.info("newest")

        assert json.loads(moved.read_bytes())["message"] == "old"
        assert [line["message"] for line in lines()] == ["newest"]

    @posix
    def test_folder_that_was_removed_is_made_again(self, tmp_path: Path) -> None:
        path = tmp_path / "logs" / "app.log"
        configure_logging(log_file=path, console=False)
        path.unlink()
        path.parent.rmdir()
        sink()._look_again = 0.0

        get_logger("file").info("x")

        assert path.read_text().endswith("x\n")

    @posix
    def test_file_that_cannot_be_begun_again_goes_on_as_it_was_and_is_told_once(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "logs" / "app.log"
        configure_logging(log_file=path, console=False)
        path.parent.rename(tmp_path / "moved")
        (tmp_path / "logs").write_text("now a file")
        for text in "ab":
            sink()._look_again = 0.0
            get_logger("file").info(text)
        told = capsys.readouterr().err
        (tmp_path / "logs").unlink()
        for text in "cd":
            sink()._look_again = 0.0
            get_logger("file").info(text)

        assert [line[-1] for line in (tmp_path / "moved" / "app.log").read_text().splitlines()] == [
            *"ab"
        ]
        assert [line[-1] for line in path.read_text().splitlines()] == [*"cd"]
        assert told.count("cannot begin the log file") == 1

    @posix
    def test_descriptor_that_a_stranger_closed_is_survived(self, lines: Lines) -> None:
        os.close(sink()._fd)

        get_logger("file").info("x")
        sink()._look_again = 0.0
        get_logger("file").info("y")

        assert [line["message"] for line in lines()] == ["x", "y"]

    def test_line_after_the_close_is_still_on_disk(self, lines: Lines) -> None:
        handler = sink()
        shutdown_logging()

        handler.handle(logging.makeLogRecord({"msg": "late", "levelname": "INFO"}))

        assert [line["message"] for line in lines()] == ["late"]

    def test_everything_is_on_disk_at_exit(self, path: Path) -> None:
        code = (
            "import atexit, os, sys, threading; from pepperpy.infra.logging import *\n"
            "atexit.register(lambda: get_logger('p').info('at exit'))\n"
            "configure_logging(log_file=sys.argv[1], console=False)\n"
            "get_logger('p').info('last words')\n"
            "os._exit(3) if sys.argv[2] == 'hard' else None\n"
        )
        ends = [
            subprocess.run([sys.executable, "-c", code, str(path), how], check=False).returncode
            for how in ("hard", "soft")
        ]

        assert ends == [3, 0]
        words = [line.split(": ")[1] for line in path.read_text().splitlines()]
        assert words == ["last words", "last words", "at exit"]

    def test_sink_can_be_inspected(self, lines: Lines, path: Path) -> None:
        (found,) = [each.inspect() for each in inspectables() if each is sink()]

        assert found == {
            "kind": "log_sink",
            "name": str(path),
            "state": "ok",
            "facts": {"lost_lines": 0, "last_failure": None},
            "config": {"target": "file", "format": "JsonRenderer"},
        }

    @posix
    @pytest.mark.skipif("not os.path.isdir('/proc/self/fd')", reason="needs /proc")
    def test_old_file_is_released(self, path: Path, tmp_path: Path) -> None:
        configure_logging(log_file=path, console=False)
        assert str(path) in open_files()

        configure_logging(log_file=tmp_path / "other.log", console=False)
        assert str(path) not in open_files()

        shutdown_logging()
        assert str(tmp_path / "other.log") not in open_files()

    def test_filter_of_a_handler_drops_and_adds(self, lines: Lines) -> None:
        def only_b(record: logging.LogRecord) -> bool:
            return record.funcName.startswith("test_filter") and record.getMessage() != "a"

        sink().addFilter(only_b)

        get_logger("file").info("a")
        get_logger("file").info("b")

        assert [line["message"] for line in lines()] == ["b"]
