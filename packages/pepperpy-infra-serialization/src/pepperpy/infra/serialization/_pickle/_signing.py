"""A signature in front of a pickle: who has the key may have it read without limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.serialization._errors import UnsafeDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

# No pickle begins like this: "\xf0" is no opcode.
MAGIC: Final = b"\xf0PPS1"
_ID_SIZE: Final = 8
_MAC_SIZE: Final = 32
_HEAD_SIZE: Final = len(MAGIC) + _ID_SIZE + _MAC_SIZE


def sign(pickled: bytes, key: bytes) -> bytes:
    """The pickle with the signature before it: magic, id of the key, HMAC-SHA256 of the rest."""
    key_id = _key_id(key)
    return MAGIC + key_id + _mac(key, key_id, pickled) + pickled


def verified(data: bytes, keys: Sequence[bytes]) -> bytes:
    """The pickle in *data*, which one of *keys* has signed.

    Raises:
        UnsafeDataError: None has, or anything was changed since.
    """
    if not data.startswith(MAGIC) or len(data) < _HEAD_SIZE:
        raise UnsafeDataError("the pickle is not signed, and key= asks for that")
    from hmac import compare_digest

    key_id = data[len(MAGIC) : len(MAGIC) + _ID_SIZE]
    mac = data[_HEAD_SIZE - _MAC_SIZE : _HEAD_SIZE]
    pickled = data[_HEAD_SIZE:]
    for key in keys:
        if compare_digest(_key_id(key), key_id) and compare_digest(_mac(key, key_id, pickled), mac):
            return pickled
    raise UnsafeDataError("the pickle was signed with another key, or changed since")


def _mac(key: bytes, key_id: bytes, pickled: bytes) -> bytes:
    import hmac

    code = hmac.new(key, MAGIC + key_id, "sha256")
    code.update(pickled)
    return code.digest()


def _key_id(key: bytes) -> bytes:
    import hmac

    return hmac.digest(key, b"id of a key for " + MAGIC, "sha256")[:_ID_SIZE]
