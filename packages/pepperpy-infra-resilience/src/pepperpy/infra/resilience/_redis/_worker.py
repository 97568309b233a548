"""The thread that tells the server what circuits decided, and them what the server says.

It alone talks to the server, one thing at a time, so what it hears is in the order in which it
happened.  While the server is down it drops what there is to do: circuits decide alone, and what they
are is told when the server is back.
"""

from __future__ import annotations

import math
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import ref

from pepperpy.infra.resilience._circuit import LOCK, Circuit, draw
from pepperpy.infra.resilience._share import (
    Asked,
    Closed,
    Job,
    Lease,
    Opened,
    Proved,
    Released,
    View,
)
from pepperpy.infra.resilience._state import CircuitState
from pepperpy.infra.utils import passes_through

from . import _wire as wire
from ._jobs import Changed, Joined, Missed, Stop, Woken, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._accounts import Account
    from ._connection import Connection
    from ._status import Status
    from ._store import Settings

_HOLD: Final = 0.25  # seconds that a lease waits for a caller who takes it
_AT_ONCE: Final = 20  # circuits looked at before other jobs have their turn
_FIRST_RETRY: Final = 0.05
_LAST_RETRY: Final = 5.0


class _Held(NamedTuple):
    """A lease that was granted: by whom it is used, and until when this is not looked at again."""

    circuit: ref[Circuit]
    lease: ref[Lease]
    version: int
    due: float


