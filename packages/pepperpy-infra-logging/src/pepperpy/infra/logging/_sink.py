"""Where lines go: a file that is only ever appended to, and the terminal."""

from __future__ import annotations

import io
import logging
import os
import select
import sys
import threading
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any, ClassVar

from pepperpy.infra.utils import register_inspectable

from ._errors import LogFileError
from ._json import encode, stamp
from ._values import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TextIO

    class Renderer(Protocol):
        """Makes the bytes of a line from a record."""

        needs_caller: bool

        def line(self, record: logging.LogRecord) -> bytes: ...


_PATIENCE = 0.25  # seconds that a line waits for a pipe that is full


class Sink(logging.Handler):
    """A handler that renders a line and writes it at once, in the caller's thread, without a lock.

    So there is nothing to flush at exit, and nothing that a fork could inherit locked.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, render: Renderer) -> None:
        super().__init__()
        self.set_name(name)
        self._use(render)
        self._lost = 0  # guarded by the handler's own lock, which logging frees after a fork
        self._failure: str | None = None
        self._torn = False
        register_inspectable(self)

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record's line; whatever goes wrong stays in here."""
        at = record.created
        try:
            if self.filters:
                kept: Any = self.filter(record)
                if not kept:
                    return False
                record = kept if isinstance(kept, logging.LogRecord) else record
            line = self._render(record)
        except Exception as error:  # noqa: BLE001 - a boundary: a line must not take its caller down
            at = time()  # what stands in the record may be no time at all
            line = _line_of_failure(record, error, at)
        try:
            self.write(line, at)
        except Exception as error:  # noqa: BLE001 - as above
            self._count_lost(error)
        return True

    def addFilter(self, filter: Any) -> None:  # noqa: A002, N802 - the standard library's names
        """Add a filter, which may look at all of a record."""
        super().addFilter(filter)
        self.needs_caller = True

    def emit(self, record: logging.LogRecord) -> None:
        """Do what `handle` does."""
        self.handle(record)

    def write(self, line: bytes, at: float) -> None:
        """Write one whole line of a record that was created *at* this time."""
        raise NotImplementedError

    def inspect(self) -> dict[str, object]:
        """How the sink is: what it lost and why."""
        return {
            "kind": "log_sink",
            "name": self.get_name(),
            "state": "ok" if self._failure is None else "failing",
            "facts": {"lost_lines": self._lost, "last_failure": self._failure},
            "config": {"target": self.kind, "format": self._format},
        }

    def retire(self) -> None:
        """Close for good: this is no handler any more."""
        self.close()

    def _use(self, render: Renderer) -> None:
        self._format = type(render).__name__
        self._render = render.line
        self.needs_caller = render.needs_caller or bool(self.filters)

    def _put(self, fd: int, line: bytes, written: int) -> None:
        """Write what is left of *line* after the first attempt."""
        rest = line[written:]
        while rest:
            # If this is all that ever gets there, the next line must not be glued to it.
            self._torn = self._torn or len(rest) < len(line)
            # Whoever reads at the other end has had his chance: only the first line waits for him.
            rest = write_some(fd, rest, 0.0 if self._failure else _PATIENCE)
        self._torn = False
        self._failure = None

    def _count_lost(self, error: Exception) -> None:
        self.acquire()
        try:
            self._lost += 1
            first, self._failure = self._failure is None, f"{type(error).__name__}: {error}"
        finally:
            self.release()
        if first:
            self._report(f"logging to {self.get_name()} fails, lines are lost: {self._failure}")

    def _report(self, text: str) -> None:
        with suppress(Exception):  # there is nowhere left to tell it; inspect() does
            sys.stderr.write(text + "\n")


