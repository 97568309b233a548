"""Columns: any values in, the very same out, in few bytes, and nothing else from any bytes."""

from __future__ import annotations

import marshal
import math
import os
import struct
import subprocess
import sys
import textwrap
import tracemalloc
from contextlib import suppress
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.compression import CompressionError, OutputLimitError
from pepperpy.infra.compression._columns import decode_columns, encode_columns

LIMIT = 1 << 28
QUIET = struct.unpack("<d", b"\x01\0\0\0\0\0\xf8\x7f")[0]  # a NaN with a payload

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(),
    st.text(),
    st.binary(),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=6),
    max_leaves=30,
)


def told(value):
    """The value with all that `==` forgets: types, signs of zero, bits of NaN, order of keys."""
    if isinstance(value, float):
        return float, struct.pack("<d", value)
    if isinstance(value, list | tuple):
        return type(value), [told(item) for item in value]
    if isinstance(value, dict):
        return type(value), [(told(key), told(item)) for key, item in value.items()]
    return type(value), value


def back(rows):
    return decode_columns(encode_columns(rows), LIMIT)


def rows_of(**columns):
    """Rows with some columns that look like something, and one that is whatever it is."""
    return st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=40)


class TestRoundTrip:
    @pytest.mark.parametrize("count", [1, 3, 20])
    def test_half_a_surrogate_pair_among_numbers_is_the_error(self, count):
        texts = [str(number) for number in range(count)]

        for place in range(count):
            broken = [*texts[:place], texts[place] + "\ud800", *texts[place + 1 :]]
            with pytest.raises(CompressionError):
                encode_columns(broken)

    def test_arrays_in_rows_come_back_bit_for_bit(self):
        numpy = pytest.importorskip("numpy")
        rows = [
            {"id": n, "place": numpy.array([n, -0.0, math.nan]), "scale": numpy.float32("nan")}
            for n in range(20)
        ]

        found = back(rows)

        for row, expected in zip(found, rows, strict=True):
            for name in ("place", "scale"):
                assert type(row[name]) is type(expected[name])
                assert row[name].dtype == expected[name].dtype
                assert row[name].tobytes() == expected[name].tobytes()

    def test_a_numpy_that_another_thread_is_importing_is_left_alone(self, monkeypatch):
        expected = encode_columns(list(range(1000)))

        monkeypatch.setitem(sys.modules, "numpy", ModuleType("numpy"))

        assert encode_columns(list(range(1000))) == expected

    @given(st.lists(values, max_size=40))
    def test_any_values_come_back_with_types_order_signs_and_bits(self, rows):
        assert told(back(rows)) == told(rows)

    @given(
        rows_of(
            id=st.integers(0, 10**6),
            price=st.decimals(0, 1000, places=2).map(float),
            state=st.sampled_from(["new", "old", None]),
            on=st.booleans(),
            tags=st.lists(st.sampled_from("abc")),
            where=st.fixed_dictionaries({"x": st.floats(), "y": st.integers() | st.none()}),
        )
    )
    def test_rows_of_one_shape_come_back(self, rows):
        assert told(back(rows)) == told(rows)

    @given(st.lists(st.dictionaries(st.sampled_from("abcd"), scalars), min_size=1, max_size=60))
    def test_rows_of_many_shapes_come_back_in_their_order(self, rows):
        assert told(back(rows)) == told(rows)

    @given(st.lists(scalars, min_size=8, max_size=60))
    def test_columns_of_mixed_types_come_back(self, column):
        assert told(back(column)) == told(column)

    @pytest.mark.parametrize(
        "column",
        [
            [],
            [{}],
            [{}] * 20,
            [[]] * 20,
            [None] * 20,
            [{}, {"a": 1}, {}] * 9,
            [True, 1, 1.0, False, 0, 0.0, -0.0] * 3,
            [-0.0] * 20,
            [0.0, -0.0] * 20,
            [math.nan, math.inf, -math.inf, QUIET] * 5,
            [0.1 + 0.2, 0.3, 1e300, 5e-324] * 5,
            [12.34, 0.01, 99.9, 5.0] * 5,
            [-(1 << 63), (1 << 64) - 1, 0] * 5,
            [10**400, -(10**400), 10**5000] * 5,
            [1 << 64, (1 << 64) + 1] * 5,
            [2**63 - 1, -(2**63)] * 10,
            ["a\0b", "c"] * 10,
            [f"\0{n}\0" for n in range(20)],
            [f"a\0{n:02}\0\0z" for n in range(20)],
            ["", "", ""] * 10,
            [f"{n:04d}" for n in range(40)],
            [f"{n}" for n in range(40)],
            [f"u{n}@example.com" for n in range(40)],
            [*[f"v{n}" for n in range(20)], "v+20", "v021", "v-1", "v 2", "v2_1", "v٣"],
            [*[f"v{n}" for n in range(20)], "v1,2", "v1.0", "v1e3"],
            ["value_7"] * 20,
            [f"n{10**17 + n}" for n in range(20)],
            [f"n{10**30 + n}" for n in range(20)],
            [{"a": 1, "b": 2}, {"b": 2, "a": 1}] * 10,
            [{f"key {n}": n for n in range(300)}] * 2,
            [{f"{n}": {"name": f"u{n}"} for n in range(300)}],
            [{"a'\"\\\n{}": 1, "__class__": 2, "": 3}] * 10,
            [{"a": [{"b": [{"c": [1, "x", None]}]}]}] * 20,
            [b"\0\xff"] * 20,
            [(1, 2.0, "x")] * 3,
        ],
    )
    def test_what_is_easily_lost_comes_back(self, column):
        try:
            found = back(column)
        except CompressionError:
            assert any(isinstance(value, tuple) for value in column)
        else:
            assert told(found) == told(column)

    @pytest.mark.parametrize(
        "odd",
        [" 2", "2 ", "\t2", "2\n", "-0", "-2", "+2", "02", "00", "2.0", "2e0", "", "1_0", "\uff12", "\u0662", "9" * 25, "x", ",", "2,2", "\x002", "]", "0x2"],
        ids=repr,
    )  # fmt: skip
    @pytest.mark.parametrize("width", [1, 4])
    def test_texts_that_only_look_numbered_come_back(self, odd, width):
        texts = [f"v{number:0{width}d}!" for number in range(1, 20)]
        for place in (0, 3, 9, 18):
            for text in (f"v{odd}!", f"v{odd:0>{width}}!", f"v{odd}", f"{odd}!"):
                changed = [*texts[:place], text, *texts[place + 1 :]]
                assert back(changed) == changed

    @given(
        st.lists(st.integers(-300, 300) | st.integers(-(1 << 63), (1 << 64) - 1), min_size=64)
        | st.lists(st.sampled_from([7, 8, 500, -70_000, 1 << 40]), min_size=64)
        | st.builds(
            lambda first, step: [first + step * n for n in range(70)], st.integers(), st.integers()
        )
    )
    def test_whole_numbers_give_the_same_bytes_with_numpy_and_without(self, numbers):
        import numpy as np

        quick = encode_columns(numbers)
        with pytest.MonkeyPatch.context() as patch:
            patch.delitem(sys.modules, "numpy")
            slow = encode_columns(numbers)

        assert np is not None
        assert quick == slow
        assert decode_columns(quick, LIMIT) == numbers

    def test_the_same_rows_give_the_same_bytes(self):
        rows = [{"id": n, "name": f"n{n % 3}", "x": n / 7} for n in range(100)]

        assert encode_columns(rows) == encode_columns([dict(row) for row in rows])

    @pytest.mark.parametrize("depth", [20, 200, 400])
    def test_deep_values_come_back(self, depth):
        value = nested(depth)

        assert marshal.dumps(back([value]), 2) == marshal.dumps([value], 2)

    def test_changing_a_row_changes_no_other(self):
        rows = back([{"a": ["x", "x"], "b": "y"} for _ in range(20)])

        rows[0]["a"].append("z")

        assert rows[1] == {"a": ["x", "x"], "b": "y"}


