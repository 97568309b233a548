"""`RedisResilienceStore`: what breakers, limits and budgets of many processes have in common."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

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

from ._accounts import Account, BudgetAccount, RateAccount
from ._connection import Connection
from ._jobs import Joined, Stop, Woken
from ._status import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from types import TracebackType
    from typing import Self

    from pepperpy.infra.resilience._budget import SharedRetryBudget
    from pepperpy.infra.resilience._circuit import Circuit
    from pepperpy.infra.resilience._rate_limit import RateLimit
    from pepperpy.infra.resilience._share import Job

    from ._threads import Threads

A = TypeVar("A", bound=Account)

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
        self._settings = Settings(
            prefix=text(prefix, "prefix"),
            timeout=seconds(timeout, "timeout", zero=False),
            lease=seconds(lease, "lease", zero=False),
            poll=seconds(poll, "poll", zero=False),
        )
        wait = self._settings.timeout
        # The URL has a password: it is here, and no attribute.
        self._connection: Callable[[], Connection] = lambda: Connection(url, wait)
        self._connection().close()  # tells now what is wrong with it
        self._status = Status(redact_text(url), self)
        self._lock = ForkSafeLock()  # guards the two below
        self._running: Threads | None = None
        self._closed = False
        self._withdraw: Callable[[], None] = register_closer(_CLOSES_AT, self.close)
        atexit.register(self.close)  # what was told last is not to end with the threads
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"<RedisResilienceStore {self._status.name}: {self._state()}>"

    @property
    def is_up(self) -> bool:
        """Whether the server answers, as far as is known; if not, each process decides alone."""
        return self._status.is_up and not self._closed

    @property
    def keep(self) -> float:
        """Seconds that the server keeps what nobody uses."""
        return self._settings.keep

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
        atexit.unregister(self.close)
        if running is not None:
            running.end(self._settings.timeout)

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
            running.put(Joined(circuit))

    def rate(self, limit: RateLimit) -> RateAccount:
        """What settles *limit*."""
        return self._opened(RateAccount(self, limit))

    def budget(self, budget: SharedRetryBudget) -> BudgetAccount:
        """What settles *budget*."""
        return self._opened(BudgetAccount(self, budget))

    def _opened(self, account: A) -> A:
        self._status.add_account(account)
        return account

    def settle(self, account: Account) -> None:
        """Have *account* settled from now on, for as long as it is used."""
        if (running := self._start()) is not None:
            running.put(Woken(account))

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
            running.put(job)
        elif isinstance(job, Asked):
            job.answer.give()

    def after_fork(self) -> None:
        """The threads are the parent's; the next call starts others."""
        self._running = None
        self._status.is_up = True

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

    def _start(self) -> Threads | None:
        running = self._running
        if running is None:
            with self._lock:
                running = self._running or self._begin()
        return running

    def _begin(self) -> Threads | None:
        from ._threads import Threads  # brings what a program without a server does not need

        if self._closed:
            return None
        threads = Threads(self._settings, self._status, self._connection)
        try:
            threads.begin()
        except RuntimeError as error:  # there is no room for a thread, so each decides alone
            threads.put(Stop())
            self._status.went_down(error)
            return None
        self._running = threads
        return threads
