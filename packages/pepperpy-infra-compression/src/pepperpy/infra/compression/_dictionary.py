"""Dictionaries: what small records have in common, so that each need not say it again."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._errors import CompressionError, CompressionOptionError
from ._limits import is_whole
from ._serializers import Serialization, serializer_for, write
from ._views import Data, as_view

if TYPE_CHECKING:
    from ._engines import Engine

_HEADER: Final = struct.Struct("<II")
_MAGIC: Final = 0xEC30A437
_LEAST: Final = 256  # for less the library makes none


class CompressionDictionary:
    """What `train_dictionary()` learned, for ZSTD; store ``bytes(dictionary)`` to have it again.

    Args:
        data: Bytes of such a dictionary, or of one that ``zstd --train`` made.

    Raises:
        CompressionError: If it is none.
    """

    id: int
    """What frames name it by."""

    def __init__(self, data: Data) -> None:
        self._data = bytes(as_view(data))
        magic, self.id = _HEADER.unpack_from(self._data.ljust(_HEADER.size, b"\0"))
        if magic != _MAGIC or not self.id:
            raise CompressionError("this is no trained dictionary, or one without an id")
        self._engine.compress(b"", CompressionLevel.DEFAULT)  # what is damaged is said now

    @cached_property
    def _engine(self) -> Engine:
        from ._engines import _zstd

        zstd = _zstd.library()
        try:
            return _zstd.Zstd(zstd.ZstdDict(self._data))
        except zstd.ZstdError as error:
            raise CompressionError(f"the dictionary is damaged: {error}") from error

    def __bytes__(self) -> bytes:
        return self._data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompressionDictionary) and self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)

    def __repr__(self) -> str:
        return f"<CompressionDictionary {self.id}: {len(self._data)} bytes>"

    def __reduce__(self) -> tuple[type[CompressionDictionary], tuple[bytes]]:
        return CompressionDictionary, (self._data,)


def engine_of(dictionary: CompressionDictionary) -> Engine:
    """How to compress with a dictionary."""
    return dictionary._engine  # noqa: SLF001 - ours  # pyright: ignore[reportPrivateUsage]


def several(
    given: CompressionDictionary | Iterable[CompressionDictionary] | None,
) -> tuple[CompressionDictionary, ...]:
    """None, one or several, as several."""
    if given is None:
        return ()
    listed: tuple[object, ...] = tuple(given) if isinstance(given, Iterable) else (given,)
    for each in listed:
        _check_kind(each)
    return listed  # type: ignore[return-value]  # checked one by one


def check_dictionary(given: CompressionDictionary | None, algorithm: CompressionAlgorithm) -> None:
    """Raise an error unless the algorithm can take what was given as *dictionary*."""
    if given is None:
        return
    _check_kind(given)
    if algorithm is not CompressionAlgorithm.ZSTD:
        raise CompressionOptionError(
            f"only ZSTD takes a dictionary; got {algorithm.name}", option="dictionary"
        )


def _check_kind(given: object) -> None:
    if not isinstance(given, CompressionDictionary):
        raise CompressionOptionError(
            f"dictionary must be a CompressionDictionary; got {type(given).__name__}",
            option="dictionary",
        )


def train_dictionary(
    samples: Iterable[Any],
    *,
    serialization: Serialization = SerializationFormat.JSON,
    max_size: int = 8192,
) -> CompressionDictionary:
    """Learn what values have in common, to compress others like them one by one.

    Args:
        samples: Values as they will be compressed: some hundreds, and together a hundred times
            the size of the dictionary, make a good one.
        serialization: What they will be serialized to.
        max_size: Bytes of the dictionary.

    Raises:
        CompressionError: The samples are too few or too small to learn from.
        MissingExtraError: The extra ``zstd`` is not installed.
    """
    from ._engines._zstd import library

    if not is_whole(max_size, least=_LEAST):
        raise CompressionOptionError(
            f"max_size must be a number of bytes from {_LEAST} on; got {max_size!r}",
            option="max_size",
        )
    serializer = serializer_for(serialization, trusted=True)
    written = [write(serializer, sample) for sample in samples]
    zstd = library()
    try:
        return CompressionDictionary(zstd.train_dict(written, max_size).dict_content)
    except (zstd.ZstdError, ValueError) as error:
        raise CompressionError(
            f"{len(written)} samples are too few, or too small, to learn a dictionary from"
        ) from error