class FileSink(Sink):
    """Appends to a file: each line is one ``write(2)`` on a descriptor opened with ``O_APPEND``.

    The system then keeps the lines of many threads and processes whole.  Once a second the path is
    looked at; where another program has moved or removed the file, a new one is begun there.

    Raises:
        LogFileError: If the file cannot be opened.
    """

    kind = "file"

    def __init__(self, path: str, render: Renderer) -> None:
        try:
            path = os.path.abspath(path)
            self._fd, self._identity = _open(path)
        except (OSError, ValueError) as error:  # a ValueError: there is a NUL in the path
            reason = getattr(error, "strerror", None) or error
            raise LogFileError(
                f"cannot append to the log file {path!r}: {reason}; "
                "choose another log_file or make this one writable",
                path=path,
            ) from error
        super().__init__(path, render)
        self._path = path
        self._looked_at = self._look_again = 0.0
        self._retired = False

    def write(self, line: bytes, at: float) -> None:
        """Write one whole line, with a single system call if the system takes it."""
        if not self._looked_at <= at < self._look_again:
            self._looked_at, self._look_again = at, at + 1.0
            self._follow()
        if self._torn:
            line = b"\n" + line
        # One expression: between reading the descriptor and the system call no thread can close it.
        try:
            written = os.write(self._fd, line)
        except BlockingIOError:
            written = 0
        except OSError:
            if self._fd < 0 and self._retired:
                # What is logged after the end must be on disk at exit as well.
                self._write_apart(line)
                return
            if self._fd >= 0 and self._is_ours():
                raise
            self._open_again()  # `dictConfig` or a stranger has closed it
            written = 0
        if written != len(line) or self._failure is not None:
            self._put(self._fd, line, written)

    def close(self) -> None:
        """Release the file.  A line that comes later opens it for itself."""
        ours = self._is_ours()
        fd, self._fd = self._fd, -1
        if ours:
            os.close(fd)
        super().close()

    def retire(self) -> None:
        """Close for good; a line that comes later does not keep the file open."""
        self._retired = True
        self.close()

    def _open_again(self) -> None:
        self.acquire()
        try:
            if not self._is_ours():  # else another thread was quicker
                self._fd, self._identity = _open(self._path)
        finally:
            self.release()

    def _write_apart(self, line: bytes) -> None:
        fd, _ = _open(self._path)
        try:
            while line:
                line = write_some(fd, line, _PATIENCE)
        finally:
            os.close(fd)

    def _is_ours(self) -> bool:
        if self._fd < 0:
            return False
        try:
            return _identity(os.fstat(self._fd)) == self._identity
        except OSError:
            return False

    def _follow(self) -> None:
        if self._fd < 0:
            return
        try:
            try:
                if _identity(os.stat(self._path)) == self._identity and self._is_ours():
                    return
            except FileNotFoundError:
                pass
            self._begin_again()
        except OSError as error:
            # The old file still takes the lines, so none is lost.
            self._report(f"cannot begin the log file {self.get_name()} again: {error}")

    def _begin_again(self) -> None:
        fd, identity = _open(self._path)
        if self._is_ours():
            # The number stays and changes its file in one step: no thread can write to a closed one.
            os.dup2(fd, self._fd, inheritable=False)
            os.close(fd)
        else:
            self._fd = fd
        self._identity = identity


class ConsoleSink(Sink):
    """Writes to what ``sys.stderr`` is at the moment, so that it can be replaced and captured."""

    kind = "console"

    def __init__(self, choose: Callable[[TextIO], Renderer]) -> None:
        self._choose = choose
        self._stream: TextIO | None = None
        self._fd = -1
        self._busy = threading.local()
        super().__init__("stderr", choose(sys.stderr))

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
        self._stream, self._fd, self._torn = stream, _plain_descriptor(stream), False
        self._use(self._choose(stream))


def write_some(fd: int, data: bytes, patience: float) -> bytes:
    """Write what the system takes, once; what is left of *data* is returned.

    Where a pipe is full, it is given *patience* seconds.
    """
    try:
        return data[os.write(fd, data) :]
    except BlockingIOError:
        if not patience or not select.select([], [fd], [], patience)[1]:
            raise
        return data


def _open(path: str) -> tuple[int, tuple[int, int]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, 0o666)
    return fd, _identity(os.fstat(fd))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _plain_descriptor(stream: TextIO) -> int:
    """The stream's descriptor, where writing to it is the same as writing to the stream."""
    # Exactly this class: notebooks, capture and progress bars put others in its place.
    if type(stream) is not io.TextIOWrapper or os.name == "nt":
        return -1
    try:
        return stream.fileno() if stream.encoding.lower() == "utf-8" else -1
    except (OSError, ValueError):
        return -1


def _line_of_failure(record: logging.LogRecord, error: Exception, at: float) -> bytes:
    """What can still be said of a record that could not be rendered; never the record's values."""
    return (
        encode(
            {
                "timestamp": stamp(at),
                "level": safe_text(record.levelname),
                "logger": safe_text(record.name),
                "message": f"<a line that could not be rendered: {type(error).__name__}>",
            }
        )
        + b"\n"
    )
