"""How much memory the values of columns may take."""

from __future__ import annotations

from pepperpy.infra.compression._errors import OutputLimitError

_LEAST = 2 << 30
_FACTOR = 8


class Room:
    """Bytes of memory for values: 2 GiB, or eight times what the payload may have.

    The limit for payloads does not do: a byte of one can become a dict, or a long text.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = max(_LEAST, limit * _FACTOR)

    def take(self, size: int) -> None:
        """Use some of it up."""
        self._left -= size
        if self._left < 0:
            raise OutputLimitError(
                "these columns hold more values than fit into the memory that they may take; "
                "if you trust them, allow more with max_output_size=",
                limit=self._limit,
            )
