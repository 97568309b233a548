"""Who is it, and may they?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ._authenticator import REFUSED, Authenticator, forget
from ._authorizer import Authorizer, Decision, Reason, SimpleAuthorizer, decide
from ._directory import Directory
from ._errors import AuthenticationError, AuthorizationError
from ._identity import Credential, Identity, seal_of
from ._levels import AuthType, PermissionLevel
from ._permissions import EVERYTHING, Rule, check_level
from ._verifier import Failure, KeyVerifier, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pepperpy.infra.utils import Clock

    from ._audit import Audit
    from ._keys import Hasher
    from ._lockout import Lockout
    from ._records import CredentialRecord
    from ._stores import CredentialStore, IdentityStore


class Gate(Directory):
    """Lets those through whom the directory knows.

    Args:
        authenticators: For whatever kinds of credentials the directory is not asked about.
        authorizer: Decides in place of the permissions in the directory.
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
        lockout: Lockout | None,
        authenticators: Mapping[AuthType, Authenticator],
        authorizer: Authorizer | None,
    ) -> None:
        super().__init__(credentials, identities, hasher, audit, clock, prefix=prefix, saved=saved)
        self._keys = KeyVerifier(credentials, identities, hasher, lockout, clock)
        self._others = authenticators
        # What the simple one would say is what the tables say, without a view being made for it.
        self._authorizer = None if type(authorizer) is SimpleAuthorizer else authorizer

    # ---- who is it?

    def authenticate(self, credential: Credential | str, *, source: str | None = None) -> Identity:
        """The identity whose credential it is.

        Args:
            credential: A credential, or the text of a key, which counts as it stands.
            source: Where it came from, such as the client's address: failures are then counted for
                the key and this source, so that nobody else is locked out.

        Raises:
            AuthenticationError: If it is nobody's, expired, revoked or locked out; which of them
                is told to the audit alone.
        """
        try:
            outcome = self._verify(credential, source)
        except BaseException as error:  # a store or another authenticator failed
            forget(error)
            raise
        finally:
            del credential  # a traceback holds this frame, and tools show its variables
        if outcome.failure is not None or outcome.identity is None:
            raise AuthenticationError(REFUSED)
        return self._view(outcome.identity, outcome.credential)

    def _verify(self, credential: object, source: str | None) -> Outcome:
        kind = AuthType.API_KEY
        if isinstance(credential, Credential):
            kind = credential.auth_type
        if kind is AuthType.API_KEY and kind not in self._others:
            key = credential.key if isinstance(credential, Credential) else credential
            outcome = self._keys.verify(key, source)
        else:
            outcome = self._ask_other(kind, credential)
        if outcome.rehashed is not None:
            self._rehash(outcome.rehashed)
        self._audit.authentication(outcome, kind, source)
        return outcome

    def _ask_other(self, kind: AuthType, presented: object) -> Outcome:
        other = self._others.get(kind)
        credential = Credential(key=presented) if isinstance(presented, str) else presented
        if other is None or not isinstance(credential, Credential):
            return Outcome(Failure.REJECTED)
        try:
            found: Any = other.authenticate(credential)
        except AuthenticationError:
            # Not its cause either: the frames of that error hold what was presented.
            return Outcome(Failure.REJECTED)
        if not isinstance(found, Identity):
            return Outcome(Failure.REJECTED)
        record = self._identities.get_identity(found.id)
        return Outcome(Failure.UNKNOWN if record is None else None, None, record)

    def _rehash(self, record: CredentialRecord) -> None:
        with self._ledger.lock:
            now = self._credentials.get_credential(record.id)
            if now is None:
                return
            self._ledger.put(replace(now, hash=record.hash))
        self._audit.note("key_rehashed", key_id=record.id)

    # ---- may they?

    def authorize(self, identity: Identity | None, resource: str, level: PermissionLevel) -> bool:
        """Whether *identity* may use *resource* at *level*.

        What decides is the manager's record of the identity, and of the key that it came by: it
        must still be good, and its scopes must cover the resource.  An identity of another
        manager, an object that somebody made, and None may do nothing.

        Raises:
            InvalidPermissionError: If *level* is none; it is a `TypeError`.
        """
        if self._authorizer is None and not self._audit.hears:
            return self._decide(identity, resource, level)[0] is Reason.GRANTED
        return bool(self.explain(identity, resource, level))

    def explain(self, identity: Identity | None, resource: str, level: PermissionLevel) -> Decision:
        """What `authorize` says, and why; the answer is true where that one is.

        Raises:
            InvalidPermissionError: If *level* is none; it is a `TypeError`.
        """
        reason, rule = self._decide(identity, resource, level)
        decision = Decision(
            reason is Reason.GRANTED,
            reason,
            resource,
            level,
            rule.pattern if rule else None,
            rule.level if rule else None,
        )
        if self._authorizer is not None:
            decision = self._asked(self._authorizer, identity, decision)
        self._audit.decision(decision, identity)
        return decision

    def require(self, identity: Identity | None, resource: str, level: PermissionLevel) -> None:
        """Do nothing if *identity* may use *resource* at *level*.

        Raises:
            AuthorizationError: If it may not; it is a `PermissionError`.
        """
        decision = self.explain(identity, resource, level)
        if not decision:
            raise AuthorizationError(str(decision), decision=decision)

    def _decide(
        self, identity: object, resource: object, level: PermissionLevel
    ) -> tuple[Reason, Rule | None]:
        if type(level) is not PermissionLevel:
            check_level(level, resource)
        seal = seal_of(identity)
        if seal is None or seal.owner is not self._owner:
            return Reason.UNKNOWN_IDENTITY, None
        record = self._identities.get_identity(seal.identity.id)
        if record is None:
            return Reason.UNKNOWN_IDENTITY, None
        # Another authorizer decides in place of the identity's permissions alone.
        permissions = record.permissions if self._authorizer is None else EVERYTHING
        if seal.credential is None:
            return decide(permissions, None, resource, level)
        credential = self._credentials.get_credential(seal.credential.id)
        if credential is None or not self._valid(credential):
            return Reason.CREDENTIAL_INVALID, None
        return decide(permissions, credential.scopes, resource, level)

    def _asked(self, authorizer: Authorizer, identity: object, decision: Decision) -> Decision:
        seal = seal_of(identity)
        if seal is None or not decision:
            return decision
        record = self._identities.get_identity(seal.identity.id)
        if record is None:  # deleted just now
            return replace(decision, allowed=False, reason=Reason.UNKNOWN_IDENTITY)
        known = self._view(record, seal.credential)
        # Nothing but True is a grant.
        allowed = authorizer.authorize(known, str(decision.resource), decision.level) is True
        return Decision(allowed, Reason.BY_AUTHORIZER, decision.resource, decision.level)
