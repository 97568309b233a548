"""Lets the tests import what builds the pages, and leaves those of a built site to `nox -s docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, help="where the site was built; it is checked too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.name == "test_site.py" and config.getoption("--site") is None:
        return True
    return None


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Path:
    return Path(pytestconfig.getoption("--site")).resolve()
