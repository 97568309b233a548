from __future__ import annotations

import errno
import json
import logging
import os
import re
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.logging._rotating_sink as module
from pepperpy.infra.logging import (
    InvalidOptionError,
    QueuePolicy,
    configure_logging,
    get_logger,
    initialize_logging,
    shutdown_logging,
)
from pepperpy.infra.logging._rotating_sink import RotatingFileSink
from pepperpy.infra.logging._rotation import Rotation, Shelf, rotation_of
from pepperpy.infra.utils import inspectables

posix = pytest.mark.skipif("os.name == 'nt'", reason="the promise needs POSIX")

NAME = re.compile(r"app\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z\.log")
DAY = 86_400.0
MONDAY = 1_767_571_200.0  # 2026-01-05T00:00:00Z


class Render:
    needs_caller = False

    def line(self, record: logging.LogRecord) -> bytes:
        return record.getMessage().encode()


class Times:
    """A sink whose clock stands where the test puts it."""

    def __init__(self, path: Path, rotation: Any, retention: Any = None) -> None:
        self.now = MONDAY
        self.path = path
        self.rotation = rotation_of(rotation, retention, path)
        self.start()

    def start(self) -> None:
        assert self.rotation is not None
        self.sink = RotatingFileSink(str(self.path), Render(), self.rotation, now=lambda: self.now)

    def restart(self) -> None:
        self.sink.retire()
        self.start()

    def write(self, text: str, *, at: float | None = None) -> None:
        self.now = self.now if at is None else at
        self.sink.write(f"{text}\n".encode(), self.now)
        os.utime(self.path, (self.now, self.now))

    def files(self) -> list[list[str]]:
        return [path.read_text().split() for path in files(self.path)]


def files(path: Path) -> list[Path]:
    """Those that were set aside, oldest first, and then the one that is written to."""
    aside = sorted(each for each in path.parent.iterdir() if each != path)
    assert all(NAME.fullmatch(each.name) for each in aside)
    return [*aside, path]


def messages(path: Path) -> list[str]:
    return [json.loads(line)["message"] for line in path.read_bytes().splitlines()]


def log_from_threads(path: Path, *, lines: int) -> None:
    """Let four threads log at once, and look for each of their lines."""
    configure_logging(log_file=path, console=False, file_format="json", rotation="1 kB")
    log = get_logger("r")

    def work(name: int) -> None:
        for at in range(lines):
            log.info("%d %d", name, at)

    workers = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    seen = [text for each in files(path) for text in messages(each)]
    assert sorted(seen) == sorted(f"{name} {at}" for name in range(4) for at in range(lines))


def sink() -> Any:
    (handler,) = logging.root.handlers
    return handler


