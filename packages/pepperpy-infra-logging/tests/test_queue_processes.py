"""The queue where processes end, fork and are killed: each test runs real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.logging import QueuePolicy, configure_logging, get_logger, shutdown_logging

posix = pytest.mark.skipif("os.name == 'nt'", reason="the promise needs POSIX")

START = (
    "import atexit, os, signal, sys, threading, time\n"
    "from pepperpy.infra.logging import *\n"
    "path, more = sys.argv[1], {}\n"
    "def configure(**more):\n"
    "    configure_logging(log_file=path, console=False, file_format='json', queue=True, **more)\n"
    "log = get_logger('p')\n"
)


def run(code: str, path: Path, *, ends: int = 0) -> tuple[list[str], str]:
    """The messages in the log after a process that ran *code*, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", START + code, str(path)],
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert done.returncode == ends, done.stderr
    return [line["message"] for line in read(path)], done.stderr


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


class TestEverythingIsOnDisk:
    @pytest.mark.parametrize(
        ("end", "code"),
        [
            ("", 0),
            ("sys.exit(3)\n", 3),
            ("raise RuntimeError('boom')\n", 1),
            # What runs in the background of a shell has been told to ignore it.
            (
                "signal.signal(2, signal.default_int_handler)\nos.kill(os.getpid(), 2)\ntime.sleep(20)\n",
                -2,
            ),
        ],
        ids=["normal end", "sys.exit", "unhandled exception", "interrupt"],
    )
    @posix
    def test_after(self, end: str, code: int, path: Path) -> None:
        messages, _ = run(
            f"configure()\nfor at in range(500): log.info('%d', at)\n{end}", path, ends=code
        )

        assert messages == [str(at) for at in range(500)]

    def test_after_a_flush_and_a_hard_exit(self, path: Path) -> None:
        messages, _ = run(
            "import logging\nconfigure()\nlog.info('x')\nlogging.shutdown()\nos._exit(0)\n", path
        )

        assert messages == ["x"]

    def test_what_atexit_functions_log_whenever_they_were_registered(self, path: Path) -> None:
        messages, errors = run(
            "atexit.register(lambda: log.info('registered first'))\n"
            "configure()\n"
            "atexit.register(lambda: log.info('registered second'))\n"
            "log.info('main')\n"
            "atexit.register(lambda: log.info('registered third'))\n",
            path,
        )

        assert messages == ["main", "registered third", "registered second", "registered first"]
        assert errors == ""

    def test_what_is_configured_and_logged_when_no_thread_can_be_started_any_more(
        self, path: Path
    ) -> None:
        messages, errors = run(
            "real = os.write\n"
            "def write(fd, data):\n"
            "    if threading.current_thread().name == 'pepperpy-logging':\n"
            "        threading.Event().wait()  # which the end of the process does not wait for\n"
            "    return real(fd, data)\n"
            "os.write = write\n"
            "atexit.register(lambda: (configure(), log.info('late'), log.info('later')))\n",
            path,
        )

        assert messages == ["late", "later"]
        assert errors == ""

    def test_what_finalisers_log_at_the_very_end(self, path: Path) -> None:
        messages, _ = run(
            "configure()\n"
            "class Dying:\n"
            "    def __init__(self): self.log = log\n"
            "    def __del__(self): self.log.info('died')\n"
            "kept = Dying()\n"
            "log.info('main')\n",
            path,
        )

        assert messages == ["main", "died"]

    def test_what_threads_log_while_the_process_ends(self, path: Path) -> None:
        # What a call that returned has logged is there: the numbers have no gap.
        messages, _ = run(
            "configure()\n"
            "begun = threading.Event()\n"
            "def work(name):\n"
            "    for at in range(10**9):\n"
            "        log.info('%s %d', name, at)\n"
            "        begun.set()\n"
            "threading.Thread(target=work, args=('daemon',), daemon=True).start()\n"
            "begun.wait()\n"
            "def last():\n"
            "    begun.wait()\n"
            "    for at in range(100): log.info('worker %d', at)\n"
            "threading.Thread(target=last).start()\n",
            path,
        )

        for name in ("daemon", "worker"):
            numbers = [int(line.split()[1]) for line in messages if line.startswith(name)]
            assert numbers == list(range(len(numbers)))
            assert len(numbers) >= (100 if name == "worker" else 1)

    @posix
    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_what_children_of_multiprocessing_log(
        self, method: str, path: Path, tmp_path: Path
    ) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            START + "import multiprocessing, warnings\n"
            "warnings.simplefilter('ignore')\n"
            "def work(number):\n"
            "    if multiprocessing.get_start_method() != 'fork': configure()\n"
            "    for at in range(50): log.info('%d %d', number, at)\n"
            "if __name__ == '__main__':\n"
            f"    multiprocessing.set_start_method({method!r})\n"
            "    configure()\n"
            "    log.info('parent 0')\n"
            "    many = [multiprocessing.Process(target=work, args=(n,)) for n in range(3)]\n"
            "    for each in many: each.start()\n"
            "    for each in many: each.join()\n"
            "    sys.exit(sum(each.exitcode for each in many))\n"
        )
        subprocess.run([sys.executable, str(script), str(path)], check=True, timeout=25)

        messages = [line["message"] for line in read(path)]
        expected = {f"{number} {at}" for number in range(3) for at in range(50)} | {"parent 0"}
        assert len(messages) == len(expected)
        assert set(messages) == expected

    @posix
    @pytest.mark.parametrize("queue", [True, False])
    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_what_children_of_multiprocessing_leave_out_and_hold_back(
        self, method: str, queue: bool, path: Path, tmp_path: Path
    ) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            "import multiprocessing, sys, warnings; from pepperpy.infra.logging import *\n"
            "warnings.simplefilter('ignore')\n"
            "def configure():\n"
            "    configure_logging(log_file=sys.argv[1], file_format='json', console=False,\n"
            f"        repeats=60, sampling={{'first': 1, 'then_every': 0, 'per': 60}}, queue={queue})\n"
            "def work():\n"
            f"    if {method!r} != 'fork': configure()\n"
            "    for _ in range(4): get_logger('r').info('again')\n"
            "    for at in range(50): get_logger('s').info('many %d', at)\n"
            "if __name__ == '__main__':\n"
            "    configure()\n"
            f"    child = multiprocessing.get_context({method!r}).Process(target=work)\n"
            "    child.start(); child.join(); sys.exit(child.exitcode)\n"
        )
        subprocess.run([sys.executable, str(script), str(path)], check=True, timeout=25)

        assert sorted(line["message"] for line in read(path)) == [
            "49 similar lines left out: many %d",
            "again",
            "many 0",
            "repeated 3 times: again",
        ]


