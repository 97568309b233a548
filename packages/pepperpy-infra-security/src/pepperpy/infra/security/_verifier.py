"""From the text of a key to whose it is; every way to fail costs the same."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from pepperpy.infra.utils import Clock

from ._keys import MAX_LENGTH, Hasher, KeyHash, claimed_id, is_well_formed
from ._lockout import Failures, Lockout
from ._records import CredentialRecord, IdentityRecord
from ._stores import CredentialStore, IdentityStore


class Failure(Enum):
    """Why an authentication failed: for the audit, not for whoever presented something."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    MISMATCH = "mismatch"
    REVOKED = "revoked"
    EXPIRED = "expired"
    LOCKED = "locked"
    REJECTED = "rejected"
    """Another authenticator said so, or there is none for this kind."""


class Outcome(NamedTuple):
    """What came of an authentication.  It holds nothing of what was presented."""

    failure: Failure | None
    credential: CredentialRecord | None = None
    identity: IdentityRecord | None = None
    rehashed: CredentialRecord | None = None
    """The credential with a hash of the present kind, if the kept one is older."""
    locked_out: bool = False
    """Whether this failure was the one that locked the key."""


class KeyVerifier:
    """Knows the keys of two stores by their hashes."""

    def __init__(
        self,
        credentials: CredentialStore,
        identities: IdentityStore,
        hasher: Hasher,
        lockout: Lockout | None,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._identities = identities
        self._hasher = hasher
        self._clock = clock
        self.failures: Failures = Failures(lockout)
        # What an unknown id is compared with, so that it costs what a known one costs.
        self._nobodys = KeyHash(hasher.current, bytes(32))

    def verify(self, key: object, source: str | None = None) -> Outcome:
        """What is to be said of the text of a key; raises nothing.

        One look-up of each kind, one hash and one comparison, whatever is wrong.
        """
        text = key if isinstance(key, str) else ""
        presented = text[: MAX_LENGTH + 1].encode("utf-8", "surrogatepass")
        record = self._credentials.get_credential(claimed_id(text))
        identity = self._identities.get_identity(record.identity_id if record else "")
        matches = self._hasher.matches(presented, record.hash if record else self._nobodys)
        who = (record.id if record else "", source)
        failure = self._failure(record, matches, who)
        if record is not None and identity is not None and failure is None:
            self.failures.clear(who)
            if record.hash.scheme == self._hasher.current:
                return Outcome(None, record, identity)
            rehashed = replace(record, hash=self._hasher.new(text))
            return Outcome(None, record, identity, rehashed)
        if not is_well_formed(text):  # asked whatever the failure is, for it takes time
            failure = Failure.MALFORMED
        wrong = failure is Failure.MISMATCH or failure is Failure.MALFORMED
        locked_out = wrong and record is not None and self._count(who)
        return Outcome(failure or Failure.UNKNOWN, record, identity, None, locked_out)

    def _failure(
        self, record: CredentialRecord | None, matches: bool, who: tuple[str, str | None]
    ) -> Failure | None:
        if record is None:
            return Failure.UNKNOWN
        if self.failures.locked(who, self._clock.monotonic):
            return Failure.LOCKED
        if not matches:
            return Failure.MISMATCH
        if record.revoked_at is not None:
            return Failure.REVOKED
        expired = record.end != math.inf and self._clock.time() >= record.end
        return Failure.EXPIRED if expired else None

    def _count(self, who: tuple[str, str | None]) -> bool:
        return self.failures.add(who, self._clock.monotonic())
