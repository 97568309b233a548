"""Metrics and events as lines of StatsD.  Values in, text out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from ._tags import sendable
from ._types import EventLevel, MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ._types import Event, Metric

Dialect = Literal["datadog", "graphite"]

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_.\-/]")
_NOT_IN_VALUES: Final = re.compile(r"[,|#;\s\x00-\x1f\x7f]")
_ALERTS: Final = {
    EventLevel.DEBUG: "info",
    EventLevel.INFO: "info",
    EventLevel.WARNING: "warning",
    EventLevel.ERROR: "error",
    EventLevel.CRITICAL: "error",
}


def metric_lines(metric: Metric, prefix: str, dialect: Dialect) -> Iterator[str]:
    """What a server is told of *metric*.

    Distributions are told by what is known of the values since the last flush: how many and their
    sum as counters, which servers add up, and the rest as gauges.
    """
    name, tags = _letters(prefix + metric.name), _tags(metric.tags)
    line = _LINES[dialect]
    seen = metric.histogram
    if metric.type is MetricType.COUNTER:
        yield line(name, _number(metric.value), "c", tags)
    elif seen is None:
        yield _gauge(line, name, metric.value, tags)
    else:
        yield line(f"{name}.count", _number(seen.count), "c", tags)
        yield line(f"{name}.sum", _number(seen.sum), "c", tags)
        shown = {"min": seen.min, "max": seen.max}
        shown |= {title: seen.quantile(share) for title, share in QUANTILES.items()}
        for title, value in shown.items():
            yield _gauge(line, f"{name}.{title}", value, tags)


def event_line(event: Event, prefix: str) -> str:
    """What a DogStatsD server is told of *event*."""
    title, text = _one_line(prefix + event.name), _one_line(event.message)
    tags = ",".join(f"{name}:{value}" for name, value in _tags(event.tags))
    sizes = f"{len(title.encode())},{len(text.encode())}"
    line = f"_e{{{sizes}}}:{title}|{text}|t:{_ALERTS[event.level]}"
    return f"{line}|#{tags}" if tags else line


def _datadog(name: str, value: str, kind: str, tags: list[tuple[str, str]]) -> str:
    shown = ",".join(f"{key}:{text}" for key, text in tags)
    return f"{name}:{value}|{kind}|#{shown}" if shown else f"{name}:{value}|{kind}"


def _graphite(name: str, value: str, kind: str, tags: list[tuple[str, str]]) -> str:
    # Values must not begin with "~", which is for patterns.
    shown = "".join(f";{key}={text.replace(':', '_').lstrip('~') or '_'}" for key, text in tags)
    return f"{name}{shown}:{value}|{kind}"


_LINES: Final[Mapping[Dialect, Callable[[str, str, str, list[tuple[str, str]]], str]]] = {
    "datadog": _datadog,
    "graphite": _graphite,
}


def _gauge(
    line: Callable[[str, str, str, list[tuple[str, str]]], str],
    name: str,
    value: float,
    tags: list[tuple[str, str]],
) -> str:
    written = line(name, _number(value), "g", tags)
    # With a sign, a value is a change: to be below zero, a gauge has to be zero first.
    return written if value >= 0 or line is _datadog else f"{line(name, '0', 'g', tags)}\n{written}"


def _tags(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those that have a value, in letters that part nothing."""
    return [
        (_letters(name), _NOT_IN_VALUES.sub("_", sendable(value)))
        for name, value in sorted(tags.items())
        if value
    ]


def _letters(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name) or "_"


def _one_line(text: str) -> str:
    return sendable(text).replace("|", "/").replace("\r", "").replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(value)
