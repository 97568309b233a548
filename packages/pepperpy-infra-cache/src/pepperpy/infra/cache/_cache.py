"""`Cache`: functions that are cached alike, and are invalidated together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import replace
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypedDict, overload

from pepperpy.infra.utils import Clock, ForkSafeLock, Weakly, did_you_mean, running_loop, to_seconds
from pepperpy.infra.utils.wrapping import decorate

from ._decorator import Plan, wrap
from ._errors import InvalidOptionError, InvalidTTLError
from ._failures import value_of
from ._names import Wanted
from ._rules import Rules, check_name
from ._settings import Settings
from ._targets import check_target, is_target
from ._typing import AsyncDecorator, CachedCoroutineFunction, CachedFunction, Decorator, P, R

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Unpack

    from ._memo import Memo
    from ._tier import Tier


class Defaults(TypedDict, total=False):
    """What can be said about how functions are cached."""

    ttl: float | timedelta | Callable[[Any], float | timedelta | None] | None
    max_size: int | None
    max_bytes: int | None
    weigh: Callable[[Any], int] | None
    key: str | Callable[..., Hashable] | None
    ignore: str | Iterable[str]
    tags: str | Callable[[Any], object] | Iterable[str | Callable[[Any], object]]
    names: bool
    stale_for: float | timedelta
    refresh_ahead: float
    stale_on_error: float | timedelta
    jitter: float
    none_ttl: float | timedelta | None
    cache_errors: type[Exception] | tuple[type[Exception], ...]
    error_ttl: float | timedelta | None
    cache_if: Callable[[Any], object] | None
    on_remove: Callable[[Any, str], object] | None
    copy: bool | Callable[[Any], Any]
    version: str | None
    namespace: str
    clock: Clock | None


class CacheOptions(Defaults, total=False):
    """What can be said about how a function is cached."""

    name: str | None


_SETTINGS: Final = frozenset(Settings.__dataclass_fields__)
_OPTIONS: Final = (*Defaults.__annotations__, *CacheOptions.__annotations__)
_SIMPLE: Final[tuple[tuple[str, Any, str], ...]] = (
    ("version", (str, NoneType), "text, or None for no version"),
    ("namespace", str, "text"),
    ("name", (str, NoneType), "text, or None for the function's own"),
    ("names", bool, "True or False"),
)
_MAX_SIZE: Final = 1024
_OF_FUNCTIONS: Final = frozenset({"key", "ignore", "tags", "names"})


class Cache:
    """Functions that are cached alike, and a place for values by key.

    Args:
        name: For figures and logs.
        options: Defaults for the functions that are decorated with `cached` of this object; what
            they can be stands at `pepperpy.infra.cache.cached`.

    Raises:
        InvalidOptionError: If an option does not exist or makes no sense.

    Examples:
        >>> users = Cache("users", ttl=60)
        >>> @users.cached
        ... def get_user(user_id):
        ...     return {"id": user_id}
        >>> get_user(1) is get_user(1)
        True
        >>> users.invalidate("user:1")
        1
    """

    def __init__(self, name: str = "cache", **options: Unpack[Defaults]) -> None:
        check_name("name", name)
        self.name = name
        self.rules: Rules = Rules()
        self.tier: Tier | None = None
        """Where results are kept below memory."""
        self._options: Mapping[str, Any] = options
        self._max_size: int | None = _MAX_SIZE
        self._memos: Weakly[Memo] = Weakly()
        self._lock = ForkSafeLock()
        self._own: Memo | None = None  # made by the first use, guarded by the lock
        _plan(options)

    def __repr__(self) -> str:
        functions = len(self._memos.alive()) - (self._own is not None)
        return f"<Cache {self.name!r}: {functions} functions>"

    @property
    def _values(self) -> Memo:
        """Where values by key are; most caches have functions alone, and figures of those alone."""
        if self._own is None:
            with self._lock:
                if self._own is None:
                    self._own = self._memo_of_values()
        return self._own

    def _memo_of_values(self) -> Memo:
        own = {key: value for key, value in self._options.items() if key not in _OF_FUNCTIONS}
        plan = replace(_plan({**own, "name": self.name, "names": False}), ends=True)
        _, memo = wrap(_value, plan, self.rules, "cached")
        memo.origin = None  # no function, but values that somebody has set
        self._memos.add(memo)
        return memo

    # Functions

    @overload
    def cached(  # type: ignore[overload-overlap]  # it is a function as well: the first one wins
        self, func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[CacheOptions]
    ) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def cached(
        self, func: Callable[P, R], /, **options: Unpack[CacheOptions]
    ) -> CachedFunction[P, R]: ...
    @overload
    def cached(self, func: None = None, /, **options: Unpack[CacheOptions]) -> Decorator: ...

    def cached(self, func: Any = None, /, **options: Unpack[CacheOptions]) -> Any:
        """As `pepperpy.infra.cache.cached`, with the defaults of this object."""
        return self.decorator(func, options, "cached")

    @overload
    def async_cached(
        self, func: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[CacheOptions]
    ) -> CachedCoroutineFunction[P, R]: ...
    @overload
    def async_cached(
        self, func: None = None, /, **options: Unpack[CacheOptions]
    ) -> AsyncDecorator: ...

    def async_cached(self, func: Any = None, /, **options: Unpack[CacheOptions]) -> Any:
        """As `cached`, for coroutine functions alone."""
        return self.decorator(func, options, "async_cached")

    def decorator(self, func: Any, options: Mapping[str, Any], label: str) -> Any:
        """A decorator with these options, or *func* decorated."""
        if func is not None and not is_target(func):
            raise InvalidOptionError(
                f"options of {label} are given by name, like {label}(ttl=60); got {func!r}",
                option="ttl",
                value=func,
            )
        wanted = {**self._options, **options}
        _plan(wanted)  # refuses here what makes no sense

        def decorator(target: Any, /) -> Any:
            check_target(target, label)
            return decorate(target, lambda inner: self._wrap(inner, wanted, label), label=label)

        return decorator if func is None else decorator(func)

    def _wrap(
        self, func: Callable[..., Any], options: Mapping[str, Any], label: str
    ) -> Callable[..., Any]:
        own = {"max_size", "max_bytes"} & options.keys()
        sized = options if own else {**options, "max_size": self._max_size}
        plan = replace(_plan(sized), has_own_size=bool(own))
        wrapper, memo = wrap(func, plan, self.rules, label)
        memo.tier = self.tier
        self._memos.add(memo)
        return wrapper  # type: ignore[no-any-return]

    # Values

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value that was set for *key*, or *default* if there is none that is still good."""
        entry = self._values.look(self._settled(key))
        return default if entry is None else self._values.copied(value_of(entry))

    def set(
        self,
        key: Hashable,
        value: Any,
        *,
        ttl: float | timedelta | None = None,
        tags: Iterable[str] = (),
    ) -> None:
        """Keep *value* for *key*; a *key* that is text, and *tags*, are the names that it carries.

        Args:
            ttl: Seconds, or a `timedelta`; `None` for the cache's own.

        Raises:
            InvalidTTLError: If *ttl* is no duration above 0.
            InvalidOptionError: If a tag is no text.
        """
        life = None if ttl is None else to_seconds(ttl)
        if life is not None and not life > 0:
            raise InvalidTTLError(
                f"ttl must be positive seconds, a timedelta, or None; got {ttl!r}",
                option="ttl",
                value=ttl,
            )
        names: tuple[Any, ...] = (tags,) if isinstance(tags, str) else tuple(tags)
        for name in names:
            check_name("tags", name)
        if isinstance(key, str):
            names = (key, *names)
        self._values.put(self._settled(key), tuple(filter(None, names)), value, life)

    def delete(self, key: Hashable) -> bool:
        """Forget what was set for *key*; whether there was anything."""
        return self._values.forget(self._settled(key)) > 0

    def _settled(self, key: Hashable) -> Hashable:
        """*key* as `cached` has it of an only argument."""
        plain = key if type(key) in {str, int} else (type(key), key)
        return self._values.settle(plain, ())

    # All of them

    def invalidate(self, name: str, *, literal: bool = False, namespace: str | None = None) -> int:
        """Drop every entry that carries *name*: as `invalidate_cache`, in this cache alone."""
        check_name("name", name)
        wanted = self.rules.affected(name, literal=literal)
        memos = self._within(namespace)
        tier = self.tier
        # Those in memory as well count once.
        above = {place for each in wanted for memo in memos for place in memo.places(each)}
        count = sum(memo.invalidate(each) for each in wanted for memo in memos)
        if tier is None:
            return count
        count += tier.invalidate(wanted, namespace, above)
        for memo in memos:  # whoever came in between may have recalled it
            for each in wanted:
                memo.invalidate(each)
        return count

    async def ainvalidate(
        self, name: str, *, literal: bool = False, namespace: str | None = None
    ) -> int:
        """Do what `invalidate` does; what a lower tier has to do is done in a thread beside the loop."""
        if self.tier is None or running_loop() is None:
            return self.invalidate(name, literal=literal, namespace=namespace)
        import asyncio

        return await asyncio.to_thread(self.invalidate, name, literal=literal, namespace=namespace)

    def clear(self, namespace: str | None = None) -> int:
        """Drop all entries, or those of one namespace; how many there were."""
        memos = self._within(namespace)
        tier = self.tier
        above = {place for memo in memos for place in memo.places()}
        count = sum(memo.clear() for memo in memos)
        if tier is None:
            return count
        count += tier.clear(namespace, above=above)
        for memo in memos:  # as above
            memo.clear()
        return count

    def holds(self, name: str) -> bool:
        """Whether an entry that carries *name* is there and still good."""
        wanted = Wanted(name)
        return any(memo.holds(wanted) for memo in self._memos.alive())

    def begin_anew(self, options: Mapping[str, Any], tier: Tier | None = None) -> None:
        """Forget what is in memory; *options* are those of functions that say nothing about them.

        Args:
            tier: Where results are kept below memory from now on.
        """
        earlier, self.tier = self.tier, tier
        self._max_size = options.get("max_size", _MAX_SIZE)
        for memo in self._memos.alive():
            memo.tier = tier
        if earlier is not None:
            earlier.close()  # before memory is cleared, which would take back what waits for it
        for memo in self._memos.alive():
            memo.clear()
            if not memo.has_own_size:
                memo.resize(self._max_size)

    def _within(self, namespace: str | None) -> list[Memo]:
        return [memo for memo in self._memos.alive() if namespace in {None, memo.namespace}]


def _value(key: Hashable) -> Any:
    """Never called: values come by `Cache.set`."""
    raise LookupError(key)


def _plan(options: Mapping[str, Any]) -> Plan:
    for name in options:
        if name not in _OPTIONS:
            raise InvalidOptionError(
                f"unknown option {name!r}; {did_you_mean(name, _OPTIONS)}",
                option=name,
                value=options[name],
            )
    for name, kind, wanted in _SIMPLE:
        value = options.get(name)
        if name in options and not isinstance(value, kind):
            raise InvalidOptionError(
                f"{name} must be {wanted}; got {value!r}", option=name, value=value
            )
    clock = options.get("clock")
    if clock is not None and not isinstance(clock, Clock):
        raise InvalidOptionError(
            f"clock must be a Clock, or of a class derived from it; got {clock!r}",
            option="clock",
            value=clock,
        )
    given = dict(options)
    settings = Settings(**{name: given.pop(name) for name in _SETTINGS if name in given})
    given.pop("clock", None)
    return Plan(settings=settings, clock=clock or Clock(), **given)
