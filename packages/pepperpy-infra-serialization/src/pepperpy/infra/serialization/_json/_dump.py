"""JSON one value a line, into a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import RawIOBase, TextIOBase
from typing import TYPE_CHECKING, Any, Protocol

from pepperpy.infra.serialization._errors import (
    LineError,
    SerializationError,
    SerializerConfigError,
)
from pepperpy.infra.serialization._kinds import class_of, is_a

from ._serializer import JSONSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig


class Writable(Protocol):
    """A file of bytes."""

    def write(self, data: bytes, /) -> object: ...


def dump_json_lines(
    values: Iterable[Any], file: Writable, config: SerializerConfig | None = None
) -> int:
    r"""Write each value as one line, and tell how many there were.

    Args:
        values: Anything that gives values; one is in memory at a time.
        file: Open for bytes, as by ``open(path, "wb")`` or ``"ab"``; it is left open.
        config: How values are written.

    Raises:
        LineError: If JSON cannot hold a value; it names the line.  Those before it are written.

    Examples:
        >>> import io
        >>> file = io.BytesIO()
        >>> dump_json_lines([{"id": 1}, {"id": 2}], file)
        2
        >>> file.getvalue()
        b'{"id":1}\n{"id":2}\n'
    """
    serializer = JSONSerializer(config)
    if serializer.config.indent is not None:
        raise SerializerConfigError("a line has no indent: it must be None", option="indent")
    _check(values, file)
    number = 0
    for number, value in enumerate(values, 1):
        try:
            line = serializer.serialize(value) + b"\n"
        except SerializationError as error:
            raise LineError(f"line {number} cannot be written: {error}", line=number) from error
        _write(file, line)
    return number


def _check(values: object, file: object) -> None:
    if not is_a(values, Iterable) or is_a(values, (str, bytes, bytearray, memoryview, Mapping)):
        raise SerializerConfigError(
            f"values must be a list or another iterable; got {class_of(values).__name__}",
            option="values",
        )
    if not hasattr(file, "write") or is_a(file, TextIOBase):
        raise SerializerConfigError(
            f"file must be open for bytes, as by open(path, 'wb'); got {class_of(file).__name__}",
            option="file",
        )


def _write(file: Writable, line: bytes) -> None:
    taken: Any = file.write(line)
    # Only a file without a buffer may take less than all.
    while is_a(file, RawIOBase) and taken != len(line):
        if not taken:
            raise SerializationError("the file does not block and takes no more: a line is cut off")
        line = line[taken:]
        taken = file.write(line)
