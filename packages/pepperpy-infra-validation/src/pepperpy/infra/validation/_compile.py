"""A function per schema that answers one question quickly: is everything good?

It returns the validated data, or `FAILED` if anything is not as usual; then the nodes are walked,
and those find what is wrong, if anything is.  So it may be wrong in one direction only, and knows
plain dicts, lists and the exact types alone.

Keys and bounds get into the text as the `repr` of exact str and int, all else by a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import isawaitable
from types import CodeType
from typing import Any

from pepperpy.infra.utils import passes_through

from ._branches import All, Any_, NoneOf, Said
from ._copying import CONTAINERS, copied
from ._nodes import MISSING, Anything, Each, Fields, Key, Leaf, Node, Opaque, Replacing, is_rule, passed
from ._plan import FAILED
from ._result import ValidationResult
from ._run import Raised, Recording

_MOST_NODES = 600  # a longer function takes longer to compile than it will ever save
_DEEPEST = 8  # blocks in blocks; Python allows 20


def compiled(node: Node) -> tuple[Callable[..., Any] | None, bool]:
    """The function for *node*, and whether it takes a list for answers; None if it is too large."""
    writer = _Writer()
    name = writer.function(node)
    while writer.todo:
        writer.write(*writer.todo.pop())
        if writer.count > _MOST_NODES:
            return None, False
    answers = "answers" if writer.answering else ""
    lines = [line.replace("$answers", answers) for line in writer.lines]
    exec(_code("\n".join(lines)), writer.names)  # noqa: S102 - our own text; see above
    function: Callable[..., Any] = writer.names[name]
    return function, writer.answering


def _code(text: str) -> CodeType:
    return compile(text, "<schema>", "exec")


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "CONTAINERS": CONTAINERS, "COPIED": copied, "FAILED": FAILED, "MISSING": MISSING,
            "RAISED": _raised, "WALK": _walked, "YES": _is_yes, "OTHERS": _copy_others,
        }  # fmt: skip
        self.todo: list[tuple[str, Node]] = []
        self.count = 0
        self.answering = False
        self._functions: dict[int, str] = {}
        self._open: set[int] = set()
        self._indent = 0
        self._last = 0

    def function(self, node: Node) -> str:
        """The name of the function for *node*, which is written later if it is new."""
        if id(node) not in self._functions:
            self._functions[id(node)] = name = self._new("f")
            self.todo.append((name, node))
        return self._functions[id(node)]

    def write(self, name: str, node: Node) -> None:
        self._indent = 0
        self._line(f"def {name}(v, $answers):")
        self._indent = 1
        self._line("try:")
        self._indent = 2
        self._open = {id(node)}
        out = self._put(node, "v", known=True)
        self._line(f"return {self._owned(node, out)}")
        self._indent = 1
        self._line("except Exception:")
        self._line("    return FAILED")

    def _put(self, node: Node, v: str, *, known: bool = False) -> str:
        """Write what checks the variable *v*; returns the variable that has what comes out."""
        self.count += 1
        if not known and (id(node) in self._open or self._indent > _DEEPEST):
            return self._call(node, v)
        put = _WRITERS.get(type(node))
        if put is None or self.count > _MOST_NODES:
            return self._embedded(node, v)
        self._open.add(id(node))
        out = put(self, node, v)
        self._open.discard(id(node))
        return out

    def _call(self, node: Node, v: str) -> str:
        out = self._new("x")
        self._line(f"{out} = {self.function(node)}({v}, $answers)")
        self._line(f"if {out} is FAILED: return FAILED")
        return out

    def _embedded(self, node: Node, v: str) -> str:
        self.answering = True
        out = self._new("x")
        self._line(f"{out} = WALK({self._name(node)}, {v}, answers)")
        self._line(f"if {out} is FAILED: return FAILED")
        return out

    def leaf(self, node: Leaf, v: str) -> str:
        self._line(f"if not ({self._test(node, v)}): return FAILED")
        return v

    def anything(self, node: Anything, v: str) -> str:
        del node
        return v

    def opaque(self, node: Opaque, v: str) -> str:
        answer = self._asked(node, v)
        self._line(f"if {answer} is not True and not YES({answer}): return FAILED")
        return v

    def replacing(self, node: Replacing, v: str) -> str:
        return self._asked(node, v)

    def _asked(self, node: Opaque, v: str) -> str:
        self.answering = True
        answer = self._new("x")
        self._line("try:")
        self._line(f"    {answer} = {self._name(node.rule)}({v})")
        self._line("except Exception as error:")
        self._line("    answers.append(RAISED(error))")
        self._line("    return FAILED")
        self._line(f"answers.append({answer})")
        return answer

    def all(self, node: All, v: str) -> str:
        for each in node.nodes:
            v = self._put(each, v)
        return v

    def any(self, node: Any_, v: str) -> str:
        if not node.nodes or not all(_has_test(each) for each in node.nodes):
            return self._embedded(node, v)
        tests = " or ".join(f"({self._test(each, v)})" for each in node.nodes)
        self._line(f"if not ({tests}): return FAILED")
        return v

    def none(self, node: NoneOf, v: str) -> str:
        if not all(type(each) is Leaf for each in node.nodes):
            return self._embedded(node, v)
        for each in node.nodes:
            # The quick test may say no where the rule would say yes.
            self._line(f"if {self._name(getattr(each, 'check', None))}({v}): return FAILED")
        return v

    def said(self, node: Said, v: str) -> str:
        return self._put(node.node, v)

    def each(self, node: Each, v: str) -> str:
        out, item = self._new("x"), self._new("x")
        self._line(f"if type({v}) is not list: return FAILED")
        self._line(f"{out} = []")
        self._line(f"for {item} in {v}:")
        self._indent += 1
        made = self._put(node.item, item)
        self._line(f"{out}.append({self._owned(node.item, made)})")
        self._indent -= 1
        return out

    def fields(self, node: Fields, v: str) -> str:
        out, count = self._new("x"), self._new("n")
        self._line(f"if type({v}) is not dict: return FAILED")
        self._line(f"{out} = {'{}' if node.unknown != 'ignore' else f'{v}.copy()'}")
        self._line(f"{count} = {sum(key.required for key in node.keys)}")
        for key in node.keys:
            self._key(key, v, out, count, copying=node.unknown != "ignore")
        if node.unknown == "forbid":
            self._line(f"if len({v}) != {count}: return FAILED")
        elif node.unknown == "ignore":
            self._line(f"if len({v}) != {count}: OTHERS({v}, {out}, {self._name(node.known)})")
        return out

    def _key(self, key: Key, v: str, out: str, count: str, *, copying: bool) -> None:
        item, name = self._new("x"), self._constant(key.name)
        if key.required:
            self._line(f"{item} = {v}[{name}]")
        else:
            self._line(f"{item} = {v}.get({name}, MISSING)")
            self._line(f"if {item} is not MISSING:")
            self._indent += 1
            self._line(f"{count} += 1")
        made = self._put(key.node, item)
        if copying or made != item:
            self._line(f"{out}[{name}] = {self._owned(key.node, made)}")
        elif not _is_atomic(key.node):
            self._line(f"if type({item}) in CONTAINERS: {out}[{name}] = COPIED({item})")
        if not key.required:
            self._indent -= 1
            if key.factory is not None:
                self._line(f"else: {out}[{name}] = {self._name(key.factory)}()")

    def _owned(self, node: Node, out: str) -> str:
        if node.fresh or _is_atomic(node):
            return out
        return f"(COPIED({out}) if type({out}) in CONTAINERS else {out})"

    def _test(self, node: Node, v: str) -> str:
        spec = getattr(node, "spec")  # noqa: B009 - of a Leaf
        if not spec.fast:
            return f"{self._name(spec.check)}({v})"
        names = {name: self._constant(value) for name, value in spec.names.items()}
        return str(spec.fast.format(v=v, **names))

    def _constant(self, value: Any) -> str:
        return repr(value) if type(value) in (str, int) else self._name(value)

    def _name(self, value: Any) -> str:
        name = self._new("c")
        self.names[name] = value
        return name

    def _new(self, kind: str) -> str:
        self._last += 1
        return f"{kind}{self._last}"

    def _line(self, text: str) -> None:
        self.lines.append(f"{'    ' * self._indent}{text}")


_WRITERS: dict[type[Node], Callable[[_Writer, Any, str], str]] = {
    Leaf: _Writer.leaf,
    Anything: _Writer.anything,
    Opaque: _Writer.opaque,
    Replacing: _Writer.replacing,
    All: _Writer.all,
    Any_: _Writer.any,
    NoneOf: _Writer.none,
    Said: _Writer.said,
    Each: _Writer.each,
    Fields: _Writer.fields,
}


def _has_test(node: Node) -> bool:
    return type(node) is Leaf and bool(node.spec.fast)


def _is_atomic(node: Node) -> bool:
    """Whether only what cannot be changed passes the quick test."""
    if isinstance(node, Leaf):
        return bool(node.spec.fast) and node.spec.atomic
    if isinstance(node, All) and not node.replaces:
        return any(_is_atomic(each) for each in node.nodes)
    if isinstance(node, Any_):
        return bool(node.nodes) and all(map(_has_test, node.nodes)) and all(map(_is_atomic, node.nodes))
    return isinstance(node, Said) and _is_atomic(node.node)


def _raised(error: Exception) -> Raised:
    if passes_through(error):
        raise error
    return Raised(error)


def _is_yes(answer: Any) -> bool:
    if answer is None or answer is False:
        return False
    if type(answer) in (re.Match, int, str):
        return bool(answer)
    if isinstance(answer, ValidationResult):
        return answer.is_valid and answer.validated_data is None and not answer.warnings
    return passed(answer) and not isawaitable(answer) and not is_rule(answer)


def _walked(node: Node, value: Any, answers: list[Any]) -> Any:
    run = Recording(answers)
    out = node.walk(value, (), run)
    if run.errors or run.fatal:
        return FAILED
    return out if node.fresh else copied(out)


def _copy_others(source: dict[Any, Any], out: dict[Any, Any], known: frozenset[Any]) -> None:
    for name, item in source.items():
        if name not in known and type(item) in CONTAINERS:
            out[name] = copied(item)
