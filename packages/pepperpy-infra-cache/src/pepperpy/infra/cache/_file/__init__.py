"""Results in a file of the storage wheel; imported only where that is asked for."""

from ._tier import FileTier

__all__ = ["FileTier"]
