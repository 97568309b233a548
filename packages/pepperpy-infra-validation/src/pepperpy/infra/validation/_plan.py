"""What is known about a schema after it was read once: its node, and soon a function for good data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import ForkSafeLock

from ._build import build
from ._copying import CONTAINERS, copied
from ._errors import ValidationError
from ._nodes import Node, Opaque, too_deep
from ._result import ValidationResult
from ._run import ERROR, Replaying, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._paths import Parts

COMPILE_AT = 8
"""Uses of the same schema after which writing a function for it pays; a literal has one."""

_KEPT = 256  # schemas that are remembered, for each policy

FAILED: Any = object()
"""What a compiled function answers when it is not sure that everything is good."""


class Plan:
    """A schema that was read.

    What it was read from is compared before each use, one container after the other, by identity
    of what they hold.
    """

    __slots__ = ("_asynchronous", "answering", "fast", "first", "node", "others", "rule", "used", "uses")

    def __init__(self, rule: Any, unknown: str) -> None:
        self.rule = rule  # a strong reference, so that its id is nobody else's
        self.node: Node
        self.node, sources = build(rule, unknown)
        self.first: Any = sources[0][1] if sources and sources[0][0] is rule else None
        self.others = sources[1:] if self.first is not None else sources
        self.uses = 0
        self.used = True
        self.fast: Callable[..., Any] | None = None
        self.answering = False
        """Whether the function takes a list for the answers of rules that are not ours."""
        self._asynchronous = _asynchronous(self.node)

    @property
    def is_async(self) -> bool:
        """Whether one of the rules has to be awaited."""
        return self._asynchronous is not None

    def is_current(self) -> bool:
        """Whether the schema is still what it was."""
        try:
            if self.first is not None and self.first != self.rule:
                return False
            return all(held == source for source, held in self.others)
        except Exception:  # noqa: BLE001 - something new in it, which cannot be compared
            return False

    def validate(self, value: Any) -> ValidationResult:
        """Check *value*: with the compiled function, and with the node if that is not content."""
        fast = self.fast
        if fast is None:
            self._count()
            return self.walked(value, Run())
        answers: list[Any] = []
        try:
            out = fast(value, answers) if self.answering else fast(value)
        except RecursionError:
            out = FAILED
        if out is not FAILED:
            return ValidationResult(True, (), out)
        return self.walked(value, Replaying(answers))

    def walked(self, value: Any, run: Run) -> ValidationResult:
        """Check *value* with the node, and find all that is wrong."""
        if self._asynchronous is not None:
            raise self._asynchronous[1].asynchronous(self._asynchronous[0])
        return finished(value, self.walk(value, run), run)

    def walk(self, value: Any, run: Run) -> Any:
        """The value as it should be; what is wrong is in *run*."""
        try:
            out = self.node.walk(value, (), run)
            return out if self.node.fresh or type(out) not in CONTAINERS else copied(out)
        except RecursionError:
            run.fatal.append(too_deep(()))
            return None

    def _count(self) -> None:
        self.uses += 1
        if self.uses == COMPILE_AT and self._asynchronous is None:
            from ._compile import compiled

            fast, self.answering = compiled(self.node)
            self.fast = fast  # last: other threads use it as soon as it is there


def finished(value: Any, out: Any, run: Run) -> ValidationResult:
    """The result of a walk."""
    del value
    errors = run.errors
    if not errors and not run.fatal:
        return ValidationResult(True, (), out)
    known = {(error.parts, error.code) for error in errors if error.level is ERROR}
    fatal = [error for error in run.fatal if (error.parts, error.code) not in known]
    bad = [error for error in errors if error.level is ERROR]
    lower: list[ValidationError] = [error for error in errors if error.level is not ERROR]
    return ValidationResult(True, [*bad, *fatal], out, lower)


def plan_of(rule: Any, unknown: str = "ignore") -> Plan:
    """The plan of a rule, made now or before."""
    from ._validator import Validator

    if isinstance(rule, Validator):
        plan = rule._plan  # noqa: SLF001 - ours
        if plan is None or not plan.is_current():
            plan = rule._plan = Plan(rule, unknown)  # noqa: SLF001
        return plan
    if not isinstance(rule, (dict, list)):
        return Plan(rule, unknown)
    kept = KEPT.get(unknown) or KEPT.setdefault(unknown, {})
    plan = kept.get(id(rule))
    if plan is not None and plan.is_current():
        plan.used = True
        return plan
    plan = Plan(rule, unknown)
    with _LOCK:
        kept[id(rule)] = plan
        while len(kept) > _KEPT:
            _drop_one(kept)
    return plan


# Guarded by _LOCK; looked up without it, which a dict allows.
KEPT: dict[str, dict[int, Plan]] = {}
_LOCK = ForkSafeLock()


def _drop_one(kept: dict[int, Plan]) -> None:
    # The oldest goes, but one that was used since it came has another round: a flood of literals
    # does not wash out the schemas of modules.
    for _ in range(len(kept)):
        oldest = next(iter(kept))
        plan = kept.pop(oldest)
        if plan.uses < 2 or not plan.used:
            return
        plan.used = False
        kept[oldest] = plan
    kept.pop(next(iter(kept)))


def _asynchronous(node: Node) -> tuple[Parts, Opaque] | None:
    """Where in *node* the first rule is that has to be awaited."""
    from ._visit import visited

    for path, each in visited(node):
        if isinstance(each, Opaque) and each.is_async:
            return path, each
    return None
