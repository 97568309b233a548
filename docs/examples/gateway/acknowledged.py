"""Is every answer there that the gateway said it had kept, after the kill and in the end?

Of each answer from a provider the gateway says, in a header, under which version it has written it to
its file of last answers.  That is a promise, and whoever got the header knows it from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from driver import Outcome, Verdict
from evidence import Evidence
from inventory import Inventory
from table import Table


def acknowledged(run: Evidence) -> Iterator[str]:
    """Where what was promised is not there, or what was deleted still is."""
    if run.outage and not any(each.asked >= run.outage.end for each in run.inventories):
        yield "nobody has asked the gateway what it had after it came back"
    if not run.inventories and run.telemetry:
        yield "nobody has asked the gateway what it had in the end"
    versions = [(_key(run, outcome), outcome.stored) for outcome in _promises(run)]
    for (key, version), count in Counter(versions).items():
        if count > 1:
            yield f"version {version} of {key} was given to {count} writes"
    for inventory in run.inventories:
        yield from _missing(run, inventory)
        yield from _revived(run, inventory)


def _promises(run: Evidence) -> list[Outcome]:
    return [outcome for outcome in run.outcomes if outcome.stored is not None]


def _missing(run: Evidence, inventory: Inventory) -> Iterator[str]:
    for outcome in due(run, inventory):
        found = inventory.versions.get(_key(run, outcome), 0)
        if found < (outcome.stored or 0):
            yield (
                f"request {outcome.id}: {outcome.zone} was kept as version {outcome.stored}, and at "
                f"{inventory.asked:.2f} s there is {f'version {found}' if found else 'none'}"
            )


def due(run: Evidence, inventory: Inventory) -> list[Outcome]:
    """The requests whose answers must be in an inventory: promised before, and not deleted since."""
    deleted: dict[str, float] = {}  # the last moment at which a deletion may have done its work
    for each in _deletions(run):
        if each.sent <= inventory.came:
            deleted[each.zone] = max(deleted.get(each.zone, 0.0), each.ended)
    oldest = inventory.asked - run.settings.get("keep_last", 0.0)
    return [
        outcome
        for outcome in _promises(run)
        if oldest <= outcome.sent
        and outcome.ended <= inventory.asked
        and outcome.sent >= deleted.get(outcome.zone, 0.0)
    ]


def _revived(run: Evidence, inventory: Inventory) -> Iterator[str]:
    """Answers from before a deletion that the gateway said it had done."""
    done = {each.zone: each for each in _deletions(run) if each.verdict is Verdict.RIGHT}
    for deletion in done.values():
        if deletion.ended > inventory.asked:
            continue
        found = inventory.versions.get(_key(run, deletion), 0)
        before = [each for each in _promises(run) if each.ended <= deletion.sent]
        if found and found in {each.stored for each in before if each.zone == deletion.zone}:
            yield (
                f"{deletion.zone} was deleted at {deletion.ended:.2f} s, and at "
                f"{inventory.asked:.2f} s there is version {found} from before"
            )


def _deletions(run: Evidence) -> list[Outcome]:
    return [each for each in run.outcomes if each.is_deletion and not each.trespass]


def _key(run: Evidence, outcome: Outcome) -> str:
    return f"zone:{outcome.zone} {run.at.isoformat()}"


def table(run: Evidence) -> Table:
    """What was promised and what was there, each time that the gateway was asked for it."""
    heads, columns = [""], []
    for inventory in run.inventories:
        heads.append(f"{inventory.asked:.2f} s,\n{inventory.start}")
        promised = due(run, inventory)
        there = [each for each in promised if _is_there(run, inventory, each)]
        columns.append((str(len(promised)), str(len(there)), *_of_keys(run, inventory, promised)))
    what = (
        "writes acknowledged until then",
        "  there, or a newer one in their place",
        "zones that these are about",
        "  found in the file",
        "  of a newer version than that",
        "ms from the last write to the kill",
    )
    rows = [(name, *cells) for name, *cells in zip(what, *columns, strict=True)] if columns else []
    return Table("Answers that the gateway said it had kept", heads, rows)


def _is_there(run: Evidence, inventory: Inventory, outcome: Outcome) -> bool:
    return inventory.versions.get(_key(run, outcome), 0) >= (outcome.stored or 0)


def _of_keys(run: Evidence, inventory: Inventory, promised: Iterable[Outcome]) -> Iterator[str]:
    last: dict[str, int] = {}
    for outcome in promised:
        last[_key(run, outcome)] = max(last.get(_key(run, outcome), 0), outcome.stored or 0)
    yield str(len(last))
    yield str(sum(key in inventory.versions for key in last))
    yield str(sum(inventory.versions.get(key, 0) != version for key, version in last.items()))
    killed = run.outage.begin if run.outage else 0.0
    before = [outcome.ended for outcome in _promises(run) if outcome.ended <= killed]
    yield f"{(killed - max(before)) * 1000:.1f}" if before else ""
