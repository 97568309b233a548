"""The records of one manager: every change goes through here, and what changed is remembered."""

from __future__ import annotations

from itertools import count
from typing import Final, Literal, TypeAlias

from pepperpy.infra.utils import ForkSafeLock

from ._errors import UnknownCredentialError, UnknownIdentityError
from ._records import CredentialRecord, IdentityRecord
from ._stores import CredentialStore, IdentityStore

Kind: TypeAlias = Literal["credential", "identity"]
Which: TypeAlias = tuple[Kind, str]
Record: TypeAlias = CredentialRecord | IdentityRecord

_SHOWN: Final = 40


class Ledger:
    """Two stores, and which of their records are not saved elsewhere yet."""

    def __init__(
        self, credentials: CredentialStore, identities: IdentityStore, *, saved: bool
    ) -> None:
        self.credentials: CredentialStore = credentials
        self.identities: IdentityStore = identities
        self.lock: ForkSafeLock = ForkSafeLock()  # held while records are changed
        self._saved = saved
        self._ticks = count(1)
        # When each record was last changed here, and those whose change is not saved yet.
        self.changed: dict[Which, int] = {}
        self.pending: dict[Which, int] = {}

    def identity(self, identity_id: object) -> IdentityRecord:
        """The record with this id.

        Raises:
            UnknownIdentityError: If there is none.
        """
        # Anything but text may not even be hashed.
        record = self.identities.get_identity(identity_id) if isinstance(identity_id, str) else None
        if record is None:
            raise UnknownIdentityError(f"no identity has the id {shown(identity_id)}")
        return record

    def credential(self, credential_id: object) -> CredentialRecord:
        """The record with this id.

        Raises:
            UnknownCredentialError: If there is none.
        """
        record = (
            self.credentials.get_credential(credential_id)
            if isinstance(credential_id, str)
            else None
        )
        if record is None:
            raise UnknownCredentialError(f"no credential has the id {shown(credential_id)}")
        return record

    def get(self, which: Which) -> Record | None:
        """Any record."""
        kind, name = which
        if kind == "credential":
            return self.credentials.get_credential(name)
        return self.identities.get_identity(name)

    def all_of(self, kind: Kind) -> tuple[Record, ...]:
        """Every record of one kind."""
        if kind == "credential":
            return tuple(self.credentials.credentials())
        return tuple(self.identities.identities())

    def put(self, record: Record, *, mark: bool = True) -> None:
        """Keep *record*, new or in place of the one with its id.

        Args:
            record: Of either kind.
            mark: Whether it is still to be saved.
        """
        with self.lock:
            if isinstance(record, CredentialRecord):
                known = self.credentials.get_credential(record.id) is not None
                keep = (
                    self.credentials.update_credential if known else self.credentials.add_credential
                )
                keep(record)
                self._mark(("credential", record.id), mark)
                return
            known = self.identities.get_identity(record.id) is not None
            (self.identities.update_identity if known else self.identities.add_identity)(record)
            self._mark(("identity", record.id), mark)

    def drop(self, which: Which, *, mark: bool = True) -> None:
        """Forget a record."""
        kind, name = which
        with self.lock:
            if kind == "credential":
                self.credentials.delete_credential(name)
            else:
                self.identities.delete_identity(name)
            self._mark(which, mark)

    def tick(self) -> int:
        """A number greater than that of every change so far."""
        return next(self._ticks)

    def _mark(self, which: Which, mark: bool) -> None:
        if self._saved and mark:
            self.changed[which] = self.pending[which] = self.tick()


def shown(given: object) -> str:
    """An id or a name for a message; whatever is long may be a key."""
    if isinstance(given, str) and len(given) <= _SHOWN:
        return repr(given)
    length = f" of {len(given)} characters" if isinstance(given, str) else ""
    hint = "; give its id" if isinstance(getattr(given, "id", None), str) else ""
    return f"that was given, which is {type(given).__name__}{length}{hint}"
