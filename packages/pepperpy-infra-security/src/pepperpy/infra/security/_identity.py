"""`Identity` and `Credential`: what a program holds.  Changing them changes nothing in a manager."""

# ruff: noqa: SLF001 - the functions here make what the classes here hide
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, NamedTuple

from pepperpy.infra.utils import Clock

from ._levels import AuthType, PermissionLevel
from ._moments import checked, moment
from ._permissions import Permissions
from ._records import CredentialRecord, IdentityRecord
from ._stores import CredentialStore

_SYSTEM = Clock()


class Credential:
    """Proof of who somebody is: an API key, and what is known of it.

    The plain key is on the credential that `create_api_key` and `rotate_api_key` return, and
    nowhere else; it is in no repr, no comparison and no pickle.  The manager keeps records of its
    own, so that changing this object revives and prolongs nothing.

    Args:
        id: The public part of the key.
        auth_type: What kind of proof it is.
        key: The plain key, or the user's name with `AuthType.BASIC`.
        secret: What goes with *key*, such as a password.
        metadata: Anything else.
        created_at: An aware moment.
        expires_at: An aware moment; None for never.
        identity_id: Whose credential it is.
        name: What people call it.
        revoked_at: An aware moment; None if it is not revoked.
        scopes: What the key is narrowed to; None if it is not.

    Examples:
        >>> Credential(key="pepper_...", auth_type=AuthType.API_KEY)
        Credential(id='', auth_type='api_key', key=***)
    """

    __slots__ = (
        "_clock",
        "auth_type",
        "created_at",
        "expires_at",
        "id",
        "identity_id",
        "key",
        "metadata",
        "name",
        "revoked_at",
        "scopes",
        "secret",
    )

    def __init__(  # noqa: PLR0917 - the order that callers know
        self,
        id: str = "",  # noqa: A002 - its name for everybody
        auth_type: AuthType = AuthType.API_KEY,
        key: str = "",
        secret: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        created_at: datetime | None = None,
        expires_at: datetime | None = None,
        *,
        identity_id: str = "",
        name: str = "",
        revoked_at: datetime | None = None,
        scopes: Mapping[str, PermissionLevel] | None = None,
    ) -> None:
        self._clock: Clock = _SYSTEM
        self.id: str = id
        self.auth_type: AuthType = auth_type
        self.key: str = key
        self.secret: str | None = secret
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.created_at: datetime = checked(created_at, "created_at") or moment(_SYSTEM.time())
        self.expires_at: datetime | None = checked(expires_at, "expires_at")
        self.identity_id: str = identity_id
        self.name: str = name
        self.revoked_at: datetime | None = checked(revoked_at, "revoked_at")
        self.scopes: dict[str, PermissionLevel] | None = None if scopes is None else dict(scopes)

    def is_expired(self) -> bool:
        """Whether its time is over, as this object has it."""
        return self.expires_at is not None and self.expires_at <= moment(self._clock.time())

    def __repr__(self) -> str:
        told = {
            "id": self.id,
            "auth_type": self.auth_type.value,
            "identity_id": self.identity_id,
            "name": self.name,
            "expires_at": self.expires_at and self.expires_at.isoformat(),
            "revoked_at": self.revoked_at and self.revoked_at.isoformat(),
        }
        parts = [f"{name}={value!r}" for name, value in told.items() if value or name == "id"]
        parts += [f"{name}=***" for name in ("key", "secret") if getattr(self, name)]
        return f"Credential({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        # By id: comparing keys would take longer the more of them is right.
        if not isinstance(other, Credential):
            return NotImplemented
        return (self.id, self.auth_type) == (other.id, other.auth_type)

    def __hash__(self) -> int:
        return hash((self.id, self.auth_type))

    def __reduce__(self) -> tuple[Any, ...]:
        positional = (self.id, self.auth_type, "", None, self.metadata, self.created_at)
        named = {
            "identity_id": self.identity_id,
            "name": self.name,
            "revoked_at": self.revoked_at,
            "scopes": self.scopes,
        }
        return _credential, (*positional, self.expires_at), named

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


def _credential(*positional: Any) -> Credential:
    return Credential(*positional)


def credential_of(record: CredentialRecord, clock: Clock, key: str = "") -> Credential:
    """What a program gets to see of *record*, with the plain key if it is new."""
    credential = Credential(
        record.id,
        record.auth_type,
        key,
        None,
        deepcopy(dict(record.metadata)),
        record.created_at,
        record.expires_at,
        identity_id=record.identity_id,
        name=record.name,
        revoked_at=record.revoked_at,
        scopes=None if record.scopes is None else record.scopes.levels(),
    )
    credential._clock = clock
    return credential


