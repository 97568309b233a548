"""`HTTPClientPool`: httpx clients, each for one task at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import require_extra

from ._config import ConnectionPoolConfig
from ._errors import PoolConfigError
from ._pool import ConnectionPool

if TYPE_CHECKING:
    import httpx

    from pepperpy.infra.utils import Clock


class HTTPClientPool(ConnectionPool["httpx.AsyncClient", ConnectionPoolConfig]):
    """Clients of httpx: no more than *max_size* tasks call out at once, first come, first served.

    Each client is lent to one task, and forgets its cookies before the next one gets it.

    Args:
        name: What it is found under once it is registered.
        config: The settings.
        clock: What measures ages and intervals.
        options: Passed on to `httpx.AsyncClient`, like ``base_url`` and ``headers``.

    Raises:
        MissingExtraError: On first use, if httpx is not installed.
        PoolConfigError: On first use, if ``base_url`` or ``proxy`` is no address.
    """

    def __init__(
        self,
        name: str,
        config: ConnectionPoolConfig | None = None,
        *,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        self._options = options
        super().__init__(name, config, clock=clock)

    async def _create_connection(self) -> httpx.AsyncClient:
        with require_extra("pepperpy-infra-connection", "http"):
            import httpx
        with suppress(httpx.InvalidURL):
            return httpx.AsyncClient(**self._options)
        # Out here, since what it quotes of the address may be a part of a password.
        raise PoolConfigError(
            f"the base_url or proxy of pool {self.name!r} cannot be read; what is special in a "
            "user or password must be percent-encoded",
            option="base_url",
        )

    async def _close_connection(self, connection: httpx.AsyncClient) -> None:
        await connection.aclose()

    async def _validate_connection(self, connection: httpx.AsyncClient) -> bool:
        return not connection.is_closed

    async def _reset_connection(self, connection: httpx.AsyncClient) -> None:
        connection.cookies.clear()