def nested(depth):
    value = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


class Text(str):
    pass


class Number(int):
    pass


class TestRefusals:
    @pytest.mark.parametrize(
        "value",
        [
            Text("x"),
            Number(1),
            {Text("x"): 1},
            object(),
            bytearray(b"x"),
            [object()],
            {"a": {"b": Number(3)}},
            {"a": "\ud800"},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("count", [1, 20])
    def test_what_would_come_back_as_something_else_is_refused(self, value, count):
        with pytest.raises(CompressionError):
            encode_columns([value] * count)

    def test_one_strange_key_among_many_rows_is_not_lost(self):
        rows = [{"a": n} for n in range(20)]
        rows[7] = {Text("a"): 7}

        with pytest.raises(CompressionError):
            encode_columns(rows)

    @pytest.mark.parametrize("width", [1, 2, 3])
    def test_a_value_that_holds_itself_is_refused_at_once(self, width):
        loop: list[object] = []
        loop.extend([loop] * width)
        ring: dict[str, object] = {}
        ring.update({str(n): ring for n in range(width)})

        for value in (loop, ring):
            tracemalloc.start()
            try:
                with pytest.raises(CompressionError):
                    encode_columns([value])
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak < 32 << 20

    def test_depth_beyond_what_is_promised_is_refused(self):
        with pytest.raises(CompressionError):
            encode_columns([nested(5000)])

    def test_the_error_names_the_type_and_not_the_value(self):
        with pytest.raises(CompressionError) as caught:
            encode_columns([{"token": Text("s3cret")}])

        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
    def test_sets_come_back_and_give_the_same_bytes_whatever_hashes_are(self, seed):
        code = """
            from pepperpy.infra.compression._columns import decode_columns, encode_columns
            rows = [{"a": {"a", "b", "c", "dd"}, "b": frozenset("xyz"), "n": n} for n in range(20)]
            payload = encode_columns([*rows, {"a", 1, 2.5, None, ("t", 1)}])
            assert decode_columns(payload, 1 << 20)[:-1] == rows
            print(payload.hex())
            """
        made = [
            subprocess.run(
                [sys.executable, "-c", textwrap.dedent(code)],
                env={**os.environ, "PYTHONHASHSEED": each},
                check=True,
                capture_output=True,
            ).stdout
            for each in (seed, "100")
        ]

        assert made[0] == made[1]

    @pytest.mark.parametrize("value", [(0.0, -0.0), {"a": (-0.0,)}, ({1: -0.0},), (1, True, 1.0)])
    def test_signs_and_types_within_what_has_no_column_come_back(self, value):
        for count in (1, 20):
            assert repr(back([value] * count)) == repr([value] * count)

    @pytest.mark.parametrize("text", ["NaN", "-NaN12", "sNaN", "-0", "1.10", "1E+3", "Infinity"])
    def test_decimals_come_back_digit_by_digit(self, text):
        for count in (1, 20):
            rows = back([{"price": Decimal(text)}] * count)
            assert [repr(row["price"]) for row in rows] == [repr(Decimal(text))] * count

    @pytest.mark.parametrize("members", [{Number(1)}, {Text("x"), "y"}, {(1, Number(2))}])
    @pytest.mark.parametrize("kind", [set, frozenset])
    def test_a_set_whose_members_would_be_others_is_refused(self, kind, members):
        with pytest.raises(CompressionError):
            encode_columns([kind(members)] * 3)

    @pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"a": v}, lambda v: [{"a": [v]}]])
    @pytest.mark.parametrize("kind", [Enum, IntEnum, StrEnum])
    def test_the_error_for_a_member_of_an_enum_says_to_write_its_value(self, kind, wrap):
        member = kind("Color", {"RED": "1"}).RED

        for count in (1, 20):
            with pytest.raises(CompressionError, match=r"a value of type Color .*\.value"):
                encode_columns([wrap(member)] * count)


