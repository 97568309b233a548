"""What can go wrong with a measurement; all of it is a mistake in how one was asked for."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class MetricsError(InfraError):
    """The root of the errors of `pepperpy.infra.metrics`."""

    code = "metrics"


class NotStartedError(MetricsError, RuntimeError):
    """A timer or tracker was stopped that was not running; *name* is its name."""

    code = "metrics-not-started"


class InvalidOptionError(MetricsError, ValueError):
    """An option has a value that makes no sense; *option* is its name."""

    code = "metrics-option"


class InvalidTargetError(MetricsError, TypeError):
    """A decorator was put on something that it cannot measure; *decorator* is its name."""

    code = "metrics-target"


class NoIterationsError(MetricsError, ValueError):
    """Results cannot be compared, since *name* has no times of single iterations."""

    code = "metrics-no-iterations"
