"""JSON files: read with errors that say where, written so that nothing is torn or lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from ._errors import InvalidArgumentError, UtilsError
from ._replace import replace_file

if TYPE_CHECKING:
    import json


class JSONFileError(UtilsError, ValueError):
    """A file holds no JSON that can be read faithfully.

    *path*, and *line* and *column* from 1 (`None` where the whole file is meant), are attributes.
    """

    code = "utils-json-file"


class JSONValueError(UtilsError, TypeError, ValueError):
    """A value can't be written as JSON without a loss.

    *where* is an attribute: the place inside the data, like ``$.users[3].born``.
    """

    code = "utils-json-value"


def load_json(path: str | os.PathLike[str]) -> Any:
    """The value that the JSON file holds.

    UTF-8 with or without a byte order mark, UTF-16 and UTF-32 are told apart by their first bytes.
    Of two equal keys in an object the last wins.  `NaN`, `Infinity` and numbers that would become
    infinite are refused: they are no JSON, and the value would not be what the file says.

    Raises:
        JSONFileError: A `ValueError` with path, line and column.
        FileNotFoundError: Nothing is there; other kinds of `OSError` as from `open`.
    """
    import json

    name = os.fsdecode(path)
    with open(path, "rb") as file:
        data = file.read()
    text = _decode(data, name)
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise _syntax_error(error, name) from error
    except _NotFiniteError as error:
        line, column = _position(text, _find_number(text, error.token))
        message = f"{error.token[:24]} is no number in JSON"
        raise _at(name, line, column, message) from error
    except RecursionError as error:
        raise _at(name, None, None, "lists and objects are nested too deeply") from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise _at(name, None, None, str(error)) from error


def save_json(data: Any, path: str | os.PathLike[str], indent: int | None = 2) -> None:
    """Replace the file in one step with *data* as JSON, in UTF-8; on any error the old file stays.

    The text is made first, written to a hidden file beside the target, brought to the disk, and only
    then put in place: a reader, another writer, a full disk or a power cut never meets half a file.
    Symbolic links are followed, missing folders are made, an existing file keeps its mode, a new one
    follows the umask.

    What JSON has, comes back from `load_json` as it was.  As everywhere in JSON a tuple comes back as
    a list and a key that is a number, true, false or null as text; members of an `IntEnum` or
    `StrEnum` come back as their value.  Whatever would be lost is refused: NaN and infinity, two keys
    with one text, half of a surrogate pair, any other type.

    Args:
        data: Dicts, lists, tuples, text, numbers, booleans and `None`.
        path: The file.
        indent: Spaces for each level; `None` puts everything on one line.

    Raises:
        JSONValueError: Both a `TypeError` and a `ValueError`; it names the place inside *data*.
        InvalidArgumentError: *indent* is no number of spaces.
        OSError: The file could not be written; a folder, pipe or device is never replaced, and a file
            that is a mount of its own, as in some containers, can't be (``EBUSY``).
    """
    if indent is not None and (type(indent) is not int or indent < 0):
        problem = f"indent must be a number of spaces, 0 or more, or None; got {indent!r}"
        raise InvalidArgumentError(problem, argument="indent")
    from ._json_text import json_text

    replace_file(path, json_text(data, indent).encode() + b"\n")


class _NotFiniteError(ValueError):
    """Carries the token out of the parser, which does not tell where it is."""

    def __init__(self, token: str) -> None:
        super().__init__("not a finite number")
        self.token = token


def _refuse_constant(token: str) -> NoReturn:
    raise _NotFiniteError(token)


def _finite(token: str) -> float:
    value = float(token)
    if value - value != 0:
        raise _NotFiniteError(token)
    return value


def _find_number(text: str, token: str) -> int:
    import re

    # Skips strings, in which the same letters may stand.  Possessive: each is passed once.
    pattern = re.compile(
        rf'"(?:[^"\\]++|\\.)*+"|(?<![-+.\w])({re.escape(token)})(?![-+.\w])', re.DOTALL
    )
    return next(found.start() for found in pattern.finditer(text) if found[1] is not None)


def _decode(data: bytes, name: str) -> str:
    import json

    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # The error's own bytes, since its count leaves a byte order mark out.
        before = error.object[: error.start].decode(encoding, "ignore")
        line, column = _position(before, len(before))
        # The cause would carry the whole file, with the secrets in it.
        error.object, error.args = b"", ()
        raise _at(name, line, column, f"the bytes are no {encoding} ({error.reason})") from error


def _syntax_error(error: json.JSONDecodeError, name: str) -> JSONFileError:
    error.doc = ""  # as above
    return _at(name, error.lineno, error.colno, error.msg)


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _at(name: str, line: int | None, column: int | None, message: str) -> JSONFileError:
    where = "" if line is None else f", line {line}, column {column}"
    return JSONFileError(f"{name}{where}: {message}", path=name, line=line, column=column)
