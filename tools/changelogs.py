"""Each wheel's changelog is well formed, fits its version, and tells of what changed.

The form is Keep a Changelog: ``## [Unreleased]`` first, then ``## [1.2.0] - 2026-01-31`` and older
ones; below them ``### Added`` and the like with one ``-`` line for each change.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

from . import compatibility
from . import workspace as ws

UNRELEASED = "Unreleased"
_KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})")

Version = tuple[int, ...]


@dataclass
class Section:
    """One release, or what waits for the next one."""

    title: str
    kinds: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def version(self) -> str | None:
        """Its version; None for what is not released, and for a malformed title."""
        match = _RELEASE.fullmatch(self.title)
        return match[1] if match else None

    @property
    def entries(self) -> list[str]:
        """Every line of it, with its kind in front."""
        return [f"{kind}: {entry}" for kind, entries in self.kinds.items() for entry in entries]

    @property
    def text(self) -> str:
        """The section as Markdown, without its title."""
        parts = (
            f"### {kind}\n\n" + "\n".join(f"- {entry}" for entry in entries)
            for kind, entries in self.kinds.items()
        )
        return "\n\n".join(parts)


@dataclass
class Changelog:
    """A changelog as read, and what was wrong with its form."""

    sections: list[Section]
    faults: list[str]

    def section(self, title: str) -> Section | None:
        """The section of a version, or of `UNRELEASED`."""
        for section in self.sections:
            if title in {section.version, section.title.strip("[]")}:
                return section
        return None


def parse(text: str) -> Changelog:
    """Read a changelog; whatever has no place in one becomes a fault."""
    changelog = Changelog([], [])
    entries: list[str] | None = None
    if not text.startswith("# Changelog\n"):
        changelog.faults.append('line 1: begin with "# Changelog"')
    for number, line in enumerate(text.splitlines()[1:], start=2):
        if line.startswith("## "):
            changelog.sections.append(Section(line[3:].strip()))
            entries = None
        elif line.startswith("#"):
            entries = _kind(changelog, number, line)
        elif changelog.sections and line.strip():
            _entry(changelog, entries, number, line)
    return changelog


def _kind(changelog: Changelog, number: int, line: str) -> list[str]:
    kind = line.removeprefix("### ")
    kinds = changelog.sections[-1].kinds if changelog.sections else {}
    if kind not in _KINDS or not changelog.sections:
        changelog.faults.append(
            f"line {number}: {line!r} is no heading of a changelog; below a release stands one of "
            + ", ".join(f"### {kind}" for kind in _KINDS)
        )
    elif kind in kinds:
        changelog.faults.append(f"line {number}: a second {line!r} in one release")
    return kinds.setdefault(kind, [])


def _entry(changelog: Changelog, entries: list[str] | None, number: int, line: str) -> None:
    if entries is None:
        changelog.faults.append(f"line {number}: text outside of a heading like ### Added")
    elif line.startswith("- "):
        entries.append(line[2:].strip())
    elif line.startswith("  ") and entries:
        entries[-1] += " " + line.strip()
    else:
        changelog.faults.append(f"line {number}: neither a '- ' line nor one that goes on with it")


def form_faults(changelog: Changelog) -> list[str]:
    """What is wrong with a changelog whatever the wheel's version is."""
    return [*changelog.faults, *_titles(changelog), *_order(changelog)]


def _titles(changelog: Changelog) -> Iterator[str]:
    titles = [section.title for section in changelog.sections]
    if titles[:1] != [f"[{UNRELEASED}]"]:
        yield f"the first section must be ## [{UNRELEASED}]"
    for section in changelog.sections:
        if section.title == f"[{UNRELEASED}]":
            continue
        if section.version is None:
            yield f"## {section.title} should read like ## [1.2.0] - 2026-01-31"
        elif not section.entries:
            yield f"## {section.title} tells of nothing"
        for kind, entries in section.kinds.items():
            if not entries:
                yield f"## {section.title} has nothing under ### {kind}"


def _order(changelog: Changelog) -> Iterator[str]:
    dated: list[tuple[Version, date]] = []
    for section in changelog.sections:
        match = _RELEASE.fullmatch(section.title)
        if match is None:
            continue
        try:
            dated.append((number(match[1]), date.fromisoformat(match[2])))
        except ValueError:
            yield f"## {section.title}: there is no such day"
    for (newer, later), (older, earlier) in pairwise(dated):
        if newer <= older:
            yield f"{_dotted(newer)} stands above {_dotted(older)}; the newest release comes first"
        elif later < earlier:
            yield f"{_dotted(newer)} is dated before {_dotted(older)}"


