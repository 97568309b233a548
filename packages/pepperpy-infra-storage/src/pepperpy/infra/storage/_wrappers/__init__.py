"""Providers around providers."""

from ._encoded import Cipher, Codec, Compressed, Encrypted
from ._prefixed import Prefixed
from ._read_only import ReadOnly

__all__ = ["Cipher", "Codec", "Compressed", "Encrypted", "Prefixed", "ReadOnly"]
