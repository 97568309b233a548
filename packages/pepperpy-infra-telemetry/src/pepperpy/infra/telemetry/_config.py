"""The section ``telemetry`` of the configuration; imported only where that is installed."""

from __future__ import annotations

from pydantic import Field

from pepperpy.infra.config import BaseConfig


class TelemetryConfig(BaseConfig):
    """Options of `initialize_telemetry` that are plain values.

    What cannot be is refused here already, so that a reload fails as a whole.
    """

    enabled: bool = True
    interval: float = Field(10.0, gt=0, allow_inf_nan=False)
    max_series: int = Field(2000, ge=1)
    max_names: int = Field(2000, ge=1)
    max_events: int = Field(1000, ge=1)
    flush_timeout: float = Field(5.0, gt=0, allow_inf_nan=False)
    log_events: bool = True
    log_metrics: bool = False
    signals: bool = True
    default_handler: str | None = None
