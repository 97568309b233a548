from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from math import inf, isnan, nan
from pathlib import Path
from typing import Any, TypedDict
from uuid import UUID

import attrs
import msgspec
import numpy as np
import pydantic
import pytest
import yaml

from pepperpy.infra.serialization import (
    DepthError,
    SerializationError,
    SerializerConfig,
    YAMLSerializer,
    deserialize_yaml,
    iter_yaml,
    serialize_yaml,
)


class Color(Enum):
    RED = "red"


class Word(str):
    pass


@dataclass
class Point:
    x: int
    y: Any


@attrs.define
class Size:
    width: int


class Name(msgspec.Struct, rename="camel", tag="name"):
    first_name: str


class Model(pydantic.BaseModel):
    id: int


class Row(TypedDict):
    id: int


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - an untyped one is meant


class TestReading:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("no", "no"),
            ("on", "on"),
            ("y", "y"),
            ("Yes", "Yes"),
            ("true", True),
            ("FALSE", False),
            ("tRue", "tRue"),
            ("~", None),
            ("Null", None),
            ("1:30", "1:30"),
            ("190:20:30.15", "190:20:30.15"),
            ("017", 17),
            ("08", 8),
            ("0o17", 15),
            ("0x1F", 31),
            ("0b11", "0b11"),
            ("1_000", "1_000"),
            ("+12", 12),
            ("1e3", 1000.0),
            ("1E6", 1e6),
            ("25921e05", 25921e5),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5e-1", -0.05),
            ("-.INF", -inf),
            (".", "."),
            ("+", "+"),
            ("0x", "0x"),
            ("1.2.3", "1.2.3"),
            ("2024-05-01", "2024-05-01"),
            ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
            ("=", "="),
            ("123456789012345678901234567890", 123456789012345678901234567890),
            ("! 12", "12"),
            ("'12'", "12"),
            ("!!str 12", "12"),
            ("!!int '12'", 12),
            ("!!float 12", 12.0),
            ("!!null ''", None),
            ("!!bool true", True),
            ("!!binary aGVs\n  bG8=", b"hello"),
            ("!!seq [1]", [1]),
            ("!!map {a: 1}", {"a": 1}),
            ("!!set {a, b}", {"a", "b"}),
            ("!!omap [a: 1, b: 2]", {"a": 1, "b": 2}),
            ("!!pairs [a: 1, a: 2]", [("a", 1), ("a", 2)]),
        ],
    )
    def test_follows_the_core_schema_of_yaml_1_2(self, text: str, value: Any) -> None:
        back = deserialize_yaml(text)

        assert back == value
        assert type(back) is type(value)

    def test_knows_no_number(self) -> None:
        assert isnan(deserialize_yaml(".NaN"))

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("2024-05-01", date(2024, 5, 1)),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.100000-05:00"),
            ("2001-12-14 21:59:43.1 -5", "2001-12-14T21:59:43.100000-05:00"),
            ("2001-12-15 2:59:43.10", "2001-12-15T02:59:43.100000"),
            ("2024-05-01T00:00:00Z", "2024-05-01T00:00:00+00:00"),
            ("2024-05-01T00:00:00+05:30", "2024-05-01T00:00:00+05:30"),
        ],
    )
    def test_makes_timestamps_where_a_tag_says_so(self, text: str, value: Any) -> None:
        wanted = datetime.fromisoformat(value) if isinstance(value, str) else value

        back = deserialize_yaml(f"!!timestamp {text}")

        assert (back, back.isoformat()) == (wanted, wanted.isoformat())

    @pytest.mark.parametrize(
        "text",
        [
            "!!timestamp 2024-13-01",
            "!!timestamp soon",
            "!!timestamp 2024-05-01T00:00:00.1234567Z",
            "!!int x",
            "!!bool 1",
            "!!null x",
            "!!binary a",
            "!!binary a-b_",
            "!!set {a: 1}",
            "!!omap [a: 1, a: 2]",
            "!!omap [1]",
            "!!str [1]",
            "!!map [1]",
            "!!foo 1",
            "!local 1",
            "1e999",
            "9" * 5000,
        ],
    )
    def test_refuses_what_a_tag_or_python_cannot_be_made_of(self, text: str) -> None:
        with pytest.raises(SerializationError, match="in line 1 of the YAML"):
            deserialize_yaml(text)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_finds_the_encoding(self, encoding: str) -> None:
        assert deserialize_yaml("a: né 😀".encode(encoding)) == {"a": "né 😀"}

    def test_takes_text_and_everything_that_holds_bytes(self) -> None:
        for data in ("a: 1", b"a: 1", bytearray(b"a: 1"), memoryview(b"a: 1")):
            assert deserialize_yaml(data) == {"a": 1}

    def test_of_nothing_is_none(self) -> None:
        assert deserialize_yaml("") is None
        assert deserialize_yaml("# a comment\n") is None

    def test_makes_what_type_says(self) -> None:
        assert deserialize_yaml("{x: 1, y: [2]}", Point) == Point(1, [2])
        assert deserialize_yaml("[id: 1]", list[Row]) == [{"id": 1}]
        assert deserialize_yaml("id: 1", Model) == Model(id=1)
        assert deserialize_yaml("[id: 1]", list[Model]) == [Model(id=1)]
        assert deserialize_yaml("firstName: A\ntype: name", Name) == Name("A")
        for wrong in (Point, Model, list[Row], list[Model]):
            with pytest.raises(SerializationError, match="the data is no"):
                deserialize_yaml("x: a", wrong)

    def test_names_the_line_of_what_is_no_yaml(self) -> None:
        with pytest.raises(SerializationError, match="line 4"):
            deserialize_yaml("a: 1\nb: 2\nc: 'x\n")


