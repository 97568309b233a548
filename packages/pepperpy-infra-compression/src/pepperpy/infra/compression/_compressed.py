"""`CompressedData`: a frame, as bytes that tell what they are."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._errors import CompressionError, CompressionOptionError, FrameMismatchError
from ._frame import dictionary_id, take_apart
from ._limits import OutputLimit
from ._metadata import DICTIONARY, SIGNED, Metadata
from ._signing import Key
from ._views import Data, as_view

if TYPE_CHECKING:
    from ._dictionary import CompressionDictionary


class CompressedData(bytes):
    """Compressed bytes that say what they are; write, send or store them as any bytes.

    Made by `compress_data()` and the like, or from such bytes as they come back from a file.

    Raises:
        CompressionError: *data* is no frame, or its metadata is damaged.
    """

    _metadata: Metadata
    _made_here: bool = False
    """Whether this process made it, so that a pickle in it is its own."""

    def __new__(cls, data: Data) -> Self:
        """Take bytes as they come back from a file, and look at what they say."""
        self = super().__new__(cls, as_view(data))
        parts = take_apart(self)
        if parts is None:
            raise CompressionError(
                "this is no frame; decompress_data() reads what other tools compressed"
            )
        self._metadata = parts.metadata
        return self

    @property
    def algorithm(self) -> CompressionAlgorithm:
        """What it is compressed with."""
        return self._metadata.algorithm

    @property
    def serialization(self) -> SerializationFormat:
        """What the value was serialized to."""
        return self._metadata.format

    @property
    def level(self) -> CompressionLevel:
        """How hard the compressor tried."""
        return self._metadata.level

    @property
    def original_size(self) -> int:
        """Bytes before compression, as the value was serialized."""
        return self._metadata.size

    @property
    def compressed_size(self) -> int:
        """Bytes of this object."""
        return len(self)

    @property
    def ratio(self) -> float:
        """How many times smaller it became."""
        return self._metadata.size / len(self)

    @property
    def compression_ratio(self) -> float:
        """Another name of `ratio`."""
        return self.ratio

    @property
    def signed(self) -> bool:
        """Whether it carries a signature; only `decompress()` with a key checks it."""
        return bool(self._metadata.flags & SIGNED)

    @property
    def dictionary_id(self) -> int | None:
        """The `CompressionDictionary` that it needs, if any."""
        if not self._metadata.flags & DICTIONARY:
            return None
        parts = take_apart(self)
        return parts and dictionary_id(parts)

    def decompress(
        self,
        *,
        max_output_size: OutputLimit = "auto",
        key: Key | Sequence[Key] | None = None,
        dictionary: CompressionDictionary | Iterable[CompressionDictionary] | None = None,
        allow_pickle: bool = False,
    ) -> Any:
        """The value; see `decompress_data()`."""
        from ._data import decompress_data

        return decompress_data(
            self,
            max_output_size=max_output_size,
            key=key,
            dictionary=dictionary,
            allow_pickle=allow_pickle or self._made_here,
        )

    def to_dict(self) -> dict[str, Any]:
        """The frame as base64 text and what it says, all of which JSON can hold."""
        return {
            "data": b64encode(self).decode("ascii"),
            "algorithm": self.algorithm.value,
            "serialization": self.serialization.value,
            "level": int(self.level),
            "original_size": self.original_size,
            "compressed_size": len(self),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict()` was called on.

        Raises:
            CompressionError: There is no frame in it, or what stands beside it is not true.
            CompressionOptionError: It is no dict.
        """
        given: Any = data
        if not isinstance(given, Mapping):
            raise CompressionOptionError(
                f"data must be a dict of to_dict(); got {type(given).__name__}", option="data"
            )
        frame: Any = data.get("data")
        if isinstance(frame, str):
            try:
                frame = b64decode(frame, validate=True)
            except ValueError as error:
                raise CompressionError("'data' must be base64 text of a frame") from error
        self = cls(frame)
        for name, found in self.to_dict().items():
            if name != "data" and name in data and data[name] != found:
                raise FrameMismatchError(
                    f"the frame says {name}={found!r}, and beside it stands {data[name]!r}",
                    option=name,
                    expected=data[name],
                    found=found,
                )
        return self

    def __repr__(self) -> str:
        return (
            f"<CompressedData {self.algorithm.value} {self.serialization.value}: "
            f"{self.original_size} -> {len(self)} bytes>"
        )

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[CompressedData], tuple[bytes]]:
        return CompressedData, (bytes(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def made_here(frame: bytes, metadata: Metadata) -> CompressedData:
    """A frame that this process made a moment ago, so that nothing about it needs a check."""
    made = bytes.__new__(CompressedData, frame)
    # Ours.
    made._metadata = metadata  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    made._made_here = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return made
