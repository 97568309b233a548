"""What can be set, and what is allowed: the sections `[gateway]` and `[provider]`.

Values come from `pepperpy.toml`, and over them from the environment.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from pepperpy.infra import (
    BaseConfig,
    CircuitBreakerConfig,
    ConnectionPoolConfig,
    get_config,
    register_config,
)


class GatewaySettings(BaseConfig):
    """The gateway's settings; each has a variable as well, like `PEPPERPY_GATEWAY_PORT`."""

    upstreams: dict[str, str] = Field(min_length=1)  # name -> URL
    provider_key: SecretStr
    port: int = Field(8470, ge=1, le=65535)
    other_ports: int = Field(50, ge=0)  # how many of the next ones may be had instead
    time_for_a_request: float = Field(1.5, ge=0)
    time_for_an_attempt: float = Field(0.5, gt=0)
    attempts: int = Field(3, ge=1)
    delay: float = Field(0.05, ge=0)
    breaker: CircuitBreakerConfig = CircuitBreakerConfig()  # of each provider
    pool: ConnectionPoolConfig = ConnectionPoolConfig()  # of each provider
    keep_answers: float = Field(5.0, gt=0)  # seconds
    keys_file: Path = Path("out/keys.db")  # identities, and the hashes of their keys
    answers_file: Path = Path("out/answers.db")  # the last answers
    keep_last: float = Field(300.0, gt=0)  # seconds
    warm_up: float = Field(3.0, ge=0)  # seconds after the start
    redis_url: SecretStr | None = None  # a Redis in place of both files, for many gateways
    redis_prefix: str = "gateway"  # what all that we have there begins with
    redis_timeout: float = Field(0.25, gt=0)  # seconds that it may take
    trust_keys: float = Field(5.0, ge=0)  # seconds that keys are believed without it
    metrics_file: Path = Path("out/metrics.jsonl")
    look_every: float = Field(0.2, gt=0)  # seconds between two looks at the file
    measure_every: float = Field(0.5, gt=0)  # seconds between two looks at our memory


class ProviderSettings(BaseConfig):
    """What both providers have in common; what differs is on their command lines."""

    key: SecretStr
    retry_after: float = Field(1.0, ge=0)


def gateway_settings() -> GatewaySettings:
    """The settings as they are now: a frozen snapshot, another one after each reload."""
    return get_config("gateway", GatewaySettings)


def register() -> None:
    """Make both sections known; nothing is read before they are asked for."""
    register_config("gateway", GatewaySettings)
    register_config("provider", ProviderSettings)
