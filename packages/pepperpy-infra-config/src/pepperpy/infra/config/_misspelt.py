"""Variables and sections that look like ours and set nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import nearest
from pepperpy.infra.utils.redaction import redact_text

from ._document import PROFILES
from ._kinds import is_a
from ._sources import Notice
from ._variables import PREFIX, RESERVED, prefix_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ._building import Component
    from ._sources import Inputs


def misspelt(names: Iterable[str], components: Collection[Component]) -> list[Notice]:
    """A notice for each variable that no field and no component yet to come can have meant."""
    asked = set(names) - RESERVED
    owned: set[str] = set()
    shared: set[str] = set()
    for each in components:
        match = each.variables.match
        mine = asked & each.variables.named.keys()  # nearly all
        mine |= {name for name in asked - mine if match(name) is not None}
        shared |= owned & mine
        owned |= mine
    notices = [_clash(name, components) for name in sorted(shared)]
    faults = {name: _fault(name, components) for name in sorted(asked - owned)}
    notices += [Notice(name, message) for name, message in faults.items() if message]
    return notices


def misspelt_sections(inputs: Inputs, components: Collection[Component]) -> list[Notice]:
    """A notice for each section of the file that is nobody's, and like that of somebody without."""
    document = inputs.document
    if document is None:
        return []
    known = {each.name for each in components} | {each.name.split(".")[0] for each in components}
    notices: list[Notice] = []
    for keys, table in inputs.tables():
        sections = [*_sections(table)]
        for name in set(sections) - known:
            near = [each for each in known - {*sections} if _is_slip(name, each)]
            if meant := nearest(name, near):
                where, shown = document.where([*keys, name]), redact_text(name)
                text = f"{where}: nobody reads the section {shown!r}; did you mean {meant!r}?"
                notices.append(Notice(("section", *keys, name), text))
    return notices


def _sections(table: Any) -> Iterator[str]:
    for name, inside in table.items() if is_a(table, dict) else ():
        if is_a(name, str) and is_a(inside, dict) and name != PROFILES:
            yield name


def _is_slip(name: str, known: str) -> bool:
    # As strict as with variables: the section may belong to a component that is registered later.
    within = len(known) // 4
    return (
        abs(len(name) - len(known)) <= within and _distance(name.lower(), known.lower()) <= within
    )


def _clash(name: str, components: Collection[Component]) -> Notice:
    owners = sorted(repr(each.name) for each in components if each.variables.match(name))
    both = " and ".join(owners)
    return Notice(name, f"{name} sets a field of {both} each; one of them needs another name")


def _fault(name: str, components: Collection[Component]) -> str | None:
    # The one with the longest name: `db_pool` rather than `db`.
    near_owners = [each for each in components if name.startswith(prefix_of(each.name))]
    if near_owners:
        owner = max(near_owners, key=lambda each: len(each.name))
        meant = nearest(name, owner.variables.named)
        # Of a short name only a letter may differ, and not the only one.
        size = len(meant or "") - len(prefix_of(owner.name))
        if meant and _are_alike(name, meant, within=min(size - 1, max(1, len(meant) // 4))):
            return f"{name} sets nothing; did you mean {meant}?"
        return f"{name} sets nothing, since {owner.name!r} has no such field"
    known = [*RESERVED, *(known for each in components for known in each.variables.named)]
    # Of all that are alike the nearest; mere likeness is not enough, as the variable may belong to
    # a component that is registered later.
    alike = [each for each in known if _are_alike(name, each, within=1 if len(each) < 16 else 2)]
    meant = nearest(name, alike)
    return f"{name} sets nothing; did you mean {meant}?" if meant else None


def _are_alike(name: str, known: str, *, within: int) -> bool:
    one, other = name[len(PREFIX) :], known[len(PREFIX) :]
    if one.upper() == other:
        return True
    return abs(len(one) - len(other)) <= within and _distance(one, other) <= within


def _distance(one: str, other: str) -> int:
    """How many letters to add, leave out, change, or swap with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        two_before, before, row = before, row, [at]
        for to, wanted in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            swapped = at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted
            row.append(min(cost, two_before[to - 2] + 1) if swapped else cost)
    return row[-1]
