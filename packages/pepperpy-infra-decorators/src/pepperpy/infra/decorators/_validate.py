"""`validate_arguments`: a call whose arguments are not as they should be is refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, overload

from pepperpy.infra.utils import did_you_mean, passes_through
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of, name_of, parameters_of

from ._decorating import Decorator, decorating
from ._errors import InvalidArgumentsError, InvalidOptionError, InvalidTargetError
from ._schemas import Annotations, errors_of, is_schema, schema_of
from ._shown import kind_name
from ._source import passing

_LABEL = "validate_arguments"
_FORMS = (
    f"{_LABEL}(lambda args, kwargs: ...) judges a whole call, "
    f"{_LABEL}(age=lambda age: ...) one parameter, and {_LABEL}() goes by the annotations"
)

Check: TypeAlias = Callable[[tuple[Any, ...], dict[str, Any]], object]
Rule: TypeAlias = Callable[[Any], object] | object
"""A function of the value; with the extra ``validation``, any rule of that package."""


@overload
def validate_arguments(validator: Check | Mapping[str, Rule], /) -> Decorator: ...


@overload
def validate_arguments(**rules: Rule) -> Decorator: ...


def validate_arguments(validator: Any = None, /, **rules: Rule) -> Any:
    """Refuse a call before the function runs, if its arguments do not pass.

    Without arguments it goes by the annotations (extra ``validation``); also bare, but type checkers
    want the brackets, for a bare function could be a check as well.  A check, or a rule, says no by returning something false, or by raising an `Exception`.  All
    rules are asked, and the error names every parameter that failed, but no value.  The arguments
    of a coroutine function are judged with the first step of its coroutine, those of a generator
    with its first item.

    Args:
        validator: Judges the whole call: a function of the positional arguments as a tuple and the
            keyword arguments as a dict, both as they were given, ``self`` included.  A mapping is
            *rules* by another way.
        rules: Judge one parameter each, defaults included: a function of its value; with the extra
            ``validation`` also a type, a validator, a dict of rules or a list with one.  ``*args``
            is a tuple and ``**kwargs`` a dict.  What they convert is not passed on.

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
    if not rules and _is_mapping(validator):
        validator, rules = None, _checked_schema(validator)
    if validator is not None and not rules and _is_to_be_judged(validator):
        return decorating(validator, _judging_annotated, label=_LABEL)
    _check_judges(validator, rules)

    def wrap(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
        if validator:
            return _judging_all(func, kind, validator)
        return _judging(func, kind, rules) if rules else _judging_annotated(func, kind)

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
    def judge(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        why = _refusal(check, args, kwargs)
        if why is not None:
            raise InvalidArgumentsError(
                f"{name_of(func)}() refused its arguments{why}",
                function=name_of(func),
                parameters=(),
            )

    return _judging_calls(func, kind, judge)


def _judging_calls(
    func: Callable[..., Any], kind: Kind, judge: Callable[..., None]
) -> Callable[..., Any]:
    # The call as it was written, so the wrapper must not bind the arguments: that of a partial has
    # `*args, **kwargs`, whatever is inside.
    loose = functools.update_wrapper(functools.partial(func), func)
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
    judges = tuple((name, _asking(name, rule)) for name, rule in rules.items())

    def judge(values: tuple[Any, ...]) -> None:
        failed: dict[str, Any] = {}
        for (name, ask), value in zip(judges, values, strict=True):
            why = ask(value)
            if why is not None:
                failed[name] = why
        if failed:
            raise _refused(func, failed)

    return _judging_values(func, kind, rules, judge)


def _judging_annotated(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    annotations = Annotations(func)

    def judge(values: tuple[Any, ...]) -> None:
        failed = annotations.found(values)
        if failed:
            raise _refused(func, failed)

    if {*annotations.names} <= {*parameters_of(func).names}:
        return _judging_values(func, kind, annotations.names, judge)

    # A partial, or what another decorator made: it takes anything, and shows what is inside.
    def judge_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        judge(annotations.bound(args, kwargs))

    return _judging_calls(func, kind, judge_call)


def _judging_values(
    func: Callable[..., Any], kind: Kind, names: Iterable[str], judge: Callable[..., None]
) -> Callable[..., Any]:
    values = "".join(f"{name}, " for name in names)
    body = f"$judge(({values}))\n{passing(kind)}"
    return compile_wrapper(func, body, {"judge": judge}, label=_LABEL, kind=kind)


def _refused(func: Callable[..., Any], failed: Mapping[str, Any]) -> InvalidArgumentsError:
    """The error that names what *failed*: with a reason in text, or with a result of validation."""
    listed: list[str] = []
    errors: list[Any] = []
    for name, why in failed.items():
        found = [] if isinstance(why, str) else errors_of(name, why)
        listed += [f"{error.path} ({error.message})" for error in found] or [f"{name}{why}"]
        errors += found
    return InvalidArgumentsError(
        f"{name_of(func)}() refused its argument{'s' * (len(failed) > 1)} {', '.join(listed)}",
        function=name_of(func),
        parameters=tuple(failed),
        errors=tuple(errors),
    )


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


def _asking(name: str, rule: Any) -> Callable[[Any], Any]:
    """A function that says why a value of the parameter *name* is not good, `None` if it is."""
    if not is_schema(rule):
        return functools.partial(_refusal, rule)
    validate = schema_of(name, rule).validate

    def ask(value: Any) -> Any:
        result = validate(value)
        return None if result.is_valid else result

    return ask


def _rule_name(judge: Callable[..., object]) -> str:
    name = getattr(judge, "__name__", "<lambda>")
    return f" (not {name})" if isinstance(name, str) and name.isidentifier() else ""


def _is_mapping(given: Any) -> bool:
    return isinstance(given, Mapping)


def _checked_schema(rules: Any) -> dict[str, Rule]:
    if not rules:
        raise InvalidOptionError(f"an empty schema judges nothing; {_FORMS}", option="rules")
    return dict(rules)


def _check_judges(validator: Any, rules: Mapping[str, Rule]) -> None:
    if validator is not None and rules:
        raise InvalidOptionError(
            f"give a check of the whole call or rules by parameter, not both; {_FORMS}",
            option="validator",
        )
    for name, rule in rules.items():
        if not is_schema(rule):
            _check_judge(name, rule)
    if validator is not None:
        _check_judge("validator", validator)
        _check_takes_a_call(validator)


def _check_judge(name: str, judge: Any) -> None:
    if isinstance(judge, type):
        wrong = f"is a class, which would be called; write lambda value: isinstance(value, {judge.__name__})"
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


def _is_to_be_judged(target: Any) -> bool:
    """Whether *target* is what a bare `validate_arguments` was put on, and no check of calls.

    A check takes (args, kwargs); if its parameters are annotated, then with tuple and dict.
    """
    if isinstance(target, (classmethod, staticmethod, property)):
        return True
    if not hasattr(target, "__code__"):
        return False
    parameters = [*inspect.signature(target).parameters.values()]
    annotations = [str(each.annotation) for each in parameters if each.annotation is not each.empty]
    if not annotations:
        return False
    names = [each.name for each in parameters]
    is_check = names == ["args", "kwargs"] or (
        len(names) == 2 and "tuple" in annotations[0].lower()
    )
    return not is_check
