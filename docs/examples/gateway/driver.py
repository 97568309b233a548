"""The driver: sends the load at an even pace, and checks every answer against the database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import count, cycle
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2
import zones
from keyring import Keyring, bearer
from load import Ask
from mistakes import MISTAKES, Found
from trespasses import ALL, NAMES

PATIENCE = 10.0
"""Seconds after which an answer counts as lost: well beyond what the gateway allows itself."""

AT_ONCE = 100

NAMES_OF_FAILURE = {
    "providers-failed",
    "providers-unavailable",
    "out-of-time",
    "store-unavailable",
}
"""Errors that may meet any request; others are right only where they are the right answer."""


class Verdict(Enum):
    """What became of one request."""

    RIGHT = "right"
    WRONG = "wrong"
    NAMED_ERROR = "named error"
    LOST = "lost"
    # Nobody's fault while the gateway is killed and away; at any other time they are faults.
    CUT_OFF = "cut off"  # the connection broke
    REFUSED = "refused"  # nobody listened


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One request as its sender saw it."""

    id: str
    zone: str
    verdict: Verdict
    key: str = "driver"  # which of the run's keys it showed
    is_deletion: bool = False  # of what is known about the zone, in place of a question
    worker: int = 0  # which gateway it was sent to, the first of them 0
    is_own: bool = False  # of the demo itself, beside the load
    status: int = 0
    problem: str | None = None  # the name of the error
    note: str = ""  # what was wrong, or how it was lost
    mistake: str | None = None  # what was wrong with the request, on purpose
    trespass: str | None = None  # what was wrong with its key, on purpose
    invalid: tuple[Found, ...] = ()  # what the gateway has found wrong with it
    # What the gateway says in headers: which of its starts it is, whom it asked last, how often, and
    # whether it asked at all.
    start: str | None = None
    provider: str | None = None
    cache: str | None = None
    age: float = 0.0  # seconds since a provider said what this answer says, if it is remembered
    stored: int | None = None  # the version under which the gateway says that it keeps the answer
    retries: int = 0
    rejected: tuple[str, ...] = ()  # providers that were not asked, since their circuit was open
    calls: tuple[str, ...] = ()  # the provider of each call that was made for it
    waits: int = 0  # for a connection to a provider
    sent: float = 0.0  # seconds after the start of the run
    seconds: float = 0.0  # until the answer was there

    @property
    def ended(self) -> float:
        """Seconds after the start of the run at which it was known what became of it."""
        return self.sent + self.seconds

    @property
    def is_complete(self) -> bool:
        """Whether the gateway gave its answer, right or wrong."""
        return self.verdict in {Verdict.RIGHT, Verdict.WRONG, Verdict.NAMED_ERROR}


class Judgement(NamedTuple):
    """What an answer is worth."""

    verdict: Verdict
    problem: str | None = None  # the name of the error
    note: str = ""  # what was wrong
    invalid: tuple[Found, ...] = ()  # what it says is wrong with the request


def judge(ask: Ask, at: datetime, status: int, body: bytes) -> Judgement:
    """The judgement on one answer."""
    try:
        content = json.loads(body)
    except ValueError:
        verdict = Verdict.WRONG if status == 200 else Verdict.LOST
        return Judgement(verdict, None, f"status {status} without JSON: {body[:80]!r}")
    if status == 200:
        return _judge_answer(ask, at, content)
    name = content.get("name") if isinstance(content, dict) else None
    if not name or content.get("status") != status:
        return Judgement(Verdict.LOST, None, f"status {status} without a name: {body[:80]!r}")
    return _judge_problem(ask, status, content)


def _judge_answer(ask: Ask, at: datetime, content: object) -> Judgement:
    if ask.mistake or ask.trespass:
        note = f"an answer, though there is {ask.mistake or ask.trespass}: {content}"
        return Judgement(Verdict.WRONG, None, note)
    if ask.is_deletion or ask.ends:
        return Judgement(Verdict.RIGHT)
    if not zones.exists(ask.zone):
        note = f"an answer for a zone that does not exist: {content}"
        return Judgement(Verdict.WRONG, None, note)
    truth = zones.answer(ask.zone, at)
    if content != truth:
        return Judgement(Verdict.WRONG, None, f"got {content}, and right is {truth}")
    return Judgement(Verdict.RIGHT)


