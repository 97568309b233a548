"""The tables of a run of several gateways: what each did, what they knew of each other, what callers saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

import acknowledged
import admitted
import fleetmetrics
import performance
import refused
from driver import Outcome, Verdict
from evidence import Evidence
from faults import PROVIDERS, Outage
from fleet import Fleet
from fleetcache import shared_answers, stale
from fleetcircuits import all_probes, trips
from quantiles import quantile
from table import Cells, Table
from tables import faults, in_words, request_log, whole_run

CALM = 3.0
"""Seconds after the Redis came back, with which bad times are compared."""


def tables(run: Evidence, fleet: Fleet) -> list[Table]:
    """All of them; those that have nothing to say are left out."""
    found = (
        whole_run(run),
        gateways(run, fleet),
        troubles(run, fleet),
        circuits(run, fleet),
        changes(run, fleet),
        keys(run, fleet),
        acknowledged.table(run),
        fleetmetrics.table(run, fleet),
        refused.table(run),
        admitted.table(run),
        performance.timings(run),
        performance.memory(run),
        faults(run),
        request_log(run),
    )
    return [table for table in found if table.rows]


def gateways(run: Evidence, fleet: Fleet) -> Table:
    """What each was asked, and what came of it, by the driver."""
    shared = list(shared_answers(run, fleet))
    lent = Counter(owner for _, _, owner in shared)
    borrowed = Counter(worker for _, worker, _ in shared)
    columns = [
        [each for each in run.outcomes if each.worker == worker] for worker in range(fleet.workers)
    ]

    def row(what: str, is_so: Callable[[Outcome], bool]) -> Cells:
        counts = [sum(map(is_so, column)) for column in columns]
        return (what, *map(str, counts), str(sum(counts)))

    def having(what: str, counts: Counter[int]) -> Cells:
        return (
            what,
            *(str(counts[worker]) for worker in range(fleet.workers)),
            str(counts.total()),
        )

    def at(share: float) -> Cells:
        values = [
            [each.seconds * 1000 for each in column if each.is_complete] for column in columns
        ]
        every = [value for column in values for value in column]
        return (
            f"ms, p{share * 100:.0f}",
            *(f"{quantile(column, share):.1f}" for column in (*values, every)),
        )

    rows = [
        row("requests", lambda each: bool(each.id)),
        row("  answered", lambda each: each.status == 200),
        row("  refused: nobody listened", lambda each: each.verdict is Verdict.REFUSED),
        row("  cut off in the middle", lambda each: each.verdict is Verdict.CUT_OFF),
        row("  wrong or lost", lambda each: each.verdict in {Verdict.WRONG, Verdict.LOST}),
        *(
            row(f"  {name}", lambda each, name=name: each.problem == name)  # type: ignore[misc]
            for name in sorted({each.problem for each in run.outcomes if each.problem})
        ),
        row("asked a provider", lambda each: each.cache == "miss"),
        row("remembered", lambda each: each.cache in {"hit", "coalesced", "left"}),
        having("  of these loaded by another gateway", borrowed),
        having("its answers that others gave", lent),
        at(0.5),
        at(0.99),
    ]
    return Table("Gateway by gateway, by the driver", ("", *fleet.names, "all"), rows)


def _periods(fleet: Fleet) -> list[tuple[str, Outage]]:
    found: list[tuple[str, Outage]] = []
    if fleet.frozen:
        found.append(("Redis frozen", fleet.frozen))
    if fleet.down:
        found.append(("Redis killed", fleet.down))
    if fleet.down:
        calm = fleet.down.end + 1.0  # by then all have found it again
        found.append(("calm, to compare", Outage(calm, calm + CALM)))
    found += [(f"{fleet.names[worker]} killed", each) for worker, each in fleet.away.items()]
    return found


def troubles(run: Evidence, fleet: Fleet) -> Table:
    """What callers saw while a gateway or the Redis was away."""
    # By the gateways, whose time does not depend on how busy the driver is.
    ms = {line.get("request_id"): line["ms"] for line in run.log.requests}
    rows = []
    for what, period in _periods(fleet):
        own = [each for each in run.outcomes if period.begin <= each.sent < period.end]
        took = [ms[each.id] for each in own if each.id in ms]
        missed = Counter(_missed(each) for each in own)
        del missed[""]
        rows.append(
            (
                what,
                f"{period.begin:.2f}",
                f"{period.end - period.begin:.2f}",
                str(len(own)),
                *(f"{quantile(took, share):.1f}" for share in (0.5, 0.9, 0.99)),
                in_words(missed),
            )
        )
    heads = ("", "at, s", "for, s", "requests", "gateway,\nms, p50", "p90", "p99", "errors")
    return Table("What callers saw in bad times", heads, rows)


def _missed(outcome: Outcome) -> str:
    """What a caller got in place of an answer that was due; nothing if that is not so."""
    if not outcome.is_complete:
        return str(outcome.verdict.value)
    return outcome.problem or "" if outcome.status >= 500 else ""


def circuits(run: Evidence, fleet: Fleet) -> Table:
    """How soon all knew what one had found out, and how often a provider was tried again."""
    rows = []
    for provider in PROVIDERS:
        own = [trip for trip in trips(run, fleet) if trip.provider == provider]
        heard = [seconds * 1000 for trip in own for seconds in trip.heard.values()]
        tried = [each for each in all_probes(run, fleet) if each.provider == provider]
        rows.append(
            (
                provider,
                str(len(own)),
                str(len({trip.worker for trip in own})),
                f"{median(heard):.1f}" if heard else "",
                f"{max(heard):.1f}" if heard else "",
                str(len(tried)),
                str(_most_at_once([(each.begin, each.end) for each in tried])),
            )
        )
    heads = (
        "",
        "opened",
        "by so many\ngateways",
        "others had it\nopen: median ms",
        "the longest",
        "tried\nagain",
        "most at\nonce",
    )
    return Table("Circuits that all gateways share", heads, rows)


def _most_at_once(periods: Sequence[tuple[float, float]]) -> int:
    edges = sorted([(begin, 1) for begin, _ in periods] + [(end, -1) for _, end in periods])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def changes(run: Evidence, fleet: Fleet) -> Table:
    """What one gateway was told, and how long others gave answers from before."""
    late = list(stale(run, fleet))
    rows = []
    for told in fleet.told:
        own = [seconds for each, served, seconds in late if each is told and served]
        rows.append(
            (
                f"{told.name}, {fleet.names[told.worker]}",
                f"{told.asked:.2f}",
                "yes" if told.is_done else "no, and said so",
                f"{(told.acknowledged - told.asked) * 1000:.1f}",
                str(len(own)) if told.is_done else "",
                f"{max(own) * 1000:.1f}" if own else "",
            )
        )
    heads = ("", "told at, s", "done", "took, ms", "served later", "the latest, ms")
    return Table("Changes that one gateway was told of", heads, rows)


def keys(run: Evidence, fleet: Fleet) -> Table:
    """Keys that one gateway ended, and how soon each refused them."""
    rows = []
    for key in fleet.ended:
        shown = [each for each in run.outcomes if each.trespass == f"{key.name}, ended"]
        refused_ = [each for each in shown if each.status == 401]
        rows.append(
            (
                f"{key.name}, {fleet.names[key.worker]}",
                f"{key.asked:.2f}",
                f"{(key.acknowledged - key.asked) * 1000:.1f}",
                str(len(shown)),
                str(len(refused_)),
                f"{max((each.ended for each in refused_), default=0.0) - key.acknowledged:.3f}",
            )
        )
    heads = ("", "ended at, s", "took, ms", "shown to", "refused by", "by all after, s")
    return Table("Keys that one gateway ended", heads, rows)
