"""Variables that look like ours and set nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import nearest

from ._sources import Notice
from ._variables import PREFIX, RESERVED, prefix_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ._building import Component


def misspelt(names: Iterable[str], components: Collection[Component]) -> Iterator[Notice]:
    """A notice for each variable that no field and no component yet to come can have meant."""
    for name in names:
        if name in RESERVED:
            continue
        owners = [
            each
            for each in components
            if name in each.variables.named or each.variables.match(name) is not None
        ]
        if len(owners) > 1:
            both = " and ".join(sorted(repr(each.name) for each in owners))
            yield Notice(
                name, f"{name} sets a field of {both} each; one of them needs another name"
            )
        elif not owners and (message := _fault(name, components)):
            yield Notice(name, message)


def _fault(name: str, components: Collection[Component]) -> str | None:
    # The one with the longest name: `db_pool` rather than `db`.
    near_owners = [each for each in components if name.startswith(prefix_of(each.name))]
    if near_owners:
        owner = max(near_owners, key=lambda each: len(each.name))
        meant = nearest(name, owner.variables.named)
        if meant and _are_alike(name, meant, within=len(meant) // 4):
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
