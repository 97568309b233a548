"""What one does with providers by their names, in the registry that all of a program shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._entry import MISSING, Missing
from ._file import FileStorageProvider
from ._memory import MemoryStorageProvider
from ._objects import ObjectStorageProvider
from ._options import given
from ._postgres import PostgresStorageProvider
from ._redis import RedisStorageProvider
from ._registry import StorageProviderRegistry

if TYPE_CHECKING:
    from os import PathLike

    from pepperpy.infra.utils import Clock

    from ._file import Durability
    from ._options import TTL
    from ._provider import StorageProvider

_registry = StorageProviderRegistry()


def get_registry() -> StorageProviderRegistry:
    """The registry that the functions of this package look names up in."""
    return _registry


def set_registry(registry: StorageProviderRegistry) -> None:
    """Look names up in *registry* from now on: in a test, in one of its own.

    Raises:
        TypeError: If it is none.
    """
    given: Any = registry
    if not isinstance(given, StorageProviderRegistry):
        raise TypeError(f"a StorageProviderRegistry is needed; got {type(given).__name__}")
    global _registry  # noqa: PLW0603 - the one object that a test swaps
    _registry = given


def register_provider(provider: StorageProvider) -> None:
    """Let *provider* be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    _registry.register(provider)


def unregister_provider(name: str) -> StorageProvider:
    """Forget the provider of this name, and return it; whether it is connected does not change.

    Raises:
        UnknownProviderError: If there is none; it is a `KeyError`.
    """
    return _registry.unregister(name)


def get_provider(name: str) -> StorageProvider:
    """The provider that was registered under *name*.

    Raises:
        UnknownProviderError: If there is none; the message has the nearest, or all there are.
    """
    return _registry.get(name)


def list_providers() -> list[str]:
    """The names of all registered providers, oldest first."""
    return _registry.list()


def clear_providers() -> None:
    """Forget all registered providers, as they are."""
    _registry.clear()


def register_memory_provider(name: str, *, clock: Clock | None = None) -> MemoryStorageProvider:
    """Make a store in memory, and let it be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    provider = MemoryStorageProvider(name, clock=clock)
    _registry.register(provider)
    return provider


def register_file_provider(
    name: str,
    file_path: str | PathLike[str],
    durability: Durability = "full",
    *,
    timeout: float = 5.0,
    clock: Clock | None = None,
) -> FileStorageProvider:
    """Make a store in a file, as `FileStorageProvider` does, and let it be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    provider = FileStorageProvider(name, file_path, durability, timeout=timeout, clock=clock)
    _registry.register(provider)
    return provider


def register_redis_provider(
    name: str,
    url: str = "redis://localhost:6379/0",
    *,
    namespace: str | None = None,
    timeout: float = 5.0,
    connect_timeout: float = 5.0,
    may_evict: bool = False,
) -> RedisStorageProvider:
    """Make a store in Redis, as `RedisStorageProvider` does, and let it be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    provider = RedisStorageProvider(
        name,
        url,
        namespace=namespace,
        timeout=timeout,
        connect_timeout=connect_timeout,
        may_evict=may_evict,
    )
    _registry.register(provider)
    return provider


def register_postgres_provider(
    name: str,
    dsn: str,
    *,
    namespace: str | None = None,
    timeout: float = 5.0,
    connect_timeout: float = 5.0,
    max_size: int = 5,
) -> PostgresStorageProvider:
    """Make a store in PostgreSQL, as `PostgresStorageProvider` does, and let it be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    provider = PostgresStorageProvider(
        name,
        dsn,
        namespace=namespace,
        timeout=timeout,
        connect_timeout=connect_timeout,
        max_size=max_size,
    )
    _registry.register(provider)
    return provider


def register_object_provider(
    name: str, url: str, *, timeout: float = 10.0, connect_timeout: float = 5.0, **options: Any
) -> ObjectStorageProvider:
    """Make a store of objects, as `ObjectStorageProvider` does, and let it be found by its name.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    provider = ObjectStorageProvider(
        name, url, timeout=timeout, connect_timeout=connect_timeout, **options
    )
    _registry.register(provider)
    return provider


def register_s3_provider(
    name: str,
    bucket: str,
    *,
    prefix: str = "",
    timeout: float = 10.0,
    connect_timeout: float = 5.0,
    **options: Any,
) -> ObjectStorageProvider:
    """Make a store in S3, as `ObjectStorageProvider` does, and let it be found by its name.

    Args:
        name: What it is called.
        bucket: Which must be there.
        prefix: A folder in it.
        timeout: Seconds to wait for an answer.
        connect_timeout: Seconds to wait for a connection.
        options: ``endpoint``, ``region``, ``access_key_id``, ``secret_access_key`` and what else
            obstore has for S3; else it takes what the environment has.

    Raises:
        ProviderNameError: If another provider has the name; it is a `ValueError`.
    """
    limits = {"timeout": timeout, "connect_timeout": connect_timeout}
    return register_object_provider(name, f"s3://{bucket}/{prefix}", **limits, **options)


async def connect(name: str) -> None:
    """Open the provider of this name.

    Raises:
        StorageConnectionError: If that cannot be done.
    """
    provider = _registry.get(name)
    _registry.closes()
    await provider.connect()


async def disconnect(name: str) -> None:
    """Close the provider of this name, when all that was acknowledged is safe."""
    await _registry.get(name).disconnect()


async def is_connected(name: str) -> bool:
    """Whether the provider of this name can be used now."""
    return await _registry.get(name).is_connected()


async def get(name: str, key: str, default: Any = MISSING) -> Any:
    """The value under *key*, as a copy.

    Raises:
        KeyNotFoundError: If there is none and no *default* is given; it is a `KeyError`.
    """
    provider = _registry.get(name)
    if isinstance(default, Missing):
        return await provider.get(key)
    try:
        return await provider.get(key)
    except KeyError:
        return default


async def set(  # noqa: A001 - the name that it goes by
    name: str,
    key: str,
    value: Any,
    *,
    ttl: TTL = None,
    if_version: int | None = None,
    if_absent: bool = False,
) -> int:
    """Keep *value* under *key*, as `StorageProvider.set` does, and return the version of the write.

    Raises:
        ConflictError: If the key is not as *if_version* or *if_absent* say.
        InvalidValueError: If the value would not come back as it is.
    """
    options = given(ttl, if_version, if_absent)
    return await _registry.get(name).set(key, value, **options)


async def delete(name: str, key: str, *, if_version: int | None = None) -> bool:
    """Remove *key*, and tell whether it was there.

    Raises:
        VersionMismatchError: If the key has not the version *if_version*; then it stays.
    """
    return await _registry.get(name).delete(key, **given(if_version=if_version))


async def exists(name: str, key: str) -> bool:
    """Whether there is a value under *key*."""
    return await _registry.get(name).exists(key)


async def keys(name: str, pattern: str | None = None) -> list[str]:
    """All keys that match a glob like ``user:*``, in order."""
    return await _registry.get(name).keys(pattern)


async def clear(name: str) -> None:
    """Remove everything from the provider of this name."""
    await _registry.get(name).clear()


async def increment(name: str, key: str, by: int = 1, *, ttl: TTL = None) -> int:
    """Add to a whole number, as one step, and return the sum; a missing key starts at 0."""
    return await _registry.get(name).increment(key, by, ttl=ttl)
