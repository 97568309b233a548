"""The gateway: tells what time it is in a zone, from providers that fail now and then.

    GET /zones/Europe/Berlin?at=2026-07-01T12:00:00Z    an answer, or an error with a name
    GET /stats                                          what the gateway counted so far

This is the program that the example is about; everything around it only puts it to the test.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx2
import uvicorn
from child import announce, claim, follow_parent, listen
from errors import (
    GatewayError,
    InternalError,
    InvalidInstantError,
    OutOfTimeError,
    ProvidersFailedError,
    UnknownZoneError,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from zones import Answer, parse_instant

from pepperpy.infra import configure_logging, generate_id, get_logger, retry
from pepperpy.infra.logging import log_context
from pepperpy.infra.utils import deadline

log = get_logger("gateway")

TIME_FOR_A_REQUEST = 1.5
TIME_FOR_AN_ATTEMPT = 0.5


@dataclass(slots=True)
class Visit:
    """One request on its way through the gateway."""

    id: str
    zone: str
    providers: list[str] = field(default_factory=list)  # that were asked
    attempts: int = 0
    upstream: float = 0.0  # seconds that providers took, without the waiting between attempts
    problem: str | None = None  # the name of the error, if that is what came of it
    began: float = field(default_factory=time.perf_counter)

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
        self, name: str, url: str, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.name = name
        self._client = httpx2.AsyncClient(base_url=url, transport=transport, trust_env=False)

    # A 503 with a Retry-After is asked again when it says so, not after 50 ms.  Every retry comes
    # to the log by itself, as a line "retry.scheduled".
    @retry(max_attempts=3, delay=0.05, exceptions=is_transient, name="gateway.provider")
    async def fetch(self, at: str, visit: Visit) -> Answer:
        """What this provider says about the zone of *visit* at the instant *at*."""
        visit.attempts += 1
        began = time.perf_counter()
        try:
            response = await self._client.get(
                f"/zones/{quote(visit.zone)}",
                params={"at": at},
                headers={"x-request-id": visit.id},
                timeout=deadline.at_most(TIME_FOR_AN_ATTEMPT),
            )
        finally:
            visit.upstream += time.perf_counter() - began
        if response.status_code == 404:
            raise UnknownZoneError(f"the time-zone database has no zone {visit.zone!r}")
        answer: Answer = response.raise_for_status().json()
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Gateway:
    """Asks the first provider, then the next, and counts what came of it."""

    def __init__(self, providers: list[Provider]) -> None:
        self._providers = providers
        self._counts: Counter[str] = Counter(requests=0, retries=0, answered=0)

    async def ask(self, at: str, visit: Visit) -> Answer:
        """The answer of the first provider that has one.

        Raises:
            GatewayError: If there is none; the class tells why.
        """
        failures = []
        for provider in self._providers:
            visit.providers.append(provider.name)
            try:
                return await provider.fetch(at, visit)
            except (httpx2.HTTPError, ValueError) as error:  # a ValueError: it was no JSON
                failures.append(f"{provider.name}: {error!r}")
                log.info("provider gave up", provider=provider.name, error=repr(error))
            if not deadline.remaining():
                raise OutOfTimeError(f"{TIME_FOR_A_REQUEST} s are over; {'; '.join(failures)}")
        raise ProvidersFailedError("; ".join(failures))

    async def zone(self, request: Request) -> Response:
        """`GET /zones/{zone}`: JSON for the answer and for every failure."""
        request_id = request.headers.get("x-request-id") or generate_id("req-")
        visit = Visit(request_id, request.path_params["zone"])
        with log_context(request_id=visit.id), deadline(TIME_FOR_A_REQUEST):
            try:
                response = JSONResponse(await self.ask(_instant(request), visit))
            except GatewayError as error:
                response = _tell(error, visit)
            except Exception:
                # The last line of defence: a bug is told as well, and has a name as well.
                log.exception("bug")
                response = _tell(InternalError("the gateway's log says more"), visit)
            self._note(visit, response.status_code)
        response.headers["x-retries"] = str(visit.retries)
        response.headers["x-provider"] = visit.providers[-1] if visit.providers else "none"
        return response

    def _note(self, visit: Visit, status: int) -> None:
        self._counts.update(requests=1, retries=visit.retries)
        self._counts[visit.problem or "answered"] += 1
        log.log(
            logging.WARNING if status >= 500 else logging.INFO,
            "request",
            zone=visit.zone,
            status=status,
            problem=visit.problem,
            providers=visit.providers,
            retries=visit.retries,
            ms=_ms(time.perf_counter() - visit.began),
            upstream_ms=_ms(visit.upstream),
        )

    async def stats(self, _: Request) -> Response:
        """`GET /stats`."""
        return JSONResponse(self._counts)

    def app(self) -> Starlette:
        """The ASGI application."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            for provider in self._providers:
                await provider.aclose()

        routes = [Route("/zones/{zone:path}", self.zone), Route("/stats", self.stats)]
        return Starlette(routes=routes, lifespan=lifespan)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _instant(request: Request) -> str:
    try:
        return parse_instant(request.query_params["at"]).isoformat()
    except KeyError:
        raise InvalidInstantError("say ?at= and an instant, like 2026-07-01T12:00:00Z") from None
    except ValueError as error:
        raise InvalidInstantError(str(error)) from error


def _tell(problem: GatewayError, visit: Visit) -> JSONResponse:
    visit.problem = problem.name
    content = {
        "name": problem.name,
        "status": problem.status,
        "detail": str(problem),
        "request_id": visit.id,
    }
    return JSONResponse(content, problem.status, media_type="application/problem+json")


async def serve(app: Starlette, port: int) -> None:
    """Serve *app* on *port*, or on the next free one, until standard input ends."""
    config = uvicorn.Config(
        app,
        log_config=None,  # uvicorn's records come to our handlers
        access_log=False,
        timeout_keep_alive=30,  # let clients be the ones who close idle connections
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    follow_parent(on_end=lambda: setattr(server, "should_exit", True))
    held = claim(port)
    listen(held)  # from here on requests wait for the server, they are not refused
    announce(held.getsockname()[1])
    await server.serve(sockets=[held])


def _set_up_logging(file: str) -> None:
    configure_logging(
        "INFO",
        log_file=file,
        file_format="json",
        console="WARNING",  # the file has everything, the terminal what is unusual
        format="pretty",
        levels={"httpx2": "WARNING", "uvicorn": "WARNING"},
    )


def main() -> None:
    """Run the gateway as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="gateway")
    parser.add_argument("--port", type=int, default=8470)
    parser.add_argument("--log-file", default="out/gateway.jsonl")
    parser.add_argument("--upstream", action="append", required=True, metavar="NAME=URL")
    options = parser.parse_args()
    _set_up_logging(options.log_file)
    upstreams = [Provider(*upstream.split("=", 1)) for upstream in options.upstream]
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Gateway(upstreams).app(), options.port))


if __name__ == "__main__":
    main()
