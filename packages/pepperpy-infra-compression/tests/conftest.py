"""What the tests share: a way to take optional libraries away, and frames of every sort."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from pepperpy.infra.compression._engines import _choice, _deflate, _lz4, _zstd


def forget_libraries() -> None:
    for choice in (_deflate._isal, _deflate._zlib_ng, _deflate._way, _zstd.library, _lz4._library):
        choice.cache_clear()
    for spare in _zstd._plain._spare.values():
        spare.clear()
    _choice._loaded.clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Make modules impossible to import, as if they were not installed."""

    def hide(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
        forget_libraries()

    yield hide
    monkeypatch.undo()
    forget_libraries()


@pytest.fixture(params=[(), ("isal",), ("isal", "zlib_ng")], ids=["isal", "zlib-ng", "zlib"])
def deflate_library(request: pytest.FixtureRequest, without: Callable[..., None]) -> None:
    """Run the test with each of the libraries that read and write deflate."""
    without(*request.param)