class TestSize:
    def test_numbered_texts_and_steady_numbers_cost_almost_nothing(self):
        import zlib

        rows = [{"id": n, "value": f"value_{n}"} for n in range(10_000)]

        assert len(zlib.compress(encode_columns(rows), 6)) < 200

    def test_prices_cost_what_their_digits_cost(self):
        prices = [n * 7919 % 100_000 / 100 for n in range(1000)]

        assert len(encode_columns(prices)) < 4 * 1000 + 50

    def test_few_different_texts_are_written_once(self):
        states = [("accepted", "declined", "in doubt")[n * n % 3] for n in range(1000)]

        assert len(encode_columns(states)) < 1100

    def test_what_is_read_needs_a_byte_for_each_value(self):
        # Else a few bytes could claim any number of values.
        for column in ([7] * 1000, [None] * 1000, [{}] * 1000, ["x"] * 1000, [True] * 1000):
            assert len(encode_columns(column)) >= 999


SAMPLES = [
    [{"id": n, "value": f"value_{n}", "x": n / 4, "on": n % 2 == 0} for n in range(30)],
    [{"a": n} if n % 3 else {"b": [n, None]} for n in range(30)],
    [None if n % 4 else f"s{n:03d}" for n in range(30)],
    [{f"{n}": n * 10**25 for n in range(100)}],
    [("ab", "cd", "ef")[n % 3] for n in range(30)],
    [math.pi * n for n in range(20)],
]


