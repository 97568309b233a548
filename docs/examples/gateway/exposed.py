"""Does `/metrics` say what the driver has counted itself?

At any moment the gateway has counted at least what it had answered when it was asked, and at most
what had been sent when its counts came.  In the end nothing is under way, so the two are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from driver import Outcome, Verdict
from evidence import Evidence
from faults import PROVIDERS
from figures import BREAKER, CACHE, POOL
from names import ANSWERS, FAILURES, REQUESTS
from quantiles import MEASURED
from scraper import Reading
from table import Table
from trespasses import AUDITED

OF = "pepperpy_component_name"
"""The label that says whose figure it is."""

REFUSED, DENIED = "audit: keys refused", "audit: denied"
HITS = "hits, by the cache itself"
CALLS = "calls to"
ATTEMPTS = 3
"""As often a provider may be called for one request."""


def by_driver(outcomes: Iterable[Outcome]) -> Counter[str]:
    """What the driver has seen of these requests."""
    found: Counter[str] = Counter()
    for outcome in outcomes:
        found[f"requests with status {outcome.status}"] += 1
        found[REFUSED] += outcome.status == 401
        found[DENIED] += outcome.status == 403
        if outcome.cache != "none":
            found[f"cache: {outcome.cache}"] += 1
        found[HITS] += outcome.cache == "hit"
        found.update(f"rejections by {name}" for name in outcome.rejected)
        found.update(f"{CALLS} {name}" for name in outcome.calls)
        found.update(f"not valid: {code}" for _, code in outcome.invalid)
    return +found


def by_gateway(reading: Reading) -> Counter[str]:
    """The same by what the gateway has counted."""
    found: Counter[str] = Counter()
    for sample in reading.named(REQUESTS, "_total"):
        found[f"requests with status {sample.labels['status']}"] += int(sample.value)
        if sample.labels["cache"] != "none":
            found[f"cache: {sample.labels['cache']}"] += int(sample.value)
    found[HITS] += sum(count for of, count in _of(reading, f"{CACHE}.hits") if of == ANSWERS)
    # Of the providers' breakers; others guard what we keep.
    rejected = dict(_of(reading, f"{BREAKER}.rejected"))
    found.update({f"rejections by {name}": rejected.get(name, 0) for name in PROVIDERS})
    found.update({f"{CALLS} {name}": count for name, count in _of(reading, f"{POOL}.acquired")})
    for figure, status in ((REFUSED, 401), (DENIED, 403)):
        for sample in reading.named(AUDITED[status], "_total"):
            found[figure] += int(sample.value)
    for sample in reading.named(FAILURES, "_total"):
        found[f"not valid: {sample.labels['code']}"] += int(sample.value)
    return +found


def _of(reading: Reading, name: str) -> Iterator[tuple[str, int]]:
    """A figure of each who has it."""
    for sample in reading.named(name):
        yield sample.labels[OF], int(sample.value)


def exposed(run: Evidence) -> Iterator[str]:
    """Where `/metrics` is not what it has to be by the driver's own count."""
    last = last_reading(run)
    if last is None:
        yield "the gateway's /metrics was not read after the last answer"
    else:
        yield from buckets(run, last)
    yield from falling(run.readings)
    for reading in run.readings:
        if not reading.trouble:
            yield from differing(run, reading)
        elif not (
            run.outage and run.outage.begin <= reading.came and reading.asked <= run.outage.end
        ):
            yield f"the gateway was there {_at(reading)}, and was not read: {reading.trouble}"


def last_reading(run: Evidence) -> Reading | None:
    """The last one, if all had been answered by then."""
    end = max((outcome.ended for outcome in run.outcomes), default=0.0)
    read = [reading for reading in run.readings if not reading.trouble and reading.asked >= end]
    return read[-1] if read else None


def falling(readings: Iterable[Reading]) -> Iterator[str]:
    """Where a count went back, though the gateway was not started anew."""
    for before, after in pairwise(each for each in readings if not each.trouble):
        later = by_gateway(after)
        for figure, count in by_gateway(before).items():
            if before.start == after.start and later[figure] < count:
                yield (
                    f"{figure}: /metrics {count} {_at(before)}, and then {later[figure]} "
                    f"{_at(after)}"
                )


def differing(run: Evidence, reading: Reading, *, at_most: Collection[str] = ()) -> Iterator[str]:
    """Where a reading is not what it has to be; of some figures only that it is not too high."""
    if reading.memory is None:
        yield f"/metrics had nothing about the memory of the process {_at(reading)}"
    told, bounds = by_gateway(reading), Bounds.of(run, reading)
    for figure in sorted(told | bounds.most):
        least = 0 if figure in at_most else bounds.least[figure]
        if not least <= told[figure] <= bounds.greatest(figure):
            yield (
                f"{figure}: /metrics {told[figure]} {_at(reading)}, driver {bounds.told(figure)}"
            )


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the gateway can have counted until it was read, as the driver sees it."""

    least: Counter[str]
    most: Counter[str]
    cut_off: int  # requests that it may have counted, and of which nobody else knows what came

    @classmethod
    def of(cls, run: Evidence, reading: Reading) -> Bounds:
        """Of one reading."""
        own = [outcome for outcome in run.complete if outcome.start == reading.start]
        cut_off = run.with_verdict(Verdict.CUT_OFF) if reading.start in run.killed else []
        return cls(
            by_driver(outcome for outcome in own if outcome.ended <= reading.asked),
            by_driver(outcome for outcome in own if outcome.sent <= reading.came),
            sum(outcome.sent <= reading.came for outcome in cut_off),
        )

    def greatest(self, figure: str) -> int:
        """The most of one figure."""
        each = ATTEMPTS if figure.startswith(CALLS) else 1
        return self.most[figure] + self.cut_off * each

    def told(self, figure: str) -> str:
        """From what to what."""
        least, most = self.least[figure], self.greatest(figure)
        return str(least) if least == most else f"{least} to {most}"


def buckets(run: Evidence, reading: Reading) -> Iterator[str]:
    """Where a bucket does not hold as many values as the log has below its bound."""
    if reading.start != run.log.last[0]:
        yield f"/metrics was that of {reading.start} in the end, and {run.log.last[0]} is the last"
    for name, field in MEASURED.items():
        logged = [line[field] for line in run.log.last[1].requests if line[field] is not None]
        told = {each.labels["le"]: int(each.value) for each in reading.named(name, "_bucket")}
        if logged and "+Inf" not in told:
            yield f"{name} is not in /metrics"
        for bound, count in told.items():
            wanted = sum(ms / 1000 <= float(bound) for ms in logged)
            if count != wanted:
                yield f"{name} up to {bound} s: /metrics {count}, log file {wanted}"


def _at(reading: Reading) -> str:
    return f"at {reading.asked:.2f} s"


def table(run: Evidence) -> Table:
    """What `/metrics` said of each start of the gateway when it was read last."""
    last = {reading.start: reading for reading in run.readings if not reading.trouble}
    pairs = [(by_gateway(each), Bounds.of(run, each)) for each in last.values()]
    figures = sorted({figure for told, bounds in pairs for figure in told | bounds.most})
    rows = []
    for figure in figures:
        columns = ((bounds.told(figure), str(told[figure])) for told, bounds in pairs)
        rows.append((f"  {figure}", *chain.from_iterable(columns)))
    heads = [
        f"{who},\n{reading.asked:.2f} s"
        for reading in last.values()
        for who in ("driver", "/metrics")
    ]
    read = sum(not each.trouble for each in run.readings)
    title = f"What /metrics said: read {read} times, here the last of each start"
    return Table(title, ("", *heads), rows)
