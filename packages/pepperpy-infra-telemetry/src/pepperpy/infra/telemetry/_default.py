"""The default manager, and the functions that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import passes_through

from ._manager import TelemetryManager, engine_of
from ._provider import ProviderTelemetry
from ._tags import text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ._types import EventLevel, MetricType

MAX_PROVIDERS: Final = 1000

default: Final = TelemetryManager(name="telemetry", pull=True)
_providers: dict[str, ProviderTelemetry] = {}


def get_provider_telemetry(provider_id: str) -> ProviderTelemetry:
    """The telemetry of a provider: for one id always the same object.

    Examples:
        >>> from pepperpy.infra.telemetry import MetricType
        >>> telemetry = get_provider_telemetry("mail")
        >>> telemetry.report_metric("request_count", 1, MetricType.COUNTER)
        >>> telemetry.info("request_processed", "Request processed successfully")
    """
    try:
        return _providers[provider_id]
    except Exception as error:  # it is new, or a boundary: anything can be given
        if passes_through(error):
            raise
        name = text(provider_id)
        provider = ProviderTelemetry(name, default)
        # Beyond the bound they work as well, and are forgotten with their last user.
        if len(_providers) < MAX_PROVIDERS:
            return _providers.setdefault(name, provider)
        return provider


def report_metric(
    name: str,
    value: float,
    type: MetricType,  # noqa: A002
    tags: Mapping[str, Any] | None = None,
    handler_name: str | None = None,
) -> None:
    """Report a value to the default manager: see `TelemetryManager.report_metric`."""
    default.report_metric(name, value, type, tags, handler_name)


def report_event(  # noqa: PLR0917 - as it is known
    name: str,
    level: EventLevel,
    message: str,
    data: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    handler_name: str | None = None,
) -> None:
    """Report an event to the default manager: see `TelemetryManager.report_event`."""
    engine_of(default).take_event(name, level, message, data, tags, handler_name)


def flush_telemetry(timeout: float | timedelta | None = None) -> bool:
    """Deliver now: see `TelemetryManager.flush`."""
    return default.flush(timeout)


def enable_telemetry() -> None:
    """Have the default manager take reports again."""
    default.enable()


def disable_telemetry() -> None:
    """Have the default manager take no reports; see `TelemetryManager.disable`."""
    default.disable()


def is_telemetry_enabled() -> bool:
    """Whether the default manager takes reports."""
    return default.is_enabled()