class TestHostileBytes:
    @given(st.binary(max_size=200))
    def test_any_bytes_give_values_or_the_error(self, payload):
        attempt(payload)

    @pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))
    def test_any_changed_byte_gives_values_or_the_error(self, sample):
        payload = encode_columns(sample)
        for place in range(len(payload)):
            for mask in (0x01, 0x80, 0xFF):
                changed = bytearray(payload)
                changed[place] ^= mask
                attempt(bytes(changed))

    @pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))
    def test_every_truncation_is_the_error(self, sample):
        payload = encode_columns(sample)
        for length in range(len(payload)):
            with pytest.raises(CompressionError):
                decode_columns(payload[:length], LIMIT)

    @settings(max_examples=6 * settings.default.max_examples)
    @given(
        st.recursive(
            st.integers(-3, 300) | st.binary(max_size=9) | st.text(max_size=4) | st.none(),
            lambda inner: st.lists(inner, max_size=6),
        )
    )
    def test_any_structure_gives_values_or_the_error(self, structure):
        import msgspec

        for form in range(15):
            attempt(msgspec.msgpack.encode([3, [form, structure]]))
            if isinstance(structure, list):
                attempt(msgspec.msgpack.encode([3, [form, *structure]]))

    @pytest.mark.parametrize(
        "column",
        [
            [4, True, 1, 0, 1, b""],
            [4, False, 8, 0, 0, b""],
            [2, b"", [None]],
            [0, []],
            [3, b""],
            [6, b""],
            [11, [], []],
            [8, ""],
            [9, "x", "", 0, [4, True, 1, 0, 0, b""]],
            [12, [4, True, 1, 0, 0, b""], [0, []], [0, []]],
            [13, [4, True, 1, 1 << 60, 0, b""], [0, []]],
        ],
    )
    def test_a_claimed_number_of_values_makes_no_memory(self, column):
        import msgspec

        with pytest.raises(CompressionError):
            decode_columns(msgspec.msgpack.encode([1 << 40, column]), LIMIT)

    @pytest.mark.parametrize(
        "column",
        [
            [14, []],
            [0, [1]],
            [0, [1, 2, 3]],
            [1, b"\x93\1\2\3"],
            [2, b"\0\1", [[0, [1]]]],
            [2, b"\0", [[0, [1]]]],
            [3, b"\0\2"],
            [3, b"\0"],
            [4, False, 3, 0, 0, bytes(6)],
            [4, False, 1, 0, 0, b"\1"],
            [4, True, 1, 0, 0, b"\1\1"],
            [4, False, 1, 7, 0, b""],
            [4, True, 1, 7, 3, b""],
            [5, [0, ["1", "zz"]]],
            [5, [0, ["1", "2", "3"]]],
            [6, bytes(8)],
            [7, 10, [0, [1, 2]]],
            [7, 1, [0, [1, 2, 3]]],
            [8, "a"],
            [8, "a\0b\0c"],
            [9, "x", "", 19, [0, [1, 2]]],
            [9, "x", "", -1, [0, [1, 2]]],
            [9, b"x", b"", 0, [0, [1, 2]]],
            [9, "x", "\0", 0, [0, [1, 2]]],
            [10, 1, [0, ["x"]], [0, [0, 1]]],
            [10, 2, [0, ["x", "y"]], [0, [-1, 0]]],
            [10, 1, [0, [[]]], [0, [0, 0]]],
            [11, ["a", "a"], [[0, [1, 2]], [0, [1, 2]]]],
            [11, ["a", "b"], [[0, [1, 2]]]],
            [11, [1], [[0, [1, 2]]]],
            [11, ["a"], [[0, [1, 2, 3]]]],
            [12, [0, [2, 0]], [0, ["a", "a"]], [0, [1, 2]]],
            [12, [0, [1, 1]], [0, ["a"]], [0, [1]]],
            [13, [0, [-1, 1]], [0, []]],
            [13, [0, [True, 1]], [0, [1, 2]]],
            [13, [0, [1, 1]], [0, [1]]],
        ],
        ids=repr,
    )
    def test_a_column_that_breaks_a_rule_is_an_error(self, column):
        import msgspec

        with pytest.raises(CompressionError):
            decode_columns(msgspec.msgpack.encode([2, column]), LIMIT)

    def test_columns_are_as_deep_as_they_are_written_and_no_deeper(self):
        import msgspec

        def nested(levels):
            column = [0, [1]]
            for _ in range(levels):
                column = [13, [0, [1]], column]
            return msgspec.msgpack.encode([1, column])

        assert decode_columns(nested(60), LIMIT)
        with pytest.raises(CompressionError, match="nested too deep"):
            decode_columns(nested(70), LIMIT)

    @pytest.mark.parametrize(
        "bomb",
        [
            lambda n: [9, "x" * 100_000, "", 0, [4, False, 1, 0, 0, bytes(n)]],
            lambda n: [11, ["a"], [[4, False, 1, 0, 0, bytes(n)]]],
            lambda n: [13, [4, False, 1, 0, 0, bytes(n)], [0, []]],
            lambda n: [12, [4, False, 1, 0, 0, bytes(n)], [0, []], [0, []]],
        ],
        ids=["texts", "rows", "lists", "maps"],
    )
    def test_a_byte_that_becomes_much_memory_is_counted_as_that(self, bomb):
        import msgspec

        count = 1 << 25
        payload = msgspec.msgpack.encode([count, bomb(count)])

        with pytest.raises(OutputLimitError) as caught:
            decode_columns(payload, LIMIT)

        assert caught.value.limit == LIMIT

    def test_what_was_written_is_read_within_the_size_of_its_payload(self):
        rows = [{"name": "x" * 1000 + str(n)} for n in range(10_000)]
        payload = encode_columns(rows)

        assert decode_columns(payload, len(payload)) == rows

    def test_only_text_is_shared_between_rows(self):
        import msgspec

        shared = [10, 1, [0, [[]]], [4, False, 1, 0, 0, bytes(9)]]

        with pytest.raises(CompressionError):
            decode_columns(msgspec.msgpack.encode([9, shared]), LIMIT)


def attempt(payload):
    with suppress(CompressionError):
        decode_columns(payload, 1 << 20)
