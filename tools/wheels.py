"""Check built artifacts: what each holds and says, and that no two wheels hold the same file."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from . import metadata
from . import workspace as ws

Files = Mapping[str, bytes]


def stem(package: ws.Package) -> str:
    """How the file names of this package's artifacts begin."""
    return f"{package.name.replace('-', '_')}-{package.version}"


def wheel_path(dist: Path, package: ws.Package) -> Path:
    """Where the build puts the wheel."""
    return dist / f"{stem(package)}-py3-none-any.whl"


def wheel_package(path: Path) -> ws.Package:
    """What a wheel's file name tells of its package."""
    name, version, *_ = path.name.split("-")
    return ws.Package(path.parent, {"name": name.replace("_", "-"), "version": version})


def sdist_path(dist: Path, package: ws.Package) -> Path:
    """Where the build puts the source distribution."""
    return dist / f"{stem(package)}.tar.gz"


def wheel_files(path: Path) -> dict[str, bytes]:
    """Every file in a wheel with its content."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sdist_names(path: Path) -> set[str]:
    """Every file in a source distribution, without the folder that holds them all."""
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def wheel_faults(package: ws.Package, files: Iterable[str]) -> list[str]:
    """What a wheel lacks, and what it should not have."""
    names = set(files)
    home = PurePosixPath(*package.module.split("."))
    metadata = f"{stem(package)}.dist-info"
    needed = {str(home / "__init__.py"), str(home / "py.typed"), f"{metadata}/licenses/LICENSE"}
    if package.portion is None:
        needed.add(str(home / "__init__.pyi"))
    faults = [f"{package.name}: the wheel lacks {name}" for name in sorted(needed - names)]
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.parts[0] == metadata:
            continue
        if not path.is_relative_to(home) or (package.portion is None and path.parent != home):
            faults.append(f"{package.name}: the wheel ships {name}, which is outside of {home}/")
        elif {"tests", "__pycache__"} & set(path.parts) or path.suffix not in {
            ".py",
            ".pyi",
            ".typed",
        }:
            faults.append(
                f"{package.name}: the wheel ships {name}, which is no part of the library"
            )
    return faults


def sdist_faults(package: ws.Package, names: Iterable[str]) -> list[str]:
    """What a source distribution lacks for building and testing the wheel elsewhere."""
    present = set(names)
    needed = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    faults = [f"{package.name}: the sdist lacks {name}" for name in sorted(needed - present)]
    if not any(name.startswith("tests/") for name in present):
        faults.append(f"{package.name}: the sdist lacks its tests")
    for name in sorted(present - needed - {".gitignore"}):  # the back end adds what it went by
        path = PurePosixPath(name)
        if path.parts[0] not in {"src", "tests"} or {"__pycache__", ".hypothesis"} & set(
            path.parts
        ):
            faults.append(f"{package.name}: the sdist ships {name}, which nobody needs")
    return faults


def difference_faults(package: ws.Package, built: Files, rebuilt: Files) -> list[str]:
    """How the wheel made from the source distribution differs from the one made from the tree."""
    return [
        f"{package.name}: the wheel from the sdist differs in {name}"
        for name in sorted({*built, *rebuilt})
        if built.get(name) != rebuilt.get(name)
    ]


def byte_faults(first: Path, again: Path) -> list[str]:
    """Whether a second build gives the very same file, as who checks a release expects."""
    if first.read_bytes() == again.read_bytes():
        return []
    return [f"{first.name} has other bytes when it is built again from the sdist"]


def shared_faults(wheels: Mapping[str, Iterable[str]]) -> list[str]:
    """Files that more than one wheel ships; uninstalling one would break the other."""
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for wheel, files in sorted(wheels.items()):
        for file in files:
            owners[file].append(wheel)
    return [
        f"{file} is shipped by {' and '.join(names)}"
        for file, names in sorted(owners.items())
        if len(names) > 1
    ]


def check(workspace: ws.Workspace, names: Iterable[str], dist: Path, again: Path) -> list[str]:
    """Every fault of the artifacts in *dist*; *again* has the wheels built from its sdists."""
    faults: list[str] = []
    for package in map(workspace.packages.__getitem__, names):
        built = wheel_files(wheel_path(dist, package))
        told = built.get(f"{stem(package)}.dist-info/METADATA", b"").decode()
        faults += [*wheel_faults(package, built), *metadata.faults(package, told)]
        faults += sdist_faults(package, sdist_names(sdist_path(dist, package)))
        faults += difference_faults(package, built, wheel_files(wheel_path(again, package)))
        for path in (wheel_path, sdist_path):
            faults += byte_faults(path(dist, package), path(again, package))
    paths = (wheel_path(dist, package) for package in workspace.packages.values())
    present = [path for path in paths if path.exists()]
    return faults + shared_faults({path.name: wheel_files(path) for path in present})


def main(arguments: Sequence[str]) -> int:
    """Check the artifacts in the first folder against the wheels in the second."""
    dist, again, *names = arguments
    workspace = ws.load()
    return ws.report(check(workspace, names or workspace.packages, Path(dist), Path(again)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
