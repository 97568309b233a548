from __future__ import annotations

import pytest

from pepperpy.infra.connection import ConnectionPool, ConnectionPoolConfig, unregister_pool
from pepperpy.infra.connection._default import registry
from pepperpy.infra.utils import FakeClock


class Link:
    """A connection that cannot be hashed, equals every other one, and knows who holds it."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.alive = True
        self.closed = False
        self.holders = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Link)

    def __repr__(self) -> str:
        return f"Link {self.number}"


class LinkPool(ConnectionPool[Link, ConnectionPoolConfig]):
    """Counts what it opens and closes; its hooks do what a test wants."""

    def __init__(self, name="links", config=None, *, clock=None, **settings):
        self.links: list[Link] = []
        self.validated: list[int] = []
        self.error: BaseException | None = None
        self.gate = None
        super().__init__(name, config or ConnectionPoolConfig(**settings), clock=clock)

    async def _create_connection(self) -> Link:
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        link = Link(len(self.links) + 1)
        self.links.append(link)
        return link

    async def _close_connection(self, connection: Link) -> None:
        assert not connection.closed, "closed twice"
        connection.closed = True

    async def _validate_connection(self, connection: Link) -> bool:
        self.validated.append(connection.number)
        return connection.alive

    @property
    def open_links(self) -> list[int]:
        return [link.number for link in self.links if not link.closed]


@pytest.fixture
def link() -> type[Link]:
    return Link


@pytest.fixture
def link_pool() -> type[LinkPool]:
    return LinkPool


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _no_pool_stays_registered():
    yield
    for name in list(registry.pools):
        unregister_pool(name)
