"""Who asks, by their API key, and what they may do: all of it through `pepperpy.infra.security`."""

from __future__ import annotations

import time
from pathlib import Path

from errors import (
    ForbiddenError,
    StoreUnavailableError,
    UnauthenticatedError,
    UnknownKeyError,
)
from guard import UNREACHABLE, guard
from names import AUDIT
from settings import gateway_settings
from starlette.requests import Request

from pepperpy.infra import (
    FileStorageProvider,
    Identity,
    PermissionLevel,
    SecurityManager,
    StorageProvider,
)
from pepperpy.infra.security import AuthenticationError, UnknownCredentialError

PREFIX = "gateway"
"""What our keys begin with, so that one that was found somewhere can be told."""


def key_storage(file: Path) -> FileStorageProvider:
    """Where identities and the hashes of their keys are.

    With the durability "full": a key that was revoked must not come back with a power cut.  Nothing is
    written here while requests are answered, so nobody waits for the disk.
    """
    return FileStorageProvider("keys", file, durability="full")


def security_manager(storage: StorageProvider) -> SecurityManager:
    """A manager of what is in *storage*; its audit goes to log and telemetry by itself."""
    return SecurityManager(storage=storage, prefix=PREFIX, name=AUDIT)


class Access:
    """Lets pass whom the manager knows, and only to what they may."""

    def __init__(self, storage: StorageProvider) -> None:
        self.storage = storage
        self._manager = security_manager(storage)
        self._guard = guard("keys.store")
        self._heard = time.monotonic()  # of the storage, last

    async def begin(self) -> None:
        """Learn all keys, for a time when the storage cannot be asked."""
        await self._manager.load()
        self._heard = time.monotonic()

    async def identify(self, request: Request) -> Identity:
        """Whose key it is that a request shows, as `Authorization: Bearer <key>`.

        Raises:
            UnauthenticatedError: If it shows none, or one that is no good.  It does not say which; the
                audit does.
            StoreUnavailableError: If the storage could not be asked for too long.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        shown = key if scheme.lower() == "bearer" else ""
        source = request.client.host if request.client else None
        try:
            return await self._who(shown, source)
        except AuthenticationError:
            raise UnauthenticatedError("show a good API key: Authorization: Bearer <key>") from None

    async def _who(self, shown: str, source: str | None) -> Identity:
        """By what the storage has now: a key that somebody revoked a moment ago is refused.

        While it cannot be asked, by what it said before, and that not for long.
        """
        asked = time.monotonic()
        try:
            async with self._guard:
                who = await self._manager.aauthenticate(shown, source=source)
        except AuthenticationError:
            self._heard = asked
            raise
        except UNREACHABLE as error:
            if asked - self._heard > gateway_settings().trust_keys:
                raise StoreUnavailableError("who you are cannot be found out now") from error
            return self._manager.authenticate(shown, source=source)
        self._heard = asked
        return who

    async def revoke(self, key_id: str) -> None:
        """End a key: when this returns, every gateway that asks the storage refuses it.

        Raises:
            UnknownKeyError: If there is none with this id.
            StoreUnavailableError: If the storage does not have it; only this process refuses it then.
        """
        try:
            await self._manager.load()
            await self._manager.arevoke_credential(key_id)
        except UnknownCredentialError:
            raise UnknownKeyError("there is no key with this id") from None
        except UNREACHABLE as error:
            raise StoreUnavailableError(f"the key is not ended: {error}") from error

    def require(self, who: Identity, resource: str, level: PermissionLevel) -> None:
        """Do nothing if *who* may use *resource* at *level*.

        Raises:
            ForbiddenError: If not.  Which pattern decided is told to the audit alone.
        """
        if not self._manager.authorize(who, resource, level):
            raise ForbiddenError(f"{who.name} may not {level.name} {resource}")


def zone_resource(zone: str) -> str:
    """What a zone is called among resources, so that `zones:Asia:*` is all of a part of the world."""
    return f"zones:{zone.replace('/', ':')}"
