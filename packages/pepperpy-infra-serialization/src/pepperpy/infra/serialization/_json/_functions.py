"""JSON in one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, Unpack, overload

from pepperpy.infra.serialization._config import NaNPolicy, SerializerConfig, as_config
from pepperpy.infra.serialization._failures import let_through
from pepperpy.infra.serialization._stack import edge_within, must_look_first
from pepperpy.infra.serialization._unfold import unfold_for_json

from ._engine import Dumps, engine
from ._reader import engine as read_engine
from ._serializer import JSONSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")

_PLAIN: Final = frozenset({bytes, str})
_DEPTH: Final = SerializerConfig().max_depth
_SHALLOW: Final = 2 * _DEPTH  # each level has two brackets


def serialize_json(  # noqa: PLR0917
    value: Any,
    config: SerializerConfig | None = None,
    # Not keyword-only: filling in four of those costs as much as a third of a small dict.
    indent: int | None = None,
    sort_keys: bool | None = None,
    nan: NaNPolicy | None = None,
    default: Callable[[Any], Any] | None = None,
) -> bytes:
    """The value as JSON.

    Args:
        value: Anything that the table of formats names.
        config: How it is written; the defaults if `None`.  What else is given stands in place of
            the option of that name.
        indent: Spaces for each level, as `json.dumps` lays it out.
        sort_keys: Whether keys are written in order.
        nan: What stands for NaN and infinity.
        default: What gives a form to values that have none.

    Raises:
        SerializationError: If JSON cannot hold it.

    Examples:
        >>> serialize_json({"id": 2**70, "price": float("nan")})
        b'{"id":1180591620717411303424,"price":null}'
        >>> print(serialize_json(["é"], indent=2).decode())
        [
          "é"
        ]
    """
    if config is None and indent is None and sort_keys is None and nan is None and default is None:
        # Once more what `serialize` does: for small values each further call would count.
        try:
            return _dumps(value, unfold_for_json, _always)
        except Exception as error:  # noqa: BLE001 - slowly is where it is dealt with
            let_through(error)
            return _default().serialize(value)
    changes = {
        "indent": indent,
        "sort_keys": sort_keys,
        "nan": nan,
        "default": default,
    }
    given = as_config(config).changed(**changes)
    return JSONSerializer(given).serialize(value)


class JSONReadOptions(TypedDict, total=False):
    """The options of `SerializerConfig` that mean something when JSON is read."""

    nan: NaNPolicy
    strict: bool
    max_depth: int


@overload
def deserialize_json(
    data: Data | str, *, config: SerializerConfig | None = None, **options: Unpack[JSONReadOptions]
) -> Any: ...


@overload
def deserialize_json(
    data: Data | str,
    type: type[T],
    config: SerializerConfig | None = None,
    **options: Unpack[JSONReadOptions],
) -> T: ...


def deserialize_json(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    **options: Unpack[JSONReadOptions],
) -> Any:
    """The value that the JSON holds.

    Args:
        data: All of one document; a byte order mark before it is passed over.
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        config: How it is read; the defaults if `None`.
        options: Single options, in place of those of *config*.

    Raises:
        SerializationError: If it is no JSON, or holds nothing of this type.

    Examples:
        >>> deserialize_json('{"name": "John"}')
        {'name': 'John'}
    """
    quick = type is Any and config is None and not options and data.__class__ in _PLAIN
    if quick and not must_look_first(len(data)):
        try:
            value = _loads(data)
        except Exception as error:  # noqa: BLE001 - it is told below what is wrong
            let_through(error)
        else:
            if len(data) <= _SHALLOW or edge_within(value, _DEPTH):
                return value
    if config is None and not options:
        return _default().deserialize(data, type)
    given = as_config(config).changed(**options)
    return JSONSerializer(given).deserialize(data, type)


def _first_dumps(value: Any, hook: Callable[[Any], Any], options: int) -> bytes:
    """Import the engine when it is needed first, and step aside."""
    global _always, _dumps
    _dumps, _always, _, _ = engine()
    return _dumps(value, hook, options | _always)


def _first_loads(data: Any) -> Any:
    global _loads  # noqa: PLW0603
    _loads = read_engine()
    return _loads(data)


_dumps: Dumps = _first_dumps
_always = 0
_loads: Callable[[Any], Any] = _first_loads


@cache
def _default() -> JSONSerializer:
    return JSONSerializer()
