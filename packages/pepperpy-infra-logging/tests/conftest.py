from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pepperpy.infra.logging import configure_logging, shutdown_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Run tests without pytest's own handlers, which would make every logger take the long way."""
    root = logging.root
    root.handlers = [each for each in root.handlers if type(each).__module__ != "_pytest.logging"]
    return (yield)


@pytest.fixture(autouse=True)
def _own_root() -> Iterator[None]:
    """Each test has the root logger for itself, without the handlers that pytest puts there."""
    root = logging.root
    handlers, level = root.handlers, root.level
    root.handlers = []
    yield
    shutdown_logging()
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _without_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `pepperpy.infra.config` were not installed, also where it is."""
    monkeypatch.setitem(sys.modules, "pepperpy.infra.config", None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def lines(path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Log to a JSON file and nowhere else; the call reads what is in it."""
    configure_logging(
        "DEBUG", log_file=path, console=False, file_format="json", levels={"asyncio": "ERROR"}
    )

    def read() -> list[dict[str, Any]]:
        data = path.read_bytes()
        assert data == b"" or data.endswith(b"\n")
        return [json.loads(line) for line in data.splitlines()]

    return read
