"""The indexes over all wheels, and the pages that say how the house is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.building import blocks, indexes, llms, pages
from tools import boundaries, workspace

WORKSPACE = workspace.load()
WRITTEN = WORKSPACE.root / "docs" / "pages"
WHEELS = [pages.short(each) for each in WORKSPACE.packages.values() if each.portion]
MODULE = re.compile(r"`([a-z]+/[\w/]+\.py)`")
# One request of the tutorial's gateway whose first attempt fails, and where it came through.
REQUEST = """
import os
import sys

places = []


def note(frame, event, _):
    if event == "call":
        _, found, place = frame.f_code.co_filename.replace(os.sep, "/").rpartition("pepperpy/infra/")
        if found and place not in places:
            places.append(place)


async def one_request():
    async with running():
        north.faults = ["drop"]
        sys.setprofile(note)
        try:
            await serve({"zone": "Asia/Dhaka"}, keys["driver"])
        finally:
            sys.setprofile(None)


asyncio.run(one_request())
Path("places.txt").write_text("\\n".join(places), "utf-8")
"""


def filled(name: str) -> str:
    return indexes.fill((WRITTEN / name).read_text("utf-8"), WORKSPACE, WRITTEN)


@pytest.mark.parametrize("wheel", WHEELS)
@pytest.mark.parametrize("page", ["how-to.md", "testing.md", "coming-from.md"])
def test_an_index_leads_to_the_page_of_every_wheel(page: str, wheel: str) -> None:
    assert f"({wheel}/{page}" in filled(page)


def test_the_index_of_tasks_has_every_heading() -> None:
    text = filled("how-to.md")

    missing = [
        heading
        for page in sorted(WRITTEN.glob("*/how-to.md"))
        for heading in re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
        if f"[{heading}](" not in text
    ]

    assert missing == []


def test_a_heading_of_two_libraries_is_found_under_each() -> None:
    text = filled("coming-from.md")

    assert "- [gzip](compression/coming-from.md#gzip-and-zlib) → compression" in text
    assert "- [zlib](compression/coming-from.md#gzip-and-zlib) → compression" in text


def test_a_marker_for_which_there_is_nothing_is_an_error() -> None:
    with pytest.raises(KeyError, match="no such list"):
        indexes.fill("<!-- no such list -->", WORKSPACE, WRITTEN)


class TestHouse:
    def test_every_wheel_stands_on_its_floor(self) -> None:
        floors = workspace.settings(WORKSPACE.root)["pepperpy"]["floors"]
        rows = filled("house.md").split('<div class="floor">')[1:]

        found = {
            name: int(re.findall(r'class="number">(\d)', row)[0])
            for row in rows[1:]
            for name in re.findall(r"<b>(\w+)</b>", row)
        }

        assert found == {name: each["floor"] for name, each in floors.items()}

    def test_the_numbers_of_wheels_and_floors_are_right(self) -> None:
        floors = workspace.settings(WORKSPACE.root)["pepperpy"]["floors"].values()

        assert (len(floors), len({each["floor"] for each in floors})) == (14, 5)
        assert "Fourteen wheels on five floors" in filled("house.md")

    def test_a_request_comes_through_the_modules_that_the_page_names_in_this_order(
        self, tmp_path: Path
    ) -> None:
        table = filled("house.md").partition("## A request on its way")[2]
        named = [
            place
            for row in re.findall(r"^\| \d.+", table, re.MULTILINE)
            for place in MODULE.findall(row)
        ]
        request = tmp_path / "request.md"
        request.write_text(f"```python\n{REQUEST}```\n", "utf-8")

        done = blocks.run(
            request, tmp_path, after=[WRITTEN / each for each in pages.tutorial(WRITTEN)]
        )

        assert done.returncode == 0, done.stderr
        places = (tmp_path / "places.txt").read_text("utf-8").split()
        assert named == sorted(named, key=places.index)

    def test_every_module_that_the_page_names_is_there(self) -> None:
        folders = [each.source.parent for each in WORKSPACE.packages.values() if each.portion]

        missing = [
            name
            for name in MODULE.findall(filled("house.md"))
            if not any((folder / name).is_file() for folder in folders)
        ]

        assert missing == []


class TestVersions:
    def test_every_wheel_is_there_with_its_version(self) -> None:
        text = filled("versions.md")

        for name, package in WORKSPACE.packages.items():
            link = f"[{package.portion or name}](changelogs/{pages.short(package)}.md)"
            assert f"| {link} | {package.version} |" in text

    def test_every_range_is_one_that_the_house_allows(self) -> None:
        text = filled("versions.md")
        ranges = re.findall(r"([a-z]+)(>=[\d.]+,<[\d.]+)", text)

        wrong = [
            (name, range_, fault)
            for name, range_ in ranges
            if (
                fault := boundaries.range_fault(
                    range_, WORKSPACE.packages[f"pepperpy-infra-{name}"].version
                )
            )
        ]

        assert len(ranges) > len(WHEELS)
        assert wrong == []

    def test_the_oldest_python_is_that_of_every_wheel(self) -> None:
        needs = {each.project["requires-python"] for each in WORKSPACE.packages.values()}

        assert needs == {">=3.11"}
        assert "today 3.11 is the oldest" in filled("versions.md")


class TestLlms:
    TEXT = llms.Text(
        "Guides",
        "it/index.html",
        "# it\n\n```python\nx = 1\n```\n\nDoes [this](that.md), well. And more.\n",
        is_written=True,
    )
    MADE = llms.Text("Reference", "reference/it.html", "# it.py\n\n::: it\n", is_written=False)

    def test_a_page_is_listed_in_its_section_with_its_first_sentence(self) -> None:
        text = llms.index("site", "What it is.", [self.TEXT, self.MADE])

        assert text == (
            "# site\n\n> What it is.\n\n## Guides\n\n- [it](it/index.html): Does this, well.\n"
            "\n## Reference\n\n- [it.py](reference/it.html)\n"
        )

    def test_the_full_text_has_what_was_written(self) -> None:
        text = llms.full([self.TEXT, self.MADE])

        assert text == f"<!-- it/index.html -->\n\n{self.TEXT.markdown}"
