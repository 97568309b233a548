"""A configuration file: found, read, parsed, and where in it a thing stands."""

from __future__ import annotations

import errno
import os
import re
from codecs import BOM_UTF8
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.utils import did_you_mean

from ._errors import ConfigFileError, ConfigSyntaxError
from ._kinds import is_a

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_FILE: Final = "pepperpy.toml"
PROFILES: Final = "profiles"

# What stands in quotes in a parser's message may come from the file, unless it is punctuation.
_QUOTED = re.compile(r"""(['"`])(?![^\w'"`]{1,3}\1).*?\1""", re.DOTALL)


class Fault(NamedTuple):
    """Why a text cannot be parsed; lines and columns count from 1."""

    message: str
    line: int | None = None
    column: int | None = None


class Parsed(NamedTuple):
    """What a parser gives back: one of both."""

    data: Any = None
    fault: Fault | None = None


class Document:
    """What a file held when it was read."""

    def __init__(self, path: str, content: bytes, data: dict[str, Any], text: str) -> None:
        self.path = path
        self.content = content
        self.data = data
        self._text = text

    def __repr__(self) -> str:
        return f"Document({self.path!r})"

    def where(self, keys: Sequence[Any]) -> str:
        """``pepperpy.toml:7``: the file, and the line where the keys lead."""
        name = short(self.path)
        line = _format(self.path).locate(self._text, [str(key) for key in keys])
        return name if line is None else f"{name}:{line}"

    def section(self, name: str, root: dict[str, Any] | None = None) -> tuple[tuple[str, ...], Any]:
        """The keys that lead to a component's section, and what is there.

        A component ``app.db`` may be written as one key, or as a table in a table.
        """
        table: Any = self.data if root is None else root
        if name in table or "." not in name:
            return (name,), table.get(name)
        keys = tuple(name.split("."))
        for key in keys:
            table = table.get(key) if is_a(table, dict) else None
        return keys, table


def load(path: str, known: Document | None = None) -> Document:
    """Read and parse a file; *known* is given back if the file still holds the same bytes.

    Raises:
        ConfigFileError: If it cannot be read.
        ConfigSyntaxError: If it cannot be parsed.
    """
    content = read(path)
    if known is not None and known.content == content and known.path == path:
        return known
    text = decode(path, content)
    parser = _format(path)
    parsed: tuple[Any, Fault | None] = parser.parse(text)
    fault = parsed[1]
    if fault is not None:
        raise broken(path, fault, None if fault.line is None else parser.section(text, fault.line))
    # An empty YAML file, or one with nothing but comments, is None.
    data: Any = dict[str, Any]() if parsed[0] is None else parsed[0]
    if not is_a(data, dict):
        raise broken(path, Fault("the whole must be a table of sections", 1))
    return Document(path, content, data, text)


def read(path: str) -> bytes:
    """The bytes of a file."""
    problem = ""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
        missing = error.errno == errno.ENOENT
    except ValueError:  # a null byte in the name
        problem, missing = "not a name that a file can have", False
    raise ConfigFileError(
        f"the configuration file {path!r} cannot be read: {problem}", path=path, missing=missing
    )


def decode(path: str, content: bytes) -> str:
    """The text of a file in UTF-8, with or without a byte order mark."""
    try:
        return content.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        at = error.start + (len(BOM_UTF8) if content.startswith(BOM_UTF8) else 0)
    line = content.count(b"\n", 0, at) + 1
    raise broken(path, Fault("this is not UTF-8 text; save the file as UTF-8", line))


def broken(path: str, fault: Fault, section: str | None = None) -> ConfigSyntaxError:
    """The error for a file that cannot be parsed."""
    place = "" if fault.line is None else f":{fault.line}"
    if fault.line is not None and fault.column is not None:
        place += f":{fault.column}"
    inside = f" in section [{section}]" if section else ""
    return ConfigSyntaxError(
        f"{path}{place}: {without_quotes(fault.message)}{inside}",
        path=path,
        missing=False,
        line=fault.line,
        column=fault.column,
        section=section,
    )


def without_quotes(message: str) -> str:
    """A parser's message without what it quotes from the file."""
    return _QUOTED.sub("...", message)


def short(path: str) -> str:
    """The path as seen from the working directory, if it lies below that."""
    try:
        here = os.path.commonpath([path, os.getcwd()]) == os.getcwd()
    except (OSError, ValueError):  # the folder is gone, or on another drive
        return path
    return os.path.relpath(path) if here else path


_FORMATS: Final = {
    ".toml": "_toml_format",
    ".yaml": "_yaml_format",
    ".yml": "_yaml_format",
    ".json": "_json_format",
}


@lru_cache(16)
def _format(path: str) -> Any:
    suffix = os.path.splitext(path)[1]
    module = _FORMATS.get(suffix.lower())
    if module is None:
        raise ConfigFileError(
            f"the configuration file {path!r} has the unknown extension {suffix!r}; "
            f"{did_you_mean(suffix.lower(), _FORMATS)}",
            path=path,
            missing=False,
        )
    # Only the parser that is needed: to import yaml takes longer than to read most files.
    return import_module(f".{module}", __package__)
