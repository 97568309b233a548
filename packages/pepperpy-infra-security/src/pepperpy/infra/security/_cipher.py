"""`AESCipher`: bytes encrypted with AES-GCM under keys that have ids, so that keys can be changed.

A ciphertext is a version byte, the length of the key's id and the id, a random nonce of 12 bytes,
and what AES-GCM gives.  All that stands before the nonce is authenticated with the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from pepperpy.infra.utils import require_extra

from ._errors import DecryptionError, InvalidSettingError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = 1
_NONCE: Final = 12
_TAG: Final = 16
_SIZES: Final = (16, 24, 32)
_ID = re.compile(r"[0-9A-Za-z._-]{1,40}")


class AESCipher:
    """Encrypts and authenticates bytes; a key may be replaced while old ciphertexts stay readable.

    It fits ``Encrypted(provider, cipher)`` of `pepperpy.infra.storage`.  Give each key to no more
    than 2**32 messages.  Needs the extra ``crypto``.

    Args:
        keys: Of 16, 24 or 32 random bytes, by their ids.
        current: The id of the key that encrypts; by default the last one.

    Raises:
        InvalidSettingError: If a key or an id is none; it is a `ValueError`.
        MissingExtraError: If ``cryptography`` is not installed.

    Examples:
        >>> cipher = AESCipher({"2025": AESCipher.generate_key()})
        >>> sealed = cipher.encrypt(b"attack at dawn", b"letter 7")
        >>> cipher.decrypt(sealed, b"letter 7")
        b'attack at dawn'
    """

    __slots__ = ("_current", "_head", "_keys")

    def __init__(self, keys: Mapping[str, bytes], *, current: str | None = None) -> None:
        with require_extra("pepperpy-infra-security", "crypto"):
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        _check(keys)
        self._keys: dict[str, AESGCM] = {name: AESGCM(bytes(key)) for name, key in keys.items()}
        self._current = [*keys][-1] if current is None else current
        if self._current not in self._keys:
            raise InvalidSettingError(
                f"current must be the id of one of the keys; got {current!r}", option="current"
            )
        self._head = _head(self._current)

    @staticmethod
    def generate_key() -> bytes:
        """32 random bytes."""
        return os.urandom(32)

    @property
    def current(self) -> str:
        """The id of the key that encrypts."""
        return self._current

    def encrypt(self, plaintext: bytes, associated_data: bytes = b"") -> bytes:
        """What only a holder of the key can read, and only together with *associated_data*.

        Args:
            plaintext: Any bytes.
            associated_data: What the ciphertext belongs to, such as the name it is stored under;
                it is not kept in it.
        """
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._current].encrypt(nonce, plaintext, self._head + associated_data)
        return self._head + nonce + sealed

    def decrypt(self, ciphertext: bytes, associated_data: bytes = b"") -> bytes:
        """What was encrypted, whichever of the keys it was.

        Raises:
            DecryptionError: If it was changed, or belongs to something else, or to no key here.
        """
        from cryptography.exceptions import InvalidTag

        ciphertext = _whole(ciphertext)
        key_id, start = _split(ciphertext)
        key = self._keys.get(key_id)
        if key is None:
            raise DecryptionError(
                f"this was encrypted with key {key_id!r}, which is not among the keys given here",
                key_id=key_id,
            )
        nonce, sealed = ciphertext[start : start + _NONCE], ciphertext[start + _NONCE :]
        try:
            return key.decrypt(nonce, sealed, ciphertext[:start] + associated_data)
        except InvalidTag:
            pass
        raise DecryptionError(
            "this was changed, or encrypted for other associated data or with another key of the "
            f"id {key_id!r}",
            key_id=key_id,
        )

    def key_id(self, ciphertext: bytes) -> str:
        """The id of the key that *ciphertext* says it was encrypted with.

        Raises:
            DecryptionError: If it is no ciphertext.
        """
        return _split(_whole(ciphertext))[0]

    def rotate(self, ciphertext: bytes, associated_data: bytes = b"") -> bytes:
        """The same plaintext under the current key; *ciphertext* itself if it is already.

        Raises:
            DecryptionError: As `decrypt` does.
        """
        plaintext = self.decrypt(ciphertext, associated_data)
        if self.key_id(ciphertext) == self._current:
            return ciphertext
        return self.encrypt(plaintext, associated_data)

    def __repr__(self) -> str:
        return (
            f"<AESCipher with the keys {', '.join(map(repr, self._keys))}, now {self._current!r}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("an AESCipher holds keys and is not pickled")


def _check(keys: Any) -> None:
    if not isinstance(keys, Mapping) or not keys:
        raise InvalidSettingError(
            "keys must map ids to keys, like {'2025': AESCipher.generate_key()}", option="keys"
        )
    for name, key in cast("Mapping[object, object]", keys).items():
        if not isinstance(name, str) or not _ID.fullmatch(name):
            raise InvalidSettingError(
                "the id of a key must be 1 to 40 letters, digits, '.', '-' or '_'", option="keys"
            )
        if not isinstance(key, (bytes, bytearray)) or len(key) not in _SIZES:
            raise InvalidSettingError(
                f"key {name!r} must be 16, 24 or 32 random bytes, as AESCipher.generate_key() makes",
                option="keys",
            )


def _head(key_id: str) -> bytes:
    return bytes((_VERSION, len(key_id))) + key_id.encode("ascii")


def _split(ciphertext: bytes) -> tuple[str, int]:
    """The id of the key, and where the nonce begins."""
    if len(ciphertext) >= 2 and ciphertext[0] == _VERSION:
        start = 2 + ciphertext[1]
        key_id = ciphertext[2:start].decode("latin-1")
        if len(ciphertext) >= start + _NONCE + _TAG and _ID.fullmatch(key_id):
            return key_id, start
    raise _no_ciphertext()


def _whole(ciphertext: Any) -> bytes:
    if isinstance(ciphertext, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", ciphertext))
    raise _no_ciphertext()


def _no_ciphertext() -> DecryptionError:
    return DecryptionError("this is no ciphertext of an AESCipher, or a part of one", key_id=None)