class TestOptions:
    @pytest.mark.parametrize(
        ("rotation", "size", "period"),
        [
            (1000, 1000, None),
            ("1000", 1000, None),
            ("100 MB", 100_000_000, None),
            ("1.5kB", 1500, None),
            ("1 GiB", 2**30, None),
            (" 10 mib ", 10 * 2**20, None),
            ("1 day", None, DAY),
            ("12 h", None, DAY / 2),
            ("90 s", None, 90),
            ("15 min", None, 900),
            ("2 weeks", None, 14 * DAY),
            ("hourly", None, 3600),
            ("Daily", None, DAY),
            ("weekly", None, 7 * DAY),
            (timedelta(hours=6), None, DAY / 4),
        ],
    )
    def test_rotation_is_a_size_or_a_time(
        self, rotation: Any, size: int | None, period: float | None
    ) -> None:
        found = rotation_of(rotation, None, "app.log")

        assert found is not None
        assert (found.max_size, found.period) == (size or float("inf"), period)

    @pytest.mark.parametrize(
        "wrong",
        [0, -1, True, False, 1.5, "", "MB", "100 MX", "1 m", "0 days", "0.5 s", "1e3", "-1 day",
         "often", "\u0661 day", timedelta(0), timedelta(-1), [], b"1 MB", "9" * 5000, float("nan")],
    )  # fmt: skip
    def test_rotation_that_means_nothing_is_refused_with_examples(
        self, wrong: Any, path: Path
    ) -> None:
        with pytest.raises(InvalidOptionError, match=r"'100 MB'.*'1 day'") as caught:
            configure_logging(log_file=path, rotation=wrong)

        assert caught.value.option == "rotation"
        assert not path.exists()

    @pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "", "0", "many", "5 MB", timedelta(0)])
    def test_retention_that_means_nothing_is_refused_with_examples(
        self, wrong: Any, path: Path
    ) -> None:
        with pytest.raises(InvalidOptionError, match=r"number of files.*'30 days'") as caught:
            configure_logging(log_file=path, rotation="1 MB", retention=wrong)

        assert caught.value.option == "retention"

    def test_text_of_a_number_is_that_number_of_files_as_environments_have_it(self) -> None:
        found = rotation_of("1 MB", "30", "app.log")

        assert found is not None
        assert found.keep == 30

    def test_rotation_without_a_file_says_so(self) -> None:
        with pytest.raises(InvalidOptionError, match="rotation needs a log_file") as caught:
            configure_logging(rotation="1 MB")

        assert caught.value.option == "rotation"

    def test_retention_without_rotation_says_so(self, path: Path) -> None:
        with pytest.raises(InvalidOptionError, match="retention must be left out") as caught:
            configure_logging(log_file=path, retention=3)

        assert caught.value.option == "retention"

    @posix
    def test_what_cannot_be_renamed_is_refused(self) -> None:
        with pytest.raises(InvalidOptionError, match="'/dev/null' is none"):
            configure_logging(log_file="/dev/null", rotation="1 MB", console=False)

        assert logging.root.handlers == []

    def test_initialize_takes_them_too(self, path: Path) -> None:
        initialize_logging(
            {"log_file": str(path), "console": False, "rotation": "1 MB", "queue": True}
        )

        assert sink().inspect()["config"]["rotation"] == "1 MB"
        assert sink().inspect()["config"]["queue"] == "block"


class TestSize:
    def test_file_is_set_aside_before_the_line_that_would_be_too_much(self, path: Path) -> None:
        times = Times(path, 20)

        for text in ("first", "second", "third", "fourth", "fifth"):
            times.write(text)

        assert times.files() == [["first", "second", "third"], ["fourth", "fifth"]]

    @given(sizes=st.lists(st.integers(0, 120), min_size=1, max_size=60), limit=st.integers(1, 200))
    def test_no_file_is_larger_than_the_limit_or_one_line_and_nothing_is_lost(
        self, tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int
    ) -> None:
        path = tmp_path_factory.mktemp("size") / "app.log"
        times = Times(path, limit)

        for number, size in enumerate(sizes):
            times.write(f"{number}:{'x' * size}")
        times.sink.retire()

        found = files(path)
        assert [int(line.split(":")[0]) for each in found for line in each.read_text().split()] == (
            list(range(len(sizes)))
        )
        for each in found:
            data = each.read_bytes()
            assert len(data) <= limit or data.count(b"\n") == 1

    def test_line_longer_than_the_limit_is_written_whole(self, path: Path) -> None:
        times = Times(path, 10)

        for text in ("a", "b" * 50, "c"):
            times.write(text)

        assert times.files() == [["a"], ["b" * 50], ["c"]]

    def test_what_others_wrote_counts(self, path: Path) -> None:
        times = Times(path, 1000)
        times.write("ours")
        with path.open("a") as other:
            other.write("x" * 990 + "\n")

        for _ in range(60):
            times.write("ours")

        assert path.stat().st_size < 1000
        assert len(files(path)) == 2

    def test_size_counts_on_after_a_restart(self, path: Path) -> None:
        times = Times(path, 15)
        times.write("before")
        times.restart()

        times.write("after")
        times.write("more")

        assert times.files() == [["before", "after"], ["more"]]

    def test_queued_lines_are_joined_within_the_limit(self, path: Path) -> None:
        configure_logging(
            log_file=path, console=False, format_string="%(message)s", queue=True, rotation=1000
        )
        for at in range(500):
            get_logger("r").info("%05d", at)
        shutdown_logging()

        found = files(path)
        assert [int(line) for each in found for line in each.read_text().split()] == [*range(500)]
        assert max(each.stat().st_size for each in found) <= 1000
        assert len(found) == 4  # 166 lines of 6 bytes go into each: as full as can be

    def test_file_that_another_program_moved_is_begun_again_as_before(self, path: Path) -> None:
        times = Times(path, "1 MB")
        times.write("old")
        path.rename(moved := path.with_name("moved"))

        times.write("new", at=MONDAY + 2)

        assert moved.read_text() == "old\n"
        assert path.read_text() == "new\n"

    @posix
    def test_link_stays_and_leads_to_the_new_file(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "disk" / "app.log")
        times = Times(tmp_path / "link", 10)

        times.write("first")
        times.write("second")

        assert (tmp_path / "link").is_symlink()
        assert [each.read_text() for each in files(tmp_path / "disk" / "app.log")] == [
            "first\n",
            "second\n",
        ]

    @posix
    def test_new_file_has_the_rights_of_the_old_one(self, path: Path) -> None:
        times = Times(path, 10)
        path.chmod(0o640)

        times.write("first")
        times.write("second")

        assert [each.stat().st_mode & 0o777 for each in files(path)] == [0o640, 0o640]

    def test_threads_lose_nothing(self, path: Path) -> None:
        log_from_threads(path, lines=300)


