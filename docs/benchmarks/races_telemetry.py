"""Races of `pepperpy-infra-telemetry`: counting, observing, timing, and being switched off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from random import Random
from threading import Lock

import codetiming
import prometheus_client  # noqa: TID253 - a rival
from harness import OURS, Goal, Race, repeating
from opentelemetry.sdk.metrics import Meter, MeterProvider  # noqa: TID253 - a rival
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: TID253 - as above

from pepperpy.infra.telemetry import (
    MetricType,
    ProviderTelemetry,
    TelemetryManager,
    prometheus_text,
)

NOTHING = "a function that does nothing"
TAGS = {"route": "/a", "status": "200"}
LABELS = tuple(TAGS)
LOCKED = "an addition under a lock"
PROMETHEUS = "prometheus_client"
SERIES = 10_000
OPENTELEMETRY = "OpenTelemetry SDK"


def races() -> Iterator[Race]:
    """All of them."""
    yield labelled()
    yield kept()
    yield reported()
    yield observed()
    yield timed()
    yield disabled()
    yield scraped()


def telemetry() -> ProviderTelemetry:
    """Ours, with a manager of its own."""
    return ProviderTelemetry("bench", TelemetryManager())


def meter() -> Meter:
    """OpenTelemetry's, with the cheapest reader."""
    return MeterProvider(metric_readers=[InMemoryMetricReader()]).get_meter("bench")


def prometheus_counter() -> prometheus_client.Counter:
    """Theirs, in a registry of its own."""
    return prometheus_client.Counter(
        "c", "c", LABELS, registry=prometheus_client.CollectorRegistry()
    )


def labelled() -> Race:
    """One more in a counter with two labels."""
    ours, theirs = telemetry().counter("c", labels=LABELS), prometheus_counter()
    return Race(
        title="a counter by its labels",
        contestants={
            OURS: repeating(lambda: ours.labels("/a", "200").inc()),
            PROMETHEUS: repeating(lambda: theirs.labels("/a", "200").inc()),
        },
        goals=[Goal(at_most=0.2, against=PROMETHEUS)],
    )


def kept() -> Race:
    """The same where the series was kept."""
    ours = telemetry().counter("c", labels=LABELS).labels("/a", "200")
    theirs = prometheus_counter().labels("/a", "200")
    return Race(
        title="a counter that was kept",
        contestants={
            OURS: repeating(ours.inc),
            LOCKED: repeating(Locked().inc),
            PROMETHEUS: repeating(theirs.inc),
        },
        goals=[Goal(at_most=0.25, against=PROMETHEUS), Goal(at_most=1, against=LOCKED)],
    )


class Locked:
    """The usual way to be exact, and nothing else."""

    def __init__(self) -> None:
        self._value = 0.0
        self._lock = Lock()

    def inc(self, amount: float = 1) -> None:
        """Add *amount*."""
        with self._lock:
            self._value += amount


def reported() -> Race:
    """One more, by name and tags."""
    ours, theirs = telemetry(), prometheus_counter()
    add = meter().create_counter("c").add
    return Race(
        title="report_metric with two tags",
        contestants={
            OURS: repeating(lambda: ours.report_metric("c", 1, MetricType.COUNTER, tags=TAGS)),
            OPENTELEMETRY: repeating(lambda: add(1, TAGS)),
            PROMETHEUS: repeating(lambda: theirs.labels("/a", "200").inc()),
        },
        goals=[Goal(at_most=0.1, against=OPENTELEMETRY), Goal(at_most=0.5, against=PROMETHEUS)],
    )


def observed() -> Race:
    """One value in a distribution; theirs has 15 buckets and knows no quantile."""
    ours = telemetry().histogram_family("h", labels=LABELS).labels("/a", "200")
    theirs = prometheus_client.Histogram(
        "h", "h", LABELS, registry=prometheus_client.CollectorRegistry()
    ).labels("/a", "200")
    record = meter().create_histogram("h").record
    rnd = Random(7)  # noqa: S311 - the same values for everybody
    values = [rnd.lognormvariate(-3, 1) for _ in range(1024)]
    mine, others, more = (cycle(values).__next__ for _ in range(3))
    return Race(
        title="a value in a histogram",
        contestants={
            OURS: repeating(lambda: ours.observe(mine())),
            PROMETHEUS: repeating(lambda: theirs.observe(others())),
            OPENTELEMETRY: repeating(lambda: record(more(), TAGS)),
        },
        goals=[Goal(at_most=0.4, against=PROMETHEUS)],
    )


def timed() -> Race:
    """An empty block."""
    ours = telemetry()
    theirs = prometheus_client.Histogram("h", "h", registry=prometheus_client.CollectorRegistry())

    def time_ours() -> None:
        with ours.time("work"):
            pass

    def time_codetiming() -> None:
        with codetiming.Timer("work", logger=None):
            pass

    def time_prometheus() -> None:
        with theirs.time():
            pass

    return Race(
        title="a timed block",
        contestants={
            OURS: repeating(time_ours),
            "codetiming": repeating(time_codetiming),
            PROMETHEUS: repeating(time_prometheus),
        },
        goals=[Goal(at_most=0.5, against="codetiming")],
    )


def do_nothing(*args: object, **kwargs: object) -> None:
    """What a report should cost that nobody wants."""


def disabled() -> Race:
    """A report while telemetry is switched off."""
    manager = TelemetryManager()
    ours = ProviderTelemetry("bench", manager)
    manager.disable()
    return Race(
        title="report_metric while disabled",
        contestants={
            NOTHING: repeating(lambda: do_nothing("c", 1, MetricType.COUNTER, tags=TAGS)),
            OURS: repeating(lambda: ours.report_metric("c", 1, MetricType.COUNTER, tags=TAGS)),
        },
        floors=[NOTHING],
        goals=[Goal(at_most=2, against=NOTHING)],
    )


def scraped() -> Race:
    """A scrape of 10,000 counters with two labels."""
    manager = TelemetryManager(max_series=SERIES)
    registry = prometheus_client.CollectorRegistry()
    ours = manager.counter("c", labels=LABELS)
    theirs = prometheus_client.Counter("c", "c", LABELS, registry=registry)
    for number in range(SERIES):
        ours.labels(f"/{number}", "200").inc()
        theirs.labels(f"/{number}", "200").inc()
    return Race(
        title="a scrape of 10,000 series",
        contestants={
            OURS: repeating(lambda: prometheus_text(manager).encode()),
            PROMETHEUS: repeating(lambda: prometheus_client.generate_latest(registry)),
        },
        goals=[Goal(at_most=0.5, against=PROMETHEUS)],
    )
