"""Signed frames: HMAC-SHA256 over all other bytes of the frame."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from ._errors import SignatureError
from ._views import Data

SIZE: Final = 32

# What is signed with the same key for another purpose can be no frame.
_PURPOSE: Final = b"pepperpy.infra.compression frame 1\0"


def sign(key: bytes, before: Data, after: Data) -> bytes:
    """The signature that stands between the two."""
    signature = hmac.new(key, _PURPOSE, "sha256")
    signature.update(before)
    signature.update(after)
    return signature.digest()


def verify(keys: Sequence[bytes], signature: Data, before: Data, after: Data) -> None:
    """Raise `SignatureError` unless one of the keys made the signature."""
    # All keys are tried, so that the time does not tell which one it was.
    if not any([hmac.compare_digest(sign(key, before, after), signature) for key in keys]):
        raise SignatureError(
            "the frame is not signed with any of the given keys, or was changed since"
        )
