"""A contract that every provider fulfils: derive a test class from it, for a provider of your own.

It needs pytest alone, no plug-in: each test runs an event loop of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from pepperpy.infra.utils import FakeClock

from ._capabilities import Capability
from ._errors import (
    KeyExistsError,
    KeyNotFoundError,
    StorageConnectionError,
    StorageError,
    VersionMismatchError,
)
from ._provider import StorageProvider

__all__ = ["StorageProviderContract"]

_Scenario: TypeAlias = Callable[[Any, StorageProvider], Coroutine[Any, Any, None]]


def _scenario(test: _Scenario) -> Callable[[Any], None]:
    """A test that is handed a connected provider."""

    def run(self: StorageProviderContract) -> None:
        import asyncio

        async def connected() -> None:
            self.clock = FakeClock(wall=2_000_000_000.0)
            async with self.make_provider() as provider:
                await provider.clear()
                await test(self, provider)

        asyncio.run(connected())

    run.__name__ = run.__qualname__ = test.__name__
    run.__doc__ = test.__doc__
    return run


@contextmanager
def _raises(kind: type[BaseException]) -> Iterator[list[BaseException]]:
    """The block must raise such an error, which is put into the list."""
    caught: list[BaseException] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
        return
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


class StorageProviderContract:
    """Tests of what a `StorageProvider` promises; give it a `make_provider`.

    What a provider does not claim in its *capabilities* must raise `UnsupportedError`.
    """

    clock: FakeClock
    """The time, for a provider that takes a clock."""

    def make_provider(self) -> StorageProvider:
        """A new provider, not connected, that goes by ``self.clock``."""
        raise NotImplementedError("derive from StorageProviderContract and make a provider")

    async def elapse(self, seconds: float) -> None:
        """Let so much time go by; a provider with the clock of a server has to wait for it."""
        self.clock.advance(seconds)

    @_scenario
    async def test_a_value_comes_back(self, store: StorageProvider) -> None:
        await store.set("key1", {"value": 42})

        assert await store.get("key1") == {"value": 42}

    @_scenario
    async def test_a_missing_key_is_a_key_error_that_names_it(self, store: StorageProvider) -> None:
        with _raises(KeyNotFoundError) as caught:
            await store.get("nobody")

        assert isinstance(caught[0], KeyError)
        assert "nobody" in str(caught[0])

    @_scenario
    async def test_a_missing_key_gives_the_default(self, store: StorageProvider) -> None:
        assert await store.get("nobody", default=None) is None

    @_scenario
    async def test_what_is_deleted_is_gone(self, store: StorageProvider) -> None:
        await store.set("a", 1)

        assert await store.delete("a") is True
        assert await store.delete("a") is False
        assert await store.exists("a") is False

    @_scenario
    async def test_keys_are_found_by_globs_in_order(self, store: StorageProvider) -> None:
        for key in ("user:2", "user:1", "user:10", "job:1"):
            await store.set(key, key)

        assert await store.keys("user:*") == ["user:1", "user:10", "user:2"]
        assert await store.keys() == ["job:1", "user:1", "user:10", "user:2"]

    @_scenario
    async def test_clear_removes_everything(self, store: StorageProvider) -> None:
        await store.set("a", 1)

        await store.clear()

        assert await store.keys() == []

    @_scenario
    async def test_a_value_lives_until_exactly_its_ttl(self, store: StorageProvider) -> None:
        if Capability.TTL not in store.capabilities:
            return
        await store.set("a", 1, ttl=60)

        await self.elapse(59)
        assert await store.exists("a")
        await self.elapse(1)
        assert not await store.exists("a")

    @_scenario
    async def test_a_write_under_a_condition_is_done_or_refused(
        self, store: StorageProvider
    ) -> None:
        if Capability.VERSIONS not in store.capabilities:
            return
        first = await store.set("a", 1, if_absent=True)
        second = await store.set("a", 2, if_version=first)

        with _raises(KeyExistsError):
            await store.set("a", 3, if_absent=True)
        with _raises(VersionMismatchError):
            await store.set("a", 3, if_version=first)
        assert await store.get("a") == 2
        assert second > first

    @_scenario
    async def test_a_store_that_is_not_connected_says_so(self, store: StorageProvider) -> None:
        await store.disconnect()

        with _raises(StorageConnectionError) as caught:
            await store.get("a")

        assert isinstance(caught[0], StorageError)
        assert isinstance(caught[0], ConnectionError)
        await store.connect()
