"""The pages that compare a wheel with its peers, from `docs/comparisons/<wheel>.toml`.

Each cell says where it comes from.  Ours are shown by a test (`path::test`), by a race
(`bench: <its title>`), or, where we have less, by the page that says so (`docs: <page>`), or by a
list of these.  Those of peers are cited: a file and a name in it, an address, or what was run.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from tools.workspace import Workspace

SOURCE = "https://github.com/pepperpy/pepperpy-infra/blob/main/"
OURS = "here"
GLYPHS = {"yes": "✓", "partly": "◐", "no": "✗"}
BENCH, DOCS = "bench: ", "docs: "
_ADDRESS = re.compile(r"https?://[^\s)>,;]*[^\s)>,;.]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|])")

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all parts of a file have in common: a word that is not known is an error."""


class Cell(_Row, frozen=True):
    """One answer, and what is missing where it is "partly"."""

    answer: Literal["yes", "partly", "no"]
    note: str = ""

    def __post_init__(self) -> None:
        if self.answer == "partly" and not self.note:
            raise ValueError('"partly" needs a note: what is missing?')


class Ours(Cell, frozen=True, kw_only=True):
    """An answer of ours, and what shows it: one thing or, where a row has parts, several."""

    shown: Text | Annotated[list[Text], msgspec.Meta(min_length=1)]

    @property
    def evidence(self) -> list[str]:
        """Each thing that shows it."""
        return [self.shown] if isinstance(self.shown, str) else self.shown


class Theirs(Cell, frozen=True, kw_only=True):
    """An answer of a peer, and where it was read, or what was run."""

    cite: Text


class Peer(_Row, frozen=True):
    """Another library, as it was looked at."""

    version: Text
    home: Annotated[str, msgspec.Meta(pattern="^https://")]


class Feature(_Row, frozen=True):
    """A row: what somebody may want."""

    name: Text
    ours: Ours
    peers: dict[str, Theirs]


class Comparison(_Row, frozen=True):
    """A table; *about* says what of a wheel it is about, if not all."""

    checked: date
    peers: dict[str, Peer]
    features: list[Feature]
    about: str = ""

    def __post_init__(self) -> None:
        for feature in self.features:
            if feature.peers.keys() != self.peers.keys():
                odd = sorted(feature.peers.keys() ^ self.peers.keys())
                raise ValueError(f"{feature.name!r}: a cell too few or too many: {', '.join(odd)}")
        names = [feature.name for feature in self.features]
        if len({*names}) < len(names):
            raise ValueError("two features have one name")


def read(file: Path) -> Comparison:
    """The table in *file*.

    Raises:
        ValueError: If the file does not have the form; the message names file and place.
    """
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Comparison)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{file.name}: {error}") from error


def files(workspace: Workspace) -> Mapping[str, Path]:
    """The file of each wheel that has one, by the wheel's short name."""
    found = sorted((workspace.root / "docs" / "comparisons").glob("*.toml"))
    return {file.stem: file for file in found}


def unshown(comparison: Comparison, root: Path) -> Iterator[str]:
    """The cells of ours that are shown by nothing that exists, and why."""
    for feature in comparison.features:
        for shown in feature.ours.evidence:
            fault = _fault(shown, feature.ours.answer, root)
            if fault:
                yield f"{feature.name}: {fault}"


def _fault(shown: str, answer: str, root: Path) -> str | None:
    if shown.startswith(DOCS):
        page = shown.removeprefix(DOCS).partition("#")[0]
        if answer == "yes":
            return f"a page alone shows nothing, name a test or a race: {page}"
        return None if (root / "docs" / "pages" / page).is_file() else f"no such page: {page}"
    if shown.startswith(BENCH):
        title = shown.removeprefix(BENCH)
        return None if title in _races(root) else f"no such race in results.json: {title}"
    path, _, test = shown.partition("::")
    file = root / path
    if not file.is_file():
        return f"no such file: {path}"
    return None if test in tests_of(file) else f"no such test in {path}: {test}"


@cache
def _races(root: Path) -> Mapping[str, str]:
    """Each race that was run, by its title or its series', and the heading that it stands under."""
    data = json.loads((root / "docs" / "benchmarks" / "results.json").read_bytes())
    races = [result["race"] for result in data["results"]]
    return {
        name: race["series"] or race["title"]
        for race in races
        for name in (race["title"], race["series"])
        if name
    }


