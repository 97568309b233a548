"""`RedisResilienceStore`: what breakers, limits and budgets of many processes have in common."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Final

from pepperpy.infra.resilience._options import seconds, text
from pepperpy.infra.resilience._share import Asked
from pepperpy.infra.utils import (
    BothFaces,
    ForkSafeLock,
    register_after_fork,
    register_closer,
    register_inspectable,
)
from pepperpy.infra.utils.redaction import redact_text

from ._connection import Connection
from ._listener import Listener
from ._status import Status
from ._worker import Joined, Stop, Woken, Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from types import TracebackType
    from typing import Self

    from pepperpy.infra.resilience._circuit import Circuit
    from pepperpy.infra.resilience._share import Job

    from ._accounts import Account

_CLOSES_AT: Final = 600  # after whatever calls, before telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to talk to the server; times are in seconds."""

    prefix: str
    timeout: float
    lease: float
    poll: float
    exchange: float = 0.01
    keep: float = 3600.0

    @property
    def channel(self) -> str:
        """Where changes of circuits are said."""
        return f"{self.prefix}:circuits"

    def key(self, kind: str, name: str) -> str:
        """Of something with a *name*."""
        return f"{self.prefix}:{kind}:{{{name}}}"


class RedisResilienceStore(BothFaces):
    """Lets processes share circuits, rate limits and retry budgets through Redis or Valkey.

    Hand it to `CircuitBreaker`, `RateLimit` or `SharedRetryBudget`, or to `initialize_resilience`
    for every breaker.  Two threads of its own talk to the server, from the first call on.  A call
    waits for them only if it might be the probe of a half-open circuit, and then for *timeout* at
    most; while the server is down, every process decides alone, and no call fails or waits for it.

    Args:
        url: Of the server, like ``redis://host:6379/0``; ``rediss://`` uses TLS.
        prefix: What the names of its keys begin with; different programs take different ones.
        timeout: Seconds that the server may take; then it counts as down.
        lease: Seconds after which the right to probe of a process that died is somebody else's.
        poll: Seconds after which is looked what changed, in case that a message was lost.

    Raises:
        InvalidPolicyError: If an option makes no sense.
        MissingExtraError: If `redis` is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "pepperpy",
        timeout: float | timedelta = 0.25,
        lease: float | timedelta = 10.0,
        poll: float | timedelta = 5.0,
    ) -> None:
        self._url = text(url, "url")
        self._settings = Settings(
            prefix=text(prefix, "prefix"),
            timeout=seconds(timeout, "timeout", zero=False),
            lease=seconds(lease, "lease", zero=False),
            poll=seconds(poll, "poll", zero=False),
        )
        self._connection().close()  # tells now what is wrong with the URL
        self._status = Status(redact_text(url))
        self._lock = ForkSafeLock()  # guards the two below
        self._running: _Running | None = None
        self._closed = False
        self._withdraw: Callable[[], None] = register_closer(_CLOSES_AT, self.close)
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"<RedisResilienceStore {self._status.name}: {self._state()}>"

    @property
    def is_up(self) -> bool:
        """Whether the server answers, as far as is known; if not, each process decides alone."""
        return self._status.is_up

    @property
    def timeout(self) -> float:
        """Seconds that the server may take."""
        return self._settings.timeout

    def close(self) -> None:
        """End its threads, when what was told so far is done; then each process decides alone."""
        with self._lock:
            running, self._running = self._running, None
            self._closed = True
        self._withdraw()
        if running is not None:
            running.end(self._settings.timeout)
        self._status.is_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # What breakers, limits and budgets need of it.

    def attach(self, circuit: Circuit, now: Callable[[], float]) -> None:
        """Share *circuit*, whose clock is *now*."""
        circuit.join(self, now)
        self._status.add(circuit)
        if (running := self._running) is not None:
            running.worker.jobs.put(Joined(circuit))

    def settle(self, account: Account) -> None:
        """Have *account* settled for as long as it is used."""
        self._status.add_account(account)
        if (running := self._start()) is not None:
            running.worker.jobs.put(Woken(account))

    def key(self, kind: str, name: str) -> str:
        """What the server knows it by."""
        return self._settings.key(kind, name)

    def start(self) -> None:
        """Begin to talk to the server, unless it does."""
        self._start()

    def tell(self, job: Job) -> None:
        """Have the worker do it."""
        running = self._start()
        if running is not None:
            running.worker.jobs.put(job)
        elif isinstance(job, Asked):
            job.answer.give()

    def after_fork(self) -> None:
        """The threads are the parent's; the next call starts others."""
        self._running = None
        self._status.is_up = not self._closed

    def inspect(self) -> dict[str, object]:
        """The store as it is now."""
        status, settings = self._status, self._settings
        return {
            "kind": "resilience_store",
            "name": status.name,
            "state": self._state(),
            "facts": {
                "circuits": len(status.circuits()),
                "accounts": len(status.accounts()),
                "outages": status.outages,
                "last_error": status.last_error,
            },
            "config": {
                "prefix": settings.prefix,
                "timeout": settings.timeout,
                "lease": settings.lease,
                "poll": settings.poll,
            },
        }

    def _state(self) -> str:
        if self._closed:
            return "closed"
        if self._running is None:
            return "idle"
        return "up" if self._status.is_up else "down"

    def _start(self) -> _Running | None:
        running = self._running
        if running is None:
            with self._lock:
                running = self._running or self._begin()
        return running

    def _begin(self) -> _Running | None:
        if not self._closed:
            self._running = _Running(self._settings, self._status, self._connection)
            self._running.begin()
        return self._running

    def _connection(self) -> Connection:
        return Connection(self._url, self._settings.timeout)


class _Running:
    """The two threads of one process."""

    def __init__(
        self, settings: Settings, status: Status, connect: Callable[[], Connection]
    ) -> None:
        self.worker: Worker = Worker(settings, status, connect())
        self._listener = Listener(connect(), settings.channel, self.worker.jobs.put)
        self.worker.on_recovery = self._listener.reconnect
        self._threads = [
            Thread(target=self.worker.run, name="pepperpy-resilience-store", daemon=True),
            Thread(target=self._listener.run, name="pepperpy-resilience-listener", daemon=True),
        ]

    def begin(self) -> None:
        """Start them."""
        for thread in self._threads:
            thread.start()

    def end(self, patience: float) -> None:
        """Let them do what there is to do, and end."""
        self._listener.stop()
        self.worker.jobs.put(Stop())
        for thread in self._threads:
            if thread is not current_thread():
                thread.join(2 * patience + 1)
