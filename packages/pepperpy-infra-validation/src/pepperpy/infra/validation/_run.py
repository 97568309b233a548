"""One walk through a schema: the errors it finds, and how it asks the rules that are not ours."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pepperpy.infra.utils import passes_through

from ._errors import NO_PARAMS, ValidationError, found
from ._levels import ValidationLevel
from ._result import ValidationResult

if TYPE_CHECKING:
    from ._nodes import Opaque
    from ._paths import Parts

ERROR = ValidationLevel.ERROR
Question: TypeAlias = "tuple[int, Parts, Hashable]"
"""A rule, by its id, and the value that it is asked about, by its path and place."""


class Raised:
    """A rule's answer was an exception."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error


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

    __slots__ = ("errors", "fatal", "items", "mixed", "place")

    def __init__(self) -> None:
        self.errors: list[ValidationError] = []
        self.fatal: list[ValidationError] = []
        """What no negation can turn into a yes."""
        self.mixed: bool = False
        """Whether there may be errors that are warnings."""
        self.items: int = 0
        """How many items of lists it came to."""
        self.place: Hashable = None
        """What beside its path tells a value from others: sets have no indices, and steps convert."""

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """The answer of the rule in *leaf* about the value at *path*."""
        del path
        return ask(leaf.rule, value)

    def wait(self, leaf: Opaque, path: Parts, answer: Any) -> Any:
        """Deal with an *answer* that has to be awaited."""
        raise leaf.asynchronous(path, answer)

    def is_waiting(self, ways: Sequence[Parts]) -> bool:
        """Whether a rule about what one of *ways* leads to has not answered yet."""
        del ways
        return False

    def fail(
        self, path: Parts, message: str, code: str, params: Mapping[str, Any] = NO_PARAMS
    ) -> None:
        """One more error."""
        self.errors.append(found(message, path, code, params))

    def taken_back(self, mark: int) -> list[ValidationError]:
        """The errors since there were *mark* of them, which are none any more."""
        taken = self.errors[mark:]
        del self.errors[mark:]
        return taken

    def failed(self, mark: int) -> bool:
        """Whether there is an error since there were *mark*, warnings apart."""
        errors = self.errors
        return len(errors) > mark and any(error.level is ERROR for error in errors[mark:])


class Pending(Run):
    """One of several walks: what has to be awaited counts as passed until its answer is *known*."""

    __slots__ = ("known", "waiting")

    def __init__(self, known: dict[Question, Any]) -> None:
        super().__init__()
        self.known: dict[Question, Any] = known
        self.waiting: dict[Question, tuple[Opaque, Any]] = {}

    def call(self, leaf: Opaque, value: Any, path: Parts) -> Any:
        """The answer, from an earlier walk if there is one."""
        key = id(leaf), path, self.place
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
        self.waiting[id(leaf), path, self.place] = leaf, answer
        return True

    def is_waiting(self, ways: Sequence[Parts]) -> bool:
        """Whether a rule about what one of *ways* leads to has not answered yet."""
        return any(path[: len(way)] == way for _, path, _ in self.waiting for way in ways)


def finished(out: Any, run: Run) -> ValidationResult:
    """The result of a walk that came to *out*."""
    bad = run.errors
    lower: list[ValidationError] = []
    if run.mixed:
        lower = [error for error in bad if error.level is not ERROR]
        bad = [error for error in bad if error.level is ERROR]
    bad += run.fatal
    result = ValidationResult.__new__(ValidationResult)
    result.is_valid = not bad
    result.errors = bad
    result.warnings = lower
    result.validated_data = None if bad else out
    return result
