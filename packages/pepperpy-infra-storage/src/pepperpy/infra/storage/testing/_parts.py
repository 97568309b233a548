"""Namespaces are stores of their own within a store."""

from __future__ import annotations

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._errors import InvalidKeyError, KeyNotFoundError
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, needs, raises, scenario


class PartsContract(Contract):
    """Namespaces."""

    @scenario
    async def test_namespaces_do_not_see_each_other(self, store: StorageProvider) -> None:
        one, other = store.namespace("one"), store.namespace("other")
        await one.set("a", 1)
        await other.set_many({"a": 2, "b": 3})
        await store.set("a", 0)

        assert await one.get("a") == 1
        assert await one.get_many(["a", "b"]) == {"a": 1}
        assert await one.keys() == ["a"]
        assert await other.keys("?") == ["a", "b"]
        assert [pair async for pair in other.items()] == [("a", 2), ("b", 3)]
        assert await one.delete("b") is False
        assert not await one.exists("b")
        with raises(KeyNotFoundError) as caught:
            await one.get("b")
        assert caught.error.key == "b"

    @scenario
    async def test_clear_ends_at_the_boundary_of_a_namespace(self, store: StorageProvider) -> None:
        names = ["user", "users", "user-archive", "us*", "use?", "[u]ser", "User"]
        for name in names:
            await store.namespace(name).set("k", name)
        await store.set("user", "root")

        for name in ("user", "us*", "use?", "[u]ser"):
            part = store.namespace(name)
            assert await part.keys("*") == ["k"]
            await part.clear()
            assert await part.keys() == []

        left = ["User:k", "user", "user-archive:k", "users:k"]
        assert await store.keys() == left

    @scenario
    async def test_namespaces_nest(self, store: StorageProvider) -> None:
        inner = store.namespace("a").namespace("b")
        await inner.set("k", 1)

        assert await store.namespace("a").get("b:k") == 1
        assert await store.keys() == ["a:b:k"]
        assert await inner.keys("k*") == ["k"]

    @scenario
    async def test_a_name_that_would_lie_in_another_namespace_is_refused(
        self, store: StorageProvider
    ) -> None:
        for name in ("", "a:b", ":"):
            with raises(InvalidKeyError):
                store.namespace(name)

    @scenario
    async def test_scans_of_a_namespace_go_page_by_page(self, store: StorageProvider) -> None:
        part = store.namespace("a")
        await part.set_many({f"k{number}": number for number in range(5)})
        await store.set("a", 1)
        await store.set("b", 1)

        page = await part.scan(limit=3)
        rest = await part.scan(cursor=page.cursor, limit=3)

        assert [*page.entries, *rest.entries] == ["k0", "k1", "k2", "k3", "k4"]
        assert rest.cursor is None

    @needs(Capability.VERSIONS | Capability.TRANSACTIONS)
    async def test_a_namespace_can_do_what_its_store_can(self, store: StorageProvider) -> None:
        part = store.namespace("a")
        assert await part.increment("n") == 1
        assert await part.update("n", lambda value: value + 1) == 2
        async with part.transaction() as tx:
            await tx.set("n", await tx.get("n") + 1)

        assert await store.keys() == ["a:n"]
        assert (await part.get_entry("n")).value == 3

    @needs(Capability.WATCH)
    async def test_a_watch_of_a_namespace_tells_its_keys(self, store: StorageProvider) -> None:
        import asyncio

        part = store.namespace("a").namespace("b")
        async with part.watch("k") as watch:
            await store.set("k", 1)
            await part.set("k1", 1)

            async with asyncio.timeout(10):
                assert (await anext(watch)).key == "k1"
