"""Streams that are not what they should be."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pepperpy.infra.serialization import (
    LineError,
    SerializationError,
    iter_json_lines,
    iter_msgpack,
)


class NotReady:
    """A file that does not block and has nothing more for now."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces = list(pieces)

    def read(self, _size: int) -> Any:
        return self._pieces.pop(0) if self._pieces else b""


class TestStreams:
    @pytest.mark.parametrize("iterate", [iter_json_lines, iter_msgpack])
    def test_a_file_that_has_nothing_yet_is_not_at_its_end(self, iterate: Any) -> None:
        values = iterate(NotReady(b"1\n", None, b"2\n"))

        next(values)

        with pytest.raises(SerializationError, match="does not block"):
            list(values)

    def test_half_a_surrogate_pair_spoils_its_line_only(self) -> None:
        bad: list[LineError] = []

        read = list(iter_json_lines(['{"a": 1}\n"\ud800"\n', "2"], errors=bad))

        assert read == [{"a": 1}, 2]
        assert [error.line for error in bad] == [2]

    @pytest.mark.parametrize("source", [io.StringIO("ab"), ["ab"], "ab"])
    def test_text_is_no_stream_of_messagepack(self, source: Any) -> None:
        with pytest.raises(SerializationError, match=r"MessagePack .* got str"):
            list(iter_msgpack(source))
