"""A provider of a user's own needs the nine methods, and the contract proves it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from pepperpy.infra.storage import (
    MISSING,
    TTL,
    Capability,
    ConflictError,
    Entry,
    KeyExistsError,
    KeyNotFoundError,
    MemoryStorageProvider,
    StorageConnectionError,
    StorageProvider,
    StorageType,
    UnsupportedError,
    VersionMismatchError,
)
from pepperpy.infra.storage.providers import (
    check_condition,
    check_key,
    check_ttl,
    decode_value,
    encode_value,
    key_matcher,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import Clock


class DictProvider(StorageProvider):
    """The nine methods, and nothing else."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.connected = False

    @property
    def name(self) -> str:
        return "dict"

    @property
    def storage_type(self) -> StorageType:
        return StorageType.MEMORY

    async def connect(self) -> None:
        self.connected = True

    async def disconnect(self) -> None:
        self.connected = False

    async def is_connected(self) -> bool:
        return self.connected

    async def get(self, key: str, default: Any = MISSING) -> Any:
        self.use()
        data = self.held.get(check_key(key))
        if data is not None:
            return decode_value(data, key, self.name)
        if default is MISSING:
            raise KeyNotFoundError(f"no key {key!r}", key=key, storage=self.name)
        return default

    async def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        self.use()
        self.refuse(Capability.TTL, ttl is not None)
        self.refuse(Capability.VERSIONS, if_version is not None or if_absent)
        self.held[check_key(key)] = encode_value(value)
        return 0

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        self.use()
        self.refuse(Capability.VERSIONS, if_version is not None)
        return self.held.pop(check_key(key), None) is not None

    async def exists(self, key: str) -> bool:
        self.use()
        return check_key(key) in self.held

    async def keys(self, pattern: str | None = None) -> list[str]:
        self.use()
        return sorted(filter(key_matcher(pattern), self.held))

    async def clear(self) -> None:
        self.use()
        self.held.clear()

    def use(self) -> None:
        if not self.connected:
            raise StorageConnectionError("dict is not connected", storage=self.name)

    def refuse(self, capability: Capability, asked: object) -> None:
        if asked:
            raise UnsupportedError(
                f"no {capability.name}", capability=str(capability.name), storage=self.name
            )


class VersionedProvider(DictProvider):
    """With versions and ends; all that follows from them is the base class's."""

    capabilities = Capability.TTL | Capability.VERSIONS

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.entries: dict[str, tuple[int, float | None]] = {}
        self.clock = clock
        self.count = count(1)

    async def get(self, key: str, default: Any = MISSING) -> Any:
        self.forget(key)
        return await super().get(key, default)

    async def get_entry(self, key: str) -> Entry:
        value = await self.get(key)
        version, end = self.entries[key]
        ends = None if end is None else datetime.fromtimestamp(end, UTC)
        return Entry(value, version, ends)

    async def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        check_condition(if_version, if_absent)
        seconds = check_ttl(ttl, self.clock)
        self.expect(key, if_version)
        if if_absent and key in self.held:
            raise KeyExistsError("it is there", key=key, storage=self.name)
        await super().set(key, value)
        end = None if seconds is None else self.clock.time() + seconds
        self.entries[key] = (next(self.count), end)
        return self.entries[key][0]

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        self.expect(key, if_version)
        return await super().delete(key)

    async def exists(self, key: str) -> bool:
        self.forget(key)
        return await super().exists(key)

    async def keys(self, pattern: str | None = None) -> list[str]:
        for key in list(self.held):
            self.forget(key)
        return await super().keys(pattern)

    def expect(self, key: str, version: int | None) -> None:
        self.forget(key)
        found = self.entries[key][0] if key in self.held else None
        if version is not None and found != version:
            raise VersionMismatchError(
                "another version", key=key, storage=self.name, expected=version, found=found
            )

    def forget(self, key: str) -> None:
        check_key(key)
        end = self.entries[key][1] if key in self.held else None
        if end is not None and end <= self.clock.time():
            del self.held[key]


