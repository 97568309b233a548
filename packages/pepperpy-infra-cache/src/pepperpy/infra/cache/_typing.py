"""What type checkers know of a cached function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from ._info import CacheInfo

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


class _Cached(Protocol[P, R_co]):
    @property
    def __name__(self) -> str: ...
    @property
    def __wrapped__(self) -> Callable[..., Any]: ...
    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> int:
        """Drop the result of the call with these arguments; 1 if there was one, else 0."""
        ...

    def cache_info(self) -> CacheInfo:
        """Hits, misses and more since the function was decorated."""
        ...

    def cache_clear(self) -> None:
        """Drop all results of this function."""
        ...

    def cache_key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """A text for the call with these arguments, the same in every process."""
        ...


class CachedFunction(_Cached[P, R], Protocol[P, R]):
    """A plain function that `cached` was put on."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> CachedFunction[P, R]: ...
    @overload
    def __get__(
        self: CachedFunction[Concatenate[S, Q], R], instance: object, owner: type[Any], /
    ) -> Callable[Q, R]: ...

    def put(self, value: R, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Keep *value* as the result of the call with these arguments."""
        ...

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Load the result of the call with these arguments, whatever is kept; it is returned."""
        ...

    def many(self, calls: Iterable[Any], /) -> list[R]:
        """The results of many calls, in their order."""
        ...

    def warm(self, calls: Iterable[Any], /) -> int:
        """Make many calls, whether some of them fail or not; how many did not."""
        ...


class CachedCoroutineFunction(_Cached[P, R], Protocol[P, R]):
    """A coroutine function that `cached` was put on."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...

    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def __get__(
        self: CachedCoroutineFunction[Concatenate[S, Q], R],
        instance: object,
        owner: type[Any],
        /,
    ) -> Callable[Q, Coroutine[Any, Any, R]]: ...

    def put(self, value: R, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Keep *value* as the result of the call with these arguments."""
        ...

    async def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Load the result of the call with these arguments, whatever is kept; it is returned."""
        ...

    async def many(self, calls: Iterable[Any], /) -> list[R]:
        """The results of many calls, in their order, a hundred of them at once."""
        ...

    async def warm(self, calls: Iterable[Any], /) -> int:
        """Make many calls, whether some of them fail or not; how many did not."""
        ...


class Decorator(Protocol):
    """What `cached` with options returns."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # it is a function as well: the first one wins
        self, func: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R], /) -> CachedFunction[P, R]: ...
    @overload
    def __call__(self, func: S, /) -> S: ...


class AsyncDecorator(Protocol):
    """What `async_cached` with options returns."""

    @overload
    def __call__(
        self, func: Callable[P, Coroutine[Any, Any, R]], /
    ) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def __call__(self, func: S, /) -> S: ...
