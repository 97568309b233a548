"""`BaseConfig`: what a component's settings derive from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ._errors import ConfigTypeError, FrozenConfigError
from ._layers import Reader, onto_defaults
from ._masking import masked_data, shown, tells_a_secret
from ._shape import Slot
from ._validating import attempt, problems_of, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


# Said again, since mypy asks the metaclass itself and not what it derives from.
@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr))
class _ConfigType(ModelMetaclass):
    """Lets no error of pydantic out of a call of the class, as it would show what was given."""

    if not TYPE_CHECKING:  # type checkers know the constructor by the fields
        # An `__init__` would be called for each nested model, and would make all of them slow.
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - of a metaclass
            return _validated(cls, lambda: super(_ConfigType, cls).__call__(*args, **kwargs))


def _validated(cls: type[BaseModel], call: Callable[[], Any]) -> Any:
    outcome = attempt(cls, call)
    if outcome.problems:
        # Outside of any `except`, so that the error has no context.
        raise refuse(cls, outcome.problems)
    return outcome.value


class BaseConfig(BaseModel, metaclass=_ConfigType):
    """The settings of one component: a frozen pydantic model that keeps its secrets to itself.

    Fields are given names, types and defaults as in any pydantic model.  What is wrong with given
    values is a `ConfigValidationError` that shows none of them.  A repr masks fields that are named
    like secrets, and passwords in URLs; the attributes are what they are.

    Examples:
        >>> class Mail(BaseConfig):
        ...     host: str
        ...     password: str
        ...     port: int = 25
        >>> mail = Mail(host="mx.example.org", password="hunter2")
        >>> mail
        Mail(host='mx.example.org', password='***', port=25)
        >>> mail.password
        'hunter2'
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any]) -> Self:
        """Settings from a mapping that may be nested; a part of a nested default is enough.

        Raises:
            ConfigValidationError: With all faults at once.
        """
        if not isinstance(cast("object", config_dict), Mapping):
            raise ConfigTypeError(
                f"from_dict takes a mapping; got an object of type {type(config_dict).__name__}"
            )
        slot = Slot(classes=(cls,))
        data = onto_defaults(Reader().read(config_dict, slot), slot)
        return cls.model_validate(data)

    @classmethod
    def from_env(
        cls, prefix: str | None = None, *, environ: Mapping[str, str] | None = None
    ) -> Self:
        """Settings from environment variables alone.

        Args:
            prefix: What the names begin with: ``"SHOP"`` reads ``SHOP_HOST``, ``SHOP_DB__PORT``.
                The default is that of the component which this model is registered for.
            environ: The variables; the default is those of the process.

        Raises:
            ConfigValidationError: With all faults at once.
            ConfigNameError: If *prefix* is left out, and the model is not registered for exactly
                one component.
        """
        from ._from_env import from_env

        return cast("Self", from_env(cls, prefix, environ))

    def to_dict(self, *, mask_secrets: bool = False) -> dict[str, Any]:
        """The settings as nested dicts.

        This is data, so secrets are in it.  With *mask_secrets* it is for people: secrets are
        ``***``, and what is no plain data is a text.
        """
        return (
            cast("dict[str, Any]", masked_data(self))
            if mask_secrets
            else self.model_dump(warnings=False)
        )

    if not TYPE_CHECKING:  # the signatures stay those of pydantic

        @classmethod
        def validate(cls, value: Any) -> Any:
            """Settings from a mapping; an instance is given back."""
            return cls.model_validate(value)

        @classmethod
        def model_validate(cls, *args: Any, **kwargs: Any) -> Any:
            """See pydantic.  Raises `ConfigValidationError`."""
            parent = super()
            return _validated(cls, lambda: parent.model_validate(*args, **kwargs))

        @classmethod
        def model_validate_json(cls, *args: Any, **kwargs: Any) -> Any:
            """See pydantic.  Raises `ConfigValidationError`."""
            parent = super()
            return _validated(cls, lambda: parent.model_validate_json(*args, **kwargs))

        @classmethod
        def model_validate_strings(cls, *args: Any, **kwargs: Any) -> Any:
            """See pydantic.  Raises `ConfigValidationError`."""
            parent = super()
            return _validated(cls, lambda: parent.model_validate_strings(*args, **kwargs))

        def __setattr__(self, name: str, value: Any) -> None:
            error = _refusal(self, name, lambda: super(BaseConfig, self).__setattr__(name, value))
            if error:
                raise error

        def __delattr__(self, name: str) -> None:
            error = _refusal(self, name, lambda: super(BaseConfig, self).__delattr__(name))
            if error:
                raise error

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        computed = type(self).model_computed_fields
        for name, value in super().__repr_args__():
            secret = name in computed and tells_a_secret(value, self)
            yield name, shown(value, name or "", secret=secret)


def _refusal(config: BaseModel, name: str, change: Callable[[], None]) -> Exception | None:
    """The error that a change of a field ends in, if it does."""
    cls = type(config)
    try:
        change()
    except ValidationError as error:
        problems = [*problems_of(cls, error)]
    else:
        return None
    if not any(each.kind.startswith("frozen") for each in problems):
        return refuse(cls, problems)
    return FrozenConfigError(
        f"{cls.__name__}.{name} cannot be changed: a snapshot stays what it is; "
        "use set_config(), or model_copy(update=...) for a changed copy",
        model=cls.__name__,
        field=name,
    )
