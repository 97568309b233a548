"""Were the requests that are wrong on purpose refused, each for what is wrong with it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from circuits import calls_of
from driver import Outcome
from evidence import Evidence
from mistakes import MISTAKES
from table import Table


def refused(run: Evidence) -> Iterator[str]:
    """Where one was not, or was for something else, or a provider heard of it."""
    called = _called(run)
    for outcome in run.outcomes:
        if outcome.id in called and outcome.mistake:
            yield f"request {outcome.id} ({outcome.mistake}) has reached a provider"
        if not outcome.is_complete:
            continue
        if outcome.mistake and not _is_right(outcome):
            yield (
                f"request {outcome.id} ({outcome.mistake}) got {outcome.status} for "
                f"{list(outcome.invalid)}, and wrong is {list(MISTAKES[outcome.mistake].found)}"
            )
        if not outcome.mistake and (outcome.status == 422 or outcome.invalid):
            yield f"request {outcome.id} got {outcome.status}, and nothing is wrong with it"


def _is_right(outcome: Outcome) -> bool:
    wanted = MISTAKES[outcome.mistake].found if outcome.mistake else ()
    return outcome.status == 422 and outcome.invalid == wanted


def _called(run: Evidence) -> Counter[str]:
    """How often providers were called for which request, by their own logs."""
    return Counter(call["request_id"] for log in run.providers.values() for call in calls_of(log))


def table(run: Evidence) -> Table:
    """How often each mistake was made, and what came of it.

    A 422 counts if it told all that is wrong; while the gateway was away nobody could tell it; and
    no provider should have been called.
    """
    called = _called(run)
    rows = []
    for name, mistake in MISTAKES.items():
        made = [outcome for outcome in run.outcomes if outcome.mistake == name]
        cells = (
            len(made),
            sum(map(_is_right, made)),
            sum(not outcome.is_complete for outcome in made),
            sum(outcome.id in called for outcome in made),
        )
        if made:
            paths = ", ".join(dict.fromkeys(path for path, _ in mistake.found))
            rows.append((name, paths, *map(str, cells)))
    heads = ("", "paths to be told", "sent", "422", "away", "called")
    return Table("Requests that were wrong on purpose", heads, rows)
