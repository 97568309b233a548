"""What is kept of an identity and of a credential.  Records never change; new ones replace them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ._keys import KeyHash
from ._levels import AuthType, PermissionLevel
from ._permissions import Permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRecord:
    """What a store keeps of somebody who may do something."""

    id: str
    name: str
    permissions: Permissions = field(repr=False)
    created_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return {
            "v": 1,
            "id": self.id,
            "name": self.name,
            "permissions": _levels_out(self.permissions),
            "created_at": self.created_at.isoformat(),
            "metadata": dict(self.metadata),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> IdentityRecord:
        """What `to_dict` gave."""
        _check_version(data)
        return cls(
            id=_text_in(data["id"]),
            name=_text_in(data["name"]),
            permissions=_levels_in(data["permissions"]),
            created_at=_moment_in(data["created_at"]),
            metadata=MappingProxyType(dict(data["metadata"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRecord:
    """What a store keeps of a credential: a hash, never the key."""

    id: str
    identity_id: str
    hash: KeyHash = field(repr=False)
    created_at: datetime
    auth_type: AuthType = AuthType.API_KEY
    name: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    lasts: float | None = None
    """For how many seconds it was meant to be good, infinite for ever, if a rotation took from that."""
    scopes: Permissions | None = field(default=None, repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    end: float = field(init=False, repr=False, compare=False)
    """When it expires, in seconds since 1970; infinite for never."""

    def __post_init__(self) -> None:
        end = math.inf if self.expires_at is None else self.expires_at.timestamp()
        object.__setattr__(self, "end", end)

    @property
    def life(self) -> float:
        """For how many seconds it was meant to be good when it was made; infinite for ever."""
        if self.lasts is not None:
            return self.lasts
        return (
            math.inf
            if self.expires_at is None
            else (self.expires_at - self.created_at).total_seconds()
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return {
            "v": 1,
            "id": self.id,
            "identity_id": self.identity_id,
            "hash": self.hash.to_text(),
            "auth_type": self.auth_type.value,
            "name": self.name,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at and self.expires_at.isoformat(),
            "revoked_at": self.revoked_at and self.revoked_at.isoformat(),
            "lasts": None if self.lasts is None else str(self.lasts),  # JSON has no infinity
            "scopes": None if self.scopes is None else _levels_out(self.scopes),
            "metadata": dict(self.metadata),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CredentialRecord:
        """What `to_dict` gave."""
        _check_version(data)
        scopes = data["scopes"]
        return cls(
            id=_text_in(data["id"]),
            identity_id=_text_in(data["identity_id"]),
            hash=KeyHash.from_text(data["hash"]),
            auth_type=AuthType(data["auth_type"]),
            name=_text_in(data["name"]),
            created_at=_moment_in(data["created_at"]),
            expires_at=_end_in(data["expires_at"]),
            revoked_at=_end_in(data["revoked_at"]),
            lasts=None if data["lasts"] is None else _life_in(data["lasts"]),
            scopes=None if scopes is None else _levels_in(scopes),
            metadata=MappingProxyType(dict(data["metadata"])),
        )


def _check_version(data: Mapping[str, Any]) -> None:
    if data["v"] != 1:
        raise ValueError(f"the record has version {data['v']!r}; known is 1")


def _levels_out(permissions: Permissions) -> dict[str, int]:
    return {pattern: int(level) for pattern, level in permissions.levels().items()}


def _levels_in(levels: Mapping[str, int]) -> Permissions:
    return Permissions({pattern: PermissionLevel(level) for pattern, level in levels.items()})


def _text_in(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is expected, not {type(value).__name__}")
    return value


def _life_in(text: object) -> float:
    seconds = float(_text_in(text))
    if not seconds >= 0:  # nor NaN
        raise ValueError("a life is 0 seconds at least")
    return seconds


def _end_in(text: str | None) -> datetime | None:
    return None if text is None else _moment_in(text)


def _moment_in(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    if read.utcoffset() is None:
        raise ValueError(f"a stored moment has no offset: {text!r}")
    return read.astimezone(UTC)
