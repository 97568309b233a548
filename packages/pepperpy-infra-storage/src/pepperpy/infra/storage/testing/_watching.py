"""Changes are told as they happen."""

from __future__ import annotations

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._entry import Change
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.storage._watch import Watch

from ._scenario import Contract, needs

_WATCH = needs(Capability.WATCH)
_SECONDS = 10.0  # until a test is given up


async def _next(watch: Watch, count: int) -> list[Change]:
    import asyncio

    async with asyncio.timeout(_SECONDS):
        return [await anext(watch) for _ in range(count)]


class WatchingContract(Contract):
    """Watches."""

    @_WATCH
    async def test_a_watch_tells_writes_and_deletions_from_its_beginning(
        self, store: StorageProvider
    ) -> None:
        await store.set("before", 1)
        async with store.watch() as watch:
            version = await store.set("a", 1)
            await store.set("b", 1)
            await store.delete("b")

            told = await _until(watch, "b", "delete")

        assert told[0] == Change("a", "set", version)
        assert {change.key for change in told} == {"a", "b"}

    @_WATCH
    async def test_a_watch_of_a_prefix_tells_those_alone(self, store: StorageProvider) -> None:
        async with store.watch("user:") as watch:
            await store.set("job:1", 1)
            await store.set("user", 1)
            await store.set("user:1", 1)

            assert [change.key for change in await _next(watch, 1)] == ["user:1"]

    @_WATCH
    async def test_whoever_waits_is_woken(self, store: StorageProvider) -> None:
        import asyncio

        async with store.watch() as watch:
            waiting = asyncio.create_task(_next(watch, 1))
            await asyncio.sleep(0)
            await store.set("a", 1)

            assert [change.key for change in await waiting] == ["a"]

    @_WATCH
    async def test_of_a_key_that_changes_fast_the_last_change_is_told(
        self, store: StorageProvider
    ) -> None:
        async with store.watch() as watch:
            versions = [await store.set("a", number) for number in range(100)]
            await store.set("z", 1)

            told = await _until(watch, "z", "set")

        assert told[-2].version == versions[-1]
        assert len(told) <= 101

    @_WATCH
    async def test_every_watch_is_told(self, store: StorageProvider) -> None:
        async with store.watch() as one, store.watch("a") as other:
            await store.increment("a")

            assert [change.key for change in await _next(one, 1)] == ["a"]
            assert [change.key for change in await _next(other, 1)] == ["a"]

    @_WATCH
    async def test_clear_tells_each_key(self, store: StorageProvider) -> None:
        await store.set_many({"a": 1, "b": 2})
        async with store.watch() as watch:
            await store.clear()

            changes = await _next(watch, 2)

        assert {(change.key, change.kind) for change in changes} == {
            ("a", "delete"),
            ("b", "delete"),
        }

    @_WATCH
    async def test_a_watch_that_is_closed_ends(self, store: StorageProvider) -> None:
        import asyncio

        watch = store.watch()
        waiting = asyncio.create_task(_all(watch))
        await asyncio.sleep(0)

        watch.close()
        await store.set("a", 1)

        async with asyncio.timeout(_SECONDS):
            assert await waiting == []


async def _all(watch: Watch) -> list[Change]:
    return [change async for change in watch]


async def _until(watch: Watch, key: str, kind: str) -> list[Change]:
    told = await _next(watch, 1)
    while (told[-1].key, told[-1].kind) != (key, kind):
        told += await _next(watch, 1)
    return told
