"""The cache on a file of the storage wheel: what it keeps, and that nothing of it fails a call."""

from __future__ import annotations

import asyncio
import functools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from pepperpy.infra.cache import (
    CacheTierError,
    ainvalidate_cache,
    async_cached,
    cache_disabled,
    cached,
    clear_cache,
    initialize_cache,
    invalidate_cache,
)
from pepperpy.infra.cache._file import FileTier
from pepperpy.infra.storage import FileStorageProvider
from pepperpy.infra.utils import FakeClock, Signal, inspectables, run_closers, subscribe

Loaded = list[Any]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that the default cache keeps its results in."""
    initialize_cache("file", cache_directory=tmp_path)
    yield tmp_path
    initialize_cache("memory")


def restart(folder: Path) -> None:
    """Forget all that is in memory, as the end of a process does; the file is flushed and closed."""
    initialize_cache("memory")
    initialize_cache("file", cache_directory=folder)


def squares(loaded: Loaded, **options: Any) -> Any:
    @cached(**options)
    def square(n: int) -> int:
        loaded.append(n)
        return n * n

    return square


def flush() -> None:
    """Wait until all that was kept is written."""
    for each in inspectables():
        if isinstance(each, FileTier) and each.inspect()["state"] == "ok":
            each.flush()


def facts() -> dict[str, Any]:
    """The figures of the file that is in use."""
    (tier,) = [
        each.inspect()
        for each in inspectables()
        if each.inspect()["kind"] == "cache.file" and each.inspect()["state"] == "ok"
    ]
    found: Any = tier["facts"]
    return dict(found)


class TestRestart:
    def test_a_result_survives_it(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)

        restart(folder)

        assert (square(3), square(n=3)) == (9, 9)
        assert loaded == [3]
        assert square.cache_info().loads == 1
        assert facts()["recalled"] == 1

    @pytest.mark.asyncio
    async def test_a_result_of_a_coroutine_function_survives_it(self, folder: Path) -> None:
        loaded: Loaded = []

        @async_cached(ttl=60)
        async def load(n: int) -> dict[str, int]:
            loaded.append(n)
            return {"n": n}

        await load(1)
        restart(folder)

        assert await asyncio.gather(*(load(1) for _ in range(50))) == [{"n": 1}] * 50
        assert loaded == [1]

    def test_it_is_there_for_another_process(self, program: Any, tmp_path: Path) -> None:
        code = f"""
from pepperpy.infra import cached, initialize_cache, invalidate_cache

initialize_cache(cache_type="file", cache_directory={str(tmp_path)!r})

@cached(ttl=60)
def get_user(user_id):
    print("loading", user_id)
    return {{"id": user_id}}

