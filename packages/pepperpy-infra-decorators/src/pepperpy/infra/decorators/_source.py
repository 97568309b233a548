"""The source of a wrapper that does something before, after and instead of what goes wrong."""

from __future__ import annotations

from textwrap import indent

from pepperpy.infra.utils.wrapping import Kind

_FROM_FIRST_ITEM = """\
$generator = $call
try:
    $item = await $anext($generator)
except $StopAsyncIteration:
    return
$relay
"""

_AROUND = """\
{before}
try:
    $result = {call}
except {caught} as $error:
{failed}
    raise
{done}
return $result
"""

# An async generator ends with `return` in the midst of what passes its items on.
_AROUND_ITEMS = """\
{before}
$ended = True
try:
{items}
except {caught} as $error:
    $ended = False
{failed}
    raise
finally:
    if $ended:
        $result = None
{done}
"""


def passing(kind: Kind) -> str:
    """Call the function and return what it returns, as if there were no wrapper."""
    if kind is Kind.ASYNC_GENERATOR:
        return _FROM_FIRST_ITEM
    return f"return {_call(kind)}\n"


def around(
    kind: Kind, *, before: str, failed: str, done: str = "", caught: str = "$BaseException"
) -> str:
    """Call the function with *before* in front of it.

    Args:
        kind: Of the function.
        before: Lines that run first; for a generator, when its first item is asked for.
        failed: Lines that run with ``$error``, which is then raised again.
        done: Lines that run with ``$result`` when the function has returned, or the generator has
            no more items; an async generator has no result, and it is `None`.
        caught: The errors that *failed* is for; all of them, if there is a *done*.
    """
    parts = {"before": before, "caught": caught, "failed": indent(failed, " " * 4)}
    if kind is Kind.ASYNC_GENERATOR:
        items, done = indent(_FROM_FIRST_ITEM, " " * 4), indent(done, " " * 8)
        return _AROUND_ITEMS.format(items=items, done=done, **parts)
    return _AROUND.format(call=_call(kind), done=done, **parts)


def _call(kind: Kind) -> str:
    return "(yield from $call)" if kind is Kind.GENERATOR else "$await$call"
