"""Several processes on one file, and processes that end in whatever way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from pepperpy.infra.storage import FileStorageProvider, StorageConnectionError
from pepperpy.infra.storage._sqlite import _engine, _schema

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

HEAD = """
import asyncio, os, sys
from pepperpy.infra.storage import FileStorageProvider

path, *rest = sys.argv[1:]

"""


def start(code: str, path: Path, *rest: object, **options: Any) -> subprocess.Popen[str]:
    """Run code in a new interpreter, with the path of a store."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + textwrap.dedent(code), str(path), *map(str, rest)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(code: str, path: Path, *rest: object) -> str:
    """What a program prints, which must end well and complain about nothing."""
    process = start(code, path, *rest)
    out, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")
    return out


def read_all(path: Path) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async with FileStorageProvider("reader", path) as store:
            return {key: value async for key, value in store.items()}

    return asyncio.run(read())


# A writer tells what was acknowledged by a line that is out of its hands at once.
WRITER = """
durability, tasks = rest[0], int(rest[1])

async def write(store, task):
    n = 0
    while True:
        await store.set(f"{task}:{n}", {"n": n, "pad": "x" * (n % 700), "end": n})
        os.write(1, f"{task}:{n}\\n".encode())
        n += 1

async def main():
    async with FileStorageProvider("store", path, durability) as store:
        await asyncio.gather(*(write(store, task) for task in range(tasks)))

asyncio.run(main())
"""


