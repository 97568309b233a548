"""Stores whose values are something else below: encrypted, compressed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, Protocol

from pepperpy.infra.storage._codec import decode, encode
from pepperpy.infra.storage._errors import CorruptValueError, InvalidOptionError
from pepperpy.infra.utils import passes_through

from ._wrapper import Wrapper

if TYPE_CHECKING:
    from pepperpy.infra.storage._provider import StorageProvider

_SAMPLE: Final = b"[1]"


class Cipher(Protocol):
    """Encrypts so that nobody can read, change or swap values."""

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """The ciphertext, which opens with the same associated data alone."""
        ...

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """The plaintext, or an error."""
        ...


class Codec(Protocol):
    """Makes bytes smaller, as `zlib` does, or a compressor of `pepperpy.infra.compression`."""

    def compress(self, data: Any, /) -> bytes:
        """Fewer bytes."""
        ...

    def decompress(self, data: Any, /) -> Any:
        """The bytes that they were, or an error."""
        ...


class Encoded(Wrapper):
    """Keeps bytes below that stand for values."""

    @abstractmethod
    def _seal(self, key: str, data: bytes) -> bytes: ...

    @abstractmethod
    def _open(self, key: str, data: bytes) -> Any: ...

    def _pack(self, key: str, value: Any) -> bytes:
        return bytes(self._seal(key, encode(value)))

    def _unpack(self, key: str, value: Any) -> Any:
        if not isinstance(value, bytes):
            raise self._unreadable(key, f"is a plain {type(value).__name__}")
        try:
            data = self._open(key, value)
        except Exception as error:
            if passes_through(error):
                raise
            raise self._unreadable(key, f"cannot be opened ({type(error).__name__})") from error
        if not isinstance(data, bytes):
            raise self._unreadable(key, f"opens to a {type(data).__name__}, which is no bytes")
        return decode(data, key, self.name)

    def _unreadable(self, key: str, problem: str) -> CorruptValueError:
        return CorruptValueError(
            f"what storage {self.provider.name!r} has under {key!r:.80} {problem}; "
            "it is damaged, or was written in another way",
            key=key,
            storage=self.name,
        )


class Encrypted(Encoded):
    """Values are encrypted below, each bound to its key: moved to another key, it does not open.

    Keys, sizes, versions and expiry are there for all to see.

    Args:
        provider: The store.
        cipher: Like that of `pepperpy.infra.security`.
        name: What it is called.
    """

    def __init__(
        self, provider: StorageProvider, cipher: Cipher, *, name: str | None = None
    ) -> None:
        super().__init__(provider, name)
        self._cipher = cipher

    def _seal(self, key: str, data: bytes) -> bytes:
        return self._cipher.encrypt(data, key.encode())

    def _open(self, key: str, data: bytes) -> Any:
        return self._cipher.decrypt(data, key.encode())


class Compressed(Encoded):
    """Values are compressed below.

    Args:
        provider: The store.
        codec: Anything with ``compress`` and ``decompress``, like the module `zlib`.
        name: What it is called.

    Raises:
        InvalidOptionError: If the codec does not give back the bytes that it was given.
    """

    def __init__(self, provider: StorageProvider, codec: Codec, *, name: str | None = None) -> None:
        super().__init__(provider, name)
        if codec.decompress(bytes(codec.compress(_SAMPLE))) != _SAMPLE:
            raise InvalidOptionError(
                "codec must give back the bytes that it was given, and this "
                f"{type(codec).__name__} gives something else; a DataCompressor needs "
                "serialization='raw'",
                option="codec",
            )
        self._codec = codec

    def _seal(self, key: str, data: bytes) -> bytes:  # noqa: ARG002 - the same for all keys
        return self._codec.compress(data)

    def _open(self, key: str, data: bytes) -> Any:  # noqa: ARG002
        return self._codec.decompress(data)
