"""Arguments as text that is the same in every process."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict, deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, Final, cast
from urllib.parse import quote
from uuid import UUID

from ._freeze import CONTAINS_ITSELF, CannotFreezeError, Mark, fields_of, is_array

_LONGEST: Final = 64
_BY_REPR: Final = (bool, float, complex, bytes, range, type(None), type(...))
_BY_STR: Final = (Decimal, UUID, PurePath)
_MOMENTS: Final = (dt.date, dt.time, dt.timedelta, dt.tzinfo)


def written(parts: tuple[Any, ...]) -> str:
    """One text for *parts*: themselves if they are short texts and numbers, else a digest.

    Two calls have the same text only if their parts are equal and of the same classes.

    Raises:
        CannotFreezeError: If something in *parts* means nothing outside of this process.
    """
    try:
        texts = [_short(part) for part in parts]
        if all(texts):
            return ",".join(map(str, texts))
        whole = _canonical(tuple(parts))
    except RecursionError:
        raise CannotFreezeError("tuple", CONTAINS_ITSELF) from None
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _short(part: Any) -> str | None:
    """A readable text that nothing else has, if there is one."""
    if type(part) is int:
        return repr(part) if abs(part) < 10**18 else None
    if type(part) is str and len(part) <= _LONGEST:
        return "'" + quote(part, safe="", errors="surrogatepass") + "'"
    return repr(part) if type(part) is Mark else None


def _canonical(value: Any) -> str:
    kind = cast("Any", type(value))
    if kind is str:
        return f"{len(value)}:{value}"
    content = _scalar(value, kind)
    return f"({_name_of(kind)} {_container(value, kind) if content is None else content})"


def _name_of(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _scalar(value: Any, kind: Any) -> str | None:
    """What a value without parts says; `None` for all else."""
    if kind is int:
        return f"{value:x}"  # of any length, other than in decimal
    if kind in _BY_REPR or kind is Mark:
        return repr(value)
    if kind is type and "<" not in value.__qualname__:
        return _name_of(value)
    if issubclass(kind, Enum):
        return value.name or _canonical(value.value)
    if issubclass(kind, _BY_STR):
        return _canonical(str(value))
    return _canonical(_moment(value)) if issubclass(kind, _MOMENTS) else None


def _moment(value: Any) -> str:
    zone = getattr(value, "tzinfo", value)
    if isinstance(zone, dt.tzinfo) and type(zone).__repr__ is object.__repr__:
        raise _unknown(zone)  # what it shows is where it lies in memory
    return repr(value)


def _container(value: Any, kind: Any) -> str:
    if issubclass(kind, (list, tuple, deque)):
        return " ".join(map(_canonical, value))
    if kind is slice:
        return " ".join(map(_canonical, (value.start, value.stop, value.step)))
    if issubclass(kind, Mapping):
        pairs = [f"{_canonical(k)}={_canonical(v)}" for k, v in value.items()]
        return " ".join(pairs if issubclass(kind, OrderedDict) else sorted(pairs))
    if issubclass(kind, AbstractSet):
        return " ".join(sorted(map(_canonical, value)))
    return repr(bytes(value)) if issubclass(kind, bytearray) else _object(value)


def _object(value: Any) -> str:
    parts = fields_of(value)
    if parts is not None:
        return " ".join(map(_canonical, parts))
    if is_array(value) and not value.dtype.hasobject:
        return f"{value.dtype} {value.shape} {value.tobytes()!r}"
    raise _unknown(value)


def _unknown(value: object) -> CannotFreezeError:
    kind = type(value).__name__
    return CannotFreezeError(kind, f"no process knows another one's {kind}")
