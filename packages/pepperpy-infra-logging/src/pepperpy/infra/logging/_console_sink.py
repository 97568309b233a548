"""The terminal, or whatever standard error is."""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ._sink import Sink

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import TextIO

    from ._record import ExcInfo
    from ._sink import Renderer

# What a pipe takes in one piece, whoever else writes to it.
_PIPE = getattr(select, "PIPE_BUF", 512)


class ConsoleSink(Sink):
    """Writes to what ``sys.stderr`` is at the moment, so that it can be replaced and captured."""

    kind = "console"

    def __init__(self, choose: Callable[[TextIO], Renderer]) -> None:
        self._choose = choose
        self._stream: TextIO | None = None
        self._fd = -1
        self._busy = threading.local()
        super().__init__("stderr", choose(sys.stderr))

    def take(  # noqa: PLR0917 - as in the base
        self,
        at: float,
        name: str,
        level: int,
        msg: Any,
        args: Any,
        exc_info: ExcInfo,
        fields: dict[Any, Any],
    ) -> None:
        """Write the call's line, in the form that suits the stream."""
        if sys.stderr is not self._stream:
            self._adopt(sys.stderr)
        super().take(at, name, level, msg, args, exc_info, fields)

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record's line, in the form that suits the stream."""
        if sys.stderr is not self._stream:
            self._adopt(sys.stderr)
        return super().handle(record)

    def write(self, line: bytes, at: float) -> None:  # noqa: ARG002 - a terminal is never renamed
        """Write one whole line: past the stream's buffer where there is a plain file below it."""
        stream = self._stream
        if stream is None:
            return  # no stderr at all (pythonw)
        if self._fd >= 0:
            # A signal handler may log while the same thread flushes; its line needs no buffer.
            with suppress(RuntimeError):
                stream.flush()  # what `print` has left in the buffer comes first
            self._write_below(line)
        else:
            self._write_to(stream, line)

    def joins(self, size: int, at: float) -> bool:  # noqa: ARG002 - as above
        """Whether so many bytes may be one write: others must not be able to write into a line."""
        return size <= _PIPE and self._fd >= 0

    def _write_below(self, line: bytes) -> None:
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._fd, line)
        except BlockingIOError:
            written = 0
        if written != len(line) or self._failure is not None:
            self._put(self._fd, line, written)

    def _write_to(self, stream: TextIO, line: bytes) -> None:
        # Python code, which may log what is written to it, again and again.
        if getattr(self._busy, "now", False):
            raise RuntimeError("logged by what writes the log")
        self._busy.now = True
        try:
            encoding = getattr(stream, "encoding", None) or "utf-8"
            text = line.decode("utf-8", "replace")
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()
        finally:
            self._busy.now = False
        if self._failure is not None:
            self._failure = None

    def _report(self, text: str) -> None:
        """Tell nobody: standard error is what fails."""

    def _adopt(self, stream: TextIO) -> None:
        self.flush()  # what waits was rendered for the stream before
        self._stream, self._fd, self._torn = stream, _plain_descriptor(stream), False
        self._use(self._choose(stream))


def _plain_descriptor(stream: TextIO) -> int:
    """The stream's descriptor, where writing to it is the same as writing to the stream."""
    # Exactly this class: notebooks, capture and progress bars put others in its place.
    if type(stream) is not io.TextIOWrapper or os.name == "nt":
        return -1
    try:
        return stream.fileno() if stream.encoding.lower() == "utf-8" else -1
    except (OSError, ValueError):
        return -1
