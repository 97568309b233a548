"""Instances that somebody made: whether validation would have made the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import FieldError
from ._kinds import class_of, kind_name
from ._masking import shown_path
from ._shape import shape_of
from ._validating import attempt, invalid

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._building import Component
    from ._shape import Field


def check_instance(component: Component, instance: BaseModel) -> None:
    """Refuse what `model_copy(update=...)` and `model_construct` made past validation.

    A validator that runs before pydantic's was made for another kind of value, so what it reads is
    taken as it is.

    Raises:
        ConfigValidationError: With all faults at once.
    """
    cls = class_of(instance)
    if any(each.info.mode != "after" for each in _model_validators(cls)):
        return
    known = shape_of(cls).fields
    raw = {each.key for each in known if each.raw}
    given_names = instance.model_fields_set
    fields = [each for each in known if each.name in given_names and each.key not in raw]
    given = {each.key: getattr(instance, each.name) for each in fields}
    value, problems = attempt(cls, lambda: cls.__pydantic_validator__.validate_python(given))
    errors = [
        _error(component, shown_path(each.path), each.message, each.kind)
        for each in problems
        if not each.path or each.path[0] not in raw
    ]
    if not problems:
        errors = [
            error for each in fields if (error := _other_type(component, each, value, instance))
        ]
    if errors:
        name = component.name
        raise invalid(f"the configuration of {name!r}", errors, component=name)


def _model_validators(cls: Any) -> Any:
    return cls.__pydantic_decorators__.model_validators.values()


def _other_type(
    component: Component, field: Field, validated: Any, instance: Any
) -> FieldError | None:
    right, wrong = getattr(validated, field.name), getattr(instance, field.name)
    if type(right) is type(wrong):
        return None
    message = f"{kind_name(wrong)} where {kind_name(right)} belongs; was it put in past validation?"
    return _error(component, field.key, message, "type")


def _error(component: Component, path: str, message: str, kind: str) -> FieldError:
    return FieldError(
        component=component.name, path=path, message=message, origin="set_config", kind=kind
    )
