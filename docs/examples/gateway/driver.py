"""The driver: sends the load at an even pace, and checks every answer against the database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import quote

import httpx2
import zones
from load import Ask

PATIENCE = 10.0
"""Seconds after which an answer counts as lost: well beyond what the gateway allows itself."""

AT_ONCE = 100

NAMES_OF_FAILURE = {"providers-failed", "out-of-time"}
"""Errors that may meet any request; others are right only where they are the right answer."""


class Verdict(Enum):
    """What became of one request."""

    RIGHT = "right"
    WRONG = "wrong"
    NAMED_ERROR = "named error"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One request as its sender saw it."""

    id: str
    zone: str
    verdict: Verdict
    problem: str | None = None  # the name of the error
    note: str = ""  # what was wrong, or how it was lost
    provider: str | None = None  # the last one that was asked, as the gateway says
    retries: int = 0  # as the gateway says
    sent: float = 0.0  # seconds after the start of the run
    seconds: float = 0.0  # until the answer was there


def judge(ask: Ask, at: datetime, status: int, body: bytes) -> tuple[Verdict, str | None, str]:
    """The verdict on one answer, the name of the error if it is one, and what was wrong."""
    try:
        content = json.loads(body)
    except ValueError:
        verdict = Verdict.WRONG if status == 200 else Verdict.LOST
        return verdict, None, f"status {status} without JSON: {body[:80]!r}"
    if status == 200:
        return _judge_answer(ask, at, content)
    name = content.get("name") if isinstance(content, dict) else None
    if not name or content.get("status") != status:
        return Verdict.LOST, None, f"status {status} without a name: {body[:80]!r}"
    if name in NAMES_OF_FAILURE or (name == "unknown-zone" and not zones.exists(ask.zone)):
        return Verdict.NAMED_ERROR, name, ""
    return Verdict.WRONG, name, f"{name}: {content.get('detail')}"


def _judge_answer(ask: Ask, at: datetime, content: object) -> tuple[Verdict, str | None, str]:
    if not zones.exists(ask.zone):
        return Verdict.WRONG, None, f"an answer for a zone that does not exist: {content}"
    truth = zones.answer(ask.zone, at)
    if content != truth:
        return Verdict.WRONG, None, f"got {content}, and right is {truth}"
    return Verdict.RIGHT, None, ""


class Driver:
    """Sends *load* to the gateway at *url*, *rate* requests a second; all ask about *at*."""

    def __init__(
        self,
        url: str,
        load: Sequence[Ask],
        *,
        at: datetime,
        rate: float,
        on_outcome: Callable[[Outcome], object],
    ) -> None:
        self._url = url
        self._load = load
        self._at = at
        self._rate = rate
        self._on_outcome = on_outcome
        self._stopped = False
        self._began = 0.0

    def stop(self) -> None:
        """Send nothing more; what is under way is still waited for."""
        self._stopped = True

    async def run(self) -> None:
        """Send everything.  Requests do not wait for each other, as long as not too many wait."""
        room = asyncio.Semaphore(AT_ONCE)
        client = httpx2.AsyncClient(
            base_url=self._url,
            timeout=PATIENCE,
            limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=10),
            trust_env=False,  # no proxy on the way to this very machine
        )
        async with client, asyncio.TaskGroup() as tasks:
            self._began = time.perf_counter()
            for number, ask in enumerate(self._load):
                due = self._began + number / self._rate
                await asyncio.sleep(due - time.perf_counter())
                await room.acquire()
                if self._stopped:
                    break
                sending = tasks.create_task(self._send(client, ask, due))
                sending.add_done_callback(lambda _: room.release())

    async def _send(self, client: httpx2.AsyncClient, ask: Ask, due: float) -> None:
        provider, retries = None, 0
        try:
            async with asyncio.timeout(PATIENCE):
                response = await client.get(
                    f"/zones/{quote(ask.zone)}",
                    params={"at": self._at.isoformat()},
                    headers={"x-request-id": ask.id},
                )
            provider = response.headers.get("x-provider")
            retries = int(response.headers.get("x-retries", 0))
            verdict, problem, note = judge(ask, self._at, response.status_code, response.content)
        except (httpx2.HTTPError, TimeoutError) as error:
            verdict, problem, note = Verdict.LOST, None, repr(error)
        outcome = Outcome(
            id=ask.id,
            zone=ask.zone,
            verdict=verdict,
            problem=problem,
            note=note,
            provider=provider,
            retries=retries,
            sent=due - self._began,
            seconds=time.perf_counter() - due,
        )
        self._on_outcome(outcome)
