"""Under which names metrics and tags are exposed to Prometheus."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pepperpy.infra.utils import ForkSafeLock

from ._log import tell
from ._tags import sendable
from ._types import MetricType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._tags import Flat

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels, sorted, without those that are empty: to Prometheus, these are not
there."""

KINDS: Final = {
    MetricType.COUNTER: "counter",
    MetricType.GAUGE: "gauge",
    MetricType.HISTOGRAM: "histogram",
    MetricType.SUMMARY: "summary",
    MetricType.TIMER: "histogram",
}
_SUFFIXES: Final = {
    "counter": ("", "_total", "_created"),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
}
RESERVED: Final = {"counter": "", "gauge": "", "histogram": "le", "summary": "quantile"}
"""The label that samples of this kind have themselves."""

_NOT_IN_METRICS: Final = re.compile("[^a-zA-Z0-9_:]")
_NOT_IN_LABELS: Final = re.compile("[^a-zA-Z0-9_]")


class Exposed(NamedTuple):
    """How a metric is exposed."""

    name: str
    """Of the family, without the suffixes of its samples."""
    kind: str
    unit: str


class ExposedNames:
    """The names that were given so far.

    Two metrics may come to the same one, or to the name of a sample of the other.  The first keeps
    it for as long as the process lives, so that no counter turns into another one; the second gets
    a suffix made of its own name, which is the same in every process, and is told of once.
    """

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        # Written under the lock; bounded as the names of metrics are.
        self._by_metric: dict[tuple[str, MetricType], Exposed] = {}
        self._taken: set[str] = set()
        self._told: set[str] = set()

    def of(self, name: str, type_: MetricType) -> Exposed:
        """How this metric is exposed."""
        known = self._by_metric.get((name, type_))
        return known or self._give(name, type_)

    def joined_labels(self, name: str) -> None:
        """Tell, once for each metric, that tags came to be one label."""
        if name not in self._told:
            self._told.add(name)
            tell("telemetry.label_collision", name)

    def _give(self, name: str, type_: MetricType) -> Exposed:
        with self._lock:
            known = self._by_metric.get((name, type_))
            if known is not None:
                return known
            kind, wanted = KINDS[type_], family_name(name, type_)
            given = wanted
            while not self._taken.isdisjoint(_claims(given, kind)):
                from zlib import crc32

                mark = f"_{crc32(f'{type_}:{given}:{name}'.encode('utf-8', 'replace')):08x}"
                given = family_name(name, type_, mark if given == wanted else f"{given}{mark}")
            self._taken.update(_claims(given, kind))
            unit = "seconds" if type_ is MetricType.TIMER else ""
            made = self._by_metric[name, type_] = Exposed(given, kind, unit)
        if given != wanted:
            tell("telemetry.name_collision", name, type=type_.value, exposed_as=given)
        return made


def _claims(name: str, kind: str) -> Iterable[str]:
    return [name + suffix for suffix in _SUFFIXES[kind]]


def family_name(name: str, type_: MetricType, mark: str = "") -> str:
    """*name* in the letters that Prometheus knows, with the unit of timers, without ``_total``."""
    letters = _NOT_IN_METRICS.sub("_", name)
    if type_ is MetricType.COUNTER:
        letters = letters.removesuffix("_total")
    elif type_ is MetricType.TIMER:
        letters = letters.removesuffix("_seconds")
    if not letters or letters[0].isdigit():
        letters = f"_{letters}"
    return f"{letters}{mark}_seconds" if type_ is MetricType.TIMER else letters + mark


def labels_of(tags: Flat, reserved: str) -> tuple[Labels, bool]:
    """*tags* as labels, and whether two of them have come to be one."""
    half = len(tags) // 2
    names, in_order = _label_names(tags[:half], reserved)
    pairs = [
        (name, sendable(value)) for name, value in zip(names, tags[half:], strict=True) if value
    ]
    return (tuple(pairs), False) if in_order else _joined(pairs)


def _joined(pairs: list[tuple[str, str]]) -> tuple[Labels, bool]:
    by_name: dict[str, str] = {}
    for name, value in pairs:
        by_name[name] = f"{by_name[name]};{value}" if name in by_name else value
    return tuple(sorted(by_name.items())), len(by_name) < len(pairs)


@lru_cache(512)
def _label_names(names: Flat, reserved: str) -> tuple[Flat, bool]:
    """The names of labels, and whether they are all different and sorted."""
    made = tuple(_label_name(name, reserved) for name in names)
    return made, list(made) == sorted(set(made))


def _label_name(name: str, reserved: str) -> str:
    letters = _NOT_IN_LABELS.sub("_", name)
    if letters.startswith("__"):  # is Prometheus' own
        letters = f"_{letters.lstrip('_')}"
    if not letters or letters[0].isdigit():
        letters = f"_{letters}"
    return f"exported_{letters}" if letters == reserved else letters
