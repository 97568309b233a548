"""What pydantic checks for us: its models, its annotated types, its adapters.  Imported on use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pepperpy.infra.utils import require_extra

from ._errors import SchemaError, ValidationError, group
from ._nodes import Opaque
from ._result import ValidationResult

# Messages of these are words of the user's.
_OF_THE_USER = frozenset(("value_error", "assertion_error"))
# Those of these quote what was given,
_QUOTING = frozenset(("union_tag_invalid", "import_error"))
# and of these end in the text of an error that is about it.
_TELLING = frozenset(("get_attribute_error", "iteration_error", "mapping_type", "uuid_parsing"))


def guest(hint: Any) -> Opaque:
    """The rule that pydantic takes a value for *hint*.

    A model has its own say on conversions; any other type is taken strictly, since the value stays
    what it is.
    """
    adapter = adapter_of(hint)
    own = hasattr(hint, "__pydantic_validator__") or hasattr(hint, "validate_python")
    strict = None if own else True

    name = _name(hint)
    rule = _Ask(adapter, strict)
    return Opaque(rule, lambda: f"must be a valid {name}", code="type", params={"type": name})


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)


class _Ask:
    """A rule that asks an adapter."""

    def __init__(self, adapter: Any, strict: bool | None) -> None:
        self.adapter: Any = adapter
        self._strict = strict

    def __call__(self, value: Any) -> ValidationResult:
        ask = self.adapter.validate_python
        errors = list(_errors(lambda: ask(value, strict=self._strict), value))
        return ValidationResult(not errors, errors)


def converter(hint: Any) -> Callable[[Any], Any]:
    """A function that makes a *hint* out of a value, or raises what is wrong with it."""
    adapter = adapter_of(hint)

    def convert(value: Any) -> Any:
        made: list[Any] = []
        errors = list(_errors(lambda: made.append(adapter.validate_python(value)), value))
        if errors:
            raise group(errors)
        return made[0]

    return convert


def adapter_of(hint: Any) -> Any:
    """Pydantic's adapter; building one takes a hundred times as long as asking it."""
    if hasattr(hint, "validate_python"):
        return hint
    try:
        hash(hint)
    except TypeError:  # notes in it may have no hash
        return _adapter.__wrapped__(hint)
    return _adapter(hint)


@lru_cache(maxsize=256)
def _adapter(hint: Any) -> Any:
    with require_extra("pepperpy-infra-validation", "pydantic"):
        from pydantic import PydanticUserError, TypeAdapter
    try:
        return TypeAdapter(hint)
    except PydanticUserError as error:
        why = error.message.partition("\n")[0]
        raise SchemaError(f"{_name(hint)} is no type that pydantic can check: {why}") from error


def _errors(ask: Callable[[], Any], value: Any) -> Iterator[ValidationError]:
    from pydantic import ValidationError as PydanticError

    found: list[Mapping[str, Any]] = []
    try:
        ask()
    except PydanticError as error:
        found += error.errors(include_url=False, include_input=False)
    # Outside of the handler, so that pydantic's error, which shows the value, is no context of ours.
    for each in found:
        yield _error(each, value)


def _error(found: Mapping[str, Any], value: Any) -> ValidationError:
    code, message = found["type"], found["msg"]
    if code == "missing":
        return ValidationError("is required", found["loc"], "required")
    if code in _QUOTING or code in _OF_THE_USER or not _is_known(code):
        message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        if code in _QUOTING or _quotes(message, value):
            message = "failed a check of its type"
        return ValidationError(message, found["loc"], code)
    if code in _TELLING:
        message = message.partition(found["ctx"]["error"])[0].rstrip(" :,").removesuffix(", error")
    if message.startswith("Input should be "):
        message = f"must be {message.removeprefix('Input should be ')}"
    else:
        message = f"{message[0].lower()}{message[1:]}"
    return ValidationError(message, found["loc"], code, _params(found.get("ctx", {})))


def _params(context: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given for name, given in context.items() if name != "error"}


def _is_known(code: str) -> bool:
    from pydantic_core import PydanticKnownError

    try:
        PydanticKnownError(code)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    except KeyError:
        return False
    except TypeError:  # it is known, and lacks its context
        return True
    return True


def _quotes(message: str, value: Any) -> bool:
    """Whether the text holds the value, or a part of it."""
    todo, seen = [value], 0
    while todo and seen < 10_000:
        each, seen = todo.pop(), seen + 1
        if isinstance(each, Mapping):
            todo += each.values()
        elif isinstance(each, (list, tuple, set, frozenset)):
            todo += each
        elif isinstance(each, (str, int, float, bytes)) and str(each) and str(each) in message:
            return True
    return seen >= 10_000
