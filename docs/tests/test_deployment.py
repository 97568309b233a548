"""What the page about deployment refers to is there."""

from __future__ import annotations

import re

from tools import workspace

ROOT = workspace.load().root
PAGE = (ROOT / "docs" / "pages" / "deployment.md").read_text("utf-8")
FILES = [*ROOT.glob("tests-integration/test_*.py"), *ROOT.glob("packages/*/tests/test_*.py")]


def test_every_test_that_it_names_exists() -> None:
    defined = {
        name for file in FILES for name in re.findall(r"def (test_\w+)\(", file.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))

    assert len(named) > 30
    assert named - defined == set()


def test_every_file_of_tests_that_it_names_exists() -> None:
    ends = {f"/{file.relative_to(ROOT).as_posix()}" for file in FILES}
    named = set(re.findall(r"`([\w/]*test_\w+\.py)`", PAGE))

    assert named
    assert [each for each in named if not any(end.endswith(each) for end in ends)] == []
