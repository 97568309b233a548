"""What is asked: every zone of the database, a few of them most of the time, and those in rushes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from mistakes import MISTAKES
from trespasses import TRESPASSES

UNKNOWN_ZONES = ("Mars/Olympus_Mons", "Europe/Atlantis", "utc+1", "Asia/Shangri-La")
"""Asked for now and then; the right answer to them is an error with a name."""


GUESTS = 0.1

RUSH = 6
"""So many want to know the same at once, when something happens there."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the load: its id, the zone it is about, and what is wrong with it if so."""

    id: str
    zone: str
    at_once: bool = False  # with the one before it
    key: str = "driver"  # which of the run's keys it shows
    mistake: str | None = None  # what is wrong with it, on purpose
    trespass: str | None = None  # what is wrong with its key, on purpose
    is_deletion: bool = False  # of what is known about the zone, in place of a question
    ends: str | None = None  # the id of a key that is to be good no more, in place of a question
    worker: int | None = None  # the one that is asked; else whose turn it is
    is_own: bool = False  # of the demo itself, beside the load


def make_load(zones: Sequence[str], requests: int, seed: int) -> list[Ask]:
    """The requests of a run, in order; the same for the same seed.

    The zone of popularity rank *r* is asked about in proportion to 1/r, as in Zipf's law, and each
    at least once if there are enough requests.  The seed decides who is popular.  Half of what is
    asked about a popular zone comes in rushes.  One request in a hundred asks for a zone that does
    not exist, four are wrong, each mistake as often as the others, and so are four more in their key.
    A tenth of what is asked about the rest of the world is asked by a guest, who may not ask about Asia.

    Examples:
        >>> [ask.zone for ask in make_load(["A", "B", "C"], 6, seed=1)]
        ['B', 'A', 'A', 'C', 'A', 'A']
    """
    dice = random.Random(seed)
    ranked = dice.sample(zones, len(zones))
    unknown, wrong = requests // 100, requests // 25
    counts = zipf_counts(len(ranked), requests - unknown - 2 * wrong)
    rushes = [
        (Ask("", zone), size)
        for zone, count in zip(ranked, counts, strict=True)
        for size in _rushes(count)
    ]
    rushes += [(Ask("", dice.choice(UNKNOWN_ZONES)), 1) for _ in range(unknown)]
    mistakes, trespasses = islice(cycle(MISTAKES), wrong), islice(cycle(TRESPASSES), wrong)
    rushes += [(Ask("", dice.choice(ranked), mistake=each), 1) for each in mistakes]
    rushes += [(_trespass(each, dice.choice(ranked)), 1) for each in trespasses]
    dice.shuffle(rushes)
    asked = [(ask, place > 0) for ask, size in rushes for place in range(size)]
    return [
        replace(ask, id=f"{seed:x}-{number:05}", at_once=at_once, key=_who(ask, dice))
        for number, (ask, at_once) in enumerate(asked, start=1)
    ]


def _trespass(name: str, zone: str) -> Ask:
    how = TRESPASSES[name]
    return Ask("", how.zone or zone, trespass=name, is_deletion=how.is_deletion)


def _who(ask: Ask, dice: random.Random) -> str:
    """Whose key it shows."""
    if ask.trespass:
        return TRESPASSES[ask.trespass].key or "none"
    return "guest" if dice.random() < GUESTS and not ask.zone.startswith("Asia/") else "driver"


def _rushes(count: int) -> list[int]:
    """How *count* requests about one zone come: half of them in rushes, the others alone."""
    full = count // 2 // RUSH
    return [RUSH] * full + [1] * (count - full * RUSH)


def most_wanted(load: Sequence[Ask]) -> str:
    """The zone that is asked for most.

    Examples:
        >>> most_wanted(make_load(["A", "B", "C"], 6, seed=1))
        'A'
    """
    return Counter(ask.zone for ask in load if not (ask.mistake or ask.trespass)).most_common(1)[0][
        0
    ]


def zipf_counts(ranks: int, total: int) -> list[int]:
    """Split *total* over *ranks* by Zipf's law: c/1, c/2, c/3 ..., at least 1 each if it suffices.

    Examples:
        >>> zipf_counts(5, 20)
        [10, 4, 3, 2, 1]
    """
    least = 1 if total >= ranks else 0

    def counts(c: float) -> list[int]:
        return [max(least, int(c / rank)) for rank in range(1, ranks + 1)]

    low, high = 0.0, float(total)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(counts(middle)) <= total else (low, middle)
    split = counts(low)
    # Several ranks step up at the same c; what is left then goes to the most popular ones.
    for rank in range(total - sum(split)):
        split[rank] += 1
    return split
