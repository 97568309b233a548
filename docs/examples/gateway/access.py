"""Who asks, by their API key, and what they may do: all of it through `pepperpy.infra.security`."""

from __future__ import annotations

from pathlib import Path

from errors import ForbiddenError, UnauthenticatedError
from names import AUDIT
from starlette.requests import Request

from pepperpy.infra import (
    FileStorageProvider,
    Identity,
    PermissionLevel,
    SecurityManager,
    StorageProvider,
)
from pepperpy.infra.security import AuthenticationError

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

    async def identify(self, request: Request) -> Identity:
        """Whose key it is that a request shows, as `Authorization: Bearer <key>`.

        Raises:
            UnauthenticatedError: If it shows none, or one that is no good.  It does not say which; the
                audit does.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        shown = key if scheme.lower() == "bearer" else ""
        source = request.client.host if request.client else None
        try:
            # By what the file has now: a key that somebody revoked a moment ago is refused.
            return await self._manager.aauthenticate(shown, source=source)
        except AuthenticationError:
            raise UnauthenticatedError("show a good API key: Authorization: Bearer <key>") from None

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
