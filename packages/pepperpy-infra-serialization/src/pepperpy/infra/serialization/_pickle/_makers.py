"""What stands in for the constructors of plain types while a safe pickle is read.

The real ones can be given arguments with which they work for hours, fill the memory, or make a value that
cannot be, like the 99th of May.  These take what `pickle` itself writes.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from pepperpy.infra.serialization._errors import UnsafeDataError

if TYPE_CHECKING:
    from collections.abc import Callable


def _refuse(what: str) -> TypeError:
    return TypeError(f"no pickle of {what} has such arguments")


def _exactly(value: object, *kinds: type) -> bool:
    return type(value) in kinds


def make_set(items: Any = ()) -> set[Any]:
    if not _exactly(items, list, tuple):
        raise _refuse("a set")
    return set(items)


def make_frozenset(items: Any = ()) -> frozenset[Any]:
    if not _exactly(items, list, tuple):
        raise _refuse("a frozenset")
    return frozenset(items)


def make_bytes() -> bytes:
    return b""  # so protocols 0 to 2 have it; others go through `encode`


def encode(text: Any, encoding: Any) -> bytes:
    if not _exactly(text, str) or encoding not in {"latin1", "latin-1"}:
        raise _refuse("bytes")
    return cast("str", text).encode("latin-1")


def make_bytearray(content: Any = b"", encoding: Any = "latin-1") -> bytearray:
    if _exactly(content, bytes):
        return bytearray(content)
    return bytearray(encode(content, encoding))


def make_counter(counts: Any = None) -> Counter[Any]:
    if counts is not None and not _exactly(counts, dict):
        raise _refuse("a Counter")
    return Counter(counts)


def make_ordered_dict() -> OrderedDict[Any, Any]:
    return OrderedDict()


def make_defaultdict(factory: Any = None) -> defaultdict[Any, Any]:
    return defaultdict(factory)


def make_deque(items: Any = (), size: Any = None) -> deque[Any]:
    if items != ():
        raise _refuse("a deque")
    return deque(maxlen=size)


def make_decimal(text: Any) -> Decimal:
    if not _exactly(text, str):
        raise _refuse("a Decimal")
    return Decimal(text)


def _state(state: Any, length: int) -> bytes:
    # Text is what Python 2 wrote.
    data = state.encode("latin-1") if _exactly(state, str) else state
    if not _exactly(data, bytes) or len(data) != length:
        raise _refuse("a date or a time")
    return cast("bytes", data)


def _from_state(cls: type) -> Any:
    return cls  # which takes the bytes that pickle has for it, and says so nowhere


def make_date(state: Any) -> date:
    made: date = _from_state(date)(_state(state, 4))
    return date(made.year, made.month, made.day)


def make_time(state: Any, tzinfo: Any = None) -> time:
    made: time = _from_state(time)(_state(state, 6), tzinfo)
    return time(
        made.hour, made.minute, made.second, made.microsecond, tzinfo=tzinfo, fold=made.fold
    )


def make_datetime(state: Any, tzinfo: Any = None) -> datetime:
    made: datetime = _from_state(datetime)(_state(state, 10), tzinfo)
    return datetime.combine(
        date(made.year, made.month, made.day),
        time(made.hour, made.minute, made.second, made.microsecond, fold=made.fold),
        tzinfo,
    )


def zone_maker(cls: Any, name: Any) -> Callable[..., ZoneInfo]:
    """What `getattr` is for in the pickle of a zone."""
    if cls is not ZoneInfo or name != "_unpickle":
        raise UnsafeDataError("the pickle asks for an attribute of an object")
    return _make_zone


def _make_zone(key: Any, from_cache: Any) -> ZoneInfo:
    if not _exactly(key, str):
        raise _refuse("a time zone")
    return ZoneInfo(key) if from_cache else ZoneInfo.no_cache(key)
