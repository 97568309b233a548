"""JSON lines into files: one value a line, whole lines only, and errors that name the line."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from io import BytesIO, RawIOBase, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    LineError,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    dump_json_lines,
    iter_json_lines,
)

ROWS = [{"a": 1}, ["two\nlines"], None]
LINES = b'{"a":1}\n["two\\nlines"]\nnull\n'


class Slow(RawIOBase):
    """A file without a buffer, which takes so many bytes at a time; 0 is that it would block."""

    def __init__(self, *takes: int) -> None:
        self.takes = iter(takes)
        self.held = b""

    def write(self, data: Any) -> int | None:
        taken = bytes(data[: next(self.takes, len(data))])
        self.held += taken
        return len(taken) or None


class TestLines:
    def test_each_value_is_one_line_and_their_number_is_returned(self) -> None:
        file = BytesIO()

        assert dump_json_lines(ROWS, file) == 3
        assert file.getvalue() == LINES
        assert dump_json_lines([], file) == 0
        assert not file.closed

    def test_lines_are_added_to_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "rows.jsonl"
        for rows in (ROWS, ROWS):
            with path.open("ab") as file:
                dump_json_lines(rows, file)

        assert path.read_bytes() == LINES * 2

    def test_a_compressed_file_takes_them(self, tmp_path: Path) -> None:
        with gzip.open(tmp_path / "rows.gz", "wb") as file:
            dump_json_lines(iter(ROWS), file)
        with gzip.open(tmp_path / "rows.gz", "rb") as file:
            assert list(iter_json_lines(file)) == ROWS

    @given(
        st.lists(
            st.recursive(
                st.none() | st.text(st.characters(codec="utf-8")) | st.integers(),
                st.lists,
                max_leaves=4,
            )
        )
    )
    def test_what_is_written_is_read_again(self, values: list[Any]) -> None:
        file = BytesIO()
        dump_json_lines(values, file)

        assert list(iter_json_lines(file.getvalue())) == values

    def test_a_generator_is_written_as_it_comes(self) -> None:
        class Counting(BytesIO):
            def write(self, data: Any) -> int:
                return len(data)

        tracemalloc.start()
        try:
            assert dump_json_lines(({"text": "x" * 1000} for _ in range(5000)), Counting()) == 5000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 200_000

    def test_a_config_says_how_values_are_written(self) -> None:
        file = BytesIO()
        dump_json_lines([{"b": 1, "a": {2}}], file, SerializerConfig(sort_keys=True, tagged=True))

        assert file.getvalue() == b'{"a":{"$set":[2]},"b":1}\n'

    def test_a_file_that_takes_less_gets_the_rest(self) -> None:
        file = Slow(1, 3, 2, 100, 1)

        assert dump_json_lines(ROWS, file) == 3
        assert file.held == LINES

    def test_a_writer_that_returns_nothing_will_do(self) -> None:
        class Writer:
            held = b""

            def write(self, data: bytes) -> None:
                self.held += data

        file = Writer()
        dump_json_lines(ROWS, file)

        assert file.held == LINES


class TestErrors:
    def test_a_value_that_json_cannot_hold_is_named_by_its_line(self) -> None:
        file = BytesIO()

        with pytest.raises(LineError, match="line 2 ") as caught:
            dump_json_lines([{"a": 1}, object(), 3], file)

        assert caught.value.line == 2
        assert isinstance(caught.value.__cause__, SerializationError)
        assert file.getvalue() == b'{"a":1}\n'

    @pytest.mark.parametrize("file", [StringIO(), "rows.jsonl", Path("rows.jsonl"), None, 5])
    def test_what_takes_no_bytes_is_refused_before_a_value_is_had(self, file: Any) -> None:
        rows = iter(ROWS)

        with pytest.raises(SerializerConfigError, match="'wb'") as caught:
            dump_json_lines(rows, file)

        assert caught.value.option == "file"
        assert list(rows) == ROWS

    @pytest.mark.parametrize("values", [{"a": 1}, "text", b"bytes", None, 5])
    def test_what_holds_no_rows_is_refused(self, values: Any) -> None:
        with pytest.raises(SerializerConfigError, match=type(values).__name__) as caught:
            dump_json_lines(values, BytesIO())
        assert caught.value.option == "values"

    def test_an_indent_would_break_lines_and_is_refused(self) -> None:
        with pytest.raises(SerializerConfigError) as caught:
            dump_json_lines(ROWS, BytesIO(), SerializerConfig(indent=2))
        assert caught.value.option == "indent"

    def test_a_file_that_would_block_is_an_error(self) -> None:
        with pytest.raises(SerializationError, match="block"):
            dump_json_lines(ROWS, Slow(3, 0))

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, OSError, ValueError])
    def test_what_rows_and_files_raise_passes_and_the_lines_stay(
        self, interrupt: type[BaseException]
    ) -> None:
        def rows() -> Iterator[Any]:
            yield 1
            raise interrupt

        file = BytesIO()
        with pytest.raises(interrupt) as caught:
            dump_json_lines(rows(), file)

        assert type(caught.value) is interrupt
        assert file.getvalue() == b"1\n"
