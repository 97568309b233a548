"""How serializers behave: checked where it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from ._errors import SerializerConfigError
from ._kinds import class_of, is_a

NaNPolicy: TypeAlias = Literal["null", "raise", "string", "constant"]
"""What stands for NaN and infinity where the format has no form for them."""

_POLICIES: Final = ("null", "raise", "string", "constant")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerializerConfig:
    """Options of serializers.  Each format takes those that mean something in it.

    Raises:
        SerializerConfigError: If a value makes no sense; it is a `ValueError`.

    Examples:
        >>> SerializerConfig(indent=2, sort_keys=True).nan
        'null'
        >>> SerializerConfig(indent=-1)
        Traceback (most recent call last):
            ...
        pepperpy.infra.serialization.SerializerConfigError: indent must be ... got -1
    """

    indent: int | None = None
    """Spaces for each level of a document that people read; `None` writes it on one line."""
    sort_keys: bool = False
    """Whether keys are written in order, so that equal values give equal bytes."""
    nan: NaNPolicy = "null"
    """What JSON writes for NaN and infinity: null, an error, a text, or ``NaN``, which is no JSON."""
    tagged: bool = False
    """Whether types that the format lacks are written so that reading brings them back."""
    strict: bool = False
    """Whether two members with one key are refused when JSON or MessagePack is read."""
    max_depth: int = 500
    """How many levels of nesting are written and read, if engines and Python's stack go that far."""
    default: Callable[[Any], Any] | None = None
    """Called with what the format cannot hold, and gives something to write instead."""
    allow: Sequence[type[Any]] = ()
    """Further classes that pickle may make."""
    key: bytes | str | Sequence[bytes | str] | None = field(default=None, repr=False)
    """What pickles are signed with, and must be signed with; of several, the first one signs."""
    unsafe: bool = False
    """Whether pickle makes anything that the bytes ask for.  Whoever wrote them runs your process."""

    def __post_init__(self) -> None:
        if self.indent is not None:
            _whole("indent", self.indent, 0)
        _whole("max_depth", self.max_depth, 1)
        for name in ("sort_keys", "tagged", "strict", "unsafe"):
            _check(
                name, isinstance(getattr(self, name), bool), "True or False", getattr(self, name)
            )
        named = is_a(self.nan, str) and self.nan in _POLICIES
        _check("nan", named, f"one of {', '.join(_POLICIES)}", self.nan)
        default: object = self.default
        _check("default", default is None or callable(default), "a function or None", default)
        object.__setattr__(self, "allow", _classes(self.allow))
        object.__setattr__(self, "key", _keys(self.key))

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The signing keys as bytes; the first one signs."""
        return self.key  # type: ignore[return-value]  # __post_init__ made it a tuple of bytes

    def changed(self, **changes: Any) -> SerializerConfig:
        """The same, but for what is given and not `None`."""
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **{"key": self.keys or None, **given}) if given else self


def as_config(given: SerializerConfig | None, name: str = "config") -> SerializerConfig:
    """The config that was given, or the defaults.

    Raises:
        SerializerConfigError: If it is something else.
    """
    if given is not None and not is_a(given, SerializerConfig):
        raise SerializerConfigError(
            f"{name} must be a SerializerConfig or None; got {class_of(given).__name__}",
            option=name,
        )
    return SerializerConfig() if given is None else given


def _whole(name: str, value: object, least: int) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= least
    _check(name, good, f"a whole number from {least} on", value)


def _check(name: str, good: bool, wanted: str, value: object) -> None:
    if not good:
        raise SerializerConfigError(f"{name} must be {wanted}; got {value!r}", option=name)


def _classes(given: Any) -> tuple[type[Any], ...]:
    good = is_a(given, Iterable) and not is_a(given, (str, bytes, Mapping))
    listed: tuple[Any, ...] = tuple(given) if good else ()
    _check("allow", good and all(is_a(each, type) for each in listed), "a list of classes", given)
    return listed


def _keys(given: Any) -> tuple[bytes, ...]:
    """The keys as bytes; the message names no value, since it would be a secret."""
    if given is None:
        return ()
    listed: Any = [given] if is_a(given, (bytes, str)) else given
    keys: list[Any] = (
        [] if is_a(listed, (Mapping, AbstractSet)) or not is_a(listed, Iterable) else [*listed]
    )
    if not keys or not all(is_a(each, (bytes, str)) and each for each in keys):
        raise SerializerConfigError("key must be bytes or text, or a list of them", option="key")
    return tuple(each.encode() if is_a(each, str) else bytes(each) for each in keys)
