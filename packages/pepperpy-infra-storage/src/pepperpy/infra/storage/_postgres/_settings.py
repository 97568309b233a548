"""Where the server is, and how it is spoken to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from pepperpy.infra.storage._errors import InvalidOptionError
from pepperpy.infra.utils import require_extra

from ._faults import unreachable

if TYPE_CHECKING:
    from ._statements import Statements

Connection: TypeAlias = Any  # asyncpg has no types


class Settings:
    """Where the server is, and how it is spoken to; it shows no password."""

    def __init__(
        self,
        name: str,
        dsn: str,
        statements: Statements,
        *,
        timeout: float,
        connect_timeout: float,
        max_size: int,
    ) -> None:
        self.name = name
        self.statements = statements
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.max_size = max_size
        self._dsn = dsn
        self.place: str = _place(dsn)

    async def connect(self) -> Connection:
        """A new connection.

        Raises:
            StorageConnectionError: If there can be none.
        """
        import asyncio

        driver = load_driver()
        try:
            async with asyncio.timeout(self.connect_timeout):
                return await driver.connect(self._dsn, timeout=self.connect_timeout)
        except (OSError, driver.PostgresError, driver.InterfaceError) as error:
            problem = error
        except ValueError:
            raise _unreadable() from None
        raise unreachable(self, problem) from problem

    async def part(self, connection: Connection) -> None:
        """Say good-bye, and hang up if the server does not listen."""
        driver = load_driver()
        try:
            await connection.close(timeout=self.timeout)
        except (OSError, driver.PostgresError, driver.InterfaceError):
            connection.terminate()


def load_driver() -> Any:
    """Asyncpg.

    Raises:
        MissingExtraError: If it is not installed.
    """
    with require_extra("pepperpy-infra-storage", "postgres"):
        import asyncpg  # type: ignore[import-untyped, unused-ignore] # pyright: ignore[reportMissingTypeStubs]
    driver: Any = asyncpg
    return driver


def _place(dsn: Any) -> str:
    """Where the server is, for messages.

    Raises:
        InvalidOptionError: If the dsn is none.
    """
    try:
        parts = urlsplit(dsn if isinstance(dsn, str) else "")
        hosts = [urlsplit(f"//{each}") for each in parts.netloc.rpartition("@")[2].split(",")]
        place = ", ".join(f"{each.hostname or 'localhost'}:{each.port or 5432}" for each in hosts)
        # An @ behind the address is one of a password with a slash, which is taken for the path.
        if parts.scheme in {"postgresql", "postgres"} and "@" not in parts.path:
            return place
    except ValueError:
        pass  # told below, since what was caught quotes the dsn
    raise _unreadable()


def _unreadable() -> InvalidOptionError:
    return InvalidOptionError(
        "dsn must be like postgresql://user:password@host:5432/database, with percent-encoding "
        "wherever a user or password has other characters than letters and digits",
        option="dsn",
    )
