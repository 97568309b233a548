"""`SecurityManager`: a directory with a gate, and how both are kept in a storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn, TypedDict, Unpack

from pepperpy.infra.utils import Clock, register_inspectable

from ._audit import Audit
from ._authenticator import Authenticator
from ._authorizer import Authorizer
from ._directory import DAY
from ._errors import InvalidSettingError
from ._gate import Gate
from ._identity import Credential, Identity
from ._keys import Hasher, claimed_id
from ._ledger import Which
from ._levels import AuthType, PermissionLevel
from ._lockout import Lockout
from ._options import check_options
from ._records import CredentialRecord
from ._saving import Saving, Storage
from ._stores import CredentialStore, IdentityStore, MemoryCredentialStore, MemoryIdentityStore


class SecurityManager(Gate):
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
        others = dict(authenticators or {})
        if authenticator is not None:
            others[AuthType.API_KEY] = authenticator
        super().__init__(
            MemoryCredentialStore() if credential_store is None else credential_store,
            MemoryIdentityStore() if identity_store is None else identity_store,
            Hasher(peppers, accept_unpeppered=accept_unpeppered),
            Audit(name, grants=audit_grants),
            clock or Clock(),
            prefix=prefix,
            saved=storage is not None,
            lockout=lockout,
            authenticators=others,
            authorizer=authorizer,
        )
        self._saving = None if storage is None else Saving(storage, namespace, self._ledger)
        self._name = name
        register_inspectable(self)

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
        overlap: float | timedelta = DAY,
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
