"""What is asked: every zone of the database, a few of them most of the time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN_ZONES = ("Mars/Olympus_Mons", "Europe/Atlantis", "utc+1", "Asia/Shangri-La")
"""Asked for now and then; the right answer to them is an error with a name."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the load: its id and the zone it is about."""

    id: str
    zone: str


def make_load(zones: Sequence[str], requests: int, seed: int) -> list[Ask]:
    """The requests of a run, in order; the same for the same seed.

    The zone of popularity rank *r* is asked about in proportion to 1/r, as in Zipf's law, and each
    at least once if there are enough requests.  The seed decides who is popular.  One request in a
    hundred asks for a zone that does not exist.

    Examples:
        >>> [ask.zone for ask in make_load(["A", "B", "C"], 6, seed=1)]
        ['B', 'A', 'A', 'C', 'A', 'A']
    """
    dice = random.Random(seed)
    ranked = dice.sample(zones, len(zones))
    unknown = requests // 100
    counts = zipf_counts(len(ranked), requests - unknown)
    asked = [zone for zone, count in zip(ranked, counts, strict=True) for _ in range(count)]
    asked += [dice.choice(UNKNOWN_ZONES) for _ in range(unknown)]
    dice.shuffle(asked)
    return [Ask(f"{seed:x}-{number:05}", zone) for number, zone in enumerate(asked, start=1)]


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
