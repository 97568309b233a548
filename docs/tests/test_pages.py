"""The written pages: their Python runs, each package has its pages, and indexes are complete."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from docs.building import blocks, pages, surface
from tools import workspace

WORKSPACE = workspace.load()
PACKAGES = pages.in_order(WORKSPACE)
WRITTEN = WORKSPACE.root / "docs" / "pages"
# The facade has a reference alone: what it offers is explained where it comes from.
EXPECTED = [
    WRITTEN / str(package.portion) / f"{page}.md"
    for package in PACKAGES
    if package.portion
    for page in ("index", "how-to", "explanation", "testing", "coming-from")
]
CHAPTERS = [WRITTEN / path for path in pages.tutorial(WRITTEN)]
ERRORS = [error for package in PACKAGES for error in surface.errors(package)]


def with_python(texts: dict[Path, str]) -> list[Path]:
    return [path for path, text in texts.items() if "```python" in text]


def relative(path: Path) -> str:
    return path.relative_to(WRITTEN).as_posix()


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in with_python(
            {path: path.read_text("utf-8") for path in sorted(WRITTEN.rglob("*.md"))}
        )
        if page not in CHAPTERS
    ],
    ids=relative,
)
def test_the_python_of_a_page_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path
) -> None:
    done = blocks.run(page, tmp_path)

    assert done.returncode == 0, done.stderr


class TestTutorial:
    def test_the_chapters_are_one_program_that_prints_what_they_say(self, tmp_path: Path) -> None:
        *before, last = CHAPTERS

        # Again, as whoever adds the next block and runs the file once more.
        for _ in range(2):
            done = blocks.run(last, tmp_path, after=before)

            assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("chapter", CHAPTERS, ids=relative)
    def test_a_chapter_shows_something_at_work(self, chapter: Path) -> None:
        assert any(block.prints for block in blocks.blocks_of(chapter.read_text("utf-8")))

    def test_each_chapter_leads_to_the_next(self) -> None:
        missing = [
            chapter.name
            for chapter, after in pairwise(CHAPTERS)
            if f"({after.name})" not in chapter.read_text("utf-8")
        ]

        assert missing == []


def test_the_python_of_the_error_index_runs(tmp_path: Path) -> None:
    page = tmp_path / "errors.md"
    page.write_text(pages.errors_page(WORKSPACE), "utf-8")
    folder = tmp_path / "empty"
    folder.mkdir()

    done = blocks.run(page, folder)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", EXPECTED, ids=relative)
def test_a_package_has_the_page(page: Path) -> None:
    assert page.is_file()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_menu_leads_to_every_page_of_a_package(package: workspace.Package) -> None:
    name = pages.short(package)
    written = {f"{name}/{path.name}" for path in (WRITTEN / name).glob("*.md")}

    listed = set(leaves(pages.navigation(WORKSPACE, WRITTEN)))

    assert {f"reference/{name}.md", f"changelogs/{name}.md", *written} <= listed


def leaves(entry: object) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [leaf for each in inner for leaf in leaves(each)]


@pytest.fixture(scope="module")
def error_index() -> str:
    return pages.errors_page(WORKSPACE)


class TestErrorIndex:
    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.kind.__name__)
    def test_an_error_stands_under_its_code(
        self, error: surface.ErrorClass, error_index: str
    ) -> None:
        assert error_index.count(f"{{#{error.code}}}") == 1

    def test_no_two_errors_share_a_code(self) -> None:
        kinds: dict[str, set[type]] = {}
        for error in ERRORS:
            kinds.setdefault(error.code, set()).add(error.kind)

        assert {code: found for code, found in kinds.items() if len(found) > 1} == {}

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.kind.__name__)
    def test_a_code_is_words_with_hyphens_and_the_class_has_its_own(
        self, error: surface.ErrorClass
    ) -> None:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", error.code)
        assert "code" in vars(error.kind)

    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.kind.__name__)
    def test_the_docstring_tells_of_every_attribute(self, error: surface.ErrorClass) -> None:
        told = "\n".join(
            base.__doc__ or "" for base in error.kind.__mro__ if base.__module__ != "builtins"
        )

        assert [name for name in error.attributes if f"*{name}*" not in told] == []


class TestRunner:
    def test_a_block_that_prints_something_else_is_an_error(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n", "utf-8")

        done = blocks.run(page, tmp_path)

        assert done.returncode == 1
        assert f"{page}:1: the block prints" in done.stderr

    def test_three_dots_stand_for_anything(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("```python\nprint('in 0.3 s')\n```\n```text\nin ... s\n```\n", "utf-8")

        assert blocks.run(page, tmp_path).returncode == 0

    def test_a_traceback_shows_the_line_of_the_page(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("# Title\n\n- item\n\n  ```python\n  1 / 0\n  ```\n", "utf-8")

        done = blocks.run(page, tmp_path)

        assert f'File "{page}", line 6' in done.stderr

    def test_blocks_share_their_names_and_tests_among_them_are_called(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        first, second = "wanted = 2", "def test_it():\n    assert wanted == 3"
        page.write_text(f"```python\n{first}\n```\n\n```python\n{second}\n```\n", "utf-8")

        done = blocks.run(page, tmp_path)

        assert "assert wanted == 3" in done.stderr

    def test_a_block_with_a_title_is_a_file(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        file = '```toml title="my.toml"\nx = 1\n```\n'
        code = "from pathlib import Path\nprint(Path('my.toml').read_text())"
        page.write_text(f"{file}\n```python\n{code}\n```\n\n```text\nx = 1\n\n```\n", "utf-8")

        done = blocks.run(page, tmp_path)

        assert done.returncode == 0, done.stderr

    def test_a_file_that_is_shown_can_be_imported(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        module = '```{.python title="mine.py"}\nx = 1\n```\n'
        page.write_text(f"{module}\n```python\nimport mine\nassert mine.x == 1\n```\n", "utf-8")

        done = blocks.run(page, tmp_path)

        assert done.returncode == 0, done.stderr

    def test_a_page_goes_on_from_those_before_it(self, tmp_path: Path) -> None:
        first, second = tmp_path / "first.md", tmp_path / "second.md"
        first.write_text("```python\nx = 1\n```\n", "utf-8")
        second.write_text("```python\nprint(x)\n```\n\n```text\n1\n```\n", "utf-8")

        assert blocks.run(second, tmp_path, after=[first]).returncode == 0
        assert "NameError" in blocks.run(second, tmp_path).stderr

    def test_a_warning_is_an_error(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("```python\nimport warnings\nwarnings.warn('old')\n```\n", "utf-8")

        assert "UserWarning: old" in blocks.run(page, tmp_path).stderr
