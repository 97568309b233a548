"""What a callable is: plain, coroutine function, generator, async generator."""

from __future__ import annotations

import functools
import inspect
import sys
from enum import Enum
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(Enum):
    """How a callable runs, and so which wrapper it needs."""

    FUNCTION = "function"
    COROUTINE = "coroutine function"
    GENERATOR = "generator function"
    ASYNC_GENERATOR = "async generator function"

    @property
    def is_async(self) -> bool:
        """Whether its wrapper is an ``async def``."""
        return self in {Kind.COROUTINE, Kind.ASYNC_GENERATOR}

    @property
    def is_generator(self) -> bool:
        """Whether its wrapper has a ``yield``."""
        return self in {Kind.GENERATOR, Kind.ASYNC_GENERATOR}


def kind_of(func: Callable[..., object]) -> Kind:
    """How *func* runs, seen through partials, bound methods and objects with a `__call__`.

    Functions marked with `inspect.markcoroutinefunction`, and generators with `types.coroutine`,
    count as coroutine functions.

    Examples:
        >>> async def fetch(url): ...
        >>> kind_of(functools.partial(fetch, "/"))
        <Kind.COROUTINE: 'coroutine function'>
    """
    for layer in _layers(func):
        if inspect.iscoroutinefunction(layer) or _marked_coroutine(layer) or _awaitable(layer):
            return Kind.COROUTINE
        if inspect.isasyncgenfunction(layer):
            return Kind.ASYNC_GENERATOR
        if inspect.isgeneratorfunction(layer):
            return Kind.GENERATOR
    return Kind.FUNCTION


def name_of(func: Callable[..., object]) -> str:
    """The dotted name that a log line or a metric should show for *func*.

    Examples:
        >>> name_of(functools.partial(kind_of))
        'pepperpy.infra.utils.wrapping._kinds.kind_of'
    """
    while isinstance(func, functools.partial):
        func = func.func
    named = func if text_attribute(func, "__qualname__") else type(func)
    # A method of a builtin type knows its class, a bound one its object, and neither its module.
    bound: object = getattr(named, "__self__", None)
    home = cast("type", getattr(named, "__objclass__", None) or bound.__class__)
    module = text_attribute(named, "__module__") or home.__module__
    return f"{module}.{named.__qualname__}"


def text_attribute(obj: object, name: str) -> str | None:
    """The attribute *name* if it is text: objects may have anything under such names."""
    value = getattr(obj, name, None)
    return value if isinstance(value, str) else None


def _layers(func: Callable[..., object]) -> list[Any]:
    """*func*, and what it is made of from the outside in; any of them may carry the mark."""
    layers: list[Any] = [func]
    while True:
        if isinstance(func, functools.partial):
            func = func.func
        elif isinstance(func, MethodType):
            func = func.__func__
        elif isinstance(func, (FunctionType, type)) or not isinstance(
            call := getattr(type(func), "__call__", None),  # noqa: B004 - its code matters
            FunctionType,
        ):
            return layers
        else:
            func = call
        layers.append(func)


def _marked_coroutine(layer: object) -> bool:
    """Whether asyncio's mark of before Python 3.12 is on it, as on an `AsyncMock` or by asgiref."""
    coroutines = sys.modules.get("asyncio.coroutines")
    mark = getattr(coroutines, "_is_coroutine", None)
    # Compared by identity: a MagicMock answers any attribute with something true.
    return mark is not None and getattr(layer, "_is_coroutine", None) is mark


def _awaitable(layer: object) -> bool:
    """Whether it is a generator function that `types.coroutine` made one to await."""
    code = getattr(layer, "__code__", None)
    return isinstance(code, CodeType) and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)
