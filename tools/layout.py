"""What lies where in a wheel's folder, and that every wheel is laid out and built alike."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import workspace as ws

_FILES = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "tests/typing/api.py")
_BUILD = {
    "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
    "wheel": {"only-include": ["src/pepperpy"], "sources": ["src"]},
    "sdist": {"only-include": ["src", "tests", "CHANGELOG.md", "README.md"]},
}
_PROJECT = {
    "readme": "README.md",
    "license": "MIT",
    "license-files": ["LICENSE"],
    "requires-python": ">=3.11",
}
_PYTHON = re.compile(r"Programming Language :: Python :: (3\.\d+)")


def sources(package: ws.Package) -> Sequence[Path]:
    """Every source file and stub of the wheel."""
    return sorted(
        path
        for path in package.folder.joinpath("src").rglob("*.py*")
        if path.suffix in {".py", ".pyi"}
    )


def module_name(package: ws.Package, path: Path) -> str:
    """The dotted name that a source file is imported by."""
    parts = path.relative_to(package.folder / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def faults(package: ws.Package, root: Path) -> list[str]:
    """Everything about the wheel's folder and settings that is not as in every other."""
    found = [
        *_files(package, root),
        *_namespace(package),
        *_settings(package),
        *_pythons(package, root),
    ]
    return [f"{package.name}: {text}" for text in found]


def _files(package: ws.Package, root: Path) -> Iterator[str]:
    typed = package.source.joinpath("py.typed").relative_to(package.folder).as_posix()
    for name in (*_FILES, typed):
        if not (package.folder / name).is_file():
            yield f"has no {name}"
    copy = package.folder / "LICENSE"
    if copy.is_file() and copy.read_bytes() != (root / "LICENSE").read_bytes():
        # A build sees nothing outside of the package's folder, so each has a copy.
        yield "its LICENSE is not the one at the root; copy that"


def _namespace(package: ws.Package) -> Iterator[str]:
    base = package.folder / "src"
    for path in sources(package):
        inside = path.is_relative_to(package.source)
        if package.portion is None:
            inside = path.parent == package.source
        if not inside:
            yield (
                f"ships {path.relative_to(base).as_posix()}; "
                f"this wheel owns {package.source.relative_to(base).as_posix()}/ alone"
            )


def _settings(package: ws.Package) -> Iterator[str]:
    document = tomllib.loads((package.folder / "pyproject.toml").read_text("utf-8"))
    targets: dict[str, Any] = (
        document.get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {})
    )
    for name, wanted in _BUILD.items():
        if {**document, **targets}.get(name) != wanted:
            yield f"its build table {name!r} is not {wanted}"
    for name, value in _PROJECT.items():
        if package.project.get(name) != value:
            yield f"project.{name} is {package.project.get(name)!r}, not {value!r}"
    for name in ("description", "urls", "classifiers"):
        if not package.project.get(name):
            yield f"project.{name} is missing"


def _pythons(package: ws.Package, root: Path) -> Iterator[str]:
    workflow = (root / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    matrix = re.search(r"^ *python: \[(.*)\]$", workflow, re.MULTILINE)
    tested = set(re.findall(r"3\.\d+", matrix[1] if matrix else ""))
    claimed = set(_PYTHON.findall("\n".join(package.project.get("classifiers", ()))))
    for version in sorted(claimed ^ tested):
        where = "no workflow runs it" if version in claimed else "a workflow runs it"
        yield f"the classifiers and the workflow differ over Python {version}: {where}"
