"""A function per schema that does what a walk does, in one go as long as data is as it should be.

A rule of this package is a test in its text, one of the user's is called from it; where anything
is not as usual, the node concerned takes over and decides.  So the tests may be wrong in one
direction only: they say yes to nothing that the node would refuse.

Keys and bounds get into the text as the `repr` of exact str and int, all else by a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pepperpy.infra.utils import passes_through

from ._branches import All, Any_, Said
from ._copying import CONTAINERS, copied
from ._errors import SchemaError
from ._fields import Fields, Key
from ._messages import REQUIRED
from ._nodes import Anything, Each, Leaf, Node, Opaque, Replacing, too_deep
from ._result import ValidationResult
from ._run import Raised, Run, finished

_MOST_NODES = 600  # a longer function takes longer to compile than it will ever save
_LONGEST = 64  # bits of an integer; Python refuses to write very long ones
_DEEPEST = 10  # blocks in blocks; Python allows 20

_MAIN = """\
if run is not None: return FINISHED({data}, run)
result = NEW(RESULT)
result.is_valid = True
result.validated_data = {data}
return result"""


def compiled(node: Node) -> Callable[[Any], Any] | None:
    """The function for *node*, `None` if it would be too long."""
    writer = _Writer()
    writer.main(node)
    while writer.todo:
        writer.part(*writer.todo.pop())
    if writer.count > _MOST_NODES:
        return None
    names: dict[str, Any] = {**_NAMES, **writer.names, "AGAIN": _Again(node)}
    exec(compile("\n".join(writer.lines), "<schema>", "exec"), names)  # noqa: S102 - see above
    function: Callable[[Any], Any] = names["main"]
    return function


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self.todo: list[tuple[str, Node]] = []
        self.count = 0
        self._functions: dict[int, str] = {}
        self._open: set[int] = set()
        self._indent = 0
        self._last = 0

    def main(self, node: Node) -> None:
        """Write the function for the whole, which returns a result."""
        self._line("def main(v):")
        self._indent = 1
        self._line("run = None")
        self._line("try:")
        self._indent = 2
        data = self._owned(node, self._body(node, "()"))
        for line in _MAIN.format(data=data).split("\n"):
            self._line(line)
        self._indent = 1
        self._line("except Exception as error:")
        self._line("    return AGAIN(error, v)")
        self._indent = 0

    def part(self, name: str, node: Node) -> None:
        """Write a function for a part, which returns the part as it should be."""
        self._line(f"def {name}(v, path, run):")
        self._indent = 1
        self._line(f"return {self._body(node, '(*path,)')}")
        self._indent = 0

    def _body(self, node: Node, path: str) -> str:
        self._open = {id(node)}
        return self._put(node, "v", path, first=True)

    def _put(self, node: Node, v: str, path: str, *, first: bool = False) -> str:
        """Write what checks the variable *v*; returns the variable that has what comes out."""
        self.count += 1
        put = _WRITERS.get(type(node))
        if put is None or self.count > _MOST_NODES:
            return self._walk(node, v, path)
        if not first and (id(node) in self._open or self._indent > _DEEPEST):
            return self._call(node, v, path)
        self._open.add(id(node))
        out = put(self, node, v, path)
        self._open.discard(id(node))
        return out

    def _call(self, node: Node, v: str, path: str) -> str:
        """Check *v* with a function of its own, since it leads back here or would be too deep."""
        name = self._functions.get(id(node))
        if name is None:
            name = self._functions[id(node)] = self._new("f")
            self.todo.append((name, node))
        out = self._new("x")
        self._line("run = run or RUN()")
        self._line(f"{out} = {name}({v}, {path}, run)")
        return out

    def _walk(self, node: Node, v: str, path: str, out: str = "", test: str = "") -> str:
        """Let the node itself check *v*, unless a test says that it is good."""
        out = out or (v if test else self._new("x"))
        if test:
            self._line(f"if not ({test}):")
            self._indent += 1
        self._line("run = run or RUN()")
        method = node.doubted if test and isinstance(node, Leaf) else node.walk
        self._line(f"{out} = {self._name(method)}({v}, {path}, run)")
        if test:
            self._indent -= 1
        return out

    def leaf(self, node: Leaf, v: str, path: str) -> str:
        return self._walk(node, v, path, v, self._test(node, v))

    def anything(self, node: Anything, v: str, path: str) -> str:
        del node, path
        return v

    def opaque(self, node: Opaque | Said, v: str, path: str) -> str:
        rule = node if isinstance(node, Opaque) else node.node
        answer = self._new("x")
        self._ask(rule, v, answer)
        self._line(f"if {answer} is not True:")
        self._line("    run = run or RUN()")
        self._line(f"    {v} = {self._name(node.judged)}({answer}, {v}, {path}, run)")
        return v

    def _ask(self, rule: Any, v: str, answer: str) -> None:
        if isinstance(rule, Replacing):  # some functions change what they get
            v = f"COPIED({v}) if type({v}) in CONTAINERS else {v}"
        self._line("try:")
        self._line(f"    {answer} = {self._name(rule.rule)}({v})")
        self._line("except Exception as error:")
        self._line(f"    {answer} = RAISED(error)")

    def all(self, node: All, v: str, path: str) -> str:
        for at, each in enumerate(node.nodes):
            if isinstance(each, Replacing):
                return self._replaced(each, node.nodes[at + 1 :], v, path)
            if each.replaces:
                return self._walk(All(node.nodes[at:]), v, path)
            v = self._put(each, v, path)
        return v

    def replacing(self, node: Replacing, v: str, path: str) -> str:
        return self._replaced(node, (), v, path)

    def _replaced(self, node: Replacing, rest: tuple[Node, ...], v: str, path: str) -> str:
        answer, out = self._new("x"), self._new("x")
        self._ask(node, v, answer)
        self._line(f"if type({answer}) is RAISEDTYPE:")
        self._line("    run = run or RUN()")
        self._line(f"    {out} = {self._name(node.judged)}({answer}, {v}, {path}, run)")
        self._line("else:")
        self._indent += 1
        self._line(f"{out} = {self._put(All(rest), answer, path)}")
        self._indent -= 1
        return out

    def any(self, node: Any_, v: str, path: str) -> str:
        tests: list[str] = []
        for each in node.nodes:
            if not _has_test(each):
                break  # it would have to be asked before those behind it
            tests.append(f"({self._test(each, v)})")
        return (
            self._walk(node, v, path, test=" or ".join(tests))
            if tests
            else self._walk(node, v, path)
        )

    def said(self, node: Said, v: str, path: str) -> str:
        if _has_test(node.node):
            return self._walk(node, v, path, v, self._test(node.node, v))
        return (
            self.opaque(node, v, path) if type(node.node) is Opaque else self._walk(node, v, path)
        )

    def each(self, node: Each, v: str, path: str) -> str:
        out, item, index = self._new("x"), self._new("x"), self._new("i")
        self._line(f"if type({v}) is list:")
        self._indent += 1
        self._line(f"{out} = []")
        self._line(f"for {index}, {item} in enumerate({v}):")
        self._indent += 1
        made = self._put(node.item, item, _longer(path, index))
        self._line(f"{out}.append({self._owned(node.item, made)})")
        self._indent -= 2
        return self._otherwise(node, v, path, out)

    def fields(self, node: Fields, v: str, path: str) -> str:
        out, count = self._new("x"), self._new("n")
        self._line(f"if type({v}) is dict:")
        self._indent += 1
        self._line(f"{out} = {'{}' if node.unknown == 'drop' else f'{v}.copy()'}")
        self._line(f"{count} = {sum(key.required for key in node.keys)}")
        for key in node.keys:
            self._key(key, v, path, out, count, copying=node.unknown == "drop")
        if node.unknown != "drop":
            self._line(f"if len({v}) != {count}:")
            self._line("    run = run or RUN()")
            self._line(f"    {self._name(node.others)}({v}, {out}, {path}, run)")
        self._indent -= 1
        return self._otherwise(node, v, path, out)

    def _otherwise(self, node: Node, v: str, path: str, out: str) -> str:
        self._line("else:")
        self._indent += 1
        self._walk(node, v, path, out)
        self._indent -= 1
        return out

    def _key(self, key: Key, v: str, path: str, out: str, count: str, *, copying: bool) -> None:
        item, name = self._new("x"), self._constant(key.name)
        path = _longer(path, name)
        self._line("try:")
        self._line(f"    {item} = {v}[{name}]")
        self._line("except KeyError:")
        self._indent += 1
        if key.required:
            self._line(f"{count} -= 1")
            self._line("run = run or RUN()")
            self._line(f"run.fail({path}, *REQUIRED)")
        else:
            made = f"{self._name(key.factory)}()" if key.factory is not None else ""
            self._line(f"{out}[{name}] = {made}" if made else "pass")
        self._indent -= 1
        self._line("else:")
        self._indent += 1
        if not key.required:
            self._line(f"{count} += 1")
        made = self._put(key.node, item, path)
        if copying or made != item:
            self._line(f"{out}[{name}] = {self._owned(key.node, made)}")
        else:
            # Only a node that took over, and so made a run, can have put another value there.
            if _may_change(key.node):
                self._line(f"if run is not None: {out}[{name}] = {item}")
            if not _is_atomic(key.node):
                self._line(f"if type({item}) in CONTAINERS: {out}[{name}] = COPIED({item})")
        if self.lines[-1].endswith("else:"):
            self._line("pass")
        self._indent -= 1

    def _owned(self, node: Node, out: str) -> str:
        if node.fresh or _is_atomic(node):
            return out
        return f"(COPIED({out}) if type({out}) in CONTAINERS else {out})"

    def _test(self, node: Node, v: str) -> str:
        spec = node.spec if isinstance(node, Leaf) else None
        if spec is None or not spec.fast:
            return "False"
        names = {name: self._constant(value) for name, value in spec.names.items()}
        return spec.fast.format(v=v, **names)

    def _constant(self, value: Any) -> str:
        short = type(value) is str or (type(value) is int and value.bit_length() < _LONGEST)
        return repr(value) if short else self._name(value)

    def _name(self, value: Any) -> str:
        name = self._new("c")
        self.names[name] = value
        return name

    def _new(self, kind: str) -> str:
        self._last += 1
        return f"{kind}{self._last}"

    def _line(self, text: str) -> None:
        self.lines.append(f"{'    ' * self._indent}{text}")


_WRITERS: dict[type[Node], Callable[[_Writer, Any, str, str], str]] = {
    Leaf: _Writer.leaf,
    Anything: _Writer.anything,
    Opaque: _Writer.opaque,
    Replacing: _Writer.replacing,
    All: _Writer.all,
    Any_: _Writer.any,
    Said: _Writer.said,
    Each: _Writer.each,
    Fields: _Writer.fields,
}


class _Again:
    """What is left if something in the data itself fails, like the ``__eq__`` of a key: a walk."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __call__(self, error: Exception, value: Any) -> ValidationResult:
        if isinstance(error, SchemaError) or passes_through(error):
            raise error
        run = Run()
        if isinstance(error, RecursionError):
            run.fatal.append(too_deep(()))
            return finished(None, run)
        out = self._node.walk(value, (), run)
        return finished(out if self._node.fresh else copied(out), run)


