"""Which wheels this repository makes, what each declares, and which of them a change touches.

A folder under ``packages/`` with a ``pyproject.toml`` is a wheel; nothing else lists them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACADE = "pepperpy-infra"
PREFIX = f"{FACADE}-"
SHARED = ("together", "docs", "tools")
"""What is tested besides each wheel alone, whatever has changed."""

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[\w, -]*)\])?\s*(?P<range>[^;]*)(?:;.*)?"
)


class WorkspaceError(Exception):
    """Something in the repository is not as the tools need it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One declared dependency: its normal name, its extras, and the range as it was written."""

    name: str
    extras: tuple[str, ...]
    range: str

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read one entry of ``dependencies``; a marker counts for nothing here."""
        match = _REQUIREMENT.fullmatch(text.strip())
        if match is None:
            raise WorkspaceError(f"not a requirement: {text!r}")
        extras = (extra.strip() for extra in (match["extras"] or "").split(","))
        return cls(
            re.sub(r"[-_.]+", "-", match["name"]).lower(),
            tuple(sorted(filter(None, extras))),
            match["range"].strip(),
        )


@dataclass(frozen=True)
class Package:
    """One wheel of this repository, as its ``pyproject.toml`` describes it."""

    folder: Path
    project: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Package:
        """Take it from a folder with a ``pyproject.toml``."""
        text = folder.joinpath("pyproject.toml").read_text("utf-8")
        return cls(folder, tomllib.loads(text)["project"])

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.project["name"])

    @property
    def version(self) -> str:
        """The version that the next wheel carries."""
        return str(self.project["version"])

    @property
    def portion(self) -> str | None:
        """The module under `pepperpy.infra` that this wheel owns; None for the facade."""
        return None if self.name == FACADE else self.name.removeprefix(PREFIX).replace("-", "_")

    @property
    def module(self) -> str:
        """The name that users import."""
        return f"pepperpy.infra.{self.portion}" if self.portion else "pepperpy.infra"

    @property
    def source(self) -> Path:
        """The folder of that module."""
        return self.folder.joinpath("src", *self.module.split("."))

    @cached_property
    def dependencies(self) -> tuple[Requirement, ...]:
        """What every installation brings."""
        return tuple(map(Requirement.parse, self.project.get("dependencies", ())))

    @cached_property
    def extras(self) -> Mapping[str, tuple[Requirement, ...]]:
        """What each extra adds."""
        table: Mapping[str, list[str]] = self.project.get("optional-dependencies", {})
        return {extra: tuple(map(Requirement.parse, specs)) for extra, specs in table.items()}

    @property
    def optional(self) -> tuple[Requirement, ...]:
        """What any extra adds."""
        return tuple(requirement for specs in self.extras.values() for requirement in specs)


@dataclass(frozen=True)
class Workspace:
    """All wheels of one checkout, by name."""

    root: Path
    packages: Mapping[str, Package]

    def closure(self, name: str) -> list[Package]:
        """The wheel and every sibling that installing it brings, the wheel first."""
        found: dict[str, Package] = {}
        waiting = [name]
        while waiting:
            package = self.packages[waiting.pop(0)]
            if package.name not in found:
                found[package.name] = package
                waiting += [
                    requirement.name
                    for requirement in package.dependencies
                    if requirement.name in self.packages
                ]
        return list(found.values())

    def dependants(self, names: Iterable[str]) -> list[str]:
        """The wheels named and all that need one of them, by a dependency or by an extra."""
        found = set(names)
        while True:
            more = {
                package.name
                for package in self.packages.values()
                if any(need.name in found for need in (*package.dependencies, *package.optional))
            }
            if more <= found:
                return sorted(found)
            found |= more

    def owners(self, files: Iterable[str]) -> list[str]:
        """The wheels that a change of *files* (paths below the root) concerns.

        What lies outside of all packages can change every wheel, unless it only uses them.
        """
        found: set[str] = set()
        for file in files:
            top, _, rest = file.partition("/")
            if top == "packages" and "/" in rest:
                found.add(rest.partition("/")[0])
            elif top not in {"docs", "tests-integration", "README.md"}:
                return sorted(self.packages)
        return self.dependants(found & self.packages.keys())


def load(root: Path = ROOT) -> Workspace:
    """Find and read every wheel below *root*.

    Raises:
        WorkspaceError: If there is none, or one does not lie in a folder of its own name.
    """
    packages: dict[str, Package] = {}
    for file in sorted(root.glob("packages/*/pyproject.toml")):
        package = Package.read(file.parent)
        if package.name != file.parent.name:
            raise WorkspaceError(f"{file} calls itself {package.name!r}; rename one of the two")
        packages[package.name] = package
    if not packages:
        raise WorkspaceError(f"no packages/*/pyproject.toml below {root}")
    return Workspace(root, packages)


def release_tag(name: str, version: str) -> str:
    """The git tag that marks a release of one wheel."""
    return f"{name}/v{version}"


def settings(root: Path = ROOT) -> Mapping[str, Any]:
    """The tables under ``[tool]`` of the root's ``pyproject.toml``."""
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    tool: Mapping[str, Any] = document["tool"]
    return tool


def git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails: no repository, no such revision, no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def changed_files(root: Path, base: str) -> list[str] | None:
    """Paths that differ between *base* and the files as they lie here, or None if git can't tell."""
    tracked = git(root, "diff", "--name-only", base)
    fresh = git(root, "ls-files", "--others", "--exclude-standard")
    if tracked is None or fresh is None:
        return None
    return sorted({*tracked.split("\n"), *fresh.split("\n")} - {""})


def plan(workspace: Workspace, base: str | None) -> dict[str, list[str]]:
    """The wheels to build, and the sessions that test them, for a change since *base*.

    Without a base, or where its history is missing, that is everything.
    """
    files = changed_files(workspace.root, base) if base else None
    names = sorted(workspace.packages) if files is None else workspace.owners(files)
    sessions = [f"tests({scope})" for scope in (*names, *SHARED)]
    return {"packages": names, "sessions": sessions}


def report(faults: Sequence[str]) -> int:
    """Print each fault on a line of its own; the answer is the exit status."""
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    return 1 if faults else 0


def main(arguments: Sequence[str]) -> int:
    """Print the plan for a change as JSON, or one part of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.workspace", description=main.__doc__)
    parser.add_argument("--base", help="compare with this revision; without it, all wheels")
    parser.add_argument("part", nargs="?", choices=["packages", "sessions"])
    options = parser.parse_args(arguments)
    answer = plan(load(), options.base)
    sys.stdout.write(json.dumps(answer[options.part] if options.part else answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
