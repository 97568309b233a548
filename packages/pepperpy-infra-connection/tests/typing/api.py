"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import timedelta
from typing import Any, assert_type

from pepperpy.infra.connection import (
    ConnectionPool,
    ConnectionPoolConfig,
    ConnectionStats,
    HTTPClientPool,
    Leak,
    PooledResourceContext,
    PoolStatus,
    PoolTimeoutError,
    PostgresPool,
    SQLitePool,
    ThreadConnectionPool,
    close_pools,
    get_connection,
    get_pool,
    initialize_pools,
    pooled_resource,
    register_pool,
    release_connection,
    reopen_pools,
    unregister_pool,
)
from pepperpy.infra.utils import FakeClock


class Line:
    async def ask(self, question: str) -> str:
        return question


class LinePool(ConnectionPool[Line, ConnectionPoolConfig]):
    async def _create_connection(self) -> Line:
        return Line()

    async def _close_connection(self, connection: Line) -> None: ...

    async def _validate_connection(self, connection: Line) -> bool:
        return True

    def _get_default_config(self) -> ConnectionPoolConfig:
        return ConnectionPoolConfig(min_size=5, max_size=20, idle_timeout=timedelta(minutes=1))


class ThreadLinePool(ThreadConnectionPool[Line, ConnectionPoolConfig]):
    def _create_connection(self) -> Line:
        return Line()

    def _close_connection(self, connection: Line) -> None: ...


@pooled_resource("lines")
async def ask(connection: Line, question: str, *, loud: bool = False) -> str:
    return await connection.ask(question)


@pooled_resource("lines")
async def answers(connection: Line, count: int) -> AsyncGenerator[str, None]:
    for _ in range(count):
        yield await connection.ask("?")


@pooled_resource("books")
def count(connection: sqlite3.Connection, table: str) -> int:
    return len(table)


class Shop:
    @pooled_resource("lines")
    async def ask(self, connection: Line, question: str, *, loud: bool = False) -> str:
        return await connection.ask(question)

    @pooled_resource("lines")
    async def answers(self, connection: Line, count: int) -> AsyncGenerator[str, None]:
        for _ in range(count):
            yield await connection.ask("?")

    @pooled_resource("books")
    def count(self, connection: sqlite3.Connection, table: str) -> int:
        return len(table)

    @classmethod
    @pooled_resource("lines")
    async def first(cls, connection: Line, question: str) -> str:
        return await connection.ask(question)

    @pooled_resource("lines")
    @classmethod
    async def second(cls, connection: Line, question: str) -> str:
        return await connection.ask(question)


async def methods(shop: Shop) -> None:
    assert_type(await shop.ask("hello", loud=True), str)
    async for answer in shop.answers(3):
        assert_type(answer, str)
    assert_type(shop.count("t"), int)
    assert_type(await Shop.first("hello"), str)
    assert_type(await shop.first("hello"), str)
    assert_type(await Shop.second("hello"), str)
    question: Callable[[str], Coroutine[Any, Any, str]] = shop.ask
    question = ask
    await question("hello")
    await ask(3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await shop.ask("hello", 3)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]


async def tasks() -> None:
    pool = LinePool("lines", clock=FakeClock())
    register_pool(pool)
    await initialize_pools()
    assert_type(await pool.acquire(timeout=1.0), Line)
    async with pool.connection() as line:
        assert_type(line, Line)
        pool.release(line)
        await pool.release(line)
    async with pooled_resource("lines") as anything:
        assert_type(anything, Any)
    assert_type(pooled_resource("lines"), PooledResourceContext[Any])
    assert_type(await ask("hello", loud=True), str)
    async for answer in answers(3):
        assert_type(answer, str)
    connection = await get_connection("lines")
    release_connection("lines", connection)
    reopen_pools()
    assert_type(pool.stats(), ConnectionStats)
    assert_type(pool.leaks(), list[Leak])
    assert_type(pool.status, PoolStatus)
    assert_type(pool.config, ConnectionPoolConfig)
    pool.resize(min_size=1, max_size=3)
    pool.drain()
    pool.reopen()
    try:
        await pool.acquire()
    except PoolTimeoutError as error:
        assert_type(error.waiting, int)
    await close_pools()
    unregister_pool("lines")
    get_pool("lines").resize(max_size=3)


def threads() -> None:
    with ThreadLinePool("threads") as pool, pool.connection() as line:
        assert_type(line, Line)
    books = SQLitePool("books", "books.db", timeout=5.0)
    with books.connection() as connection:
        assert_type(connection, sqlite3.Connection)
    assert_type(count("t"), int)


async def ready_made() -> None:
    async with PostgresPool("db", "postgresql://localhost/shop", ssl=True) as db:
        await db.acquire()
    api = HTTPClientPool("api", base_url="https://api.example")
    async with api.connection() as client:
        await client.get("/")
