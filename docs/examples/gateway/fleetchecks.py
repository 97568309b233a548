"""What a run of several gateways has to stand, which share a Redis that fails now and then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import circuits
import fleetcache
import fleetcircuits
import fleetmetrics
import reconcile
from acknowledged import acknowledged
from admitted import admitted
from checks import SLACK, Check, answers, patience, quantiles, request_log
from driver import Verdict
from evidence import Evidence
from faults import Outage
from fleet import Fleet
from logbook import began
from refused import refused


def check(run: Evidence, fleet: Fleet) -> list[Check]:
    """All that can be checked about the books of a run."""
    checks: dict[str, Iterable[str]] = {
        "the request log gives back each row that the driver kept": request_log(run),
        "every answer is right, and none is lost": answers(run),
        "what was wrong on purpose got a 422 with all its paths, and reached no provider": (
            refused(run)
        ),
        "who may not ask got exactly the 401 or 403 that is due, Redis or not": admitted(run),
        "a key that one gateway has ended was refused by each of them at once": ended(run, fleet),
        "requests were cut off or refused only by the gateway that was away": cut_off(run, fleet),
        "nobody waited for the Redis for longer than it may take": patience_with_redis(run, fleet),
        "driver and log files agree about every answer": reconcile.driver_and_log(run),
        "log files and telemetry agree, gateway by gateway": telemetry(run, fleet),
        "/metrics of each gateway, and their sum, is what the driver has counted": (
            fleetmetrics.exposed(run, fleet)
        ),
        "log and metrics files agree, but for what the kill took": (
            reconcile.log_and_metrics_file(run)
        ),
        "no gateway served what had changed for longer than it may": (
            fleetcache.remembered(run, fleet)
        ),
        "all that was said to be kept was there after both kills, and in the end": [
            *acknowledged(run),
            *looked(run, fleet),
        ],
        "at most one gateway tried a provider at a time": fleetcircuits.probes(run, fleet),
        "all gateways left a provider when one of them did": fleetcircuits.spread(run, fleet),
        "circuits opened, tried and closed in turn, at each gateway": [
            problem for start in run.log.starts for problem in circuits.changes(run.of_start(start))
        ],
        "providers were asked in turn, and all calls that went out arrived": [
            *(
                problem
                for start in run.log.starts
                for problem in circuits.turns(run.of_start(start))
            ),
            *circuits.exhausted(run),
            *circuits.arrivals(run),
        ],
        "telemetry's quantiles are within 1.1 % of the logs'": [
            problem for start in fleet.living for problem in quantiles(run.of_start(start))
        ],
        "every provider was shown its key, and asked again only when it said": patience(run),
    }
    return [Check(what, tuple(found)) for what, found in checks.items()]


def ended(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Keys that were good for anything after a gateway had said that they are not, and unasked ones."""
    for key in fleet.ended:
        shown = [each for each in run.outcomes if each.trespass == f"{key.name}, ended"]
        for each in shown:
            if each.is_complete and each.status != 401:
                yield f"{key.name} got {each.status} from {fleet.names[each.worker]} after its end"
        missing = set(range(fleet.workers)) - {each.worker for each in shown if each.is_complete}
        for worker in missing - away_at(fleet, key.acknowledged):
            yield f"nobody has shown {key.name} to {fleet.names[worker]} after its end"


def away_at(fleet: Fleet, moment: float) -> set[int]:
    """The gateways that were not there then."""
    return {
        worker
        for worker, each in fleet.away.items()
        if each.begin - SLACK <= moment <= each.end + SLACK
    }


def cut_off(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Requests without an answer from a gateway that was there to give one."""
    for outcome in run.with_verdict(Verdict.CUT_OFF, Verdict.REFUSED):
        away = fleet.away.get(outcome.worker)
        if not (
            away and outcome.sent <= away.end and away.begin <= outcome.ended <= away.end + SLACK
        ):
            yield (
                f"{outcome.verdict.value}: request {outcome.id}, {outcome.ended:.2f} s after the "
                f"start, when {fleet.names[outcome.worker]} was there: {outcome.note}"
            )


LONGEST = 1.5 + 2 * 0.25 + 0.25
"""Seconds that a request may take: its own time, keys and answers asked of a Redis that says nothing, and
some for a busy machine."""


def patience_with_redis(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Requests that took a gateway longer, while the Redis was away, than what it may wait allows."""
    for line in run.log.requests:
        if line["ms"] > LONGEST * 1000 and _without_redis(fleet, run.seconds_of(began(line))):
            yield f"request {line.get('request_id')} took {line['ms']:.0f} ms without the Redis"


def _without_redis(fleet: Fleet, moment: float) -> bool:
    return any(each.begin <= moment <= each.end for each in fleet.without_redis)


def telemetry(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Where what a living gateway has counted is not what its log says."""
    for start in sorted(fleet.living):
        for problem in reconcile.log_and_telemetry(run.of_start(start)):
            yield f"{fleet.names[fleet.starts[start]]}: {problem}"


def looked(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Whether anybody has looked after each kill."""
    for what, outage in (("the Redis", fleet.down), *_kills(fleet)):
        if outage and not any(each.asked >= outage.end for each in run.inventories):
            yield f"nobody has asked what was kept after {what} came back"


def _kills(fleet: Fleet) -> list[tuple[str, Outage]]:
    return [(fleet.names[worker], outage) for worker, outage in fleet.away.items()]
