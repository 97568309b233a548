"""Every Python block of every README runs as it stands, the blocks of one page in one program."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_python_of_a_readme_runs(page: Path, tmp_path: Path) -> None:
    program = "\n".join(BLOCK.findall(page.read_text("utf-8")))

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert program
    assert done.returncode == 0, done.stderr


def test_the_first_readme_shows_its_example_within_35_lines() -> None:
    text = PAGES[0].read_text("utf-8")

    end = next(BLOCK.finditer(text)).end()

    assert text[:end].count("\n") < 35


@pytest.mark.parametrize(
    "folder", [path.parent for path in PAGES if path.parent.name.startswith("pepperpy-infra-")]
)
def test_a_readme_names_every_public_name_of_its_package(folder: Path) -> None:
    module = import_module("pepperpy.infra." + folder.name.removeprefix("pepperpy-infra-"))
    text = (folder / "README.md").read_text("utf-8")

    missing = [name for name in module.__all__ if not re.search(rf"\b{name}\b", text)]

    assert missing == []