@cache
def tests_of(file: Path) -> Mapping[str, int]:
    """The tests in *file* (`test_x`, `TestY::test_x`), each with its line."""
    return dict(_tests(ast.parse(file.read_text("utf-8")).body))


def _tests(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body, f"{within}{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(node.name):
            yield within + node.name, node.lineno


def _is_test(name: str) -> bool:
    return name.startswith("test_")


def pages(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The path and the text of each page, the one over all last."""
    tables = {name: read(file) for name, file in files(workspace).items()}
    for name, table in tables.items():
        yield f"{name}/compared.md", _page(name, table, workspace.root)
    if tables:
        yield "compared.md", _overview(tables)


def _page(name: str, table: Comparison, root: Path) -> str:
    return "\n".join(
        [
            f"# {name}: compared",
            "",
            f"{table.about} Checked on {_day(table.checked)} against {_versions(table)}.".lstrip(),
            "",
            _LEGEND,
            "",
            *_table(table),
            "",
            "## What each answer rests on",
            "",
            _EVIDENCE,
            "",
            *(line for feature in table.features for line in _evidence(feature, root)),
        ]
    )


def _overview(tables: Mapping[str, Comparison]) -> str:
    rows = [
        f"| [{name}]({name}/compared.md) | {_versions(table)} | {_day(table.checked)} |"
        for name, table in tables.items()
    ]
    return "\n".join([_OVERVIEW, "", "| | beside | checked on |", "|---|---|---|", *rows, ""])


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _versions(table: Comparison) -> str:
    return ", ".join(f"[{name}]({peer.home}) {peer.version}" for name, peer in table.peers.items())


def _table(table: Comparison) -> Iterator[str]:
    yield '<div class="compared" markdown="1">'
    yield ""
    yield f"| feature | {OURS} | {' | '.join(table.peers)} |"
    yield "|---" * (2 + len(table.peers)) + "|"
    for feature in table.features:
        cells = [feature.ours, *(feature.peers[name] for name in table.peers)]
        yield f"| {_text(feature.name)} | {' | '.join(map(_answer, cells))} |"
    yield ""
    yield "</div>"


def _answer(cell: Cell) -> str:
    # The words alone say it all, to those who hear the page as well.
    note = f": {_text(cell.note)}" if cell.note else ""
    return f'<span aria-hidden="true">{GLYPHS[cell.answer]}</span> {cell.answer}{note}'


def _evidence(feature: Feature, root: Path) -> Iterator[str]:
    yield f'<details markdown="1"><summary>{_text(feature.name)}</summary>'
    yield ""
    shown = ", ".join(_shown(each, root) for each in feature.ours.evidence)
    yield f"- {OURS}, {feature.ours.answer}: {shown}"
    for name, cell in feature.peers.items():
        yield f"- {name}, {cell.answer}: {_text(cell.cite)}"
    yield ""
    yield "</details>"
    yield ""


def _shown(shown: str, root: Path) -> str:
    """What shows an answer of ours, as a link to it."""
    if shown.startswith(BENCH):
        title = shown.removeprefix(BENCH)
        return f"the race [{_text(title)}](../benchmarks.md#{_anchor(_races(root)[title])})"
    if shown.startswith(DOCS):
        page = shown.removeprefix(DOCS)
        return f"[what we say ourselves](../{page})"
    path, _, test = shown.partition("::")
    words = test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return f"the test [{_text(words)}]({SOURCE}{path}#L{tests_of(root / path)[test]})"


def _anchor(title: str) -> str:
    """What a heading is called in addresses."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


def _text(text: str) -> str:
    """*text* as Markdown that shows just that, but for addresses, which are links."""
    parts: list[str] = []
    at = 0
    for found in _ADDRESS.finditer(text):
        parts += [_plain(text[at : found.start()]), f"<{found[0]}>"]
        at = found.end()
    return "".join([*parts, _plain(text[at:])])


def _plain(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", text)


_LEGEND = (
    "“Yes” means by what it brings itself, without code of one's own. A peer that does not have a"
    " feature may well not want it: what each is made for is told on its own pages."
)
_EVIDENCE = (
    "Ours are shown by tests, by [races](../benchmarks.md), or, where we have less, by the page that"
    " says so. Those of others were run or read in the versions above."
)
_OVERVIEW = """# Compared

Each wheel beside the libraries that people use for the same: row by row, with what every answer rests on, and with the
rows in which we have less. What is quicker is on the page of [benchmarks](benchmarks.md), and what to write instead is on
the “coming from” page of each wheel."""
