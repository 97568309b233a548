"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_type

from pepperpy.infra.security import (
    AESCipher,
    ApiKeyAuthenticator,
    AuthenticationError,
    Authenticator,
    AuthorizationError,
    Authorizer,
    AuthType,
    Credential,
    CredentialStateError,
    Decision,
    DecryptionError,
    Identity,
    JWKSClient,
    JWTAuthenticator,
    JWTKey,
    JWTSigner,
    JWTVerifier,
    Lockout,
    MemoryCredentialStore,
    MemoryIdentityStore,
    PasswordHasher,
    PermissionLevel,
    SecurityManager,
    SimpleAuthorizer,
    create_security_manager,
    is_api_key,
)
from pepperpy.infra.utils import FakeClock

security_manager = create_security_manager()
identity = assert_type(security_manager.create_identity("user1"), Identity)
credential = assert_type(security_manager.create_api_key(identity.id), Credential)
is_authorized = assert_type(
    security_manager.authorize(identity, "documents:read", PermissionLevel.READ), bool
)
create_security_manager(clock=FakeClock(), lockout=None)
create_security_manager(colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class Tickets(Authenticator):
    def authenticate(self, credential: Credential) -> Identity:
        if credential.auth_type is not AuthType.CUSTOM:
            raise AuthenticationError("no ticket")
        return Identity(credential.key)


class Office(Authorizer):
    def authorize(self, identity: Identity, resource: str, level: PermissionLevel) -> bool:
        return SimpleAuthorizer().authorize(identity, resource, level)


credentials, identities = MemoryCredentialStore(), MemoryIdentityStore()
manager = SecurityManager(
    credentials,
    identities,
    authorizer=Office(),
    authenticators={AuthType.CUSTOM: Tickets()},
    prefix="shop",
    peppers={"2025": b"x" * 32},
    lockout=Lockout(max_failures=3, window=timedelta(minutes=1)),
    clock=FakeClock(),
)
ann = manager.create_identity("ann", {"a:*": PermissionLevel.READ}, metadata={"team": 1})
key = manager.create_api_key(ann.id, timedelta(days=1), scopes=["a:*"], name="laptop")
manager.create_api_key(ann.id, 60.0, scopes={"a:*": PermissionLevel.READ})
assert_type(key.key, str)
assert_type(is_api_key(key.key), bool)
assert_type(manager.authenticate(key.key, source="10.0.0.1"), Identity)
assert_type(manager.authenticate(key), Identity)
assert_type(ApiKeyAuthenticator(credentials, identities).authenticate(key), Identity)
assert_type(manager.rotate_api_key(key.id, overlap=timedelta(hours=1)), Credential)
assert_type(manager.update_permissions(ann.id, {}), Identity)
assert_type(ann.permissions, dict[str, PermissionLevel])
assert_type(ann.credentials, list[Credential])
decision = assert_type(manager.explain(None, "a", PermissionLevel.READ), Decision)
assert_type(decision.pattern, str | None)
manager.revoke_credential(key.id)
try:
    manager.require(ann, "a", PermissionLevel.READ)
except AuthorizationError as error:
    assert_type(error.decision, Decision)
except CredentialStateError as error:
    assert_type(error.key_id, str)
manager.authenticate(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Kept:
    async def get(self, key: str) -> Any: ...
    async def set(self, key: str, value: Any) -> None: ...
    async def delete(self, key: str) -> None: ...
    async def keys(self, pattern: str) -> list[str]:
        return [pattern]


async def stored() -> None:
    manager = SecurityManager(storage=Kept(), namespace="auth")
    await manager.load()
    bob = await manager.acreate_identity("bob", {"a": PermissionLevel.READ})
    key = assert_type(await manager.acreate_api_key(bob.id, scopes={"a"}), Credential)
    assert_type(await manager.aauthenticate(key), Identity)
    assert_type(await manager.arotate_api_key(key.id), Credential)
    assert_type(await manager.aupdate_permissions(bob.id, {}), Identity)
    await manager.arevoke_credential(key.id)
    await manager.adelete_identity(bob.id)
    await manager.flush()


async def passwords() -> None:
    hasher = PasswordHasher(max_concurrent=4)
    assert_type(hasher.hash("x"), str)
    assert_type(hasher.verify("x", None), bool)
    assert_type(await hasher.averify_and_update("x", "y"), tuple[bool, str | None])


def tokens(public: Mapping[str, Any]) -> None:
    signer = JWTSigner(JWTKey("HS256", b"x" * 32), issuer="i", audience="a", expires_in=60)
    assert_type(signer.sign({"role": "x"}, subject="ann"), str)
    verifier = JWTVerifier(
        [JWTKey("ES256", public, key_id="k")],
        issuer="i",
        audience=["a"],
        leeway=timedelta(seconds=5),
    )
    assert_type(verifier.verify("token"), dict[str, Any])
    remote = JWTVerifier(JWKSClient("https://i.example/jwks"), issuer="i", audience="a")
    SecurityManager(authenticators={AuthType.JWT: JWTAuthenticator(remote)})


def encryption() -> None:
    cipher = AESCipher({"old": b"x" * 32, "new": AESCipher.generate_key()}, current="new")
    assert_type(cipher.encrypt(b"x", b"name"), bytes)
    try:
        assert_type(cipher.rotate(cipher.encrypt(b"x")), bytes)
    except DecryptionError as error:
        assert_type(error.key_id, str | None)
