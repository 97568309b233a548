"""`SecurityManager`: identities, their keys, and what they may do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypedDict, Unpack, cast

from pepperpy.infra.utils import Clock, generate_id, register_inspectable

from ._audit import Audit
from ._authenticator import REFUSED, Authenticator, forget
from ._authorizer import Authorizer, Decision, Reason, SimpleAuthorizer, decide
from ._errors import (
    AuthenticationError,
    AuthorizationError,
    CredentialStateError,
    IdentityExistsError,
    InvalidSettingError,
    UnknownIdentityError,
)
from ._identity import Credential, Identity, Seal, credential_of, identity_of, seal_of
from ._keys import Hasher, KeyHash, check_prefix, claimed_id, new_key, new_key_id
from ._ledger import Ledger, Which, shown
from ._levels import AuthType, PermissionLevel
from ._lockout import Lockout
from ._moments import after, lasting, moment
from ._options import check_options
from ._permissions import EVERYTHING, Permissions, Rule, check_level, permissions_of
from ._records import CredentialRecord, IdentityRecord
from ._saving import Saving, Storage
from ._stores import CredentialStore, IdentityStore, MemoryCredentialStore, MemoryIdentityStore
from ._verifier import Failure, KeyVerifier, Outcome

_DAY: Final = 86_400.0


class SecurityManager:
    """Knows identities by their keys, and what they may do.  It denies by default.

    All methods may be called from any thread.  The manager decides by records of its own: objects
    that it handed out may be changed without any effect.

    Args:
        credential_store: Where records of credentials are kept; in memory by default.
        identity_store: Where records of identities are kept; in memory by default.
        authenticator: Knows API keys; by default the manager does.
        authorizer: Decides in place of the patterns and levels of the identities.
        authenticators: For other kinds of credentials than API keys.
        prefix: What new keys begin with; name your product, so that a found key can be told.
        peppers: Secrets by their ids, at least 16 bytes each, that a stolen store does not have.
            The last one is used for new hashes; keys hashed with another get a new hash on use.
        accept_unpeppered: Whether keys that were hashed without a pepper are still good, and get
            one on use: for the time after the first pepper was introduced.
        lockout: When to refuse a key that was presented wrongly too often; None for never.
        storage: Keeps the records beyond this process: see `load`, `flush` and the methods that
            begin with an ``a``.
        namespace: What the keys of the records begin with in the storage.
        name: The source of the audit events.
        audit_grants: Whether each granted `authorize` is an audit event too.
        clock: The system's by default.

    Examples:
        >>> manager = SecurityManager()
        >>> ann = manager.create_identity("ann", {"documents:*": PermissionLevel.READ})
        >>> credential = manager.create_api_key(ann.id)
        >>> someone = manager.authenticate(credential.key)
        >>> someone.name, manager.authorize(someone, "documents:7", PermissionLevel.READ)
        ('ann', True)
        >>> print(manager.explain(someone, "documents:7", PermissionLevel.WRITE))
        may not WRITE 'documents:7': the pattern that decides gives a lower level ('documents:*' gives READ)
    """

    def __init__(
        self,
        credential_store: CredentialStore | None = None,
        identity_store: IdentityStore | None = None,
        authenticator: Authenticator | None = None,
        authorizer: Authorizer | None = None,
        *,
        authenticators: Mapping[AuthType, Authenticator] | None = None,
        prefix: str = "pepper",
        peppers: Mapping[str, bytes] | None = None,
        accept_unpeppered: bool = False,
        lockout: Lockout | None = Lockout(),  # noqa: B008 - frozen
        storage: Storage | None = None,
        namespace: str = "security",
        name: str = "security",
        audit_grants: bool = False,
        clock: Clock | None = None,
    ) -> None:
        check_options(
            credential_store=credential_store,
            identity_store=identity_store,
            authenticator=authenticator,
            authorizer=authorizer,
            authenticators=authenticators,
            lockout=lockout,
            storage=storage,
            namespace=namespace,
            name=name,
            clock=clock,
        )
        self._clock = clock or Clock()
        self._prefix = check_prefix(prefix)
        self._credentials = (
            MemoryCredentialStore() if credential_store is None else credential_store
        )
        self._identities = MemoryIdentityStore() if identity_store is None else identity_store
        self._ledger = Ledger(self._credentials, self._identities, saved=storage is not None)
        self._saving = None if storage is None else Saving(storage, namespace, self._ledger)
        self._hasher = Hasher(peppers, accept_unpeppered=accept_unpeppered)
        self._keys = KeyVerifier(
            self._credentials, self._identities, self._hasher, lockout, self._clock
        )
        self._others = dict(authenticators or {})
        if authenticator is not None:
            self._others[AuthType.API_KEY] = authenticator
        # What the simple one would say is what the tables say, without a view being made for it.
        self._authorizer = None if type(authorizer) is SimpleAuthorizer else authorizer
        self._audit = Audit(name, grants=audit_grants)
        self._name = name
        self._owner = object()  # what seals the identities of this manager
        register_inspectable(self)

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
        overlap: float | timedelta = _DAY,
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

    # ---- in a storage

    async def load(self) -> None:
        """Take over all records of the storage: at the start, and to hear of others' changes.

        What is not saved yet stays; what somebody else revoked is revoked.

        Raises:
            InvalidSettingError: If the manager has no storage.
            StoredRecordError: If some records cannot be read; all the others are there then.
        """
        await self._saved().load()

    async def flush(self) -> None:
        """Save what was changed by the plain methods; when this returns, the storage has it.

        If it fails, what is not saved stays for the next time.

        Raises:
            InvalidSettingError: If the manager has no storage.
            IdentityExistsError: If another process has an identity of this name already.
        """
        await self._saved().flush()

    async def acreate_identity(
        self,
        name: str,
        permissions: Mapping[str, PermissionLevel] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
    ) -> Identity:
        """`create_identity`, and it is in the storage when this returns; else there is none."""
        identity = self.create_identity(name, permissions, metadata=metadata)
        await self._save_new(("identity", identity.id))
        return identity

    async def acreate_api_key(
        self,
        identity_id: str,
        expires_in: float | timedelta | None = None,
        *,
        scopes: Mapping[str, PermissionLevel] | Iterable[str] | None = None,
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Credential:
        """`create_api_key`, and its hash is in the storage when this returns; else there is none."""
        credential = self.create_api_key(
            identity_id, expires_in, scopes=scopes, name=name, metadata=metadata
        )
        try:
            await self._save_new(("identity", identity_id), ("credential", credential.id))
        except BaseException:
            credential.key = ""  # the traceback holds this frame
            raise
        return credential

    async def arotate_api_key(
        self,
        credential_id: str,
        *,
        overlap: float | timedelta = _DAY,
        expires_in: float | timedelta | None = None,
    ) -> Credential:
        """`rotate_api_key`, and both keys are in the storage when this returns; else nothing is changed."""
        before = self._ledger.credential(credential_id)
        new = self.rotate_api_key(credential_id, overlap=overlap, expires_in=expires_in)
        try:
            # The old one last, and only if the new one is there.
            await self._saved().flush([("identity", before.identity_id)])
            await self._saved().flush([("credential", new.id)])
            await self._saved().flush([("credential", before.id)])
        except BaseException:
            new.key = ""  # the traceback holds this frame
            self._undo_rotation(new.id, before)
            raise
        return new

    def _undo_rotation(self, new_id: str, before: CredentialRecord) -> None:
        with self._ledger.lock:
            self._ledger.drop(("credential", new_id))
            now = self._credentials.get_credential(before.id)
            if now is not None:
                self._ledger.put(replace(now, expires_at=before.expires_at, lasts=before.lasts))

    async def arevoke_credential(self, credential_id: str) -> None:
        """`revoke_credential`, and the storage has it when this returns.

        If the storage fails, the credential is revoked here, and in the storage by the next flush.
        """
        self.revoke_credential(credential_id)
        await self._saved().flush([("credential", credential_id)])

    async def aupdate_permissions(
        self, identity_id: str, permissions: Mapping[str, PermissionLevel]
    ) -> Identity:
        """`update_permissions`, and the storage has them when this returns.

        If the storage fails, they hold here, and in the storage by the next flush.
        """
        identity = self.update_permissions(identity_id, permissions)
        await self._saved().flush([("identity", identity_id)])
        return identity

    async def adelete_identity(self, identity_id: str) -> None:
        """`delete_identity`, and the storage has none of it when this returns."""
        credentials = [each.id for each in self.get_identity(identity_id).credentials]
        self.delete_identity(identity_id)
        gone: list[Which] = [("credential", each) for each in credentials]
        await self._saved().flush([*gone, ("identity", identity_id)])

    async def aauthenticate(
        self, credential: Credential | str, *, source: str | None = None
    ) -> Identity:
        """`authenticate` by what the storage has now: it knows what another process did just before.

        Raises:
            AuthenticationError: If it is nobody's, expired, revoked or locked out.
            StoredRecordError: If its record, or that of its identity, cannot be read.
        """
        try:
            text: Any = credential.key if isinstance(credential, Credential) else credential
            key_id = claimed_id(text) if isinstance(text, str) else ""
            del text
            # Two look-ups whatever is presented; of what cannot be there, if need be.
            await self._saved().refresh(("credential", key_id or "-"))
            record = self._credentials.get_credential(key_id)
            await self._saved().refresh(("identity", record.identity_id if record else "-"))
            return self.authenticate(credential, source=source)
        finally:
            del credential  # a traceback holds this frame

    def _saved(self) -> Saving:
        if self._saving is None:
            raise InvalidSettingError(
                "this manager has no storage; give it one, as SecurityManager(storage=...)",
                option="storage",
            )
        return self._saving

    async def _save_new(self, *all_of_it: Which) -> None:
        """Save what was made just now, or forget it."""
        try:
            await self._saved().flush(all_of_it)
        except BaseException:
            self._ledger.drop(all_of_it[-1])
            raise

    # ---- what all of it needs

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

    def inspect(self) -> Mapping[str, object]:
        """The manager as it is now, for consoles and exporters."""
        credentials = tuple(self._credentials.credentials())
        return {
            "kind": "security",
            "name": self._name,
            "state": "ok",
            "facts": {
                "identities": len(tuple(self._identities.identities())),
                "credentials": len(credentials),
                "valid": sum(map(self._valid, credentials)),
                "locked_out": self._keys.failures.count_locked(self._clock.monotonic()),
            },
            "config": {"prefix": self._prefix, "hash": self._hasher.current},
        }

    def __repr__(self) -> str:
        facts = self.inspect()["facts"]
        return f"<SecurityManager {self._name!r}: {facts}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SecurityManager is not pickled; give each process one with its storage")


class ManagerOptions(TypedDict, total=False):
    """The arguments of `SecurityManager`, by their names."""

    credential_store: CredentialStore | None
    identity_store: IdentityStore | None
    authenticator: Authenticator | None
    authorizer: Authorizer | None
    authenticators: Mapping[AuthType, Authenticator] | None
    prefix: str
    peppers: Mapping[str, bytes] | None
    accept_unpeppered: bool
    lockout: Lockout | None
    storage: Storage | None
    namespace: str
    name: str
    audit_grants: bool
    clock: Clock | None


def create_security_manager(**options: Unpack[ManagerOptions]) -> SecurityManager:
    """A `SecurityManager`, which keeps everything in memory unless *options* say otherwise.

    Args:
        options: As `SecurityManager` takes them.

    Examples:
        >>> manager = create_security_manager()
        >>> identity = manager.create_identity("user1")
        >>> manager.authorize(identity, "documents:read", PermissionLevel.READ)
        False
    """
    return SecurityManager(**options)


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
