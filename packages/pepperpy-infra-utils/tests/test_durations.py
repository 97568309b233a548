"""Durations as people give them."""

import math
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from pepperpy.infra.utils import to_seconds


@pytest.mark.parametrize(
    ("given", "length"),
    [
        (2, 2.0),
        (0.5, 0.5),
        (-1, -1.0),
        (math.inf, math.inf),
        (timedelta(minutes=1, milliseconds=5), 60.005),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
    ],
)
def test_numbers_and_timedeltas_are_float_seconds(given, length):
    seconds = to_seconds(given)

    assert type(seconds) is float
    assert seconds == length


@pytest.mark.parametrize("given", ["5", b"5", True, None, [], object(), 10**400, timedelta])
def test_all_else_is_nan(given):
    assert math.isnan(to_seconds(given))