def _judge_problem(ask: Ask, status: int, content: dict[str, Any]) -> Judgement:
    name = content["name"]
    if ask.trespass or name in NAMES.values():
        return _judge_door(ask, status, name)
    if name == "invalid-request":
        return _judge_refusal(ask, status, content)
    is_due = name in NAMES_OF_FAILURE or (name == "unknown-zone" and not zones.exists(ask.zone))
    if is_due and not ask.mistake:
        return Judgement(Verdict.NAMED_ERROR, name)
    return Judgement(Verdict.WRONG, name, f"{name}: {content.get('detail')}")


def _judge_door(ask: Ask, status: int, name: str) -> Judgement:
    """Whoever may not ask has to get the one status that is due, and nobody else may get it."""
    wanted = ALL[ask.trespass].status if ask.trespass else None
    if status == wanted and name == NAMES[status]:
        return Judgement(Verdict.NAMED_ERROR, name)
    return Judgement(Verdict.WRONG, name, f"{status} {name}, and {wanted} is due ({ask.trespass})")


def _judge_refusal(ask: Ask, status: int, content: dict[str, Any]) -> Judgement:
    """Every mistake has to be told, with a message, and nothing else."""
    name = content["name"]
    try:
        invalid = tuple((each["path"], each["code"]) for each in content["errors"])
        is_told = all(each["message"] for each in content["errors"])
    except (KeyError, TypeError):
        return Judgement(Verdict.WRONG, name, f"{name} without path, code, message: {content}")
    wanted = MISTAKES[ask.mistake].found if ask.mistake else ()
    if status == 422 and is_told and invalid == wanted:
        return Judgement(Verdict.NAMED_ERROR, name, "", invalid)
    note = f"status {status} for {list(invalid)}, and wrong is {list(wanted)} ({ask.mistake})"
    return Judgement(Verdict.WRONG, name, note, invalid)


def judge_failure(error: Exception) -> Verdict:
    """The verdict on a request without an answer."""
    if isinstance(error, httpx2.ConnectError):
        return Verdict.REFUSED
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        return Verdict.CUT_OFF
    return Verdict.LOST


