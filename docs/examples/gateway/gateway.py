"""The gateway: tells what time it is in a zone, from providers that fail now and then.

    GET /zones/Europe/Berlin?at=2026-07-01T12:00:00Z    an answer, or an error with a name
    DELETE /answers/zone:Europe/Berlin                  this zone has changed: forget it
    DELETE /keys/8cd65d32c4ed808a                       the key with this id is good no more
    GET /answers                                        the last answers that are kept
    GET /stats                                          what was counted since the start
    GET /metrics                                        the same for Prometheus

Each asks for a key, as `Authorization: Bearer <key>`; `keys.py` makes one.
This is the program that the example is about; most of what is around it puts it to the test.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeAlias

from access import Access, zone_resource
from answers import Answers
from errors import GatewayError, InternalError, InvalidRequestError
from headers import describe
from last import LastAnswers
from measures import Measures, MetricsFile, telemetry
from problems import tell
from questions import ID, Question, is_id, question, values
from server import serve
from settings import gateway_settings, register
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stores import answers_of, keys_of, share
from upstream import Upstreams, Visit, connections
from vitals import watch_memory

from pepperpy.infra import (
    ConfigError,
    Identity,
    PermissionLevel,
    TelemetryManager,
    close_pools,
    explain_config,
    generate_id,
    get_logger,
    initialize_logging,
    initialize_pools,
    initialize_telemetry,
    measure_time,
    prometheus_text,
    register_pool,
)
from pepperpy.infra.cache import ainvalidate_cache
from pepperpy.infra.config import watch_config
from pepperpy.infra.logging import log_context
from pepperpy.infra.utils import deadline

log = get_logger("gateway")

Handle: TypeAlias = Callable[[Request, Visit, Identity], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Gateway:
    """Answers requests, and counts what came of them."""

    def __init__(self, upstreams: Upstreams, access: Access, last: LastAnswers, start: str) -> None:
        self._access = access
        self._last = last
        self._answers = Answers(upstreams, last)
        self._start = start  # the id of this start: what was counted before is not known any more
        self._measures = Measures(start)

    async def zone(self, request: Request, visit: Visit, who: Identity) -> Response:
        """`GET /zones/{zone}`: what time it is there."""
        asked = _question(request, visit)
        self._access.require(who, zone_resource(asked.zone), PermissionLevel.READ)
        return JSONResponse(await self._answers.get(asked.zone, asked.at.isoformat(), visit))

    async def forget(self, request: Request, _: Visit, who: Identity) -> Response:
        """`DELETE /answers/{name}`: drop the answers that carry a name, like zone:Europe/Berlin."""
        self._access.require(who, "answers", PermissionLevel.WRITE)
        name = request.path_params["name"]
        from_file = await self._last.forget(name)
        dropped = await ainvalidate_cache(name)
        log.info("invalidated", name=name, dropped=dropped, from_file=from_file)
        return JSONResponse({"name": name, "dropped": dropped, "from_file": from_file})

    async def revoke(self, request: Request, _: Visit, who: Identity) -> Response:
        """`DELETE /keys/{id}`: a key is good no more."""
        self._access.require(who, "keys", PermissionLevel.WRITE)
        await self._access.revoke(request.path_params["id"])
        return JSONResponse({"revoked": request.path_params["id"]})

    async def kept(self, _: Request, __: Visit, who: Identity) -> Response:
        """`GET /answers`: the version of each last answer that is in the file."""
        self._access.require(who, "answers", PermissionLevel.READ)
        return JSONResponse({"start": self._start, "versions": await self._last.versions()})

    async def stats(self, _: Request, __: Visit, who: Identity) -> Response:
        """`GET /stats`: the id of this start, and what telemetry knows since then."""
        self._access.require(who, "stats", PermissionLevel.READ)
        return JSONResponse(
            {"start": self._start, "metrics": TelemetryManager.get_instance().snapshot()}
        )

    async def metrics(self, _: Request, __: Visit, who: Identity) -> Response:
        """`GET /metrics`: the same as Prometheus reads it."""
        self._access.require(who, "metrics", PermissionLevel.READ)
        # In a thread, as it asks breakers, pools and caches: others are answered meanwhile.
        text = await asyncio.to_thread(prometheus_text)
        return Response(text, headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    def _endpoint(self, handle: Handle, *, is_counted: bool = True) -> Endpoint:
        """What one of the above comes to for somebody with a key: JSON for every failure as well."""

        async def endpoint(request: Request) -> Response:
            visit = _visit(request)
            # Asked for each time, which costs one look into a dictionary: a reload counts at once.
            time_left = deadline(gateway_settings().time_for_a_request)
            with log_context(request_id=visit.id), time_left:
                try:
                    who = await self._access.identify(request)
                    visit.who = who.name
                    response = await handle(request, visit, who)
                except GatewayError as error:
                    response = tell(error, visit)
                except Exception:
                    # The last line of defence: a bug is told as well, and has a name as well.
                    log.exception("bug")
                    response = tell(InternalError("the gateway's log says more"), visit)
                if is_counted:
                    self._note(visit, response.status_code)
            response.headers.update(describe(visit, self._start))
            return response

        return endpoint

    def _note(self, visit: Visit, status: int) -> None:
        # Rounded before both are told, so that log and telemetry know the very same figures.
        seconds = round(time.perf_counter() - visit.began, 6)
        upstream_seconds = round(visit.upstream, 6) if visit.calls else None
        log.log(
            logging.WARNING if status >= 500 else logging.INFO,
            "request",
            zone=visit.zone,
            who=visit.who,
            status=status,
            problem=visit.problem,
            invalid=visit.invalid,
            providers=list(visit.attempts),
            rejected=visit.rejected,
            retries=visit.retries,
            calls=visit.calls,
            unheard=visit.unheard,
            waits=visit.waits,
            waited_ms=_ms(visit.waited),
            cache=visit.cache,
            loaded_by=visit.loaded_by,
            age=round(visit.age, 6),
            stored=visit.stored,
            ms=_ms(seconds),
            validation_ms=_ms(visit.validation),
            upstream_ms=None if upstream_seconds is None else _ms(upstream_seconds),
        )
        self._measures.note(visit, status, seconds, upstream_seconds)

    def app(self) -> Starlette:
        """The ASGI application."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self._access.storage, self._last.storage:
                await self._access.begin()
                await initialize_pools()
                self._last.begin()
                log.info("serving")
                watching = asyncio.create_task(watch_memory(gateway_settings().measure_every))
                yield
                watching.cancel()
                await close_pools()

        count, show = self._endpoint, partial(self._endpoint, is_counted=False)
        routes = [
            Route("/zones/{zone:path}", count(self.zone)),
            Route("/answers/{name:path}", count(self.forget), methods=["DELETE"]),
            Route("/keys/{id}", count(self.revoke), methods=["DELETE"]),
            Route("/answers", show(self.kept)),
            Route("/stats", show(self.stats)),
            Route("/metrics", show(self.metrics)),
        ]
        return Starlette(routes=routes, lifespan=lifespan)


