"""The public names as a typed program uses them.  Type-checked, never run."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, assert_type

from pepperpy.infra.cache import CachedCoroutineFunction, CachedFunction, CacheInfo
from pepperpy.infra.decorators import (
    DecoratorsError,
    InvalidArgumentsError,
    async_log_exceptions,
    async_memoize,
    async_retry,
    async_timed,
    deprecated,
    log_calls,
    log_exceptions,
    memoize,
    retry,
    timed,
    validate_arguments,
)
from pepperpy.infra.utils import FakeClock


@timed
def bare(n: int, *, key: str = "") -> str:
    return key * n


@timed("shop", name="work", level="debug", threshold=timedelta(seconds=1), clock=FakeClock())
def called(n: int) -> str:
    return str(n)


@async_timed(level=None, threshold=0.5)
async def awaited(n: int) -> bytes:
    return bytes(n)


@async_timed
async def items(n: int) -> AsyncIterator[int]:
    yield n


@log_calls(log_args=True, log_result=False, logger_name="shop", max_length=80)
def logged(n: int) -> str:
    return str(n)


@log_calls
def generator() -> Iterator[int]:
    yield 1


@log_exceptions("shop", level=logging.CRITICAL, exceptions=(OSError, KeyError), message="no luck")
def risky(n: int) -> str:
    return str(n)


@async_log_exceptions()
async def arisky(n: int) -> str:
    return str(n)


@validate_arguments(lambda args, kwargs: bool(args) and not kwargs)
def checked(n: int) -> str:
    return str(n)


@validate_arguments()
def annotated(n: int) -> str:
    return str(n)


@validate_arguments({"n": int})
def judged(n: int) -> str:
    return str(n)


assert_type(annotated(1), str)
assert_type(judged(1), str)


@validate_arguments(n=lambda n: n > 0)
def ruled(n: int) -> str:
    return str(n)


@retry(max_retries=3, delay=1.0, backoff=2.0)
def retried(n: int) -> str:
    return str(n)


@async_retry(max_retries=3)
async def aretried(n: int) -> str:
    return str(n)


assert_type(bare(1, key="k"), str)
assert_type(called(1), str)
assert_type(logged(1), str)
assert_type(next(generator()), int)
assert_type(risky(1), str)
assert_type(checked(1), str)
assert_type(ruled(1), str)
assert_type(retried(1), str)
assert_type(timed(called, level=None)(1), str)
called("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
timed(limit=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


class Service:
    @timed()
    def method(self, a: int) -> str:
        return str(a)

    @classmethod
    @log_calls
    def above(cls, a: int) -> str:
        return str(a)

    @log_exceptions
    @staticmethod
    def below(a: int) -> str:
        return str(a)

    @memoize
    def remembered(self, a: int) -> str:
        return str(a)


assert_type(Service().method(1), str)
assert_type(Service.above(1), str)
assert_type(Service.below(1), str)
assert_type(Service().remembered(1), str)
Service.remembered.cache_clear()


@memoize
def square(n: int) -> int:
    return n * n


@memoize(max_size=100, ignore="verbose")
def cube(n: int, *, verbose: bool = False) -> int:
    return n**3


@async_memoize
async def fetched(n: int) -> str:
    return str(n)


def plain(n: int) -> int:
    return n


async def aplain(n: int) -> int:
    return n


assert_type(square(3), int)
assert_type(cube(3, verbose=True), int)
assert_type(square.cache_info(), CacheInfo)
made: CachedFunction[[int], int] = memoize(plain)
amade: CachedCoroutineFunction[[int], int] = memoize()(aplain)
async_memoize(plain)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


@deprecated("Use new() instead")
def old(n: int) -> str:
    return str(n)


@deprecated("Use New instead", category=None, stacklevel=2)
class Old:
    pass


# The checkers take it for what it is: without these comments they would complain.
assert_type(old(1), str)  # pyright: ignore[reportDeprecated]
Old()  # pyright: ignore[reportDeprecated]


async def use() -> None:
    assert_type(await awaited(1), bytes)
    assert_type(await arisky(1), str)
    assert_type(await aretried(1), str)
    assert_type(await fetched(1), str)
    async for item in items(1):
        assert_type(item, int)


def caught(work: Any) -> None:
    try:
        work()
    except InvalidArgumentsError as error:
        assert_type(error.code, str)
    except DecoratorsError:
        raise
