"""Running pydantic, and turning whatever it raises into an error that tells no value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from pepperpy.infra.utils import passes_through

from ._errors import ConfigError, ConfigValidationError, FieldError
from ._masking import MapKey, shown_path
from ._messages import kind_of, message_of
from ._shape import Slot, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from ._layers import Path

T = TypeVar("T")


class Problem(NamedTuple):
    """One fault, before it is known where the value came from."""

    path: Path
    message: str
    kind: str


class Outcome(NamedTuple):
    """A value, or what is wrong."""

    value: Any = None
    problems: tuple[Problem, ...] = ()


def attempt(cls: type[BaseModel], call: Callable[[], Any]) -> Outcome:
    """What *call* makes, or why it does not.

    Errors of ours are passed on, and those of the call itself, like a missing argument.
    """
    try:
        return Outcome(call())
    except ConfigError:
        raise
    except ValidationError as error:
        return Outcome(problems=tuple(problems_of(cls, error)))
    except Exception as error:  # what a validator raised may tell what it was given
        traceback = error.__traceback__
        deeper = traceback and traceback.tb_next and traceback.tb_next.tb_next
        if passes_through(error) or deeper is None:
            raise
        text = f"{_place(deeper)} raised {type(error).__name__}"
        return Outcome(problems=(Problem((), text, type(error).__name__),))


def _place(traceback: TracebackType) -> str:
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    return f"{code.co_name} ({code.co_filename}:{traceback.tb_lineno})"


def problems_of(cls: type[BaseModel], error: ValidationError) -> Iterable[Problem]:
    """What pydantic found, without what it was found in."""
    for each in error.errors(include_url=False):
        yield Problem(path_of(cls, each["loc"]), message_of(each), kind_of(each))


def path_of(cls: type, loc: Sequence[int | str]) -> Path:
    """The path of a fault: pydantic's also names members of unions and kinds of validators."""
    path: list[Any] = []
    slot = Slot(classes=(cls,))
    for part in loc:
        found = next(
            (
                shape_of(each).by_name[str(part)]
                for each in slot.classes
                if part in shape_of(each).by_name
            ),
            None,
        )
        if found is not None:
            path.append(found.key)
            slot = found.slot
        elif isinstance(part, int):
            path.append(part)
            slot = slot.items or slot.values or Slot(anything=True)
        elif slot.values is not None or slot.anything:
            # Behind the key of a mapping pydantic writes "[key]" where the key itself is wrong.
            if part != "[key]":
                path.append(MapKey(part))
                slot = slot.values or Slot(anything=True)
        elif slot.classes and part == loc[-1] and not path[len(loc) :]:
            path.extend(_unknown_name(slot, part))
    return tuple(path)


def _unknown_name(slot: Slot, part: str) -> list[str]:
    """A name that a model does not have, unless it is that of a class or of a tag."""
    names = {cls.__name__ for cls in slot.classes}
    return [] if part in names or "[" in part or "-" in part else [part]


def refuse(
    cls: type[BaseModel], problems: Iterable[Problem], what: str | None = None
) -> ConfigValidationError:
    """The error for values that were given to a model directly."""
    name = cls.__name__
    errors = [
        FieldError(component=name, path=shown_path(each.path), message=each.message, kind=each.kind)
        for each in problems
    ]
    return invalid(what or name, errors)


def invalid(what: str, errors: Sequence[FieldError], **data: object) -> ConfigValidationError:
    """One error that tells all faults."""
    count = f"{len(errors)} errors" if len(errors) > 1 else "1 error"
    listed = "".join(f"\n  {each}" for each in errors)
    return ConfigValidationError(f"{what} is not valid, {count}:{listed}", errors, **data)
