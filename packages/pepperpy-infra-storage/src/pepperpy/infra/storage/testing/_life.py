"""Connecting, disconnecting, loops, threads; what a store says of itself and what it refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._entry import Put
from pepperpy.infra.storage._errors import StorageConnectionError, StorageError, UnsupportedError
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.storage._type import StorageType

from ._scenario import Contract, needs, raises, scenario


class LifeContract(Contract):
    """The life of a provider."""

    @scenario
    async def test_a_store_that_is_not_connected_says_so(self, store: StorageProvider) -> None:
        await store.disconnect()

        uses: list[Callable[[], Awaitable[Any]]] = [
            lambda: store.get("a"),
            lambda: store.get("a", default=1),
            lambda: store.set("a", 1),
            lambda: store.delete("a"),
            lambda: store.exists("a"),
            store.keys,
            store.clear,
            store.scan,
            lambda: store.get_many(["a"]),
        ]
        for use in uses:
            with raises(StorageConnectionError) as caught:
                await use()
            assert isinstance(caught.error, StorageError)
            assert isinstance(caught.error, ConnectionError)
            assert caught.error.storage in str(caught.error)
        await store.connect()

    @scenario
    async def test_connecting_and_disconnecting_twice_is_harmless(
        self, store: StorageProvider
    ) -> None:
        await store.set("a", 1)
        await store.connect()
        assert await store.get("a") == 1
        assert await store.is_connected() is True

        await store.disconnect()
        await store.disconnect()
        assert await store.is_connected() is False
        await store.connect()

    @scenario
    async def test_values_outlive_a_disconnection(self, store: StorageProvider) -> None:
        await store.set("a", 1)
        await store.disconnect()
        await store.connect()

        assert await store.get("a") == 1

    def test_a_store_is_used_from_one_event_loop_after_another(self) -> None:
        import asyncio

        self.begin()
        store = self.make_provider()

        async def first() -> None:
            await store.connect()
            await store.clear()
            await store.set("a", 1)

        async def second() -> None:
            assert await store.get("a") == 1
            await store.set("a", 2)
            assert await store.get("a") == 2
            await store.disconnect()

        asyncio.run(first())
        asyncio.run(second())

    def test_the_sync_twin_does_the_same_without_a_loop(self) -> None:
        self.begin()
        store = self.make_provider()

        with store.sync as sync:
            sync.clear()
            sync.set("a", {"n": 1})
            assert sync.get("a") == {"n": 1}
            assert sync.get("b", default=None) is None
            assert sync.exists("a")
            assert sync.keys("*") == ["a"]
            assert list(sync.items()) == [("a", {"n": 1})]
            assert sync.get_many(["a", "b"]) == {"a": {"n": 1}}
            assert sync.info()["name"] == store.name
            sync.set_many({"b": 1, "c": 2})
            assert sync.delete("b") is True
            assert sync.delete_many(["c", "d"]) == 1
            if Capability.VERSIONS in store.capabilities:
                assert sync.increment("n") == 1
                assert sync.update("n", lambda value: value + 1) == 2
                assert sync.get_entry("n").value == 2
            if Capability.TRANSACTIONS in store.capabilities:
                with sync.transaction() as tx:
                    tx.set("n", tx.get("n") + 1)
                assert sync.get("n") == 3
                assert tx.versions["n"] == sync.get_entry("n").version
            assert sync.is_connected() is True
        assert store.sync.is_connected() is False

    def test_threads_share_a_store_through_the_sync_twin(self) -> None:
        self.begin()
        store = self.make_provider()
        if Capability.VERSIONS not in store.capabilities:
            return

        def work(number: int) -> None:
            for _ in range(25):
                store.sync.increment("n")
                store.sync.set(f"k{number}", number)
                assert store.sync.get(f"k{number}") == number

        with store.sync as sync:
            sync.clear()
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(4)))
            assert sync.get("n") == 100

    @scenario
    async def test_a_cancelled_write_leaves_the_store_in_use(self, store: StorageProvider) -> None:
        import asyncio

        tasks = [asyncio.create_task(store.set(f"k{number}", number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        await store.set("after", 1)

        assert await store.get("after") == 1
        assert await store.get("k1") == 1

    @scenario
    async def test_a_store_tells_what_it_is(self, store: StorageProvider) -> None:
        info = await store.info()

        assert info["name"] == store.name
        assert info["state"] == "connected"
        assert isinstance(store.storage_type, StorageType)
        assert set(info["capabilities"]) == {each.name for each in store.capabilities}
        assert store.name in repr(store)

    @scenario
    async def test_nothing_that_a_store_says_of_itself_holds_a_value(
        self, store: StorageProvider
    ) -> None:
        await store.set("a", "hunter2-secret")

        assert "hunter2" not in repr(store)
        assert "hunter2" not in repr(await store.info())
        if Capability.VERSIONS in store.capabilities:
            assert "hunter2" not in repr(await store.get_entry("a"))
            with raises(StorageError) as caught:
                await store.increment("a")
            assert "hunter2" not in str(caught.error)

    @scenario
    async def test_what_a_store_cannot_do_it_refuses(self, store: StorageProvider) -> None:
        async def watch() -> None:
            store.watch().close()

        async def transaction() -> None:
            async with store.transaction() as tx:
                await tx.set("a", 1)

        uses: dict[Capability, list[Callable[[], Awaitable[Any]]]] = {
            Capability.TTL: [
                lambda: store.set("a", 1, ttl=60),
                lambda: store.set_many({"a": 1}, ttl=60),
                lambda: store.expire("a", 60),
            ],
            Capability.VERSIONS: [
                lambda: store.set("a", 1, if_absent=True),
                lambda: store.set("a", 1, if_version=1),
                lambda: store.delete("a", if_version=1),
                lambda: store.update("a", lambda value: value, default=1),
                lambda: store.increment("a"),
            ],
            Capability.TRANSACTIONS: [transaction, lambda: store.apply({"a": Put(1)})],
            Capability.WATCH: [watch],
            Capability.BACKUP: [lambda: store.backup("never-written")],
        }
        for capability, refused in uses.items():
            if capability in store.capabilities:
                continue
            for use in refused:
                with raises(UnsupportedError) as caught:
                    await use()
                assert capability.name is not None
                assert capability.name in str(caught.error)
        if not store.capabilities:
            assert await store.keys() == []

    @needs(Capability.TTL)
    async def test_many_keys_expire_without_being_asked_for(self, store: StorageProvider) -> None:
        await store.set_many({f"k{number}": number for number in range(450)}, ttl=60)
        await self.elapse(60)

        assert await store.keys() == []
        for number in range(450):
            await store.set(f"n{number}", number, ttl=60)
        assert len(await store.keys()) == 450
