"""What is to be dropped, as it is told to the server and to other processes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

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
        return not any(
            (self.name is not None, self.namespace is not None, self.function, self.place)
        )

    @property
    def wanted(self) -> Wanted:
        """The name to look for."""
        return _wanted(self.name or "", self.literal, self.spared)

    def is_about(self, namespace: str, function: str | None) -> bool:
        """Whether it can be about results of a function."""
        return self.namespace in {None, namespace} and self.function in {None, function}

    def hits(self, namespace: str, function: str, names: Iterable[str]) -> bool:
        """Whether a result of a function that carries *names* is one of those."""
        if not self.is_about(namespace, function):
            return False
        return self.name is None or any(map(self.wanted.matches, names))

    def text(self) -> str:
        """The order in one line."""
        return json.dumps(self, separators=(",", ":"))


@lru_cache(maxsize=256)
def _wanted(name: str, literal: bool, spared: tuple[str, ...]) -> Wanted:
    wanted = Wanted(name, literal=literal)
    return wanted.sparing(spared) if spared else wanted


def order_from(text: str) -> Order | None:
    """The order that *text* is; `None` if it is none of ours."""
    try:
        name, literal, spared, *where = json.loads(text)
        order = Order(name, bool(literal), tuple(spared), *where)
    except (TypeError, ValueError, RecursionError):
        return None
    texts: tuple[Any, ...] = (name, *where, *order.spared)
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
    return _ledger(data) if isinstance(data, bytes) else None


@lru_cache(maxsize=16)
def _ledger(data: bytes) -> Ledger | None:
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
