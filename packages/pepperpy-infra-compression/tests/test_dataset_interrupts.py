"""Interrupts at each moment, and full disks: a file is what it was or what it should become."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pepperpy.infra.compression import DatasetOptimizer, OptimizedDataset, optimize_dataset

# Between opening a file and keeping it there is a moment in which only the interpreter can close it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a promise that needs POSIX")
OLD = [{"id": number, "name": f"old_{number}"} for number in range(12)]
NEW = [{"id": number, "name": f"new_{number}"} for number in range(7)]
TRACED = (f"{os.sep}_dataset{os.sep}", f"{os.sep}_replace.py")


def interrupts(work: Callable[[], object]) -> Any:
    """Run the work with an interrupt at its first line, then at its second, ... until it ends."""
    before = sys.gettrace()
    for moment in count(1):
        left = moment

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal left
            if not any(part in frame.f_code.co_filename for part in TRACED):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
            return trace

        interrupted = False
        sys.settrace(trace)
        try:
            work()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            sys.settrace(before)
        if not interrupted:
            assert moment > 20, "there was nothing to interrupt"
            return
        yield moment


def rows_in(path: Path) -> list[Any]:
    with OptimizedDataset.open(path) as dataset:
        return [*dataset]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def test_an_interrupted_save_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    optimize_dataset(OLD).save(path)
    new = optimize_dataset(NEW)
    found = []

    for _ in interrupts(lambda: new.save(path)):
        found.append(rows_in(path))
        assert os.listdir(tmp_path) == ["rows"]
        optimize_dataset(OLD).save(path)

    assert OLD in found
    assert all(rows in (OLD, NEW) for rows in found)
    assert rows_in(path) == NEW


def test_interrupted_adding_leaves_the_old_rows_or_all(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    optimizer = DatasetOptimizer(chunk_size=5)
    optimizer.append(path, OLD)
    before = path.read_bytes()
    files = open_files()
    found = []

    for _ in interrupts(lambda: optimizer.append(path, NEW)):
        found.append(rows_in(path))
        if found[-1] == OLD:
            assert path.read_bytes() == before
        assert open_files() == files
        path.write_bytes(before)

    assert OLD in found
    assert all(rows in (OLD, OLD + NEW) for rows in found)
    assert rows_in(path) == OLD + NEW


def test_interrupted_adding_to_no_file_leaves_none_or_an_empty_or_a_whole_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows"
    optimizer = DatasetOptimizer(chunk_size=5)

    for _ in interrupts(lambda: optimizer.append(path, NEW)):
        assert os.listdir(tmp_path) in ([], ["rows"])
        assert not path.exists() or rows_in(path) in ([], NEW)
        path.unlink(missing_ok=True)

    assert rows_in(path) == NEW


def test_interrupted_opening_leaves_no_open_file(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    optimize_dataset(OLD, chunk_size=5).save(path)
    files = open_files()

    for _ in interrupts(lambda: rows_in(path)):
        assert open_files() == files


@POSIX
@pytest.mark.parametrize("room", [500, 5000, 100_000])
def test_a_full_disk_while_a_dataset_is_made_is_an_os_error_and_leaves_nothing_open(
    room: int,
) -> None:
    script = textwrap.dedent(
        """
        import gc, os, random, resource, signal, sys
        from pepperpy.infra.compression import optimize_dataset
        from pepperpy.infra.compression._dataset import _writer
        _writer._IN_MEMORY = 1000
        noise = random.Random(1)
        rows = [{"a": noise.random()} for _ in range(20_000)]
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
        try:
            optimize_dataset(rows, chunk_size=100)
        except OSError:
            print("full")
        gc.collect()
        """
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(room)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("full\n", "")