assert get_user("123") == {{"id": "123"}}
"""
        first = program.run(code)
        second = program.run(code)
        third = program.run(code + 'print(invalidate_cache("user:123"))\n')
        fourth = program.run(code)

        assert [run.stdout for run in (first, second, third, fourth)] == [
            "loading 123\n",
            "",
            "1\n",
            "loading 123\n",
        ]

    @pytest.mark.parametrize(
        "value", [None, 0, "", [], False, 1.5, "é\0☃", b"\xff\0", {"a": [1, {"b": None}]}, 2**70]
    )
    def test_what_is_kept_comes_back_as_it_is(self, folder: Path, value: Any) -> None:
        loaded: Loaded = []

        @cached
        def load() -> Any:
            loaded.append(1)
            return value

        load()
        restart(folder)

        again = load()
        assert (again, type(again)) == (value, type(value))
        assert loaded == [1]

    @pytest.mark.parametrize(
        "value", [(1, 2), {1: 2}, {1, 2}, datetime(2026, 1, 1, tzinfo=UTC), float("inf"), object()]
    )
    def test_what_would_come_back_as_something_else_stays_in_memory(
        self, folder: Path, value: Any
    ) -> None:
        loaded: Loaded = []

        @cached
        def load() -> Any:
            loaded.append(1)
            return value

        assert load() is load()
        restart(folder)
        assert load() is value

        assert loaded == [1, 1]

    def test_what_a_caller_does_to_a_result_is_not_kept(self, folder: Path) -> None:
        @cached
        def load() -> list[int]:
            return [1]

        load().append(2)
        restart(folder)

        assert load() == [1]

    def test_memory_may_be_small(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded, max_size=2)
        for n in range(50):
            square(n)
        restart(folder)
        for n in range(50):
            square(n)

        assert loaded == [*range(50)]


class TestExpiry:
    def test_a_result_is_good_for_its_ttl_and_no_longer(self, folder: Path) -> None:
        clock = FakeClock()
        loaded: Loaded = []
        square = squares(loaded, ttl=60, clock=clock)
        square(3)
        clock.advance(59)
        restart(folder)
        square(3)
        clock.advance(0.9)
        square(3)
        assert loaded == [3]
        clock.advance(0.1)

        square(3)

        assert loaded == [3, 3]

    def test_a_clock_that_was_set_back_makes_nothing_last_longer(self, folder: Path) -> None:
        clock = FakeClock()
        loaded: Loaded = []
        square = squares(loaded, ttl=60, clock=clock)
        square(3)
        restart(folder)
        clock.jump(-100_000)
        square(3), square(3)
        assert loaded == [3, 3]
        clock.advance(60)

        square(3)

        assert loaded == [3, 3, 3]

    def test_what_is_renewed_is_loaded_and_not_taken_from_the_file(self, folder: Path) -> None:
        clock = FakeClock()
        loaded: Loaded = []
        square = squares(loaded, ttl=60, stale_for=60, clock=clock)
        square(3)
        clock.advance(61)
        square(3)
        square.refresh(3)

        assert loaded == [3, 3, 3]


class TestInvalidation:
    def test_by_name_it_reaches_what_is_in_the_file_alone(self, folder: Path) -> None:
        loaded: Loaded = []

        @cached
        def get_user(user_id: str, page: int = 1) -> str:
            loaded.append(user_id)
            return user_id

        for page in (1, 2, 3):
            get_user("7", page)
        get_user("8")
        restart(folder)
        get_user("7", 1)  # in memory as well, and counted once

        assert invalidate_cache("user:7") == 3
        assert invalidate_cache("user:7") == 0
        get_user("7", 1), get_user("7", 2), get_user("8")
        assert loaded == ["7", "7", "7", "8", "7", "7"]

    def test_globs_and_tags_and_templates_reach_it(self, folder: Path) -> None:
        loaded: Loaded = []

        @cached(key="team:{team}", tags=["teams", lambda result: f"boss:{result}"])
        def boss_of(team: str) -> str:
            loaded.append(team)
            return f"{team}'s"

        for name, count in (("team:*", 2), ("boss:a's", 1), ("teams", 2), ("te[a]ms", 2)):
            boss_of("a"), boss_of("b")
            restart(folder)
            assert invalidate_cache(name) == count, name
        assert invalidate_cache("") == 0

    def test_of_a_function_that_this_process_has_never_called(
        self, program: Any, tmp_path: Path
    ) -> None:
        head = f"""
from pepperpy.infra import cached, clear_cache, initialize_cache, invalidate_cache
initialize_cache("file", cache_directory={str(tmp_path)!r})
"""
        program.run(
            f"""{head}
@cached
def get_user(user_id):
    return user_id