def number(version: str) -> Version:
    """A version to compare with others."""
    return tuple(int(part) for part in version.split("."))


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def version_faults(changelog: Changelog, version: str) -> list[str]:
    """How the changelog and the version in ``pyproject.toml`` contradict each other."""
    released = [section.version for section in changelog.sections if section.version]
    waiting = changelog.section(UNRELEASED)
    if version in released[:1]:
        return []
    if released and number(released[0]) > number(version):
        return [f"{released[0]} is released here, and pyproject.toml still says {version}"]
    if waiting is None or not waiting.entries:
        return [f"{version} has no section, and ## [{UNRELEASED}] tells of nothing"]
    return []


def change_faults(
    package: ws.Package, changelog: Changelog, root: Path, base: str | None
) -> list[str]:
    """What changed in the wheel without a word about it.

    Two questions, each asked as far as the history here goes: since its last release, is anything
    under ``Unreleased``; and since *base*, has any line been added or reworded.
    """
    sections = [changelog.section(UNRELEASED), changelog.section(package.version)]
    told = {entry for section in sections if section for entry in section.entries}
    waiting = sections[0].entries if sections[0] else []
    tag = ws.release_tag(package.name, package.version)
    if _source_changed(package, root, tag) and not waiting:
        return [f"its source changed since {tag}; say so under ## [{UNRELEASED}]"]
    if gone := _untold(package, root, waiting):
        return [f"{', '.join(gone)} was public in {tag}; name it below a ### Removed"]
    if base and _source_changed(package, root, base) and not _excused(package, root, base):
        file = package.folder.joinpath("CHANGELOG.md").relative_to(root).as_posix()
        before = parse(ws.git(root, "show", f"{base}:{file}") or "")
        if told <= {entry for section in before.sections for entry in section.entries}:
            hint = "or the trailer 'Changelog: none' to a commit that users will not notice"
            return [f"its source changed since {base[:12]}; add a line here, {hint}"]
    return []


def _source_changed(package: ws.Package, root: Path, base: str) -> bool:
    """Whether it did for sure; no when git does not know *base*, as in a shallow clone."""
    folder = package.folder.relative_to(root).as_posix()
    files = ws.changed_files(root, base) or []
    return any(file.startswith(f"{folder}/src/") for file in files)


def _untold(package: ws.Package, root: Path, waiting: Sequence[str]) -> list[str]:
    """Public names of the last release that went without a word."""
    told = "\n".join(entry for entry in waiting if entry.startswith("Removed: "))
    gone = compatibility.removed(package, root, package.version)
    return [name for name in gone if not re.search(rf"\b{name}\b", told)]


def _excused(package: ws.Package, root: Path, base: str) -> bool:
    """Whether every commit that touched the source says that it is of no interest to users."""
    source = str(package.folder / "src")
    if ws.git(root, "status", "--porcelain", "--", source):
        return False
    trailers = "--format=<%(trailers:key=Changelog,valueonly,separator=%x2C)>"
    answers = (ws.git(root, "log", trailers, f"{base}..HEAD", "--", source) or "").splitlines()
    return bool(answers) and all(answer == "<none>" for answer in answers)


def default_base(root: Path) -> str | None:
    """Where this branch left ``origin/main``; None where there is no such thing to know."""
    return ws.git(root, "merge-base", "HEAD", "origin/main")


def check(root: Path, base: str | None) -> list[str]:
    """Every fault of every changelog below *root*."""
    found: list[str] = []
    for package in ws.load(root).packages.values():
        file = package.folder / "CHANGELOG.md"
        changelog = parse(file.read_text("utf-8") if file.exists() else "")
        faults = [*form_faults(changelog), *version_faults(changelog, package.version)]
        faults += change_faults(package, changelog, root, base)
        found += [f"{package.name}/CHANGELOG.md: {fault}" for fault in faults]
    return found


def main(arguments: Sequence[str]) -> int:
    """Check every changelog."""
    parser = argparse.ArgumentParser(prog="python -m tools.changelogs", description=main.__doc__)
    parser.add_argument(
        "--base", help="the revision that a change starts from; origin/main's by default"
    )
    options = parser.parse_args(arguments)
    return ws.report(check(ws.ROOT, options.base or default_base(ws.ROOT)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
