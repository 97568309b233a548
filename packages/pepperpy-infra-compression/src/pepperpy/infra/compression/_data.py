"""`compress_data` and `decompress_data`: any value to bytes that say what they are, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel, choose
from ._compressed import CompressedData, made_here
from ._dictionary import CompressionDictionary, check_dictionary, several
from ._errors import FrameMismatchError, SignatureError, UnsafeFrameError
from ._frame import compose, open_parts, take_apart
from ._kinds import DATASET_MAGIC, read_kind, room_for
from ._limits import OutputLimit, limit_for
from ._metadata import FrameKind
from ._plain import open_plain, recognize
from ._serializers import Serialization, format_of, read, serializer_for, write
from ._signing import Key, keys_of
from ._views import Data, as_view


def compress_data(
    data: Any,
    algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
    serialization: Serialization = SerializationFormat.JSON,
    level: CompressionLevel | int = CompressionLevel.DEFAULT,
    *,
    key: Key | Sequence[Key] | None = None,
    dictionary: CompressionDictionary | None = None,
) -> CompressedData:
    """The value as a compressed file that says what it is.

    Args:
        data: Any value that the format can hold.  Types that it has not become those it has, as a
            tuple becomes a list in JSON; what it would lose is refused, as NaN in JSON.
        serialization: A format, or a serializer with options of its own.
        key: Signs the file, so that nobody else can make or change one; of several, the first
            one signs.
        dictionary: Made by `train_dictionary()`, for ZSTD: small records become much smaller.

    Raises:
        CompressionError: The format cannot hold the value; the serializer's error is the cause.
        CompressionOptionError: An option cannot be what it is.
        MissingExtraError: The algorithm needs an extra that is not installed.

    Examples:
        >>> compressed = compress_data({"key": "value"})
        >>> compressed
        <CompressedData gzip json: 15 -> 61 bytes>
        >>> compressed.decompress()
        {'key': 'value'}
    """
    chosen = choose(CompressionAlgorithm, algorithm, "algorithm")
    keys = keys_of(key)
    serializer = serializer_for(serialization, trusted=bool(keys))
    check_dictionary(dictionary, chosen)
    frame, metadata = compose(
        write(serializer, data),
        FrameKind.DATA,
        serializer.format,
        chosen,
        choose(CompressionLevel, level, "level"),
        keys,
        dictionary,
    )
    return made_here(frame, metadata)


def decompress_data(
    data: Data,
    algorithm: CompressionAlgorithm | str | None = None,
    serialization: Serialization | None = None,
    level: CompressionLevel | int | None = None,
    *,
    max_output_size: OutputLimit = "auto",
    key: Key | Sequence[Key] | None = None,
    dictionary: CompressionDictionary | Iterable[CompressionDictionary] | None = None,
    allow_pickle: bool = False,
) -> Any:
    """The value that `compress_data()` was given, or that another tool's file holds.

    What `compress_data()` made says what it is, and needs no parameter; one that is given must
    agree.  A file of gzip, zlib, xz, zstd or lz4 made elsewhere is read by the parameters, and
    as JSON if there are none.

    Args:
        max_output_size: The most bytes that may come out; "auto" is 256 MiB, or a hundred times
            the input if that is more, and `None` is no limit.  Values from columns may take eight
            times as much memory, and 2 GiB in any case.
        key: Demands a signature by this key, or by one of several.
        dictionary: What may be needed, one or several.
        allow_pickle: Whether the file may be a pickle though *serialization* does not say so.
            Only plain data is read from a pickle, unless *key* shows that it can be trusted.

    Raises:
        CompressionError: The data is damaged, or no compressed data.
        FrameMismatchError: It is not what a parameter says.
        UnsafeFrameError: It is a pickle, and nothing here says that it may be.
        SignatureError: It is not signed as it must be.
        OutputLimitError: It holds more than is allowed.

    Examples:
        >>> import gzip
        >>> decompress_data(compress_data([1, 2, 3]))
        [1, 2, 3]
        >>> decompress_data(gzip.compress(b"[1, 2, 3]"))
        [1, 2, 3]
    """
    view = as_view(data)
    keys = keys_of(key)
    limit = limit_for(len(view), max_output_size)
    wanted = None if algorithm is None else choose(CompressionAlgorithm, algorithm, "algorithm")
    effort = None if level is None else choose(CompressionLevel, level, "level")
    dictionaries = several(dictionary)
    parts = take_apart(view)
    if parts is None and bytes(view[: len(DATASET_MAGIC)]) == DATASET_MAGIC:
        return _read_dataset(view, wanted, serialization, effort, limit, keys)
    if parts is None:
        return _read_plain(view, wanted, serialization, limit, keys)
    found = parts.metadata
    _agree("algorithm", wanted, found.algorithm)
    _agree("level", effort, found.level)
    if serialization is None:
        _check_pickle(found.format, allowed=allow_pickle or bool(keys))
        serialization = found.format
    _agree("serialization", format_of(serialization), found.format)
    room = room_for(found.kind, limit)
    opened = open_parts(parts, room, keys=keys, dictionaries=dictionaries)
    if opened.kind is not FrameKind.DATA:
        return read_kind(opened, limit)
    return read(serializer_for(serialization, trusted=bool(keys)), opened.payload)


def _agree(option: str, expected: Enum | None, found: Enum) -> None:
    if expected is not None and expected is not found:
        raise FrameMismatchError(
            f"the frame has {option} {found.name}, and the caller says {expected.name}; "
            "leave the parameter out to take what the frame has",
            option=option,
            expected=expected,
            found=found,
        )


def _check_pickle(found: SerializationFormat, *, allowed: bool) -> None:
    if found is SerializationFormat.PICKLE and not allowed:
        raise UnsafeFrameError(
            "the frame holds a pickle; if it may, say serialization=SerializationFormat.PICKLE"
        )


def _read_dataset(  # noqa: PLR0917 - as `decompress_data` has them
    data: memoryview,
    algorithm: CompressionAlgorithm | None,
    serialization: Serialization | None,
    level: CompressionLevel | None,
    limit: int,
    keys: tuple[bytes, ...],
) -> list[Any]:
    from ._dataset import OptimizedDataset

    if keys:
        raise SignatureError("this is a dataset, which is not signed, and key= demands that it is")
    dataset = OptimizedDataset.from_bytes(data)
    _agree("algorithm", algorithm, dataset.algorithm)
    _agree("level", level, dataset.level)
    if serialization is not None:
        _agree("serialization", format_of(serialization), dataset.serialization)
    return dataset.decompress(max_output_size=limit)


def _read_plain(
    data: memoryview,
    algorithm: CompressionAlgorithm | None,
    serialization: Serialization | None,
    limit: int,
    keys: tuple[bytes, ...],
) -> Any:
    if keys:
        raise SignatureError("this is no frame, so it is not signed, and key= demands that it is")
    payload = open_plain(data, algorithm or recognize(data), limit)
    format_or_json = SerializationFormat.JSON if serialization is None else serialization
    return read(serializer_for(format_or_json, trusted=False), payload)
