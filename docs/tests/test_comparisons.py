"""The tables that compare our wheels with their peers: each cell says where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.building import comparisons, pages
from tools import workspace

WORKSPACE = workspace.load()
FILES = comparisons.files(WORKSPACE)
WHEELS = [pages.short(package) for package in WORKSPACE.packages.values() if package.portion]

SHOWN = "tests/test_it.py::TestIt::test_tries_again"
TABLE = """
checked = 2026-11-28

[peers.other]
version = "1.2"
home = "https://example.org/other"

[[features]]
name = "Tries *again*"
ours = { answer = "yes", shown = "tests/test_it.py::TestIt::test_tries_again" }

[features.peers]
other = { answer = "partly", note = "no | way", cite = "other/core.py: Loop; https://example.org/1." }
"""
RESULTS = """
{"results": [
    {"race": {"title": "a race, quick", "series": null}},
    {"race": {"title": "a race of 10", "series": "races of many"}}
]}
"""
TEST = """
def test_plain(): ...

class TestIt:
    async def test_tries_again(self): ...

    def helper(self): ...
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one table, one test, one race and one page."""
    texts = {
        "docs/comparisons/it.toml": TABLE,
        "docs/benchmarks/results.json": RESULTS,
        "docs/pages/it/limits.md": "# it: limits\n",
        "tests/test_it.py": TEST,
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    return tmp_path


def made(root: Path, old: str, new: str) -> comparisons.Comparison:
    """The table with something else in it."""
    assert old in TABLE
    file = root / "docs" / "comparisons" / "it.toml"
    file.write_text(TABLE.replace(old, new), "utf-8")
    return comparisons.read(file)


class TestTables:
    @pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
    def test_every_answer_of_ours_is_shown_by_something_that_exists(self, file: Path) -> None:
        assert list(comparisons.unshown(comparisons.read(file), WORKSPACE.root)) == []

    @pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
    def test_a_table_has_peers_and_rows_to_decide_by_and_admits_a_lack(self, file: Path) -> None:
        table = comparisons.read(file)

        assert 2 <= len(table.peers) <= 6
        assert 8 <= len(table.features) <= 20
        assert {"yes"} < {feature.ours.answer for feature in table.features}

    def test_each_belongs_to_a_wheel(self) -> None:
        assert FILES.keys() <= {*WHEELS}

    def test_the_page_over_all_leads_to_each(self) -> None:
        made = dict(comparisons.pages(WORKSPACE))

        assert [name for name in FILES if f"({name}/compared.md)" not in made["compared.md"]] == []


class TestForm:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("checked = 2026-11-28", 'checked = "today"', "checked"),
            ('answer = "yes"', 'answer = "maybe"', "maybe"),
            ('note = "no | way"', 'note = ""', "needs a note"),
            ("note =", "notes =", "notes"),
            (', cite = "other/core.py: Loop; https://example.org/1."', "", "cite"),
            ("shown =", "cite =", "cite"),
            (f'shown = "{SHOWN}"', "shown = []", "length >= 1"),
            ("other = {", "others = {", "other, others"),
            ('version = "1.2"', "", "version"),
            ("https://example.org/other", "example.org", "home"),
            ("[[features]]", "[[features]]\nname = 'twice'\n", "it.toml"),
        ],
    )
    def test_what_is_not_so_is_refused_with_its_place(
        self, root: Path, old: str, new: str, told: str
    ) -> None:
        with pytest.raises(ValueError, match=r"^it\.toml: ") as refused:
            made(root, old, new)

        assert told in str(refused.value)

    def test_two_rows_of_one_name_are_refused(self, root: Path) -> None:
        row = TABLE[TABLE.index("[[features]]") :]

        with pytest.raises(ValueError, match="two features have one name"):
            made(root, row, row * 2)


class TestShown:
    @pytest.mark.parametrize(
        "shown",
        [SHOWN, "tests/test_it.py::test_plain", "bench: a race, quick", "bench: races of many"],
    )
    def test_a_test_or_a_race_shows_an_answer(self, root: Path, shown: str) -> None:
        assert list(comparisons.unshown(made(root, SHOWN, shown), root)) == []

    @pytest.mark.parametrize(
        ("shown", "fault"),
        [
            ("tests/test_it.py::test_tries_again", "no such test in tests/test_it.py"),
            ("tests/test_it.py::TestIt::helper", "no such test in tests/test_it.py"),
            ("tests/test_it.py", "no such test in tests/test_it.py"),
            ("tests/test_that.py::test_plain", "no such file: tests/test_that.py"),
            ("bench: a race", "no such race in results.json: a race"),
            ("docs: it/limits.md", "a page alone shows nothing"),
        ],
    )
    def test_what_does_not_exist_is_found(self, root: Path, shown: str, fault: str) -> None:
        [told] = comparisons.unshown(made(root, SHOWN, shown), root)

        assert told.startswith(f"Tries *again*: {fault}")

    def test_a_row_of_several_parts_is_shown_by_several_of_them(self, root: Path) -> None:
        both = f'shown = ["{SHOWN}", "tests/test_it.py::test_other"]'

        told = list(comparisons.unshown(made(root, f'shown = "{SHOWN}"', both), root))

        assert told == ["Tries *again*: no such test in tests/test_it.py: test_other"]

    @pytest.mark.parametrize(
        ("page", "faults"),
        [
            ("it/limits.md#one", []),
            ("it/others.md", ["Tries *again*: no such page: it/others.md"]),
        ],
    )
    def test_a_page_shows_that_we_have_less(self, root: Path, page: str, faults: list[str]) -> None:
        table = made(root, f'"yes", shown = "{SHOWN}"', f'"no", shown = "docs: {page}"')

        assert list(comparisons.unshown(table, root)) == faults


class TestPage:
    @pytest.fixture
    def page(self, root: Path) -> str:
        own = workspace.Workspace(root=root, packages={})
        return dict(comparisons.pages(own))["it/compared.md"]

    def test_says_when_and_against_what(self, page: str) -> None:
        assert "28 November 2026 against [other](https://example.org/other) 1.2." in page

    def test_a_cell_is_a_word_and_a_sign_that_is_not_read_aloud(self, page: str) -> None:
        mark = '<span aria-hidden="true">{}</span> {}'
        cells = [r"Tries \*again\*", mark.format("✓", "yes")]

        assert f"| {' | '.join(cells)} | {mark.format('◐', 'partly')}: no \\| way |" in page

    def test_what_shows_an_answer_is_a_link_to_its_line(self, page: str) -> None:
        assert "[tries again](" in page
        assert "/tests/test_it.py#L5)" in page

    def test_a_race_of_a_series_is_a_link_to_the_series(self, root: Path) -> None:
        made(root, SHOWN, "bench: a race of 10")
        own = workspace.Workspace(root=root, packages={})

        page = dict(comparisons.pages(own))["it/compared.md"]

        assert "[a race of 10](../benchmarks.md#races-of-many)" in page

    def test_addresses_in_a_citation_are_links_without_what_follows(self, page: str) -> None:
        assert "other/core.py: Loop; <https://example.org/1>." in page
