"""The Redis that the gateways of a run share: the demo's own, or one that somebody named."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from keyring import Keyring, issue_passing
from redisserver import MissingRedisError, RedisServer, answers, own_redis

from pepperpy.infra.storage import RedisStorageProvider


@dataclass(frozen=True, slots=True)
class Shared:
    """Where it is, and what all that this run has there begins with."""

    url: str
    prefix: str
    server: RedisServer | None  # which may be killed; None if it is somebody's

    @property
    def password(self) -> str | None:
        """What nobody may see of the URL."""
        return urlsplit(self.url).password


@asynccontextmanager
async def shared_redis(url: str | None) -> AsyncIterator[Shared | None]:
    """The one at *url*; an own one if that is empty, and none if it is `None`.

    Raises:
        MissingRedisError: If there is none to be had.
    """
    prefix = f"gateway-{secrets.token_hex(4)}"  # so that a run begins with nothing
    if url is None:
        yield None
    elif url:
        if not await answers(url):
            raise MissingRedisError("nobody answers at the URL that --redis has; is it a Redis?")
        yield Shared(url, prefix, None)
    else:
        async with own_redis() as server:
            yield Shared(server.url, prefix, server)


async def make_shared_keys(shared: Shared) -> Keyring:
    """A key for everybody on the Redis, and bad ones."""
    storage = RedisStorageProvider("keys", shared.url, namespace=f"{shared.prefix}:keys")
    async with storage:
        return await issue_passing(storage)