def _raised(error: Exception) -> Raised:
    if passes_through(error):
        raise error
    return Raised(error)


_NAMES: dict[str, Any] = {
    "CONTAINERS": CONTAINERS,
    "COPIED": copied,
    "FINISHED": finished,
    "NEW": ValidationResult.__new__,
    "RAISED": _raised,
    "RAISEDTYPE": Raised,
    "REQUIRED": REQUIRED,
    "RESULT": ValidationResult,
    "RUN": Run,
}


def _longer(path: str, part: str) -> str:
    return f"({part},)" if path == "()" else f"{path[:-1]} {part},)"


def _has_test(node: Node) -> bool:
    return type(node) is Leaf and bool(node.spec.fast)


def _may_change(node: Node) -> bool:
    """Whether what comes out may be another value though the variable is the same."""
    if isinstance(node, Said):
        return _may_change(node.node)
    return any(map(_may_change, node.nodes)) if isinstance(node, All) else type(node) is not Leaf


def _is_atomic(node: Node) -> bool:
    """Whether what passes a quick test cannot be changed."""
    if isinstance(node, All) and not node.replaces:
        return any(_is_atomic(each) for each in node.nodes)
    if isinstance(node, Said):
        return _is_atomic(node.node)
    return isinstance(node, Leaf) and bool(node.spec.fast) and node.spec.atomic
