"""The pools that are there: SQLite and httpx.  PostgreSQL is in the integration tests."""

from __future__ import annotations

import sqlite3
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from pepperpy.infra.connection import (
    ConnectionPoolConfig,
    HTTPClientPool,
    PoolConfigError,
    PostgresPool,
    SQLitePool,
)
from pepperpy.infra.utils import MissingExtraError


class TestSQLite:
    def test_threads_share_a_file(self, tmp_path):
        config = ConnectionPoolConfig(max_size=4, acquire_timeout=20)
        with SQLitePool("books", tmp_path / "books.db", config, timeout=20) as pool:
            with pool.connection() as connection:
                connection.execute("CREATE TABLE t (n INTEGER)")

            def insert(number):
                with pool.connection() as connection, connection:
                    connection.execute("INSERT INTO t VALUES (?)", (number,))
                return threading.get_ident()

            with ThreadPoolExecutor(8) as executor:
                list(executor.map(insert, range(40)))
            with pool.connection() as connection:
                assert connection.execute("SELECT count(*), sum(n) FROM t").fetchone() == (40, 780)
            assert pool.size <= 4

    def test_a_transaction_that_was_left_open_is_rolled_back(self, tmp_path):
        config = ConnectionPoolConfig(max_size=1)
        with SQLitePool("books", tmp_path / "books.db", config) as pool:
            with pool.connection() as connection:
                connection.execute("CREATE TABLE t (n INTEGER)")
            with pool.connection() as connection:
                connection.execute("INSERT INTO t VALUES (1)")
            with pool.connection() as connection:
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)

    @pytest.mark.parametrize("options", [{}, {"isolation_level": None}, {"autocommit": True}])
    def test_nested_transactions_are_rolled_back_whoever_begins_them(self, tmp_path, options):
        if sys.version_info < (3, 12):
            options.pop("autocommit", None)  # from Python 3.12 on
        config = ConnectionPoolConfig(max_size=1)
        with SQLitePool("books", tmp_path / "books.db", config, **options) as pool:
            with pool.connection() as connection:
                connection.execute("CREATE TABLE t (n INTEGER)")
            with pool.connection() as connection:
                connection.execute("BEGIN")
                connection.execute("SAVEPOINT inner_one")
                connection.execute("INSERT INTO t VALUES (1)")
            with pool.connection() as connection:
                assert not connection.in_transaction
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)

    def test_the_factories_of_a_borrower_are_not_those_of_the_next(self):
        with SQLitePool("books", ":memory:", ConnectionPoolConfig(max_size=1)) as pool:
            with pool.connection() as first:
                first.row_factory = sqlite3.Row
                first.text_factory = bytes
            with pool.connection() as again:
                assert again is first
                assert again.execute("SELECT 'a'").fetchone() == ("a",)

    def test_a_file_that_was_removed_is_opened_anew_after_an_error(self, tmp_path):
        database = tmp_path / "books.db"
        with SQLitePool("books", database, ConnectionPoolConfig(max_size=1)) as pool:
            with pool.connection() as connection, connection:
                connection.execute("CREATE TABLE t (n INTEGER)")
            database.unlink()
            with pytest.raises(sqlite3.OperationalError), pool.connection() as connection:
                connection.execute("INSERT INTO t VALUES (1)")

            with pool.connection() as connection, connection:
                connection.execute("CREATE TABLE t (n INTEGER)")

        assert database.exists()

    def test_one_that_the_borrower_closed_is_replaced(self):
        config = ConnectionPoolConfig(max_size=1, validate_interval=0)
        with SQLitePool("books", ":memory:", config) as pool:
            with pool.connection() as connection:
                connection.close()
            with pool.connection() as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)

    def test_the_real_error_reaches_the_caller(self, tmp_path):
        pool = SQLitePool("books", tmp_path / "no folder" / "books.db")

        with pytest.raises(Exception, match="unable to open database file"):
            pool.acquire()
        pool.close()


@pytest.mark.asyncio
class TestHTTP:
    async def test_each_task_has_a_client_without_the_cookies_of_the_one_before(self):
        import httpx

        seen = []

        def answer(request):
            seen.append((request.url.path, request.headers.get("cookie")))
            return httpx.Response(200, headers={"set-cookie": "session=1"})

        transport = httpx.MockTransport(answer)
        config = ConnectionPoolConfig(max_size=1)
        pool = HTTPClientPool("api", config, base_url="http://api", transport=transport)
        for path in ("/a", "/b"):
            async with pool.connection() as client:
                assert (await client.get(path)).status_code == 200

        assert seen == [("/a", None), ("/b", None)]
        await pool.close()

    async def test_a_closed_client_is_replaced(self):
        pool = HTTPClientPool("api", ConnectionPoolConfig(max_size=1, validate_interval=0))
        async with pool.connection() as first:
            await first.aclose()

        async with pool.connection() as second:
            assert not second.is_closed
        await pool.close()

    @pytest.mark.parametrize("option", ["base_url", "proxy"])
    async def test_an_address_that_cannot_be_read_shows_no_password(self, option):
        pool = HTTPClientPool("api", **{option: "http://me:hunter/2@host"})

        with pytest.raises(PoolConfigError, match="'api' cannot be read") as caught:
            await pool.acquire()

        assert "hunter" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__context__ is None
        await pool.close()

    @pytest.mark.parametrize(
        ("pool", "module", "extra"),
        [
            (HTTPClientPool("api"), "httpx", "http"),
            (PostgresPool("db", "postgresql://me:hunter2@nowhere"), "asyncpg", "postgres"),
        ],
    )
    async def test_a_missing_extra_is_named(self, monkeypatch, pool, module, extra):
        monkeypatch.setitem(sys.modules, module, None)

        with pytest.raises(MissingExtraError, match=rf"pepperpy-infra-connection\[{extra}\]"):
            await pool.acquire()
        await pool.close()
        assert "hunter2" not in repr(pool) + repr(pool.inspect())
