"""The way to the server and back: questions, news, and what is done when there is none."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

from pepperpy.infra.utils import generate_id

from . import _commands as commands
from ._drive import drive
from ._line import Ask, Line
from ._news import News
from ._orders import Order, order_from
from ._outage import LOST, NEW, OK, Outage
from ._pending import Pending
from ._wire import run_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from ._drive import Step
    from ._line import Command, Replies
    from ._memory import Memory
    from ._server import Server
    from ._ticket import Ticket
    from ._wire import Keys

R = TypeVar("R")

_FIRST_LOOK: Final = 0.002
"""Seconds after which the first callers look again whether the server is there."""
_RENEWED: Final = 0.5
"""Seconds after which the locks of loads under way are renewed."""


class Link:
    """Asks the server as long as it answers, and keeps memory true to what others drop.

    Args:
        memory: Where what others dropped is dropped.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, server: Server, keys: Keys, memory: Memory, timeout: float) -> None:
        self._keys = keys
        self._memory = memory
        self._timeout = timeout
        self.id: str = generate_id()
        """Whose messages are our own."""
        self._numbers = count()
        self.held: WeakValueDictionary[str, Ticket] = WeakValueDictionary()
        """The tickets of loads under way, by owner."""
        self.failures = self.lost_count = 0
        self.pending: Pending = Pending()
        self.outage: Outage = Outage(server.shown, memory.empty)
        self.line: Line = Line(server, timeout, self._failed)
        self._news = News(server, keys.channel, self)
        self._waited: Mapping[Order, int] = {}
        self._is_returning = False
        self._renewed = 0.0

    def when_there(self, steps: Generator[Step, Replies, R]) -> Generator[Step, Replies, R | None]:
        """Take *steps*, if the server is there; the first of all callers wait for that."""
        if self.outage.state is NEW and self._begins_to_listen():
            until = monotonic() + self._timeout
            while self.outage.state is NEW and monotonic() < until:
                yield _FIRST_LOOK
            if self.outage.state is NEW:
                self.lost(TimeoutError(f"no answer within {self._timeout:g} seconds"))
        if self.outage.state is not OK:
            self.line.unanswered += 1
            return None
        return (yield from steps)

    def carry_out(self, orders: list[Order], *others: Command) -> Replies:
        """Drop on the server, now or as soon as it is there, and tell all others.

        Args:
            others: Commands that come before, whose replies are the first.
        """
        if self.outage.state is NEW:
            drive(self.line, self.when_there(self.nothing()))
        added = self.pending.add(orders)  # before it is known whether anybody is there
        is_returning = self._is_returning
        asking = _asking(self._dropping(orders, added, *others, probes=is_returning))
        return drive(self.line, asking if is_returning else self.when_there(asking))

    def listen(self) -> None:
        """Have the news come, sooner or later."""
        if self.outage.state is NEW:
            self.outage.is_unheard = True
            self._begins_to_listen()

    def fresh(self) -> str:
        """A text that never was, anywhere; cheaper than to ask the system for one."""
        return f"{self.id}.{next(self._numbers):x}"

    def close(self) -> None:
        """Carry out what waits, and end."""
        self._news.close()
        self.line.close()

    # What the news tell, in their thread.

    def came(self, message: bytes) -> None:
        """Drop from memory what another process dropped."""
        sender = order = None
        with suppress(TypeError, ValueError, RecursionError):
            sender, text = json.loads(message)
            order = order_from(text)
        if order is None:  # not ours, so nobody knows what it means
            self._memory.empty()
        elif sender != self.id:
            self._memory.drop(order)

    def lost(self, error: Exception) -> None:
        """Take memory as unreliable from now on."""
        self.lost_count += self.outage.begins(error)

    def is_back(self) -> bool:
        """Send what could not be sent, before anybody asks anything."""
        self._is_returning = True  # what is to be dropped from now on is sent by who drops it
        try:
            return self._returns()
        finally:
            self._is_returning = False

    def _returns(self) -> bool:
        failures = self.failures
        told = self.line.ask(Ask([("INFO", "server")], probes=True))
        if told is None:
            return False
        run = run_in(told[0])
        if run is None and self.outage.state is LOST:  # it may be one that has lost something
            self.pending.add([Order()])
        checks = [] if run is None else commands.check(self._keys, run)
        orders = self.pending.all()
        dropping = self._dropping(orders, orders, *checks, probes=True)
        dropping.then = partial(self._made_up, failures, orders)
        if self.line.ask(dropping) is None or self.line.is_down:
            return False
        self.outage.ends()
        return True

    def tick(self) -> None:
        """Keep what is being loaded to this process, and memory young while it is unreliable."""
        self.outage.tick()
        now = monotonic()
        if now - self._renewed < _RENEWED or self.outage.state is not OK:
            return
        self._renewed = now
        # A connection that is in use is not closed for being idle.
        # By references, since others add to it: `values` goes through it step by step.
        tickets = [ref() for ref in self.held.valuerefs()]
        renewing = [commands.renew(self._keys, each) for each in tickets if each is not None]
        self.line.put(Ask(renewing or [("PING",)]))
        # What came in the midst of a recovery was sent with neither that nor by itself.
        earlier, self._waited = self._waited, self.pending.all()
        again = {order: of for order, of in earlier.items() if self._waited.get(order) == of}
        if again:
            self.line.put(self._dropping(again, again))

    @staticmethod
    def nothing() -> Generator[Step, Replies, None]:
        """No steps: to know whether the server is there."""
        yield from ()

    # How it is done.

    def _dropping(
        self,
        orders: Iterable[Order],
        added: Mapping[Order, int],
        *others: Command,
        probes: bool = False,
    ) -> Ask:
        every = [each for order in orders for each in commands.drop(self._keys, self.id, order)]
        return Ask(
            [*others, *every] or [("PING",)],
            then=partial(self.pending.settle, added),
            must=True,
            probes=probes,
        )

    def _made_up(self, failures: int, orders: Mapping[Order, int], replies: Replies) -> None:
        """Let others ask, if it is still the server that said which run it is."""
        self.pending.settle(orders, replies)
        if replies is not None and failures == self.failures:
            self.line.is_down = False

    def _begins_to_listen(self) -> bool:
        try:
            self._news.start()
        except RuntimeError:  # no thread can be had, as at the very end: the next call tries again
            self.outage.is_unheard = True
            return False
        return True

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self._news.break_off(error)


def _asking(ask: Ask) -> Generator[Step, Replies, Replies]:
    return (yield ask)
