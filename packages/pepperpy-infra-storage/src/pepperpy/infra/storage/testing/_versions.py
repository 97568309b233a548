"""Each write has a version, and conditions on it hold whatever else is going on."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._errors import (
    ConflictError,
    InvalidOptionError,
    InvalidValueError,
    KeyExistsError,
    KeyNotFoundError,
    VersionMismatchError,
)
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, needs, raises

_VERSIONS = needs(Capability.VERSIONS)


class VersionsContract(Contract):
    """Versions, compare-and-set, update and increment."""

    @_VERSIONS
    async def test_no_version_of_a_key_is_ever_given_twice(self, store: StorageProvider) -> None:
        versions = [await store.set("a", 1), await store.set("a", 1)]
        await store.delete("a")
        versions.append(await store.set("a", 1))
        await store.clear()
        versions.append(await store.set("a", 1))
        await store.disconnect()
        await store.connect()
        versions.append(await store.set("a", 1))

        assert versions == sorted(set(versions))
        assert (await store.get_entry("a")).version == versions[-1]

    @_VERSIONS
    async def test_if_version_writes_only_over_that_version(self, store: StorageProvider) -> None:
        first = await store.set("a", 1)
        second = await store.set("a", 2, if_version=first)

        with raises(VersionMismatchError) as caught:
            await store.set("a", 3, if_version=first)

        assert (caught.error.expected, caught.error.found) == (first, second)
        assert isinstance(caught.error, ConflictError)
        assert await store.get("a") == 2

    @_VERSIONS
    async def test_if_version_needs_a_key_that_is_there(self, store: StorageProvider) -> None:
        version = await store.set("a", 1)
        await store.delete("a")

        with raises(VersionMismatchError) as caught:
            await store.set("a", 2, if_version=version)

        assert caught.error.found is None
        assert not await store.exists("a")

    @_VERSIONS
    async def test_if_absent_writes_only_where_nothing_is(self, store: StorageProvider) -> None:
        await store.set("a", 1, if_absent=True)

        with raises(KeyExistsError) as caught:
            await store.set("a", 2, if_absent=True)

        assert isinstance(caught.error, ConflictError)
        assert await store.get("a") == 1

    @_VERSIONS
    async def test_one_of_many_who_set_if_absent_wins(self, store: StorageProvider) -> None:
        import asyncio

        tries = [store.set("a", number, if_absent=True) for number in range(16)]
        results = await asyncio.gather(*tries, return_exceptions=True)

        won = [number for number, result in enumerate(results) if isinstance(result, int)]
        assert len(won) == 1
        assert await store.get("a") == won[0]

    @_VERSIONS
    async def test_one_of_many_who_set_if_version_wins(self, store: StorageProvider) -> None:
        import asyncio

        version = await store.set("a", -1)
        tries = [store.set("a", number, if_version=version) for number in range(16)]
        results = await asyncio.gather(*tries, return_exceptions=True)

        won = [number for number, result in enumerate(results) if isinstance(result, int)]
        assert len(won) == 1
        assert await store.get("a") == won[0]

    @_VERSIONS
    async def test_delete_takes_a_condition_too(self, store: StorageProvider) -> None:
        first = await store.set("a", 1)
        second = await store.set("a", 2)

        with raises(VersionMismatchError):
            await store.delete("a", if_version=first)
        assert await store.get("a") == 2
        assert await store.delete("a", if_version=second) is True
        with raises(VersionMismatchError):
            await store.delete("a", if_version=second)

    @_VERSIONS
    async def test_conditions_that_cannot_be_are_refused(self, store: StorageProvider) -> None:
        version = await store.set("a", 1)
        wrong: list[Any] = [0, -1, True, "1", 1.0, b"", 2**63, 2**70]
        for each in wrong:
            with raises(InvalidOptionError):
                await store.set("a", 2, if_version=each)
            with raises(InvalidOptionError):
                await store.delete("a", if_version=each)
        with raises(InvalidOptionError):
            await store.set("a", 2, if_version=version, if_absent=True)

        assert await store.get("a") == 1

    @_VERSIONS
    async def test_update_puts_the_result_in_place(self, store: StorageProvider) -> None:
        await store.set("a", {"n": 1})

        result = await store.update("a", lambda value: {"n": value["n"] + 1})

        assert result == await store.get("a") == {"n": 2}

    @_VERSIONS
    async def test_update_loses_nothing_however_many_do_it(self, store: StorageProvider) -> None:
        import asyncio

        async def add(number: int) -> None:
            async def later(held: list[int]) -> list[int]:
                await asyncio.sleep(0)  # so that others come between
                return [*held, number]

            await store.update("a", later, default=[])

        await asyncio.gather(*(add(number) for number in range(20)))

        assert sorted(await store.get("a")) == list(range(20))

    @_VERSIONS
    async def test_update_of_a_missing_key_needs_a_default(self, store: StorageProvider) -> None:
        with raises(KeyNotFoundError):
            await store.update("a", lambda value: value)

        default: list[int] = []
        assert await store.update("a", lambda held: [*held, 1], default=default) == [1]

        def change(held: list[int]) -> list[int]:
            held.append(1)
            return held

        await store.update("b", change, default=default)
        assert default == []

    @_VERSIONS
    async def test_an_update_that_fails_changes_nothing(self, store: StorageProvider) -> None:
        await store.set("a", {"n": 1})

        def fail(held: dict[str, int]) -> None:
            held["n"] = 2
            raise RuntimeError("no")

        with raises(RuntimeError):
            await store.update("a", fail)
        with raises(InvalidValueError):
            await store.update("a", lambda _: {1, 2})

        assert await store.get("a") == {"n": 1}

    @_VERSIONS
    async def test_a_missing_counter_starts_at_0(self, store: StorageProvider) -> None:
        assert await store.increment("n") == 1
        assert await store.increment("n", 5) == 6
        assert await store.increment("n", by=-10) == -4
        assert await store.increment("zero", 0) == 0
        assert await store.get_many(["n", "zero"]) == {"n": -4, "zero": 0}

    @_VERSIONS
    async def test_increment_loses_nothing_however_many_do_it(self, store: StorageProvider) -> None:
        import asyncio

        totals = await asyncio.gather(*(store.increment("n") for _ in range(50)))

        assert sorted(totals) == list(range(1, 51))
        assert await store.get("n") == 50

    @_VERSIONS
    async def test_counters_are_exact_at_any_size(self, store: StorageProvider) -> None:
        await store.set("n", 2**63 - 1)

        assert await store.increment("n") == 2**63
        assert await store.increment("n", 2**70) == 2**63 + 2**70
        assert await store.get("n") == 2**63 + 2**70

    @_VERSIONS
    async def test_what_is_no_whole_number_is_not_incremented(self, store: StorageProvider) -> None:
        values: list[Any] = [True, 1.0, "1", None, [1], b"1"]
        for value in values:
            await store.set("a", value)
            with raises(InvalidValueError):
                await store.increment("a")
            assert await store.get("a") == value
        wrong: list[Any] = [1.0, True, "1", None]
        for by in wrong:
            with raises(InvalidOptionError):
                await store.increment("n", by)
        assert not await store.exists("n")
