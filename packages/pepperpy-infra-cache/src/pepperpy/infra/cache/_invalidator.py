"""Invalidation by rules, in a plain and an awaited form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._default import default
from ._errors import InvalidOptionError
from ._rules import CacheInvalidationRule, InvalidationStrategy, check_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._cache import Cache


class _Invalidator:
    """What both forms have in common.

    The rules belong to the cache: whoever invalidates a name in it, rules follow.

    Args:
        cache: The one to invalidate in; the default cache if it is `None`.
        namespace: Look into the functions of that one alone.
    """

    def __init__(self, cache: Cache | None = None, namespace: str | None = None) -> None:
        self._cache = default if cache is None else cache
        self._namespace = namespace

    def add_rule(self, name: str, rule: CacheInvalidationRule) -> None:
        """Have *rule* hold for *name*, or for all names that it matches if it is a glob.

        ``TTL`` and ``LRU`` hold for what is kept from now on.

        Raises:
            InvalidOptionError: If *name* is no text, or *rule* no rule.
        """
        check_name("name", name)
        if not isinstance(rule, CacheInvalidationRule):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidOptionError(
                f"rule must be a CacheInvalidationRule; got {type(rule).__name__}",
                option="rule",
                value=type(rule).__name__,
            )
        self._cache.rules.add(name, rule)

    def remove_rule(self, name: str) -> int:
        """Forget all rules of *name*; how many there were."""
        return self._cache.rules.remove(name)

    def depends(self, name: str, on: str | Iterable[str]) -> None:
        """Have *name* go whenever one goes that it depends *on*.  Circles are harmless."""
        rule = CacheInvalidationRule(
            strategy=InvalidationStrategy.DEPENDENCY,
            dependencies=on,
        )
        self.add_rule(name, rule)

    def update_lru(self, name: str) -> bool:
        """Count what carries *name* as just asked for, for its ``LRU`` rules.

        Returns whether there are any.
        """
        return self._cache.rules.touch(name)

    def _invalidate(self, name: str, *, literal: bool = False) -> int:
        return self._cache.invalidate(name, literal=literal, namespace=self._namespace)

    async def _ainvalidate(self, name: str) -> int:
        return await self._cache.ainvalidate(name, namespace=self._namespace)

    def _check_ttl(self, name: str) -> bool:
        return self._cache.holds(name)


class CacheInvalidator(_Invalidator):
    """Drops entries by name, and by rules about names.

    Examples:
        >>> from pepperpy.infra.cache import Cache
        >>> pages = Cache("pages")
        >>> invalidator = CacheInvalidator(pages)
        >>> invalidator.depends("page:home", on="user:*")
        >>> pages.set("page:home", "<h1>Ann</h1>")
        >>> invalidator.invalidate("user:1")
        1
    """

    def invalidate(self, name: str) -> int:
        """Drop what carries *name*, and what goes with it; how many entries that were."""
        return self._invalidate(name)

    def invalidate_by_pattern(self, pattern: str) -> int:
        """Drop what carries a name that the glob *pattern* matches."""
        return self._invalidate(pattern)

    def invalidate_by_version(self, name: str, version: str) -> int:
        """Drop what carries *name* if *version* is not the one that was told before."""
        is_new = self._cache.rules.new_version(name, version)
        return self._invalidate(name) if is_new else 0

    def check_ttl(self, name: str) -> bool:
        """Whether an entry that carries *name* is there and still good."""
        return self._check_ttl(name)


class AsyncCacheInvalidator(_Invalidator):
    """`CacheInvalidator`, to be awaited until it is done everywhere."""

    async def invalidate(self, name: str) -> int:
        """Drop what carries *name*, and what goes with it; how many entries that were."""
        return await self._ainvalidate(name)

    async def invalidate_by_pattern(self, pattern: str) -> int:
        """Drop what carries a name that the glob *pattern* matches."""
        return await self._ainvalidate(pattern)

    async def invalidate_by_version(self, name: str, version: str) -> int:
        """Drop what carries *name* if *version* is not the one that was told before."""
        is_new = self._cache.rules.new_version(name, version)
        return await self._ainvalidate(name) if is_new else 0

    async def check_ttl(self, name: str) -> bool:
        """Whether an entry that carries *name* is there and still good."""
        return self._check_ttl(name)
