"""How a process grows: results in memory, series that are scraped, workers that are scraped as one."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

from capacity_size import Clients, Curve, Size

from pepperpy.infra.cache import cached, clear_cache
from pepperpy.infra.telemetry import TelemetryManager, prometheus_text, share_metrics

OF_A_WORKER = 1_000


def memory(size: Size) -> Iterator[Curve]:
    """What a result of 100 letters takes in the memory of a process, its text included."""
    points = []
    for count in size.keys:
        gc.collect()
        tracemalloc.start()
        load = cached(max_size=count)(lambda number: f"{number:0100}")
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            load(number)
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        points.append((count, (used - before) / count))
        clear_cache()
    yield Curve(name="a result of 100 letters", over="results", unit="bytes", points=points)


def _with_series(count: int) -> TelemetryManager:
    manager = TelemetryManager(max_series=2 * count)
    for number in range(count):
        manager.count("requests", 1, tags={"route": str(number)})
    return manager


def _best(work: Callable[[], object], rounds: int = 3) -> float:
    """The least of a few times, in milliseconds."""
    took = []
    for _ in range(rounds):
        begun = perf_counter()
        work()
        took.append(perf_counter() - begun)
    return min(took) * 1e3


def by_series(size: Size) -> Iterator[Curve]:
    """A scrape of one process with more and more series of a counter."""
    took, sent = [], []
    for count in size.series:
        manager = _with_series(count)
        took.append((count, _best(partial(prometheus_text, manager))))
        sent.append((count, len(prometheus_text(manager)) / 1e3))
    yield Curve(name="a scrape", over="series", unit="ms", points=took)
    yield Curve(name="its text", over="series", unit="kB", points=sent)


def by_workers(size: Size) -> Iterator[Curve]:
    """A scrape of several processes as one, with a thousand series each."""
    took = []
    series = min(OF_A_WORKER, size.series[-1])
    for workers in size.processes:
        manager = _with_series(series)
        with (
            share_metrics(manager) as shared,
            Clients(workers, "worker", shared.address, series) as clients,
        ):
            clients.told()
            text = prometheus_text(shared)
            if f'requests_total{{route="0"}} {workers + 1}' not in text:
                raise AssertionError("a worker is missing in the scrape")
            took.append((workers, _best(partial(prometheus_text, shared))))
    yield Curve(name="a scrape, 1,000 series each", over="workers", unit="ms", points=took)


PANELS = {
    "cache: memory of a process": memory,
    "telemetry: a scrape, by series": by_series,
    "telemetry: a scrape, by workers": by_workers,
}
