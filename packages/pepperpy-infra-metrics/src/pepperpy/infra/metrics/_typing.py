"""What type checkers know of a benchmarked function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._result import PerformanceResult

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")
S = TypeVar("S")


class Benchmarked(Protocol[P, R_co]):
    """A function that `benchmark` was put on; of a coroutine function, *R* is the coroutine."""

    last_result: PerformanceResult | None
    """That of the call that ended last, by any thread or task; `None` before the first."""

    @property
    def __name__(self) -> str: ...
    @property
    def __wrapped__(self) -> Callable[..., Any]: ...
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> Benchmarked[P, R_co]: ...
    @overload
    def __get__(
        self: Benchmarked[Concatenate[S, Q], R_co], instance: object, owner: type[Any], /
    ) -> Benchmarked[Q, R_co]: ...


class Decorator(Protocol):
    """What `benchmark` with options returns."""

    @overload
    def __call__(self, func: Callable[P, R], /) -> Benchmarked[P, R]: ...
    @overload
    def __call__(self, func: S, /) -> S: ...
