"""One module an algorithm; each has the functions of `Engine`, and imports its library in them."""

from ._choice import Engine, decompress_bounded, engine

__all__ = ["Engine", "decompress_bounded", "engine"]
