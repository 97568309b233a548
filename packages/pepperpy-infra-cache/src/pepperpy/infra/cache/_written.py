"""Arguments as text that is the same in every process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from ._freeze import CannotFreezeError

_LONGEST: Final = 64
_BY_REPR: Final = (bool, int, float, complex, bytes, type(None), type(...))
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
        raise CannotFreezeError("what contains itself") from None
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _short(part: Any) -> str | None:
    """A readable text that nothing else has, if there is one."""
    if type(part) is int:
        return repr(part) if abs(part) < 10**18 else None
    if type(part) is str and len(part) <= _LONGEST:
        return "'" + quote(part, safe="", errors="surrogatepass") + "'"
    return None


def _canonical(value: Any) -> str:
    kind: Any = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind is str:
        return f"{len(value)}:{value}"
    if kind in _BY_REPR:
        return f"({name} {value!r})"
    if isinstance(value, Enum):
        return f"({name} {value.name})"
    if isinstance(value, _BY_STR):
        return f"({name} {_canonical(str(value))})"
    if isinstance(value, _MOMENTS):
        return f"({name} {_canonical(repr(value))})"
    return f"({name} {_container(value, kind)})"


def _container(value: Any, kind: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(_canonical, value))
    if isinstance(value, Mapping):
        return " ".join(sorted(f"{_canonical(k)}={_canonical(v)}" for k, v in value.items()))
    if isinstance(value, AbstractSet):
        return " ".join(sorted(map(_canonical, value)))
    return repr(bytes(value)) if isinstance(value, bytearray) else _object(value, kind)


def _object(value: Any, kind: Any) -> str:
    if is_dataclass(kind):
        return " ".join(_canonical(getattr(value, each.name)) for each in fields(kind))
    if hasattr(kind, "__pydantic_fields__"):
        return _canonical(vars(value))
    if hasattr(value, "dtype") and hasattr(value, "tobytes") and not value.dtype.hasobject:
        return f"{value.dtype} {value.shape} {value.tobytes()!r}"
    raise CannotFreezeError(kind.__name__)