class TestTime:
    def test_first_line_of_a_new_day_begins_a_new_file(self, path: Path) -> None:
        times = Times(path, "daily")

        times.write("morning", at=MONDAY + 5)
        times.write("evening", at=MONDAY + DAY - 0.001)
        times.write("tuesday", at=MONDAY + DAY)
        times.write("thursday", at=MONDAY + 3 * DAY + 7)

        assert times.files() == [["morning", "evening"], ["tuesday"], ["thursday"]]

    def test_process_that_is_restarted_every_hour_still_rotates_once_a_day(
        self, path: Path
    ) -> None:
        times = Times(path, "1 day")

        for hour in range(49):
            times.now = MONDAY + hour * 3600 + 60
            times.restart()
            times.write(f"{hour}")

        assert [len(lines) for lines in times.files()] == [24, 24, 1]

    @pytest.mark.parametrize(
        ("rotation", "boundary"),
        [("weekly", MONDAY + 7 * DAY), ("12 h", MONDAY + DAY / 2), ("hourly", MONDAY + 3600)],
    )
    def test_periods_begin_where_people_expect_it(
        self, rotation: str, boundary: float, path: Path
    ) -> None:
        times = Times(path, rotation)

        times.write("first")
        times.write("before", at=boundary - 0.001)
        times.write("after", at=boundary)

        assert times.files() == [["first", "before"], ["after"]]

    def test_empty_file_is_not_set_aside(self, path: Path) -> None:
        times = Times(path, "daily")

        times.write("late", at=MONDAY + 9 * DAY)

        assert times.files() == [["late"]]

    def test_file_that_another_process_has_begun_is_followed_and_kept(self, path: Path) -> None:
        first, second = Times(path, "daily"), Times(path, "daily")
        first.write("first")
        second.write("second")

        first.write("first", at=MONDAY + DAY)
        second.write("second", at=MONDAY + DAY + 60)
        second.write("second", at=MONDAY + DAY + 90)
        first.write("first", at=MONDAY + DAY + 120)

        assert first.files() == [["first", "second"], ["first", "second", "second", "first"]]

    def test_clock_that_is_set_back_keeps_the_order_of_the_names(self, path: Path) -> None:
        times = Times(path, 8)

        for number, now in enumerate([MONDAY, MONDAY, MONDAY - 3600, MONDAY + 1]):
            times.write(f"line-{number}", at=now)

        assert times.files() == [["line-0"], ["line-1"], ["line-2"], ["line-3"]]

    @pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e300])
    def test_record_of_a_strange_time_begins_no_file(self, at: float, path: Path) -> None:
        times = Times(path, "daily")
        times.write("a")

        times.sink.write(b"strange\n", at)

        assert times.files() == [["a", "strange"]]


