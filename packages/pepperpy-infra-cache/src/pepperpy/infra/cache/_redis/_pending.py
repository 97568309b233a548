"""What is to be dropped on the server and was not yet."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from ._orders import Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._line import Replies

_MOST: Final = 10_000


class Pending:
    """Orders that are kept until the server has carried them out, as one after an outage is sent.

    Beyond ten thousand they are one: to drop everything.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._orders: dict[Order, int] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, orders: Iterable[Order]) -> Mapping[Order, int]:
        """Keep them, each with a number of its own, for `settle`."""
        with self._lock:
            self._number += 1
            added = dict.fromkeys(orders, self._number)
            self._orders |= added
            if len(self._orders) > _MOST:
                self._orders = {Order(): self._number}
            return added

    def all(self) -> Mapping[Order, int]:
        """Those that are still to be carried out."""
        with self._lock:
            return {**self._orders}

    def settle(self, done: Mapping[Order, int], replies: Replies) -> None:
        """Forget those that are *done*, if there are replies, but for what came again since."""
        if replies is None:
            return
        with self._lock:
            for order, number in done.items():
                if self._orders.get(order) == number:
                    del self._orders[order]
