"""What holds for all configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pepperpy.infra.config import BaseConfig, ConfigRegistry


class Leaf(BaseConfig):
    x: int = 0
    y: str = "y"


class Branch(BaseConfig):
    n: int = 0
    leaf: Leaf = Leaf(x=7)
    table: dict[str, int] = Field({})
    items: list[int] = Field([])


class Root(BaseConfig):
    text: str = "t"
    flag: bool = False
    ratio: float = 0.5
    branch: Branch = Branch()
    maybe: Leaf | None = None


# TOML has no place for other control characters, YAML and JSON write them in their own ways.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
INTEGER = st.integers(-(2**31), 2**31)
LEAF = st.fixed_dictionaries({}, optional={"x": INTEGER, "y": TEXT})
BRANCH = st.fixed_dictionaries(
    {},
    optional={
        "n": INTEGER,
        "leaf": LEAF,
        "table": st.dictionaries(st.sampled_from("abc"), INTEGER, max_size=3),
        "items": st.lists(INTEGER, max_size=3),
    },
)
ROOT = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXT,
        "flag": st.booleans(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "branch": BRANCH,
        "maybe": LEAF,
    },
)


def registry(**options: Any) -> ConfigRegistry:
    made = ConfigRegistry(**{"file": None, "dotenv": None, "environ": {}, **options})
    made.register("root", Root)
    return made


def over(lower: Any, upper: Any) -> Any:
    """The plain meaning of "leaf by leaf"."""
    if not (isinstance(lower, dict) and isinstance(upper, dict)):
        return upper
    return {**lower, **{key: over(lower.get(key), value) for key, value in upper.items()}}


def flat(data: Any, prefix: str) -> dict[str, str]:
    """The variables that say what *data* says."""
    if isinstance(data, dict):
        found: dict[str, str] = {}
        for key, value in data.items():
            found |= flat(value, f"{prefix}__{key.upper()}")
        return found or {prefix: "{}"}
    return {prefix: data if isinstance(data, str) else json.dumps(data)}


def environ_of(data: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in data.items():
        found |= flat(value, f"PEPPERPY_ROOT_{key.upper()}")
    return found


def toml_of(data: Any) -> str:
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key} = {toml_of(value)}" for key, value in data.items()) + "}"
    if isinstance(data, str):
        return '"' + data.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(data, list):
        return "[" + ", ".join(map(toml_of, data)) + "]"
    return str(data).lower() if isinstance(data, bool) else repr(data)


@given(ROOT)
def test_a_layer_alone_is_laid_over_the_defaults(data: dict[str, Any]) -> None:
    own = registry()
    own.set_config("root", data)

    expected = over(Root().to_dict(), data)
    if expected["maybe"] is not None:
        expected["maybe"] = over(Leaf().to_dict(), expected["maybe"])
    assert own.get_config("root", Root).to_dict() == expected


@given(ROOT, ROOT, ROOT)
def test_layers_one_by_one_are_as_their_merge(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    several, single = registry(), registry()
    for data in (one, two, three):
        several.set_config("root", data)
    single.set_config("root", over(over(one, two), three))

    assert several.get_config("root") == single.get_config("root")


@given(ROOT)
def test_a_layer_twice_is_as_once(data: dict[str, Any]) -> None:
    once, twice = registry(), registry()
    once.set_config("root", data)
    for _ in range(2):
        twice.set_config("root", data)

    assert once.get_config("root") == twice.get_config("root")


@given(ROOT)
def test_variables_say_the_same_as_a_mapping(data: dict[str, Any]) -> None:
    by_mapping = registry()
    by_mapping.set_config("root", data)

    by_variables = registry(environ=environ_of(data)).get_config("root")

    assert by_variables == by_mapping.get_config("root")


@given(ROOT)
def test_all_formats_say_the_same(data: dict[str, Any]) -> None:
    texts = {
        "x.toml": f"root = {toml_of(data)}\n",
        "x.yaml": yaml.safe_dump({"root": data}, allow_unicode=True),
        "x.json": json.dumps({"root": data}),
    }
    found: list[Any] = []
    for name, text in texts.items():
        Path(name).write_text(text, encoding="utf-8", newline="\n")
        found.append(registry(file=name).get_config("root"))

    assert found[0] == found[1] == found[2] == Root.from_dict(data)


@given(ROOT, ROOT)
def test_the_origin_is_the_highest_layer_that_says_something(
    lower: dict[str, Any], upper: dict[str, Any]
) -> None:
    Path("x.json").write_text(json.dumps({"root": lower}))
    own = registry(file="x.json")
    own.set_config("root", upper)

    for row in own.explain_config("root"):
        parts = row.path.split(".")
        expected = "default"
        for origin, layer in (("x.json:1", lower), ("set_config", upper)):
            value: Any = layer
            for part in parts:
                value = value.get(part) if isinstance(value, dict) else None
            if value is not None:
                expected = origin
        if not isinstance(getattr(own.get_config("root"), parts[0]), (list, dict)):
            assert row.origin == expected or row.value in ("{}", "[]", "None")
