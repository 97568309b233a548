from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pepperpy.infra.config import ConfigRegistry, use_registry
from pepperpy.infra.utils import run_closers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("PEPPERPY_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture(autouse=True)
def registry() -> Iterator[ConfigRegistry]:
    """Each test has the module's functions for itself."""
    with use_registry(ConfigRegistry()) as registry:
        yield registry
    run_closers()


@pytest.fixture
def toml(folder: Path) -> Path:
    return folder / "pepperpy.toml"
