"""Signed frames: HMAC-SHA256 over all other bytes of the frame."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final, TypeAlias

from pepperpy.infra.serialization import SerializerConfig, SerializerConfigError

from ._errors import CompressionOptionError, SignatureError
from ._views import Data

Key: TypeAlias = bytes | str
"""A secret that signs frames."""

# What is signed with the same key for another purpose can be no frame.
_PURPOSE: Final = b"pepperpy.infra.compression frame 1\0"


def keys_of(key: Key | Sequence[Key] | None) -> tuple[bytes, ...]:
    """The keys as bytes; the first one signs.

    Raises:
        CompressionOptionError: They are no keys, or empty.
    """
    if key is None:
        return ()
    try:
        return SerializerConfig(key=key).keys
    except SerializerConfigError as error:
        raise CompressionOptionError(str(error), option="key") from error


def sign(key: bytes, before: Data, after: Data) -> bytes:
    """The signature that stands between the two."""
    signature = hmac.new(key, _PURPOSE, "sha256")
    signature.update(before)
    signature.update(after)
    return signature.digest()


def verify(keys: Sequence[bytes], signature: Data, before: Data, after: Data) -> None:
    """Raise `SignatureError` unless one of the keys made the signature."""
    # All keys are tried, so that the time does not tell which one it was.
    matches = [hmac.compare_digest(sign(key, before, after), signature) for key in keys]
    if not any(matches):
        raise SignatureError(
            "the frame is not signed with any of the given keys, or was changed since"
        )
