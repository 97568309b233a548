"""What must not be a shared secret: the key of a pair, for one half of it is known to everybody."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final

_ARMOURS: Final = (b"-----BEGIN", b"---- BEGIN")
_SSH: Final = (b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-")
_SEQUENCE: Final = b"\x30"
"""What every key in DER begins with."""


def is_of_a_pair(secret: bytes) -> bool:
    """Whether *secret* is a public or private key: as PEM, DER, OpenSSH, or the text of a JWK."""
    text = secret.strip()
    if any(each in text for each in _ARMOURS) or _is_ssh(text) or _is_jwk(text):
        return True
    try:
        return _is_der(secret) or _is_der(b64decode(text, validate=True))
    except ValueError:
        return False  # neither in DER nor in base64


def _is_ssh(text: bytes) -> bool:
    # The name of the algorithm, a space, and the key; a secret may well begin with the name alone.
    return text.startswith(_SSH) and b" AAAA" in text


def _is_jwk(text: bytes) -> bool:
    if not text.startswith(b"{"):
        return False
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "kty" in found


def _is_der(data: bytes) -> bool:
    if not data.startswith(_SEQUENCE):
        return False
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import load_der_x509_certificate

    readers: tuple[Callable[[bytes], Any], ...] = (
        serialization.load_der_public_key,
        lambda der: serialization.load_der_private_key(der, None),
        load_der_x509_certificate,
    )
    return any(_reads(read, data) for read in readers)


def _reads(read: Callable[[bytes], Any], data: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        read(data)
    except (TypeError, UnsupportedAlgorithm):
        return True  # it is a key, behind a password or of a kind that is not supported
    except ValueError:
        return False
    return True
