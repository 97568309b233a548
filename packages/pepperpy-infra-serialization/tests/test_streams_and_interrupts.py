"""Streams that are not what they should be, and interrupts."""

from __future__ import annotations

import io
import tracemalloc
from asyncio import CancelledError
from typing import Any

import pytest

from pepperpy.infra.serialization import (
    LineError,
    SerializationError,
    SerializerConfig,
    get_serializer,
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


class TestBounds:
    def test_of_a_line_that_is_too_long_next_to_nothing_is_kept(self) -> None:
        pieces = (b"x" * 50_000 for _ in range(400))

        tracemalloc.start()
        try:
            assert list(iter_json_lines(pieces, max_size=200_000, errors="skip")) == []
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < 2_000_000

    @pytest.mark.parametrize("pieces", [1, 2, 5])
    def test_a_value_one_byte_too_long_is_refused_however_it_comes(self, pieces: int) -> None:
        value = b"\xc4\x09" + b"x" * 9
        size = -(-len(value) // pieces)
        parts = [value[start : start + size] for start in range(0, len(value), size)]

        assert list(iter_msgpack(parts, max_size=11)) == [b"x" * 9]
        with pytest.raises(SerializationError, match="longer than max_size"):
            list(iter_msgpack(parts, max_size=10))


class TestInterrupts:
    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, CancelledError])
    @pytest.mark.parametrize("name", ["json", "msgpack", "yaml", "xml"])
    @pytest.mark.parametrize("value", [object(), {"a": [object()]}, {object(): 1}])
    def test_pass_from_default_through_every_engine(
        self, interrupt: type[BaseException], name: str, value: Any
    ) -> None:
        # A real one comes once: an engine that is asked again must not make up for it.
        answers = iter([interrupt()])

        def default(_: object) -> Any:
            for answer in answers:
                raise answer
            return "later"

        writer = get_serializer(name, SerializerConfig(default=default))

        with pytest.raises(interrupt):
            writer.serialize(value)

    @pytest.mark.parametrize("iterate", [iter_json_lines, iter_msgpack])
    def test_pass_from_the_source_of_a_stream(self, iterate: Any) -> None:
        def pieces() -> Any:
            yield b"1\n"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(iterate(pieces()))
