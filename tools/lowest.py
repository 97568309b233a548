"""Find the oldest versions that a wheel allows of what it needs, and the sources of such siblings.

A lower bound is a promise like any other: that the wheel works with that version.  Where nobody
tries it, it rots with the first use of something newer.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import workspace as ws

_LOWER = re.compile(r"(?:>=|~=|==)\s*(\d+(?:\.\d+)*)\s*(?:,.*)?")

Version = tuple[int, ...]


@dataclass(frozen=True)
class Lowest:
    """What to install for the test of one wheel."""

    packages: Sequence[ws.Package]
    """The wheel itself, and its siblings in the versions that the bounds name."""
    pins: Sequence[str]
    """Each third party that the wheel names, in its lowest version, as installers take it."""


def choose(workspace: ws.Workspace, name: str, needs: Iterable[str], checkouts: Path) -> Lowest:
    """Find the lowest versions for one wheel.

    What its siblings ask for counts as well: of two bounds the higher one decides.

    Args:
        workspace: Where the wheel lies.
        name: The wheel to test.
        needs: What its tests install besides; optional dependencies are pinned if they are there.
        checkouts: A folder for the sources of siblings as they were released.

    Raises:
        WorkspaceError: If a dependency has no lower bound, or a sibling was never released in the
            version that its bound names.
    """
    tested = workspace.packages[name]
    chosen = {name: tested}
    bounds: dict[str, Version] = {}
    while (grown := _grown(bounds, chosen.values())) != bounds:
        bounds = grown
        siblings = bounds.keys() & workspace.packages.keys() - {name}
        for sibling in sorted(siblings):
            chosen[sibling] = _at(workspace, sibling, _text(bounds[sibling]), checkouts)
    installed = {ws.Requirement.parse(text).name for text in needs}
    tried = [need for need in tested.optional if need.name in installed]
    bounds = _highest(bounds, tried)
    named = {need.name for need in (*tested.dependencies, *tried)} - workspace.packages.keys()
    return Lowest(
        [*chosen.values()], [f"{third}=={_text(bounds[third])}" for third in sorted(named)]
    )


def _grown(bounds: Mapping[str, Version], packages: Iterable[ws.Package]) -> dict[str, Version]:
    return _highest(bounds, (need for package in packages for need in package.dependencies))


def _highest(bounds: Mapping[str, Version], needs: Iterable[ws.Requirement]) -> dict[str, Version]:
    found = dict(bounds)
    for need in needs:
        found[need.name] = max(found.get(need.name, ()), _lower_bound(need))
    return found


def _lower_bound(need: ws.Requirement) -> Version:
    match = _LOWER.fullmatch(need.range)
    if match is None:
        raise ws.WorkspaceError(
            f"{need.name}{need.range} has no lower bound; write {need.name}>=X.Y, "
            "with the oldest version that the tests pass with"
        )
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()  # so that 1.0 and 1.0.0 are the same
    return tuple(numbers)


def _text(bound: Version) -> str:
    return ".".join(map(str, bound + (0,) * (3 - len(bound))))


def _at(workspace: ws.Workspace, name: str, version: str, checkouts: Path) -> ws.Package:
    here = workspace.packages[name]
    tag = ws.release_tag(name, version)
    # The tag comes first: sources go on under the version of a release until the next one.
    if ws.git(workspace.root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}") is not None:
        return _released(workspace.root, here, tag, checkouts)
    if version == here.version:
        return here
    raise ws.WorkspaceError(
        f"a bound asks for {name} {version}, of which there is no tag {tag}; {here.version} lies "
        "here. Fetch the tags (git fetch --tags), or name a version that was released"
    )


def _released(root: Path, here: ws.Package, tag: str, checkouts: Path) -> ws.Package:
    folder = here.folder.relative_to(root).as_posix()
    home = checkouts / tag.replace("/", "-")
    done = subprocess.run(
        ["git", "-C", str(root), "archive", f"refs/tags/{tag}", "--", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ws.WorkspaceError(f"{tag} has no {folder}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(home, filter="data")
    return ws.Package.read(home / folder)
