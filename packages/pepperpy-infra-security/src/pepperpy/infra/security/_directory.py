"""Identities and their keys: made, changed, ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from pepperpy.infra.utils import generate_id

from ._errors import (
    CredentialStateError,
    IdentityExistsError,
    InvalidSettingError,
    UnknownIdentityError,
)
from ._identity import Credential, Identity, Seal, credential_of, identity_of
from ._keys import Hasher, KeyHash, check_prefix, new_key, new_key_id
from ._ledger import Ledger, shown
from ._moments import after, lasting, moment
from ._permissions import Permissions, permissions_of
from ._records import CredentialRecord, IdentityRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from pepperpy.infra.utils import Clock

    from ._audit import Audit
    from ._levels import PermissionLevel
    from ._stores import CredentialStore, IdentityStore

DAY: Final = 86_400.0


class Directory:
    """The records of one manager, and the methods that change them.

    Args:
        saved: Whether changes are noted down for a storage.
    """

    def __init__(
        self,
        credentials: CredentialStore,
        identities: IdentityStore,
        hasher: Hasher,
        audit: Audit,
        clock: Clock,
        *,
        prefix: str,
        saved: bool,
    ) -> None:
        self._credentials = credentials
        self._identities = identities
        self._hasher = hasher
        self._audit = audit
        self._clock = clock
        self._prefix = check_prefix(prefix)
        self._ledger = Ledger(credentials, identities, saved=saved)
        self._owner = object()  # what seals the identities of this manager

    # ---- identities

    def create_identity(
        self,
        name: str,
        permissions: Mapping[str, PermissionLevel] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> Identity:
        """A new identity, which may do what *permissions* say, and nothing by default.

        Args:
            name: Unique in this manager, upper and lower case told apart.
            permissions: Levels by pattern; they are copied.
            metadata: Anything else to keep with it; it is copied.

        Raises:
            IdentityExistsError: If the name is taken; it is a `ValueError`.
            InvalidPermissionError: If a pattern or a level is none.
        """
        given: Any = name
        # A lone surrogate would be refused by every storage, again and again.
        if not isinstance(given, str) or not given or not _has_utf8(given):
            raise InvalidSettingError(f"name must be text; got {name!r}", option="name")
        record = IdentityRecord(
            id=generate_id("identity_"),
            name=str.__str__(name),
            permissions=Permissions({} if permissions is None else permissions),
            created_at=moment(self._clock.time()),
            metadata=_kept(metadata),
        )
        with self._ledger.lock:
            if self._identities.get_identity_by_name(name) is not None:
                raise IdentityExistsError(
                    f"an identity is called {name!r} already; get it with get_identity_by_name()",
                    name=name,
                )
            self._ledger.put(record)
        self._audit.note("identity_created", identity_id=record.id, name=name)
        return self._view(record)

    def get_identity(self, identity_id: str) -> Identity:
        """The identity as it is now.

        Raises:
            UnknownIdentityError: If there is none; it is a `KeyError`.
        """
        return self._view(self._ledger.identity(identity_id))

    def get_identity_by_name(self, name: str) -> Identity:
        """The identity as it is now.

        Raises:
            UnknownIdentityError: If there is none; it is a `KeyError`.
        """
        known: Any = name  # what is no text may not even be hashed
        record = self._identities.get_identity_by_name(name) if isinstance(known, str) else None
        if record is None:
            raise UnknownIdentityError(f"no identity has the name {shown(name)}")
        return self._view(record)

    def list_identities(self) -> list[Identity]:
        """All of them as they are now."""
        return [self._view(record) for record in self._identities.identities()]

    def update_permissions(
        self, identity_id: str, permissions: Mapping[str, PermissionLevel]
    ) -> Identity:
        """Put *permissions* in place of what the identity might do, at once and everywhere.

        Raises:
            UnknownIdentityError: If there is no such identity; it is a `KeyError`.
            InvalidPermissionError: If a pattern or a level is none; nothing is changed then.
        """
        table = Permissions(permissions)
        with self._ledger.lock:
            record = replace(self._ledger.identity(identity_id), permissions=table)
            self._ledger.put(record)
        self._audit.note("permissions_updated", identity_id=record.id, patterns=len(permissions))
        return self._view(record)

    def delete_identity(self, identity_id: str) -> None:
        """Forget the identity and its credentials.

        Raises:
            UnknownIdentityError: If there is no such identity; it is a `KeyError`.
        """
        with self._ledger.lock:
            record = self._ledger.identity(identity_id)
            for credential in self._credentials.credentials():
                if credential.identity_id == record.id:
                    self._ledger.drop(("credential", credential.id))
            self._ledger.drop(("identity", record.id))
        self._audit.note("identity_deleted", identity_id=record.id, name=record.name)

    # ---- keys

    def create_api_key(
        self,
        identity_id: str,
        expires_in: float | timedelta | None = None,
        *,
        scopes: Mapping[str, PermissionLevel] | Iterable[str] | None = None,
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Credential:
        """A new key for an identity: ``credential.key``, shown this once and kept as a hash.

        Args:
            identity_id: Whose key it is.
            expires_in: Seconds or a `timedelta`; None for never.
            scopes: What the key is narrowed to, within what the identity may: patterns, or levels
                by pattern; None for all of it.
            name: What people call it.
            metadata: Anything else to keep with it; it is copied.

        Raises:
            UnknownIdentityError: If there is no such identity; it is a `KeyError`.
            InvalidSettingError: If *expires_in* is no duration, *name* no text or *metadata* no
                mapping.
        """
        now = self._clock.time()
        called: Any = name
        if not isinstance(called, str):
            raise InvalidSettingError(f"name must be text; got {name!r}", option="name")

        def make(key_id: str, kept: KeyHash) -> CredentialRecord:
            return CredentialRecord(
                id=key_id,
                identity_id=self._ledger.identity(identity_id).id,
                hash=kept,
                created_at=moment(now),
                expires_at=None if expires_in is None else after(now, expires_in, "expires_in"),
                scopes=permissions_of(scopes, "scopes"),
                name=str.__str__(name),
                metadata=_kept(metadata),
            )

        return self._issue(make, "key_created")

    def rotate_api_key(
        self,
        credential_id: str,
        *,
        overlap: float | timedelta = DAY,
        expires_in: float | timedelta | None = None,
    ) -> Credential:
        """A new key with the scopes of an old one, which is good for *overlap* longer.

        Args:
            credential_id: The old one.
            overlap: Seconds or a `timedelta`, a day by default; 0 ends the old key at once.
            expires_in: As in `create_api_key`; by default the new key lives as long as the old one
                was meant to live.

        Raises:
            UnknownCredentialError: If there is no such credential; it is a `KeyError`.
            CredentialStateError: If it is revoked or expired: that cannot be undone.
        """
        now = self._clock.time()
        last = after(now, overlap, "overlap")
        if expires_in is not None:
            lasting(expires_in, "expires_in")
        with self._ledger.lock:
            old = self._ledger.credential(credential_id)
            if not self._valid(old):
                raise CredentialStateError(
                    f"the key {old.id!r} is revoked or expired; create a new one", key_id=old.id
                )

            def make(key_id: str, kept: KeyHash) -> CredentialRecord:
                expires_at = _successors_end(old, now, expires_in)
                return replace(
                    old,
                    id=key_id,
                    hash=kept,
                    created_at=moment(now),
                    expires_at=expires_at,
                    lasts=None,
                )

            new = self._issue(make, "key_rotated", old_key_id=old.id)
            ends = last if old.expires_at is None else min(last, old.expires_at)
            self._ledger.put(replace(old, expires_at=ends, lasts=old.life))
        return new

    def revoke_credential(self, credential_id: str) -> None:
        """End a credential at once, and with it what was authenticated by it.

        Revoking it again changes nothing.

        Raises:
            UnknownCredentialError: If there is no such credential; it is a `KeyError`.
        """
        with self._ledger.lock:
            record = self._ledger.credential(credential_id)
            if record.revoked_at is not None:
                return
            record = replace(record, revoked_at=moment(self._clock.time()))
            self._ledger.put(record)
        self._audit.note("key_revoked", key_id=record.id, identity_id=record.identity_id)

    # ---- what both need

    def _issue(
        self, make: Callable[[str, KeyHash], CredentialRecord], event: str, **facts: object
    ) -> Credential:
        with self._ledger.lock:
            key_id = new_key_id()
            while self._credentials.get_credential(key_id) is not None:
                key_id = new_key_id()
            key = new_key(self._prefix, key_id)
            record = make(key_id, self._hasher.new(key))
            credential = credential_of(record, self._clock, key)
            del key
            try:
                self._ledger.put(record)
            except BaseException:
                credential.key = ""  # the traceback holds this frame
                raise
        self._audit.note(event, key_id=record.id, identity_id=record.identity_id, **facts)
        return credential

    def _view(self, record: IdentityRecord, credential: CredentialRecord | None = None) -> Identity:
        return identity_of(Seal(self._owner, record, credential, self._credentials, self._clock))

    def _valid(self, record: CredentialRecord) -> bool:
        return record.revoked_at is None and (
            record.end == math.inf or self._clock.time() < record.end
        )


def _successors_end(
    old: CredentialRecord, now: float, expires_in: float | timedelta | None
) -> datetime | None:
    life = old.life if expires_in is None else expires_in
    return None if life == math.inf else after(now, life, "expires_in")


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kept(metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
    given: Any = {} if metadata is None else metadata
    if not isinstance(given, Mapping):
        raise InvalidSettingError(
            f"metadata must be a mapping; got {type(given).__name__}", option="metadata"
        )
    return MappingProxyType(deepcopy(dict(cast("Mapping[str, Any]", given))))
