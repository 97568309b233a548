"""Nodes that join others: all, any, none, not, and those that change what is said of a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _messages
from ._errors import NO_PARAMS, ValidationError, found
from ._fields import as_dict
from ._nodes import MISSING, Leaf, Node, Opaque
from ._run import ERROR

if TYPE_CHECKING:
    from ._levels import ValidationLevel
    from ._paths import Parts
    from ._run import Run


class All(Node):
    """Every one of several."""

    __slots__ = ("fresh", "nodes", "replaces")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self.fresh: bool = any(node.fresh for node in nodes)  # what comes later gets it
        self.replaces: bool = any(node.replaces for node in nodes)

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check with each, and report all failures."""
        place = run.place
        for node in self.nodes:
            mark = len(run.errors)
            made = node.walk(value, path, run)
            if node.replaces and run.failed(mark):
                value = made
                break  # the others are for what comes out of the conversion
            if made is not value:
                value, run.place = made, (run.place, id(self), id(node))
        run.place = place
        return value


class Any_(Node):  # noqa: N801 - Any is taken
    """At least one of several."""

    __slots__ = ("fresh", "nodes", "replaces")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self.fresh: bool = bool(nodes) and all(node.fresh for node in nodes)
        self.replaces: bool = any(node.replaces for node in nodes)

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Take the first one that passes."""
        tried: list[list[ValidationError]] = []
        for node in self.nodes:
            mark = len(run.errors)
            out = node.walk(value, path, run)
            if not run.failed(mark):
                return out
            tried.append(run.taken_back(mark))
        messages = [" and ".join(_told(error, len(path)) for error in errors) for errors in tried]
        run.errors.append(
            ValidationError(
                _messages.either(messages),
                path,
                "any_of",
                {"codes": [[error.code for error in errors] for errors in tried]},
                alternatives=tried,
            )
        )
        return value


class NoneOf(Node):
    """Not one of several."""

    __slots__ = ("code", "nodes")

    def __init__(self, nodes: Sequence[Node], code: str) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)
        self.code: str = code

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Report every one that passes."""
        for node in self.nodes:
            mark = len(run.errors)
            node.walk(value, path, run)
            failed = run.failed(mark)
            run.taken_back(mark)
            if not failed:
                run.fail(path, _messages.negated(message_of(node)), self.code)
        return value


class Said(Node):
    """A rule with other words for its failure."""

    __slots__ = ("code", "fresh", "level", "message", "node", "replaces")

    def __init__(
        self, node: Node, message: str | None, code: str | None, level: ValidationLevel
    ) -> None:
        self.node: Node = node
        self.message: str | None = message
        self.code: str | None = code
        self.level: ValidationLevel = level
        self.fresh: bool = node.fresh
        self.replaces: bool = node.replaces

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check with the rule, and say what is to be said."""
        mark = len(run.errors)
        out = self.node.walk(value, path, run)
        self._say(mark, path, run)
        return out

    @property
    def counts(self) -> bool:
        """Whether its failure makes data invalid."""
        return self.level is ERROR

    def judged(self, answer: Any, value: Any, path: Parts, run: Run) -> Any:
        """What follows from the *answer* of the rule, where it is one from outside."""
        mark = len(run.errors)
        node: Any = self.node
        out = node.judged(answer, value, path, run)
        self._say(mark, path, run)
        return out

    def _say(self, mark: int, path: Parts, run: Run) -> None:
        if not run.failed(mark):
            return
        run.mixed = True
        errors = run.taken_back(mark)
        if self.message is not None:
            first = errors[0]
            params: Mapping[str, Any] = first.params if len(errors) == 1 else NO_PARAMS
            code = self.code or (first.code if len(errors) == 1 else "custom")
            errors = [found(self.message, path, code, params)]
        for error in errors:
            error.level = self.level
            if self.code is not None:
                error.__dict__["code"] = self.code
        run.errors += errors


class Together(Node):
    """A rule over several keys of a mapping; asked once those are good."""

    __slots__ = ("at", "keys", "rule")

    def __init__(self, keys: Sequence[Any], rule: Opaque, at: Parts) -> None:
        self.keys: tuple[Any, ...] = tuple(keys)
        self.rule: Opaque = rule
        self.at: Parts = at

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Ask the rule for the values of the keys, if all of them are there and good."""
        source = as_dict(value)
        if source is None:
            run.fail(path, *_messages.MAPPING)
            return value
        try:
            values = [source.get(key, MISSING) for key in self.keys]
        except Exception:  # noqa: BLE001 - a key whose own methods fail
            run.fail(path, *_messages.MAPPING)
            return value
        ways = [(*path, key) for key in self.keys]
        if any(each is MISSING for each in values) or run.is_waiting(ways) or _failed(ways, run):
            return value
        self.rule.walk(tuple(values), (*path, *self.at), run)
        return value


def _failed(ways: Sequence[Parts], run: Run) -> bool:
    depth = len(ways[0])
    mapping = ways[0][:-1]
    for error in reversed(run.errors):
        if error.parts[: depth - 1] != mapping:
            return False  # those before are of other parts of the data, and may be many
        if error.level is ERROR and error.parts[:depth] in ways:
            return True
    return False


def message_of(node: Node) -> str:
    """What a value must do to pass *node*."""
    if isinstance(node, Leaf):
        return node.spec.message
    if isinstance(node, Opaque) or (isinstance(node, Said) and node.message is not None):
        return node.message or ""
    if isinstance(node, (All, Any_, NoneOf)):
        inner = [message_of(each) for each in node.nodes]
        if isinstance(node, Any_):
            return _messages.either(inner)
        return " and ".join(map(_messages.negated, inner) if isinstance(node, NoneOf) else inner)
    return "must fit the schema"


def _told(error: ValidationError, depth: int) -> str:
    from ._paths import render

    inner = render(error.parts[depth:])
    return f"{inner} {error.message}" if inner else error.message
