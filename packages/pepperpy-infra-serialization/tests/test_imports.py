"""What is loaded only by whoever needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("asyncio", "decimal", "hashlib", "msgpack", "numpy", "pydantic", "xml", "yaml", "zoneinfo")


def loaded(code: str) -> set[str]:
    shown = f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_engine_but_that_of_pickle() -> None:
    assert loaded("import pepperpy.infra.serialization") == set()


@pytest.mark.parametrize(
    ("use", "engines"),
    [
        ("deserialize_yaml('a: 1')", {"yaml"}),
        ("serialize_yaml({'a': 1})", {"yaml"}),
        ("deserialize_xml(serialize_xml({'a': 1}))", {"xml"}),
        ("deserialize_pickle(serialize_pickle({'a': 1}))", set()),
    ],
)
def test_a_format_loads_its_own_engine_alone(use: str, engines: set[str]) -> None:
    ours = loaded(f"from pepperpy.infra.serialization import *\n{use}")

    assert ours & {"yaml", "xml", "numpy", "pydantic", "asyncio", "msgpack"} == engines
