"""Choosing where the breakers of all names are shared, from the program or the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import ForkSafeLock, did_you_mean

from ._errors import InvalidPolicyError
from ._redis import RedisResilienceStore
from ._registry import share_all

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPONENT: Final = "resilience"
_OPTIONS: Final = {
    "redis_url": "url",
    "redis_prefix": "prefix",
    "redis_timeout": "timeout",
    "redis_lease": "lease",
    "redis_poll": "poll",
}

_LOCK = ForkSafeLock()  # guards the store below
_chosen: list[RedisResilienceStore] = []


def initialize_resilience(config: Mapping[str, Any] | None = None, /, **options: Any) -> None:
    """Have every breaker that is got by its name share its state with other processes.

    Those are the breakers of `get_circuit_breaker`, `with_circuit_breaker` and `with_fallback`, the
    ones that exist and those to come.  Without ``redis_url`` each process decides alone, which needs
    no call; calling again replaces, and closes, what the call before has chosen.

    Where `pepperpy.infra.config` is installed, the section ``resilience`` of the configuration is
    read as well, whose variables begin with ``PEPPERPY_RESILIENCE_``.  *options* win over *config*,
    and that over the configuration.

    Args:
        config: Options by name.
        options: ``redis_url``, and ``redis_prefix``, ``redis_timeout``, ``redis_lease`` and
            ``redis_poll`` for the other arguments of `RedisResilienceStore`.

    Raises:
        InvalidPolicyError: If there is no such option, or it cannot have this value.
        MissingExtraError: If there is a ``redis_url``, and `redis` is not installed.
        ConfigError: If the configuration is wrong; its message tells where.
    """
    given = {**(config or {}), **options}
    for name in given:
        if name not in _OPTIONS:
            raise InvalidPolicyError(
                f"unknown resilience option {name!r}; {did_you_mean(name, _OPTIONS)}",
                option=name,
                value=None,  # it may hold a password
            )
    wanted = {**_configured(), **given}
    store = None
    if wanted.get("redis_url") is not None:
        chosen = {_OPTIONS[name]: value for name, value in wanted.items()}
        store = RedisResilienceStore(**chosen)
    with _LOCK:
        former = _chosen[:]
        _chosen[:] = [] if store is None else [store]
        share_all(store)
    for each in former:
        each.close()


def _configured() -> Mapping[str, Any]:
    try:
        from pepperpy.infra.config import get_config, register_config
    except ModuleNotFoundError as error:
        if error.name != "pepperpy.infra.config":
            raise  # it is installed, and broken
        return {}
    from ._section import ResilienceConfig

    register_config(_COMPONENT, ResilienceConfig)
    return get_config(_COMPONENT, ResilienceConfig).values()
