"""How a result is recalled, step by step, for threads and tasks alike."""

from __future__ import annotations

from random import random
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pepperpy.infra.cache._tier import Found

from . import _commands as commands
from . import _wire as wire
from ._line import Ask, reply_in
from ._orders import ledger_from

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._drive import Step
    from ._line import Command, Replies
    from ._ticket import Ticket
    from ._wire import Keys

    Began: TypeAlias = Callable[[Ticket], object]

_PATIENCE: Final = 5.0
"""Seconds for which a call waits for another process's load."""
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.2
_SERVED_FOR: Final = 0.5
"""Seconds that memory keeps a stale result, while another process loads."""

ASK: Final = "ask"
"""Begin a load unless another process is at it."""
SEIZE: Final = "seize"
"""Begin a load; what another one is loading is not stored."""
LOOK: Final = "look"


class Subject(NamedTuple):
    """The result of one call."""

    namespace: str
    function: str
    names: tuple[str, ...]
    """Those that the arguments give."""


class Talk:
    """Speaks with the server about one result.

    Args:
        ticket: For a load of it.
    """

    def __init__(self, keys: Keys, subject: Subject, ticket: Ticket) -> None:
        self._keys = keys
        self._subject = subject
        self._ticket = ticket

    def recall(self, began: Began, how: str = ASK) -> Generator[Step, Replies, Found | None]:
        """A result that is good; if there is none, begin a load, or wait for another process's.

        Args:
            began: Called with the ticket if a load may begin.
            how: `SEIZE` to wait for nobody.
        """
        until = monotonic() + _PATIENCE
        pause = _FIRST_PAUSE
        found = yield from self.read()
        if found is not None and found.life > 0:
            return found
        while True:
            # Read once more: another process may have stored it before it gave the lock back.
            asked = monotonic()
            replies = yield from self._begin(how, *self._reading())
            reply = reply_in(replies)
            if replies is None or reply is None:
                return None
            is_ours = self._ticket.begin(self._subject.names, reply)
            found = yield from self._found(replies[1:], asked)
            if found is not None and found.life > 0:
                if is_ours:
                    self._ticket.release()
                return found
            if is_ours:
                began(self._ticket)
                return None
            if found is not None:
                return found._replace(life=_SERVED_FOR)
            if monotonic() > until:
                return None
            yield pause * (0.5 + random())  # noqa: S311 - no secret
            pause = min(pause * 1.6, _LONGEST_PAUSE)

    def begin(self, how: str, began: Began) -> Generator[Step, Replies, None]:
        """Begin a load whatever there is."""
        reply = reply_in((yield from self._begin(how)))
        if reply is not None and self._ticket.begin(self._subject.names, reply):
            began(self._ticket)

    def read(self) -> Generator[Step, Replies, Found | None]:
        """The result, if it is good; one that is not fresh any more has no life left."""
        asked = monotonic()
        return (yield from self._found((yield Ask(self._reading())), asked))

    def _begin(self, how: str, *others: Command) -> Generator[Step, Replies, Replies]:
        ticket = self._ticket
        beginning = commands.begin(self._keys, ticket, self._subject.names, how)
        try:
            replies = yield Ask([beginning, *others], then=ticket.give_back)
        except GeneratorExit:  # whoever asked is gone, and the answer still to come
            ticket.release()
            raise
        if replies is None:
            ticket.take()
        return replies

    def _reading(self) -> list[Command]:
        ticket, names = self._ticket, self._subject.names
        return commands.read(self._keys, ticket.shard, ticket.place, names)

    def _found(self, replies: Replies, asked: float) -> Generator[Step, Replies, Found | None]:
        """The result in the *replies* to what was *asked* then."""
        subject, ticket = self._subject, self._ticket
        reply = reply_in(replies and replies[1:])
        if replies is None or reply is None:
            return None
        data, ledger, *known = reply
        value = wire.unpack(ticket.place, data)
        if value is None:
            return None
        stamps = _stamps(subject.names, known)
        others = [name for name in value.stamps.names if name not in stamps]
        if others:  # which the result alone gives
            keys = [self._keys.stamp(ticket.shard, name) for name in others]
            more = reply_in((yield Ask([("MGET", *keys)])))
            stamps |= _stamps(others, more or [None] * len(others))
        if not wire.is_good(
            value, ledger_from(ledger), stamps, subject.namespace, subject.function
        ):
            return None
        age = monotonic() - asked
        return Found(value.result, min(wire.life_in(each, value, age) for each in replies[::2]))


def _stamps(names: Any, found: list[bytes | None]) -> dict[str, str | None]:
    # What somebody else has put there is no stamp that a result can have.
    texts = (None if stamp is None else stamp.decode("utf-8", "replace") for stamp in found)
    return dict(zip(names, texts, strict=True))
