"""Every Python block of every README runs as it stands, the blocks of one page in one program."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from docs.building import blocks

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]


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


def test_the_first_readme_has_a_row_for_every_package() -> None:
    text = READMES[0].read_text("utf-8")

    missing = [path.parent.name for path in READMES[1:] if f"| `{path.parent.name}` |" not in text]

    assert missing == []
