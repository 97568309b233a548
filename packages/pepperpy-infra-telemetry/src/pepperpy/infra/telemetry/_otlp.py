"""`OTLPHandler`: metrics and events to an OpenTelemetry collector, over HTTP."""

from __future__ import annotations

import os
import uuid
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import (
    register_after_fork,
    register_inspectable,
    require_extra,
    to_seconds,
)

from ._errors import ExportError, InvalidOptionError
from ._handlers import TelemetryHandler
from ._manager import TelemetryManager
from ._opentelemetry import OpenTelemetryHandler, OpenTelemetryProducer
from ._settings import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    import requests
    from opentelemetry.sdk.resources import Resource

    from ._types import Event

MAX_WAITING: Final = 1000
INSTANCE: Final = "service.instance.id"
PID: Final = "process.pid"
_NEEDED: Final = (
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.sdk._logs",
    "requests",
)


class OTLPHandler(TelemetryHandler):
    """Sends everything that was counted so far, and the events that came, on each flush.

    Metrics are cumulative: what a collector has missed is in the next export, and what it gets twice
    counts once.  Events wait until it takes them, up to 1,000; further ones are dropped and counted.
    It is the exporter of OpenTelemetry that sends; it tries again by itself where a collector asks
    for it, with ``Retry-After`` or not, for *timeout* in all.

    A forked child is a service instance of its own, with connections of its own.

    Args:
        endpoint: Where the collector is, as ``http://localhost:4318``; by default what
            ``OTEL_EXPORTER_OTLP_ENDPOINT`` and its kin say.
        headers: Sent with each request; by default what ``OTEL_EXPORTER_OTLP_HEADERS`` says.
        timeout: Seconds for one export, repetitions included.
        resource: Attributes that say who sends, as ``service.name``; they come before those of
            ``OTEL_RESOURCE_ATTRIBUTES``.  ``service.instance.id`` and ``process.pid`` are there.
        manager: Whose metrics; the default one if it is left out.

    Raises:
        MissingExtraError: If OpenTelemetry's SDK or its exporter is not installed.
        InvalidOptionError: If *endpoint* is no URL of HTTP, or *timeout* no duration above 0.

    Examples:
        >>> handler = OTLPHandler("http://localhost:4318", resource={"service.name": "shop"})
        >>> handler.inspect()["facts"]
        {'exports': 0, 'failures': 0, 'waiting': 0, 'dropped': 0}
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | timedelta = 10.0,
        resource: Mapping[str, str | bool | int | float] | None = None,
        manager: TelemetryManager | None = None,
    ) -> None:
        with require_extra("pepperpy-infra-telemetry", "otlp"):
            for name in _NEEDED:  # so that all is there before a fork
                import_module(name)
            from opentelemetry.sdk.resources import Resource
        if endpoint is not None:
            check_text("endpoint", endpoint)
            if not endpoint.startswith(("http://", "https://")):
                raise InvalidOptionError(
                    "endpoint must be like http://localhost:4318; it has another scheme",
                    option="endpoint",
                )
            if "?" in endpoint or "#" in endpoint:
                raise InvalidOptionError(
                    "endpoint must end with a path, to which /v1/metrics is added; it has a query, "
                    "and a token belongs into headers",
                    option="endpoint",
                )
        seconds = to_seconds(timeout)
        if not 0 < seconds < float("inf"):
            raise InvalidOptionError(
                f"timeout must be seconds above 0, or a timedelta; got {timeout!r}",
                option="timeout",
            )
        self.dropped: int = 0
        """Events that no collector took."""
        self._endpoint = None if endpoint is None else endpoint.rstrip("/")
        self._options: dict[str, Any] = {"headers": headers and dict(headers), "timeout": seconds}
        # Here, since detectors run in threads, which cannot be started when the program ends.
        made = Resource.create({INSTANCE: str(uuid.uuid4()), PID: os.getpid(), **(resource or {})})
        self._resource: Resource = made
        self._producer = OpenTelemetryProducer(manager)
        self._exports = self._failures = 0
        self._records: deque[Any] = deque()
        self._exporters: tuple[Any, ...] = ()
        self._events: OpenTelemetryHandler | None = None
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return "<OTLPHandler>"  # a URL may hold a password

    def handle_event(self, event: Event) -> None:
        """Keep it for the flush."""
        (self._events or self._open()).handle_event(event)
        while len(self._records) > MAX_WAITING:
            self._records.popleft()
            self.dropped += 1

    def flush(self) -> None:
        """Send.

        Raises:
            ExportError: If the collector did not take it in time.
        """
        if self._events is None:
            self._open()
        refused = [
            what
            for what, send in (("metrics", self._send_metrics), ("events", self._send_events))
            if not send()
        ]
        if refused:
            self._failures += 1
            raise ExportError(
                f"the collector did not take {' and '.join(refused)}; they come again with the next"
                " flush, and the log of opentelemetry.exporter says why"
            )
        self._exports += 1

    def close(self) -> None:
        """Close the connections; the next flush opens others."""
        for exporter in self._exporters:
            exporter.shutdown()
        self._exporters = ()
        self._events = None

    def inspect(self) -> dict[str, Any]:
        """How the exports went, for consoles and for `snapshot`."""
        return {
            "kind": "telemetry.otlp",
            "name": "otlp",
            "state": "ok",
            "facts": {
                "exports": self._exports,
                "failures": self._failures,
                "waiting": len(self._records),
                "dropped": self.dropped,
            },
            "config": {"timeout": self._options["timeout"]},
        }

    def after_fork(self) -> None:
        """Begin anew: the parent sends what it has, over connections that are its own."""
        self._exports = self._failures = self.dropped = 0
        # Two that have one instance would be one to the collector.
        own = type(self._resource)({INSTANCE: str(uuid.uuid4()), PID: os.getpid()})
        self._resource = self._resource.merge(own)
        self._records, self._exporters, self._events = deque(), (), None

    def _open(self) -> OpenTelemetryHandler:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

        self._exporters = (
            OTLPMetricExporter(self._url("metrics"), **self._options, session=_session("METRICS")),
            OTLPLogExporter(self._url("logs"), **self._options, session=_session("LOGS")),
        )
        provider = LoggerProvider(self._resource, shutdown_on_exit=False)
        keeps: Any = _Keeps(self._records)
        provider.add_log_record_processor(SimpleLogRecordProcessor(keeps))
        opened = self._events = OpenTelemetryHandler(provider)
        return opened

    def _url(self, signal: str) -> str | None:
        return self._endpoint and f"{self._endpoint}/v1/{signal}"

    def _send_metrics(self) -> bool:
        from opentelemetry.sdk.metrics.export import (
            MetricExportResult,
            MetricsData,
            ResourceMetrics,
        )

        counted = self._producer.produce()
        data = MetricsData([ResourceMetrics(self._resource, [counted], "")])
        return self._exporters[0].export(data) is MetricExportResult.SUCCESS

    def _send_events(self) -> bool:
        records = list(self._records)
        if not records:
            return True
        if self._exporters[1].export(records).name != "SUCCESS":  # its class changed its name
            return False
        for _ in records:
            self._records.popleft()
        return True


def _session(signal: str) -> requests.Session | None:
    """A session for the exporter; `None` where the environment names one of its own."""
    import requests

    name = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_{}CREDENTIAL_PROVIDER"
    if any(os.environ.get(name.format(part)) for part in ("", f"{signal}_")):
        return None
    session = requests.Session()
    session.hooks["response"].append(_check)
    return session


def _check(response: requests.Response, **_: object) -> None:
    # For the exporter this would be success; and who followed it would get there without the data.
    if 300 <= response.status_code < 400:
        import requests

        response.close()
        raise requests.TooManyRedirects("it redirects; the endpoint must be where it really is")


class _Keeps:
    """An exporter of log records that only keeps them."""

    def __init__(self, records: deque[Any]) -> None:
        self._records = records

    def export(self, batch: Sequence[Any]) -> None:
        self._records.extend(batch)

    def shutdown(self) -> None:
        """There is nothing to close."""
