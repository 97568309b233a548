"""Providers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import did_you_mean, register_closer

from ._errors import ProviderNameError, UnknownProviderError
from ._provider import StorageProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_ORDER = 700  # after pools and caches, before telemetry and logs


class StorageProviderRegistry:
    """Some providers, each under its name.  All steps are single ones on a dict, so there is no lock.

    Examples:
        >>> from pepperpy.infra.storage import MemoryStorageProvider
        >>> registry = StorageProviderRegistry()
        >>> registry.register(MemoryStorageProvider("sessions"))
        >>> registry.list()
        ['sessions']
    """

    def __init__(self) -> None:
        self._providers: dict[str, StorageProvider] = {}
        self._withdraw: Callable[[], None] | None = None

    def register(self, provider: StorageProvider) -> None:
        """Let *provider* be found by its name; `run_closers` disconnects it.

        Raises:
            ProviderNameError: If another provider has the name.
            TypeError: If it is no provider.
        """
        given: Any = provider
        if not isinstance(given, StorageProvider):
            raise TypeError(f"a StorageProvider is registered; got {type(given).__name__}")
        name: Any = provider.name
        if not isinstance(name, str) or not name:
            raise ProviderNameError(
                f"a provider needs a name of at least one character; got {name!r}", name=name
            )
        if self._providers.setdefault(name, provider) is not provider:
            raise ProviderNameError(
                f"a provider named {name!r} is registered already; unregister it first, "
                "or choose another name",
                name=name,
            )
        self.closes()

    def closes(self) -> None:
        """Have the providers disconnected when the program is shut down in order."""
        if self._withdraw is None:
            self._withdraw = register_closer(_ORDER, self._close)

    async def connect_all(self) -> None:
        """Connect every provider; those that were disconnected connect again.

        Raises:
            StorageConnectionError: If one cannot be connected; an `ExceptionGroup` if several
                cannot.  The others are connected then.
        """
        self.closes()
        await _all((each.connect() for each in [*self._providers.values()]), "connected")

    def unregister(self, name: str) -> StorageProvider:
        """Forget the provider of this name, and return it; whether it is connected does not change.

        Raises:
            UnknownProviderError: If there is none; it is a `KeyError`.
        """
        provider = self.get(name)
        self._providers.pop(name, None)
        return provider

    def get(self, name: str) -> StorageProvider:
        """The provider of this name.

        Raises:
            UnknownProviderError: If there is none; the message has the nearest, or all there are.
        """
        try:
            return self._providers[name]
        except (KeyError, TypeError):
            known = tuple(sorted(self._providers))
            hint = did_you_mean(name, known)
            raise UnknownProviderError(
                f"no storage provider named {name!r} is registered; {hint}", name=name, known=known
            ) from None

    def list(self) -> list[str]:
        """The names, oldest first."""
        return [*self._providers]

    def clear(self) -> None:
        """Forget all of them, as they are."""
        self._providers.clear()

    async def _close(self) -> None:
        self._withdraw = None
        await _all((each.disconnect() for each in [*self._providers.values()]), "disconnected")


async def _all(steps: Iterable[Awaitable[None]], what: str) -> None:
    failures: list[Exception] = []
    for step in steps:
        try:
            await step
        except Exception as error:  # noqa: BLE001 - the others have their turn; raised below
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise ExceptionGroup(f"some storage providers could not be {what}", failures)
