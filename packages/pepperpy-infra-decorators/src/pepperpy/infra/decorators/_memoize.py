"""`memoize`: the engine of `pepperpy.infra.cache` without expiry, and without a bound."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypedDict, TypeVar, overload

from pepperpy.infra.cache import Cache
from pepperpy.infra.utils.wrapping import Kind

from ._decorating import decorating

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Iterable
    from typing import Unpack

    from pepperpy.infra.cache import CachedCoroutineFunction, CachedFunction

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class MemoizeOptions(TypedDict, total=False):
    max_size: int | None
    key: str | Callable[..., Hashable] | None
    ignore: str | Iterable[str]
    copy: bool | Callable[[Any], Any]


class MemoizeDecorator(Protocol):
    """What `memoize` with options returns."""

    # A coroutine function fits the second one as well: checkers take the first.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, func: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> CachedFunction[P, R]: ...
    @overload
    def __call__(self, func: T, /) -> T: ...


class AsyncMemoizeDecorator(Protocol):
    """What `async_memoize` with options returns."""

    def __call__(
        self, func: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CachedCoroutineFunction[P, R]: ...


@overload
def memoize(  # type: ignore[overload-overlap]  # as above
    func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[MemoizeOptions]
) -> CachedCoroutineFunction[P, R]: ...
@overload
def memoize(func: Callable[P, R], /, **options: Unpack[MemoizeOptions]) -> CachedFunction[P, R]: ...
@overload
def memoize(func: None = None, /, **options: Unpack[MemoizeOptions]) -> MemoizeDecorator: ...


def memoize(
    func: Any = None,
    /,
    *,
    max_size: int | None = None,
    key: str | Callable[..., Hashable] | None = None,
    ignore: str | Iterable[str] = (),
    copy: bool | Callable[[Any], Any] = False,
) -> Any:
    """Remember every result of a function for as long as the function lives.

    Calls with equal arguments of the same classes are one, however they are written: ``f(1)`` is
    ``f(n=1)`` and not ``f(True)``.  Lists, dicts and the like count by what they hold.  While one
    call computes, others with the same arguments wait for it, in threads and tasks.  Errors are not
    remembered.  Methods remember for each instance, and forget with it.

    The function gets ``cache_info``, ``cache_clear`` and what else `pepperpy.infra.cache.cached`
    gives.  `pepperpy.infra.cache.clear_cache` and `invalidate_cache` do not reach it: what is
    remembered here cannot become wrong.  Where results age, or arguments never end, use `cached`.

    Args:
        max_size: Results to keep at most; `None` keeps them all.
        key: What tells calls apart: a template such as ``"{user_id}"``, or a function of the
            arguments.  By default all of them count.
        ignore: Names of parameters that do not count.
        copy: Give each caller a copy of its own, deep or made by a function that is given.

    Raises:
        InvalidTargetError: At decoration of a generator function or a class.

    Examples:
        >>> @memoize
        ... def square(n):
        ...     print("working")
        ...     return n * n
        >>> square(3), square(n=3)
        working
        (9, 9)
        >>> square.cache_info().hits
        1
    """
    return _memoize(
        func,
        "memoize",
        (Kind.FUNCTION, Kind.COROUTINE),
        max_size=max_size,
        key=key,
        ignore=ignore,
        copy=copy,
    )


@overload
def async_memoize(
    func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[MemoizeOptions]
) -> CachedCoroutineFunction[P, R]: ...
@overload
def async_memoize(
    func: None = None, /, **options: Unpack[MemoizeOptions]
) -> AsyncMemoizeDecorator: ...


def async_memoize(func: Any = None, /, **options: Unpack[MemoizeOptions]) -> Any:
    """`memoize`, for coroutine functions only.

    Raises:
        InvalidTargetError: At decoration, if it is put on anything else.
    """
    return _memoize(func, "async_memoize", (Kind.COROUTINE,), **options)


def _memoize(
    func: Any,
    label: str,
    kinds: tuple[Kind, ...],
    *,
    max_size: int | None = None,
    key: str | Callable[..., Hashable] | None = None,
    ignore: str | Iterable[str] = (),
    copy: bool | Callable[[Any], Any] = False,
) -> Any:
    options = {"max_size": max_size, "key": key, "ignore": ignore, "copy": copy}

    def wrap(inner: Callable[..., Any], _: Kind) -> Any:
        return _memories().decorator(inner, options, label)

    return decorating(func, wrap, label=label, kinds=kinds)


@cache
def _memories() -> Cache:
    """A cache of its own, which nobody clears; made when it is needed."""
    return Cache("memoize", max_size=None, names=False)