class TestNineMethodsAreEnough(StorageProviderContract):
    def make_provider(self) -> DictProvider:
        return DictProvider()


class TestVersionsAndEndsBringTheRest(StorageProviderContract):
    def make_provider(self) -> VersionedProvider:
        return VersionedProvider(self.clock)


class TestTheContractNotices:
    """What a provider does wrong fails a test of the contract."""

    def test_a_provider_that_hands_out_its_own_objects(self) -> None:
        class Alias(DictProvider):
            async def get(self, key: str, default: Any = MISSING) -> Any:
                self.use()
                return self.objects[key]

            async def set(self, key: str, value: Any, **options: Any) -> int:
                self.objects = getattr(self, "objects", {})
                self.objects[key] = value
                return 0

        self.notices(Alias, "test_get_gives_a_copy_each_time")
        self.notices(Alias, "test_set_takes_a_copy")
        self.notices(
            Alias, "test_what_would_come_back_otherwise_is_refused_and_the_old_value_stays"
        )

    def test_a_provider_that_ignores_what_it_cannot_do(self) -> None:
        class Ignores(DictProvider):
            def refuse(self, capability: Capability, asked: object) -> None:
                pass

        self.notices(Ignores, "test_what_a_store_cannot_do_it_refuses")

    def test_a_provider_that_claims_what_it_cannot_do(self) -> None:
        class Claims(DictProvider):
            capabilities = Capability.WATCH | Capability.TRANSACTIONS | Capability.VERSIONS

        for test in (
            "test_every_watch_is_told",
            "test_a_transaction_writes_all_at_its_end",
            "test_a_missing_counter_starts_at_0",
        ):
            self.notices(Claims, test)

    def test_a_provider_that_takes_keys_for_patterns(self) -> None:
        class Regex(DictProvider):
            async def keys(self, pattern: str | None = None) -> list[str]:
                import re

                self.use()
                return sorted(key for key in self.held if re.match(pattern or "", key))

        self.notices(Regex, "test_globs_match_the_whole_key_as_written")

    def notices(self, provider: type[DictProvider], test: str) -> None:
        class Case(StorageProviderContract):
            def make_provider(self) -> DictProvider:
                return provider()

        with pytest.raises((AssertionError, UnsupportedError, KeyError)):
            getattr(Case(), test)()


@pytest.mark.asyncio
async def test_without_transactions_set_many_checks_all_before_it_writes_any() -> None:
    async with DictProvider() as store:
        with pytest.raises(ValueError, match=r"\$"):
            await store.set_many({"a": 1, "b": {1}})

        assert store.held == {}


@pytest.mark.asyncio
async def test_update_tries_again_when_somebody_was_quicker() -> None:
    class Rival(VersionedProvider):
        rivals = 3

        async def set(self, key: str, value: Any, **options: Any) -> int:
            if options.get("if_version") and self.rivals:
                self.rivals -= 1
                await super().set(key, 100 + self.rivals)
            return await super().set(key, value, **options)

    async with Rival(Clock()) as store:
        await store.set("a", 1)
        seen: list[int] = []

        def add(value: int) -> int:
            seen.append(value)
            return value + 1

        assert await store.update("a", add) == 101
        assert seen == [1, 102, 101, 100]


def test_conflicts_are_one_family() -> None:
    assert issubclass(VersionMismatchError, ConflictError)
    assert issubclass(KeyExistsError, ConflictError)


@pytest.mark.asyncio
async def test_an_update_that_writes_its_own_key_ends() -> None:
    async with MemoryStorageProvider("m") as store:
        await store.set("a", 0)

        async def again(value: int) -> int:
            await store.set("a", value + 1)
            return value + 2

        with pytest.raises(ConflictError, match="if that one writes the key itself"):
            await store.update("a", again)
