"""Fields that every line of a block carries, also across `await`."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType


class _Node(NamedTuple):
    fields: dict[
        str, object
    ]  # this block's and those of the blocks around it, merged; never changed
    own: dict[str, object]
    block: log_context
    outer: _Node | None


current: ContextVar[_Node | None] = ContextVar("pepperpy.logging.context", default=None)


class log_context:  # noqa: N801 - reads as a verb: `with log_context(request_id=...):`
    """Give every line that is logged inside of the block these fields.

    Each task and thread has its own context: a task starts with that of its creator and keeps its
    changes to itself.  Blocks nest; the inner one's value counts.  Works as ``async with`` too.

    Examples:
        >>> from pepperpy.infra.logging import capture_logs, get_logger
        >>> with capture_logs() as logs, log_context(request_id="r-1"):
        ...     get_logger("app").info("done")
        >>> logs[0].context
        {'request_id': 'r-1'}
    """

    def __init__(self, /, **fields: object) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        outer = current.get()
        fields = self._fields if outer is None else {**outer.fields, **self._fields}
        current.set(_Node(fields, self._fields, self, outer))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not with a token: one block may be open in many tasks at once, and a generator may leave
        # it in another context than it entered, where there is nothing to undo.
        current.set(_without(current.get(), self))

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


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
