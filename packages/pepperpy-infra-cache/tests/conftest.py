from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from pepperpy.infra.cache import Cache, initialize_cache
from pepperpy.infra.utils import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cache(clock: FakeClock) -> Cache:
    """A cache of the test's own."""
    return Cache("test", clock=clock)


@pytest.fixture(autouse=True)
def _without_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `pepperpy.infra.config` were not installed, also where it is."""
    monkeypatch.setitem(sys.modules, "pepperpy.infra.config", None)


@pytest.fixture(autouse=True)
def _default_is_left_as_it_was(_without_configuration: None) -> Iterator[None]:
    initialize_cache()
    yield
    initialize_cache()
