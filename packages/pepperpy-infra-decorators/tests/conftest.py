from __future__ import annotations

import sys

import pytest

from pepperpy.infra.utils import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _without_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody had imported telemetry, also where all wheels are tested in one process."""
    monkeypatch.delitem(sys.modules, "pepperpy.infra.telemetry", raising=False)
