"""JSON lines from files and pieces, with bad lines told by number and none ever too long to keep."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    LineError,
    SerializationError,
    SerializerConfigError,
    iter_json_lines,
    serialize_json,
)

TEXT = '{"a":1}\n\n[2]\r\n  \n"é"'
VALUES = [{"a": 1}, [2], "é"]


async def in_time(*pieces: bytes | str) -> AsyncIterator[bytes | str]:
    for piece in pieces:
        yield piece


class TestSources:
    @pytest.mark.parametrize(
        "source",
        [TEXT, TEXT.encode(), StringIO(TEXT), BytesIO(TEXT.encode()), TEXT.splitlines(keepends=True), [TEXT.encode()[:-2], TEXT.encode()[-2:]]],
        ids=["text", "bytes", "text file", "file", "lines", "pieces"],
    )  # fmt: skip
    def test_whatever_gives_bytes_or_text_gives_values(self, source: Any) -> None:
        assert list(iter_json_lines(source)) == VALUES

    @pytest.mark.parametrize("text", ["", "\n", "1\n2"])
    def test_a_byte_order_mark_before_the_first_line_is_passed_over(self, text: str) -> None:
        assert list(iter_json_lines("\ufeff" + text)) == list(iter_json_lines(text))
        assert list(iter_json_lines(("\ufeff" + text).encode())) == list(iter_json_lines(text))

    @given(
        st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()), max_size=5),
        st.integers(1, 9),
    )
    def test_lines_are_found_however_they_are_cut(self, values: list[Any], size: int) -> None:
        stream = b"".join(serialize_json(value) + b"\n" for value in values)

        assert (
            list(iter_json_lines(stream[at : at + size] for at in range(0, len(stream), size)))
            == values
        )

    @pytest.mark.asyncio
    async def test_pieces_may_come_in_time(self) -> None:
        assert [each async for each in iter_json_lines(in_time('{"a":', b"1}\n[2", "]"))] == [
            {"a": 1},
            [2],
        ]

    def test_a_value_is_there_as_soon_as_its_line_ended(self) -> None:
        def source() -> Iterator[bytes]:
            yield b"1\n2"
            raise AssertionError("not asked for yet")

        assert next(iter_json_lines(source())) == 1

    @pytest.mark.parametrize("source", [1, None, [1], ["\ud800"]])
    def test_what_gives_no_bytes_is_an_error(self, source: Any) -> None:
        with pytest.raises(SerializationError):
            list(iter_json_lines(source))

    def test_values_are_typed(self) -> None:
        assert list(iter_json_lines(["[1,2]"], tuple[int, int])) == [(1, 2)]
        with pytest.raises(LineError, match="line 1 is bad: the data is no"):
            list(iter_json_lines(['["x",2]'], tuple[int, int]))


class TestBadLines:
    PIECES = ("1\n\n{x\n", "2\n[\n3")

    def test_the_first_one_ends_it_and_names_its_number(self) -> None:
        values = iter_json_lines(self.PIECES)

        assert next(values) == 1
        with pytest.raises(LineError, match="line 3 is bad") as caught:
            next(values)
        assert caught.value.line == 3
        assert isinstance(caught.value.__cause__, SerializationError)

    def test_they_can_be_passed_over(self) -> None:
        assert list(iter_json_lines(self.PIECES, errors="skip")) == [1, 2, 3]

    @pytest.mark.asyncio
    async def test_they_can_be_collected(self) -> None:
        bad: list[LineError] = []
        later: list[LineError] = []

        assert list(iter_json_lines(self.PIECES, errors=bad)) == [1, 2, 3]
        assert [each async for each in iter_json_lines(in_time(*self.PIECES), errors=later)] == [
            1,
            2,
            3,
        ]
        assert [error.line for error in bad] == [error.line for error in later] == [3, 5]

    def test_a_line_that_is_too_long_is_a_bad_line_of_which_nothing_is_kept(self) -> None:
        def source() -> Iterator[bytes]:
            yield b"1\n"
            for _ in range(1000):
                yield b'"' + b"x" * 1000
            yield b'"\n2\n'

        bad: list[LineError] = []

        assert list(iter_json_lines(source(), errors=bad, max_size=1000)) == [1, 2]
        assert [
            (error.line, "longer than max_size, 1000 bytes" in str(error)) for error in bad
        ] == [(2, True)]

    def test_the_bound_is_exact(self) -> None:
        assert list(iter_json_lines([b"12345\n"], max_size=5)) == [12345]
        with pytest.raises(LineError):
            list(iter_json_lines([b"123456\n"], max_size=5))

    @pytest.mark.parametrize(
        "options", [{"errors": "ignore"}, {"errors": None}, {"max_size": 0}, {"max_size": 1.5}]
    )
    def test_options_that_are_none_are_refused_at_once(self, options: Any) -> None:
        with pytest.raises(SerializerConfigError):
            iter_json_lines([], **options)