class TestKeys:
    @pytest.mark.parametrize(
        "text",
        [
            "a: 1\nb: 2\na: 3",
            "{a: 1, 'a': 2}",
            "{1: a, 1.0: b}",
            "{1: a, true: b}",
            "? [1, 2]\n: a\n? [1, 2]\n: b",
            "!!set {a, a}",
            "<<: {a: 1}\n<<: {b: 1}",
        ],
    )
    def test_that_are_equal_are_refused(self, text: str) -> None:
        with pytest.raises(SerializationError, match="two keys of a mapping are equal"):
            deserialize_yaml(text)

    def test_may_be_anything_but_mappings(self) -> None:
        assert deserialize_yaml("{1: a, null: b, [1, [2]]: c}") == {
            1: "a",
            None: "b",
            (1, (2,)): "c",
        }
        for text in ("? {a: 1}\n: 2", "? [{a: 1}]\n: 2"):
            with pytest.raises(SerializationError, match="mapping cannot be"):
                deserialize_yaml(text)

    def test_of_merging_add_what_is_not_there(self) -> None:
        text = """
            a: &a {x: 1, y: 1}
            b: &b {y: 2, z: 2}
            one: {<<: *a, y: 5}
            two: {y: 5, <<: [*a, *b]}
            plain: {"<<": 1}
        """

        back = deserialize_yaml(text)

        assert back["one"] == {"x": 1, "y": 5}
        assert back["two"] == {"x": 1, "y": 5, "z": 2}
        assert back["plain"] == {"<<": 1}
        assert back["a"] == {"x": 1, "y": 1}

    @pytest.mark.parametrize("text", ["<<: 1", "<<: [1]", "<<: []", "<<:"])
    def test_of_merging_take_mappings(self, text: str) -> None:
        with pytest.raises(SerializationError, match="takes a mapping"):
            deserialize_yaml(text)


class TestDocuments:
    def test_are_one(self) -> None:
        with pytest.raises(SerializationError, match="more than one document; iter_yaml"):
            deserialize_yaml("--- 1\n--- 2\n")

    def test_are_iterated_as_they_come(self) -> None:
        documents = iter_yaml("--- &a 1\n--- [2]\n...\n---\n--- *a\n")

        assert [next(documents) for _ in range(3)] == [1, [2], None]
        with pytest.raises(SerializationError, match="stands for nothing"):
            next(documents)