class Seal(NamedTuple):
    """What makes an identity that of one manager, and of one credential if it came by one."""

    owner: object
    identity: IdentityRecord
    credential: CredentialRecord | None
    store: CredentialStore
    clock: Clock


class Identity:
    """Somebody who may do something, as the manager knew them at one moment.

    It is a view: `SecurityManager.authorize` looks at the manager's own record and never at what
    stands here, and an identity that no manager made, or that was unpickled, is authorized for
    nothing.

    Args:
        id: Given by the manager.
        name: Unique in a manager.
        credentials: Without their keys.
        permissions: Levels by pattern.
        metadata: Anything else.
        created_at: An aware moment.

    Examples:
        >>> Identity("i-1", "ann")
        Identity(id='i-1', name='ann')
    """

    __slots__ = (
        "__weakref__",
        "_credentials",
        "_metadata",
        "_permissions",
        "_seal",
        "created_at",
        "id",
        "name",
    )

    def __init__(  # noqa: PLR0917 - the order that callers know
        self,
        id: str,  # noqa: A002 - its name for everybody
        name: str = "",
        credentials: Iterable[Credential] = (),
        permissions: Mapping[str, PermissionLevel] | None = None,
        metadata: Mapping[str, Any] | None = None,
        created_at: datetime | None = None,
    ) -> None:
        self._seal: Seal | None = None
        self.id: str = id
        self.name: str = name
        self._credentials: list[Credential] | None = list(credentials)
        self._permissions: dict[str, PermissionLevel] | None = dict(permissions or {})
        self._metadata: dict[str, Any] | None = dict(metadata or {})
        self.created_at: datetime = checked(created_at, "created_at") or moment(_SYSTEM.time())

    # These are copied when somebody looks: most identities are only asked about.

    @property
    def permissions(self) -> dict[str, PermissionLevel]:
        """Levels by pattern, as they were."""
        if self._permissions is None:
            self._permissions = self._seal.identity.permissions.levels() if self._seal else {}
        return self._permissions

    @property
    def metadata(self) -> dict[str, Any]:
        """What was given when it was created."""
        if self._metadata is None:
            self._metadata = deepcopy(dict(self._seal.identity.metadata)) if self._seal else {}
        return self._metadata

    @property
    def credentials(self) -> list[Credential]:
        """Its credentials when this is first looked at, the revoked and expired ones included."""
        if self._credentials is None:
            self._credentials = _credentials_of(self._seal) if self._seal else []
        return self._credentials

    @property
    def credential_id(self) -> str | None:
        """The credential that it was authenticated by; None if it was by none."""
        return self._seal.credential.id if self._seal and self._seal.credential else None

    def has_permission(self, resource: str, level: PermissionLevel) -> bool:
        """Whether this view gives *level*; `SecurityManager.authorize` is what decides."""
        given: Any = resource
        if not isinstance(given, str):
            return False
        tables = [Permissions(self.permissions)]
        if self._seal and self._seal.credential and self._seal.credential.scopes is not None:
            tables.append(self._seal.credential.scopes)
        return all(
            (rule := table.deciding(resource, level)) is not None
            and PermissionLevel.NONE < level <= rule.level
            for table in tables
        )

    def __repr__(self) -> str:
        return f"Identity(id={self.id!r}, name={self.name!r})"

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Identity) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the seal: what comes from outside was made by nobody knows whom.
        views = (self.credentials, self.permissions, self.metadata, self.created_at)
        return Identity, (self.id, self.name, *views)


def _credentials_of(seal: Seal) -> list[Credential]:
    return [
        credential_of(record, seal.clock)
        for record in seal.store.credentials()
        if record.identity_id == seal.identity.id
    ]


def identity_of(seal: Seal) -> Identity:
    """What a program gets to see of a record; quick, since each authentication does it."""
    identity: Identity = object.__new__(Identity)
    record = seal.identity
    identity._seal = seal
    identity.id = record.id
    identity.name = record.name
    identity.created_at = record.created_at
    identity._permissions = identity._metadata = identity._credentials = None
    return identity


def seal_of(identity: object) -> Seal | None:
    """The seal of an identity; None for everything that no manager made."""
    return identity._seal if isinstance(identity, Identity) else None