class TestFork:
    @posix
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_fork_while_threads_log_hangs_nobody_and_every_line_is_there_once(
        self, path: Path
    ) -> None:
        policy = QueuePolicy(max_lines=50)
        configure_logging(log_file=path, console=False, file_format="json", queue=policy)
        log, stop, counts = get_logger("q.fork"), threading.Event(), [0, 0, 0]

        def work(name: int) -> None:
            while not stop.is_set():
                log.info("thread", name=name, at=counts[name])
                counts[name] += 1

        threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(30):
            if not (pid := os.fork()):
                signal.alarm(10)  # a hang ends the child, and the test sees it
                log.info("child", number=number)
                shutdown_logging()
                os._exit(0)
            children.append(pid)
        ends = [os.waitpid(pid, 0)[1] for pid in children]
        stop.set()
        for thread in threads:
            thread.join()
        shutdown_logging()

        assert ends == [0] * 30
        lines = read(path)
        numbers = [line["number"] for line in lines if line["message"] == "child"]
        assert sorted(numbers) == list(range(30))
        for name in range(3):
            seen = [line["at"] for line in lines if line.get("name") == name]
            assert seen == list(range(counts[name]))

    @posix
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_child_has_no_thread_before_its_first_line_and_nothing_of_the_parent(
        self, path: Path
    ) -> None:
        configure_logging(log_file=path, console=False, file_format="json", queue=True)
        log = get_logger("q.fork")
        log.info("parent")

        if not (pid := os.fork()):
            import logging

            before = threading.active_count()
            handler: Any = logging.root.handlers[0]
            facts = handler.inspect()["facts"]
            log.info("child")
            after = threading.active_count()
            shutdown_logging()
            fine = (before, after, facts["waiting_lines"]) == (1, 2, 0)
            os._exit(0 if fine else 1)
        assert os.waitpid(pid, 0)[1] == 0
        shutdown_logging()

        assert sorted(line["message"] for line in read(path)) == ["child", "parent"]

    @posix
    def test_child_that_ends_as_programs_do_has_written_all(self, path: Path) -> None:
        messages, _ = run(
            "import warnings; warnings.simplefilter('ignore')\n"
            "configure()\n"
            "log.info('parent')\n"
            "if os.fork():\n"
            "    sys.exit(os.wait()[1])\n"
            "for at in range(100): log.info('child')\n",
            path,
        )

        assert sorted(messages) == ["child"] * 100 + ["parent"]