class TestNames:
    def test_names_sort_by_time_and_keep_the_suffix(self, path: Path) -> None:
        times = Times(path, 3)

        for number in range(12):
            times.write(f"{number:02}", at=MONDAY + number * 1e6)

        assert [lines[0] for lines in times.files()] == [f"{number:02}" for number in range(12)]
        assert files(path)[0].name == "app.2026-01-16T13-46-40.000000Z.log"

    @pytest.mark.parametrize(
        ("name", "first"),
        [("app", "app.2026"), (".app", ".app.2026"), ("a.b.log", "a.b.2026"), ("a+(b.log", "a+(b.2026")],
    )  # fmt: skip
    def test_any_name_will_do(self, name: str, first: str, tmp_path: Path) -> None:
        times = Times(tmp_path / name, 3, retention=1)

        for number in range(3):
            times.write(f"{number:02}")

        (aside,) = set(os.listdir(tmp_path)) - {name}
        assert aside.startswith(first)
        assert (tmp_path / aside).read_text() == "01\n"

    def test_existing_file_is_never_overwritten(self, path: Path) -> None:
        taken = path.with_name("app.2026-01-05T00-00-00.000000Z.log")
        taken.write_text("taken\n")
        times = Times(path, 8)

        times.write("first")
        times.write("second")

        assert times.files() == [["taken"], ["first"], ["second"]]

    def test_file_with_an_impossible_date_is_not_ours(self, path: Path) -> None:
        other = path.with_name("app.9999-99-99T99-99-99.999999Z.log")
        other.write_text("other\n")
        times = Times(path, 3, retention=1)

        for number in range(4):
            times.write(f"{number:02}")

        assert other.read_text() == "other\n"
        assert [lines[0] for lines in times.files()] == ["02", "other", "03"]