def go(processes: list[subprocess.Popen[str]]) -> None:
    """Let them begin at once when all are ready, and wait until they have ended well."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * len(processes)


def kill_in_the_middle(path: Path, durability: str, tasks: int, at_least: int) -> list[str]:
    """Kill -9 a writer when it has acknowledged so many, and give the keys that it acknowledged."""
    process = start(WRITER, path, durability, tasks)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(at_least)]
    process.kill()
    rest, complaints = process.communicate()
    assert complaints == ""
    *whole, _ = rest.split("\n")
    return acknowledged + whole


class TestKilled:
    @pytest.mark.parametrize("durability", ["full", "process"])
    @pytest.mark.parametrize("tasks", [1, 16])
    def test_no_acknowledged_write_is_lost_or_torn(
        self, tmp_path: Path, durability: str, tasks: int
    ) -> None:
        for at_least in (1, 200):
            path = tmp_path / f"{at_least}.db"
            acknowledged = kill_in_the_middle(path, durability, tasks, at_least)

            stored = read_all(path)

            assert len(acknowledged) >= at_least
            assert set(acknowledged) <= stored.keys()
            for key, value in stored.items():
                n = int(key.split(":")[1])
                assert value == {"n": n, "pad": "x" * (n % 700), "end": n}

    def test_a_file_that_was_killed_while_it_was_made_is_made_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed:
            """A connection whose process is killed before its statements run out."""

            def __init__(self, connection: Any) -> None:
                self.connection = connection
                self.left = statements

            def execute(self, statement: str) -> Any:
                if not self.left:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.left -= 1
                return self.connection.execute(statement)

            def __getattr__(self, name: str) -> Any:
                return getattr(self.connection, name)

        def prepare(connection: Any, faults: Any) -> None:
            _schema.prepare(cast("Any", Killed(connection)), faults)

        ends = []
        for statements in range(24):
            path = tmp_path / f"{statements}.db"
            with monkeypatch.context() as patch:
                patch.setattr(_engine, "prepare", prepare)
                store = FileStorageProvider("store", path)
                ends.append(in_child(lambda made=store: asyncio.run(made.connect())))

            assert read_all(path) == {}

        assert ends[0] == -signal.SIGKILL
        assert ends[-1] == 0


class TestTogether:
    def test_four_processes_write_at_once_and_lose_nothing(self, tmp_path: Path) -> None:
        code = """
            async def main():
                async with FileStorageProvider("store", path, rest[0]) as store:
                    print("ready", flush=True)
                    sys.stdin.readline()
                    for n in range(60):
                        await asyncio.gather(
                            store.set(f"{rest[1]}:{n}", n), store.increment("total")
                        )

            asyncio.run(main())
        """
        for durability in ("full", "process"):
            path = tmp_path / f"{durability}.db"
            go([start(code, path, durability, n, stdin=subprocess.PIPE) for n in range(4)])

            stored = read_all(path)
            assert stored.pop("total") == 240
            assert len(stored) == 240

    def test_processes_that_make_the_file_at_the_same_time_all_succeed(
        self, tmp_path: Path
    ) -> None:
        code = """
            async def main():
                print("ready", flush=True)
                sys.stdin.readline()
                async with FileStorageProvider("store", path) as store:
                    await store.set(rest[0], 1)

            asyncio.run(main())
        """
        for n in range(2):
            path = tmp_path / f"{n}.db"
            go([start(code, path, maker, stdin=subprocess.PIPE) for maker in range(4)])

            assert sorted(read_all(path)) == ["0", "1", "2", "3"]

    @pytest.mark.asyncio
    async def test_a_write_of_another_process_is_seen_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with FileStorageProvider("store", path) as store:
            await store.set("key", "ours")
            version = (await store.get_entry("key")).version
            await asyncio.to_thread(
                run,
                """
                async def main():
                    async with FileStorageProvider("store", path) as store:
                        await store.set("key", "theirs")

                asyncio.run(main())
                """,
                path,
            )

            assert await store.get("key") == "theirs"
            assert (await store.get_entry("key")).version == version + 1

    @pytest.mark.asyncio
    async def test_a_watch_hears_of_another_process(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with FileStorageProvider("store", path) as store:
            await store.set("watched:1", 1)
            watch = store.watch("watched:")
            await asyncio.to_thread(
                run,
                """
                async def main():
                    async with FileStorageProvider("store", path) as store:
                        await store.delete("watched:1")
                        await store.set("watched:2", 2)
                        await store.set("other", 3)

                asyncio.run(main())
                """,
                path,
            )

            async with asyncio.timeout(10):
                heard = {(await anext(watch)).key, (await anext(watch)).key}
        assert heard == {"watched:1", "watched:2"}


class TestExit:
    @pytest.mark.parametrize("durability", ["full", "process"])
    def test_a_program_that_does_not_disconnect_ends_promptly_and_loses_nothing(
        self, tmp_path: Path, durability: str
    ) -> None:
        began = time.monotonic()
        run(
            """
            async def main():
                store = FileStorageProvider("store", path, rest[0])
                await store.connect()
                await asyncio.gather(*(store.set(f"key{n}", n) for n in range(100)))
                global kept
                kept = store

            asyncio.run(main())
            """,
            tmp_path / "store.db",
            durability,
        )

        assert time.monotonic() - began < 10
        assert len(read_all(tmp_path / "store.db")) == 100
        assert os.listdir(tmp_path) == ["store.db"]

    def test_what_waits_at_the_end_of_the_interpreter_is_written(self, tmp_path: Path) -> None:
        run(
            """
            async def main():
                global store, waiting
                store = FileStorageProvider("store", path)
                await store.connect()
                waiting = [asyncio.ensure_future(store.set(f"key{n}", n)) for n in range(100)]
                await asyncio.sleep(0)

            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # asyncio complains of what it leaves
            """,
            tmp_path / "store.db",
        )

        assert len(read_all(tmp_path / "store.db")) == 100

    def test_an_interrupt_ends_the_program_and_tears_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        # What runs in the background of a script is started with interrupts ignored.
        heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        process = start(heeding + WRITER, path, "full", 4)
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(50)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

        assert set(acknowledged) <= read_all(path).keys()

    @pytest.mark.parametrize("durability", ["full", "process"])
    def test_interrupts_at_any_moment_leave_nothing_locked(
        self, tmp_path: Path, durability: str
    ) -> None:
        out = run(
            """
            import random, signal, warnings

            class Interrupt(KeyboardInterrupt):
                pass

            def interrupt(*_):
                raise Interrupt

            warnings.simplefilter("ignore")  # a coroutine that was interrupted before it began
            signal.signal(signal.SIGALRM, interrupt)
            store = FileStorageProvider("store", path, rest[0]).sync
            store.connect()
            store.set("key", [0])
            seed = random.Random(1)
            for count in range(400):
                try:
                    signal.setitimer(signal.ITIMER_REAL, seed.uniform(1e-5, 2e-3))
                    while True:
                        store.set("key", [count])
                except Interrupt:
                    pass
                store.set("after", count)
                assert store.get("after") == count
            print("all")
            """,
            tmp_path / "store.db",
            durability,
        )

        assert out == "all\n"
        assert read_all(tmp_path / "store.db")["after"] == 399

    def test_importing_starts_nothing(self, tmp_path: Path) -> None:
        out = run(
            """
            import threading
            FileStorageProvider("store", path)
            print(threading.active_count(), "apsw" in sys.modules, "sqlite3" in sys.modules)
            """,
            tmp_path / "store.db",
        )

        assert out == "1 False False\n"
        assert os.listdir(tmp_path) == []


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a forked process that does *work*."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException as error:  # noqa: BLE001 - told on the way out
            sys.stderr.write(f"{error!r}\n")
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class TestForked:
    @pytest.mark.parametrize("durability", ["full", "process"])
    def test_parent_and_child_both_go_on_and_see_each_other(
        self, tmp_path: Path, durability: Any
    ) -> None:
        store = FileStorageProvider("store", tmp_path / "store.db", durability)

        async def before() -> None:
            await store.connect()
            await asyncio.gather(*(store.set(f"key{n}", n) for n in range(20)))

        async def child() -> None:
            assert await store.get("key7") == 7
            await asyncio.gather(*(store.set(f"child{n}", n) for n in range(20)))
            await store.disconnect()

        async def after() -> None:
            assert await store.get("child7") == 7
            await asyncio.gather(*(store.set(f"after{n}", n) for n in range(20)))
            await store.disconnect()

        asyncio.run(before())
        assert in_child(lambda: asyncio.run(child())) == 0
        asyncio.run(after())
        assert len(read_all(tmp_path / "store.db")) == 60

    def test_a_child_inherits_no_connection(self, tmp_path: Path) -> None:
        store = FileStorageProvider("store", tmp_path / "store.db").sync
        store.connect()
        store.set("key", 1)

        def child() -> None:
            open_files = [
                os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
            ]
            assert not [name for name in open_files if name.startswith(str(tmp_path))]

        assert in_child(child) == 0
        assert store.get("key") == 1
        store.disconnect()

    def test_a_child_that_leaves_at_once_harms_nothing(self, tmp_path: Path) -> None:
        store = FileStorageProvider("store", tmp_path / "store.db")
        asyncio.run(store.connect())
        asyncio.run(store.set("key", 1))

        assert in_child(lambda: None) == 0

        asyncio.run(store.set("key", 2))
        assert asyncio.run(store.get("key")) == 2
        asyncio.run(store.disconnect())

    def test_a_child_does_not_take_the_file_away_when_it_closes_it(self, tmp_path: Path) -> None:
        # With an inherited connection it would believe to be the last one, and remove the log.
        store = FileStorageProvider("store", tmp_path / "store.db", "process")
        asyncio.run(store.connect())
        asyncio.run(store.set("key", 1))
        in_child(lambda: asyncio.run(store.disconnect()))
        asyncio.run(store.set("late", 2))
        in_child(lambda: asyncio.run(store.disconnect()))
        asyncio.run(store.set("later", 3))

        out = run(
            """
            async def main():
                async with FileStorageProvider("store", path) as store:
                    print(await store.keys())

            asyncio.run(main())
            """,
            tmp_path / "store.db",
        )

        assert out == "['key', 'late', 'later']\n"
        asyncio.run(store.disconnect())

    def test_a_fork_while_others_write_stops_nobody(self, tmp_path: Path) -> None:
        store = FileStorageProvider("store", tmp_path / "store.db", "process")

        async def child() -> None:
            await asyncio.gather(*(store.increment("n") for _ in range(10)))

        async def parent() -> None:
            await store.connect()
            for _ in range(5):
                writing = asyncio.gather(*(store.increment("n") for _ in range(40)))
                await asyncio.sleep(0)
                assert await asyncio.to_thread(in_child, lambda: asyncio.run(child())) == 0
                await writing
            assert await store.get("n") == 250
            await store.disconnect()

        asyncio.run(parent())

    def test_a_folder_that_may_not_be_written_is_an_error(self) -> None:
        def connect() -> None:
            if os.geteuid() == 0:  # nothing is forbidden to root
                os.setuid(65534)
            with pytest.raises(StorageConnectionError, match=r"cannot open .* Permission denied"):
                asyncio.run(FileStorageProvider("store", f"{folder}/store.db").connect())

        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o555)
            assert in_child(connect) == 0
