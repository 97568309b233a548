"""Calls that end later than they return: coroutines and generators, counted when they are done."""

from __future__ import annotations

from functools import cache
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper

from ._layers import CORE, judged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from ._breaker import CircuitBreaker
    from ._circuit import Probe
    from ._windows import Window

R = TypeVar("R")


async def counted_later(
    breaker: CircuitBreaker, token: Window | Probe, began: float, work: Coroutine[Any, Any, R]
) -> R:
    """What *work* returns, counted where *token* says."""
    try:
        result = await work
    except BaseException as error:
        breaker.failed(token, error)
        raise
    breaker.finished(token, result, began)
    return result


def _yielded(
    breaker: CircuitBreaker, token: Window | Probe, began: float, work: Generator[Any, Any, R]
) -> Generator[Any, Any, R]:
    try:
        result = yield from work
    except BaseException as error:
        breaker.failed(token, error)
        raise
    breaker.finished(token, result, began, judge=False)
    return result


def _ayielded(
    breaker: CircuitBreaker, token: Window | Probe, began: float, work: AsyncGenerator[Any, Any]
) -> AsyncGenerator[Any, Any]:
    return cast("AsyncGenerator[Any, Any]", _relaying()(breaker, token, began, work))


@cache
def _relaying() -> Callable[..., object]:
    """What passes on all that is sent to an async generator and thrown into it."""
    body = judged(
        CORE[Kind.ASYNC_GENERATOR],
        Kind.ASYNC_GENERATOR,
        "",
        failed="breaker.failed(token, $error)",
        succeeded="breaker.finished(token, None, began, judge=False)",
    )

    def resumed(breaker: object, token: object, began: object, work: object) -> object:  # noqa: ARG001
        return work

    return compile_wrapper(resumed, body, {}, label="circuit_breaker", kind=Kind.ASYNC_GENERATOR)


# What `execute` does with a result of these kinds.
LATER: dict[type, Callable[..., Any]] = {
    CoroutineType: counted_later,
    GeneratorType: _yielded,
    AsyncGeneratorType: _ayielded,
}
