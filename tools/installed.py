"""Prove that this environment holds the wheels just built, those a wheel declares, and no other.

A rebuilt wheel keeps its version, so an installer may serve an older one from its cache; and a
sibling that is present by chance hides that nobody declared it.  Either would let tests pass that
fail for users.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path
from sysconfig import get_path

from . import wheels
from . import workspace as ws


def present() -> set[str]:
    """The wheels of this project that are installed here."""
    names = {ws.Requirement.parse(found.metadata["Name"]).name for found in distributions()}
    return {name for name in names if name == ws.FACADE or name.startswith(ws.PREFIX)}


def presence_faults(expected: Iterable[str], found: Iterable[str]) -> list[str]:
    """Wheels that are here and should not be, and the reverse."""
    wanted, there = set(expected), set(found)
    return [
        *(f"{name} is installed, and nothing declares it" for name in sorted(there - wanted)),
        *(f"{name} is not installed" for name in sorted(wanted - there)),
    ]


def file_faults(package: ws.Package, wheel: Path, site: Path) -> list[str]:
    """Files below *site* that are not those of the wheel."""
    return [
        f"{package.name}: {site / name} is not the file of {wheel.name}"
        for name, content in wheels.wheel_files(wheel).items()
        if name.startswith("pepperpy/")
        and not ((site / name).is_file() and (site / name).read_bytes() == content)
    ]


def origin_faults(package: ws.Package, site: Path) -> list[str]:
    """Whether importing the module gives the installed one."""
    origin = import_module(package.module).__file__
    if origin is not None and Path(origin).resolve().is_relative_to(site.resolve()):
        return []
    return [f"{package.module} was imported from {origin}, not from {site}"]


def check(files: Iterable[Path]) -> list[str]:
    """Every difference between this environment and the wheels in *files*."""
    packages = [(wheels.wheel_package(file), file) for file in files]
    site = Path(get_path("purelib"))
    faults = presence_faults([package.name for package, _ in packages], present())
    for package, file in [] if faults else packages:
        faults += file_faults(package, file, site) or origin_faults(package, site)
    return faults


def main(arguments: Sequence[str]) -> int:
    """Check for the wheels in the files given."""
    return ws.report(check(map(Path, arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
