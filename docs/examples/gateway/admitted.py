"""Did everybody get in who may, and nobody else?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from circuits import calls_of
from driver import Outcome
from evidence import Evidence
from names import AUDIT
from table import Table
from trespasses import ALL, AUDITED


def admitted(run: Evidence) -> Iterator[str]:
    """Where somebody was kept out or let in by mistake, or a provider or the audit knows another story."""
    called, audited = _called(run), _audited(run)
    for outcome in run.outcomes:
        if outcome.trespass and outcome.id in called:
            yield f"{_name(outcome)} has reached a provider"
        if not outcome.is_complete:
            continue
        due = ALL[outcome.trespass].status if outcome.trespass else None
        got = outcome.status if outcome.status in AUDITED else None
        if got != due:
            yield f"{_name(outcome)} got {outcome.status}, and {due or 'no refusal'} is due"
        told = audited.pop(outcome.id, [])
        if told != ([AUDITED[due]] if due else []):
            yield f"{_name(outcome)}: the audit has {told}"
    gone = {outcome.id for outcome in run.outcomes if not outcome.is_complete}
    for id_ in audited.keys() - gone:
        yield f"the audit has {audited[id_]} by {id_}, whom nobody sent"


def _name(outcome: Outcome) -> str:
    return f"request {outcome.id} ({outcome.trespass or outcome.key})"


def _called(run: Evidence) -> Counter[str]:
    """How often providers were called for which request, by their own logs."""
    return Counter(call["request_id"] for log in run.providers.values() for call in calls_of(log))


def _audited(run: Evidence) -> dict[str, list[str]]:
    """What the audit says of whom."""
    found: dict[str, list[str]] = {}
    for line in run.log.lines:
        if line.get("logger") == AUDIT and line["message"] in AUDITED.values():
            found.setdefault(line.get("request_id", "without id"), []).append(line["message"])
    return found


def table(run: Evidence) -> Table:
    """How often each trespass was made, and what came of it."""
    called = _called(run)
    rows = []
    for name, trespass in ALL.items():
        made = [outcome for outcome in run.outcomes if outcome.trespass == name]
        cells = (
            trespass.status,
            len(made),
            sum(outcome.status == trespass.status for outcome in made),
            sum(not outcome.is_complete for outcome in made),
            sum(outcome.id in called for outcome in made),
        )
        if made:
            rows.append((name, *map(str, cells)))
    heads = ("", "due", "sent", "got it", "away", "called")
    return Table("Requests by those who may not make them", heads, rows)
