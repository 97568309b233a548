"""Arrays of NumPy, bit for bit and without pickle."""

from ._compressor import NumpyCompressor, compress_numpy, decompress_numpy
from ._payload import MOST_HEADER, decode_array

__all__ = [
    "MOST_HEADER",
    "NumpyCompressor",
    "compress_numpy",
    "decode_array",
    "decompress_numpy",
]
