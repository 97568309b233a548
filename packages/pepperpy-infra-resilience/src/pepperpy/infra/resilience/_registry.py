"""One breaker for each name: the registry, and the functions that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import BothFaces, ForkSafeLock, did_you_mean

from ._breaker import CircuitBreaker
from ._config import config_of
from ._errors import CircuitConflictError, UnknownCircuitError
from ._options import older_names, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self, Unpack

    from pepperpy.infra.utils import Clock

    from ._config import BreakerOptions, CircuitBreakerConfig
    from ._redis import RedisResilienceStore

_LOCK = ForkSafeLock()
_breakers: dict[str, CircuitBreaker] = {}
_store: list[RedisResilienceStore] = []
"""Where those to come are shared; empty, or one."""
FALLBACKS: dict[tuple[object, ...], object] = {}
"""Those that `get_fallback` has made; here, because they go with the breakers."""


@older_names(provider_id="name")
def get_circuit_breaker(
    name: str,
    config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
    *,
    clock: Clock | None = None,
    **options: Unpack[BreakerOptions],
) -> CircuitBreaker:
    """The breaker of this name, the same one for all who ask; made when the first one asks.

    Without *config* and options it is whatever exists.

    Raises:
        CircuitConflictError: If it exists with another configuration; it is a `ValueError`.

    Examples:
        >>> get_circuit_breaker("search") is get_circuit_breaker("search")
        True
    """
    found = _breakers.get(text(name, "name"))
    if found is None:
        with _LOCK:
            found = _breakers.get(name)
            if found is None:
                store = _store[0] if _store else None
                made = CircuitBreaker(name, config, clock=clock, store=store, **options)
                return _breakers.setdefault(name, made)
    if config is not None or options:
        wanted = config_of(config, options)
        if wanted != found.config:
            raise CircuitConflictError(
                f"the circuit breaker {name!r} exists with another configuration: "
                f"{_differences(wanted, found.config)}; ask for it without one, or use another name",
                name=name,
            )
    if clock is not None and clock is not found.clock:
        raise CircuitConflictError(
            f"the circuit breaker {name!r} exists with another clock", name=name
        )
    return found


@older_names(provider_id="name")
def with_circuit_breaker(
    name: str,
    config: CircuitBreakerConfig | Mapping[str, Any] | None = None,
    *,
    clock: Clock | None = None,
    **options: Unpack[BreakerOptions],
) -> CircuitBreaker:
    """A decorator that puts the breaker of this name around a function; see `CircuitBreaker`.

    Raises:
        CircuitConflictError: If it exists with another configuration; it is a `ValueError`.

    Examples:
        >>> @with_circuit_breaker("weather", failure_threshold=3)
        ... def forecast(city):
        ...     return f"sun in {city}"
        >>> forecast("Lisbon")
        'sun in Lisbon'
    """
    return get_circuit_breaker(name, config, clock=clock, **options)


@older_names(provider_id="name")
def reset_circuit_breaker(name: str) -> None:
    """Close the breaker of this name, and forget what it counted.

    Raises:
        UnknownCircuitError: If nobody has asked for one; it is a `LookupError`.
    """
    found = _breakers.get(text(name, "name"))
    if found is None:
        raise UnknownCircuitError(
            f"no circuit breaker is called {name!r}; {did_you_mean(name, _breakers)}", name=name
        )
    found.reset()


def reset_all_circuit_breakers() -> None:
    """Close all that were got by a name, and forget what they counted."""
    for breaker in list(_breakers.values()):
        breaker.reset()


def share_all(store: RedisResilienceStore | None) -> None:
    """Share all breakers through *store*, those to come as well; with `None`, none of them."""
    with _LOCK:
        _store[:] = [] if store is None else [store]
        breakers = list(_breakers.values())
    for breaker in breakers:
        breaker.share(store)


class isolated_circuit_breakers(BothFaces):  # noqa: N801 - reads as a statement
    """In this block no name has a breaker yet; afterwards all names have theirs back.

    For the whole process.  Functions that were decorated before keep the breakers that they have.

    Examples:
        >>> outside = get_circuit_breaker("mail")
        >>> with isolated_circuit_breakers():
        ...     get_circuit_breaker("mail", failure_threshold=1) is outside
        False
        >>> get_circuit_breaker("mail") is outside
        True
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[tuple[dict[str, CircuitBreaker], dict[tuple[object, ...], object]]] = []

    def __enter__(self) -> Self:
        with _LOCK:
            self._kept.append((dict(_breakers), dict(FALLBACKS)))
            _breakers.clear()
            FALLBACKS.clear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _LOCK:
            breakers, fallbacks = self._kept.pop()
            _breakers.clear()
            _breakers.update(breakers)
            FALLBACKS.clear()
            FALLBACKS.update(fallbacks)


def _differences(wanted: CircuitBreakerConfig, found: CircuitBreakerConfig) -> str:
    names = [name for name in wanted.__slots__ if getattr(wanted, name) != getattr(found, name)]
    return ", ".join(
        f"{name} is {getattr(found, name)!r}, not {getattr(wanted, name)!r}" for name in names
    )
