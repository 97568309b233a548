"""What the scalars of YAML mean: the core schema of YAML 1.2, and a few tags of 1.1."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta, timezone
from math import inf, isinf, nan
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = "tag:yaml.org,2002:"

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(
        (f"{sign}.{word}" for sign in ("", "+") for word in ("inf", "Inf", "INF")), inf
    ),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), nan),
}
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def resolve(text: str) -> Any:
    """What a plain scalar without a tag means.

    Raises:
        ValueError: It is a number that Python cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS:
        return _number(text)
    return text


def _number(text: str) -> Any:
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _OCTAL.fullmatch(text):
        return int(text, 0)
    if _HEX.fullmatch(text):
        return int(text, 0)
    return text


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError("a number beyond the range of a float")
    return value


def tagged(tag: str, text: str) -> Any:
    """What a scalar with a tag means.

    Raises:
        KeyError: There is no such tag for a scalar.
        ValueError: The text is none of this kind.
    """
    return _TAGS[tag.removeprefix(PREFIX)](text)


def _resolved(*kinds: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = resolve(text)
        if type(value) not in kinds:
            raise ValueError(f"no {kinds[0].__name__}")
        return value

    return read


def _tagged_float(text: str) -> float:
    return float(_resolved(float, int)(text))


def _binary(text: str) -> bytes:
    return b64decode("".join(text.split()), validate=True)


_TIMESTAMP: Final = re.compile(
    r"(?P<date>\d{4}-\d\d?-\d\d?)"
    r"(?:(?:[Tt]|[ \t]+)(?P<time>\d\d?:\d\d:\d\d)(?:\.(?P<fraction>\d*))?"
    r"[ \t]*(?P<zone>Z|[-+]\d\d?(?::?\d\d)?)?)?",
    re.ASCII,
)


def _timestamp(text: str) -> date | datetime:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("no timestamp")
    year, month, day = map(int, match["date"].split("-"))
    if match["time"] is None:
        return date(year, month, day)
    hour, minute, second = map(int, match["time"].split(":"))
    fraction = (match["fraction"] or "").rstrip("0")
    if len(fraction) > 6:
        raise ValueError("a timestamp finer than microseconds")
    micro = int(fraction.ljust(6, "0"))
    zone = _zone(match["zone"])
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=zone)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)


_TAGS: Final[dict[str, Callable[[str], Any]]] = {
    "!": str,
    "str": str,
    "null": _resolved(type(None)),
    "bool": _resolved(bool),
    "int": _resolved(int),
    "float": _tagged_float,
    "binary": _binary,
    "timestamp": _timestamp,
}

# Every text that some reader, by YAML 1.1 or 1.2, could take for something else.  Wider than the rules:
# "1.2.3" gets quotes that it does not need, and no reader will ever see a date in it.
_LOOKS_LIKE_A_NUMBER: Final = re.compile(r"[-+]?\.?[0-9][0-9a-fA-FxXobOB_.:+\-TtZz ]*")
_LOOKS_LIKE_A_WORD: Final = frozenset(
    {"", "~", "null", "true", "false", "y", "n", "yes", "no", "on", "off", "<<", "="}
    | {f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "nan")}
)


def ambiguous(text: str) -> bool:
    """Whether some reader could take a text for something else if it stood there plain."""
    return text.lower() in _LOOKS_LIKE_A_WORD or bool(_LOOKS_LIKE_A_NUMBER.fullmatch(text))
