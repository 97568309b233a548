"""What stands before a sink where lines are sampled or repetitions are counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from pepperpy.infra.utils import Signal, emit, register_after_fork, register_inspectable

from ._alarm import Alarms, shared_alarms
from ._at_exit import at_exit_of_child
from ._record import Record, told_of, with_field
from ._repeats import Repeats, Seen
from ._sampling import Sampler

if TYPE_CHECKING:
    from ._clean import Cleaner
    from ._sampling import Kind, Sampling
    from ._sink import Sink

_SIGNAL_EVERY = 60.0  # seconds, however much is left out


class Sieve(logging.Handler):
    """Hands on to its sink the lines that pass, and lines that tell of those that do not.

    One handler in front of another, so that a sink without it pays nothing.  Each sink has its own
    and sees for itself, since levels and filters differ.

    Args:
        sink: Where lines go.
        cleaner: Says what a line shows.
        sampling: Which of many similar lines pass.
        repeats: For how many seconds repetitions are held back.
        alarms: Ring when a repetition must be told though no other line comes.
    """

    # Guarded by the handler's own lock, which logging frees after a fork.  While it is held nothing
    # is written, and no object of the program is asked for anything.
    _sampler: Sampler | None
    _repeats: Repeats | None
    _sampled_out: int
    _repeated: int
    _signalled: int
    _signalled_at: float
    _alarm_is_set: bool
    _ends_told: bool

    def __init__(
        self,
        sink: Sink,
        cleaner: Cleaner,
        *,
        sampling: Sampling | None = None,
        repeats: float | None = None,
        alarms: Alarms | None = None,
    ) -> None:
        super().__init__(sink.level)
        self.filters = sink.filters
        self._sink = sink
        self._cleaner = cleaner
        self._sampling, self._window = sampling, repeats
        self._alarms = alarms or shared_alarms
        self._begin()
        register_after_fork(self)
        register_inspectable(self)
        _sieves.add(self)

    @property
    def needs_caller(self) -> bool:
        """Whether the sink's lines show the place of the call."""
        return self._sink.needs_caller

    def take(self, *call: Any) -> None:
        """Do with a call what `handle` does with its record."""
        self.handle(Record.make(*call))

    def handle(self, record: logging.LogRecord) -> bool:
        """Hand on the record, or count it; whatever goes wrong, the record is written."""
        try:
            passing = self._passing(record)
        except Exception:  # noqa: BLE001 - a boundary: names that are no text, times that are none
            passing = [record]
        for each in passing:
            self._sink.handle(each)
        if self._sampled_out != self._signalled:
            self._signal(_SIGNAL_EVERY)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Do what `handle` does."""
        self.handle(record)

    def addFilter(self, filter: Any) -> None:  # noqa: A002, N802 - the standard library's names
        """Add a filter to the sink."""
        self._sink.addFilter(filter)

    def flush(self) -> None:
        """Tell all that was held back or left out, and have it written."""
        self._tell_all()
        self._sink.flush()

    def settle(self) -> None:
        """Tell the rest, since another handler takes over."""
        self._tell_all()
        self._sink.settle()

    def close(self) -> None:
        """Tell the rest, and let everything pass that comes later."""
        self._tell_all(for_good=True)
        super().close()

    def retire(self) -> None:
        """Close for good, and the sink too."""
        self.close()
        self._sink.retire()

    def inspect(self) -> dict[str, object]:
        """How much did not pass."""
        self.acquire()
        try:
            held = self._repeats.held if self._repeats else 0
            counts = {"sampled_out": self._sampled_out, "repeated": self._repeated}
        finally:
            self.release()
        return {
            "kind": "log_sieve",
            "name": self._sink.get_name(),
            "state": "ok",
            "facts": {**counts, "held_back": held},
            "config": {"sampling": repr(self._sampling), "repeats": self._window},
        }

    def after_fork(self) -> None:
        """Forget what the parent will tell itself."""
        if self._sampler or self._repeats:
            self._begin()

    def _begin(self) -> None:
        self._sampler = Sampler(self._sampling) if self._sampling else None
        self._repeats = Repeats(self._window) if self._window else None
        self._sampled_out = self._signalled = self._repeated = 0
        self._signalled_at = self._alarms.clock.monotonic()
        self._alarm_is_set = self._ends_told = False

    def _passing(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """The lines that are to be written now, in their order."""
        seen = Seen(record, self._cleaner) if self._repeats else None
        self.acquire()
        try:
            now = self._alarms.clock.monotonic()
            if seen is None:
                return self._sampled(record, now)
            passing = self._without_repetitions(record, seen, now)
            if passing and passing[-1] is record:
                return passing[:-1] + self._sampled(record, now)
            return passing
        finally:
            self.release()

    def _without_repetitions(
        self, record: logging.LogRecord, seen: Seen, now: float
    ) -> list[logging.LogRecord]:
        if self._repeats is None:  # closed meanwhile
            return [record]
        told, passes = self._repeats.take(seen, now)
        if passes:
            return [*told, record]
        self._repeated += 1
        self._tell_at_exit()
        self._set_alarm(self._repeats)
        return told

    def _sampled(self, record: logging.LogRecord, now: float) -> list[logging.LogRecord]:
        sampler = self._sampler
        kind = sampler.kind_of(record) if sampler else None
        if sampler is None or kind is None:
            return [record]
        before = sampler.admit(kind, now)
        told: list[logging.LogRecord] = []
        if sampler.forgotten:
            told, sampler.forgotten = self._left_out(sampler.forgotten), []
        if before is None:
            if self._sampled_out == self._signalled:
                self._signalled_at = now
            self._sampled_out += 1
            self._tell_at_exit()
            return told
        return [*told, with_field(record, "sampled_out", before) if before else record]

    def _left_out(self, kinds: list[tuple[Kind, int]]) -> list[logging.LogRecord]:
        """For each kind a record that tells how many of it were left out."""
        created = self._alarms.clock.time()
        return [_of_left_out(kind, count, created) for kind, count in kinds]

    def _tell_at_exit(self) -> None:
        # Elsewhere `logging.shutdown` flushes.
        if not self._ends_told:
            self._ends_told = True
            at_exit_of_child(_tell_all)

    def _tell_all(self, *, for_good: bool = False) -> None:
        self.acquire()
        try:
            told = self._repeats.take_all() if self._repeats else []
            left_out = self._sampler.take_all() if self._sampler else []
            if for_good:  # now: what another thread would hold back after this, nobody would tell
                self._sampler = self._repeats = None
        finally:
            self.release()
        for each in told + self._left_out(left_out):
            self._sink.handle(each)
        self._signal(0)

    def _set_alarm(self, repeats: Repeats) -> None:
        if self._alarm_is_set or (due := repeats.next_due) is None:
            return
        try:
            self._alarms.at(due, self._ring)
        except RuntimeError:  # no thread to be had: the next line tells it, or the end does
            return
        self._alarm_is_set = True

    def _ring(self) -> None:
        self.acquire()
        try:
            self._alarm_is_set = False
            told: list[logging.LogRecord] = []
            if self._repeats is not None:
                told = self._repeats.take_due(self._alarms.clock.monotonic())
                self._set_alarm(self._repeats)
        finally:
            self.release()
        for each in told:
            self._sink.handle(each)

    def _signal(self, min_age: float) -> None:
        """Tell listeners what was left out since the last time, if that is long enough ago."""
        self.acquire()
        try:
            now = self._alarms.clock.monotonic()
            count = self._sampled_out - self._signalled
            if not count or now - self._signalled_at < min_age:
                return
            self._signalled, self._signalled_at = self._sampled_out, now
        finally:
            self.release()
        name = str(self._sink.get_name())
        emit(Signal(kind="logging.sampled", source=name, level=20, facts={"sampled_out": count}))


_sieves: WeakSet[Sieve] = WeakSet()


def _tell_all() -> None:
    for sieve in list(_sieves):
        sieve.flush()


def _of_left_out(kind: Kind, count: int, created: float) -> logging.LogRecord:
    name, level, template = kind
    record = logging.LogRecord(name, level, "", 0, "", (), None)
    record.created = created
    message = f"{count} similar {'line' if count == 1 else 'lines'} left out"
    if isinstance(template, str):
        message = f"{message}: {template}"
    return told_of(record, message, {"sampled_out": count})
