"""The built site: every public name is on it, and it asks nobody else for anything."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs.building import pages, surface
from tools import workspace

PACKAGES = pages.in_order(workspace.load())
WHEELS = [package for package in PACKAGES if package.portion]
# What a browser fetches by itself, by the attribute that says from where.
FETCHED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("image", "href"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("use", "href"),
    ("video", "poster"),
    ("video", "src"),
}
ELSEWHERE = re.compile(r"\s*(?:[a-z]+:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//[^)\"']*", re.IGNORECASE)


class Page(HTMLParser):
    """What a page has: anchors, classes, and addresses that are fetched."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.classes: set[str] = set()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name.removeprefix("xlink:"): value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        self.classes.update(values.get("class", "").split())
        if tag == "a" and not re.match(r"[a-z]+:", link := unquote(values.get("href", ""))):
            self.links += [link] if link and link != "#" else []
        self.fetched += [value for name, value in values.items() if (tag, name) in FETCHED]


def broken(site: Path) -> Iterator[str]:
    """Links to pages and anchors of the site that are not there."""
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html")}
    # What is shown for an unknown address has absolute links, for it can be shown anywhere.
    pages_ = {name: Page(path) for name, path in found.items() if name != "404.html"}
    for name, page in pages_.items():
        for link in page.links:
            path, _, anchor = link.partition("#")
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            )
            known = target in pages_ or (site / target).is_file()
            if not known or (anchor and target in pages_ and anchor not in pages_[target].anchors):
                yield f"{name}: {link}"


def fetched_from_elsewhere(site: Path) -> Iterator[str]:
    for path in sorted(site.rglob("*.html")):
        for address in Page(path).fetched:
            if ELSEWHERE.match(address):
                yield f"{path.name}: {address}"
    for path in sorted([*site.rglob("*.css"), *site.rglob("*.html"), *site.rglob("*.svg")]):
        yield from (f"{path.name}: {found}" for found in IN_STYLES.findall(path.read_text("utf-8")))


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    assert list(fetched_from_elsewhere(site)) == []


def test_what_is_fetched_from_elsewhere_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<script src="https://x.example/y.js"></script>', "utf-8")
    (tmp_path / "b.html").write_text('<img src="//x.example/y.png"><a href="https://z">', "utf-8")
    (tmp_path / "c.css").write_text("p { background: url('https://x.example/y.png') }", "utf-8")

    assert len(list(fetched_from_elsewhere(tmp_path))) == 3


def test_every_link_within_the_site_leads_somewhere(site: Path) -> None:
    assert list(broken(site)) == []


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#x">b</a><a href="c.html">c</a><a href="#y">', "utf-8"
    )
    (tmp_path / "b.html").write_text('<p id="x"><a href="a.html">a</a>', "utf-8")

    assert list(broken(tmp_path)) == ["a.html: c.html", "a.html: #y"]


def test_no_page_uses_what_the_theme_would_fetch_for_it(site: Path) -> None:
    # Diagrams, and the figures of a repository, are got by scripts when they are shown.
    shown = {name for path in site.rglob("*.html") for name in Page(path).classes}

    assert shown & {"mermaid", "md-source"} == set()


def test_search_finds_with_an_index_of_the_site(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text("utf-8")

    assert "RetryBudget" in index
    assert "logging-level" in index


def test_search_works_where_no_server_is(site: Path) -> None:
    index = (site / "search" / "search_index.js").read_text("utf-8")
    scripts = re.findall(
        r'<script src="([^"]+)"', (site / "cache" / "index.html").read_text("utf-8")
    )

    assert index.startswith("var __index = {")
    # What takes the place of a worker comes before the script that wants one.
    assert scripts[0] == "../javascripts/iframe-worker.js"
    assert (site / "cache" / scripts[0]).is_file()
    assert "/bundle." in scripts[1]


@pytest.mark.parametrize("package", WHEELS, ids=lambda package: package.name)
def test_every_public_name_is_on_the_reference_page(package: workspace.Package, site: Path) -> None:
    page = Page(site / "reference" / f"{pages.short(package)}.html")

    names = [
        f"{module.__name__}.{name}"
        for module in surface.modules(package)
        for name in surface.names(module)
    ]

    assert [name for name in names if name not in page.anchors] == []


@pytest.mark.parametrize("package", WHEELS, ids=lambda package: package.name)
def test_every_error_of_a_wheel_is_found_under_its_code(
    package: workspace.Package, site: Path
) -> None:
    anchors = Page(site / "errors.html").anchors

    codes = [error.code for error in surface.errors(package)]

    assert codes
    assert [code for code in codes if code not in anchors] == []


def test_every_name_of_the_facade_leads_to_its_wheel(site: Path) -> None:
    from pepperpy import infra

    text = (site / "reference" / "infra.html").read_text("utf-8")

    assert [name for name in infra.__all__ if not re.search(rf'href="[^"]+\.{name}"', text)] == []


def test_what_language_models_read_leads_to_every_page_and_to_nothing_else(site: Path) -> None:
    index = (site / "llms.txt").read_text("utf-8")
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}

    assert index.startswith("# pepperpy.infra\n\n> ")
    assert {*re.findall(r"^- \[.+?\]\((.+?)\)", index, re.MULTILINE)} == built


def test_the_full_text_has_the_tutorial_with_what_was_filled_in(site: Path) -> None:
    text = (site / "llms-full.txt").read_text("utf-8")

    assert "# 11. One start, one stop" in text
    assert "[Give up in time](utils/how-to.md#give-up-in-time)" in text


def test_what_is_drawn_with_letters_is_told_from_what_is_printed(site: Path) -> None:
    drawn = re.findall(
        r'class="[^"]*drawing[^"]*".*?</pre>', (site / "gateway.html").read_text("utf-8"), re.DOTALL
    )

    assert len(drawn) == 4
    assert "demo.py" in drawn[0]
