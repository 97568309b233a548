"""Where things are kept: in files of this machine, or on a Redis that many gateways share."""

from __future__ import annotations

from access import key_storage
from last import answer_storage
from settings import GatewaySettings

from pepperpy.infra import StorageProvider, initialize_cache, initialize_resilience
from pepperpy.infra.storage import RedisStorageProvider


def keys_of(settings: GatewaySettings) -> StorageProvider:
    """Identities, and the hashes of their keys."""
    return _on_redis(settings, "keys") or key_storage(settings.keys_file)


def answers_of(settings: GatewaySettings) -> StorageProvider:
    """The last answers."""
    return _on_redis(settings, "answers") or answer_storage(settings.answers_file)


def share(settings: GatewaySettings) -> None:
    """Have other gateways know what this one remembers, and which circuits it opens; if there is a Redis."""
    if settings.redis_url is None:
        return
    url = settings.redis_url.get_secret_value()
    initialize_cache(
        cache_type="redis",
        cache_url=url,
        cache_prefix=settings.redis_prefix,
        cache_timeout=settings.redis_timeout,
    )
    initialize_resilience(
        redis_url=url, redis_prefix=settings.redis_prefix, redis_timeout=settings.redis_timeout
    )


def _on_redis(settings: GatewaySettings, name: str) -> StorageProvider | None:
    if settings.redis_url is None:
        return None
    return RedisStorageProvider(
        name,
        settings.redis_url.get_secret_value(),
        namespace=f"{settings.redis_prefix}:{name}",
        timeout=settings.redis_timeout,
        connect_timeout=settings.redis_timeout,
    )
