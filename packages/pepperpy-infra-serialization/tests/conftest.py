"""What several tests of serialization share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pepperpy.infra.serialization._json import _engine, _functions


@pytest.fixture
def without_orjson(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if the extra `fast` were not installed."""
    monkeypatch.setitem(__import__("sys").modules, "orjson", None)
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    _engine.engine.cache_clear()
    _functions._dumps, _functions._always = _functions._first_dumps, 0


@pytest.fixture(params=["orjson", "msgspec"])
def each_engine(request: pytest.FixtureRequest) -> str:
    """Both engines, one after the other."""
    if request.param == "msgspec":
        request.getfixturevalue("without_orjson")
    return str(request.param)
