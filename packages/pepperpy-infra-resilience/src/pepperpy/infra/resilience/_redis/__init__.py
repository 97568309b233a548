"""What processes share through Redis or Valkey; `redis` is imported when a store is made."""

from ._store import RedisResilienceStore

__all__ = ["RedisResilienceStore"]
