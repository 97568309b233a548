"""How the tests of the contract run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Generic, TypeAlias, TypeVar

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.utils import FakeClock

E = TypeVar("E", bound=BaseException)
Scenario: TypeAlias = Callable[[Any, StorageProvider], Coroutine[Any, Any, None]]


class Contract:
    """What the tests need of the class that is derived for a provider."""

    clock: FakeClock
    """The time, for a provider that takes a clock."""

    def make_provider(self) -> StorageProvider:
        """A provider, not connected, that goes by ``self.clock``.

        It is called once for each test, and what it gives is cleared first.
        """
        raise NotImplementedError("a class for StorageProviderContract needs a make_provider()")

    def begin(self) -> None:
        """Set a time, for the providers of one test."""
        self.clock = FakeClock(wall=2_000_000_000.0)

    async def elapse(self, seconds: float) -> None:
        """Let so much time go by; a provider that goes by a server's clock has to wait for it."""
        self.clock.advance(seconds)


def scenario(test: Scenario) -> Callable[[Contract], None]:
    """A test that is handed a connected and empty provider, in an event loop of its own."""
    return needs(Capability(0))(test)


def needs(capability: Capability) -> Callable[[Scenario], Callable[[Contract], None]]:
    """The same, for providers that can do this."""

    def decorate(test: Scenario) -> Callable[[Contract], None]:
        def run(self: Contract) -> None:
            import asyncio

            self.begin()
            asyncio.run(_connected(self, test, capability))

        run.__name__ = run.__qualname__ = test.__name__
        run.__doc__ = test.__doc__
        return run

    return decorate


async def _connected(case: Contract, test: Scenario, capability: Capability) -> None:
    async with case.make_provider() as provider:
        if capability in provider.capabilities:
            await provider.clear()
            await test(case, provider)


class Caught(Generic[E]):
    """The error that a block raised."""

    error: E


@contextmanager
def raises(kind: type[E]) -> Generator[Caught[E]]:
    """The block must raise such an error."""
    caught: Caught[E] = Caught()
    try:
        yield caught
    except kind as error:
        caught.error = error
        return
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")
