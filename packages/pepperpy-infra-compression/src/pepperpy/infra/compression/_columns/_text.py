"""Columns of text: numbered names as numbers, few different texts by number, others end to end."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix
from typing import NamedTuple

from pepperpy.infra.serialization import SerializationError, deserialize_json, serialize_json

from ._damage import expect

SEPARATOR = "\0"
_DIGITS = "0123456789"
MOST_DIGITS = 18  # so that they fit into 64 bits


class Numbered(NamedTuple):
    """Texts that differ in one number: ``value_7``, ``shot-0042.png``."""

    prefix: str
    suffix: str
    width: int  # of numbers with leading zeros; 0 if there are none
    numbers: list[int]


def numbered(values: list[str]) -> Numbered | None:
    """The numbers in the texts, if nothing else in them differs."""
    some = (values[0], values[len(values) // 2], values[-1])
    prefix = _common(some).rstrip(_DIGITS)
    suffix = _common([text[::-1] for text in some])[::-1].lstrip(_DIGITS)
    if SEPARATOR in prefix + suffix or not all(_is_number(text, prefix, suffix) for text in some):
        return None
    whole = SEPARATOR.join(values)
    body = whole[len(prefix) : len(whole) - len(suffix)]
    between = suffix + SEPARATOR + prefix
    if body.count(between) != len(values) - 1:
        return None
    numbers = _plain_numbers(body.replace(between, ","), len(values))
    if numbers is not None:
        return Numbered(prefix, suffix, 0, numbers)
    width = len(some[0]) - len(prefix) - len(suffix)
    numbers = _padded_numbers(body.split(between), width)
    return None if numbers is None else Numbered(prefix, suffix, width, numbers)


def from_numbered(found: Numbered) -> list[str]:
    """The texts that `numbered` took apart."""
    prefix, suffix, width, numbers = found
    if width:
        return [f"{prefix}{number:0{width}d}{suffix}" for number in numbers]
    body = serialize_json(numbers)[1:-1].decode().replace(",", suffix + SEPARATOR + prefix)
    return f"{prefix}{body}{suffix}".split(SEPARATOR)


def joined(values: list[str]) -> str | None:
    """The texts in one; `None` if a text holds what should stand between them."""
    text = SEPARATOR.join(values)
    return text if text.count(SEPARATOR) == len(values) - 1 else None


def split(text: str, count: int) -> list[str]:
    """The texts that `joined` put into one."""
    expect(text.count(SEPARATOR) == count - 1, "a column has more or fewer texts than rows")
    return text.split(SEPARATOR)


def _common(texts: Sequence[str]) -> str:
    """What they begin with."""
    return commonprefix(texts)  # noqa: RUF071 - of characters, not of folders


def _is_number(text: str, prefix: str, suffix: str) -> bool:
    middle = text[len(prefix) : len(text) - len(suffix)]
    return 0 < len(middle) <= MOST_DIGITS and not middle.strip(_DIGITS)


def _plain_numbers(text: str, count: int) -> list[int] | None:
    """The numbers in a list without brackets, if they are written as every machine writes them."""
    if not text.isascii():
        return None
    listed = f"[{text}]".encode()
    try:
        # A parser of JSON is several times as quick as int() and str() for each of them.
        numbers: list[int] = deserialize_json(listed)
    except SerializationError:
        return None
    same = len(numbers) == count and set(map(type, numbers)) == {int}
    return numbers if same and serialize_json(numbers) == listed else None


def _padded_numbers(parts: list[str], width: int) -> list[int] | None:
    try:
        numbers = list(map(int, parts))
    except ValueError:
        return None
    # int() takes signs, blanks and other digits as well.
    return numbers if [f"{number:0{width}d}" for number in numbers] == parts else None
