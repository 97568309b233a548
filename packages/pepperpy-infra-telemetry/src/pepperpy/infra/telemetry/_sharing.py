"""`share_metrics`: what several processes have counted, as one."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, get_args

from pepperpy.infra.utils import (
    register_after_fork,
    register_closer,
    register_inspectable,
    to_seconds,
)

from ._errors import InvalidOptionError, SharingError
from ._exposed import ExposedNames
from ._manager import TelemetryManager, engine_of
from ._totals import GaugeRule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta
    from typing import Self

    from ._engine import Engine
    from ._hub import Hub
    from ._member import Member
    from ._reading import Figure

CLOSES_AT: Final = 850  # after telemetry itself, whose handlers count what they did


class SharedMetrics:
    """The metrics of a process and its workers.  Made by `share_metrics` and `join_metrics`.

    Whatever takes a manager for Prometheus takes this as well, in each of the processes.
    """

    def __init__(self, engine: Engine, address: str = "") -> None:
        self.exposed: ExposedNames = ExposedNames()
        """The names under which the metrics are exposed."""
        self._engine = engine
        self._address = address
        self._hub: Hub | None = None
        self._member: Member | None = None
        self._withdraw = register_closer(CLOSES_AT, self.close)
        engine.sharing = self
        register_after_fork(self)
        register_inspectable(self)
        atexit.register(self.close)

    def __repr__(self) -> str:
        role = "hub" if self._hub else "worker" if self._member else "closed"
        return f"<SharedMetrics: {role}>"  # the address has the key

    @property
    def address(self) -> str:
        """For `join_metrics` in processes that are started, not forked.  Whoever has it can join."""
        return self._address

    @property
    def is_hub(self) -> bool:
        """Whether this is the process that adds up."""
        return self._hub is not None

    @property
    def is_open(self) -> bool:
        """Whether this process still shares its metrics."""
        return self._hub is not None or self._member is not None

    def figures(self) -> Iterable[Figure]:
        """What all processes have counted, for exporters.

        Raises:
            SharingError: If this is closed, or the process that shares does not answer.
        """
        source = self._hub or self._member
        if source is None:
            raise SharingError("these shared metrics are closed; share_metrics() shares anew")
        return source.figures()

    def close(self) -> None:
        """In a worker, hand over what was counted: what comes later is not shared any more.

        It is done at exit too, waits up to 5 seconds, and twice is once.  In the process that
        shares, let go of the workers.
        """
        self._withdraw()
        atexit.unregister(self.close)
        member, self._member = self._member, None
        hub, self._hub = self._hub, None
        if member is not None:
            member.leave()
        if hub is not None:
            hub.close()
            self._engine.sharing = None  # a worker cannot join again: it would count twice

    def inspect(self) -> dict[str, Any]:
        """How many workers there are, and were."""
        hub = self._hub
        return {
            "kind": "telemetry.sharing",
            "name": "hub" if hub else "worker",
            "state": "ok" if hub or self._member else "closed",
            "facts": hub.facts() if hub else {},
            "config": {},
        }

    def after_fork(self) -> None:
        """Join as a worker: of the parent's sockets a child has no use."""
        if self._hub is None and self._member is None:
            self._engine.sharing = None
            return
        for each in (self._hub, self._member):
            if each is not None:
                each.abandon()
        self._hub = None
        self._join().start()
        # `multiprocessing` forgets at the start of a child what was to be done at its end.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.register_after_fork(self, SharedMetrics._end_with_child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _share(self, rules: Mapping[str, GaugeRule], otherwise: GaugeRule, timeout: float) -> None:
        hub = self._hub = self._hub or self._listen()
        self._address = hub.address
        hub.totals.rules, hub.totals.otherwise, hub.timeout = rules, otherwise, timeout

    def _listen(self) -> Hub:
        import_module("pepperpy.infra.telemetry._member")  # a forked child should not look for it
        from ._hub import Hub  # brings sockets

        try:
            return Hub(self._engine, os.getpid())
        except OSError as error:
            self._forget()
            raise SharingError(f"cannot listen on 127.0.0.1: {error}") from error

    def _join(self) -> Member:
        from ._member import Member

        self._member = Member(self._address, self._engine, os.getpid())
        return self._member

    def _join_now(self) -> None:
        member = self._join()
        try:
            member.connect()
        except SharingError:
            self._forget()
            raise
        member.start()
        self._end_with_child()

    def _forget(self) -> None:
        self._member = self._engine.sharing = None
        self.close()

    def _end_with_child(self) -> None:
        # Children of multiprocessing end by `os._exit`; where nobody has imported it, we are in none.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.close, exitpriority=-1)


