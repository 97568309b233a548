"""From what a user writes to nodes: dicts, lists, functions, types, validators."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_GENERATOR,
    CO_ITERABLE_COROUTINE,
    CO_VARARGS,
)
from types import BuiltinFunctionType, FunctionType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ._bounds import class_of, shown
from ._errors import SchemaError
from ._fields import Fields, Key
from ._nodes import Each, Leaf, Node, Opaque
from ._source import described
from ._spec import Spec, is_factory, record_of
from ._validator import Composed, RuleValidator, Validator

N = TypeVar("N", bound=Node)

MAX_DEPTH = 500
POLICIES = ("ignore", "forbid", "drop")

_ASYNC = CO_COROUTINE | CO_ITERABLE_COROUTINE
_GENERATOR = CO_GENERATOR | CO_ASYNC_GENERATOR
_FORMS = "a rule is a function, a type, a validator, a dict of rules or a list with one rule in it"


class Want(NamedTuple):
    """A part of a schema that is to be built for the whole."""

    rule: Any
    part: Any = None
    """What leads to it, for errors."""
    unknown: str | None = None
    """Another policy for unknown keys, from here on."""


Steps: TypeAlias = Generator[Want, Node, Node]
"""How a part is built out of its own parts: yields them, gets their nodes, returns one."""

Source: TypeAlias = tuple[Any, Any]
"""A dict or list of the user's, and what it held when it was read."""


class Built(NamedTuple):
    """A rule that was read."""

    node: Node
    sources: list[Source]
    """The containers that it was read from."""
    asynchronous: tuple[tuple[Any, ...], Opaque] | None
    """Where in it the first rule is that has to be awaited."""
    lasting: bool
    """Whether it would be the same anywhere and at any time."""


def build(rule: Any, unknown: str = "ignore") -> Built:
    """The node of a rule, and what there is to know about it.

    Raises:
        SchemaError: If there is something in it that is no rule.
    """
    builder = _Builder()
    try:
        node = builder.build(rule, unknown)
    except SchemaError as error:
        raise type(error)(error.message, (*builder.path(), *error.parts)) from error.__cause__
    lasting = builder.lasting and builder.asynchronous is None
    return Built(node, builder.sources, builder.asynchronous, lasting)


def quick(rule: Any) -> Node | None:
    """The node of a rule where it takes no building, so that literal schemas stay cheap."""
    kind = class_of(rule)
    if kind is RuleValidator:
        if rule.validation_node is None:
            rule.validation_node = Leaf(rule.spec)
        made: Node = rule.validation_node
        return made
    if kind is FunctionType:
        spec = record_of(rule)
        if spec is not None:
            return leaf_of(spec)
        if _flags(rule) & (_ASYNC | _GENERATOR) or is_factory(rule) or misfit(rule, 1):
            return None
        return Opaque(rule, lambda: described(rule))
    return rule.validation_node if isinstance(rule, Composed) else None


def leaf_of(spec: Spec) -> Node:
    """The leaf of a rule, which there is once."""
    made: Node | None = spec.leaf
    if made is None:
        made = Leaf(spec)
        object.__setattr__(spec, "leaf", made)  # the rest of it is frozen
    return made


class _Builder:
    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.asynchronous: tuple[tuple[Any, ...], Opaque] | None = None
        self.lasting = True
        # A container that is met again, perhaps inside of itself, is the same node.
        self.made: dict[tuple[int, str], Node] = {}
        self._parts: list[Any] = []

    def path(self) -> tuple[Any, ...]:
        """The way to what is being built."""
        return tuple(part for part in self._parts if part is not None)

    def build(self, rule: Any, unknown: str) -> Node:
        # An explicit stack: a schema may be deeper than Python's own allows.
        stack: list[tuple[Steps, str]] = []
        made = self.begin(rule, unknown)
        while True:
            try:
                if not isinstance(made, Node):
                    stack.append((made, unknown))
                    want = next(made)
                elif stack:
                    self._parts.pop()
                    want = stack[-1][0].send(made)
                else:
                    return made
            except StopIteration as done:
                stack.pop()
                made = done.value
                continue
            if len(stack) > MAX_DEPTH:
                raise SchemaError(f"the schema is nested deeper than {MAX_DEPTH} levels")
            self._parts.append(want.part)
            unknown = want.unknown or stack[-1][1]
            made = self.begin(want.rule, unknown)

    def begin(self, rule: Any, unknown: str) -> Node | Steps:
        if _is_container(rule):
            known = self.made.get((id(rule), unknown))
            if known is not None:
                return known
            return self._each(rule, unknown) if _is_list(rule) else self._fields(rule, unknown)
        node = quick(rule)
        if node is not None:
            return node
        if isinstance(rule, type) and hasattr(rule, "__required_keys__"):
            return self._typed_dict(rule, unknown)
        made = _validator(rule) if isinstance(rule, Validator) else leaf(rule)
        if isinstance(made, Opaque) and made.is_async and self.asynchronous is None:
            self.asynchronous = self.path(), made
        return made

    def _fields(self, rule: Mapping[Any, Any], unknown: str) -> Steps:
        from ._optional import OptionalKey

        held = dict(rule)
        fields = self._new(rule, unknown, held, Fields(unknown))
        keys: list[Key] = []
        for name, inner in held.items():
            if isinstance(name, OptionalKey):
                raise SchemaError('a rule is a key of this schema; write "key": optional(rule)')
            if isinstance(name, type):
                raise SchemaError(
                    f"{name.__name__} is a key of this schema; for keys that are all alike write "
                    f"dict[{name.__name__}, ...]"
                )
            if isinstance(inner, OptionalKey):
                node = yield Want(inner.rule, name)
                keys.append(Key(name, node, required=False, factory=inner.factory))
            else:
                keys.append(Key(name, quick(inner) or (yield Want(inner, name))))
        fields.complete(keys)
        return fields

    def _typed_dict(self, rule: Any, unknown: str) -> Node | Steps:
        from ._hints import typed_dict

        key = id(rule), unknown
        if key in self.made:
            return self.made[key]
        self.lasting = False  # another policy makes another node
        self.made[key] = fields = Fields(unknown)
        return typed_dict(rule, fields)

    def _each(self, rule: list[Any], unknown: str) -> Steps:
        if len(rule) != 1:
            raise SchemaError(
                f"a list schema has one rule, which each item must pass; got {len(rule)}; "
                "for one of several write [any_of(...)], for any list is_list"
            )
        each = self._new(rule, unknown, [*rule], Each(Leaf.__new__(Leaf)))
        each.item = yield Want(rule[0], 0)
        return each

    def _new(self, rule: Any, unknown: str, held: Any, node: N) -> N:
        self.lasting = False
        self.sources.append((rule, held))
        self.made[id(rule), unknown] = node
        return node