class TestRetention:
    def test_so_many_files_are_kept(self, path: Path) -> None:
        times = Times(path, 3, retention=2)

        for number in range(6):
            times.write(f"{number:02}")

        assert [lines[0] for lines in times.files()] == ["03", "04", "05"]

    @pytest.mark.parametrize("retention", ["30 days", timedelta(days=30)])
    def test_files_are_kept_for_so_long(self, path: Path, retention: Any) -> None:
        times = Times(path, "daily", retention)

        for day in range(40):
            times.write(f"{day}", at=MONDAY + day * DAY)

        assert [int(lines[0]) for lines in times.files()] == list(range(8, 40))

    def test_old_files_are_deleted_when_the_log_is_opened_as_well(self, path: Path) -> None:
        times = Times(path, "daily")
        for day in range(40):
            times.write(f"{day}", at=MONDAY + day * DAY)

        times.rotation = rotation_of("daily", "30 days", path)
        times.restart()

        assert [int(lines[0]) for lines in times.files()] == list(range(8, 40))

    def test_without_it_no_folder_is_looked_through_when_the_log_is_opened(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(folder: str) -> list[str]:
            raise PermissionError(errno.EACCES, "not yours", folder)

        monkeypatch.setattr(os, "listdir", refuse)

        Times(path, "daily")
        assert capsys.readouterr().err == ""
        Times(path, "daily", retention=3)
        assert "cannot delete" in capsys.readouterr().err

    def test_only_what_this_log_has_set_aside_is_deleted(self, path: Path) -> None:
        others = [
            "app.log.1",
            "app.2026-01-04.log",
            "app.2026-01-04T00-00-00.000000Z.log.gz",
            "my-app.2026-01-04T00-00-00.000000Z.log",
            "app.old.2026-01-04T00-00-00.000000Z.log",
            "app.2026-01-04T00-00-00.000000Z.txt",
        ]
        for name in others:
            path.with_name(name).write_text("other")
        times = Times(path, 3, retention=1)

        for number in range(5):
            times.write(f"{number:02}")

        assert set(others) < set(os.listdir(path.parent))
        assert len(os.listdir(path.parent)) == len(others) + 2

    def test_age_beyond_all_time_keeps_everything(self, path: Path) -> None:
        times = Times(path, 3, retention="99999999 weeks")

        for number in range(4):
            times.write(f"{number:02}")

        assert len(times.files()) == 4

    def test_file_that_cannot_be_deleted_is_told_once_and_harms_nobody(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(path: str) -> None:
            raise PermissionError(errno.EACCES, "not yours", path)

        times = Times(path, 3, retention=1)
        monkeypatch.setattr(os, "unlink", refuse)
        for number in range(5):
            times.write(f"{number:02}")

        assert [lines[0] for lines in times.files()] == [f"{number:02}" for number in range(5)]
        assert capsys.readouterr().err.count("cannot delete") == 1


class TestTrouble:
    @pytest.mark.parametrize("what", ["open", "replace"])
    def test_rotation_that_fails_goes_on_with_the_old_file_and_is_told_once(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
    ) -> None:  # fmt: skip
        real = getattr(os, what)

        def refuse(name: Any, *args: Any) -> Any:
            if what == "replace" or args[0] & os.O_EXCL:
                raise PermissionError(errno.EACCES, "the folder is not yours")
            return real(name, *args)

        times = Times(path, 10)
        monkeypatch.setattr(os, what, refuse)
        for number in range(5):
            times.write(f"line-{number}")
        failing = times.sink.inspect()
        monkeypatch.undo()
        times.write("still", at=MONDAY + 9)
        times.write("again", at=MONDAY + 11)

        assert times.files() == [[*(f"line-{number}" for number in range(5)), "still"], ["again"]]
        assert failing["facts"]["last_rotation_failure"].startswith("PermissionError")  # type: ignore[index]
        assert times.sink.inspect()["facts"]["last_rotation_failure"] is None  # type: ignore[index]
        assert capsys.readouterr().err.count("cannot rotate") == 1

    @posix
    def test_file_is_found_again_if_there_is_no_new_one_after_the_renaming(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        import pepperpy.infra.logging._file_sink as file_sink

        def refuse(*_: object) -> Any:
            raise OSError(errno.EMFILE, "too many open files")

        times = Times(path, 10)
        times.write("first")
        monkeypatch.setattr(file_sink, "open_appending", refuse)
        monkeypatch.setattr(os, "utime", lambda *_: None)  # it is not there
        times.write("second")
        monkeypatch.undo()
        times.write("third", at=MONDAY + 2)

        assert times.files() == [["first", "second"], ["third"]]
        assert "too many open files" in capsys.readouterr().err

    def test_where_open_files_cannot_be_renamed_it_is_closed_for_a_moment(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_RENAMES_OPEN_FILES", False)
        real = os.replace

        def replace(source: str, target: str) -> None:
            assert times.sink._fd == -1
            real(source, target)

        monkeypatch.setattr(os, "replace", replace)
        times = Times(path, 10)
        for number in range(4):
            times.write(f"line-{number}")

        assert times.files() == [[f"line-{number}"] for number in range(4)]

    def test_where_another_process_holds_it_open_it_grows_on(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(errno.EACCES, "used by another process")

        monkeypatch.setattr(module, "_RENAMES_OPEN_FILES", False)
        monkeypatch.setattr(os, "replace", refuse)
        times = Times(path, 10)
        for number in range(4):
            times.write(f"line-{number}")

        assert times.files() == [[f"line-{number}" for number in range(4)]]
        assert capsys.readouterr().err.count("used by another process") == 1

    def test_threads_lose_nothing_while_the_file_is_closed(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_RENAMES_OPEN_FILES", False)

        log_from_threads(path, lines=50)

    def test_line_that_found_the_file_closed_is_written_once_it_is_open_again(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times, real = Times(path, 1000), os.write

        def closed(fd: int, data: bytes) -> int:
            monkeypatch.setattr(os, "write", real)
            raise OSError(errno.EBADF, "Bad file descriptor")

        monkeypatch.setattr(os, "write", closed)
        times.write("x")

        assert times.files() == [["x"]]

    def test_line_of_a_signal_handler_in_the_midst_of_a_rotation_arrives(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times, real, inside = Times(path, 10), Shelf.prune, []

        def prune(self: Shelf, rotation: Rotation, now: float) -> None:
            inside.append(True)
            times.sink.write(b"from-the-handler\n", now)
            real(self, rotation, now)

        monkeypatch.setattr(Shelf, "prune", prune)
        times.write("first")
        times.write("second")

        assert inside
        assert times.files() == [["first"], ["from-the-handler", "second"]]

    @posix
    def test_rotation_waits_for_nobody_who_is_at_it(self, path: Path) -> None:
        fcntl = pytest.importorskip("fcntl")
        times = Times(path, 10)
        times.write("first")
        with path.open("a") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            times.write("second")
        times.write("third")

        assert times.files() == [["first", "second"], ["third"]]

    def test_sink_with_rotation_can_be_inspected(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, rotation="100 MB", retention="30 days")

        (found,) = [each.inspect() for each in inspectables() if each is sink()]

        assert found["facts"] == {
            "lost_lines": 0,
            "last_failure": None,
            "rotations": 0,
            "last_rotation_failure": None,
        }
        assert found["config"] == {
            "target": "file",
            "format": "TextRenderer",
            "rotation": "100 MB",
        }


CODE = (
    "import sys; from pepperpy.infra.logging import *\n"
    "path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"
    "configure_logging(log_file=path, console=False, file_format='json', rotation='20 kB', %s)\n"
    "log = get_logger('p')\n"
    "print('ready', flush=True)\n"
    "sys.stdin.readline()\n"
    "for at in range(count): log.info('%%s', 'x' * (at * 7 %% 90), by=name, at=at)\n"
)


@posix
class TestProcesses:
    @pytest.mark.parametrize("queue", ["queue=False", "queue=True"])
    def test_many_that_rotate_one_file_lose_tear_and_double_no_line(
        self, path: Path, queue: str
    ) -> None:
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", CODE % queue, str(path), str(number), "2000"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for number in range(4)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
        for worker in workers:
            worker.communicate(b"go\n", timeout=25)
        assert [worker.returncode for worker in workers] == [0] * 4

        found = files(path)
        lines = [json.loads(line) for each in found for line in each.read_bytes().splitlines()]
        seen = sorted((int(line["by"]), line["at"]) for line in lines)
        assert seen == [(by, at) for by in range(4) for at in range(2000)]
        assert len(found) > 20
        assert max(each.stat().st_size for each in found) < 40_000

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.parametrize("queue", [False, QueuePolicy(max_lines=20)])
    def test_children_forked_in_the_midst_of_rotations_hang_nobody_and_lose_nothing(
        self, path: Path, queue: Any
    ) -> None:
        configure_logging(
            log_file=path, console=False, file_format="json", rotation="1 kB", queue=queue
        )
        log, stop, count = get_logger("r.fork"), threading.Event(), [0]

        def work() -> None:
            while not stop.is_set():
                log.info("thread %d", count[0])
                count[0] += 1

        thread = threading.Thread(target=work)
        thread.start()
        children = []
        for number in range(20):
            if not (pid := os.fork()):
                import signal

                signal.alarm(10)
                for at in range(20):
                    log.info("child %d %d", number, at)
                shutdown_logging()
                os._exit(0)
            children.append(pid)
        ends = [os.waitpid(pid, 0)[1] for pid in children]
        stop.set()
        thread.join()
        shutdown_logging()

        assert ends == [0] * 20
        seen = [text for each in files(path) for text in messages(each)]
        expected = [f"child {number} {at}" for number in range(20) for at in range(20)]
        expected += [f"thread {at}" for at in range(count[0])]
        assert sorted(seen) == sorted(expected)

    def test_lock_of_a_parent_that_was_killed_while_it_held_it_is_free(self, path: Path) -> None:
        times = Times(path, 10)
        times.write("first")
        code = (
            "import fcntl, os, signal, sys\n"
            "fd = os.open(sys.argv[1], os.O_WRONLY)\n"
            "fcntl.flock(fd, fcntl.LOCK_EX)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -9

        times.write("second")

        assert times.files() == [["first"], ["second"]]

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_child_that_is_forked_in_the_midst_of_a_rotation_has_nothing_of_it(
        self, path: Path
    ) -> None:
        fcntl = pytest.importorskip("fcntl")
        times = Times(path, 10)
        times.write("first")
        out, into = os.pipe()
        with times.sink._turning, times.sink._locked(str(path)):
            if not (pid := os.fork()):
                fine = times.sink._lock_fd == -1 and times.sink._turning.acquire(blocking=False)
                os.close(into)
                os.read(out, 1)  # until the parent has ended the rotation and looked
                os._exit(0 if fine else 1)
            os.close(out)
        with path.open("a") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(into)

        assert os.waitpid(pid, 0)[1] == 0

    @pytest.mark.skipif("not os.path.isdir('/proc/self/fd')", reason="needs /proc")
    def test_no_descriptor_is_left_open(self, path: Path) -> None:
        before = len(os.listdir("/proc/self/fd"))
        times = Times(path, 10)
        for number in range(30):
            times.write(f"line-{number}")

        assert len(os.listdir("/proc/self/fd")) == before + 1
        times.sink.retire()
        assert len(os.listdir("/proc/self/fd")) == before
