"""A connection that is made when it is needed, and made again once when it turns out to be dead."""

from __future__ import annotations

from codecs import lookup
from contextlib import suppress
from typing import Any

from pepperpy.infra.resilience._errors import InvalidPolicyError
from pepperpy.infra.utils import require_extra


class Connection:
    """What one thread says to the server.

    Raises:
        InvalidPolicyError: If *url* is none.
        MissingExtraError: If `redis` is not installed.
    """

    def __init__(self, url: str, timeout: float) -> None:
        with require_extra("pepperpy-infra-resilience", "redis"):
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        redis: Any = Redis  # its methods have no types in every version
        self._client: Any = None
        with suppress(ValueError):  # it may have the URL, and so the password, in its text
            self._client = redis.from_url(
                url,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                socket_keepalive=True,
                retry=Retry(NoBackoff(), 0),
            )
        if self._client is None:
            raise InvalidPolicyError(
                "url must be like redis://host:6379/0 (rediss:// with TLS, unix:// for a socket)",
                option="url",
                value=None,
            )
        # A first connection imports some modules, and a fork while a thread does that would leave the
        # child without them for ever.  So they are imported here.
        lookup("idna")
        self._client.connection_pool.make_connection()

    def run(self, script: str, key: str, *arguments: object) -> Any:
        """What *script* answers, which may run twice."""
        from redis import ConnectionError as NoConnectionError

        call = ("EVAL", script, 1, _sent(key), *map(_sent, arguments))
        try:
            # The whole text each time: a script that the server has to have would be gone with it.
            return self._client.execute_command(*call)
        except NoConnectionError:  # an idle one is closed by servers and by what lies between
            return self._client.execute_command(*call)

    def check_writing(self, key: str) -> None:
        """Raise unless the server takes what is written."""
        self._client.set(_sent(key), 1, px=1000)

    def subscribed(self, channel: str) -> Any:
        """A `redis.client.PubSub` that hears what is said there."""
        pubsub = self._client.pubsub()
        pubsub.subscribe(_sent(channel))
        return pubsub

    def wake(self, channel: str) -> None:
        """Say nothing there, so that whoever listens looks around."""
        from redis import RedisError

        with suppress(RedisError):  # then they look around by themselves, a bit later
            self._client.publish(_sent(channel), b"")

    def close(self) -> None:
        """End it."""
        self._client.close()


def _sent(value: object) -> bytes | str:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value)