get_user(1), get_user(2), get_user(3)
"""
        )
        out = program.run(f"{head}\nprint(invalidate_cache('user:1'), clear_cache())\n").stdout

        assert out == "1 2\n"

    def test_clear_empties_the_file_or_one_namespace_of_it(self, folder: Path) -> None:
        loaded: Loaded = []
        a, b = squares(loaded, namespace="a"), squares(loaded, namespace="b")
        a(1), a(2), b(1)
        restart(folder)
        a(1)

        assert clear_cache("a") == 2
        assert clear_cache("a") == 0
        b(1)
        assert loaded == [1, 2, 1]
        assert clear_cache() == 1

    def test_the_functions_handles_reach_it(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(1), square(2), square(3)
        restart(folder)

        assert square.invalidate(1) == 1
        assert square.invalidate(1) == 0
        square.put(-4, 2)
        restart(folder)
        assert (square(1), square(2), square(3)) == (1, -4, 9)
        square.cache_clear()
        restart(folder)
        square(3)
        assert loaded == [1, 2, 3, 1, 3]

    def test_a_load_under_way_when_its_name_is_invalidated_is_not_kept(self, folder: Path) -> None:
        loading, go = threading.Event(), threading.Event()
        loaded: Loaded = []

        @cached
        def get_user(user_id: int) -> int:
            loaded.append(user_id)
            loading.set()
            assert go.wait(20)
            return user_id

        thread = threading.Thread(target=get_user, args=(1,))
        thread.start()
        assert loading.wait(20)
        invalidate_cache("user:1")
        go.set()
        thread.join()
        restart(folder)
        get_user(1)

        assert loaded == [1, 1]

    @pytest.mark.parametrize("how", ["name", "arguments", "clear", "function"])
    def test_a_call_in_its_midst_keeps_nothing_old(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        loaded: Loaded = []

        @cached
        def get_user(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        get_user(1)
        restart(folder)
        drop = FileTier._drop

        def in_between(tier: FileTier, places: list[str]) -> set[str]:
            get_user(1)  # it is gone from memory, and not yet from the file
            return drop(tier, places)

        with monkeypatch.context() as patch:
            patch.setattr(FileTier, "_drop", in_between)
            if how == "name":
                invalidate_cache("user:1")
            elif how == "arguments":
                get_user.invalidate(1)
            elif how == "clear":
                clear_cache()
            else:
                get_user.cache_clear()
        assert loaded == [1]
        get_user(1)

        assert loaded == [1, 1]

    def test_what_is_put_is_never_the_older_one(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded, max_size=1)
        square(2)
        restart(folder)
        for n in range(200):
            square.put(n, 2)
            square(3)  # takes the place in memory
            assert square(2) == n

    def test_what_is_dropped_while_it_waits_to_be_written_is_not_written(
        self, folder: Path
    ) -> None:
        loaded: Loaded = []

        @cached
        def get_user(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        for n in range(300):
            get_user(n)
            if n % 3 == 0:
                invalidate_cache(f"user:{n}")
        restart(folder)
        loaded.clear()
        for n in range(300):
            get_user(n)

        assert loaded == [*range(0, 300, 3)]

    @pytest.mark.asyncio
    async def test_in_a_coroutine(self, folder: Path) -> None:
        loaded: Loaded = []

        @cached
        async def get_user(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        await get_user(1)
        restart(folder)

        assert await ainvalidate_cache("user:1") == 1
        await get_user(1)
        assert loaded == [1, 1]


class TestWhichFunction:
    def test_closures_of_one_factory_do_not_share(self, folder: Path) -> None:
        def times(factor: int) -> Callable[[int], int]:
            @cached
            def multiply(n: int) -> int:
                return n * factor

            return multiply

        assert times(2)(10) == 20
        restart(folder)

        assert times(3)(10) == 30
        assert times(2)(10) == 20

    def test_two_that_live_at_once_do_not_share_whatever_they_capture(self, folder: Path) -> None:
        first, second = [1], [1]

        def make(captured: list[int]) -> Any:
            @cached
            def head(n: int) -> int:
                return captured[0]

            return head

        one, two = make(first), make(second)
        one(0)
        second[0] = 2

        assert two(0) == 2

    def test_what_captures_something_nameless_stays_in_memory(self, folder: Path) -> None:
        loaded: Loaded = []
        session = object()

        @cached
        def load(n: int) -> str:
            loaded.append(n)
            return str(session)

        load(1)
        restart(folder)
        load(1)

        assert loaded == [1, 1]

    def test_a_changed_function_begins_anew(self, program: Any, tmp_path: Path) -> None:
        code = f"""
from pepperpy.infra import cached, initialize_cache
initialize_cache("file", cache_directory={str(tmp_path)!r})

@cached
def answer():
    return 41

