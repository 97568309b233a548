"""`type=` makes what was read into what the program wants, or says which place does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypedDict
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from pepperpy.infra.serialization import (
    JSONSerializer,
    SerializationError,
    SerializerConfig,
    get_serializer,
)

FORMATS = pytest.mark.parametrize("kind", ["json", "msgpack"])


class Color(Enum):
    RED = "red"


NOBODY = UUID(int=0)


@dataclass
class User:
    name: str
    born: date
    id: UUID = NOBODY
    balance: Decimal = Decimal(0)
    colors: list[Color] = field(default_factory=list)
    home: Path = Path("/")
    wait: timedelta = timedelta(0)
    key: bytes = b"\xff"
    seen: datetime | None = None


class Row(TypedDict):
    id: int
    tags: set[str]


class Point(msgspec.Struct):
    x: int
    y: int


@attrs.define
class Box:
    size: float


class Model(pydantic.BaseModel):
    name: str
    at: datetime
    key: bytes = b"k"
    parts: dict[int, set[str]] = {}


class Strict(pydantic.BaseModel, strict=True):
    at: datetime


@dataclass
class Holder:
    model: Model


NOW = datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
VALUES: list[tuple[Any, Any]] = [
    (User("ana", date(2000, 1, 2), UUID(int=7), Decimal("1.10"), [Color.RED], Path("a"), timedelta(hours=1), b"\x00", NOW), User),
    ({"id": 1, "tags": {"a"}}, Row),
    (Point(1, 2), Point),
    (Box(1.5), Box),
    (Model(name="a", at=NOW, parts={1: {"x"}}), Model),
    (Strict(at=NOW), Strict),
    ([Model(name="a", at=NOW)], list[Model]),
    (Holder(Model(name="a", at=NOW)), Holder),
    ((1, "a"), tuple[int, str]),
    (Color.RED, Color),
    ({1: 2}, dict[int, int]),
    (2**100, Any),
]  # fmt: skip


class TestTypes:
    @FORMATS
    @pytest.mark.parametrize(
        ("value", "wanted"), VALUES[:-1], ids=lambda each: getattr(each, "__name__", "")
    )
    def test_a_value_comes_back_as_its_type(self, kind: str, value: Any, wanted: Any) -> None:
        serializer = get_serializer(kind)

        read = serializer.deserialize(serializer.serialize(value), wanted)

        assert (read, type(read)) == (value, type(value))

    @FORMATS
    @pytest.mark.parametrize(
        "config",
        [
            SerializerConfig(strict=True),
            SerializerConfig(tagged=True),
            SerializerConfig(max_depth=9),
        ],
    )
    def test_also_under_other_rules(self, kind: str, config: SerializerConfig) -> None:
        serializer = get_serializer(kind, config)

        assert serializer.deserialize(serializer.serialize(Point(1, 2)), Point) == Point(1, 2)

    @FORMATS
    @pytest.mark.parametrize(
        ("value", "wanted", "place"),
        [
            ({"x": 1, "y": "secret"}, Point, r"\$\.y"),
            ([1, "secret"], list[int], r"\$\[1\]"),
            ({"name": "a", "at": "secret"}, Model, "at"),
        ],
        ids=["struct", "list", "model"],
    )
    def test_what_does_not_fit_is_an_error_with_the_place_and_without_the_value(
        self, kind: str, value: Any, wanted: Any, place: str
    ) -> None:
        serializer = get_serializer(kind)

        with pytest.raises(SerializationError, match=f"the data is no .*{place}") as caught:
            serializer.deserialize(serializer.serialize(value), wanted)

        assert "secret" not in str(caught.value)

    @FORMATS
    def test_a_type_that_data_cannot_become_is_an_error(self, kind: str) -> None:
        serializer = get_serializer(kind)

        with pytest.raises(SerializationError):
            serializer.deserialize(serializer.serialize({}), JSONSerializer)

    @pytest.mark.parametrize("wanted", [Any, Model, Point, list[int]])
    def test_what_is_no_json_is_said_before_what_does_not_fit(self, wanted: Any) -> None:
        with pytest.raises(SerializationError, match="this is no JSON"):
            get_serializer("json").deserialize(b'{"x":', wanted)

    def test_a_model_is_not_read_from_what_only_pydantic_takes_for_json(self) -> None:
        with pytest.raises(SerializationError, match="this is no JSON"):
            get_serializer("json").deserialize(b"[NaN]", list[pydantic.RootModel[float]])
