"""What is asked: every zone of the database, a few of them most of the time, and those in rushes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from mistakes import MISTAKES

UNKNOWN_ZONES = ("Mars/Olympus_Mons", "Europe/Atlantis", "utc+1", "Asia/Shangri-La")
"""Asked for now and then; the right answer to them is an error with a name."""


RUSH = 6
"""So many want to know the same at once, when something happens there."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the load: its id, the zone it is about, and what is wrong with it if so."""

    id: str
    zone: str
    at_once: bool = False  # with the one before it
    mistake: str | None = None  # what is wrong with it, on purpose


def make_load(zones: Sequence[str], requests: int, seed: int) -> list[Ask]:
    """The requests of a run, in order; the same for the same seed.

    The zone of popularity rank *r* is asked about in proportion to 1/r, as in Zipf's law, and each
    at least once if there are enough requests.  The seed decides who is popular.  Half of what is
    asked about a popular zone comes in rushes.  One request in a hundred asks for a zone that does
    not exist, and four are wrong, each mistake as often as the others.

    Examples:
        >>> [ask.zone for ask in make_load(["A", "B", "C"], 6, seed=1)]
        ['B', 'A', 'A', 'C', 'A', 'A']
    """
    dice = random.Random(seed)
    ranked = dice.sample(zones, len(zones))
    unknown, wrong = requests // 100, requests // 25
    counts = zipf_counts(len(ranked), requests - unknown - wrong)
    rushes: list[tuple[str, int, str | None]] = [
        (zone, size, None)
        for zone, count in zip(ranked, counts, strict=True)
        for size in _rushes(count)
    ]
    rushes += [(dice.choice(UNKNOWN_ZONES), 1, None) for _ in range(unknown)]
    mistakes = islice(cycle(MISTAKES), wrong)
    rushes += [(dice.choice(ranked), 1, mistake) for mistake in mistakes]
    dice.shuffle(rushes)
    asked = [(zone, place > 0, mistake) for zone, size, mistake in rushes for place in range(size)]
    return [
        Ask(f"{seed:x}-{number:05}", zone, at_once, mistake)
        for number, (zone, at_once, mistake) in enumerate(asked, start=1)
    ]


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
    return Counter(ask.zone for ask in load if not ask.mistake).most_common(1)[0][0]


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
