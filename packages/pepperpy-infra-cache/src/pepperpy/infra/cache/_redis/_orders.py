"""What is to be dropped, as it is told to the server and to other processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pepperpy.infra.cache._names import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable


class Order(NamedTuple):
    """Some results: all of those that fit everything that is not `None`."""

    name: str | None = None
    """One that they carry, or a glob."""
    literal: bool = False
    spared: tuple[str, ...] = ()
    namespace: str | None = None
    function: str | None = None
    place: str | None = None
    """That of a single one."""

    @classmethod
    def of(cls, wanted: Wanted, namespace: str | None) -> Order:
        """Those that carry a wanted name."""
        return cls(wanted.name, wanted.literal, wanted.spared, namespace)

    @property
    def is_plain(self) -> bool:
        """Whether one name says it all."""
        return self.name is not None and self.namespace is None and not self.wanted.is_glob

    @property
    def is_everything(self) -> bool:
        """Whether it spares nothing."""
        return not any((self.name is not None, self.namespace is not None, self.function, self.place))

    @property
    def wanted(self) -> Wanted:
        """The name to look for."""
        wanted = Wanted(self.name or "", literal=self.literal)
        return wanted.sparing(self.spared) if self.spared else wanted

    def hits(self, namespace: str, function: str, names: Iterable[str]) -> bool:
        """Whether a result of a function that carries *names* is one of those."""
        if self.namespace not in {None, namespace} or self.function not in {None, function}:
            return False
        return self.name is None or any(map(self.wanted.matches, names))

    def text(self) -> str:
        """The order in one line."""
        return json.dumps(self, separators=(",", ":"))


def order_from(text: str) -> Order | None:
    """The order that *text* is; `None` if it is none of ours."""
    try:
        name, literal, spared, *where = json.loads(text)
        order = Order(name, bool(literal), tuple(spared), *where)
    except (TypeError, ValueError):
        return None
    texts = (order.name, order.namespace, order.function, order.place, *order.spared)
    return order if all(each is None or isinstance(each, str) for each in texts) else None


class Ledger(NamedTuple):
    """The stamp of everything, and the orders that no stamp of a name can carry out."""

    stamp: str
    last: int
    """The number of the latest order."""
    orders: tuple[tuple[int, Order], ...]

    def allows(self, since: int, namespace: str, function: str, names: Iterable[str]) -> bool:
        """Whether no order later than the one of number *since* is about such a result."""
        return not any(
            number > since and order.hits(namespace, function, names)
            for number, order in self.orders
        )


def ledger_from(data: object) -> Ledger | None:
    """The ledger as it lies on the server; `None` if it is missing, or none of ours."""
    if not isinstance(data, bytes):
        return None
    try:
        head, *lines = data.decode().split("\n")
        stamp, last = head.split(" ")
        orders: list[tuple[int, Order]] = []
        for line in lines:
            number, _, text = line.partition(" ")
            order = order_from(text)
            if order is None:
                return None
            orders.append((int(number), order))
        return Ledger(stamp, int(last), tuple(orders))
    except ValueError:  # a UnicodeDecodeError is one
        return None
