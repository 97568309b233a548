"""What is known about a schema after it was read once: its node, and soon a function for good data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import ForkSafeLock

from ._build import Source, build
from ._copying import CONTAINERS, copied
from ._nodes import Node, too_deep
from ._run import Run, finished
from ._validator import Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._result import ValidationResult

COMPILE_AT = 8
"""Uses of the same schema after which writing a function for it pays; a literal has one."""

_ITEMS = 16  # so many items of lists count as one more use
_NEVER: Any = object()  # equal to no schema
_KEPT_KINDS: Any = (dict, list, type)  # a TypedDict takes a hundred microseconds to read
_KEPT = 256  # schemas that are remembered


class Plan:
    """A schema that was read.

    What it was read from is compared before each use, one container after the other, by identity
    of what they hold.
    """

    __slots__ = (
        "_asynchronous",
        "calls",
        "fast",
        "first",
        "items",
        "key",
        "node",
        "others",
        "rule",
    )

    def __init__(self, rule: Any, unknown: str, key: Any = None) -> None:
        self.key: Any = key
        """What it is kept under, if it is."""
        built = build(rule, unknown)
        self.node: Node = built.node
        sources = built.sources
        self.first: Any = sources[0][1] if sources and sources[0][0] is rule else None
        # A strong reference, so that its id is nobody else's.  A validator holds its plan, and would
        # be garbage that only the collector finds.
        self.rule: Any = None if isinstance(rule, Validator) else rule
        self.others: list[Source] = sources[1:] if self.first is not None else sources
        self.calls: int = 0
        self.items: int = 0
        self.fast: Callable[[Any], ValidationResult] | None = None
        self._asynchronous = built.asynchronous

    @property
    def is_async(self) -> bool:
        """Whether one of the rules has to be awaited."""
        return self._asynchronous is not None

    def is_current(self) -> bool:
        """Whether the schema is still what it was."""
        try:
            if self.first is not None and self.first != self.rule:
                return False
            for source, held in self.others:  # `all` would take twice as long
                if held != source:
                    return False
        except Exception:  # noqa: BLE001 - something new in it, which cannot be compared
            return False
        return True

    def validate(self, value: Any) -> ValidationResult:
        """Check *value*, with the compiled function if there is one."""
        fast = self.fast
        if fast is None:
            run = Run()
            result = self.walked(value, run)
            self._count(run.items)
            return result
        return fast(value)

    def walked(self, value: Any, run: Run) -> ValidationResult:
        """Check *value* with the node, and find all that is wrong."""
        if self._asynchronous is not None:
            raise self._asynchronous[1].asynchronous(self._asynchronous[0])
        return finished(self.walk(value, run), run)

    def walk(self, value: Any, run: Run) -> Any:
        """The value as it should be; what is wrong is in *run*."""
        try:
            out = self.node.walk(value, (), run)
            return out if self.node.fresh or type(out) not in CONTAINERS else copied(out)
        except RecursionError:
            run.fatal.append(too_deep(()))
            return None

    def _count(self, items: int) -> None:
        self.calls += 1
        self.items += items
        if self.calls == 1 or self.calls + self.items // _ITEMS < COMPILE_AT or self.fast:
            return
        from ._compile import compiled

        self.fast = compiled(self.node)
        if self.fast is None:
            self.calls = -sys.maxsize  # never again
        elif self.key is not None:
            flat = self.first is not None and not self.others
            _keep(self, COMPILED, (self.first if flat else _NEVER, self.fast, self))


def plan_of(rule: Any, unknown: str = "ignore") -> Plan:
    """The plan of a rule, made now or before."""
    if isinstance(rule, Validator):
        plan = rule.validation_plan
        if plan is None or not plan.is_current():
            plan = Plan(rule, unknown)
            # It may be a frozen dataclass, which is no less a rule.
            object.__setattr__(rule, "validation_plan", plan)
        return plan
    if not isinstance(rule, _KEPT_KINDS):
        return Plan(rule, unknown)
    key = id(rule) if unknown == "ignore" else (id(rule), unknown)
    found = COMPILED.get(key)
    plan = _READ.get(key) if found is None else found[2]
    if plan is None or not plan.is_current():
        plan = Plan(rule, unknown, key)
        _keep(plan, _READ, plan)
    return plan


# By the id of the schema, oldest first.  Changed under _LOCK; looked up without, which a dict allows.
# A flood of literals goes through the second one alone, and washes out no schema that is in use.
COMPILED: dict[Any, tuple[Any, Callable[[Any], ValidationResult], Plan]] = {}
"""What a schema was if it is one dict, the function, and the plan."""
_READ: dict[Any, Plan] = {}
_LOCK = ForkSafeLock()


def _keep(plan: Plan, where: dict[Any, Any], kept: Any) -> None:
    with _LOCK:
        _READ.pop(plan.key, None)
        COMPILED.pop(plan.key, None)
        where[plan.key] = kept
        while len(where) > _KEPT:
            del where[next(iter(where))]
