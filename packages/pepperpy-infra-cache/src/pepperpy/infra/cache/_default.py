"""The default cache, and the functions that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

from ._cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Unpack

    from ._cache import CacheOptions
    from ._typing import AsyncDecorator, CachedCoroutineFunction, CachedFunction, Decorator, P, R

default: Final = Cache("default")


@overload
def cached(  # type: ignore[overload-overlap]  # it is a function as well: the first one wins
    func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[CacheOptions]
) -> CachedCoroutineFunction[P, R]: ...
@overload
def cached(func: Callable[P, R], /, **options: Unpack[CacheOptions]) -> CachedFunction[P, R]: ...
@overload
def cached(func: None = None, /, **options: Unpack[CacheOptions]) -> Decorator: ...


def cached(func: Any = None, /, **options: Unpack[CacheOptions]) -> Any:
    """Remember what a function returned: a plain or ``async`` function or method, not a generator.

    Calls with equal arguments of the same classes are one, however they are written; lists, dicts
    and the like count by what they hold.  While one call loads, others with the same arguments wait
    for it, in threads, tasks and event loops alike; a caller that is cancelled takes nobody along.
    Methods remember for each instance, and forget with it.

    The function gets ``invalidate``, ``put``, ``refresh``, ``many``, ``warm``, ``cache_info``,
    ``cache_clear`` and ``cache_key``; for a method the instance is their first argument.

    Args:
        ttl: Seconds, or a `timedelta`, that a result is good for, counted from the end of the call;
            or a function of the result that returns them (none above 0: it is not kept).  `None`
            never expires.
        max_size: Results kept for each function; those that are asked for least go.  `None` for
            any number.
        max_bytes: What the results may weigh together.
        weigh: A function of the result that tells its bytes; by default they are estimated.
        key: What tells calls apart: a template such as ``"user:{user_id}"``, which is a name of the
            entry as well, or a function of the arguments.  By default all of them count.
        ignore: Names of parameters that do not count.
        tags: More names, as templates, or as functions of the result that return one or several.
        names: Whether a parameter ``user_id`` gives each entry the name ``user:<value>``.
        stale_for: Seconds beyond the *ttl* for which the old result is served while one caller
            loads anew; a coroutine function does that in the background.
        refresh_ahead: The last share of the *ttl*, from 0 to 1, in which that begins already.
        stale_on_error: Seconds beyond the *ttl* for which the old result is served if loading anew
            fails.
        jitter: The share of the *ttl*, from 0 to 1, of which a random part is taken off, so that
            what was loaded together does not expire together.
        none_ttl: The *ttl* of `None`.
        cache_errors: Errors to keep and to raise again, as copies, for *error_ttl* seconds.
        error_ttl: 1 by default; given alone it keeps every `Exception`.
        cache_if: A function of the result; what it is false for is not kept.
        copy: Give each caller a copy of its own, deep or made by a function that is given.
        version: A part of what `cache_key` returns; change it with the function.
        namespace: For `clear_cache` and `invalidate_cache`, to mean some functions alone.
        name: For figures and logs; the function's own by default.
        clock: What measures the *ttl*, for tests.

    Raises:
        InvalidOptionError: At decoration, if an option makes no sense; `InvalidTTLError` and
            `InvalidTemplateError` are of that kind.
        InvalidTargetError: At decoration of a generator function or a class.

    Examples:
        >>> @cached(ttl=60)
        ... def get_user(user_id, *, fields=("name",)):
        ...     print("loading", user_id)
        ...     return {"id": user_id}
        >>> get_user(123) == get_user(user_id=123, fields=("name",))
        loading 123
        True
        >>> invalidate_cache("user:123")
        1
    """
    return default.decorator(func, options, "cached")


@overload
def async_cached(
    func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[CacheOptions]
) -> CachedCoroutineFunction[P, R]: ...
@overload
def async_cached(func: None = None, /, **options: Unpack[CacheOptions]) -> AsyncDecorator: ...


def async_cached(func: Any = None, /, **options: Unpack[CacheOptions]) -> Any:
    """As `cached`, for coroutine functions alone.

    Raises:
        InvalidTargetError: At decoration of anything else.
    """
    return default.decorator(func, options, "async_cached")


def invalidate_cache(name: str, *, literal: bool = False, namespace: str | None = None) -> int:
    """Drop every entry that carries *name*, of whatever function, and tell how many there were.

    An entry carries the text of its key's template, its tags, and a name for each parameter that is
    called like ``user_id``.  A call that is loading such an entry returns what it loads, and does
    not keep it.

    Args:
        name: One name, or a glob such as ``user:*``.
        literal: Take ``*``, ``?`` and ``[`` as they are.
        namespace: Look into the functions of that one alone.

    Examples:
        >>> @cached(ttl=60, tags=["orders"])
        ... def get_orders(user_id, page=1):
        ...     return [page]
        >>> get_orders(7), get_orders(7, 2), get_orders(8)
        ([1], [2], [1])
        >>> invalidate_cache("user:7"), invalidate_cache("orders"), invalidate_cache("user:*")
        (2, 1, 0)
    """
    return default.invalidate(name, literal=literal, namespace=namespace)


async def ainvalidate_cache(
    name: str, *, literal: bool = False, namespace: str | None = None
) -> int:
    """Do what `invalidate_cache` does, and wait until it is done everywhere."""
    return await default.ainvalidate(name, literal=literal, namespace=namespace)


def clear_cache(namespace: str | None = None) -> int:
    """Drop everything that `cached` remembers, or all of one namespace; how much there was."""
    return default.clear(namespace)
