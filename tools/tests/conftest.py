"""A small repository of made-up wheels, in which a test plants one fault."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools import boundaries
from tools import workspace as ws

PROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
description = "Made up"
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = {dependencies}
classifiers = ["Programming Language :: Python :: 3.11"]
urls = {{ Source = "https://example.org" }}

[project.optional-dependencies]
{extras}

[tool.hatch.build.targets.wheel]
only-include = ["src/pepperpy"]
sources = ["src"]

[tool.hatch.build.targets.sdist]
only-include = ["src", "tests", "CHANGELOG.md", "README.md"]
"""

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- All of it.\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--dist", type=Path, help="where the wheels are; their use is tried out too")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    rehearsal = collection_path.name == "test_rehearsal.py"
    return True if rehearsal and config.getoption("--dist") is None else None


@pytest.fixture(scope="session")
def dist(pytestconfig: pytest.Config) -> Path:
    return Path(str(pytestconfig.getoption("--dist"))).resolve()


class Repository:
    """A checkout below a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("LICENSE", "MIT\n")
        self.write(".github/workflows/tests.yml", 'python: ["3.11"]\n')
        shutil.copy(ws.ROOT / "pyproject.toml", root)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def wheel(
        self,
        portion: str,
        *dependencies: str,
        version: str = "1.2.0",
        extras: str = "",
        source: str = "",
        **modules: str,
    ) -> Path:
        """Add a wheel, with the text of its modules by their file names."""
        name = ws.PREFIX + portion if portion else ws.FACADE
        home = f"packages/{name}"
        project = PROJECT.format(
            name=name, version=version, dependencies=list(dependencies), extras=extras
        )
        self.write(f"{home}/pyproject.toml", project)
        for file in ("README.md", "tests/typing/api.py"):
            self.write(f"{home}/{file}", "\n")
        self.write(f"{home}/CHANGELOG.md", CHANGELOG)
        self.write(f"{home}/LICENSE", "MIT\n")
        inside = f"{home}/src/pepperpy/infra/{portion}".rstrip("/")
        self.write(f"{inside}/py.typed", "")
        self.write(f"{inside}/__init__.py", source or "__all__ = []\n")
        for module, text in modules.items():
            self.write(f"{inside}/{module}.py", text)
        return self.root / home

    def faults(self) -> list[str]:
        """What the guard of the boundaries says."""
        return boundaries.check(self.root)

    def git(self, *arguments: str) -> str:
        identity = [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
        ]
        done = subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "more") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)
