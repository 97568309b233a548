"""How policies become one wrapper: each puts its lines around those of the next one in."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Protocol

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# What is inside all policies.  Each kind leaves what the function returned in $result, except that
# an async generator returns from the midst of its lines, and so must be seen off by a `finally`.
CORE = {
    Kind.FUNCTION: "$result = $call",
    Kind.COROUTINE: "$result = $await$call",
    Kind.GENERATOR: "$result = yield from $call",
    Kind.ASYNC_GENERATOR: """\
$generator = $call
try:
    $item = await $anext($generator)
except $StopAsyncIteration:
    return
$relay""",
}


class Layer(Protocol):
    """A policy that can be a part of a wrapper."""

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines *inner* with this policy around them.

        Args:
            inner: Sets ``$result``, unless *kind* is an async generator.
            kind: Of the function.
            tag: Ends every name of this layer, so that it is told from its neighbours.
        """
        ...

    def names(self, tag: str) -> Mapping[str, object]:
        """What the lines refer to."""
        ...


def wrapper_of(
    func: Callable[..., Any], layers: Sequence[Layer], *, label: str, kind: Kind | None = None
) -> Any:
    """*func* with *layers* around it, the outermost first, in one wrapper of this *kind*."""
    kind = kind or kind_of(func)
    body = CORE[kind]
    names: dict[str, object] = {}
    for number, layer in reversed(list(enumerate(layers))):
        tag = f"_{number}"
        body = layer.source(body, kind, tag)
        names.update(layer.names(tag))
    if kind is not Kind.ASYNC_GENERATOR:
        body += "\nreturn $result"
    return compile_wrapper(func, body, names, label=label, kind=kind)


def indented(lines: str, depth: int = 1) -> str:
    """*lines*, further to the right."""
    return textwrap.indent(lines, "    " * depth)


def judged(inner: str, kind: Kind, tag: str, *, failed: str, succeeded: str) -> str:
    """*inner*, and one of two things after it."""
    if kind is Kind.ASYNC_GENERATOR:
        return f"""\
$fine{tag} = True
try:
{indented(inner)}
except $BaseException as $error{tag}:
    $fine{tag} = False
{indented(failed)}
    raise
finally:
    if $fine{tag}:
        $result = None
{indented(succeeded, 2)}"""
    return f"""\
try:
{indented(inner)}
except $BaseException as $error{tag}:
{indented(failed)}
    raise
{succeeded}"""


def concluded(inner: str, last: str) -> str:
    """*inner*, and *last* however it ends."""
    return f"try:\n{indented(inner)}\nfinally:\n{indented(last)}"
