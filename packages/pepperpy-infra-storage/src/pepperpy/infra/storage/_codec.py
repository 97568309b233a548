"""Values to bytes and back: exact, or refused.

JSON never begins with a zero byte, so that byte marks values that are bytes themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization import SerializationError, deserialize_json, serialize_json

from ._errors import CorruptValueError, InvalidValueError
from ._kinds import class_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_RAW: Final = b"\x00"
_CONTAINERS: Final = frozenset({dict, list})
_SCALARS: Final = frozenset({str, int, bool, type(None)})


def encode(value: Any) -> bytes:
    """The bytes that stand for a JSON value, or for bytes.

    Raises:
        InvalidValueError: If it would not come back as it is.
    """
    if type(value) is bytes:
        return _RAW + value
    # First, since it ends with values that hold themselves.
    try:
        encoded = serialize_json(value)
    except (SerializationError, RecursionError) as error:
        refuse(value)
        raise InvalidValueError(
            f"a value cannot be stored: {error}", where="$", found=type(value).__name__
        ) from error
    if not _is_plain(value):
        refuse(value)
    return encoded


def decode(data: bytes, key: str, storage: str) -> Any:
    """The value that these bytes stand for.

    Raises:
        CorruptValueError: If they stand for none.
    """
    if data[:1] == _RAW:
        return data[1:]
    try:
        return deserialize_json(data)
    except SerializationError as error:
        raise CorruptValueError(
            f"what is stored under {key!r} in {storage!r} is no JSON", key=key, storage=storage
        ) from error


def _is_plain(value: Any) -> bool:
    """Whether all of it is of the very types that reading JSON makes."""
    found: list[Any] = [value]
    for each in found:  # which grows meanwhile
        kind = class_of(each)
        if kind is dict:
            found += each.values()
            for name in each:
                if type(name) is not str:
                    return False
        elif kind is list:
            found += each
        elif kind is float:
            if each - each != 0:
                return False
        elif kind not in _SCALARS:
            return False
    return True


def refuse(value: Any) -> None:
    """Raise the error that names what is wrong with a value, and where; return if nothing is.

    Raises:
        InvalidValueError: If something is.
    """
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("$", value)]
    while waiting:
        where, each = waiting.pop()
        if id(each) in seen:
            continue
        if class_of(each) in _CONTAINERS:
            seen.add(id(each))
            waiting += _parts(where, each)
        else:
            _refuse_scalar(where, each)


def _parts(where: str, container: Any) -> Iterator[tuple[str, Any]]:
    if class_of(container) is list:
        yield from ((f"{where}[{at}]", item) for at, item in enumerate(container))
        return
    for name, item in container.items():
        if class_of(name) is not str:
            problem = f"has a key of class {class_of(name).__name__}, and JSON has text alone"
            raise _refused(where, problem, class_of(name))
        _refuse_text(where, name)
        yield f"{where}.{name[:40]}", item


def _refuse_scalar(where: str, value: Any) -> None:
    kind = class_of(value)
    if kind is str:
        _refuse_text(where, value)
    elif kind is float:
        if value - value != 0:
            raise _refused(where, "is NaN or infinite, which JSON has no form for", kind)
    elif kind not in _SCALARS:
        raise _refused(
            where,
            f"is a {kind.__name__}, which would not come back as one; "
            "store what JSON has (dict, list, str, int, float, bool, None), or bytes",
            kind,
        )


def _refuse_text(where: str, text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _refused(where, "has text with half of a surrogate pair", str) from None


def _refused(where: str, problem: str, kind: type) -> InvalidValueError:
    return InvalidValueError(f"{where} {problem}", where=where, found=kind.__name__)
