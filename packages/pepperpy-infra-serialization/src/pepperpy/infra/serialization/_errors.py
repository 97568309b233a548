"""What can go wrong between values and bytes, on one screen."""

from __future__ import annotations

from typing import Final

from pepperpy.infra.utils import InfraError

_PROMISED_DEPTH: Final = 500


class SerializationError(InfraError, ValueError):
    """The root of the errors of `pepperpy.infra.serialization`.

    It is raised as such where a value has no form in the format, or bytes are no document of it;
    what the engine said is the cause.  *where* is there if a value is at fault: its place in what was
    written, like ``$.users[3]``.
    """

    code = "serialization"


class SerializerConfigError(SerializationError, TypeError):
    """An option of a serializer cannot have this value; *option* is its name."""

    code = "serialization-config"

    option: str


class UnknownFormatError(SerializationError, LookupError):
    """There is no such format; *format* is what was asked for."""

    code = "serialization-format"

    format: object


class DepthError(SerializationError):
    """A value or a document is nested more deeply than *max_depth*."""

    code = "serialization-depth"

    max_depth: int


class LineError(SerializationError):
    """A line of a stream is bad; *line* is its number, from 1 on."""

    code = "serialization-line"

    line: int


class UnsafeDataError(SerializationError):
    """The data asks for something that reading data must not do, or is not signed as it must be."""

    code = "serialization-unsafe"


def too_deep(what: str, max_depth: int) -> DepthError:
    """The error for *what* is nested beyond the limit."""
    return DepthError(
        f"the {what} is nested deeper than {max_depth} levels; max_depth= allows more",
        max_depth=max_depth,
    )


def out_of_stack(what: str, max_depth: int) -> DepthError:
    """The error for *what* needs more of Python's stack than there is, which may be within the limit."""
    if max_depth <= _PROMISED_DEPTH:
        return too_deep(what, max_depth)
    return DepthError(
        f"the {what} is nested deeper than Python's stack has room for, which is less than "
        f"max_depth, {max_depth}",
        max_depth=max_depth,
    )
