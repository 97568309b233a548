"""Values to write as seeds, and types to read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypedDict
from uuid import UUID

import msgspec
import numpy as np
import pydantic

PLAIN: Final[list[Any]] = [
    None,
    True,
    0,
    -1,
    2**63,
    -0.0,
    1.5,
    "",
    "aé😀\n\t",
    [],
    {},
    [1, [2, [3, {"a": {"b": [None, False]}}]]],
    {"id": 7, "name": "Ada", "tags": ["x", "y"], "score": 1e-7},
    [{"id": n, "name": f"user_{n}", "ok": n % 2 == 0, "at": n / 3} for n in range(12)],
]
RICH: Final[list[Any]] = [
    b"\0\xff",
    2**70,
    float("nan"),
    dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC),
    dt.datetime(2026, 1, 2, 3, 4, 5, fold=1),  # noqa: DTZ001
    dt.date(2026, 1, 2),
    dt.time(1, 2, 3),
    dt.timedelta(1, 2, 3),
    Decimal("1.10"),
    UUID(int=7),
    (1, (2,)),
    {1, 2},
    frozenset({"a"}),
    1 + 2j,
    {(1, 2): "pair", None: 3, b"k": 4},
    PurePosixPath("/a/b"),
    np.arange(6, dtype="<i2").reshape(2, 3),
    np.float32(1.5),
]


NOBODY: Final = UUID(int=0)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class User:
    name: str
    born: dt.date | None = None
    id: UUID = NOBODY
    balance: Decimal = Decimal(0)
    colors: list[Color] = field(default_factory=list)
    home: Path = Path("/")
    wait: dt.timedelta = dt.timedelta(0)
    key: bytes = b""
    seen: dt.datetime | None = None
    friends: list[User] = field(default_factory=list)


class Row(TypedDict, total=False):
    id: int
    tags: set[str]
    pair: tuple[int, float]


class Point(msgspec.Struct):
    x: int
    y: float = 0.0


class Model(pydantic.BaseModel):
    id: int
    name: str = ""
    at: dt.datetime | None = None
    price: Decimal = Decimal(1)
    inner: list[Model] = []
    data: bytes = b""


TYPES: Final[list[Any]] = [
    User,
    Row,
    Point,
    Model,
    list[int],
    dict[str, list[float]],
    dict[int, Point],
    set[tuple[int, str]],
    dt.datetime,
    dt.timedelta,
    Decimal,
    UUID,
    bytes,
    Color,
    int | str | None,
    list[Model],
    dict[str, Model | None],
    tuple[Model, ...],
]
