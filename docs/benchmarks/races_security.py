"""Races of `pepperpy-infra-security`: decisions beside casbin, keys and tokens beside each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import casbin
import jwt
from casbin.persist.adapters.string_adapter import StringAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from harness import OURS, Goal, Race, repeating
from itsdangerous import TimestampSigner

from pepperpy.infra.security import (
    AESCipher,
    JWTKey,
    JWTSigner,
    JWTVerifier,
    PermissionLevel,
    SecurityManager,
)

GRANTS = (2, 200)
MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && keyMatch(r.obj, p.obj) && r.act == p.act
"""
SECRET = os.urandom(32)


def races() -> Iterator[Race]:
    """All of them."""
    for count in GRANTS:
        yield authorize(count)
    yield authenticate()
    yield token()
    yield encryption()


def authorize(count: int) -> Race:
    """Somebody with many grants; the one that decides is the last."""
    patterns = [f"documents{number}:*" for number in range(count)]
    asked = f"documents{count - 1}:7"
    manager = SecurityManager()
    ann = manager.create_identity("ann", dict.fromkeys(patterns, PermissionLevel.READ))
    model = casbin.Enforcer.new_model(text=MODEL)
    rules = "\n".join(f"p, ann, {pattern}, read" for pattern in patterns)
    enforcer = casbin.Enforcer(model, StringAdapter(rules))
    read = PermissionLevel.READ
    assert manager.authorize(ann, asked, read)  # noqa: S101
    assert enforcer.enforce("ann", asked, "read")  # noqa: S101
    goals = [Goal(at_most=3000e-9), Goal(at_most=1 / 50, against="casbin")]
    return Race(
        title=f"authorize among {count} grants",
        contestants={
            OURS: repeating(manager.authorize, ann, asked, read),
            "casbin": repeating(enforcer.enforce, "ann", asked, "read"),
        },
        goals=goals if count == max(GRANTS) else [],
    )


def authenticate() -> Race:
    """Somebody with a key, beside somebody with something signed."""
    manager = SecurityManager()
    key = manager.create_api_key(manager.create_identity("ann").id).key
    signer = TimestampSigner(SECRET)
    signed = signer.sign(b"ann")
    claims = {"sub": "ann", "exp": 4_000_000_000}
    encoded = jwt.encode(claims, SECRET, "HS256")
    return Race(
        title="authenticate an API key",
        contestants={
            OURS: repeating(manager.authenticate, key),
            "itsdangerous": repeating(signer.unsign, signed),
            "PyJWT": lambda times: [jwt.decode(encoded, SECRET, ["HS256"]) for _ in range(times)],
            "a SHA-256": repeating(_digest, key),
        },
        goals=[Goal(at_most=5000e-9)],
        floors=["a SHA-256"],
    )


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def token() -> Race:
    """A token of a shared secret, claims and all."""
    key = JWTKey("HS256", SECRET)
    signed = JWTSigner(key, issuer="shop", audience="api", expires_in=86_400).sign(subject="ann")
    options: dict[str, Any] = {"issuer": "shop", "audience": "api"}
    verifier = JWTVerifier(key, **options)

    def theirs(presented: str) -> Any:
        return jwt.decode(presented, SECRET, ["HS256"], **options)

    return Race(
        title="verify a token",
        contestants={OURS: repeating(verifier.verify, signed), "PyJWT": repeating(theirs, signed)},
    )


def encryption() -> Race:
    """1 KB there and back."""
    text, key = os.urandom(1000), os.urandom(32)
    cipher, fernet, bare = AESCipher({"2025": key}), Fernet(Fernet.generate_key()), AESGCM(key)

    def ours(data: bytes) -> bytes:
        return cipher.decrypt(cipher.encrypt(data, b"name"), b"name")

    def theirs(data: bytes) -> bytes:
        return fernet.decrypt(fernet.encrypt(data))

    def least(data: bytes) -> bytes:
        nonce = os.urandom(12)
        return bare.decrypt(nonce, bare.encrypt(nonce, data, b"name"), b"name")

    return Race(
        title="encrypt and decrypt 1 KB",
        contestants={
            OURS: repeating(ours, text),
            "Fernet": repeating(theirs, text),
            "AESGCM": repeating(least, text),
        },
        floors=["AESGCM"],
    )
