"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, assert_type

from pepperpy.infra.cache import (
    AsyncCacheInvalidator,
    Cache,
    CachedCoroutineFunction,
    CachedFunction,
    CacheError,
    CacheInfo,
    CacheInvalidationRule,
    CacheInvalidator,
    CacheTierError,
    InvalidationStrategy,
    InvalidOptionError,
    InvalidTargetError,
    InvalidTemplateError,
    InvalidTTLError,
    UncacheableResultError,
    UnkeyableArgumentError,
    ainvalidate_cache,
    async_cached,
    cache_disabled,
    cached,
    clear_cache,
    initialize_cache,
    invalidate_cache,
    invalidates,
)
from pepperpy.infra.utils import Clock, FakeClock

# Bare and called


@cached
def bare(user_id: int, *, page: int = 1) -> str:
    return f"{user_id} {page}"


@cached(ttl=60)
def called(user_id: int, *, page: int = 1) -> str:
    return f"{user_id} {page}"


@cached()
def empty() -> None: ...


assert_type(bare(1), str)
assert_type(bare(user_id=1, page=2), str)
assert_type(called(1, page=2), str)
assert_type(empty(), None)
bare("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
called(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def keep(function: CachedFunction[[int], str]) -> Callable[[int], str]:
    return function


@cached
def number(n: int) -> str:
    return str(n)


keep(number)
assert_type(number.__wrapped__, Callable[..., Any])


# What a cached function can do

assert_type(called.invalidate(1, page=2), int)
assert_type(called.put("value", 1, page=2), None)
assert_type(called.refresh(1), str)
assert_type(called.many([1, (1,), {"user_id": 1, "page": 2}]), list[str])
assert_type(called.warm(range(5)), int)
assert_type(called.cache_key(1), str)
assert_type(called.cache_clear(), None)
assert_type(called.__name__, str)
info = called.cache_info()
assert_type(info, CacheInfo)
assert_type(info.hits + info.misses + info.loads + info.load_errors + info.coalesced, int)
assert_type(info.size + info.stale + info.bytes + info.evictions + info.currsize, int)
assert_type(info.max_size, int | None)
assert_type(info.max_bytes, int | None)
assert_type(info.maxsize, int | None)
assert_type(info.hit_ratio + info.load_seconds, float)
assert_type(info.removed, Mapping[str, int])
called.put(5, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
called.refresh("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# Coroutine functions


@cached(ttl=timedelta(minutes=1))
async def fetch(user_id: int) -> bytes:
    return bytes(user_id)


@async_cached
async def fetch_bare(user_id: int) -> bytes:
    return bytes(user_id)


@async_cached(ttl=60, namespace="shop")
async def fetch_called(user_id: int) -> bytes:
    return bytes(user_id)


def keep_async(
    function: CachedCoroutineFunction[[int], bytes],
) -> Callable[[int], Coroutine[Any, Any, bytes]]:
    return function


async def use_async() -> None:
    keep_async(fetch)
    keep_async(fetch_bare)
    keep_async(fetch_called)
    assert_type(await fetch(1), bytes)
    assert_type(await fetch_bare(user_id=1), bytes)
    assert_type(await fetch_called(1), bytes)
    assert_type(await fetch.refresh(1), bytes)
    assert_type(await fetch.many([1, 2]), list[bytes])
    assert_type(await fetch.warm([1, 2]), int)
    assert_type(fetch.put(b"", 1), None)
    assert_type(fetch.invalidate(1), int)
    assert_type(fetch.cache_info(), CacheInfo)
    assert_type(await ainvalidate_cache("user:1", literal=True, namespace="shop"), int)
    async with cache_disabled():
        await fetch(1)


async_cached(called)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


# Methods


class Repository:
    @cached(ttl=60)
    def load(self, user_id: int) -> str:
        return str(user_id)

    @cached
    async def fetch(self, user_id: int) -> bytes:
        return bytes(user_id)

    @classmethod
    @cached
    def make(cls, name: str) -> int:
        return len(name)

    @staticmethod
    @cached(ttl=60)
    def plain(name: str) -> int:
        return len(name)

    @property
    @cached
    def size(self) -> int:
        return 1


async def use_methods(repository: Repository) -> None:
    assert_type(repository.load(1), str)
    assert_type(repository.load(user_id=1), str)
    assert_type(await repository.fetch(1), bytes)
    assert_type(repository.make("a"), int)
    assert_type(Repository.plain("a"), int)
    assert_type(repository.size, int)
    assert_type(Repository.load.invalidate(repository, 1), int)
    assert_type(Repository.load.cache_info(), CacheInfo)
    assert_type(await Repository.fetch.refresh(repository, 1), bytes)


# Every option


def life(result: str) -> float | timedelta | None:
    return None if result else 5


@cached(
    ttl=life,
    max_size=None,
    max_bytes=1_000_000,
    weigh=len,
    key="user:{user_id}",
    tags=["users", lambda result: ["a", "b"]],
    names=False,
    stale_for=30,
    refresh_ahead=0.2,
    stale_on_error=timedelta(minutes=5),
    jitter=0.1,
    none_ttl=5,
    cache_errors=(LookupError, OSError),
    error_ttl=2,
    cache_if=bool,
    on_remove=lambda value, cause: (value, cause),
    copy=True,
    version="2",
    namespace="shop",
    name="users",
    clock=FakeClock(),
)
def everything(user_id: int) -> str:
    return str(user_id)


def by_user(user: int, session: object) -> int:
    return user


@cached(key=by_user, ignore=(), tags="users", copy=list)
def others(user: int, session: object) -> list[int]:
    return [user]


@cached(ignore="session", cache_errors=LookupError, clock=Clock())
def ignoring(user: int, session: object) -> list[int]:
    return [user]


assert_type(everything(1), str)
assert_type(others(1, None), list[int])
assert_type(ignoring(1, None), list[int])
cached(tll=60)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
cached(ttl="60")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


# Caches

cache = Cache("users", ttl=60, max_size=100)
assert_type(Cache(name="users"), Cache)


@cache.cached
def of_cache(user_id: int) -> str:
    return str(user_id)


@cache.cached(ttl=5)
def of_cache_called(user_id: int) -> str:
    return str(user_id)


@cache.async_cached
async def of_cache_async(user_id: int) -> str:
    return str(user_id)


@cache.async_cached(ttl=5)
async def of_cache_async_called(user_id: int) -> str:
    return str(user_id)


async def use_cache() -> None:
    assert_type(of_cache(1), str)
    assert_type(of_cache_called.refresh(1), str)
    assert_type(await of_cache_async(1), str)
    assert_type(await of_cache_async_called.refresh(1), str)
    assert_type(cache.set("a", 1, ttl=5, tags=["b"]), None)
    assert_type(cache.get("a", 5), Any)
    assert_type(cache.delete("a"), bool)
    assert_type(cache.invalidate("user:1"), int)
    assert_type(await cache.ainvalidate("user:1", literal=True), int)
    assert_type(cache.clear(), int)
    assert_type(cache.name, str)


# Invalidation

assert_type(invalidate_cache("user:123"), int)
assert_type(invalidate_cache("user:*", literal=True, namespace="shop"), int)
assert_type(clear_cache(), int)
assert_type(clear_cache("shop"), int)
assert_type(initialize_cache(cache_type="memory"), None)
assert_type(initialize_cache({"cache_type": "memory", "max_size": 5}), None)
assert_type(initialize_cache("memory", max_size=None), None)


@invalidates("user:{user_id}", "users")
def rename(user_id: int, name: str) -> bool:
    return bool(name)


@invalidates("user:{user_id}", cache=cache)
async def rename_async(user_id: int) -> bool:
    return True


class Writer:
    @invalidates("user:{user_id}")
    @classmethod
    def rename(cls, user_id: int) -> int:
        return user_id


async def use_invalidates() -> None:
    assert_type(rename(1, "a"), bool)
    assert_type(await rename_async(1), bool)
    assert_type(Writer.rename(1), int)


rule = CacheInvalidationRule(
    strategy=InvalidationStrategy.DEPENDENCY,
    pattern="user:*",
    dependencies=["a"],
    version="1",
    ttl=timedelta(seconds=5),
    max_size=5,
)
invalidator = CacheInvalidator(cache, namespace="shop")
assert_type(invalidator.add_rule("user:1", rule), None)
assert_type(invalidator.remove_rule("user:1"), int)
assert_type(invalidator.depends("page", on="user:1"), None)
assert_type(invalidator.update_lru("user:1"), bool)
assert_type(invalidator.invalidate("user:1"), int)
assert_type(invalidator.invalidate_by_pattern("user:*"), int)
assert_type(invalidator.invalidate_by_version("models", "2"), int)
assert_type(invalidator.check_ttl("user:1"), bool)


async def use_async_invalidator() -> None:
    awaited = AsyncCacheInvalidator()
    awaited.add_rule("user:1", rule)
    assert_type(await awaited.invalidate("user:1"), int)
    assert_type(await awaited.invalidate_by_pattern("user:*"), int)
    assert_type(await awaited.invalidate_by_version("models", "2"), int)
    assert_type(await awaited.check_ttl("user:1"), bool)


# Errors, and switching off

with cache_disabled():
    called(1)

try:
    called(1)
except (InvalidTTLError, InvalidTemplateError) as error:
    assert_type(error.code, str)
except (InvalidOptionError, InvalidTargetError, CacheTierError) as error:
    assert_type(error.code, str)
except (UnkeyableArgumentError, UncacheableResultError) as error:
    assert_type(error.code, str)
except CacheError as error:
    assert_type(error.code, str)
