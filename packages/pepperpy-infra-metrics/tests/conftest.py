from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from pepperpy.infra.utils import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def nobody_traces() -> Iterator[None]:
    """No test leaves tracemalloc on, and each begins with it off."""
    assert not tracemalloc.is_tracing()
    yield
    left_on = tracemalloc.is_tracing()
    tracemalloc.stop()
    assert not left_on


@pytest.fixture
def others_trace(nobody_traces: None) -> Iterator[None]:
    """Somebody else has tracemalloc on."""
    tracemalloc.start()
    yield
    assert tracemalloc.is_tracing()
    tracemalloc.stop()


@pytest.fixture
def failing() -> Callable[..., None]:
    """Runs a block that acts and then raises an error."""

    def run(
        block: AbstractContextManager[object], act: Callable[[], object], error: type[BaseException]
    ) -> None:
        with block:
            act()
            raise error

    return run
