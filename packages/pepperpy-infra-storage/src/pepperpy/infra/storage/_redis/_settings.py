"""Where the server is, and how it is spoken to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

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
        except BaseException as error:
            await connection.disconnect(nowait=True)  # it may be there, and wait for a greeting
            if isinstance(error, OSError | RedisError):
                raise unreachable(self, error) from error
            raise
        made: Connection = connection
        return made


def _is_database(parts: SplitResult) -> bool:
    """Whether the path is one; the driver takes any other for the first."""
    return parts.scheme == "unix" or re.fullmatch(r"/?[0-9]*/?", parts.path) is not None


def _pool(url: Any) -> Any:
    with require_extra("pepperpy-infra-storage", "redis"):
        import hiredis  # noqa: F401  # pyright: ignore[reportUnusedImport] - packs what is sent
        from redis.asyncio import ConnectionPool
    problem = (
        "percent-encode other characters than letters and digits in a password, give the database as "
        "a number, and behind a ? only what redis-py takes"
    )
    if not isinstance(url, str):
        problem = f"got {type(url).__name__}"
    else:
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - it raises if it is none
            # An @ behind the address is one of a password with a slash, which is taken for the path.
            if "@" not in parts.path and _is_database(parts):
                pools: Any = ConnectionPool
                pool = pools.from_url(url)
                pool.make_connection()  # which connects nowhere, and takes no option that it does not know
                return pool
        except (ValueError, TypeError):
            pass  # told below
    # Out here, since what was caught quotes the URL, and that may hold a password.
    raise InvalidOptionError(
        "url must be like redis://user:password@host:6379/0, rediss://... for TLS, or unix://path; "
        f"{problem}",
        option="url",
    )
