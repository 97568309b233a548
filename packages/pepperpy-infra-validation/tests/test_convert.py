"""`coerce` converts what can be converted without loss."""

from __future__ import annotations

import datetime as dt
import enum
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.validation import SchemaError, coerce, validate


class Color(enum.Enum):
    RED = "red"


class TestCoerce:
    @pytest.mark.parametrize(
        ("kind", "value", "made"),
        [
            (int, "7", 7), (int, " -7 ", -7), (int, 7.0, 7), (int, Decimal(7), 7), (int, 7, 7), (float, "1.5", 1.5), (float, 2, 2.0), (float, "-Infinity", -math.inf),
            (float, math.inf, math.inf), (float, 2**53, 2.0**53), (float, Decimal("0.1"), 0.1), (int, Decimal("1e3"), 1000), (int, Fraction(4, 2), 2),
            (bool, "yes", True), (bool, "OFF", False), (bool, 1, True), (bool, "0", False), (bool, False, False),
            (str, 5, "5"), (str, 1.5, "1.5"), (str, "a", "a"), (str, Color.RED, "red"), (str, Decimal("1.50"), "1.50"),
            (list, (1, 2), [1, 2]), (tuple, [1], (1,)), (set, [1, 2], {1, 2}), (frozenset, {1}, frozenset([1])),
            (dt.date, "2026-01-31", dt.date(2026, 1, 31)), (dt.datetime, "2026-01-31T12:00:00+00:00", dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)),
            (dt.time, "12:30", dt.time(12, 30)), (dt.date, dt.date(2026, 1, 1), dt.date(2026, 1, 1)), (Decimal, "1.50", Decimal("1.50")),
            (UUID, "12345678123456781234567812345678", UUID("12345678123456781234567812345678")), (Path, "a/b", Path("a/b")),
            (Color, "red", Color.RED), (Color, Color.RED, Color.RED), (list[int], ["1"], [1]),
        ],
    )  # fmt: skip
    def test_converts(self, kind, value, made) -> None:
        for _ in range(10):
            result = validate(value, coerce(kind))
            assert result.validated_data == made
            assert type(result.validated_data) is type(made)

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (int, "7.5"), (int, 7.5), (int, "x"), (int, ""), (int, None), (int, True), (int, "1_000"), (int, "\u0667"), (int, b"7"),
            (int, math.inf), (int, math.nan), (int, "9" * 1_000_000), (float, True), (float, "x"), (float, b"1"), (float, None),
            (int, Decimal("1e999999999")), (int, Decimal("NaN")), (int, Decimal("1.5")), (float, "1_000"), (float, "\uff11"), (float, "1e400"),
            (float, 10**400), (float, 2**53 + 1), (float, Decimal("1e400")), (float, memoryview(b"1")),
            (bool, "maybe"), (bool, 2), (bool, None), (bool, []), (bool, "\u0130"), (str, None), (str, b"a"), (str, []), (list, "abc"),
            (list, {"a": 1}), (set, [1, 1]), (set, [[]]), (dt.date, "31.1.2026"), (dt.date, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
            (dt.date, 5), (Decimal, "x"), (Decimal, None), (UUID, "x"), (Color, "blue"), (Color, []), (Path, None), (list[int], ["x"]),
        ],
    )  # fmt: skip
    def test_refuses_what_would_be_lost_or_guessed(self, kind, value) -> None:
        result = validate(value, coerce(kind))

        assert not result.is_valid
        assert result.validated_data is None

    def test_says_what_must_be(self) -> None:
        assert [(e.message, e.code) for e in validate("x", coerce(int)).errors] == [
            ("must be convertible to int", "coerce")
        ]
        assert (
            validate("x", coerce(int, message="a number, please")).errors[0].message
            == "a number, please"
        )

    @given(st.integers(-(10**4000), 10**4000))
    def test_brings_every_integer_back(self, number) -> None:
        assert validate(str(number), coerce(int)).validated_data == number

    def test_takes_types(self) -> None:
        with pytest.raises(SchemaError, match=r"coerce\(\) must be given a type; got 5"):
            coerce(5)
        with pytest.raises(SchemaError, match=r"for a function see transform"):
            coerce(len)