class Driver:
    """Sends *load* to the gateways at *urls* in turn, *rate* requests a second; all ask about *at*.

    The last tenth waits for *ready*, which is only noticed where that takes long.
    """

    def __init__(
        self,
        urls: Sequence[str],
        load: Sequence[Ask],
        *,
        keys: Keyring,
        at: datetime,
        rate: float,
        ready: asyncio.Event,
        on_begin: Callable[[], object],
        on_outcome: Callable[[Outcome], object],
    ) -> None:
        self._urls = urls
        self._turns = cycle(range(len(urls)))
        self._load = load
        self._keys = keys
        self._own = count(1)
        self._open: httpx2.AsyncClient | None = None  # while it runs
        self._at = at
        self._rate = rate
        self._ready = ready
        self._on_begin = on_begin
        self._on_outcome = on_outcome
        self._stopped = False
        self._began = time.perf_counter()

    def now(self) -> float:
        """Seconds since the start of the run."""
        return time.perf_counter() - self._began

    def stop(self) -> None:
        """Send nothing more; what is under way is still waited for."""
        self._stopped = True

    async def run(self) -> None:
        """Send everything.  Requests do not wait for each other, as long as not too many wait."""
        room = asyncio.Semaphore(AT_ONCE)
        async with self._opened() as client, asyncio.TaskGroup() as tasks:
            self._on_begin()
            self._began = due = sent = time.perf_counter()
            for number, ask in enumerate(self._load):
                if number == len(self._load) * 9 // 10:
                    await self._ready.wait()
                    due = max(due, time.perf_counter())
                if not ask.at_once:
                    sent = due
                await asyncio.sleep(sent - time.perf_counter())
                await room.acquire()
                if self._stopped:
                    break
                sending = tasks.create_task(self._send(client, ask, sent))
                sending.add_done_callback(lambda _: room.release())
                due += 1 / self._rate

    async def forget(self, name: str) -> int:
        """Tell the gateway that what carries *name* has changed; returns how many answers it drops."""
        zone = name.removeprefix("zone:")
        ask = Ask(f"deletion-{next(self._own)}", zone, key="operator", is_deletion=True)
        _, body = await self.send(ask)
        return int(json.loads(body or "{}").get("dropped", 0))

    async def send(self, ask: Ask) -> tuple[Outcome, bytes]:
        """Send one request beside the load, at once; the body of its answer as well."""
        # A client of its own would take the time of some requests to make.
        if self._open is not None:
            return await self._send(self._open, ask, time.perf_counter())
        async with self._client() as client:
            return await self._send(client, ask, time.perf_counter())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[httpx2.AsyncClient]:
        async with self._client() as client:
            self._open = client
            try:
                yield client
            finally:
                self._open = None

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            timeout=PATIENCE,
            limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=10),
            trust_env=False,  # no proxy on the way to this very machine
        )

    def _request(self, client: httpx2.AsyncClient, ask: Ask, url: str) -> httpx2.Request:
        mistake = MISTAKES[ask.mistake] if ask.mistake else None
        zone = quote((mistake and mistake.zone) or ask.zone)
        headers = {"x-request-id": ask.id, **self._shown(ask)}
        if ask.ends:
            return client.build_request("DELETE", f"{url}/keys/{ask.ends}", headers=headers)
        if ask.is_deletion:
            return client.build_request("DELETE", f"{url}/answers/zone:{zone}", headers=headers)
        params = mistake.query if mistake else {"at": self._at.isoformat()}
        return client.build_request("GET", f"{url}/zones/{zone}", params=params, headers=headers)

    def _shown(self, ask: Ask) -> dict[str, str]:
        """The header with the key, if there is one."""
        if not ask.trespass:
            return bearer(self._keys[ask.key])
        trespass = ALL[ask.trespass]
        if trespass.key is None:
            return {}
        return {"authorization": f"{trespass.scheme} {self._keys[trespass.key]}"}

    async def _send(
        self, client: httpx2.AsyncClient, ask: Ask, due: float
    ) -> tuple[Outcome, bytes]:
        worker = next(self._turns) if ask.worker is None else ask.worker
        headers, status, body = httpx2.Headers(), 0, b""
        try:
            async with asyncio.timeout(PATIENCE):
                response = await client.send(self._request(client, ask, self._urls[worker]))
            headers, status, body = response.headers, response.status_code, response.content
            found = judge(ask, self._at, status, body)
        except (httpx2.HTTPError, TimeoutError) as error:
            found = Judgement(judge_failure(error), None, repr(error))
        outcome = Outcome(
            id=ask.id,
            zone=ask.zone,
            verdict=found.verdict,
            key=ask.key,
            is_deletion=ask.is_deletion,
            worker=worker,
            is_own=ask.is_own,
            status=status,
            problem=found.problem,
            note=found.note,
            mistake=ask.mistake,
            trespass=ask.trespass,
            invalid=found.invalid,
            start=headers.get("x-start"),
            provider=headers.get("x-provider"),
            cache=headers.get("x-cache"),
            age=float(headers.get("x-age", 0)),
            stored=int(headers["x-stored"]) if headers.get("x-stored") else None,
            retries=int(headers.get("x-retries", 0)),
            rejected=tuple(headers.get("x-rejected", "").split()),
            calls=tuple(headers.get("x-calls", "").split()),
            waits=int(headers.get("x-waits", 0)),
            sent=due - self._began,
            seconds=time.perf_counter() - due,
        )
        self._on_outcome(outcome)
        return outcome, body
