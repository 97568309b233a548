"""An upstream provider: right answers from the database, and faults as planned.

It speaks HTTP on bare sockets, because what it must be good at is what web servers prevent:
closing a connection in the middle of an answer, or being gone for some seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from urllib.parse import parse_qs, unquote, urlsplit

import zones
from child import announce, claim, follow_parent, listen
from faults import PROVIDERS, Fault, Plan
from settings import ProviderSettings, register

from pepperpy.infra import ConfigError, get_config, get_logger, initialize_logging

log = get_logger("provider")


@dataclass(frozen=True, slots=True)
class Request:
    """What the provider reads of an HTTP request."""

    path: str
    at: str
    id: str
    key: str


class Provider:
    """One provider on one port."""

    def __init__(self, plan: Plan, settings: ProviderSettings) -> None:
        self._plan = plan
        self._key = settings.key.get_secret_value()
        self._retry_after = settings.retry_after
        self._requests = 0
        self._started = time.monotonic()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._come_back_at: dict[str, float] = {}  # by request id, after a 503

    async def run(self, port: int) -> None:
        """Serve until the parent is gone, with an outage in between."""
        start, end = asyncio.Event(), asyncio.Event()
        follow_parent(on_start=start.set, on_end=end.set)
        held = claim(port)
        await self.open(held)
        announce(held.getsockname()[1])
        async with asyncio.TaskGroup() as tasks:
            outage = tasks.create_task(self._have_outage(start, held.getsockname()[1]))
            await end.wait()
            outage.cancel()
        self.close()

    async def _have_outage(self, start: asyncio.Event, port: int) -> None:
        await start.wait()
        self._started = time.monotonic()
        outage = self._plan.outage
        await asyncio.sleep(outage.begin)
        log.warning("outage begins", t=self._now())
        self.close()
        held = claim(port, others=0)  # so that nobody else gets it in the meantime
        await asyncio.sleep(outage.end - outage.begin)
        await self.open(held)
        log.warning("outage ends", t=self._now())

    async def open(self, held: socket) -> None:
        """Listen on *held*."""
        listen(held)
        self._server = await asyncio.start_server(self._serve, sock=held)

    def close(self) -> None:
        """Be gone: refuse connections, and tear down open ones."""
        if self._server:
            self._server.close()
        for writer in self._connections:
            writer.transport.abort()

    def _now(self) -> float:
        return round(time.monotonic() - self._started, 4)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while await self._respond(await _read(reader), writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the gateway hung up, as it may at any time
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; false if the connection is to be closed."""
        if not secrets.compare_digest(request.key.encode(), self._key.encode()):
            log.warning("wrong key", t=self._now(), request_id=request.id)
            writer.write(_response(401, {"detail": "show your key in x-api-key"}))
            return True
        self._requests += 1
        number = self._requests
        fault = self._plan.fault_at(number, self._now())
        self._note(number, request, fault)
        if fault is Fault.DROP:
            writer.transport.abort()
            return False
        if fault is Fault.BUSY:
            self._come_back_at[request.id] = time.monotonic() + self._retry_after
            more = f"Retry-After: {self._retry_after:.0f}\r\n"
            writer.write(_response(503, {"detail": "busy"}, more))
            return True
        if fault is Fault.SLOW:
            await asyncio.sleep(self._plan.delay_of(number))
        message = _answer(request)
        if fault is Fault.CUT:
            writer.write(message[:-20])
            return False
        writer.write(message)
        return True

    def _note(self, number: int, request: Request, fault: Fault | None) -> None:
        early = time.monotonic() < self._come_back_at.pop(request.id, 0.0) - 0.01
        log.info(
            "request",
            t=self._now(),
            number=number,
            request_id=request.id,
            path=request.path,
            fault=fault and fault.value,
            early=early,
        )


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip().splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    url = urlsplit(line.split()[1])
    return Request(
        path=unquote(url.path),
        at=parse_qs(url.query).get("at", [""])[0],
        id=headers.get("x-request-id", ""),
        key=headers.get("x-api-key", ""),
    )


def _answer(request: Request) -> bytes:
    try:
        zone = request.path.removeprefix("/zones/")
        return _response(200, zones.answer(zone, zones.parse_instant(request.at)))
    except zones.UnknownZoneError:
        return _response(404, {"detail": "no such zone"})
    except ValueError as error:
        return _response(400, {"detail": str(error)})


def _response(status: int, content: object, extra: str = "") -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode("latin-1") + body


def main() -> None:
    """Run one provider until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=list(PROVIDERS), required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--duration", type=float, required=True, help="seconds the run takes")
    options = parser.parse_args()
    register()
    initialize_logging(console=False)
    plan = Plan(seed=options.seed, provider=options.name, duration=options.duration)
    provider = Provider(plan, get_config("provider", ProviderSettings))
    with suppress(KeyboardInterrupt):
        asyncio.run(provider.run(options.port))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
