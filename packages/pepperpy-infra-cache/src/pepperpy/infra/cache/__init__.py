"""Remember what functions returned: with expiry, one load a key, and invalidation by name."""

from ._cache import Cache
from ._default import ainvalidate_cache, async_cached, cached, clear_cache, invalidate_cache
from ._disabled import cache_disabled
from ._errors import (
    CacheError,
    CacheTierError,
    InvalidOptionError,
    InvalidTargetError,
    InvalidTemplateError,
    InvalidTTLError,
    UncacheableResultError,
    UnkeyableArgumentError,
)
from ._info import CacheInfo
from ._initialize import initialize_cache
from ._invalidates import invalidates
from ._invalidator import AsyncCacheInvalidator, CacheInvalidator
from ._rules import CacheInvalidationRule, InvalidationStrategy
from ._typing import CachedCoroutineFunction, CachedFunction

__all__ = [
    "AsyncCacheInvalidator",
    "Cache",
    "CacheError",
    "CacheInfo",
    "CacheInvalidationRule",
    "CacheInvalidator",
    "CacheTierError",
    "CachedCoroutineFunction",
    "CachedFunction",
    "InvalidOptionError",
    "InvalidTTLError",
    "InvalidTargetError",
    "InvalidTemplateError",
    "InvalidationStrategy",
    "UncacheableResultError",
    "UnkeyableArgumentError",
    "ainvalidate_cache",
    "async_cached",
    "cache_disabled",
    "cached",
    "clear_cache",
    "initialize_cache",
    "invalidate_cache",
    "invalidates",
]