@posix
class TestViolence:
    def test_kill_leaves_whole_lines_in_order_and_the_next_process_begins_a_new_one(
        self, path: Path
    ) -> None:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                START + "configure()\n"
                "for at in range(10**9):\n"
                "    log.info('%s', 'x' * (at % 3000), at=at)\n"
                "    if at == 2000: print('go', flush=True)\n",
                str(path),
            ],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        process.kill()
        process.wait()
        process.stdout.close()

        # The system may end a write at the border of a page: only the very last line may be cut.
        *whole, cut = path.read_bytes().split(b"\n")
        configure_logging(log_file=path, console=False, file_format="json")
        get_logger("q").info("next")

        numbers = [json.loads(line)["at"] for line in whole]
        assert numbers == list(range(len(numbers)))
        rest = path.read_bytes().splitlines()[len(whole) :]
        assert rest[:-1] == ([cut] if cut else [])
        assert json.loads(rest[-1])["message"] == "next"

    def test_limit_of_the_file_size_is_counted_and_hurts_nobody(self, path: Path) -> None:
        messages, errors = run(
            "import logging, resource\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "configure()\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
            "for at in range(100): log.info('%d', at)\n"
            "handler = logging.root.handlers[0]\n"
            "handler.flush()\n"
            "lost = handler.inspect()['facts']['lost_lines']\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
            "log.info('lost %d', lost)\n",
            path,
        )

        assert messages == ["lost 100"]
        assert errors.count("File too large") == 1

    @pytest.mark.skipif("not os.path.exists('/dev/full')", reason="needs /dev/full")
    def test_full_device_is_counted_line_by_line(self) -> None:
        import logging

        configure_logging(log_file="/dev/full", console=False, queue=True)
        for _ in range(100):
            get_logger("q").info("x")
        handler: Any = logging.root.handlers[0]
        handler.flush()

        assert handler.inspect()["facts"]["lost_lines"] == 100

    def test_reader_that_hangs_holds_up_the_callers_only_when_the_queue_is_full(
        self, path: Path
    ) -> None:
        out, into = os.pipe()
        code = (
            "configure_logging(format='json', queue=QueuePolicy(max_lines=100, overflow='drop_newest'))\n"
            "for at in range(10_000): log.info('x' * 100, at=at)\n"
            "print('done', flush=True)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", START + code, str(path)], stdout=subprocess.PIPE, stderr=into
        )
        os.close(into)
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"  # although nobody has read a line yet
        with os.fdopen(out, "rb") as reader:
            lines = [json.loads(line) for line in reader.read().splitlines()]
        assert process.wait(20) == 0
        process.stdout.close()

        told = sum(int(line["message"].split()[0]) for line in lines if "at" not in line)
        numbers = [line["at"] for line in lines if "at" in line]
        assert numbers == sorted(numbers)
        assert len(numbers) + told == 10_000
        assert told > 0

    def test_lines_of_several_processes_stay_whole(self, path: Path) -> None:
        code = "configure()\nfor at in range(500): log.info('x' * (at * 31 % 5000), at=at, by=os.getpid())\n"
        workers = [
            subprocess.Popen([sys.executable, "-c", START + code, str(path)]) for _ in range(3)
        ]
        assert [worker.wait(25) for worker in workers] == [0] * 3

        lines = read(path)
        assert len(lines) == 1500
        for worker in workers:
            assert [line["at"] for line in lines if line["by"] == worker.pid] == list(range(500))
