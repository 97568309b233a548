"""What was read, as the type that was asked for: by msgspec, and by pydantic where a model is meant."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, get_args

from ._errors import SerializationError
from ._failures import let_through
from ._kinds import class_of, is_a
from ._libraries import present
from ._unfold import is_model


def convert(value: Any, wanted: Any) -> Any:
    """A value that was read without types, as the type that is wanted.

    Raises:
        SerializationError: If it is none.
    """
    if wanted is Any:
        return value
    try:
        if means_model(wanted):
            return adapter(wanted).validate_python(value)
        if is_a(wanted, type) and class_of(value) is wanted:
            return value
        from msgspec import convert as made

        return made(value, wanted, dec_hook=_from_python)
    except Exception as error:
        raise unfit(wanted, error) from error


@lru_cache(maxsize=256)
def decoder(wanted: Any, format_name: Literal["json", "msgpack"]) -> Callable[[Any], Any]:
    """What reads documents of msgspec's two formats straight into a type."""
    import msgspec

    if format_name == "json":
        return msgspec.json.Decoder(wanted, dec_hook=_from_json).decode
    return msgspec.msgpack.Decoder(wanted, dec_hook=_from_python).decode


@lru_cache(maxsize=256)
def adapter(wanted: Any) -> Any:
    """What makes models of pydantic, and containers of them."""
    return present("pydantic").TypeAdapter(wanted)  # it made the model


def means_model(wanted: Any) -> bool:
    """Whether the type is a model of pydantic, or built of one."""
    if is_a(wanted, type) and is_model(wanted):
        return True
    return any(means_model(each) for each in get_args(wanted))


def unfit(wanted: Any, error: Exception) -> SerializationError:
    """The error for data that is not of a type; it names places, never values."""
    let_through(error)
    name = wanted.__qualname__ if is_a(wanted, type) else str(wanted)
    return SerializationError(f"the data is no {name}: {_said(error)}")


def _said(error: Exception) -> str:
    if not hasattr(error, "error_count"):
        return str(error) or type(error).__name__
    faults: Any = error
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or '$'}: {fault['msg']}"
        for fault in faults.errors(include_input=False, include_url=False, include_context=False)
    )


def _from_json(wanted: Any, value: Any) -> Any:
    """What msgspec asks about types that it does not know, inside of those that it knows."""
    if is_model(wanted):
        import msgspec

        return adapter(wanted).validate_json(msgspec.json.encode(value))
    return _from_python(wanted, value)


def _from_python(wanted: Any, value: Any) -> Any:
    from pathlib import PurePath

    if is_model(wanted):
        return adapter(wanted).validate_python(value)
    if is_a(wanted, type) and issubclass(wanted, PurePath) and is_a(value, str):
        return wanted(value)
    if is_a(wanted, type) and is_a(value, wanted):
        return value
    raise NotImplementedError(f"{wanted!r} is no type that data can become")