AMBIGUOUS = [
    *("", "~", "null", "Null", "true", "FALSE", "yes", "No", "ON", "off", "y", "N", "<<", "="),
    *("1", "-1", "+1", "017", "08", "0o17", "0x1f", "0b1", "1_000", "1:30", "190:20:30", "1.5"),
    *("1.", ".5", "1e3", "6E01", "25921e05", "1E+3", ".inf", "-.INF", "+.inf", ".nan", "0_30"),
    *("2024-05-01", "2024-05-01 10:00:00", "2024-05-01T10:00:00.5Z", "685_230.15", "9:00"),
]
ODD = [
    *(
        " a",
        "a ",
        "a: b",
        "a #b",
        "#a",
        "- a",
        "-",
        "?",
        ": ",
        "[a",
        "]",
        "{a",
        "}",
        ",",
        "&a",
        "*a",
    ),
    *("!a", "|", ">", "%a", "@a", "`a", "'", '"', "''", "\\", "---", "...", "--- a", "a:", "a\\nb"),
    *(
        "\n",
        "a\n",
        "a\nb",
        "a\nb\n",
        "a\n\nb",
        "\na",
        " a\nb",
        "a \nb",
        "a\n b",
        "a\nb\n\n",
        "\t",
        "a\tb",
    ),
    *("\r", "a\r\nb", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff"),
    *("\ufffe", "\uffff", "😀", "né", "a" * 5000, "word " * 500, "a\n" * 500),
]


class TestWriting:
    @pytest.mark.parametrize("text", AMBIGUOUS)
    def test_puts_quotes_around_what_a_reader_of_1_1_or_1_2_could_misread(self, text: str) -> None:
        for written in (serialize_yaml(text), serialize_yaml({text: 1}), serialize_yaml([text])):
            assert b"'" + text.encode() + b"'" in written

    @pytest.mark.parametrize("text", AMBIGUOUS + ODD)
    @pytest.mark.parametrize("place", [lambda x: x, lambda x: [x], lambda x: {x: x}])
    def test_of_text_comes_back_here_and_in_pyyaml(self, text: str, place: Any) -> None:
        value = place(text)

        written = serialize_yaml(value)

        assert deserialize_yaml(written) == value
        assert yaml.safe_load(written) == value

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            0,
            -(2**200),
            -0.0,
            1e16,
            5e-324,
            inf,
            -inf,
            b"",
            b"\x00\xff" * 100,
            [],
            {},
            [[], {}, [[{}]]],
            {"a": {"b": [1, {"c": None}]}},
            {1: 2, None: 3, 1.5: 5, b"x": 6, False: 7},
            datetime(2024, 5, 1, 12, 30, 1, 5, tzinfo=UTC),
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            {datetime(2024, 5, 1, tzinfo=UTC): 1},
        ],
        ids=repr,
    )
    def test_is_exact_here_and_in_pyyaml(self, value: Any) -> None:
        written = serialize_yaml(value)

        for back in (deserialize_yaml(written), yaml.safe_load(written)):
            assert repr(back) == repr(value) or back == value
            assert type(back) is type(value)

    def test_keeps_tuples_as_keys(self) -> None:
        value = {(1, (2, None)): 1, (): 2}

        assert deserialize_yaml(serialize_yaml(value)) == value

    def test_keeps_what_is_no_number(self) -> None:
        assert isnan(deserialize_yaml(serialize_yaml(nan)))

    def test_of_a_zone_with_seconds_keeps_the_moment(self) -> None:
        value = datetime(2024, 5, 1, tzinfo=timezone(timedelta(seconds=5)))

        assert deserialize_yaml(serialize_yaml(value)) == value

    @pytest.mark.parametrize(
        ("value", "plain"),
        [
            ((1, (2,)), [1, [2]]),
            (Pair(1, 2), [1, 2]),
            ({1}, [1]),
            (frozenset({1}), [1]),
            (date(2024, 5, 1), "2024-05-01"),
            (time(1, 2), "01:02:00"),
            (datetime(2024, 5, 1), "2024-05-01T00:00:00"),  # noqa: DTZ001 - a naive one is meant
            (timedelta(days=1, seconds=1), "P1DT1S"),
            (Decimal("1.50"), "1.50"),
            (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
            (Color.RED, "red"),
            (Path("/a/b"), "/a/b"),
            (Word("no"), "no"),
            (Point(1, Point(2, None)), {"x": 1, "y": {"x": 2, "y": None}}),
            (Size(5), {"width": 5}),
            (Name("A"), {"type": "name", "firstName": "A"}),
            (Model(id=1), {"id": 1}),
            (bytearray(b"x"), b"x"),
            (np.float64(1.5), 1.5),
            (np.int8(3), 3),
            (np.bool_(True), True),
            (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
            (np.datetime64("2024-05-01"), "2024-05-01"),
            (
                {Color.RED: 1, UUID(int=0): 2},
                {"red": 1, "0" * 8 + "-0000-0000-0000-" + "0" * 12: 2},
            ),
        ],
        ids=repr,
    )
    def test_makes_plain_what_yaml_has_no_form_for(self, value: Any, plain: Any) -> None:
        assert deserialize_yaml(serialize_yaml(value)) == plain

    @pytest.mark.parametrize(
        "value", [object(), 1j, print, Point, np.longdouble(1), np.array([1j])]
    )
    def test_refuses_what_has_no_form(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="has no form"):
            serialize_yaml([value])

    def test_asks_default_for_the_rest(self) -> None:
        config = SerializerConfig(default=lambda value: [value.real, value.imag])

        assert deserialize_yaml(serialize_yaml({"z": 1j}, config)) == {"z": [0, 1]}
        with pytest.raises(SerializationError, match="nothing simpler"):
            serialize_yaml(1j, SerializerConfig(default=lambda value: value))

    @pytest.mark.parametrize(
        "value",
        [{date(2024, 5, 1): 1, "2024-05-01": 2}, {Color.RED: 1, "red": 2}],
    )
    def test_refuses_keys_that_become_equal(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="two keys of a mapping are the same"):
            serialize_yaml(value)

    @pytest.mark.parametrize("value", ["\ud800", ["a\udfffb"], {"\ud800": 1}])
    def test_refuses_half_of_a_surrogate_pair(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="surrogate"):
            serialize_yaml(value)
        with pytest.raises(SerializationError):
            deserialize_yaml("a: \ud800")

    def test_refuses_an_int_with_too_many_digits(self) -> None:
        with pytest.raises(SerializationError):
            serialize_yaml(10**5000)

    def test_writes_no_aliases(self) -> None:
        shared = [1]

        assert serialize_yaml([shared, shared]) == b"- - 1\n- - 1\n"

    def test_sorts_keys_and_sets_where_asked_for(self) -> None:
        config = SerializerConfig(sort_keys=True)

        written = serialize_yaml({"b": {"z", "y", "x"}, "a": 1, 2: 3}, config)

        assert written == b"2: 3\na: 1\nb:\n- x\n- 'y'\n- z\n"

    def test_takes_options_in_place_of_those_of_the_config(self) -> None:
        config = SerializerConfig(indent=4, sort_keys=True)

        assert serialize_yaml({"b": {"c": 1}, "a": 1j}, config, indent=2, default=str) == (
            b"a: 1j\nb:\n  c: 1\n"
        )
        with pytest.raises(DepthError):
            serialize_yaml([[1]], max_depth=1)
        with pytest.raises(DepthError):
            deserialize_yaml("[[1]]", max_depth=1)

    def test_indents_as_told(self) -> None:
        assert serialize_yaml({"a": {"b": 1}}, SerializerConfig(indent=4)) == b"a:\n    b: 1\n"

    def test_shows_lines_as_lines(self) -> None:
        assert serialize_yaml({"a": "x\ny: z\n"}) == b"a: |\n  x\n  y: z\n"

    def test_is_the_same_without_the_parser_in_c(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pepperpy.infra.serialization._yaml import _writing

        value = {"a": [1.5, "no", b"x", None, {}, "x\ny"], "b": "né"}
        written = serialize_yaml(value)
        monkeypatch.setattr(_writing, "_emitter_class", lambda: None)

        assert serialize_yaml(value) == written

    def test_of_its_serializer_shows_its_config(self) -> None:
        serializer = YAMLSerializer(SerializerConfig(indent=2))

        assert "indent=2" in repr(serializer)
        assert serializer.format.value == "yaml"
