"""Several keys change together or not at all."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._entry import Put
from pepperpy.infra.storage._errors import (
    ConflictError,
    InvalidKeyError,
    InvalidOptionError,
    InvalidValueError,
    KeyNotFoundError,
    StorageError,
    VersionMismatchError,
)
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, needs, raises

_TRANSACTIONS = needs(Capability.TRANSACTIONS | Capability.VERSIONS)


class TransactionsContract(Contract):
    """Transactions."""

    @_TRANSACTIONS
    async def test_a_transaction_writes_all_at_its_end(self, store: StorageProvider) -> None:
        await store.set_many({"from": 100, "old": 1})

        async with store.transaction() as tx:
            await tx.set("from", await tx.get("from") - 30)
            await tx.set("to", await tx.get("to", 0) + 30)
            await tx.delete("old")
            assert await store.get_many(["from", "to", "old"]) == {"from": 100, "old": 1}

        assert await store.get_many(["from", "to", "old"]) == {"from": 70, "to": 30}
        assert tx.versions["to"] == (await store.get_entry("to")).version

    @_TRANSACTIONS
    async def test_an_error_in_the_block_writes_nothing(self, store: StorageProvider) -> None:
        await store.set("a", 1)

        with raises(RuntimeError):
            async with store.transaction() as tx:
                await tx.set("a", 2)
                await tx.set("b", 2)
                raise RuntimeError("no")

        assert await store.keys() == ["a"]
        assert await store.get("a") == 1

    @_TRANSACTIONS
    async def test_a_block_sees_what_it_wrote_itself(self, store: StorageProvider) -> None:
        await store.set("a", {"n": 1})

        async with store.transaction() as tx:
            value = {"n": 2}
            await tx.set("a", value)
            value["n"] = 3
            (await tx.get("a"))["n"] = 4
            assert await tx.get("a") == {"n": 2}
            await tx.delete("a")
            assert await tx.exists("a") is False
            assert await tx.get("a", None) is None
            with raises(KeyNotFoundError):
                await tx.get("a")
            await tx.set("b", 1)
            assert await tx.get_many(["a", "b", "c"]) == {"b": 1}

        assert await store.keys() == ["b"]

    @_TRANSACTIONS
    async def test_what_was_read_and_changed_meanwhile_is_a_conflict(
        self, store: StorageProvider
    ) -> None:
        for change in (store.set("a", 5), store.delete("a")):
            await store.set("a", 1)
            with raises(ConflictError):
                async with store.transaction() as tx:
                    await tx.set("b", await tx.get("a") + 1)
                    await change
            assert not await store.exists("b")

    @_TRANSACTIONS
    async def test_what_was_read_as_absent_and_came_is_a_conflict(
        self, store: StorageProvider
    ) -> None:
        with raises(VersionMismatchError) as caught:
            async with store.transaction() as tx:
                assert not await tx.exists("a")
                await tx.set("b", 1)
                await store.set("a", 1)

        assert caught.error.expected is None
        assert not await store.exists("b")

    @_TRANSACTIONS
    async def test_a_block_that_only_reads_is_told_of_a_change_too(
        self, store: StorageProvider
    ) -> None:
        await store.set_many({"a": 1, "b": 1})

        with raises(ConflictError):
            async with store.transaction() as tx:
                await tx.get("a")
                await store.set_many({"a": 2, "b": 2})
                await tx.get("b")

    @_TRANSACTIONS
    async def test_money_is_neither_made_nor_lost(self, store: StorageProvider) -> None:
        import asyncio

        await store.set_many({f"account{number}": 100 for number in range(4)})

        async def move(number: int) -> None:
            while True:
                try:
                    async with store.transaction() as tx:
                        giver, taker = f"account{number % 4}", f"account{(number + 1) % 4}"
                        held = await tx.get(giver)
                        await asyncio.sleep(0)
                        await tx.set(giver, held - number)
                        await tx.set(taker, await tx.get(taker) + number)
                except ConflictError:
                    continue
                return

        await asyncio.gather(*(move(number) for number in range(12)))

        held = await store.get_many(await store.keys())
        assert sum(held.values()) == 400
        assert held != dict.fromkeys(held, 100)

    @_TRANSACTIONS
    async def test_a_value_that_is_refused_is_refused_where_it_is_set(
        self, store: StorageProvider
    ) -> None:
        async with store.transaction() as tx:
            with raises(InvalidValueError):
                await tx.set("a", {1, 2})
            await tx.set("b", 1)

        assert await store.keys() == ["b"]

    @_TRANSACTIONS
    async def test_what_is_no_key_is_refused_in_a_block_too(self, store: StorageProvider) -> None:
        wrong: list[Any] = ["", 1, ["a"], "\ud800"]
        async with store.transaction() as tx:
            for key in wrong:
                for use in (tx.get, tx.exists, tx.delete):
                    with raises(InvalidKeyError):
                        await use(key)
            with raises(InvalidKeyError):
                await tx.get_many("abc")

    @_TRANSACTIONS
    async def test_a_transaction_is_used_in_its_block(self, store: StorageProvider) -> None:
        tx = store.transaction()
        with raises(StorageError):
            await tx.set("a", 1)
        async with tx:
            await tx.set("a", 1)
        with raises(StorageError):
            await tx.get("a")

    @needs(Capability.TRANSACTIONS | Capability.VERSIONS | Capability.TTL)
    async def test_transactions_know_ends(self, store: StorageProvider) -> None:
        await store.set("kept", 1, ttl=60)
        async with store.transaction() as tx:
            await tx.set("new", 1, ttl=60)
            await tx.update("kept", lambda value: value + 1)

        await self.elapse(59)
        assert await store.get_many(["new", "kept"]) == {"new": 1, "kept": 2}
        await self.elapse(1)
        assert await store.keys() == []

    @_TRANSACTIONS
    async def test_apply_does_all_or_nothing(self, store: StorageProvider) -> None:
        version = await store.set("a", 1)
        await store.set("b", 1)

        with raises(VersionMismatchError):
            await store.apply({"b": Put(2), "c": Put(2)}, expect={"a": version, "b": None})
        with raises(InvalidValueError):
            await store.apply({"b": Put(2), "c": Put({1})}, expect={"a": version})
        assert await store.get_many(["a", "b", "c"]) == {"a": 1, "b": 1}

        versions = await store.apply({"a": None, "b": Put(2), "x": None}, expect={"a": version})
        assert versions.keys() == {"b"}
        assert await store.get_many(["a", "b", "c"]) == {"b": 2}

    @_TRANSACTIONS
    async def test_apply_refuses_what_is_no_write_and_no_version(
        self, store: StorageProvider
    ) -> None:
        await store.set("a", 1)
        wrong: list[Any] = [{"a": 2}, {"a": Put(2), "b": {"value": 1}}, [("a", Put(2))], None]
        for writes in wrong:
            with raises(InvalidOptionError):
                await store.apply(writes)
        no_version: list[Any] = [{"a": True}, {"a": "1"}, {"a": 0}, {"a": 2**63}, ["a"]]
        for expect in no_version:
            with raises(InvalidOptionError):
                await store.apply({"a": Put(2)}, expect=expect)
        with raises(InvalidKeyError):
            await store.apply({"a": Put(2)}, expect={"": None})

        assert await store.get_many(["a", "b"]) == {"a": 1}

    @_TRANSACTIONS
    async def test_update_in_a_block_takes_both_kinds_of_function_and_copies_the_default(
        self, store: StorageProvider
    ) -> None:
        async def later(value: int) -> int:
            return value + 1

        def change(value: list[int]) -> list[int]:
            value.append(1)
            return value

        await store.set("a", 1)
        default: list[int] = []
        async with store.transaction() as tx:
            await tx.update("a", later)
            await tx.update("b", change, default=default)

        assert await store.get_many(["a", "b"]) == {"a": 2, "b": [1]}
        assert default == []
