"""A connection that is made when it is needed, and made again once when it turns out to be dead."""

from __future__ import annotations

from codecs import lookup
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pepperpy.infra.resilience._errors import InvalidPolicyError
from pepperpy.infra.utils import require_extra

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        options = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "retry": Retry(NoBackoff(), 0),
        }
        self._client: Any = None
        # A first connection imports some modules, and a fork while a thread does that would leave the
        # child without them for ever.  So they are imported here.
        lookup("idna")
        # What is wrong may be told with the URL, and so with the password, in the text.
        with suppress(AttributeError, TypeError, ValueError):
            if not url.startswith("unix://"):
                options["socket_keepalive"] = True
            client = redis.from_url(_printable(url), **options)
            pool = client.connection_pool
            pool.connection_kwargs["decode_responses"] = False  # whatever the URL says
            pool.make_connection()
            self._client = client
        if self._client is None:
            raise InvalidPolicyError(
                "url must be like redis://host:6379/0 (rediss:// with TLS, unix:// for a socket), "
                "with other characters than letters and digits in a password percent-encoded",
                option="url",
                value=None,
            )

    def run(self, script: str, key: str, *arguments: object) -> Any:
        """What *script* answers, which may run twice."""
        from redis import ConnectionError as NoConnectionError

        call = ("EVAL", script, 1, _sent(key), *map(_sent, arguments))
        try:
            # The whole text each time: a script that the server has to have would be gone with it.
            return self._client.execute_command(*call)
        except NoConnectionError:  # an idle one is closed by servers and by what lies between
            return self._client.execute_command(*call)

    def run_all(self, script: str, calls: Sequence[tuple[str, tuple[object, ...]]]) -> list[Any]:
        """What *script* answers to each key with its arguments, in one round trip."""
        from redis import ConnectionError as NoConnectionError

        pipeline = self._client.pipeline(transaction=False)

        def ask() -> list[Any]:
            for key, arguments in calls:
                pipeline.execute_command("EVAL", script, 1, _sent(key), *map(_sent, arguments))
            replies: list[Any] = pipeline.execute()
            return replies

        try:
            return ask()
        except NoConnectionError:
            return ask()

    def drop(self) -> None:
        """Connect anew for what comes: what was called before may be a replica now."""
        self._client.connection_pool.disconnect()

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


def _printable(url: str) -> str:
    """*url*, unless something in it would hide where a password ends from whoever hides that."""
    if any(map(str.isspace, url)):
        raise ValueError
    return url


def _sent(value: object) -> bytes | str:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value)
