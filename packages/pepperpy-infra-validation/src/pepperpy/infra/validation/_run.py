"""One walk through a schema: the errors it finds, and how it asks the rules that are not ours."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import passes_through

from ._errors import NO_PARAMS, ValidationError
from ._levels import ValidationLevel

if TYPE_CHECKING:
    from ._nodes import Opaque
    from ._paths import Parts

ERROR = ValidationLevel.ERROR


class Raised:
    """A rule's answer was an exception."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


def ask(rule: Any, value: Any) -> Any:
    """What *rule* answers; an exception is an answer, unless it is control flow."""
    try:
        return rule(value)
    except Exception as error:
        if passes_through(error):
            raise
        return Raised(error)


class Run:
    """A walk that asks each rule when it comes to it."""

    __slots__ = ("errors", "fatal")

    def __init__(self) -> None:
        self.errors: list[ValidationError] = []
        self.fatal: list[ValidationError] = []
        """What no negation can turn into a yes."""

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """The answer of the rule in *leaf* about the value at *path*."""
        del path
        return ask(leaf.rule, value)

    def wait(self, leaf: Opaque, path: Parts, answer: Any) -> Any:
        """Deal with an *answer* that has to be awaited."""
        raise leaf.asynchronous(path, answer)

    def fail(
        self, path: Parts, message: str, code: str, params: Mapping[str, Any] = NO_PARAMS
    ) -> None:
        """One more error."""
        self.errors.append(ValidationError(message, path, code, params))

    def taken_back(self, mark: int) -> list[ValidationError]:
        """The errors since there were *mark* of them, which are none any more."""
        found = self.errors[mark:]
        del self.errors[mark:]
        return found

    def failed(self, mark: int) -> bool:
        """Whether there is an error since there were *mark*, warnings apart."""
        errors = self.errors
        return len(errors) > mark and any(error.level is ERROR for error in errors[mark:])


class Recording(Run):
    """A walk inside of generated code: it keeps the answers, for the case that all begins anew."""

    __slots__ = ("answers",)

    def __init__(self, answers: list[Any]) -> None:
        super().__init__()
        self.answers = answers

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """Ask, and keep the answer."""
        answer = super().call(leaf, value, path)
        self.answers.append(answer)
        return answer


class Replaying(Run):
    """A walk after one that stopped at the first error: no rule is asked twice about one value."""

    __slots__ = ("answers",)

    def __init__(self, answers: list[Any]) -> None:
        super().__init__()
        self.answers = deque(answers)

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """The answer that was given before, or a new one."""
        # Both walks meet the rules in the same order, so the first answers belong to the first rules.
        return self.answers.popleft() if self.answers else super().call(leaf, value, path)


class Pending(Run):
    """One of several walks: what has to be awaited counts as passed until its answer is *known*."""

    __slots__ = ("known", "waiting")

    def __init__(self, known: dict[Hashable, Any]) -> None:
        super().__init__()
        self.known = known
        self.waiting: dict[Hashable, tuple[Opaque, Any]] = {}

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """The answer, from an earlier walk if there is one."""
        key = id(leaf), path
        if key in self.known:
            return self.known[key]
        answer = super().call(leaf, value, path)
        if not leaf.is_async:
            self.known[key] = answer
        elif not isinstance(answer, Raised):
            self.waiting[key] = leaf, answer
            return True
        return answer

    def wait(self, leaf: Opaque, path: Parts, answer: Any) -> Any:
        """Take it to those that are waited for."""
        self.waiting[id(leaf), path] = leaf, answer
        return True
