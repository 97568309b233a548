"""Find public names that a wheel had in its last release and has no longer.

Who pins ``>=1.2,<2``, or ``>=0.3,<0.4``, counts on every name of 1.2 or 0.3; so taking one away
takes a release that is out of that range, and a line in the changelog that says so.
"""

from __future__ import annotations

import ast
from pathlib import Path

from . import workspace as ws
from .names import literal


def removed(package: ws.Package, root: Path, version: str) -> list[str]:
    """The names that the wheel had in that release and has no longer; none if git can't tell."""
    # The facade computes its list, and its stub spells it out.
    file = package.source / ("__init__.py" if package.portion else "__init__.pyi")
    where = file.relative_to(root).as_posix()
    before = ws.git(root, "show", f"{ws.release_tag(package.name, version)}:{where}")
    return sorted({*_names(before or "")} - {*_names(file.read_text("utf-8"))})


def _names(source: str) -> list[str]:
    return [name for node in ast.parse(source).body for name in literal(node) or ()]


def may_break(before: str, after: str) -> bool:
    """Whether the second version is out of the range of those who pin the first one."""
    return _breaking_part(before) < _breaking_part(after)


def _breaking_part(version: str) -> tuple[int, int]:
    major, minor, *_ = (int(part) for part in version.split("."))
    return (major, 0) if major else (0, minor)
