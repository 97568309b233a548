"""Where records are kept: what a store has to do, and the stores in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ._keys import claimed_id
from ._records import CredentialRecord, IdentityRecord


class CredentialStore(ABC):
    """Keeps the records of credentials; derive from it to keep them elsewhere.

    The methods are plain functions that a manager calls for each key, from any thread: keep an
    answer at hand.  To keep records in a database, give the manager a *storage* instead.
    """

    @abstractmethod
    def add_credential(self, credential: CredentialRecord) -> None:
        """Keep a new record."""

    @abstractmethod
    def get_credential(self, id: str) -> CredentialRecord | None:  # noqa: A002
        """The record with this id; None if there is none."""

    @abstractmethod
    def update_credential(self, credential: CredentialRecord) -> None:
        """Keep this record in place of the one with its id."""

    @abstractmethod
    def delete_credential(self, id: str) -> None:  # noqa: A002
        """Forget the record; nothing happens if there is none."""

    @abstractmethod
    def credentials(self) -> Iterable[CredentialRecord]:
        """All of them, as they are now."""

    def get_credentials_by_key(self, key: str) -> list[CredentialRecord]:
        """The records that *key* claims to be, by the id in it; none is verified."""
        record = self.get_credential(claimed_id(key))
        return [] if record is None else [record]


class IdentityStore(ABC):
    """Keeps the records of identities; derive from it to keep them elsewhere."""

    @abstractmethod
    def add_identity(self, identity: IdentityRecord) -> None:
        """Keep a new record."""

    @abstractmethod
    def get_identity(self, id: str) -> IdentityRecord | None:  # noqa: A002
        """The record with this id; None if there is none."""

    @abstractmethod
    def get_identity_by_name(self, name: str) -> IdentityRecord | None:
        """The record with this name; None if there is none."""

    @abstractmethod
    def update_identity(self, identity: IdentityRecord) -> None:
        """Keep this record in place of the one with its id."""

    @abstractmethod
    def delete_identity(self, id: str) -> None:  # noqa: A002
        """Forget the record; nothing happens if there is none."""

    @abstractmethod
    def identities(self) -> Iterable[IdentityRecord]:
        """All of them, as they are now."""


class MemoryCredentialStore(CredentialStore):
    """Credentials in a dict."""

    def __init__(self) -> None:
        # No lock: each method does one thing to the dict, which threads cannot cut.
        self._records: dict[str, CredentialRecord] = {}

    def add_credential(self, credential: CredentialRecord) -> None:
        self._records[credential.id] = credential

    def get_credential(self, id: str) -> CredentialRecord | None:  # noqa: A002
        return self._records.get(id)

    def update_credential(self, credential: CredentialRecord) -> None:
        self._records[credential.id] = credential

    def delete_credential(self, id: str) -> None:  # noqa: A002
        self._records.pop(id, None)

    def credentials(self) -> Iterable[CredentialRecord]:
        return tuple(self._records.values())


class MemoryIdentityStore(IdentityStore):
    """Identities in a dict, and another one by name."""

    def __init__(self) -> None:
        # No lock, and the name last: who finds the name finds the record.
        self._records: dict[str, IdentityRecord] = {}
        self._ids: dict[str, str] = {}

    def add_identity(self, identity: IdentityRecord) -> None:
        self._records[identity.id] = identity
        self._ids.setdefault(identity.name, identity.id)  # whoever had the name keeps it

    def get_identity(self, id: str) -> IdentityRecord | None:  # noqa: A002
        return self._records.get(id)

    def get_identity_by_name(self, name: str) -> IdentityRecord | None:
        return self._records.get(self._ids.get(name, ""))

    def update_identity(self, identity: IdentityRecord) -> None:
        before = self._records.get(identity.id)
        self._records[identity.id] = identity
        if before is not None and before.name != identity.name:
            self._drop_name(before)
        self._ids.setdefault(identity.name, identity.id)

    def delete_identity(self, id: str) -> None:  # noqa: A002
        record = self._records.pop(id, None)
        if record is not None:
            self._drop_name(record)

    def identities(self) -> Iterable[IdentityRecord]:
        return tuple(self._records.values())

    def _drop_name(self, record: IdentityRecord) -> None:
        if self._ids.get(record.name) == record.id:
            del self._ids[record.name]
