"""Storage in Redis or Valkey; redis-py is imported when a provider is made."""

from ._provider import RedisStorageProvider

__all__ = ["RedisStorageProvider"]
