"""The table of round trips in the README says what happens, cell by cell."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import numpy as np
import pydantic
import pytest

from pepperpy.infra.serialization import SerializationError, SerializerConfig, get_serializer

README = Path(__file__).parents[1] / "README.md"


class Color(enum.Enum):
    RED = "red"


@dataclass
class Fields:
    a: int = 1


@attrs.define
class Defined:
    a: int = 1


class Model(pydantic.BaseModel):
    a: int = 1


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES: dict[str, tuple[Any, ...]] = {
    "`None`, `bool`, `int` of 64 bits, `str`": (None, True, -(2**63), 2**63, "", "é😀", "no", "null", "1"),
    "`list`, `dict` with text as keys": ([], [[1], {}], {}, {"a": {"b": [None]}, "": 1}),
    "longer `int`": (2**64, -(2**200)),
    "`float`": (0.1, -0.0, 5e-324, 1e16, 1.7976931348623157e308),
    "NaN, infinity": (math.nan, math.inf, -math.inf),
    "`bytes`": (b"", b"\x00\xff"),
    "`datetime` with an offset": (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=-5))),),
    "`datetime` in UTC": (datetime(2024, 1, 2, 3, 4, 5, 6, UTC),),
    "`datetime` without offset": (datetime.fromisoformat("2024-01-02T03:04:05.000006"),),
    "`date`": (date(2024, 1, 2),),
    "`time`, `timedelta`, `Decimal`, `UUID`": (time(1, 2), timedelta(1), Decimal("1.10"), UUID(int=1)),
    "`Path`": (Path("a"),),
    "member of an `Enum`": (Color.RED,),
    "`tuple`, `set`, `frozenset`": ((1, "a"), {1}, frozenset([1])),
    "`complex`": (1 + 2j,),
    "dataclass, attrs, pydantic": (Fields(), Defined(), Model()),
    "scalar of numpy": (np.int64(1), np.float64(0.5)),
    "array of numpy": (np.arange(3), np.ones((2, 2))),
    "`int` or `None` as key": ({1: 2}, {None: 1}),
    "half a surrogate pair": (chr(0xD800),),
    "500 levels": (nested(500),),
    "501 levels": (nested(501),),
}  # fmt: skip
TAGGED = SerializerConfig(tagged=True)
COLUMNS = {
    "JSON": get_serializer("json"),
    "JSON, tagged": get_serializer("json", TAGGED),
    "MessagePack": get_serializer("msgpack"),
    "MessagePack, tagged": get_serializer("msgpack", TAGGED),
    "YAML": get_serializer("yaml"),
    "XML": get_serializer("xml"),
    "pickle": get_serializer("pickle"),
}
WORDS = {
    str: "text",
    type(None): "null",
    list: "list",
    dict: "dict",
    int: "number",
    float: "number",
}


def identity(value: Any) -> Any:
    """What must be the same for a value to be the same."""
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value), value.dtype.str, value.tolist()
    if isinstance(value, dict):
        return [(identity(key), identity(item)) for key, item in value.items()]
    return type(value), repr(value) if not isinstance(value, list) else str(value)


def outcome(value: Any, column: str) -> str:
    serializer = COLUMNS[column]
    try:
        read = serializer.deserialize(serializer.serialize(value))
    except SerializationError:
        return "error"
    if identity(read) == identity(value):
        return "exact"
    if isinstance(read, datetime):
        return "UTC" if read == value else "another moment"
    if isinstance(read, dict) and isinstance(value, dict):
        return "text"  # its keys
    return WORDS[type(read)]


def table() -> dict[tuple[str, str], str]:
    lines = [line for line in README.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    (start,) = [at for at, row in enumerate(rows) if row[1:] == list(COLUMNS)]
    body = rows[start + 1 : start + 1 + len(VALUES)]
    return {
        (row[0], column): cell
        for row in body
        for column, cell in zip(COLUMNS, row[1:], strict=True)
    }


class TestTable:
    def test_has_a_row_for_every_kind_of_value(self) -> None:
        assert {row for row, _ in table()} == set(VALUES)

    @pytest.mark.parametrize("column", COLUMNS)
    @pytest.mark.parametrize("row", VALUES)
    def test_a_cell_says_what_happens(self, row: str, column: str) -> None:
        told = table()[row, column]
        outcomes = {outcome(value, column) for value in VALUES[row]}

        # How deep a pickle may be is up to the Python.
        assert outcomes == {told} if told != "engine" else outcomes <= {"exact", "error"}
