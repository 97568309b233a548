"""What the gateway counts and measures, all of it through `pepperpy.infra.telemetry`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from names import FAILURES, REQUESTS, SECONDS, START, UPSTREAM_SECONDS, VALIDATION_SECONDS
from upstream import Visit

from pepperpy.infra import TelemetryHandler, get_provider_telemetry
from pepperpy.infra.telemetry import Metric

telemetry = get_provider_telemetry("gateway")


class Measures:
    """The gateway's own metrics.  Its retries are counted without us, from the signals."""

    def __init__(self, start: str) -> None:
        # Whoever reads the counters sees by it when they begin anew.
        telemetry.gauge(START, 1, {"start": start})
        # The zone is no label: whoever asks could make as many series as he likes.
        self._requests = telemetry.counter(
            REQUESTS, labels=("outcome", "status", "provider", "cache")
        )
        self._seconds = telemetry.histogram_family(SECONDS).labels()
        self._failures = telemetry.counter(FAILURES, labels=("code",))
        self._validation_seconds = telemetry.histogram_family(VALIDATION_SECONDS).labels()
        self._upstream_seconds = telemetry.histogram_family(UPSTREAM_SECONDS).labels()

    def note(
        self, visit: Visit, status: int, seconds: float, upstream_seconds: float | None
    ) -> None:
        """Count one request that is about to be answered; `None` for one that asked no provider."""
        outcome = visit.problem or "answered"
        self._requests.labels(outcome, str(status), visit.provider, visit.cache).inc()
        self._seconds.observe(seconds)
        self._validation_seconds.observe(visit.validation)
        # Nor the path: a key that is unknown is named by whoever asks.
        for _, code in visit.invalid:
            self._failures.labels(code).inc()
        if upstream_seconds is not None:
            self._upstream_seconds.observe(upstream_seconds)


class MetricsFile(TelemetryHandler):
    """Appends to a file what each flush brings, one JSON object a line."""

    def __init__(self, path: Path, start: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._start = start

    def handle_metric(self, metric: Metric) -> None:
        """Write a line about one series: what came since the last flush."""
        line: dict[str, Any] = {
            "start": self._start,
            "name": metric.name,
            "type": metric.type,
            "tags": dict(metric.tags),
            "value": metric.value,
        }
        if metric.histogram is not None:
            line["histogram"] = metric.histogram.to_dict()
        os.write(self._file, f"{json.dumps(line)}\n".encode())
