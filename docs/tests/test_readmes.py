"""Every Python block of every README runs as it stands, the blocks of one page in one program."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.building import blocks
from tools import workspace

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]
OTHERS = [ROOT / ".github" / name for name in ("CONTRIBUTING.md", "SECURITY.md")]
PAGES = [ROOT / "docs" / "pages" / name for name in ("house.md", "versions.md")]
SOURCE = "https://github.com/pepperpy/pepperpy-infra/blob/main/"


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.parent.name)
def test_the_python_of_a_readme_runs(page: Path, tmp_path: Path) -> None:
    done = blocks.run(page, tmp_path)

    assert blocks.blocks_of(page.read_text("utf-8"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.parent.name)
def test_a_readme_shows_its_first_example_within_35_lines(page: Path) -> None:
    first = blocks.blocks_of(page.read_text("utf-8"))[0]

    assert first.line + first.code.count("\n") < 35


@pytest.mark.parametrize(
    "folder", [path.parent for path in READMES if path.parent.name.startswith("pepperpy-infra-")]
)
def test_a_readme_names_every_public_name_of_its_package(folder: Path) -> None:
    module = import_module("pepperpy.infra." + folder.name.removeprefix("pepperpy-infra-"))
    text = (folder / "README.md").read_text("utf-8")

    missing = [name for name in module.__all__ if not re.search(rf"\b{name}\b", text)]

    assert missing == []


@pytest.mark.parametrize("page", READMES[1:], ids=lambda page: page.parent.name)
class TestSkeleton:
    """What, how to install it, an example, what it replaces, and where there is more."""

    def test_a_readme_says_how_to_install_it_before_its_first_example(self, page: Path) -> None:
        head = page.read_text("utf-8").partition("```python")[0]

        assert head.startswith(f"# {page.parent.name}\n\n")
        assert f"```console\npip install {page.parent.name}" in head

    def test_it_says_before_that_what_it_replaces(self, page: Path) -> None:
        head = page.read_text("utf-8").partition("```")[0]

        replaces = re.search(r"^(It|They) replaces? ", head, re.MULTILINE)
        assert replaces or page.parent.name == workspace.FACADE

    def test_it_ends_with_links_to_the_guide_and_the_changelog(self, page: Path) -> None:
        end = page.read_text("utf-8").rpartition("\n## ")[2]

        assert end.startswith("More\n")
        assert f"/packages/{page.parent.name}/CHANGELOG.md)" in end
        assert "/docs/pages/" in end


@pytest.mark.parametrize(
    "page", [*READMES, *OTHERS], ids=lambda page: f"{page.parent.name}-{page.stem}"
)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!#)([^)\s#]+)", page.read_text("utf-8"))
    ours = [link.removeprefix(SOURCE) for link in links if link.startswith(SOURCE)]
    near = [link for link in links if not re.match(r"\w+:", link)]

    missing = [link for link in ours if not (ROOT / link).exists()]
    missing += [link for link in near if not (page.parent / link).exists()]

    assert missing == []


@pytest.mark.parametrize("page", [READMES[0], *OTHERS, *PAGES], ids=lambda page: page.name)
def test_every_session_that_a_page_names_exists(page: Path) -> None:
    sessions = set(
        re.findall(
            r"^def (\w+)\(session: nox", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
        )
    )
    scopes = {*workspace.load().packages, *workspace.SHARED}

    named = re.findall(r"nox -s \"?(\w+)(?:\(([\w-]+)\))?", page.read_text("utf-8"))

    assert named or page.name == "SECURITY.md"
    assert [
        pair for pair in named if pair[0] not in sessions or (pair[1] and pair[1] not in scopes)
    ] == []


def test_the_folders_that_a_new_contributor_is_sent_to_exist() -> None:
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")

    named = re.findall(r"\b((?:packages|docs)/[\w/-]+\w)(?=[`/ ])", text)

    assert "packages/pepperpy-infra-metrics" in named
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


def test_the_first_readme_has_a_row_for_every_package() -> None:
    text = READMES[0].read_text("utf-8")

    missing = [path.parent.name for path in READMES[1:] if f"| `{path.parent.name}` |" not in text]

    assert missing == []