def _is_container(rule: Any) -> bool:
    return isinstance(rule, (dict, list, Mapping))


def _is_list(rule: Any) -> bool:
    return isinstance(rule, list)


def _validator(rule: Validator) -> Node | Steps:
    kind = type(rule)
    if kind.validate is not Validator.validate:
        return Opaque(rule.validate, lambda: rule.message or described(rule), code=rule.code)
    if isinstance(rule, Composed):
        return rule.steps()
    if kind.__call__ is Validator.__call__:
        raise SchemaError(f"{kind.__name__} defines neither validate() nor __call__()")
    return Opaque(
        rule, lambda: rule.message or described(rule), is_async=is_async(rule), code=rule.code
    )


def leaf(rule: Any) -> Node | Steps:
    """The node of a rule that is no container."""
    from . import _hints

    if _hints.is_hint(rule):
        return _hints.steps(rule)
    if not callable(rule):
        raise SchemaError(f"{_FORMS}; got {_shown(rule)}")
    if is_factory(rule):
        raise SchemaError(f"{rule.__name__} makes rules: write {rule.__name__}(...)")
    flags = _flags(rule)
    if flags & _GENERATOR:
        raise SchemaError(
            f"{getattr(rule, '__name__', 'a rule')} is a generator function, which would always pass"
        )
    takes = misfit(rule, 1)
    if takes:
        raise SchemaError(f"a rule takes one value, and {rule.__qualname__} takes {takes}")
    return Opaque(rule, lambda: described(rule), is_async=bool(flags & _ASYNC))


def misfit(rule: Any, count: int) -> str:
    """How many values a Python function takes, if it cannot be called with *count* of them."""
    if not isinstance(rule, FunctionType):
        return ""
    code = rule.__code__
    named = code.co_kwonlyargcount - len(rule.__kwdefaults__ or ())
    least = code.co_argcount - len(rule.__defaults__ or ()) + named
    if least > count:
        return str(least)
    return "" if code.co_argcount >= count or code.co_flags & CO_VARARGS else str(code.co_argcount)


def is_async(rule: Any) -> bool:
    """Whether a rule is a coroutine function, also behind partials and in callable objects."""
    return bool(_flags(rule) & _ASYNC)


def _flags(rule: Any) -> int:
    # As `inspect.iscoroutinefunction` and its like do it, which would take a microsecond each.
    while not isinstance(rule, FunctionType):
        if isinstance(rule, BuiltinFunctionType):
            return 0
        inner = getattr(rule, "func", None) or getattr(rule, "__func__", None)
        if inner is None:
            inner = type(rule).__call__
            if not isinstance(inner, FunctionType):
                return 0
        rule = inner
    marked = getattr(rule, "_is_coroutine_mark", None) is not None
    return rule.__code__.co_flags | (CO_COROUTINE if marked else 0)


def _shown(rule: Any) -> str:
    kind = type(rule).__name__
    if isinstance(rule, (str, int, float, bool)):
        return f"{kind} {shown(rule)[:40]}; for a constant write Literal[...]"
    if rule is None:
        return "None; for the value None write is_none"
    return f"{kind}{_INSTEAD.get(kind, '')}"


_INSTEAD = {
    "tuple": "; for one of several rules write any_of(...)",
    "set": "; for one of several values write Literal[...]",
    "Pattern": "; for a pattern write matches_pattern(...)",
}
