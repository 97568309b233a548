"""What a schema is made of once it was read: leaves and lists; for mappings see `_fields`.

A node's `walk` checks one value, reports what is wrong to the run, and returns the value as it
should be.  It uses one frame of the stack, since schemas and data may be deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ._copying import CONTAINERS, copied
from ._errors import NO_PARAMS, AsyncRuleError, SchemaError, ValidationError, found
from ._messages import LIST, TOO_DEEP
from ._result import ValidationResult
from ._run import Raised

if TYPE_CHECKING:
    from ._paths import Parts
    from ._run import Run
    from ._spec import Spec

MISSING: Any = object()
_PLAIN = frozenset((str, int, float, bool, type(None), list, dict))
# Of no type that checkers know, else they would see containers of unknown things.
_GROUP: Any = ExceptionGroup
_LIST: Any = list
_LISTS: Any = (list, tuple)


class Node:
    """One part of a schema."""

    __slots__ = ()

    replaces: bool = False
    """Whether what comes out may be another value than what went in."""

    fresh: bool = False
    """Whether what comes out shares nothing with what went in."""

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Report to *run* what is wrong with *value*, and return it as it should be."""
        raise NotImplementedError


class Leaf(Node):
    """A rule of this package."""

    __slots__ = ("check", "exact", "spec")

    def __init__(self, spec: Spec) -> None:
        self.spec: Spec = spec
        self.check: Callable[[Any], bool] = spec.check
        self.exact: bool = bool(spec.fast) and spec.exact

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Ask the rule."""
        try:
            if self.check(value):
                return value
        except RecursionError:
            run.fatal.append(too_deep(path))
        except Exception:  # noqa: BLE001, S110 - the value is strange, and so not what was asked for
            pass
        spec = self.spec
        run.errors.append(found(spec.message, path, spec.code, spec.params))
        return value

    def doubted(self, value: Any, path: Parts, run: Run) -> Any:
        """Ask the rule about a value that has failed the quick test, if that is not the last word."""
        if not self.exact or type(value) not in _PLAIN:
            return self.walk(value, path, run)
        spec = self.spec
        run.errors.append(found(spec.message, path, spec.code, spec.params))
        return value


class Anything(Node):
    """No rule at all."""

    __slots__ = ()

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Whatever it is."""
        del path, run
        return value


class Opaque(Node):
    """A rule from outside, which may do whatever it likes."""

    __slots__ = ("_message", "_say", "code", "is_async", "params", "rule")

    def __init__(
        self,
        rule: Callable[[Any], Any],
        message: Callable[[], str],
        *,
        is_async: bool = False,
        code: str = "custom",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.rule: Callable[[Any], Any] = rule
        self._say = message
        self._message: str | None = None
        self.is_async: bool = is_async
        self.code: str = code
        self.params: Mapping[str, Any] = params or NO_PARAMS

    @property
    def message(self) -> str:
        """What a value must do; found out when it is first needed."""
        if self._message is None:
            self._message = self._say()
        return self._message

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Ask the rule, and see what it means."""
        answer = run.call(self, value, path)
        return value if answer is True else self.judged(answer, value, path, run)

    def judged(self, answer: Any, value: Any, path: Parts, run: Run) -> Any:
        """What follows from an *answer* other than True."""
        if isinstance(answer, ValidationResult):
            return self._merged(answer, value, path, run)
        if isinstance(answer, Raised):
            self._raised(answer.error, path, run)
            return value
        if passed(answer):
            if isawaitable(answer):
                run.wait(self, path, answer)
            elif is_rule(answer):
                raise SchemaError(
                    "a rule returned another rule in place of an answer; call it with the value",
                    path,
                )
            return value
        self.fail(path, run)
        return value

    def fail(self, path: Parts, run: Run, **params: Any) -> None:
        """Report that the rule said no."""
        given = {**self.params, **params} if params else self.params
        run.errors.append(found(self.message, path, self.code, given))

    def asynchronous(self, path: Parts, answer: Any = None) -> AsyncRuleError:
        """The error that this rule cannot be asked without an event loop."""
        close = getattr(answer, "close", None)
        if close is not None:
            close()  # else Python warns of a coroutine that was never awaited
        return AsyncRuleError(
            f"this rule is asynchronous ({self.message}); use `await validate_async(...)`", path
        )

    def _merged(self, result: ValidationResult, value: Any, path: Parts, run: Run) -> Any:
        if not result.is_valid and not result.errors:
            self.fail(path, run)
        run.mixed = True
        run.errors += [moved(error, path) for error in (*result.errors, *result.warnings)]
        return value if result.validated_data is None else result.validated_data

    def _raised(self, error: Any, path: Parts, run: Run) -> None:
        run.mixed = True
        if isinstance(error, _GROUP):
            mine = error.subgroup(ValidationError)
            if mine is not None:
                run.errors += [moved(each, path) for each in _leaves(mine)]
                return
        if isinstance(error, ValidationError) and not isinstance(error, SchemaError):
            run.errors.append(moved(error, path))
        elif isinstance(error, RecursionError):
            run.fatal.append(too_deep(path))
            self.fail(path, run)
        else:
            # Its text is left out, for it may hold the value.
            self.fail(path, run, exception=type(error).__name__)


class Replacing(Opaque):
    """A conversion: its answer takes the value's place."""

    __slots__ = ()

    replaces = True
    fresh = True

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Convert the value, or a copy of it: some functions change what they get."""
        given = copied(value) if type(value) in CONTAINERS else value
        return self.judged(run.call(self, given, path), value, path, run)

    def judged(self, answer: Any, value: Any, path: Parts, run: Run) -> Any:
        """The *answer*, unless there is none."""
        if isinstance(answer, Raised):
            self._raised(answer.error, path, run)
            return value
        return answer


class Each(Node):
    """A list, or tuple, of things that all are alike."""

    __slots__ = ("item",)

    fresh = True

    def __init__(self, item: Node) -> None:
        self.item: Node = item

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check the items one by one."""
        given = value if type(value) is _LIST else items_of(value, _LISTS)
        if given is None:
            run.fail(path, *LIST)
            return value
        item, fresh = self.item, self.item.fresh
        items: list[Any] = []
        run.items += len(given)
        for index, each in enumerate(given):
            out = item.walk(each, (*path, index), run)
            items.append(out if fresh or type(out) not in CONTAINERS else copied(out))
        return items if isinstance(value, list) else tuple(items)


def items_of(value: Any, kinds: Any) -> Any:
    """What is in a collection, `None` if it is none of *kinds*, or one that cannot be read."""
    try:
        return [*value] if isinstance(value, kinds) else None
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - its own methods fail, so nobody can use it
        return None


def too_deep(path: Parts) -> ValidationError:
    """The error that neither we nor a rule could go deeper."""
    return ValidationError(TOO_DEEP[0], path, TOO_DEEP[1])


def moved(error: ValidationError, path: Parts) -> ValidationError:
    """An error of a part of the data, seen from the whole."""
    return ValidationError(
        error.message,
        (*path, *error.parts),
        error.code,
        error.params,
        level=error.level,
        alternatives=error.alternatives,
    )


def passed(answer: Any) -> bool:
    """Whether an answer means yes."""
    try:
        return bool(answer)
    except Exception:  # noqa: BLE001 - neither yes nor no, like an array
        return False


def is_rule(answer: Any) -> bool:
    """Whether an answer is a rule: somebody forgot to call it."""
    from ._validator import Validator

    return isinstance(answer, Validator)


def _leaves(found: Any) -> list[ValidationError]:
    leaves: list[ValidationError] = []
    for each in found.exceptions:
        leaves += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return leaves
