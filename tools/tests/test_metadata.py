"""Metadata that differs from the settings or the README of a wheel is found."""

from __future__ import annotations

from typing import Any

import pytest

from tools import metadata
from tools import workspace as ws

GOOD = """Metadata-Version: 2.4
Name: pepperpy-infra-cache
Version: 1.2.0
Summary: Made up
Project-URL: Source, https://example.org
Project-URL: Changelog, https://example.org/packages/pepperpy-infra-cache/CHANGELOG.md
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.11
Requires-Dist: pepperpy-infra-utils<2,>=1.0
Provides-Extra: file
Requires-Dist: pepperpy-infra-storage[postgres]<2,>=1.2; extra == 'file'
Description-Content-Type: text/markdown

# Cache

[More](https://example.org/more), and [below](#below).
"""


@pytest.fixture
def cache(repository: Any) -> ws.Package:
    repository.wheel(
        "cache",
        "pepperpy-infra-utils>=1.0,<2",
        extras='file = ["pepperpy-infra-storage[postgres]>=1.2,<2"]',
    )
    readme = GOOD.partition("\n\n")[2]
    repository.write("packages/pepperpy-infra-cache/README.md", readme)
    return ws.load(repository.root).packages["pepperpy-infra-cache"]


def test_metadata_that_says_what_the_settings_say_passes(cache: ws.Package) -> None:
    assert metadata.faults(cache, GOOD) == []


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        ("Name: pepperpy-infra-cache", "Name: cache", "has Name: cache"),
        ("Version: 1.2.0", "Version: 1.3.0", "has Version: 1.3.0, not 1.2.0"),
        ("Summary: Made up", "Summary: Other", "has Summary: Other"),
        ("License-Expression: MIT\n", "", "has License-Expression: None, not MIT"),
        ("License-File: LICENSE\n", "", "has License-File: None"),
        ("Requires-Python: >=3.11", "Requires-Python: >=3.9", "has Requires-Python: >=3.9"),
        ("text/markdown", "text/x-rst", "has Description-Content-Type: text/x-rst"),
        ("infra-cache/CHANGELOG.md", "infra/CHANGELOG.md", "has no link to the changelog"),
        (
            "Requires-Dist: pepperpy-infra-utils<2,>=1.0\n",
            "",
            "lacks the need pepperpy-infra-utils",
        ),
        ("utils<2,>=1.0", "utils<3,>=1.0", "has the need pepperpy-infra-utils<3,>=1.0"),
        ("[postgres]", "", "lacks the need of its extra 'file' pepperpy-infra-storage[postgres]"),
        ("# Cache", "# Other", "has another description"),
    ],
)
def test_a_planted_difference_is_found(
    cache: ws.Package, line: str, instead: str, told: str
) -> None:
    assert line in GOOD

    faults = metadata.faults(cache, GOOD.replace(line, instead))

    assert any(told in fault for fault in faults)


def test_a_link_that_leads_nowhere_on_an_index_is_found(cache: ws.Package) -> None:
    page = "# Cache\n\n[How](docs/how.md)\n"
    cache.folder.joinpath("README.md").write_text(page, "utf-8")

    (fault,) = metadata.faults(cache, GOOD.partition("\n\n")[0] + "\n\n" + page)

    assert "a link to docs/how.md" in fault
