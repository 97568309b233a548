"""Fields that every line of a block carries, also across `await`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pepperpy.infra.utils import BothFaces
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType
    from typing import Self

F = TypeVar("F", bound="Callable[..., Any]")


class _Node(NamedTuple):
    fields: dict[
        str, object
    ]  # this block's and those of the blocks around it, merged; never changed
    own: dict[str, object]
    block: log_context
    outer: _Node | None


current: ContextVar[_Node | None] = ContextVar("pepperpy.logging.context", default=None)


class log_context(BothFaces):  # noqa: N801 - reads as a verb: `with log_context(request_id=...):`
    """Give every line that is logged inside of the block these fields.

    Each task and thread has its own context: a task starts with that of its creator and keeps its
    changes to itself.  Blocks nest; the inner one's value counts.  Works as ``async with`` too, and
    as a decorator of functions, coroutine functions and generators: of the latter, the lines carry
    the fields that are logged while they run, not those that are logged between their items.

    Examples:
        >>> from pepperpy.infra.logging import capture_logs, get_logger
        >>> with capture_logs() as logs, log_context(request_id="r-1"):
        ...     get_logger("app").info("done")
        >>> logs[0].context
        {'request_id': 'r-1'}
    """

    def __init__(self, /, **fields: object) -> None:
        self._fields = fields

    def __call__(self, func: F, /) -> F:
        return decorate(func, self._wrapped, label="log_context")  # type: ignore[no-any-return]

    def _wrapped(self, func: Callable[..., Any]) -> Any:
        kind = kind_of(func)
        names = {"block": self, "steps": _steps}
        return compile_wrapper(func, _BODIES[kind], names, label="log_context", kind=kind)

    def __enter__(self) -> Self:
        outer = current.get()
        fields = self._fields if outer is None else {**outer.fields, **self._fields}
        current.set(_Node(fields, self._fields, self, outer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not with a token: one block may be open in many tasks at once, and a generator may leave
        # it in another context than it entered, where there is nothing to undo.
        current.set(_without(current.get(), self))


_CALL = """\
with $block:
    return $await$call
"""
_BODIES = {
    Kind.FUNCTION: _CALL,
    Kind.COROUTINE: _CALL,
    Kind.GENERATOR: """\
return (yield from $steps($block, $call))
""",
    # The same as _steps: an async generator has no `yield from`.
    Kind.ASYNC_GENERATOR: """\
$generator = $call
$resume, $value = $generator.asend, None
while True:
    with $block:
        try:
            $item = await $resume($value)
        except $StopAsyncIteration:
            return
    $resume, $value = $generator.asend, None
    try:
        $value = yield $item
    except $GeneratorExit:
        with $block:
            await $generator.aclose()
        raise
    except $BaseException as $error:
        $resume, $value = $generator.athrow, $error
""",
}


def _steps(block: log_context, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """``yield from generator``, where the block is open only while the generator runs."""
    resume: Callable[[Any], Any] = generator.send
    value: Any = None
    while True:
        with block:
            try:
                item = resume(value)
            except StopIteration as stop:
                return stop.value
        resume, value = generator.send, None
        try:
            value = yield item
        except GeneratorExit:
            with block:
                generator.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            resume, value = generator.throw, error


def _without(node: _Node | None, block: log_context) -> _Node | None:
    """The chain without the innermost node of *block*."""
    inner: list[_Node] = []
    while node is not None and node.block is not block:
        inner.append(node)
        node = node.outer
    if node is None:
        return inner[0] if inner else None
    node = node.outer
    for each in reversed(inner):
        fields = each.own if node is None else {**node.fields, **each.own}
        node = each._replace(fields=fields, outer=node)
    return node
