"""How a result is recalled, step by step, for threads and tasks alike."""

from __future__ import annotations

from random import random
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.cache._tier import Found

from . import _commands as commands
from . import _wire as wire
from ._line import Ask, reply_in
from ._orders import ledger_from

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._drive import Step
    from ._line import Replies
    from ._ticket import Ticket
    from ._wire import Keys

_PATIENCE: Final = 5.0
"""Seconds for which a call waits for another process's load."""
_FIRST_PAUSE: Final = 0.01
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
    place: str
    names: tuple[str, ...]
    """Those that the arguments give."""


class Talk:
    """Speaks with the server about one result.

    Args:
        ticket: Begun by this when the load may begin.
        began: Called with the ticket then.
    """

    def __init__(
        self,
        keys: Keys,
        subject: Subject,
        ticket: Ticket,
        began: Callable[[Ticket], object] | None = None,
    ) -> None:
        self._keys = keys
        self._subject = subject
        self._ticket = ticket
        self._began = began

    def recall(self) -> Generator[Step, Replies, Found | None]:
        """A result that is good; if there is none, begin a load, or wait for another process's."""
        until = monotonic() + _PATIENCE
        pause = _FIRST_PAUSE
        while True:
            found = yield from self.read()
            if found is not None and found.life > 0:
                return found
            going = yield from self._begin(ASK)
            if going is None or going:
                return None
            if found is not None:
                return found._replace(life=_SERVED_FOR)
            if monotonic() > until:
                return None
            yield pause * (0.5 + random())  # noqa: S311 - no secret
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def begin(self, how: str) -> Generator[Step, Replies, None]:
        """Begin a load whatever there is."""
        yield from self._begin(how)

    def read(self) -> Generator[Step, Replies, Found | None]:
        """The result, if it is good; one that is not fresh any more has no life left."""
        subject, shard = self._subject, self._ticket.shard
        asked = monotonic()
        replies = yield Ask(commands.read(self._keys, shard, subject.place, subject.names))
        reply = reply_in(replies)
        if replies is None or reply is None:
            return None
        data, ledger, *known = reply
        value = wire.unpack(subject.place, data)
        if value is None:
            return None
        stamps = _stamps(subject.names, known)
        others = [name for name in value.stamps.names if name not in stamps]
        if others:
            more = yield Ask([("MGET", *(self._keys.stamp(shard, name) for name in others))])
            stamps |= _stamps(others, reply_in(more) or [None] * len(others))
        if not wire.is_good(
            value, ledger_from(ledger), stamps, subject.namespace, subject.function
        ):
            return None
        return Found(value.result, wire.life_in(replies[1], value, monotonic() - asked))

    def _begin(self, how: str) -> Generator[Step, Replies, bool | None]:
        """Whether the load may begin; `None` if the server does not tell."""
        ticket, names = self._ticket, self._subject.names
        reply = reply_in((yield Ask([commands.begin(self._keys, ticket, names, how)])))
        if reply is None:
            return None
        going = ticket.begin(names, reply)
        if going and self._began is not None:
            self._began(ticket)
        return going


def _stamps(names: Any, found: list[bytes | None]) -> dict[str, str | None]:
    texts = (stamp.decode() if isinstance(stamp, bytes) else None for stamp in found)
    return dict(zip(names, texts, strict=True))
