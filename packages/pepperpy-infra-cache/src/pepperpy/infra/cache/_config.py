"""The section ``cache`` of the configuration; imported only where that is installed."""

from __future__ import annotations

from pydantic import Field

from pepperpy.infra.config import BaseConfig


class CacheConfig(BaseConfig):
    """Options of `initialize_cache`."""

    cache_type: str = "memory"
    cache_directory: str | None = None
    cache_url: str | None = None
    cache_prefix: str = "pepperpy"
    cache_timeout: float = Field(0.2, gt=0)
    max_size: int | None = Field(1024, ge=1)
