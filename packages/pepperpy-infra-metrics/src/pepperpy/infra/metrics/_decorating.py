"""Blocks that are decorators as well: each call of the function is a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of

from ._errors import InvalidTargetError

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")

_CALL = """\
with $block:
    return $await$call
"""
_GENERATE = """\
with $block:
    return (yield from $call)
"""
_GENERATE_ASYNC = """\
with $block:
    $generator = $call
    try:
        $item = await $anext($generator)
    except $StopAsyncIteration:
        return
    $relay
"""
_BODIES = {Kind.GENERATOR: _GENERATE, Kind.ASYNC_GENERATOR: _GENERATE_ASYNC}


class DecoratingBlock:
    """Lets a block be put on a function: ``@measure_time("load")``."""

    __slots__ = ()

    _label: ClassVar[str]
    """The decorator's name, for tracebacks and messages."""

    def __call__(self, func: F) -> F:
        """*func*, with each call of it measured.

        A coroutine is measured from its first to its last step, what it waits for included; a
        generator from its first item until it ends or is closed.

        Raises:
            InvalidTargetError: If *func* is no function, method or descriptor of one.
        """
        label = self._label

        def wrap(inner: Callable[..., Any]) -> Callable[..., Any]:
            kind = kind_of(inner)
            body = _BODIES.get(kind, _CALL)
            return compile_wrapper(inner, body, {"block": self}, label=label, kind=kind)

        decorated: F = on_function(func, wrap, label)
        return decorated


def on_function(target: Any, wrap: Callable[[Any], Any], label: str) -> Any:
    """*target* with the function in it wrapped.

    Raises:
        InvalidTargetError: If there is none.
    """
    try:
        return decorate(target, wrap, label=label)
    except InvalidTargetError:
        raise
    except TypeError as error:
        raise InvalidTargetError(str(error), decorator=label) from error
