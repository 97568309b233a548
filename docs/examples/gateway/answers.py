"""Answers to questions about zones: from a provider, or still good from the last time.

What is still good is in the memory of the process, and for a while after a start in a file.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias, TypedDict

from errors import (
    GatewayError,
    OutOfTimeError,
    ProvidersFailedError,
    ProvidersUnavailableError,
    UnknownZoneError,
)
from last import LastAnswers
from names import ANSWERS
from settings import gateway_settings
from upstream import Upstreams, Visit
from zones import Answer

from pepperpy.infra import CircuitBreakerError, cached
from pepperpy.infra.resilience import ProviderFallbackError
from pepperpy.infra.utils import DeadlineExceededError, deadline


class Loaded(TypedDict):
    """An answer, which request got it from a provider, and when: plain, so that a Redis can have it."""

    answer: Answer
    by: str
    ended: float  # on the clock of `time.time`, which other processes have as well


Load: TypeAlias = Callable[[str, str, Visit], Awaitable[Loaded]]


def time_to_keep(loaded: Loaded) -> float:
    """Seconds until the next transition of the answer's zone, but no more than is configured.

    An answer is never served beyond that transition; one whose transition is over is not kept.
    """
    longest = gateway_settings().keep_answers
    change = loaded["answer"]["next_transition"]
    if change is None:
        return longest
    left = datetime.fromisoformat(change) - datetime.now(UTC)
    return min(longest, left.total_seconds())


class Answers:
    """Asks the providers, and remembers what they said, beyond the end of the process too."""

    def __init__(self, upstreams: Upstreams, last: LastAnswers) -> None:
        self._upstreams = upstreams
        self._last = last
        # A parameter that is called zone_id gives each answer the name "zone:Europe/Berlin", by which
        # it can be invalidated.  Requests that ask the same at once share one load.
        self._remembered = cached(ttl=time_to_keep, ignore=("visit", "load"), name=ANSWERS)(_loaded)

    async def get(self, zone_id: str, at: str, visit: Visit) -> Answer:
        """The answer, wherever it is from; *visit* says where from in the end.

        Raises:
            GatewayError: If there is none; the class tells why.
        """
        left = await self._last.left(zone_id, at)
        if left is not None:
            visit.cache, visit.loaded_by, visit.age = "left", left.by, left.age
            return left.answer
        visit.cache = "coalesced"  # unless we load it, or it is there; errors are not kept
        asked = time.time()
        loaded = await self._remembered(zone_id, at, visit, self._load)
        if loaded["ended"] < asked:
            visit.cache = "hit"
            visit.age = asked - loaded["ended"]
        visit.loaded_by = loaded["by"]
        return loaded["answer"]

    async def _load(self, zone_id: str, at: str, visit: Visit) -> Loaded:
        """The answer of the first provider that has one."""
        visit.cache = "miss"
        changes = await self._last.changes(zone_id)
        try:
            answer = await self._upstreams.ask(zone_id, at, visit)
        except DeadlineExceededError as error:
            raise OutOfTimeError(str(error)) from error
        except ProviderFallbackError as error:
            visit.came_to(error.providers)
            raise _named(error, visit) from error
        if answer is None:
            raise UnknownZoneError(f"the time-zone database has no zone {zone_id!r}")
        visit.stored = await self._last.keep(zone_id, at, answer, visit.id, changes)
        return Loaded(answer=answer, by=visit.id, ended=time.time())


async def _loaded(zone_id: str, at: str, visit: Visit, load: Load) -> Loaded:
    """What *load* says.  No method, and it captures nothing: so a cache on a Redis can share it."""
    return await load(zone_id, at, visit)


def _named(error: ProviderFallbackError, visit: Visit) -> GatewayError:
    """What a client is told when no provider had an answer."""
    causes = zip(error.providers, error.exceptions, strict=True)
    detail = "; ".join(f"{provider}: {cause!r}" for provider, cause in causes)
    if not deadline.remaining():
        return OutOfTimeError(f"the time is over; {detail}")
    if visit.calls:
        return ProvidersFailedError(detail)
    rejections = [each for each in error.exceptions if isinstance(each, CircuitBreakerError)]
    wait = min((each.retry_after or 0.0 for each in rejections), default=0.0)
    return ProvidersUnavailableError(detail, retry_after=max(1, math.ceil(wait)))