def _visit(request: Request) -> Visit:
    given = request.headers.get(ID, "")
    id_ = given if is_id(given) else generate_id("req-")
    return Visit(id_, request.path_params.get("zone", ""))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 6)


def _question(request: Request, visit: Visit) -> Question:
    """What is asked, and how long it took to see whether it can be."""
    timer = measure_time("validation")
    try:
        with timer:
            return question(visit.zone, values(request.query_params), request.headers)
    except InvalidRequestError as error:
        visit.invalid = [(each.path, each.code) for each in error.errors]
        raise
    finally:
        visit.validation = round(timer.elapsed_time, 9)


def main() -> None:
    """Run the gateway as a process of its own, until its standard input ends."""
    register()
    settings = gateway_settings()
    start = generate_id("start-", 8)
    initialize_logging()
    initialize_telemetry(handlers={"file": MetricsFile(settings.metrics_file, start)})
    last = LastAnswers(answers_of(settings), start)
    explained = str(explain_config("gateway"))  # without the key
    telemetry.info(
        "gateway.started",
        "hello",
        {
            "start": start,
            "settings": explained,
            "keep": settings.keep_answers,
            "keep_last": settings.keep_last,
            "warm_up": settings.warm_up,
            "recovery": settings.breaker.recovery_timeout,
        },
    )

    share(settings)
    for name in settings.upstreams:
        register_pool(connections(settings, name))
    access = Access(keys_of(settings))
    app = Gateway(Upstreams(settings), access, last, start).app()
    with watch_config(settings.look_every), suppress(KeyboardInterrupt):
        asyncio.run(serve(app, settings.port, others=settings.other_ports))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
