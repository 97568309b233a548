"""What an index is told about a wheel is what its ``pyproject.toml`` and README say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser

from . import workspace as ws

_EXTRA = re.compile(r"""extra == ['"]([\w-]+)['"]""")
_LINK = re.compile(r"\]\(([^)\s]+)")


def faults(package: ws.Package, text: str) -> list[str]:
    """How the ``METADATA`` of a wheel differs from what it should say."""
    told = Parser().parsestr(text)
    found = [*_headers(package, told), *_needs(package, told), *_description(package, told)]
    return [f"{package.name}: the metadata {fault}" for fault in found]


def _headers(package: ws.Package, told: Message) -> Iterator[str]:
    project = package.project
    wanted = {
        "Name": package.name,
        "Version": package.version,
        "Summary": project["description"],
        "Requires-Python": project["requires-python"],
        "License-Expression": project["license"],
        "License-File": "LICENSE",
        "Description-Content-Type": "text/markdown",
    }
    for name, value in wanted.items():
        if told.get(name) != value:
            yield f"has {name}: {told.get(name)}, not {value}"
    changelog = f"/packages/{package.name}/CHANGELOG.md"
    urls = [url for url in told.get_all("Project-URL", ()) if url.startswith("Changelog, ")]
    if not any(url.endswith(changelog) for url in urls):
        yield f"has no link to the changelog, which ends in {changelog}"


def _needs(package: ws.Package, told: Message) -> Iterator[str]:
    declared = {(need, "") for need in map(_whole, package.dependencies)}
    for extra, needs in package.extras.items():
        declared |= {(need, extra) for need in map(_whole, needs)}
    present: set[tuple[str, str]] = set()
    for line in told.get_all("Requires-Dist", ()):
        marker = _EXTRA.search(line)
        present.add((_whole(ws.Requirement.parse(line)), marker[1] if marker else ""))
    for need, extra in sorted(declared ^ present):
        where = f" of its extra {extra!r}" if extra else ""
        yield f"{'lacks' if (need, extra) in declared else 'has'} the need{where} {need}"


def _whole(need: ws.Requirement) -> str:
    """A requirement in one spelling, for build tools order the parts of a range as they like."""
    extras = f"[{','.join(need.extras)}]" if need.extras else ""
    return need.name + extras + ",".join(sorted(need.range.replace(" ", "").split(",")))


def _description(package: ws.Package, told: Message) -> Iterator[str]:
    readme = package.folder.joinpath("README.md").read_text("utf-8")
    if str(told.get_payload()).strip() != readme.strip():
        yield "has another description than README.md"
    for link in _LINK.findall(readme):
        if not link.startswith(("https://", "#")):
            yield f"has a link to {link}, which leads nowhere on the page of an index"
