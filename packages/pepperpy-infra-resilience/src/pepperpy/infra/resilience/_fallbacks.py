"""One fallback for each choice of providers, and the decorator that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ._config import error_types
from ._fallback import OLDER_NAMES, ProviderFallback, names_of
from ._options import older_names, seconds
from ._registry import FALLBACKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from ._config import CircuitBreakerConfig


@older_names(**OLDER_NAMES)
def get_fallback(
    primary: str,
    fallbacks: Iterable[str],
    config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
    *,
    hedge_after: float | timedelta | None = None,
    exceptions: type[Exception] | Iterable[type[Exception]] = Exception,
) -> ProviderFallback:
    """The fallback over these providers in this order, the same one for all who ask.

    Raises:
        CircuitConflictError: If a provider's breaker exists with another configuration.

    Examples:
        >>> get_fallback("a", ["b"]) is get_fallback("a", ["b"])
        True
    """
    names = names_of(primary, fallbacks)
    after = None if hedge_after is None else seconds(hedge_after, "hedge_after")
    kinds = error_types(exceptions, "exceptions")
    key = (*names, after, kinds)
    found = cast("ProviderFallback | None", FALLBACKS.get(key))
    if found is None or config is not None:
        made = ProviderFallback(primary, names[1:], config, hedge_after=after, exceptions=kinds)
        found = cast("ProviderFallback", FALLBACKS.setdefault(key, made))
    return found


@older_names(**OLDER_NAMES)
def with_fallback(
    primary: str,
    fallbacks: Iterable[str],
    config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
    *,
    hedge_after: float | timedelta | None = None,
    exceptions: type[Exception] | Iterable[type[Exception]] = Exception,
) -> ProviderFallback:
    """A decorator that passes the provider to use as the first argument; see `ProviderFallback`.

    In a method it comes right after ``self``.  Callers do not see it.

    Examples:
        >>> @with_fallback("primary", ["backup"])
        ... def fetch(provider_id, path):
        ...     if provider_id == "primary":
        ...         raise ConnectionError
        ...     return f"{provider_id}:{path}"
        >>> fetch("/x")
        'backup:/x'
    """
    return get_fallback(primary, fallbacks, config, hedge_after=hedge_after, exceptions=exceptions)
