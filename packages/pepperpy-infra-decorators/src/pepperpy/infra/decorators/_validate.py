"""`validate_arguments`: a call whose arguments are not as they should be is refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, overload

from pepperpy.infra.utils import did_you_mean, passes_through
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of, name_of, parameters_of

from ._decorating import Decorator, decorating
from ._errors import InvalidArgumentsError, InvalidOptionError, InvalidTargetError
from ._shown import kind_name
from ._source import passing

_LABEL = "validate_arguments"
_FORMS = (
    f"{_LABEL}(lambda args, kwargs: ...) judges a whole call, "
    f"{_LABEL}(age=lambda age: ...) one parameter"
)

Check: TypeAlias = Callable[[tuple[Any, ...], dict[str, Any]], object]
Rule: TypeAlias = Callable[[Any], object]


@overload
def validate_arguments(validator: Check, /) -> Decorator: ...


@overload
def validate_arguments(**rules: Rule) -> Decorator: ...


def validate_arguments(validator: Any = None, /, **rules: Rule) -> Any:
    """Refuse a call before the function runs, if its arguments do not pass.

    A check, or a rule, says no by returning something false, or by raising an `Exception`.  All
    rules are asked, and the error names every parameter that failed, but no value.  The arguments
    of a coroutine function are judged with the first step of its coroutine, those of a generator
    with its first item.

    Args:
        validator: Judges the whole call: a function of the positional arguments as a tuple and the
            keyword arguments as a dict, both as they were given, ``self`` included.
        rules: Judge one parameter each, defaults included: a function of its value.  ``*args`` is a
            tuple and ``**kwargs`` a dict.

    Raises:
        InvalidOptionError: At decoration, if there is nothing to judge by, or no such parameter.
        InvalidArgumentsError: When a call is refused; it is a `ValueError`.

    Examples:
        >>> @validate_arguments(amount=lambda amount: amount > 0)
        ... def pay(amount):
        ...     return f"paid {amount}"
        >>> pay(3)
        'paid 3'
        >>> pay(-1)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pepperpy.infra.decorators.InvalidArgumentsError: ...pay() refused its argument amount
    """
    if validator is not None and rules:
        raise InvalidOptionError(
            f"give a check of the whole call or rules by parameter, not both; {_FORMS}",
            option="validator",
        )
    if validator is None and not rules:
        raise InvalidOptionError(
            f"there is nothing to judge the arguments by, and annotations are not read; {_FORMS}",
            option="rules",
        )
    for name, rule in rules.items():
        _check_judge(name, rule)
    if validator is not None:
        _check_judge("validator", validator)
        _check_takes_a_call(validator)

    def wrap(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
        return _judging_all(func, kind, validator) if validator else _judging(func, kind, rules)

    def decorator(*targets: Any, **named: Any) -> Any:
        if len(targets) == 1 and not named:
            return decorating(targets[0], wrap, label=_LABEL)
        taken = f"took {name_of(validator)} for a check; " if validator is not None else ""
        raise InvalidTargetError(
            f"{_LABEL} {taken}decorates one function and got {len(targets) + len(named)} arguments; "
            f"{_FORMS}",
            decorator=_LABEL,
        )

    return decorator


def _judging_all(func: Callable[..., Any], kind: Kind, check: Check) -> Callable[..., Any]:
    # A check sees the call as it was written, so the wrapper must not bind the arguments: that of
    # a partial has `*args, **kwargs`, whatever is inside.
    loose = functools.update_wrapper(functools.partial(func), func)

    def judge(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        why = _refusal(check, args, kwargs)
        if why is not None:
            raise InvalidArgumentsError(
                f"{name_of(func)}() refused its arguments{why}",
                function=name_of(func),
                parameters=(),
            )

    body = f"$judge($args, $kwargs)\n{passing(kind)}"
    wrapper = compile_wrapper(loose, body, {"judge": judge}, label=_LABEL, kind=kind)
    return functools.update_wrapper(wrapper, func)


def _judging(func: Callable[..., Any], kind: Kind, rules: Mapping[str, Any]) -> Callable[..., Any]:
    known = parameters_of(func).names
    if list(rules) == ["validator"] and "validator" not in known:
        # The older API had this name for the check of a whole call.
        _check_takes_a_call(rules["validator"])
        return _judging_all(func, kind, rules["validator"])
    for name in rules:
        if name not in known:
            raise InvalidOptionError(
                f"{name_of(func)}() has no parameter {name!r}; {did_you_mean(name, known)}",
                option=name,
            )
    judges = tuple(rules.items())

    def judge(values: tuple[Any, ...]) -> None:
        failed: dict[str, str] = {}
        for (name, rule), value in zip(judges, values, strict=True):
            why = _refusal(rule, value)
            if why is not None:
                failed[name] = why
        if failed:
            listed = ", ".join(name + why for name, why in failed.items())
            raise InvalidArgumentsError(
                f"{name_of(func)}() refused its argument{'s' * (len(failed) > 1)} {listed}",
                function=name_of(func),
                parameters=tuple(failed),
            )

    values = "".join(f"{name}, " for name in rules)
    body = f"$judge(({values}))\n{passing(kind)}"
    return compile_wrapper(func, body, {"judge": judge}, label=_LABEL, kind=kind)


def _refusal(judge: Callable[..., object], *values: Any) -> str | None:
    """Why *judge* says no, `None` if it does not.

    What it raises is no cause of our error: its text may hold the value.
    """
    try:
        return None if judge(*values) else _rule_name(judge)
    except Exception as error:
        if passes_through(error):
            raise
        return f" ({kind_name(error)} in the check)"


def _rule_name(judge: Callable[..., object]) -> str:
    name = getattr(judge, "__name__", "<lambda>")
    return f" (not {name})" if isinstance(name, str) and name.isidentifier() else ""


def _check_judge(name: str, judge: Any) -> None:
    if isinstance(judge, type):
        wrong = f"is a class, which would be called; write lambda value: isinstance(value, {judge.__name__})"
    elif isinstance(judge, Mapping):
        wrong = f"is a schema, and schemas are not read; {_FORMS}"
    elif not callable(judge):
        wrong = f"must be a function; got {type(judge).__name__}"
    elif kind_of(judge) is not Kind.FUNCTION:
        wrong = f"is a {kind_of(judge).value}, which would never say no; give a plain function"
    else:
        return
    raise InvalidOptionError(f"{name} {wrong}", option=name)


def _check_takes_a_call(check: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(check)
    except ValueError:  # a builtin tells nobody its parameters
        return
    try:
        signature.bind((), {})
    except TypeError:
        raise InvalidOptionError(
            f"{name_of(check)} cannot be called with (args, kwargs), and is no check; {_FORMS}",
            option="validator",
        ) from None
