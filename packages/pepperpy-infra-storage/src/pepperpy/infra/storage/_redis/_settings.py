"""Where the server is, and how it is spoken to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pepperpy.infra.storage._errors import InvalidOptionError
from pepperpy.infra.utils import require_extra

from ._faults import unreachable

if TYPE_CHECKING:
    from redis.asyncio.connection import Connection


class Settings:
    """Where the server is, and how it is spoken to; it shows no password."""

    def __init__(
        self, name: str, url: str, tag: str, timeout: float, connect_timeout: float
    ) -> None:
        self.name = name
        self.tag = tag
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._pool = _pool(url)
        self._pool.connection_kwargs.update(
            # Both are watched over here, for all commands that go together at once.
            socket_timeout=None,
            socket_connect_timeout=connect_timeout,
            decode_responses=False,
            protocol=2,
            health_check_interval=0,
        )

    @property
    def place(self) -> str:
        """Where the server is, for messages."""
        options: dict[str, Any] = self._pool.connection_kwargs
        if "path" in options:
            return str(options["path"])
        return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"

    async def connect(self) -> Connection:
        """A new connection.

        Raises:
            StorageConnectionError: If there can be none.
        """
        import asyncio

        from redis.exceptions import RedisError

        connection: Any = self._pool.make_connection()
        try:
            async with asyncio.timeout(self.connect_timeout):
                await connection.connect()
        except (OSError, RedisError) as error:
            raise unreachable(self, error) from error
        finally:
            if not connection.is_connected:
                await connection.disconnect(nowait=True)
        made: Connection = connection
        return made


def _pool(url: Any) -> Any:
    with require_extra("pepperpy-infra-storage", "redis"):
        from redis.asyncio import ConnectionPool
    problem = "percent-encode other characters than letters and digits in a password"
    if not isinstance(url, str):
        problem = f"got {type(url).__name__}"
    else:
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - it raises if it is none
            # An @ behind the address is one of a password with a slash, which is taken for the path.
            if "@" not in parts.path:
                pools: Any = ConnectionPool
                return pools.from_url(url)
        except ValueError:
            pass  # told below
    # Out here, since what was caught quotes the URL, and that may hold a password.
    raise InvalidOptionError(
        "url must be like redis://user:password@host:6379/0, rediss://... for TLS, or unix://path; "
        f"{problem}",
        option="url",
    )
