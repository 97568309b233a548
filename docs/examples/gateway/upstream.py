"""One upstream service, asked with patience but not for ever."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx2
from errors import UnknownZoneError
from settings import GatewaySettings, gateway_settings
from zones import Answer

from pepperpy.infra import get_logger, retry
from pepperpy.infra.utils import deadline

log = get_logger("gateway")


@dataclass(slots=True)
class Visit:
    """One request on its way through the gateway."""

    id: str
    zone: str
    providers: list[str] = field(default_factory=list)  # that were asked
    attempts: int = 0
    cache: str = "none"  # what it was to the cache: "hit", "coalesced", "miss"
    loaded_by: str | None = None  # the request whose answer it is
    age: float = 0.0  # seconds since that one got it, for a hit
    upstream: float = 0.0  # seconds that providers took, without the waiting between attempts
    problem: str | None = None  # the name of the error, if that is what came of it
    began: float = field(default_factory=time.perf_counter)

    @property
    def provider(self) -> str:
        """The last one that was asked."""
        return self.providers[-1] if self.providers else "none"

    @property
    def retries(self) -> int:
        """Attempts beyond the first at each provider."""
        return self.attempts - len(self.providers)


def is_transient(error: BaseException) -> bool:
    """Whether the same question may well be answered a moment later."""
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code in {429, 502, 503, 504}
    return isinstance(error, httpx2.TransportError)


class Provider:
    """One upstream service."""

    def __init__(
        self,
        name: str,
        url: str,
        settings: GatewaySettings,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"x-api-key": settings.provider_key.get_secret_value()},
            transport=transport,
            trust_env=False,
        )
        # A 503 with a Retry-After is asked again when it says so, not after 50 ms.  Every retry
        # comes to log and telemetry by itself, as "retry.scheduled".
        patiently = retry(
            max_attempts=settings.attempts,
            delay=settings.delay,
            exceptions=is_transient,
            name="gateway.provider",
        )
        self.fetch = patiently(self._fetch)

    async def _fetch(self, zone: str, at: str, visit: Visit) -> Answer:
        """What this provider says about *zone* at the instant *at*."""
        visit.attempts += 1
        timeout = deadline.at_most(gateway_settings().time_for_an_attempt)
        log.debug("attempt", provider=self.name, timeout=timeout)
        began = time.perf_counter()
        try:
            response = await self._client.get(
                f"/zones/{quote(zone)}",
                params={"at": at},
                headers={"x-request-id": visit.id},
                timeout=timeout,
            )
        finally:
            visit.upstream += time.perf_counter() - began
        if response.status_code == 404:
            raise UnknownZoneError(f"the time-zone database has no zone {zone!r}")
        answer: Answer = response.raise_for_status().json()
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
