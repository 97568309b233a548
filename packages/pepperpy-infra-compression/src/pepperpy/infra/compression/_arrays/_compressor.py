"""`compress_numpy`, `decompress_numpy` and `NumpyCompressor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pepperpy.infra.compression._algorithm import CompressionAlgorithm, CompressionLevel, choose
from pepperpy.infra.compression._compressed import CompressedData, made_here
from pepperpy.infra.compression._data import decompress_data
from pepperpy.infra.compression._engines import engine
from pepperpy.infra.compression._errors import (
    CompressionError,
    CompressionOptionError,
    FrameMismatchError,
)
from pepperpy.infra.compression._frame import compose, take_apart
from pepperpy.infra.compression._limits import OutputLimit, limit_for
from pepperpy.infra.compression._metadata import FrameKind
from pepperpy.infra.compression._signing import Key, keys_of
from pepperpy.infra.compression._views import Data
from pepperpy.infra.serialization import SerializationFormat
from pepperpy.infra.utils import require_extra

from ._blosc2 import compress_blosc2
from ._filters import Filter, apply, candidates
from ._payload import encode_array, flatten

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLE = 1 << 16
_DEFLATE = (CompressionAlgorithm.GZIP, CompressionAlgorithm.ZLIB)


def compress_numpy(
    array: NDArray[Any],
    algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
    level: CompressionLevel | int = CompressionLevel.DEFAULT,
    *,
    engine: Literal["blosc2"] | None = None,
    key: Key | Sequence[Key] | None = None,
) -> CompressedData:
    """An array of any type, shape and order, bit for bit and without pickle.

    The bytes of numbers are rearranged before they are compressed, if a sample becomes smaller by
    it.  Deflate at the default level works as at the level FAST, since rearranged bytes hardly
    become smaller by more.

    Args:
        engine: ``"blosc2"`` (an extra) instead of *algorithm*: quicker still, and no standard file.
        key: Signs the file, as in `compress_data()`.

    Raises:
        CompressionError: It holds Python objects, or is no plain array (a masked one, for example).
        CompressionOptionError: An option cannot be what it is.

    Examples:
        >>> import numpy as np
        >>> array = np.arange(100_000).reshape(100, 1000)
        >>> compressed = compress_numpy(array)
        >>> len(compressed) < 6000, bool((decompress_numpy(compressed) == array).all())
        (True, True)
    """
    flavor = choose(CompressionAlgorithm, algorithm, "algorithm")
    effort = choose(CompressionLevel, level, "level")
    _check_engine(engine, flavor)
    layout, flat = flatten(_plain(array))
    if engine == "blosc2":
        flavor = CompressionAlgorithm.NONE
        blocks = compress_blosc2(flat, effort)
        payload, used = layout.pack(Filter.BLOSC2) + blocks, effort
    else:
        kind, used = _best(flat, flavor, effort)
        payload = encode_array(layout, flat, kind)
    raw = SerializationFormat.RAW
    keys = keys_of(key)
    return made_here(*compose(payload, FrameKind.NUMPY, raw, flavor, effort, keys, effort=used))


def decompress_numpy(
    data: Data,
    algorithm: CompressionAlgorithm | str | None = None,
    level: CompressionLevel | int | None = None,
    *,
    max_output_size: OutputLimit = "auto",
    key: Key | Sequence[Key] | None = None,
) -> NDArray[Any]:
    """The array that `compress_numpy()` was given; it can be written to, and is the caller's own.

    Args:
        max_output_size: The most bytes that the array may have (its ``nbytes``).

    Raises:
        CompressionError: The data is damaged, or holds no array.
        OutputLimitError: The array is larger than is allowed.
    """
    parts = take_apart(data)
    kind = None if parts is None else parts.metadata.kind
    if kind is not FrameKind.NUMPY:
        found = "no frame" if kind is None else kind.name.lower()
        raise FrameMismatchError(
            f"the data holds no array of compress_numpy(), but {found}",
            option="kind",
            expected="numpy",
            found=found,
        )
    array: NDArray[Any] = decompress_data(
        data, algorithm, None, level, max_output_size=max_output_size, key=key
    )
    return array


class NumpyCompressor:
    """`compress_numpy()` and `decompress_numpy()` with options that are said once."""

    def __init__(
        self,
        algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
        level: CompressionLevel | int = CompressionLevel.DEFAULT,
        *,
        engine: Literal["blosc2"] | None = None,
        key: Key | Sequence[Key] | None = None,
        max_output_size: OutputLimit = "auto",
    ) -> None:
        self.algorithm: CompressionAlgorithm = choose(CompressionAlgorithm, algorithm, "algorithm")
        self.level: CompressionLevel = choose(CompressionLevel, level, "level")
        self.engine: Literal["blosc2"] | None = engine
        _check_engine(engine, self.algorithm)
        self._keys = keys_of(key)
        self._limit: OutputLimit = max_output_size
        limit_for(0, max_output_size)

    def compress(self, array: NDArray[Any]) -> CompressedData:
        """See `compress_numpy()`."""
        keys = self._keys or None
        return compress_numpy(array, self.algorithm, self.level, engine=self.engine, key=keys)

    def decompress(self, data: Data) -> NDArray[Any]:
        """The array in a frame of any algorithm; see `decompress_numpy()`."""
        keys = self._keys or None
        return decompress_numpy(data, max_output_size=self._limit, key=keys)

    def __repr__(self) -> str:
        return f"NumpyCompressor({self.algorithm.name}, {self.level.name})"


def _check_engine(engine: str | None, algorithm: CompressionAlgorithm) -> None:
    if engine is not None and (engine != "blosc2" or algorithm is not CompressionAlgorithm.GZIP):
        raise CompressionOptionError(
            f"engine must be 'blosc2', instead of an algorithm, or None; got {engine!r}",
            option="engine",
        )


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    with require_extra("pepperpy-infra-compression", "numpy"):
        import numpy as np
    kind: type[Any] = type(array)
    if kind not in {np.ndarray, np.memmap}:
        lost = ", and would lose what it has added" if issubclass(kind, np.ndarray) else ""
        raise CompressionError(
            f"compress_numpy() takes plain arrays; got a {kind.__name__}{lost}; "
            "numpy.asarray() makes an array of it",
        )
    return array


def _best(
    flat: NDArray[Any], algorithm: CompressionAlgorithm, level: CompressionLevel
) -> tuple[Filter, CompressionLevel]:
    """The filter and the level by which a sample from the middle becomes smallest."""
    effort = level
    if algorithm in _DEFLATE and level is CompressionLevel.DEFAULT:
        effort = CompressionLevel.FAST
    if CompressionLevel.NONE is level or algorithm is CompressionAlgorithm.NONE:
        return Filter.NONE, effort
    count = max(_SAMPLE // max(flat.dtype.itemsize, 1), 1)
    start = max(len(flat) - count, 0) // 2
    sample = flat[start : start + count]
    compress = engine(algorithm).compress
    sizes = {
        kind: len(compress(apply(kind, sample).tobytes(), effort))
        for kind in candidates(flat.dtype)
    }
    kind = min(sizes, key=sizes.__getitem__)
    if sample.nbytes and sizes[kind] >= sample.nbytes and algorithm in _DEFLATE:
        return Filter.NONE, CompressionLevel.NONE
    return kind, effort
