"""Values live until exactly their end, and no method says otherwise."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._entry import Entry
from pepperpy.infra.storage._errors import (
    InvalidOptionError,
    KeyNotFoundError,
    VersionMismatchError,
)
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, needs, raises

_BOTH = Capability.TTL | Capability.VERSIONS


class ExpiryContract(Contract):
    """Expiry."""

    async def _ends(self, store: StorageProvider, key: str, seconds: float) -> None:
        """The key must live for so long from now, and no longer."""
        await self.elapse(seconds - 1)
        assert await store.exists(key), f"{key!r} is gone before its end"
        await self.elapse(1)
        assert not await store.exists(key), f"{key!r} is there after its end"

    @needs(Capability.TTL)
    async def test_a_value_lives_until_exactly_its_ttl(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=60)

        await self._ends(store, "a", 60)

    @needs(Capability.TTL)
    async def test_no_method_finds_what_expired(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=60)
        await store.set("b", 2)
        await self.elapse(60)

        with raises(KeyNotFoundError):
            await store.get("a")
        with raises(KeyNotFoundError):
            await store.get_entry("a")
        assert await store.get("a", default=None) is None
        assert await store.get_many(["a", "b"]) == {"b": 2}
        assert await store.keys() == await store.keys("*") == ["b"]
        assert list((await store.scan()).entries) == ["b"]
        assert [key async for key, _ in store.items()] == ["b"]
        assert await store.delete("a") is False
        assert await store.delete_many(["a"]) == 0

    @needs(_BOTH)
    async def test_what_expired_counts_as_absent_for_writes(self, store: StorageProvider) -> None:
        version = await store.set("a", 1, ttl=60)
        await store.set("n", 5, ttl=60)
        await store.set("b", 5, ttl=60)
        await self.elapse(60)

        assert await store.set("b", 6, if_absent=True) > 0
        with raises(VersionMismatchError) as caught:
            await store.set("a", 2, if_version=version)
        assert caught.error.found is None
        assert await store.increment("n") == 1
        assert await store.set("a", 3, if_absent=True) > version
        with raises(KeyNotFoundError):
            await store.update("gone", lambda value: value)

    @needs(Capability.TTL)
    async def test_a_write_without_ttl_ends_the_old_one(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=60)
        await store.set("a", 2)
        await self.elapse(61)

        assert await store.get("a") == 2

    @needs(Capability.TTL)
    async def test_a_write_with_ttl_begins_it_anew(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=30)
        await self.elapse(20)
        await store.set("a", 2, ttl=60)

        await self._ends(store, "a", 60)

    @needs(Capability.TTL)
    async def test_a_ttl_may_be_a_timedelta_or_a_moment(self, store: StorageProvider) -> None:
        moment = datetime.fromtimestamp(self.clock.time(), UTC) + timedelta(minutes=2)
        await store.set("span", 1, ttl=timedelta(minutes=1))
        await store.set("moment", 1, ttl=moment)

        await self._ends(store, "span", 60)
        await self._ends(store, "moment", 60)

    @needs(Capability.TTL)
    async def test_a_moment_that_is_past_leaves_nothing(self, store: StorageProvider) -> None:
        await store.set("a", 1)
        await store.set("a", 2, ttl=datetime.fromtimestamp(self.clock.time() - 1, UTC))

        assert not await store.exists("a")

    @needs(Capability.TTL)
    async def test_what_is_no_ttl_is_refused_and_nothing_written(
        self, store: StorageProvider
    ) -> None:
        wrong: list[Any] = [
            0, -1, -0.0, math.nan, math.inf, True, "60", b"60", [], timedelta(0), timedelta(seconds=-1),
            datetime(2040, 1, 1), timedelta,  # noqa: DTZ001 - the point
        ]  # fmt: skip
        for ttl in wrong:
            with raises(InvalidOptionError) as caught:
                await store.set("a", 1, ttl=ttl)
            assert caught.error.option == "ttl"
        assert not await store.exists("a")

    @needs(_BOTH)
    async def test_an_entry_tells_when_it_ends_in_utc(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=60)
        await store.set("b", 1)
        now = self.clock.time()

        ends = (await store.get_entry("a")).expires_at

        assert ends is not None
        assert ends.utcoffset() == timedelta(0)
        assert abs(ends.timestamp() - now - 60) < 1
        assert (await store.get_entry("b")).expires_at is None

    @needs(_BOTH)
    async def test_expire_changes_the_end_and_not_the_value(self, store: StorageProvider) -> None:
        version = await store.set("a", {"v": 1}, ttl=30)
        await self.elapse(20)

        assert await store.expire("a", 60) is True
        assert await store.get("a") == {"v": 1}
        assert (await store.get_entry("a")).version > version
        await self._ends(store, "a", 60)
        assert await store.expire("a", 60) is False

    @needs(_BOTH)
    async def test_expire_with_none_lets_it_live(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=30)

        assert await store.expire("a", None) is True

        await self.elapse(31)
        assert await store.get("a") == 1

    @needs(_BOTH)
    async def test_update_and_increment_keep_the_end(self, store: StorageProvider) -> None:
        await store.set("n", 1, ttl=60)
        await store.set("u", 1, ttl=60)

        await self.elapse(20)
        for _ in range(20):
            await store.increment("n")
            await store.update("u", lambda value: value + 1)

        assert await store.get_many(["n", "u"]) == {"n": 21, "u": 21}
        await self.elapse(39)
        assert await store.exists("n")
        assert await store.exists("u")
        await self.elapse(1)
        assert not await store.exists("n")
        assert not await store.exists("u")

    @needs(_BOTH)
    async def test_update_can_give_a_new_end(self, store: StorageProvider) -> None:
        await store.set("a", 1, ttl=30)
        await self.elapse(20)
        await store.update("a", lambda value: value, ttl=60)

        await self._ends(store, "a", 60)

    @needs(_BOTH)
    async def test_the_ttl_of_increment_is_for_new_keys(self, store: StorageProvider) -> None:
        assert await store.increment("n", ttl=60) == 1
        await self.elapse(30)
        assert await store.increment("n", ttl=60) == 2

        await self._ends(store, "n", 30)
        assert await store.increment("n") == 1

    @needs(Capability.TTL)
    async def test_set_many_gives_all_the_same_end(self, store: StorageProvider) -> None:
        await store.set_many({"a": 1, "b": 2}, ttl=60)

        await self.elapse(59)
        assert await store.keys() == ["a", "b"]
        await self.elapse(1)
        assert await store.keys() == []

    @needs(_BOTH)
    async def test_many_writes_of_one_key_with_a_ttl_leave_one_value(
        self, store: StorageProvider
    ) -> None:
        for number in range(300):
            await store.set("a", number, ttl=60)
            await self.elapse(0.001)

        entry: Entry = await store.get_entry("a")
        assert entry.value == 299
        await self.elapse(61)
        assert await store.keys() == []

    @needs(_BOTH)
    async def test_an_end_that_no_calendar_has_is_refused(self, store: StorageProvider) -> None:
        await store.set("a", 1)
        far: list[Any] = [1e12, 1e300, timedelta.max, datetime.max.replace(tzinfo=UTC)]
        for ttl in far:
            with raises(InvalidOptionError):
                await store.set("a", 2, ttl=ttl)
            with raises(InvalidOptionError):
                await store.increment("n", ttl=ttl)
            with raises(InvalidOptionError):
                await store.expire("a", ttl)
        await store.set("b", 1, ttl=timedelta(days=365 * 1000))

        assert list((await store.scan()).entries) == ["a", "b"]
