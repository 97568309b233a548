"""Fills in what a written page leaves to be counted up: indexes over the pages of all wheels.

A comment such as ``<!-- how-to of every wheel -->`` stands where the list is to be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from tools.workspace import FACADE, PREFIX, Package, Workspace, settings

from . import capacity, pages

_MARKER = re.compile(r"^<!-- (?P<what>[a-z -]+) -->$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def fill(text: str, workspace: Workspace, written: Path) -> str:
    """*text* with the lists that its markers stand for.

    Raises:
        KeyError: If it has a marker for which there is no list.
    """
    return _MARKER.sub(lambda marker: _LISTS[marker["what"]](workspace, written), text)


def headings(page: Path) -> list[tuple[str, str]]:
    """The headings of the second level of a page, each with its anchor."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    found = re.findall(r"^## (.+?)(?: \{#([\w-]+)\})?$", text, re.MULTILINE)
    return [(title, anchor or _slug(title)) for title, anchor in found]


def _slug(title: str) -> str:
    """The anchor that Markdown gives a heading."""
    plain = unicodedata.normalize("NFKD", title.replace("`", "")).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _wheels(workspace: Workspace) -> Iterator[str]:
    yield from settings(workspace.root)["pepperpy"]["floors"]


def _how_to(workspace: Workspace, written: Path) -> str:
    """Every task of every wheel, with a link to where it is done."""
    parts: list[str] = []
    for name in sorted(_wheels(workspace)):
        page = f"{name}/how-to.md"
        rows = [f"- [{title}]({page}#{anchor})" for title, anchor in headings(written / page)]
        parts += [f"### {name}\n", *rows, ""]
    return _in_columns(parts)


def _in_columns(lines: list[str]) -> str:
    return "\n".join(['<div class="columns" markdown="1">', "", *lines, "", "</div>"])


def _testing(workspace: Workspace, written: Path) -> str:
    """How to test with each wheel."""
    rows = ["| wheel | read |", "|---|---|"]
    for name in sorted(_wheels(workspace)):
        page = f"{name}/testing.md"
        links = [f"[{title}]({page}#{anchor})" for title, anchor in headings(written / page)]
        rows.append(f"| [{name}]({page}) | {' · '.join(links) or f'[how to]({page})'} |")
    return "\n".join(rows)


def _coming_from(workspace: Workspace, written: Path) -> str:
    """Each library that somebody may come from, in alphabetic order."""
    found: list[tuple[str, str]] = []
    for name in _wheels(workspace):
        page = f"{name}/coming-from.md"
        for title, anchor in headings(written / page):
            link = f"({page}#{anchor})"
            found += [(peer, f"- [{peer}]{link} → {name}") for peer in re.split(r", | and ", title)]
    rows = [row for _, row in sorted(found, key=lambda each: each[0].strip("`").lower())]
    return _in_columns(rows)


def _floors(workspace: Workspace, _: Path) -> str:
    """The house as boxes on floors, from the table that `nox -s boundaries` holds wheels to."""
    floors = settings(workspace.root)["pepperpy"]["floors"]
    by_portion = {package.portion: package for package in workspace.packages.values()}
    rows = [_floor("", [_box(by_portion[None], {"siblings": ["all of them"]})])]
    for number in sorted({each["floor"] for each in floors.values()}, reverse=True):
        there = [name for name, each in floors.items() if each["floor"] == number]
        rows.append(_floor(str(number), [_box(by_portion[name], floors[name]) for name in there]))
    return '<div class="house" markdown="0">\n' + "\n".join(rows) + "\n</div>"


def _floor(number: str, boxes: list[str]) -> str:
    return f'<div class="floor"><span class="number">{number}</span>{"".join(boxes)}</div>'


def _box(package: Package, rules: Mapping[str, Any]) -> str:
    needs = ", ".join(rules.get("siblings", [])) or "nothing of ours"
    more = f"({', '.join(rules['optional'])})" if "optional" in rules else ""
    name = package.portion or FACADE
    link = f"{name}/index.html" if package.portion else "reference/infra.html"
    uses = f'<span class="maybe">{escape(more)}</span>' if more else ""
    return f'<a href="{link}"><b>{name}</b><span>{escape(needs)}</span>{uses}</a>'


def _versions(workspace: Workspace, _: Path) -> str:
    """Each wheel as it lies here: its version, and what it asks for of the others."""
    rows = ["| wheel | version | asks for |", "|---|---|---|"]
    for package in pages.in_order(workspace):
        needs = [need for need in package.dependencies if need.name in workspace.packages]
        asks = [f"`{need.name.removeprefix(PREFIX)}{need.range}`" for need in needs]
        link = f"[{package.portion or FACADE}](changelogs/{pages.short(package)}.md)"
        rows.append(f"| {link} | {package.version} | {' '.join(asks)} |")
    return "\n".join(rows)


def _capacity(workspace: Workspace, _: Path) -> str:
    """How cost grows, from the data of the last measurement."""
    return capacity.tables(workspace.root)


_LISTS: Mapping[str, Callable[[Workspace, Path], str]] = {
    "how-to of every wheel": _how_to,
    "testing of every wheel": _testing,
    "coming-from of every wheel": _coming_from,
    "floors of the house": _floors,
    "versions of every wheel": _versions,
    "capacity as measured": _capacity,
}
