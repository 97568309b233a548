"""The facade as a typed program uses it.  Type-checked, never run."""

from __future__ import annotations

import logging
from typing import assert_type

import pepperpy.infra
from pepperpy.infra import (
    BaseConfig,
    MetricType,
    ProviderTelemetry,
    cached,
    generate_id,
    get_logger,
    get_provider_telemetry,
    hash_string,
    invalidate_cache,
    register_config,
    retry,
    running,
    slugify,
    start,
    stop,
    utils,
)

assert_type(generate_id(prefix="user_"), str)
assert_type(hash_string("text", algorithm="sha256"), str)
assert_type(slugify("A title"), str)
assert_type(utils.slugify("A title"), str)
assert_type(pepperpy.infra.slugify("A title"), str)

logger: logging.Logger = get_logger(__name__)


@retry(max_attempts=5, delay=1.0, backoff=2.0)
def fetch(url: str, *, limit: int = 3) -> bytes:
    return url.encode()[:limit]


assert_type(fetch("https://example.org", limit=2), bytes)


@cached(ttl=60)
def get_user(user_id: str) -> dict[str, str]:
    return {"id": user_id, "name": "John Doe"}


assert_type(get_user("123"), dict[str, str])
assert_type(get_user.invalidate(user_id="123"), int)
assert_type(invalidate_cache("user:123"), int)


class ShopConfig(BaseConfig):
    api_key: str
    timeout: int = 30


register_config("shop", ShopConfig)

telemetry = assert_type(get_provider_telemetry("upstream"), ProviderTelemetry)
telemetry.report_metric("requests", 1, MetricType.COUNTER)

# An unknown name is an error; were it not, the comment would be one.
_ = pepperpy.infra.no_such_name  # type: ignore[attr-defined]


async def serve() -> None:
    await start({"logging": {"level": "INFO"}})
    async with running() as block:
        assert_type(block, running)
    assert_type(await stop(), None)
