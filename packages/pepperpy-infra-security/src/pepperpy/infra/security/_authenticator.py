"""From what somebody presents to who they are; every way to fail costs the same."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Enum
from typing import Final, NamedTuple

from pepperpy.infra.utils import Clock

from ._errors import AuthenticationError
from ._identity import Credential, Identity
from ._keys import MAX_LENGTH, Hasher, KeyHash, claimed_id, is_well_formed
from ._lockout import Failures, Lockout
from ._records import CredentialRecord, IdentityRecord
from ._stores import CredentialStore, IdentityStore

REFUSED: Final = "authentication failed: the credential is unknown, wrong or no longer valid"


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


class Authenticator(ABC):
    """Tells who presents a credential; derive from it for other kinds of proof."""

    @abstractmethod
    def authenticate(self, credential: Credential) -> Identity:
        """The identity whose credential it is; a manager looks at its ``id`` alone.

        Raises:
            AuthenticationError: If it is nobody's.
        """


class ApiKeyAuthenticator(Authenticator):
    """Knows API keys by their hashes.

    Args:
        credential_store: Where the records of keys are.
        identity_store: Where those of identities are.
        hasher: Hashes keys; by default without a pepper.
        lockout: When to refuse a key that was presented wrongly too often; None for never.
        clock: The system's by default.
    """

    def __init__(
        self,
        credential_store: CredentialStore,
        identity_store: IdentityStore,
        *,
        hasher: Hasher | None = None,
        lockout: Lockout | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._credentials = credential_store
        self._identities = identity_store
        self._hasher = hasher or Hasher()
        self._clock = clock or Clock()
        self.failures: Failures = Failures(lockout)
        # What an unknown id is compared with, so that it costs what a known one costs.
        self._nobodys = KeyHash(self._hasher.current, bytes(32))

    def authenticate(self, credential: Credential) -> Identity:
        outcome = self.verify(credential.key)
        del credential  # a traceback holds this frame
        if outcome.failure is not None or outcome.identity is None:
            raise AuthenticationError(REFUSED)
        record = outcome.identity
        return Identity(
            record.id, record.name, (), record.permissions.levels(), None, record.created_at
        )

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
            self.failures.clear(who, self._clock.monotonic)
            return Outcome(None, record, identity, self._rehash(record, text))
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

    def _rehash(self, record: CredentialRecord, text: str) -> CredentialRecord | None:
        if record.hash.scheme == self._hasher.current:
            return None
        return replace(record, hash=self._hasher.new(text))
