"""The providers: asked one after the other, with patience, but none that keeps failing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import httpx2
from settings import GatewaySettings, gateway_settings
from zones import Answer

from pepperpy.infra import (
    ConnectionPool,
    ConnectionPoolConfig,
    get_logger,
    get_pool,
    pooled_resource,
    retry,
    with_fallback,
)
from pepperpy.infra.connection import PoolTimeoutError
from pepperpy.infra.utils import deadline

log = get_logger("gateway")

FAULTS = (httpx2.HTTPError, ValueError)
"""A provider's; a `ValueError`: what it said was no JSON."""

NOBODY_LISTENS = (httpx2.ConnectError, httpx2.ConnectTimeout)


@dataclass(slots=True)
class Visit:
    """One request on its way through the gateway."""

    id: str
    zone: str
    who: str | None = None  # by the key that was shown
    # Of each provider that was asked, in this order: the attempts, those for which a connection had
    # to come back first, the calls that went out, and those of them that nobody was there to hear.
    attempts: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    unheard: Counter[str] = field(default_factory=Counter)
    rejected: list[str] = field(default_factory=list)  # not asked: their circuits were open
    waited: float = 0.0  # seconds, for connections
    upstream: float = 0.0  # seconds that providers took, without all waiting
    validation: float = 0.0  # seconds
    invalid: list[tuple[str, str]] = field(default_factory=list)  # path and code of each mistake
    cache: str = (
        "none"  # where its answer is from: "hit", "coalesced", "miss", or "left" in the file
    )
    loaded_by: str | None = None  # the request whose answer it is
    age: float = 0.0  # seconds since that one got it, for what is remembered
    stored: int | None = None  # the version of its answer in the file of last answers
    problem: str | None = None  # the name of the error, if that is what came of it
    began: float = field(default_factory=time.perf_counter)

    @property
    def provider(self) -> str:
        """The last one that was asked."""
        return next(reversed(self.attempts), "none")

    @property
    def retries(self) -> int:
        """Attempts beyond the first at each provider."""
        return self.attempts.total() - len(self.attempts)

    def came_to(self, providers: Sequence[str]) -> None:
        """Note that it was the turn of all these: those that were not asked were rejected."""
        self.rejected = [name for name in providers if name not in self.attempts]


def is_transient(error: BaseException) -> bool:
    """Whether the same question may well be answered a moment later."""
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code in {429, 502, 503, 504}
    return isinstance(error, httpx2.TransportError)


class Connections(ConnectionPool[httpx2.AsyncClient, ConnectionPoolConfig]):
    """Connections to one provider, each for one call at a time."""

    async def _create_connection(self) -> httpx2.AsyncClient:
        limits = httpx2.Limits(max_connections=1)
        return httpx2.AsyncClient(**self.config.params, limits=limits, trust_env=False)

    async def _close_connection(self, connection: httpx2.AsyncClient) -> None:
        await connection.aclose()


def connections(
    settings: GatewaySettings, name: str, *, transport: httpx2.AsyncBaseTransport | None = None
) -> Connections:
    """A pool for the provider of this name: its own, so that a slow one holds up no other."""
    params = {
        "base_url": settings.upstreams[name],
        "headers": {"x-api-key": settings.provider_key.get_secret_value()},
        "transport": transport,
    }
    return Connections(name, replace(settings.pool, params=params))


class Upstreams:
    """The providers, the first one preferred; each has a circuit breaker and a pool of its name."""

    def __init__(self, settings: GatewaySettings) -> None:
        first, *others = self._names = list(settings.upstreams)
        # A 503 with a Retry-After is asked again when it says so, not after 50 ms.  Every retry
        # comes to log and telemetry by itself, as "retry.scheduled".
        patiently = retry(
            max_attempts=settings.attempts,
            delay=settings.delay,
            exceptions=is_transient,
            name="gateway.provider",
        )
        # The retries are inside: a breaker counts questions that stayed without an answer, not
        # hiccups, and of what it rejects nothing is tried again.  That all our connections are
        # busy is nothing that it holds against a provider, and still a reason to ask the next one.
        in_turn = with_fallback(
            first,
            others,
            replace(settings.breaker, failure_exceptions=FAULTS),
            exceptions=(*FAULTS, PoolTimeoutError),
        )
        self.ask = in_turn(patiently(self._ask))

    async def _ask(self, provider: str, zone: str, at: str, visit: Visit) -> Answer | None:
        """What *provider* says about *zone* at the instant *at*; `None` if there is no such zone."""
        visit.attempts[provider] += 1
        visit.came_to(self._names[: self._names.index(provider)])
        deadline.check()
        visit.waits[provider] += not get_pool(provider).available
        asked = time.perf_counter()
        async with pooled_resource(provider) as client:
            visit.waited += time.perf_counter() - asked
            response = await _call(client, provider, zone, at, visit)
        if response.status_code == 404:
            return None
        answer: Answer = response.raise_for_status().json()
        return answer


async def _call(
    client: httpx2.AsyncClient, provider: str, zone: str, at: str, visit: Visit
) -> httpx2.Response:
    visit.calls[provider] += 1
    timeout = deadline.at_most(gateway_settings().time_for_an_attempt)
    log.debug("attempt", provider=provider, timeout=timeout)
    began = time.perf_counter()
    try:
        return await client.get(
            f"/zones/{quote(zone)}",
            params={"at": at},
            headers={"x-request-id": visit.id},
            timeout=timeout,
        )
    except NOBODY_LISTENS:
        visit.unheard[provider] += 1
        raise
    finally:
        visit.upstream += time.perf_counter() - began
