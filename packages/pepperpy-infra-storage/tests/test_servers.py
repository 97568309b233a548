"""What the providers of servers do without one: connections by loop, watches that are lost, options."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pepperpy.infra.storage import (
    Change,
    InvalidOptionError,
    ObjectStorageProvider,
    PostgresStorageProvider,
    RedisStorageProvider,
    StorageTimeoutError,
    WatchLostError,
    get_provider,
    register_object_provider,
    register_postgres_provider,
)
from pepperpy.infra.storage._per_loop import PerLoop, before_deadline
from pepperpy.infra.storage._subscription import Subscription
from pepperpy.infra.storage._watch import Watchers
from pepperpy.infra.utils import MissingExtraError, deadline


class Line:
    def __init__(self) -> None:
        self.closed_in: asyncio.AbstractEventLoop | None = None

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed_in = asyncio.get_running_loop()


class TestPerLoop:
    def test_each_loop_has_one_that_is_closed_when_it_ends(self) -> None:
        lines: PerLoop[Line] = PerLoop(Line)

        async def use() -> tuple[Line, asyncio.AbstractEventLoop]:
            first = lines.get()
            await asyncio.sleep(0)
            assert lines.get() is first
            gc.collect()
            return first, asyncio.get_running_loop()

        one, loop = asyncio.run(use())
        other, _ = asyncio.run(use())

        assert one is not other
        assert one.closed_in is loop

    def test_close_closes_those_of_other_loops_where_they_run(self) -> None:
        lines: PerLoop[Line] = PerLoop(Line)

        async def use() -> None:
            here = lines.get()
            elsewhere: list[Line] = []
            ready, done = asyncio.Event(), asyncio.Event()
            loop = asyncio.get_running_loop()

            async def there() -> None:
                elsewhere.append(lines.get())
                loop.call_soon_threadsafe(ready.set)
                while elsewhere[0].closed_in is None:  # noqa: ASYNC110 - closed by another loop
                    await asyncio.sleep(0)
                loop.call_soon_threadsafe(done.set)

            thread = asyncio.create_task(asyncio.to_thread(asyncio.run, there()))
            await ready.wait()
            await lines.close()
            await done.wait()
            await thread

            assert here.closed_in is loop
            assert elsewhere[0].closed_in not in {None, loop}
            assert lines.get() is not here

        asyncio.run(use())

    def test_a_forked_child_makes_its_own_and_closes_none_of_its_parent(self) -> None:
        lines: PerLoop[Line] = PerLoop(Line)

        async def use() -> None:
            inherited = lines.get()
            lines.after_fork()
            assert lines.get() is not inherited
            await lines.close()
            assert inherited.closed_in is None

        asyncio.run(use())

    def test_without_a_loop_there_is_none(self) -> None:
        with pytest.raises(RuntimeError, match=r"\.sync"):
            PerLoop(Line).get()


class TestDeadline:
    def test_a_deadline_that_passes_is_an_error_with_its_seconds(self) -> None:
        async def scenario() -> None:
            with deadline(0), pytest.raises(StorageTimeoutError, match="0 s"):
                await before_deadline(asyncio.Event().wait(), _slow)
            with deadline(60):
                assert await before_deadline(asyncio.sleep(0, 1), _slow) == 1

        asyncio.run(scenario())

    def test_a_timeout_of_the_work_itself_stays_what_it_is(self) -> None:
        async def scenario() -> None:
            async def work() -> None:
                raise TimeoutError("mine")

            with deadline(60), pytest.raises(TimeoutError, match="mine"):
                await before_deadline(work(), _slow)

        asyncio.run(scenario())


def _slow(seconds: float) -> StorageTimeoutError:
    return StorageTimeoutError(f"{seconds:.3g} s", storage="a")


class TestLostWatches:
    def test_what_was_told_before_is_read_first_and_then_the_loss_each_time(self) -> None:
        async def scenario() -> None:
            watchers = Watchers()
            watch = watchers.add("")
            watchers.tell([Change("a", "set", 1)])
            await asyncio.sleep(0)

            watchers.fail(WatchLostError("lost", storage="a"))

            assert (await anext(watch)).key == "a"
            for _ in range(2):
                with pytest.raises(WatchLostError):
                    await anext(watch)
            assert watch.closed

        asyncio.run(scenario())

    def test_one_that_was_closed_before_is_not_told(self) -> None:
        async def scenario() -> None:
            watchers = Watchers()
            watch = watchers.add("")
            watch.close()
            watchers.fail(WatchLostError("lost", storage="a"))

            assert [change async for change in watch] == []

        asyncio.run(scenario())

    def test_a_block_begins_when_the_server_listens(self) -> None:
        async def scenario() -> None:
            ready = asyncio.get_running_loop().create_future()
            watch = Watchers().add("", ready)
            entering = asyncio.create_task(watch.__aenter__())
            await asyncio.sleep(0)
            assert not entering.done()
            ready.set_result(None)

            assert await entering is watch

        asyncio.run(scenario())


class Told(Subscription):
    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.stopping, self.stopped = asyncio.Event(), asyncio.Event()
        self.look = asyncio.Event()

    async def listen(self, confirm: Callable[[], None]) -> None:
        self.begun += 1
        confirm()
        while self.wanted():
            await self.look.wait()
            self.look.clear()
        self.stopping.set()
        await self.stopped.wait()

    def lost(self, error: Exception) -> WatchLostError:
        return WatchLostError(str(error), storage="a")


class TestSubscription:
    def test_who_watches_while_the_last_connection_is_closed_begins_a_new_one(self) -> None:
        async def scenario() -> None:
            changes = Told()
            watch = changes.watch("")
            async with watch:
                assert changes.starting is None
            del watch
            changes.look.set()
            await changes.stopping.wait()

            async with changes.watch("") as again:
                changes.stopped.set()
                await asyncio.sleep(0)
                assert changes.begun == 2
                assert not again.closed
            await changes.close()

        asyncio.run(scenario())

    def test_an_error_of_whatever_kind_ends_all_watches(self) -> None:
        class Broken(Told):
            async def listen(self, confirm: Callable[[], None]) -> None:
                raise ZeroDivisionError("odd")

        async def scenario() -> None:
            changes = Broken()
            with pytest.raises(WatchLostError, match="odd"):
                async with changes.watch("") as watch:
                    await anext(watch)
            assert changes.starting is None

        asyncio.run(scenario())

    def test_the_end_before_it_began_keeps_nobody_waiting(self) -> None:
        async def scenario() -> None:
            changes = Told()
            watch = changes.watch("")
            await changes.close()

            async with asyncio.timeout(5), watch:
                assert [change async for change in watch] == []
            assert changes.starting is None

        asyncio.run(scenario())


class TestOptions:
    @pytest.mark.parametrize("wrong", [0, -1, "1", None, float("inf"), float("nan")])
    @pytest.mark.parametrize("option", ["timeout", "connect_timeout"])
    def test_what_is_no_time_to_wait_is_refused(self, option: str, wrong: Any) -> None:
        given: dict[str, Any] = {option: wrong}
        with pytest.raises(InvalidOptionError, match=option):
            PostgresStorageProvider("a", "postgresql://host/db", **given)
        with pytest.raises(InvalidOptionError, match=option):
            ObjectStorageProvider("a", "memory:///", **given)

    @pytest.mark.parametrize("namespace", ["", "a b", 'a"b', "a'b", "é", "a" * 41, 1, "a;b"])
    def test_a_table_has_a_plain_name(self, namespace: Any) -> None:
        with pytest.raises(InvalidOptionError, match="namespace"):
            PostgresStorageProvider("a", "postgresql://host/db", namespace=namespace)

    @pytest.mark.parametrize("namespace", ["", "a{b", "}", 1, "\ud800"])
    def test_a_namespace_of_redis_is_text_without_braces(self, namespace: Any) -> None:
        with pytest.raises(InvalidOptionError, match="braces"):
            RedisStorageProvider("a", namespace=namespace)

    def test_a_driver_that_is_not_installed_is_named_with_its_extra(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("redis", "redis.asyncio", "asyncpg", "obstore", "obstore.store"):
            monkeypatch.setitem(sys.modules, module, None)

        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-storage\[redis\]"):
            RedisStorageProvider("a")
        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-storage\[s3\]"):
            ObjectStorageProvider("a", "s3://bucket")
        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-storage\[postgres\]"):
            asyncio.run(PostgresStorageProvider("a", "postgresql://host/db").connect())

    @pytest.mark.usefixtures("registry")
    def test_providers_of_servers_are_found_by_their_names(self) -> None:
        table = register_postgres_provider("table", "postgresql://me:hunter2@host/db")
        objects = register_object_provider("objects", "memory:///")

        assert get_provider("table") is table
        assert get_provider("objects") is objects
        assert "hunter2" not in f"{table!r} {table.inspect()}"
