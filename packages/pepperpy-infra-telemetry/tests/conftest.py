from __future__ import annotations

import sys

import pytest

from pepperpy.infra.telemetry import MemoryTelemetryHandler, TelemetryManager, shutdown_telemetry
from pepperpy.infra.utils import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def manager(clock: FakeClock):
    manager = TelemetryManager(clock=clock)
    yield manager
    manager.close()


@pytest.fixture
def memory(manager: TelemetryManager) -> MemoryTelemetryHandler:
    handler = MemoryTelemetryHandler()
    manager.register_handler("memory", handler)
    return handler


@pytest.fixture(autouse=True)
def _without_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `pepperpy.infra.config` were not installed, also where it is."""
    monkeypatch.setitem(sys.modules, "pepperpy.infra.config", None)


@pytest.fixture(autouse=True)
def _default_is_left_as_it_was():
    yield
    shutdown_telemetry()
    TelemetryManager.get_instance().enable()
