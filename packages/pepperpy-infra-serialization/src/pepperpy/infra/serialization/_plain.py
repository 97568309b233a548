"""Making plain what a format has no form for, one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._errors import SerializationError
from ._kinds import class_of, is_a
from ._unfold import member_order, unfold

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from ._config import SerializerConfig


_STEPS: Final = 64  # from one object to what stands for it, to what stands for that, ...


def plain(value: Any, kinds: Container[type], config: SerializerConfig) -> Any:
    """What stands for *value* and is of one of these *kinds*; its items may be anything.

    Raises:
        SerializationError: Nothing does, and *default* has no answer either.
    """
    for _ in range(_STEPS):
        if value.__class__ in kinds:
            return value
        value = _simpler(value, config)
    raise SerializationError("`default=` gives nothing simpler, again and again")


def _simpler(value: Any, config: SerializerConfig) -> Any:
    try:
        made = unfold(value)
    except TypeError as error:
        if config.default is None:
            raise SerializationError(str(error)) from error
        made = config.default(value)
    if config.sort_keys and is_a(value, (set, frozenset)):
        made.sort(key=member_order)
    return made


def members(
    value: dict[Any, Any], plain_key: Callable[[Any], Any], config: SerializerConfig
) -> list[tuple[Any, Any]]:
    """The members of a mapping, with plain keys, in the order in which they are written.

    Raises:
        SerializationError: Two keys become equal by being made plain.
    """
    pairs = [(key if key.__class__ is str else plain_key(key), item) for key, item in value.items()]
    if len({key for key, _ in pairs}) != len(value):
        raise SerializationError(
            f"two keys of a mapping are the same, written: {_twice(pairs)!r:.60}"
        )
    if config.sort_keys:
        pairs.sort(key=lambda pair: key_order(pair[0]))
    return pairs


def _twice(pairs: list[tuple[Any, Any]]) -> Any:
    seen: set[Any] = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    return None


def key_order(key: Any) -> tuple[str, Any]:
    """What keys of all kinds are sorted by."""
    comparable = is_a(key, (str, bytes, int, float)) and key == key  # noqa: PLR0124 - not NaN
    return class_of(key).__name__, key if comparable else str(key)