print(answer())
"""
        assert program.run(code).stdout == "41\n"
        assert program.run(code.replace("41", "42")).stdout == "42\n"

    def test_methods_stay_in_memory(self, folder: Path) -> None:
        loaded: Loaded = []

        class Shop:
            @cached
            def price(self, item: str) -> int:
                loaded.append(item)
                return 1

        shop = Shop()
        shop.price("tea"), shop.price("tea")
        restart(folder)
        shop.price("tea")

        assert loaded == ["tea", "tea"]

    def test_arguments_count_with_their_classes(self, folder: Path) -> None:
        loaded: Loaded = []

        @cached
        def kind(value: Any) -> str:
            loaded.append(value)
            return type(value).__name__

        values = (1, True, 1.0, "1", (1,), [1], {"a": 1}, None)
        for value in values:
            kind(value)
        restart(folder)

        assert [kind(value) for value in values] == [type(value).__name__ for value in values]
        assert len(loaded) == len(values)

    def test_wrapped_functions_are_known_by_all_of_their_layers(self, folder: Path) -> None:
        loaded: Loaded = []

        def doubling(func: Any) -> Any:
            @functools.wraps(func)
            def wrapper(n: int) -> int:
                result: int = 2 * func(n)
                return result

            return wrapper

        @cached
        @doubling
        def load(n: int) -> int:
            loaded.append(n)
            return n

        load(2)
        restart(folder)

        assert load(2) == 4
        assert loaded == [2]


class TestDamage:
    def rows(self, folder: Path, statement: str) -> None:
        initialize_cache("memory")
        with closing(sqlite3.connect(folder / "cache.db")) as connection, connection:
            connection.execute(statement)
        initialize_cache("file", cache_directory=folder)

    @pytest.mark.parametrize(
        "tampered",
        [
            "'text'",
            "x''",
            "x'00'",
            "x'7b7d'",
            "x'5b5d'",
            "CAST('[1,2,3,4,5]' AS BLOB)",
            "CAST(replace(CAST(value AS TEXT), '9', '10') AS BLOB) || x'00'",
            # A pickle that would write to the standard output.
            "x'00' || CAST('cbuiltins' || char(10) || 'print' || char(10) AS BLOB)",
        ],
    )
    def test_an_entry_that_was_tampered_with_is_a_miss_and_is_written_over(
        self, folder: Path, tampered: str
    ) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        statement = "UPDATE entries SET value = {} WHERE key LIKE 'e:%'"
        self.rows(folder, statement.format(tampered))

        assert square(3) == 9
        restart(folder)
        assert square(3) == 9
        assert loaded == [3, 3]

    def test_an_entry_that_was_moved_to_another_call_is_a_miss(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3), square(4)
        self.rows(
            folder,
            "UPDATE entries SET value = (SELECT value FROM entries WHERE key LIKE 'e:%' LIMIT 1)"
            " WHERE key LIKE 'e:%'",
        )

        assert (square(3), square(4)) == (9, 16)
        assert len(loaded) == 3

    @pytest.mark.parametrize("content", [b"garbage", b"garbage " * 2000, b"\0" * 9000])
    def test_a_file_that_is_damaged_as_a_whole_counts_as_empty_and_is_set_aside(
        self, folder: Path, content: bytes
    ) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        initialize_cache("memory")
        (folder / "cache.db").write_bytes(content)

        initialize_cache("file", cache_directory=folder)

        assert square(3) == 9
        restart(folder)
        assert square(3) == 9
        assert loaded == [3, 3]
        assert (folder / "cache.db.damaged").read_bytes() == content

    def test_a_file_that_is_found_to_be_damaged_later_is_set_aside_as_well(
        self, folder: Path
    ) -> None:
        heard: list[Signal] = []
        loaded: Loaded = []

        @cached
        def page(n: int) -> str:
            loaded.append(n)
            return "x" * 3000

        for n in range(100):
            page(n)
        initialize_cache("memory")
        path = folder / "cache.db"
        with path.open("r+b") as file:
            file.seek(5 * 4096)
            file.write(b"\xff" * (path.stat().st_size - 5 * 4096))
        initialize_cache("file", cache_directory=folder)
        unsubscribe = subscribe(heard.append)
        try:
            for _ in range(2):
                assert [page(n) for n in range(100)] == ["x" * 3000] * 100
        finally:
            unsubscribe()

        assert (folder / "cache.db.damaged").exists()
        assert {signal.kind for signal in heard} == {"cache.file_failed"}
        loaded.clear()
        restart(folder)
        for n in range(100):
            page(n)
        assert len(loaded) < 100

    def test_a_file_that_was_removed_fails_no_call(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(1)
        for path in folder.iterdir():
            path.unlink()

        assert (square(2), square(1)) == (4, 1)

    def test_a_folder_that_was_removed_is_made_again(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded, key="square:{n}", max_size=1)
        square(1)
        flush()
        rmtree(folder)

        assert invalidate_cache("square:1") == 1
        assert square(1) == 1
        assert loaded == [1, 1]
        flush()
        square(2)
        flush()
        assert (folder / "cache.db").exists()
        restart(folder)
        assert (square(1), square(2)) == (1, 4)
        assert loaded == [1, 1, 2]

    def test_what_is_invalidated_on_a_full_disk_is_never_served(self, folder: Path) -> None:
        import resource

        loaded: Loaded = []
        square = squares(loaded, key="square:{n}", max_size=1)
        square(1)
        square(2)
        flush()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            assert invalidate_cache("square:1") == 1
            square(1)
            assert loaded == [1, 2, 1]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        restart(folder)
        square(1)
        assert loaded == [1, 2, 1, 1]

    def test_a_closed_tier_stays_closed(self, folder: Path) -> None:
        square = squares([], key="square:{n}")
        square(1)
        run_closers()
        before = {path: path.read_bytes() for path in folder.iterdir()}

        square.invalidate(1)
        invalidate_cache("square:1")
        clear_cache()

        assert {path: path.read_bytes() for path in folder.iterdir()} == before

    def test_a_result_for_a_million_years_keeps_no_other_one_from_the_file(
        self, folder: Path
    ) -> None:
        loaded: Loaded = []
        long, short = squares(loaded, ttl=1e14), squares(loaded, ttl=60)
        long(1), short(1)
        restart(folder)

        assert (long(1), short(1)) == (1, 1)
        assert loaded == [1, 1]

    def test_a_full_disk_fails_no_call(self, folder: Path) -> None:
        import resource

        loaded: Loaded = []

        @cached
        def page(n: int) -> str:
            loaded.append(n)
            return "x" * 100_000

        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
        try:
            assert len(page(1)) == len(page(1)) == 100_000
            initialize_cache("memory")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert loaded == [1]

    def test_a_folder_that_cannot_be_is_an_error_that_names_the_tier_and_changes_nothing(
        self, folder: Path
    ) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        (folder / "file").write_text("")

        with pytest.raises(CacheTierError, match="cache_type='file' cannot be had") as caught:
            initialize_cache("file", cache_directory=folder / "file")

        assert caught.value.cache_type == "file"
        square(3)
        restart(folder)
        square(3)
        assert loaded == [3]


class TestLife:
    def test_initialising_again_flushes_and_closes_the_earlier_one(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        other = tmp_path_factory.mktemp("other")
        loaded: Loaded = []
        square = squares(loaded)
        for n in range(50):
            square(n)

        initialize_cache("file", cache_directory=other)

        assert os.listdir(folder) == ["cache.db"]
        square(1)
        initialize_cache("file", cache_directory=folder)
        for n in range(50):
            square(n)
        assert loaded == [*range(50), 1]
        assert not [each for each in threading.enumerate() if each.name == "pepperpy-cache-file"]

    def test_functions_that_were_decorated_before_follow(self, tmp_path: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        try:
            initialize_cache("file", cache_directory=tmp_path)
            square(3)
            restart(tmp_path)
            square(3)
        finally:
            initialize_cache("memory")

        assert loaded == [3, 3]

    def test_stopping_everything_closes_the_file_and_calls_go_on(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)

        run_closers()

        assert os.listdir(folder) == ["cache.db"]
        assert (square(3), square(4)) == (9, 16)

    def test_switched_off_nothing_is_recalled_or_kept(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        restart(folder)
        with cache_disabled():
            square(3), square(4)
        square(4)

        assert loaded == [3, 3, 4, 4]

    def test_one_call_recalls_and_the_others_wait_for_it(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(3)
        restart(folder)
        gate = threading.Barrier(20)
        results: list[int] = []

        def call() -> None:
            gate.wait()
            results.append(square(3))

        threads = [threading.Thread(target=call) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert results == [9] * 20
        assert loaded == [3]
        assert facts()["recalled"] == 1

    def test_a_plain_function_in_a_coroutine(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)

        async def call() -> int:
            result: int = square(3)
            return result

        asyncio.run(call())
        restart(folder)
        assert asyncio.run(call()) == 9
        assert loaded == [3]

    def test_a_forked_child_goes_on(self, folder: Path) -> None:
        loaded: Loaded = []
        square = squares(loaded)
        square(1)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                square(1), square(2)
                initialize_cache("memory")
                status = 0 if loaded == [1, 2] else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        square(3)
        restart(folder)
        for n in (1, 2, 3):
            square(n)

        assert loaded == [1, 3]

    def test_the_file_holds_nothing_that_runs_and_is_its_owners_alone(self, folder: Path) -> None:
        squares([])(3)
        initialize_cache("memory")

        assert (folder / "cache.db").stat().st_mode & 0o777 == 0o600

        async def look() -> list[Any]:
            async with FileStorageProvider("look", folder / "cache.db") as store:
                return [value async for _, value in store.items()]

        assert all(isinstance(value, bytes) for value in asyncio.run(look()))