class Worker:
    """Does the jobs; `run` is what the thread runs, until a `Stop`."""

    def __init__(self, settings: Settings, status: Status, connection: Connection) -> None:
        self.jobs: SimpleQueue[Work] = SimpleQueue()
        self._settings = settings
        self._status = status
        self._connection = connection
        self._held: dict[str, _Held] = {}
        self._accounts: set[Account] = set()  # those in use
        self._to_look: list[Circuit] = []
        self._names: dict[str, list[ref[Circuit]]] = {}  # usually one of each
        self._look_due = 0.0
        self._retry = _FIRST_RETRY
        self._retry_due = 0.0
        self._up_since = -math.inf
        self._given_up = False
        self.on_recovery: Callable[[], object] = _nothing

    def run(self) -> None:
        """Work until there is a `Stop`."""
        while True:
            work: Work | None = None
            with suppress(Empty):
                work = self.jobs.get(timeout=max(0.0, self._due() - monotonic()))
            if isinstance(work, Stop) or self._given_up:
                break
            try:
                self._step(work)
            except Exception as error:  # a boundary: whatever it is, the callers' calls go on
                if passes_through(error):
                    raise
                self._went_down(error)
            finally:
                if isinstance(work, Asked):
                    work.answer.give()
        if self._status.is_up:
            self._connection.wake(self._settings.channel)  # the listener, which is to end too
        self._connection.close()

    def give_up(self) -> None:
        """End soon, whatever there is to do."""
        self._given_up = True

    def _due(self) -> float:
        if not self._status.is_up:
            return self._retry_due
        if self._to_look:
            return 0.0
        soonest = min((held.due for held in self._held.values()), default=self._look_due)
        if self._accounts:
            soonest = min(soonest, monotonic() + self._settings.exchange)
        return min(soonest, self._look_due)

    def _step(self, work: Work | None) -> None:
        if not self._status.is_up:
            if monotonic() >= self._retry_due:
                key = self._settings.key("alive", "")
                self._connection.run(wire.CHECK, key, self._settings.channel)
                self._came_up()
            return
        if work is not None:
            self._do(work)
        now = monotonic()
        if now >= self._look_due:
            self._look_at_all()
        if some := self._to_look[-_AT_ONCE:]:
            self._look_at(some)
            del self._to_look[-_AT_ONCE:]
        for token, held in [*self._held.items()]:
            if held.due <= now:
                self._keep(token, held)
        for account in [*self._accounts]:
            if not account.exchange(self._connection.run):
                self._accounts.discard(account)

    def _do(self, work: Work) -> None:
        match work:
            case Changed(name, view):
                for each in self._names.get(name, ()):
                    circuit = each()
                    if circuit is None or not self._status.has(circuit):
                        continue
                    if view.version > _version(circuit):
                        circuit.adopt(view)
            case Joined(circuit):
                self._names.setdefault(circuit.name, []).append(ref(circuit))
                self._look_at([circuit])
            case Woken(account):
                self._accounts.add(account)
            case Missed() | Stop():
                self._look_at_all()
            case _:
                self._tell(work)

    def _tell(self, job: Job) -> None:
        match job:
            case Asked(circuit, _):
                self._lease(circuit)
            case Opened(circuit, version, wait, rounds, lease):
                if lease is None:
                    self._open(circuit, version, wait, rounds)
                else:
                    self._end(circuit, wire.REFUTE, lease, wire.milliseconds(wait), rounds)
            case Proved(circuit, lease):
                self._end(circuit, wire.PROVE, lease, circuit.config.success_threshold)
            case Released(circuit, lease):
                self._end(circuit, wire.RELEASE, lease)
            case Closed(circuit):
                self._decide(circuit, wire.CLOSE, _version(circuit))

    # One circuit.

    def _lease(self, circuit: Circuit) -> None:
        ttl = self._settings.lease
        lease = Lease(0, monotonic() + ttl)
        most = circuit.config.half_open_calls
        figures = (lease.token, wire.milliseconds(ttl), most, 0)
        reply = self._say(circuit, wire.LEASE, _version(circuit), *figures)
        with LOCK:
            share = circuit.share
            if share is None:
                return
            if not reply.granted:
                share.deny(reply.view.remaining)
                return
            lease.version = reply.view.version
            share.spare.append(lease)
        due = monotonic() + min(_HOLD, ttl / 3)
        held = _Held(ref(circuit), ref(lease), lease.version, due)
        self._held[lease.token] = held

    def _keep(self, token: str, held: _Held) -> None:
        """Let a lease live on while its probe does, and give it back if nobody uses it."""
        circuit, lease = held.circuit(), held.lease()
        if circuit is None:
            # Nobody else of the name may use the lease either, until its time is over.
            del self._held[token]
            return
        if lease is not None:
            with LOCK:
                share = circuit.share
                unused = share is not None and lease in share.spare
                if unused and share is not None:
                    share.spare.remove(lease)
            if not unused:
                ttl = self._settings.lease
                due = monotonic() + ttl / 3
                arguments = (token, wire.milliseconds(ttl))
                if self._say(circuit, wire.RENEW, held.version, *arguments).granted:
                    lease.expires = due + ttl * 2 / 3
                    self._held[token] = held._replace(due=due)
                else:
                    del self._held[token]
                return
        del self._held[token]
        self._say(circuit, wire.RELEASE, held.version, token)

    def _open(self, circuit: Circuit, version: int, wait: float, rounds: int) -> None:
        with LOCK:
            basis = circuit.share.since(version) if circuit.share is not None else 0
        self._decide(circuit, wire.OPEN, basis, wire.milliseconds(wait), rounds)

    def _end(self, circuit: Circuit, script: str, lease: Lease, *arguments: object) -> None:
        self._held.pop(lease.token, None)
        self._decide(circuit, script, lease.version, lease.token, *arguments)

    def _look_at_all(self) -> None:
        self._to_look = self._status.circuits()
        self._names = {}
        for circuit in self._to_look:
            self._names.setdefault(circuit.name, []).append(ref(circuit))
        jitter = 1 + (draw() - 0.5) * 0.4  # so that processes do not look together
        self._look_due = monotonic() + self._settings.poll * jitter

    def _look_at(self, circuits: list[Circuit]) -> None:
        versions = [_version(circuit) for circuit in circuits]
        calls = [self._call(*each) for each in zip(circuits, versions, strict=True)]
        replies = self._connection.run_all(wire.LOOK, calls)
        for circuit, version, reply in zip(circuits, versions, replies, strict=True):
            self._saw(circuit, version, wire.read_reply(reply).view)

    def _saw(self, circuit: Circuit, version: int, view: View) -> None:
        unheard = view.version < version or (view.version == version and not view.is_open)
        if unheard and (wait := _left(circuit)) > 0:
            # The server lost what it had, or was not there to be told: what we know stands.
            self._open(circuit, version, wait, circuit.failed_rounds)
        else:
            self._heard(circuit, view)

    def _say(
        self, circuit: Circuit, script: str, version: int, /, *arguments: object
    ) -> wire.Reply:
        reply = wire.read_reply(self._run(circuit, script, version, *arguments))
        self._heard(circuit, reply.view)
        return reply

    def _decide(self, circuit: Circuit, script: str, version: int, /, *arguments: object) -> None:
        """Tell what this process decided, and did already."""
        reply = wire.read_reply(self._run(circuit, script, version, *arguments))
        if not reply.granted:
            self._heard(circuit, reply.view)
            return
        with LOCK:
            if circuit.share is not None:
                circuit.share.changed(reply.view.version, by_us=True)

    def _run(self, circuit: Circuit, script: str, version: int, *arguments: object) -> Any:
        key, common = self._call(circuit, version)
        return self._connection.run(script, key, *common, *arguments)

    def _call(self, circuit: Circuit, version: int) -> tuple[str, tuple[object, ...]]:
        settings = self._settings
        key = settings.key("circuit", circuit.name)
        return key, (settings.channel, circuit.name, wire.milliseconds(settings.keep), version)

    def _heard(self, circuit: Circuit, view: View) -> None:
        """What the server has, heard from itself, so that it is the newest even if it lost some."""
        if view.version != _version(circuit) and view.version:
            circuit.adopt(view)

    # The server.

    def _went_down(self, error: Exception) -> None:
        now = monotonic()
        if self._status.is_up and now - self._up_since > _LAST_RETRY:
            self._retry = _FIRST_RETRY
        self._retry_due = now + self._retry * (1 + draw() / 4)
        self._retry = min(self._retry * 2, _LAST_RETRY)
        self._connection.drop()
        self._to_look = []
        for account in self._accounts:
            account.alone()
        self._accounts.clear()
        self._status.went_down(error)

    def _came_up(self) -> None:
        self._up_since = monotonic()
        self._look_due = 0.0
        self._accounts.update(self._status.accounts())
        self._status.came_up()
        self.on_recovery()


def _nothing() -> None: ...


def _version(circuit: Circuit) -> int:
    return circuit.share.version if circuit.share is not None else 0


def _left(circuit: Circuit) -> float:
    """Seconds that an open circuit stays open."""
    with LOCK:
        share = circuit.share
        if share is None or circuit.state(now := share.now()) is not CircuitState.OPEN:
            return 0.0
        return circuit.until - now
