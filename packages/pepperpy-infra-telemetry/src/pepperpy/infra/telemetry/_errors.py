"""What can be wrong with how telemetry is set up.  Reporting raises none of these."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class TelemetryError(InfraError):
    """The root of the errors of `pepperpy.infra.telemetry`."""

    code = "telemetry"


class UnknownHandlerError(TelemetryError, LookupError):
    """No handler is registered under this name; *name* is what was given."""

    code = "telemetry-handler"


class InvalidHandlerError(TelemetryError, TypeError):
    """A handler cannot take metrics and events; *handler* is what was given."""

    code = "telemetry-handler-type"


class InvalidOptionError(TelemetryError, ValueError):
    """An option that does not exist, or a value that it cannot have; *option* is its name."""

    code = "telemetry-option"


class InvalidHistogramError(TelemetryError, ValueError):
    """Data of which no histogram can be made."""

    code = "telemetry-histogram"


class EndpointError(TelemetryError, OSError):
    """A port for scrapes cannot be opened; *host* and *port* are what was given."""

    code = "telemetry-endpoint"


class ExportError(TelemetryError, OSError):
    """A collector did not take what was sent; it comes again."""

    code = "telemetry-export"


class SharingError(TelemetryError, OSError):
    """The process that shares the metrics of several cannot listen, or does not answer."""

    code = "telemetry-sharing"


class MetricNotCapturedError(TelemetryError, KeyError):
    """Nothing was reported under this name in a block of `capture_metrics`; *name* is the name."""

    code = "telemetry-not-captured"
