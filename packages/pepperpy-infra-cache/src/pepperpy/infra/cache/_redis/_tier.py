"""`RedisTier`: results that processes and machines share."""

from __future__ import annotations

import atexit
import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet, WeakValueDictionary

from pepperpy.infra.cache._errors import CacheTierError, UnkeyableArgumentError
from pepperpy.infra.utils import (
    register_after_fork,
    register_closer,
    register_inspectable,
    running_loop,
)

from . import _commands as commands
from . import _wire as wire
from ._drive import adrive, drive
from ._line import Ask, reply_in
from ._link import Link
from ._memory import Memory
from ._orders import Order
from ._outage import NEW, OK
from ._server import Server
from ._talk import ASK, LOOK, SEIZE, Subject, Talk
from ._ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pepperpy.infra.cache._flights import Flight
    from pepperpy.infra.cache._memo import Memo
    from pepperpy.infra.cache._names import Wanted
    from pepperpy.infra.cache._tier import Found, Kept

    from ._drive import Step
    from ._line import Replies

_CLOSES: Final = 500
_LONGEST: Final = 86_400.0
"""Seconds that a result is kept: what was dropped stays on the server until its time is up."""
_LARGEST: Final = 1 << 20
"""Bytes of a result: a larger one would hold up all others."""


class RedisTier:
    """Keeps results on a server, for all processes that use it.

    Nothing of it fails a call, and none waits longer than *timeout* for a server that does not
    answer; as long as it does not, calls do not ask it.

    Args:
        url: Where the server is.
        prefix: How all keys begin.
        timeout: Seconds that an answer may take.

    Raises:
        CacheTierError: If *url* is none.
    """

    def __init__(self, url: str, prefix: str, timeout: float) -> None:
        self._server = Server(url, timeout)
        self._timeout = timeout
        self._keys = wire.Keys(prefix)
        self._is_off = False
        self._owners: WeakValueDictionary[str, Memo] = WeakValueDictionary()
        self._unkept: WeakSet[Memo] = WeakSet()
        """Functions whose last result could not be kept: there is no use in waiting for one."""
        self._counts = dict.fromkeys(("recalled", "kept", "unkept", "refused"), 0)
        self._memory = Memory(self)
        self._link = Link(self._server, self._keys, self._memory, timeout)
        register_after_fork(self)
        register_inspectable(self)
        self._withdraw = register_closer(_CLOSES, self.close)
        atexit.register(self.close)

    def after_fork(self) -> None:
        """Begin anew in a child: threads and connections are the parent's."""
        self._link = Link(self._server, self._keys, self._memory, self._timeout)
        self._memory.after_fork()

    # What the cache asks for.

    def recall(self, memo: Memo, flight: Flight) -> Found | None:
        steps = self._steps(memo, flight)
        return None if steps is None else self._counted(memo, drive(self._link.line, steps))

    async def arecall(self, memo: Memo, flight: Flight) -> Found | None:
        if running_loop() is None:  # as under trio: to wait here would hold up all its tasks
            self._listen(memo, flight)
            return None
        steps = self._steps(memo, flight)
        return None if steps is None else self._counted(memo, await adrive(self._link.line, steps))

    def keep(self, memo: Memo, kept: Kept) -> None:
        ticket, body = kept.ticket, None
        if isinstance(ticket, Ticket) and all(map(wire.is_text, kept.names)):
            body = wire.dumped(kept.value, _LARGEST)
            if body is None:
                self._unkept.add(memo)
            elif ticket.take():
                self._unkept.discard(memo)
                self._link.held.pop(ticket.owner, None)
                self._send(memo, kept, ticket, body)
        self._counts["unkept"] += body is None

    def put(self, memo: Memo, kept: Kept) -> None:
        place = self.place_of(memo, kept.key)
        if place is None:
            return
        self._memory.note(memo, place, kept.key)
        ticket = self._ticket(place)
        names = tuple(dict.fromkeys(kept.names))
        # What is there must go in any case, should the new one not get through.
        replies = self._link.carry_out([Order(place=place)])
        if replies is None:
            return
        begin = commands.begin(self._keys, ticket, names, SEIZE)
        reply = reply_in(self._link.line.ask(Ask([begin])))
        if reply is not None and ticket.begin(names, reply):
            self.keep(memo, kept._replace(ticket=ticket))
            self.flush()

    def place_of(self, memo: Memo, key: Hashable) -> str | None:
        identity = self._identity_of(memo)
        if identity is None:
            return None
        try:
            return wire.place(memo.namespace, identity, memo.call_of(key))
        except UnkeyableArgumentError:
            return None

    def forget(self, memo: Memo, key: Hashable) -> bool:
        place = None if self._is_off else self.place_of(memo, key)
        if place is None:
            return False
        talk = Talk(self._keys, _subject(memo, key, ()), self._ticket(place))
        found = drive(self._link.line, self._link.when_there(talk.read()))
        self._link.carry_out([Order(place=place)])
        return found is not None

    def invalidate(
        self, wanted: Iterable[Wanted], namespace: str | None, above: AbstractSet[str]
    ) -> int:
        if self._is_off:
            return 0
        replies = self._link.carry_out([Order.of(each, namespace) for each in wanted])
        return int(bool(replies and any(replies)) and not above)

    def clear(
        self,
        namespace: str | None = None,
        memo: Memo | None = None,
        above: AbstractSet[str] = frozenset(),  # noqa: ARG002 - nobody knows how much there is
    ) -> int:
        order = Order(namespace=namespace)
        if memo is not None:
            identity = self._identity_of(memo)
            if identity is None:
                return 0
            order = Order(namespace=memo.namespace, function=identity)
        if not self._is_off:
            self._link.carry_out([order])
        return 0

    def connect(self) -> None:
        """Know that the server answers; nobody has to ask for that.

        Raises:
            CacheTierError: If it does not.
        """
        link = self._link
        drive(link.line, link.when_there(link.nothing()))
        if link.outage.state is not OK:
            raise CacheTierError(
                f"no answer from {self._server.shown} ({link.outage.problem}); results are kept in "
                "memory alone",
                cache_type="redis",
            )

    def flush(self) -> None:
        """Wait until all is carried out that was asked for so far."""
        for _ in range(2):  # what is stored in two steps as well
            self._link.line.ask(Ask([("PING",)]))

    def close(self) -> None:
        atexit.unregister(self.close)
        self._withdraw()
        self._is_off = True
        self._link.close()

    def inspect(self) -> dict[str, object]:
        """The server as telemetry and consoles show it."""
        link = self._link
        return {
            "kind": "cache.redis",
            "name": "cache",
            "state": "off" if self._is_off else link.outage.state,
            "facts": {
                **self._counts,
                "unanswered": link.line.unanswered,
                "failures": link.failures,
                "lost": link.lost_count,
                "waiting": len(link.pending),
            },
            "config": {
                "url": self._server.shown,
                "prefix": self._keys.prefix,
                "timeout": self._timeout,
            },
        }

    # How it is done.

    def _steps(self, memo: Memo, flight: Flight) -> Generator[Step, Replies, Found | None] | None:
        """What recalls the result, or begins its load."""
        if self._is_off:
            return None
        link = self._link
        place = self._noted(memo, flight)
        if place is None:  # what others drop is dropped here as well
            return link.when_there(link.nothing()) if link.outage.state is NEW else None

        def began(ticket: Ticket) -> None:
            flight.ticket = link.held[ticket.owner] = ticket

        ticket = self._ticket(place, tells=flight.is_anew)
        talk = Talk(self._keys, _subject(memo, flight.key, flight.names), ticket)
        if flight.may_recall:
            return link.when_there(talk.recall(began, SEIZE if memo in self._unkept else ASK))
        return link.when_there(talk.begin(SEIZE if flight.is_anew else ASK, began))

    def _listen(self, memo: Memo, flight: Flight) -> None:
        """Have what others drop dropped here as well."""
        if not self._is_off:
            self._noted(memo, flight)
            self._link.listen()

    def _noted(self, memo: Memo, flight: Flight) -> str | None:
        place = self.place_of(memo, flight.key)
        if place is not None:
            self._memory.note(memo, place, flight.key)
        return place

    def _ticket(self, place: str, *, tells: bool = False) -> Ticket:
        release = partial(self._release, self._link)
        shard = self._keys.shard_of(place)
        return Ticket(place, shard, self._link.fresh, release, tells=tells)

    def _release(self, link: Link, ticket: Ticket) -> None:
        link.held.pop(ticket.owner, None)
        link.line.put(Ask([commands.release(self._keys, ticket)]))

    def _counted(self, memo: Memo, found: Found | None) -> Found | None:
        if found is None:
            return None
        self._counts["recalled"] += 1
        return found if memo.ends else found._replace(life=math.inf)

    def _send(self, memo: Memo, kept: Kept, ticket: Ticket, body: bytes) -> None:
        line = self._link.line
        others = [name for name in kept.names if name not in ticket.begun.names]
        if not others:
            line.put(self._storing(memo, kept, ticket, body, {}))
            return

        def store(replies: Replies) -> None:
            reply = reply_in(replies)
            stamps = None if reply is None else ticket.read(others, reply)
            if stamps is None:
                self._counts["unkept"] += 1
            else:
                line.put(self._storing(memo, kept, ticket, body, stamps.names))

        # Names that the result alone gives: which stamps do they have?
        line.put(Ask([commands.begin(self._keys, ticket, others, LOOK)], then=store))

    def _storing(
        self, memo: Memo, kept: Kept, ticket: Ticket, body: bytes, late: Mapping[str, str]
    ) -> Ask:
        """What stores a result.

        Args:
            late: The stamps of names that were not known when the load began.
        """
        begun = ticket.begun
        stamps = {name: late.get(name) or begun.names[name] for name in kept.names}
        stale_for: Any = memo.settings.stale_for  # seconds by now
        life = min(kept.life, _LONGEST) + stale_for
        seen = begun._replace(names=stamps)
        data = wire.pack(ticket.place, seen, float(stale_for), body)
        store = commands.store(self._keys, ticket, seen, data, life, guarded=bool(late))
        tells = [commands.tell(self._keys, self._link.id, Order(place=ticket.place))]

        def stored(replies: Replies) -> None:
            reply = reply_in(replies)
            self._counts["unkept" if reply is None else "kept" if reply else "refused"] += 1

        return Ask([store, *(tells if ticket.tells else ())], then=stored)

    def _identity_of(self, memo: Memo) -> str | None:
        """Which function it is in every process; two that live at once are never the same."""
        identity = memo.identity
        if identity is None or self._owners.setdefault(identity, memo) is not memo:
            return None
        return identity


def _subject(memo: Memo, key: Hashable, names: tuple[str, ...]) -> Subject:
    every = dict.fromkeys((*names, *memo.keeping.entity_names(key)))
    return Subject(memo.namespace, memo.identity or "", tuple(every))
