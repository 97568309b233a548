"""Storage in PostgreSQL; asyncpg is imported when a provider is used."""

from ._provider import PostgresStorageProvider

__all__ = ["PostgresStorageProvider"]
