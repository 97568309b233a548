"""`RedisTier`: results that processes and machines share."""

from __future__ import annotations

import atexit
import json
import math
import time
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from redis.exceptions import ResponseError

from pepperpy.infra.cache._errors import UnkeyableArgumentError
from pepperpy.infra.cache._memo import memos
from pepperpy.infra.utils import (
    generate_id,
    register_after_fork,
    register_closer,
    register_inspectable,
    running_loop,
)

from . import _commands as commands
from . import _wire as wire
from ._line import Ask, Line
from ._news import News
from ._orders import Order, order_from
from ._outage import LOST, NEW, OK, Outage
from ._pending import Pending
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

    from ._line import Command, Replies
    from ._talk import Step

T = TypeVar("T")

_CLOSES: Final = 500
_FIRST_LOOK: Final = 0.002
"""Seconds after which a call looks again whether the server is there."""
_LONGEST: Final = 86400.0
"""Seconds that a result is kept at most: what was dropped stays on the server until its time is up."""
_RENEWED: Final = 0.5
"""Seconds after which the locks of loads under way are renewed."""


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
        names = ("recalled", "kept", "unkept", "refused", "failures", "lost")
        self._counts = dict.fromkeys(names, 0)
        self.after_fork()
        register_after_fork(self)
        register_inspectable(self)
        self._withdraw = register_closer(_CLOSES, self.close)
        atexit.register(self.close)

    def after_fork(self) -> None:
        """Begin anew in a child: threads and connections are the parent's."""
        self._id = generate_id()
        self._lock = Lock()
        self._places: WeakKeyDictionary[Memo, dict[str, Hashable]] = WeakKeyDictionary()
        """Where what is in memory, or being loaded, stands below."""
        self._held: WeakValueDictionary[str, Ticket] = WeakValueDictionary()
        self._renewed = 0.0
        self._pending = Pending()
        self._waited: Mapping[Order, int] = {}
        self._outage = Outage(self._server.shown, self._empty_memory)
        self._line = Line(self._server, self._timeout, self._failed)
        self._news = News(self._server, self._keys.channel, self)

    # What the cache asks for.

    def recall(self, memo: Memo, flight: Flight) -> Found | None:
        steps = self._talk(memo, flight)
        found = None if steps is None else self._drive(steps)
        return self._counted(memo, found)

    async def arecall(self, memo: Memo, flight: Flight) -> Found | None:
        # Elsewhere than in asyncio nothing here can wait without holding up all others.
        steps = None if running_loop() is None else self._talk(memo, flight)
        found = None if steps is None else await self._adrive(steps)
        return self._counted(memo, found)

    def keep(self, memo: Memo, kept: Kept) -> None:
        ticket: Any = kept.ticket
        body = None if ticket is None else wire.dumped(kept.value)
        if body is None or not all(map(wire.is_text, kept.names)):
            self._counts["unkept"] += 1
            return
        if not ticket.take():
            return
        self._held.pop(ticket.owner, None)
        others = [name for name in kept.names if name not in ticket.begun.names]
        if not others:
            self._line.put(self._store(memo, kept, ticket, body, {}))
            return

        # Names that only the result gives: which stamps do they have?
        def store(replies: Replies) -> None:
            if replies is None or isinstance(replies[0], ResponseError):
                self._counts["unkept"] += 1
                return
            stamps = ticket.read(others, replies[0])
            late = {} if stamps is None else stamps.names
            self._line.put(self._store(memo, kept, ticket, body, late))

        self._line.put(Ask([commands.begin(self._keys, ticket, others, LOOK)], then=store))

    def put(self, memo: Memo, kept: Kept) -> None:
        place = self.place_of(memo, kept.key)
        if place is None:
            return
        self._note(memo, place, kept.key)
        self._wait()
        # Should it not get through, what is there must go.
        order = Order(place=place)
        added = self._pending.add([order])
        ticket = Ticket(place, self._keys.shard_of(place), self._release)
        names = tuple(dict.fromkeys(kept.names))
        every = [
            *commands.drop(self._keys, self._id, order),
            commands.begin(self._keys, ticket, names, SEIZE),
        ]
        replies = self._drive(self._when_there(self._sending(every, added)))
        if replies is not None and ticket.begin(names, replies[-1]):
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
        place = self.place_of(memo, key)
        if place is None:
            return False
        subject = self._subject(memo, place, key, ())
        ticket = Ticket(place, self._keys.shard_of(place), self._release)
        found = self._drive(self._when_there(Talk(self._keys, subject, ticket, _nothing).read()))
        self._carry_out([Order(place=place)])
        return found is not None

    def invalidate(
        self, wanted: Iterable[Wanted], namespace: str | None, above: AbstractSet[str]
    ) -> int:
        known = self._carry_out([Order.of(each, namespace) for each in wanted])
        return 1 if known and not above else 0

    def clear(
        self,
        namespace: str | None = None,
        memo: Memo | None = None,
        above: AbstractSet[str] = frozenset(),  # noqa: ARG002 - nobody knows how much there is
    ) -> int:
        if memo is None:
            self._carry_out([Order(namespace=namespace)])
            return 0
        identity = self._identity_of(memo)
        if identity is not None:
            self._carry_out([Order(namespace=memo.namespace, function=identity)])
        return 0

    def flush(self) -> None:
        """Wait until all is carried out that was asked for so far."""
        for _ in range(2):  # what was stored in two steps as well
            self._line.ask(Ask([("PING",)]))

    def close(self) -> None:
        atexit.unregister(self.close)
        self._withdraw()
        self._is_off = True
        self._news.close()
        self._line.close()

    def inspect(self) -> dict[str, object]:
        """The server as telemetry and consoles show it."""
        state = "off" if self._is_off else self._outage.state
        waiting = {"unanswered": self._line.unanswered, "waiting": len(self._pending)}
        return {
            "kind": "cache.redis",
            "name": "cache",
            "state": state,
            "facts": {**self._counts, **waiting},
            "config": {
                "url": self._server.shown,
                "prefix": self._keys.prefix,
                "timeout": self._timeout,
            },
        }

    # What the news tell, in their thread.

    def came(self, message: bytes) -> None:
        """Drop from memory what another process dropped."""
        try:
            sender, text = json.loads(message)
            order = order_from(text)
        except (TypeError, ValueError):
            order = None
        if order is None:  # not ours, so nobody knows what it means
            self._empty_memory()
        elif sender != self._id:
            self._drop(order)

    def lost(self, error: Exception) -> None:
        """Take memory as unreliable from now on."""
        self._counts["lost"] += self._outage.begins(error)

    def is_back(self) -> bool:
        """Send what others have not been told, and begin with an empty memory."""
        told = self._line.ask(Ask([("INFO", "server")], probes=True))
        if told is None:
            return False
        run = wire.run_in(told[0])
        if run is None and self._outage.state is LOST:  # it may be one that has lost something
            self._pending.add([Order()])
        orders = self._pending.all()
        settle = partial(self._pending.settle, orders)
        every = [*([] if run is None else commands.check(self._keys, run)), *self._dropping(orders)]
        if every and self._line.ask(Ask(every, then=settle, must=True, probes=True)) is None:
            return False
        self._outage.ends()
        return True

    def tick(self) -> None:
        """Keep what is being loaded to this process, and memory young while it is unreliable."""
        self._outage.tick()
        now = time.monotonic()
        if now - self._renewed < _RENEWED:
            return
        self._renewed = now
        held = list(self._held.values())
        if self._outage.state is OK and self._line.is_open:
            # A connection that is in use is not closed for being idle.
            renewing = [commands.renew(self._keys, ticket) for ticket in held]
            self._line.put(Ask(renewing or [("PING",)]))
        waiting, self._waited = self._waited, self._pending.all()
        again = {order: of for order, of in waiting.items() if self._waited.get(order) == of}
        if again and self._line.is_open:  # they came in the midst of a recovery
            settle = partial(self._pending.settle, again)
            self._line.put(Ask(self._dropping(again), then=settle, must=True))

    # How it is done.

    def _talk(self, memo: Memo, flight: Flight) -> Generator[Step, Replies, Found | None] | None:
        if self._is_off:
            return None
        place = self.place_of(memo, flight.key)
        if place is None:  # what others drop is dropped here as well
            return self._when_there(_no_steps()) if self._outage.state is NEW else None
        self._note(memo, place, flight.key)
        ticket = Ticket(place, self._keys.shard_of(place), self._release, tells=flight.is_anew)

        def began(ticket: Ticket) -> None:
            flight.ticket = self._held[ticket.owner] = ticket

        subject = self._subject(memo, place, flight.key, flight.names)
        talk = Talk(self._keys, subject, ticket, began)
        if flight.may_recall:
            steps = talk.recall()
        else:
            steps = talk.begin(SEIZE if flight.is_anew else ASK)
        return self._when_there(steps)

    def _when_there(self, steps: Generator[Step, Replies, T]) -> Generator[Step, Replies, T | None]:
        """Make *steps*, if the server is there; the first of all callers wait for that."""
        if self._outage.state is NEW:
            self._news.start()
            until = time.monotonic() + self._timeout
            while self._outage.state is NEW and time.monotonic() < until:
                yield _FIRST_LOOK
            if self._outage.state is NEW:
                self.lost(TimeoutError(f"no answer within {self._timeout:g} seconds"))
        if self._outage.state is not OK:
            self._line.unanswered += 1
            return None
        return (yield from steps)

    @staticmethod
    def _subject(memo: Memo, place: str, key: Hashable, names: tuple[str, ...]) -> Subject:
        every = dict.fromkeys((*names, *memo.keeping.entity_names(key)))
        return Subject(memo.namespace, memo.identity or "", place, tuple(every))

    def _drive(self, steps: Generator[Step, Replies, Any]) -> Any:
        reply: Replies = None
        try:
            while True:
                step = steps.send(reply)
                reply = None
                if isinstance(step, Ask):
                    reply = self._line.ask(step)
                else:
                    time.sleep(step)
        except StopIteration as end:
            return end.value

    async def _adrive(self, steps: Generator[Step, Replies, Any]) -> Any:
        import asyncio

        reply: Replies = None
        try:
            while True:
                step = steps.send(reply)
                reply = None
                if isinstance(step, Ask):
                    reply = await self._line.aask(step)
                else:
                    await asyncio.sleep(step)
        except StopIteration as end:
            return end.value

    def _counted(self, memo: Memo, found: Found | None) -> Found | None:
        if found is None:
            return None
        self._counts["recalled"] += 1
        return found if memo.ends else found._replace(life=math.inf)

    def _store(
        self, memo: Memo, kept: Kept, ticket: Ticket, body: bytes, late: dict[str, str]
    ) -> Ask:
        """What stores a result.

        Args:
            late: The stamps of names that were not known when the load began.
        """
        stamps = ticket.begun._replace(
            names={name: late.get(name) or ticket.begun.names[name] for name in kept.names}
        )  # a KeyError cannot be: what is late is what was not known
        stale_for: Any = memo.settings.stale_for
        life = min(kept.life, _LONGEST)
        data = wire.pack(ticket.place, stamps, float(stale_for), body)
        every = [
            commands.store(
                self._keys, ticket, stamps, data, life + stale_for, guarded=bool(late)
            )
        ]
        if ticket.tells:
            every.append(commands.tell(self._keys, self._id, Order(place=ticket.place)))

        def stored(replies: Replies) -> None:
            if replies is None or isinstance(replies[0], ResponseError):
                self._counts["unkept"] += 1
            else:
                self._counts["kept" if replies[0] else "refused"] += 1

        return Ask(every, then=stored)

    def _carry_out(self, orders: list[Order]) -> bool:
        """Drop on the server, now or as soon as it answers; whether it knew any of it."""
        if self._is_off or not orders:
            return False
        self._wait()
        added = self._pending.add(orders)  # before it is known whether anybody is there
        replies = self._drive(self._when_there(self._sending(self._dropping(orders), added)))
        return replies is not None and any(replies)

    def _wait(self) -> None:
        """Know whether the server is there."""
        if self._outage.state is NEW:
            self._drive(self._when_there(_no_steps()))

    def _dropping(self, orders: Iterable[Order]) -> list[Command]:
        return [each for order in orders for each in commands.drop(self._keys, self._id, order)]

    def _sending(
        self, every: list[Command], added: Mapping[Order, int]
    ) -> Generator[Step, Replies, Replies]:
        return (yield Ask(every, then=partial(self._pending.settle, added), must=True))

    def _release(self, ticket: Ticket) -> None:
        self._held.pop(ticket.owner, None)
        self._line.put(Ask([commands.release(self._keys, ticket)]))

    def _failed(self, error: Exception) -> None:
        self._counts["failures"] += 1
        self._news.break_off(error)

    def _identity_of(self, memo: Memo) -> str | None:
        """Which function it is in every process; two that live at once are never the same."""
        identity = memo.identity
        if identity is None or self._owners.setdefault(identity, memo) is not memo:
            return None
        return identity

    def _note(self, memo: Memo, place: str, key: Hashable) -> None:
        with self._lock:
            places = self._places.setdefault(memo, {})
            places[place] = key
            if len(places) > 256 + 2 * len(memo.store.entries):
                kept = {place: key for place, key in places.items() if memo.knows(key)}
                kept[place] = key
                self._places[memo] = kept

    def _drop(self, order: Order) -> None:
        """Drop from memory."""
        for memo in self._memos():
            if order.place is not None:
                with self._lock:
                    places = self._places.get(memo, {})
                    key: Any = places.get(order.place, self)
                if key is not self:
                    memo.drop(key)
            elif order.namespace in {None, memo.namespace} and (
                order.function in {None, memo.identity}
            ):
                if order.name is None:
                    memo.clear()
                else:
                    memo.invalidate(order.wanted)

    def _empty_memory(self) -> None:
        for memo in self._memos():
            memo.clear()

    def _memos(self) -> list[Memo]:
        return [memo for memo in memos.alive() if memo.tier is self]


def _nothing(_: object) -> None: ...


def _no_steps() -> Generator[Step, Replies, None]:
    yield from ()
