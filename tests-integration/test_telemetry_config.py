"""`initialize_telemetry` with `pepperpy.infra.config` installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pepperpy.infra.config import (
    ConfigRegistry,
    ConfigValidationError,
    reload_config,
    use_registry,
)
from pepperpy.infra.telemetry import TelemetryManager, initialize_telemetry, shutdown_telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = TelemetryManager.get_instance()


class TestConfiguration:
    @pytest.fixture
    def environ(self) -> Iterator[dict[str, str]]:
        environ: dict[str, str] = {}
        with use_registry(ConfigRegistry(file=None, dotenv=None, environ=environ)):
            yield environ
            shutdown_telemetry()

    def test_the_section_telemetry_is_read_and_the_program_wins(
        self, environ: dict[str, str]
    ) -> None:
        environ.update(PEPPERPY_TELEMETRY_INTERVAL="3", PEPPERPY_TELEMETRY_MAX_SERIES="50")

        initialize_telemetry(interval=4)

        assert (
            DEFAULT.inspect()["config"]["interval"],
            DEFAULT.inspect()["config"]["max_series"],
        ) == (4, 50)

    def test_a_reload_is_followed_until_shut_down(self, environ: dict[str, str]) -> None:
        initialize_telemetry()
        environ["PEPPERPY_TELEMETRY_MAX_EVENTS"] = "9"
        reload_config("telemetry")
        environ["PEPPERPY_TELEMETRY_MAX_EVENTS"] = "8"
        reload_config("telemetry")
        assert DEFAULT.inspect()["config"]["max_events"] == 8

        shutdown_telemetry()
        environ["PEPPERPY_TELEMETRY_MAX_EVENTS"] = "7"
        reload_config("telemetry")

        assert DEFAULT.inspect()["config"]["max_events"] == 1000

    def test_what_cannot_be_is_refused_with_the_configuration(
        self, environ: dict[str, str]
    ) -> None:
        environ["PEPPERPY_TELEMETRY_MAX_SERIES"] = "-77"

        with pytest.raises(ConfigValidationError, match="MAX_SERIES") as caught:
            initialize_telemetry()

        assert "-77" not in str(caught.value)
