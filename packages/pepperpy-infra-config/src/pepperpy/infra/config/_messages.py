"""From pydantic's errors to ours: where, what, and nothing of what was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from pepperpy.infra.utils.redaction import MASK, redact_text

from ._kinds import is_a
from ._masking import members

if TYPE_CHECKING:
    from collections.abc import Iterator

# Errors of pydantic whose text holds something of the input, and what to say in its place.
_TELLING: Final = {
    "union_tag_invalid": "the tag is none of those that are expected: {expected_tags}",
    "uuid_parsing": "input should be a valid UUID",
    "bytes_invalid_encoding": "input should be validly encoded bytes",
    "mapping_type": "input should be a valid mapping",
    "iteration_error": "input cannot be iterated over",
    "get_attribute_error": "an attribute of the input cannot be read",
    "no_such_attribute": "the object has no such attribute",
    "timezone_offset": "input has another timezone offset than is required",
    "too_long": "input should have at most {max_length} items",
    "too_short": "input should have at least {min_length} items",
    "json_invalid": "input is no valid JSON",
    "url_parsing": "input should be a valid URL",
    "url_syntax_violation": "input violated strict URL syntax rules",
    "datetime_parsing": "input should be a valid date and time",
    "datetime_from_date_parsing": "input should be a valid date and time",
    "date_parsing": "input should be a valid date",
    "date_from_datetime_parsing": "input should be a valid date",
    "time_parsing": "input should be a valid time",
    "time_delta_parsing": "input should be a valid duration, like 30 or PT30S",
}
_LENGTH: Final = 500
_LEAVES: Final = 2000
_DEPTH: Final = 20
_WORD = re.compile(r"\w{3,}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def message_of(error: Mapping[str, Any]) -> str:
    """What one of pydantic's errors says, without the value."""
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    if kind in _TELLING:
        return _TELLING[kind].format_map(_Missing(context))
    text = str(error["msg"])
    raised: Any = context.get("error")
    if isinstance(raised, Exception):  # a validator of the user's
        return _own_words(str(raised), error.get("input"), raised)
    if kind in _known_kinds():
        return text[:1].lower() + text[1:]
    return _own_words(text, error.get("input"), None)


def kind_of(error: Mapping[str, Any]) -> str:
    """Pydantic's name for an error; one of the user's making may be made of the value."""
    kind: str = error["type"]
    return kind if kind in _known_kinds() else _own_words(kind, error.get("input"), None)


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "..."


@cache
def _known_kinds() -> frozenset[str]:
    return frozenset(get_args(ErrorType))


def _own_words(text: str, given: Any, raised: Exception | None) -> str:
    values = [given, *_locals(raised)]
    return scrubbed(text or "a validator refused it", values)[:_LENGTH]


def _locals(raised: Exception | None) -> Iterator[Any]:
    """What the validator had at hand, since it may tell the value in another form than it came."""
    traceback = raised.__traceback__ if raised is not None else None
    while traceback is not None:
        for name, each in traceback.tb_frame.f_locals.items():
            if type(each).__name__ == "ValidationInfo":  # it has the fields before this one
                yield each.data
            elif name != "cls":
                yield each
        traceback = traceback.tb_next


def scrubbed(text: str, values: list[Any]) -> str:
    """*text* without the values, in whatever usual form they stand in it, and without parts of them."""
    leaves: list[Any] = []
    for value in values:
        _collect(value, leaves, 0)
    texts = sorted({form for leaf in leaves for form in _forms(leaf)}, key=len, reverse=True)
    for form in texts:
        text = _without(text, form)
    folded = [form.casefold() for form in texts]
    text = _WORD.sub(lambda word: MASK if _is_part(word[0], folded) else word[0], text)
    numbers = {number for form in texts for number in _numbers(form)}
    text = _NUMBER.sub(lambda found: MASK if numbers & _numbers(found[0]) else found[0], text)
    return redact_text(text)


def _collect(value: Any, leaves: list[Any], depth: int) -> None:
    if len(leaves) >= _LEAVES or depth > _DEPTH or value is None or isinstance(value, (bool, type)):
        return
    if is_a(value, Mapping):
        inner: Any = [*value.values(), *value.keys()] if depth else value.values()
    elif is_a(value, (list, tuple, set, frozenset)):
        inner = value
    elif isinstance(value, BaseModel) or hasattr(value, "__dataclass_fields__"):
        inner = [item for _, item in members(value, hidden=True) or ()]
    elif hasattr(value, "get_secret_value"):
        inner = [value.get_secret_value()]
    elif callable(value):
        return
    else:
        leaves.append(value)
        return
    for item in inner:
        _collect(item, leaves, depth + 1)


def _forms(value: Any) -> Iterator[str]:
    try:
        if isinstance(value, (bytes, bytearray)):
            yield value.decode("utf-8", "replace")
        if isinstance(value, str):
            yield value.strip()
            yield repr(value)[1:-1]
            yield ascii(value)[1:-1]
        yield str(value)
        yield repr(value)
    except Exception:  # noqa: BLE001 - a value of the user's that cannot be shown is not shown
        return


def _without(text: str, form: str) -> str:
    if not form.strip():
        return text
    pattern = re.escape(form)
    if len(form) < 3:  # a letter stands in every second word
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return re.sub(pattern, MASK, text, flags=re.IGNORECASE)


def _is_part(word: str, forms: list[str]) -> bool:
    small = word.casefold()
    return any(small in form for form in forms)


def _numbers(text: str) -> set[float]:
    try:
        return {float(text)}
    except ValueError:
        return set()
