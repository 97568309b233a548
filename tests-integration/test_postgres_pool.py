"""A pool of connections to a real PostgreSQL, which is killed and comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pepperpy.infra.connection import ConnectionPoolConfig, PoolConfigError, PostgresPool
from servers import Postgres

pytestmark = pytest.mark.asyncio


async def test_what_a_borrower_left_behind_is_reset(postgres: Postgres) -> None:
    async with PostgresPool("db", postgres.url, ConnectionPoolConfig(max_size=1)) as pool:
        async with pool.connection() as connection:
            await connection.execute("CREATE TABLE t (n int)")
            await connection.execute("SET statement_timeout = 5000")
            await connection.execute("BEGIN; INSERT INTO t VALUES (1)")

        async with pool.connection() as again:
            assert again is connection
            assert await again.fetchval("SHOW statement_timeout") == "0"
            assert await again.fetchval("SELECT count(*) FROM t") == 0


async def test_cancelled_queries_lose_no_connection(postgres: Postgres) -> None:
    config = ConnectionPoolConfig(max_size=3, acquire_timeout=20)
    async with PostgresPool("db", postgres.url, config) as pool:

        async def query(seconds: float) -> None:
            async with pool.connection() as connection:
                await connection.execute(f"SELECT pg_sleep({seconds})")

        tasks = [asyncio.create_task(query(index % 5 / 500)) for index in range(60)]
        await asyncio.sleep(0.02)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}

        held = [await pool.acquire() for _ in range(3)]
        assert [await each.fetchval("SELECT 1") for each in held] == [1, 1, 1]
        for each in held:
            pool.release(each)


async def test_a_server_that_was_killed_is_used_again_when_it_is_back(
    own_postgres: Postgres,
) -> None:
    config = ConnectionPoolConfig(min_size=2, max_size=4, validate_interval=0, retry_delay=0.05)
    async with PostgresPool("db", own_postgres.url, config) as pool:

        async def ask() -> Any:
            async with pool.connection() as connection:
                return await connection.fetchval("SELECT 1")

        assert await asyncio.gather(*(ask() for _ in range(20))) == [1] * 20
        await asyncio.to_thread(own_postgres.kill)

        down = await asyncio.gather(*(ask() for _ in range(20)), return_exceptions=True)
        assert all(isinstance(result, OSError) for result in down)

        await asyncio.to_thread(own_postgres.start)
        assert await asyncio.gather(*(ask() for _ in range(20))) == [1] * 20
        assert pool.size <= 4
        assert pool.in_use == 0


@pytest.mark.parametrize("password", ["hunter/2", "hunter#2", "hunter?2"])
async def test_a_dsn_that_cannot_be_read_shows_no_password(password: str) -> None:
    pool = PostgresPool("db", f"postgresql://me:{password}@127.0.0.1:1/shop")

    with pytest.raises(PoolConfigError, match="percent-encoding") as caught:
        await pool.acquire()

    assert "hunter" not in repr(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "hunter" not in repr(pool) + repr(pool.inspect()) + repr(pool.stats())
    await pool.close()
