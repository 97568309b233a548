"""Commands that run a script on the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from . import _scripts as scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._line import Command
    from ._orders import Order
    from ._ticket import Ticket
    from ._wire import Keys, Stamps

LEASE: Final = 2.0
"""Seconds for which a load is another process's, unless that says so again."""
STAMP_LIFE: Final = 600.0
"""Seconds that a stamp lives at least: how long a load may take, to be stored."""
_MOST_ORDERS: Final = 64


def begin(keys: Keys, ticket: Ticket, names: Iterable[str], how: str) -> Command:
    """Begin a load, or only look which stamps there are."""
    shard, place = ticket.shard, ticket.place
    of = [keys.lock(shard, place), keys.ledger(shard), keys.any(shard)]
    of += [keys.stamp(shard, name) for name in names]
    fresh = ticket.fresh_stamp()
    return _script(scripts.BEGIN, of, ticket.owner, how, _ms(LEASE), _ms(STAMP_LIFE), fresh)


def read(keys: Keys, shard: str, place: str, names: Iterable[str]) -> list[Command]:
    """Read a result, and the stamps of now."""
    value = keys.value(shard, place)
    stamps = (keys.stamp(shard, name) for name in names)
    # The value may change between two commands: only the shorter time is surely not too long.
    life = ("PTTL", value)
    return [life, ("MGET", value, keys.ledger(shard), *stamps), life]


def store(
    keys: Keys, ticket: Ticket, stamps: Stamps, data: bytes, life: float, *, guarded: bool
) -> Command:
    """Store a result.

    Args:
        guarded: Whether it is in vain if anything at all was invalidated since the load began.
    """
    shard, place = ticket.shard, ticket.place
    of = [keys.value(shard, place), keys.lock(shard, place), keys.ledger(shard)]
    of += [keys.stamp(shard, name) for name in stamps.names]
    seen: list[Any] = [*stamps.names.values()]
    if guarded:
        of.append(keys.any(shard))
        seen.append(ticket.any_stamp)
    stamp_life = max(STAMP_LIFE, life * 1.25)
    return _script(
        scripts.STORE, of, ticket.owner, data, _ms(life), _ms(stamp_life), stamps.ledger, *seen
    )


def release(keys: Keys, ticket: Ticket) -> Command:
    """Give the lock back, if it is still the ticket's."""
    return _script(scripts.RELEASE, [keys.lock(ticket.shard, ticket.place)], ticket.owner)


def renew(keys: Keys, ticket: Ticket) -> Command:
    """Keep the lock, if it is still the ticket's."""
    lock = keys.lock(ticket.shard, ticket.place)
    return _script(scripts.RENEW, [lock], ticket.owner, _ms(LEASE))


def check(keys: Keys, run: bytes) -> list[Command]:
    """Forget what was stored in another run of the server than *run*."""
    return [
        _script(scripts.CHECK, [keys.any(shard), keys.ledger(shard), keys.run(shard)], run)
        for shard in keys.shards
    ]


def tell(keys: Keys, sender: str, order: Order) -> Command:
    """Have other processes drop what they have in memory."""
    return ("PUBLISH", keys.channel, _message(sender, order))


def drop(keys: Keys, sender: str, order: Order) -> list[Command]:
    """Carry out an order in every shard, and tell other processes."""
    return [*_drop(keys, order, _message(sender, order))]


def _drop(keys: Keys, order: Order, message: str) -> Iterator[Command]:
    if order.place is not None:
        shard = keys.shard_of(order.place)
        of = [keys.value(shard, order.place), keys.lock(shard, order.place)]
        yield _script(scripts.FORGET, of, keys.channel, message)
        return
    for shard in keys.shards:
        first = keys.any(shard)
        if order.is_plain:
            of = [first, keys.stamp(shard, order.name or "")]
            yield _script(scripts.DROP, of, keys.channel, message)
        elif order.is_everything:
            yield _script(scripts.WIPE, [first, keys.ledger(shard)], keys.channel, message)
        else:
            of = [first, keys.ledger(shard)]
            yield _script(scripts.NOTE, of, keys.channel, message, order.text(), _MOST_ORDERS)


def _message(sender: str, order: Order) -> str:
    return json.dumps([sender, order.text()])


def _script(text: str, keys: list[bytes], *arguments: Any) -> Command:
    return ("EVAL", text, len(keys), *keys, *arguments)


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