def share_metrics(
    manager: TelemetryManager | None = None,
    *,
    gauges: GaugeRule | Mapping[str, GaugeRule] = "each",
    timeout: float | timedelta = 2.0,
) -> SharedMetrics:
    """Have this process know what its workers count, also those that have ended.

    Call it in the process that outlives the workers, before it starts them.  Those that it forks
    join by themselves; others call `join_metrics`.  Nothing is written to disk.  Called again, as
    where a server reads its configuration anew, it returns the same, with the rules of this call.

    Counters and histograms are summed up, and never go down.  A worker that ends in order hands
    over everything; one that is killed leaves what it said last, at most *interval* of the manager
    ago, which the signal ``telemetry.worker_lost`` tells.  Gauges are those of the living.

    Args:
        manager: The default one if it is left out.
        gauges: What becomes of gauges of one name and one set of tags: ``each`` stays, with the tag
            ``process.pid``; ``sum``, ``max`` and ``min`` make one.  A mapping says so by name, and
            means ``each`` for all others.
        timeout: Seconds that a scrape waits for a worker; then what it said last is used.

    Raises:
        InvalidOptionError: If there is no such rule, *timeout* is no duration above 0, or this
            process is a worker.
        SharingError: If nobody can listen on 127.0.0.1.
    """
    engine = engine_of(manager or TelemetryManager.get_instance())
    by_name: Mapping[str, GaugeRule] = gauges if isinstance(gauges, Mapping) else {}
    otherwise: GaugeRule = "each" if isinstance(gauges, Mapping) else gauges
    for rule in (otherwise, *by_name.values()):
        if rule not in get_args(GaugeRule):
            rules = ", ".join(get_args(GaugeRule))
            raise InvalidOptionError(
                f"gauges must be {rules}, or names of gauges with one of them each; got {rule!r}",
                option="gauges",
            )
    seconds = to_seconds(timeout)
    if not 0 < seconds <= 3600:
        raise InvalidOptionError(
            f"timeout must be seconds above 0, at most an hour; got {timeout!r}", option="timeout"
        )
    known = engine.sharing
    if known is not None and not known.is_hub:
        raise InvalidOptionError(
            "this process is a worker, or was until close(): join_metrics() returns what it has",
            option="manager",
        )
    shared = known or SharedMetrics(engine)
    shared._share(dict(by_name), otherwise, seconds)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this module
    return shared


def join_metrics(
    address: str | None = None, manager: TelemetryManager | None = None
) -> SharedMetrics:
    """Have the process that shares its metrics at *address* count ours too.

    For workers that are started, not forked: by ``spawn``, or by a command.  In a process that shares
    already, as forked workers do, this returns what it has.

    Args:
        address: `SharedMetrics.address` of the process that called `share_metrics`, on this machine.
            A forked worker needs none.
        manager: The default one if it is left out.

    Raises:
        InvalidOptionError: If *address* is none.
        SharingError: If nobody is there, or, without an address, this process shares nothing.
    """
    engine = engine_of(manager or TelemetryManager.get_instance())
    known = engine.sharing
    if known is not None and known.is_open and address in {None, known.address}:
        return known
    if known is not None:
        raise InvalidOptionError(
            "the metrics of this manager are shared already, or were until close()",
            option="manager",
        )
    if address is None:
        raise SharingError(
            "no process that forked this one has called share_metrics(); give the address of one"
        )
    if address.count(":") != 2 or not address.split(":")[1].isdigit():
        raise InvalidOptionError(
            "address must be that of SharedMetrics, host:port:key; got something else",
            option="address",
        )
    shared = SharedMetrics(engine, address)
    shared._join_now()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this module
    return shared
