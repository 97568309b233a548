"""Where the server is, and how it is reached."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import urlsplit

from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from pepperpy.infra.cache._errors import CacheTierError
from pepperpy.infra.utils.redaction import redact_text

_POOL: Final[Any] = ConnectionPool
_SCHEMES: Final = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
}


class Server:
    """Makes connections to what a URL says.

    Raises:
        CacheTierError: If it is no such URL.
    """

    def __init__(self, url: str, timeout: float) -> None:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in _SCHEMES:
            raise _refused(f"it begins with {_shown(scheme)}")
        self.shown: str = redact_text(url)
        hostname = pool = cast("Any", None)
        with suppress(TypeError, ValueError):  # what they say may tell a secret
            hostname = urlsplit(url).hostname
            pool = _POOL.from_url(f"{_SCHEMES[scheme]}://{rest}")
        if pool is None:
            raise _refused("a part of it makes no sense")
        if scheme != "unix" and not hostname:
            raise _refused("it names no host")
        self._class: Any = pool.connection_class
        self._options: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            **pool.connection_kwargs,
            "decode_responses": False,
            "protocol": 2,
            # Whoever uses the connection knows better what to do.
            "retry": Retry(NoBackoff(), 0),
        }

    def connect(self) -> Any:
        """A new connection."""
        connection = self._class(**self._options)
        connection.connect()
        return connection


def _shown(scheme: str) -> str:
    return f"{scheme}://" if scheme.isalnum() and len(scheme) <= 20 else "something else"


def _refused(problem: str) -> CacheTierError:
    return CacheTierError(
        f"cache_type='redis' needs a cache_url like 'redis://host:6379/0', with one of the schemes "
        f"{', '.join(_SCHEMES)}; {problem}",
        cache_type="redis",
    )
