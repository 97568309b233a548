"""Read a release tag like ``pepperpy-infra-cache/v1.2.0`` and check that the wheel is ready for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import changelogs, compatibility
from . import workspace as ws

_TAG = re.compile(r"(?:refs/tags/)?(?P<name>[a-z][a-z0-9-]*)/v(?P<version>\d+\.\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tag releases."""

    name: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Read a tag, also in git's long form.

        Raises:
            WorkspaceError: If it is no release tag.
        """
        match = _TAG.fullmatch(text)
        if match is None:
            raise ws.WorkspaceError(
                f"{text!r} is no release tag; write WHEEL/vX.Y.Z, like pepperpy-infra-cache/v1.2.0"
            )
        return cls(match["name"], match["version"])


def faults(tag: Tag, workspace: ws.Workspace) -> list[str]:
    """Why the tagged wheel can't be released as it lies here."""
    package = workspace.packages.get(tag.name)
    if package is None:
        return [
            f"there is no wheel {tag.name!r}; there are {', '.join(sorted(workspace.packages))}"
        ]
    found: list[str] = []
    if package.version != tag.version:
        found.append(f"{tag.name}: pyproject.toml says {package.version}, the tag {tag.version}")
    changelog = changelogs.parse(package.folder.joinpath("CHANGELOG.md").read_text("utf-8"))
    found += [f"{tag.name}: {fault}" for fault in changelogs.form_faults(changelog)]
    if changelog.section(tag.version) is None:
        found.append(f"{tag.name}: the changelog has no section for {tag.version}")
    waiting = changelog.section(changelogs.UNRELEASED)
    if waiting and waiting.entries:
        found.append(f"{tag.name}: lines are left under ## [{changelogs.UNRELEASED}]")
    return [*found, *_broken(tag, package, workspace, changelog)]


def _broken(
    tag: Tag, package: ws.Package, workspace: ws.Workspace, changelog: changelogs.Changelog
) -> Iterator[str]:
    """Names that were taken away in a release that must not take any."""
    older = [section.version for section in changelog.sections if section.version]
    before = older[older.index(tag.version) + 1 :][:1] if tag.version in older else []
    for version in before:
        gone = compatibility.removed(package, workspace.root, version)
        if gone and not compatibility.may_break(version, tag.version):
            yield (
                f"{tag.name}: {', '.join(gone)} of {version} is gone, and {tag.version} is a version "
                "for those who count on it; bring it back, or release the next one that may break"
            )


def main(arguments: Sequence[str]) -> int:
    """Check the tag given, and print ``wheel=...`` and ``version=...`` for the workflow."""
    (text,) = arguments
    try:
        tag = Tag.parse(text)
    except ws.WorkspaceError as error:
        return ws.report([str(error)])
    found = faults(tag, ws.load())
    return ws.report(found) or (ws.report([f"wheel={tag.name}", f"version={tag.version}"]) and 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
