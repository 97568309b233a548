"""What pools for tasks and pools for threads have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from pepperpy.infra.utils import (
    Clock,
    Signal,
    emit,
    listening,
    register_after_fork,
    register_inspectable,
)

from ._config import ConnectionPoolConfig, check_sizes
from ._core import GONE, ON_LOAN, ORPHAN, Core, Entry, Work
from ._errors import (
    NotLentError,
    PoolClosedError,
    PoolConfigError,
    PoolFullError,
    PoolNameError,
    PoolTimeoutError,
)
from ._leaks import Loan, loan_to
from ._types import ConnectionStats, Leak, PoolStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

T = TypeVar("T")
C = TypeVar("C", bound=ConnectionPoolConfig)

# A child must neither use nor close what it inherited by a fork: the other end would take it for
# the parent.  Even to drop the last reference may close it, so they stay here.
_inherited: Final[list[Any]] = []


class BasePool(ABC, Generic[T, C]):
    """Names, figures and the ways out of a pool; the drivers add how to wait."""

    def __init__(self, name: str, config: C | None = None, *, clock: Clock | None = None) -> None:
        given: Any = name
        if not isinstance(given, str) or not given:
            raise PoolNameError(
                f"a pool's name must be text and not empty; got {name!r}", name=name
            )
        chosen: Any = self._get_default_config() if config is None else config
        if not isinstance(chosen, ConnectionPoolConfig):
            raise PoolConfigError(
                f"the config of pool {name!r} must be a ConnectionPoolConfig; "
                f"got {type(chosen).__name__}",
                option="config",
            )
        self._name = name
        self._config = cast("C", chosen)
        self._clock = clock or Clock()
        self._now = self._clock.monotonic
        self._orphans: dict[int, Entry[T]] = {}
        self._sizes = (chosen.min_size, chosen.max_size)
        self._status = PoolStatus.INITIALIZING
        self._renew()
        register_inspectable(self)
        register_after_fork(self)

    def __repr__(self) -> str:
        sizes = f"{self.in_use} of {self.size} on loan, at most {self._core.max_size}"
        return f"<{type(self).__name__} {self._name!r}: {self._status.name.lower()}, {sizes}>"

    def _get_default_config(self) -> C:
        """The settings of a pool that is made without any."""
        return cast("C", ConnectionPoolConfig())

    @property
    def name(self) -> str:
        """What it is registered under."""
        return self._name

    @property
    def config(self) -> C:
        """As it was made; `resize` does not change it."""
        return self._config

    @property
    def status(self) -> PoolStatus:
        """Where it is in its life."""
        return self._status

    @property
    def size(self) -> int:
        """How many connections are open."""
        return len(self._core.entries)

    @property
    def available(self) -> int:
        """How many of them are idle."""
        return len(self._core.idle)

    @property
    def in_use(self) -> int:
        """How many of them are on loan."""
        return len(self._core.on_loan)

    def stats(self) -> ConnectionStats:
        """The figures as they are now."""
        core = self._core
        in_use = self.in_use
        return ConnectionStats(
            created=core.created,
            acquired=core.acquired,
            released=core.acquired - in_use - core.lost,
            errors=self._errors,
            timeouts=self._timeouts,
            idle_closed=core.idle_closed,
            max_size_reached=core.max_size_reached,
            current_size=self.size,
            in_use=in_use,
            idle=self.available,
            connecting=core.connecting,
            waiting=core.waiting(),
            wait_time=self._wait_time,
            total_wait_time=self._total_wait_time,
            last_error_time=self._last_error_time,
            last_error=self._last_error,
        )

    def leaks(self) -> list[Leak]:
        """The connections that have been on loan for longer than *leak_threshold*, oldest first."""
        threshold: Any = self._config.leak_threshold
        if threshold is None:
            return []
        now = self._now()
        loans = [entry.borrower for entry in self._core.on_loan if entry.borrower is not None]
        late = sorted((loan for loan in loans if now - loan.since >= threshold), key=_since)
        return [loan.leak(self._name, now) for loan in late]

    def inspect(self) -> Mapping[str, object]:
        """Figures and settings in plain values."""
        stats = self.stats()
        shown = {
            each.name: getattr(stats, each.name)
            for each in fields(stats)
            if not each.name.startswith("last_error")
        }
        error = self._last_error
        core = self._core
        hidden = {"params", "min_size", "max_size"}
        settings = {
            each.name: getattr(self._config, each.name)
            for each in fields(ConnectionPoolConfig)
            if each.name not in hidden
        }
        return {
            "kind": "pool",
            "name": self._name,
            "state": self._status.name.lower(),
            "facts": shown,
            "last_error": None if error is None else type(error).__name__,
            "config": {"min_size": core.min_size, "max_size": core.max_size, **settings},
        }

    def after_fork(self) -> None:
        """Begin anew in a forked child: nothing of the parent's is used or closed."""
        _inherited.append(list(self._core.entries.values()))
        self._core.abandon(self._orphans)
        if self._status is PoolStatus.READY:
            self._status = PoolStatus.INITIALIZING
        elif self._status is PoolStatus.CLOSING:
            self._status = PoolStatus.CLOSED
        self._renew()

    def _renew(self) -> None:
        """Forget all connections and figures."""
        core = self._core = Core[T](self, self._config, resets=self._resets())
        core.home = self._home()
        core.min_size, core.max_size = self._sizes
        core.closed = self._status is PoolStatus.CLOSED
        self._errors = self._timeouts = 0
        self._wait_time = self._total_wait_time = 0.0
        self._last_error: BaseException | None = None
        self._last_error_time: datetime | None = None

    @abstractmethod
    def reopen(self) -> None:
        """Let the pool, if it is closed, open again when it is used next."""

    @abstractmethod
    def _home(self) -> object:
        """What connections live in: a loop, or a process."""

    @abstractmethod
    def _resets(self) -> bool:
        """Whether something is to be done with each connection that comes back."""

    def _new_sizes(self, min_size: int | None, max_size: int | None) -> tuple[int, int]:
        least = self._core.min_size if min_size is None else min_size
        most = self._core.max_size if max_size is None else max_size
        check_sizes(least, most)
        self._sizes = (least, most)
        return self._sizes

    def _on_loan(self, connection: T) -> Entry[T]:
        """The entry of a connection that somebody gives back by hand."""
        key = id(connection)
        entry = self._core.entries.get(key) or self._orphans.get(key)
        if entry is None or entry.state not in {*ON_LOAN, ORPHAN}:
            raise NotLentError(
                f"pool {self._name!r} has not lent this {type(connection).__name__}: it is another "
                "pool's, or was given back already",
                pool=self._name,
            )
        if entry.state != ORPHAN and not entry.by_hand:
            # Early, from inside a block: when that ends, the connection may be somebody else's.
            return entry.core.replace(entry)
        entry.by_hand = False
        return entry

    def _forget_orphan(self, entry: Entry[T]) -> None:
        """*entry* is back, of which the pool has done with; or it was given back by hand before."""
        if entry.state == ORPHAN:
            del self._orphans[id(entry.connection)]
            entry.state = GONE

    def _closed_error(self) -> PoolClosedError:
        return PoolClosedError(
            f"pool {self._name!r} is {self._status.name.lower()}; initialize() opens it again",
            pool=self._name,
        )

    def _timeout_error(self, seconds: float) -> PoolTimeoutError:
        """What a caller gets who has waited for so long."""
        error = PoolTimeoutError(
            f"pool {self._name!r} had no connection to lend within {seconds:.3g} s: {self._stand()}",
            **self._standing(seconds),
        )
        error.__cause__ = self._last_error if self._core.fill_failures else None
        return error

    def _full_error(self) -> PoolFullError:
        return PoolFullError(
            f"pool {self._name!r} lets no more than {self._config.max_waiting} callers wait: "
            f"{self._stand()}",
            **self._standing(0.0),
        )

    def _stand(self) -> str:
        core = self._core
        return (
            f"{self.in_use} of {self.size} connections on loan, at most {core.max_size}, "
            f"{core.connecting} being opened, {core.waiting()} waiting"
        )

    def _standing(self, seconds: float) -> dict[str, object]:
        return {
            "pool": self._name,
            "timeout": seconds,
            "size": self.size,
            "max_size": self._core.max_size,
            "in_use": self.in_use,
            "waiting": self._core.waiting(),
        }

    def _too_slow(self, seconds: float) -> PoolTimeoutError:
        return PoolTimeoutError(
            f"opening a connection of pool {self._name!r} took longer than connect_timeout, "
            f"{seconds:.3g} s",
            **self._standing(seconds),
        )

    def _closed_on_loan(self, late: list[Work]) -> None:
        """Tell that connections are closed which somebody still uses."""
        emit(Signal(kind="pool.closed_on_loan", source=self._name, facts={"on_loan": len(late)}))

    def _admit(self, core: Core[T]) -> None:
        """Refuse to let one more wait than may."""
        limit = self._config.max_waiting
        if limit is not None and core.is_full(limit):
            error = self._full_error()
            self._timed_out(error)
            raise error

    def _timed_out(self, error: PoolTimeoutError) -> None:
        self._timeouts += 1
        facts = {key: value for key, value in vars(error).items() if key != "pool"}
        emit(Signal(kind="pool.timeout", source=self._name, facts=facts))

    def _waited(self, seconds: float) -> None:
        self._wait_time = seconds
        self._total_wait_time += seconds

    def _failed(self, what: str, error: BaseException) -> None:
        """A hook has failed: count it, and tell who listens."""
        self._errors += 1
        self._last_error = error
        self._last_error_time = datetime.fromtimestamp(self._clock.time(), UTC)
        if listening():
            facts = {"error": type(error).__name__}
            emit(Signal(kind=f"pool.{what}_failed", source=self._name, facts=facts))

    def _remember(self, entry: Entry[T], borrower: str, frame: FrameType | None) -> None:
        """Write down who has *entry*, if that is wanted."""
        if self._config.leak_threshold is None:
            return
        entry.borrower = loan_to(borrower, self._now(), frame)

    def _report_leaks(self) -> None:
        """Tell each leak once."""
        threshold: Any = self._config.leak_threshold
        if threshold is None:
            return
        now = self._now()
        for entry in self._core.on_loan:
            loan: Loan | None = entry.borrower
            if loan is None or loan.reported or now - loan.since < threshold:
                continue
            entry.borrower = loan._replace(reported=True)  # pyright: ignore[reportPrivateUsage]
            leak = loan.leak(self._name, now)
            facts = {"borrower": leak.borrower, "held_for": leak.held_for, "stack": leak.stack}
            emit(Signal(kind="pool.leak", source=self._name, facts=facts))


def _since(loan: Loan) -> float:
    return loan.since
