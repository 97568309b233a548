"""The section ``resilience`` of the configuration; imported only where that is installed."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SecretStr

from pepperpy.infra.config import BaseConfig


class ResilienceConfig(BaseConfig):
    """Options of `initialize_resilience`."""

    redis_url: SecretStr | None = None
    redis_prefix: str = "pepperpy"
    redis_timeout: float = Field(0.25, gt=0)
    redis_lease: float = Field(10.0, gt=0)
    redis_poll: float = Field(5.0, gt=0)

    def values(self) -> dict[str, Any]:
        """What was set, with the URL as it is."""
        url = self.redis_url
        values = self.model_dump(exclude_unset=True)
        return values if url is None else {**values, "redis_url": url.get_secret_value()}
