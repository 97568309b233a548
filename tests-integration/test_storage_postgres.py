"""Storage in a real PostgreSQL: the contract, and what happens when the server or the network fails."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from drills import Seen, Writers, cancelled_by_hundreds, gone
from pepperpy.infra.storage import (
    Change,
    ConflictError,
    CorruptStoreError,
    InvalidOptionError,
    KeyNotFoundError,
    PostgresStorageProvider,
    Put,
    ReadOnlyError,
    StorageConnectionError,
    StorageTimeoutError,
    VersionMismatchError,
    WatchLostError,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import FakeClock, deadline
from servers import Postgres, Proxy


async def execute(server: Postgres, *statements: str) -> Any:
    """The last one's rows, from a connection of the test's own."""
    connection = await asyncpg.connect(server.url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetch(statements[-1])
    finally:
        await connection.close()


class TestPostgres(StorageProviderContract):
    server: Postgres

    @pytest.fixture(autouse=True)
    def _server(self, postgres: Postgres) -> None:
        self.server = postgres

    def make_provider(self) -> PostgresStorageProvider:
        return PostgresStorageProvider("store", self.server.url)

    def begin(self) -> None:
        self.clock = FakeClock(wall=time.time())

    async def elapse(self, seconds: float) -> None:
        """Bring all ends nearer, as if so much time had gone by at the server."""
        nearer = f"UPDATE pepperpy_store SET expires = expires - interval '{seconds} s'"  # noqa: S608
        await execute(self.server, nearer, "SELECT 1")


async def nobody_is_connected(server: Postgres) -> None:
    """Return when the server has no client but the one that asks."""
    others = (
        "SELECT FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(5):
        while await execute(server, others):  # noqa: ASYNC110 - the server's work
            await asyncio.sleep(0.01)


def provider(url: str, **options: Any) -> PostgresStorageProvider:
    return PostgresStorageProvider("store", url, **options)


@pytest.mark.asyncio
class TestTime:
    async def test_a_value_ends_by_the_servers_clock(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as store:
            await store.set("a", 1, ttl=0.05)
            ends = (await store.get_entry("a")).expires_at
            assert ends is not None
            rows = await execute(postgres, "SELECT extract(epoch FROM clock_timestamp())")

            assert 0 < ends.timestamp() - float(rows[0][0]) + 0.05 <= 0.1
            await gone(store, "a")
            with pytest.raises(KeyNotFoundError):
                await store.get("a")

    async def test_expired_rows_are_removed_by_later_writes(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as store:
            await store.set_many({f"k{n}": n for n in range(300)}, ttl=0.01)
            await gone(store, "k299")
            await store.set("other", 1, ttl=60)

            rows = await execute(postgres, "SELECT key FROM pepperpy_store")
            assert [row[0] for row in rows] == [b"other"]


@pytest.mark.asyncio
class TestTogether:
    async def test_of_writes_that_go_together_each_has_its_version_and_the_last_stays(
        self, postgres: Postgres
    ) -> None:
        async with provider(postgres.url) as store:
            versions = await asyncio.gather(*(store.set(f"k{n % 50}", n) for n in range(200)))
            found = await asyncio.gather(*(store.get_entry(f"k{n}") for n in range(50)))

        assert len(set(versions)) == 200
        assert [each.value for each in found] == [150 + n for n in range(50)]
        assert [each.version for each in found] == versions[150:]

    async def test_writers_of_the_same_keys_in_other_orders_do_not_stop_each_other(
        self, postgres: Postgres
    ) -> None:
        keys = [f"k{n}" for n in range(40)]
        async with provider(postgres.url) as one, provider(postgres.url) as other:

            async def work(store: PostgresStorageProvider, names: list[str]) -> None:
                for number in range(10):
                    await store.set_many(dict.fromkeys(names, number))
                    await asyncio.gather(*(store.set(name, number) for name in names))
                    await store.delete_many(names[:10])

            await asyncio.gather(*(
                work(store, names)
                for store in (one, other)
                for names in (keys, keys[::-1])
            ))  # fmt: skip

            assert await one.get_many(keys) == await other.get_many(keys)

    async def test_transactions_that_cross_do_not_wait_for_each_other_in_a_circle(
        self, postgres: Postgres
    ) -> None:
        async def move(store: PostgresStorageProvider, source: str, target: str) -> None:
            for number in range(30):
                with suppress(ConflictError):
                    async with store.transaction() as tx:
                        await tx.set(target, await tx.get(source))
                await store.apply({source: Put(number), target: Put(number), "gone": None})
                await store.apply({source: Put(number)}, expect={"gone": None})
                await store.set_many({target: 1, source: 1})

        ask = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        before = await execute(postgres, ask)
        async with provider(postgres.url, max_size=8) as store:
            await store.set_many({"a": 1, "b": 1})
            await asyncio.gather(*(move(store, *pair) for pair in ("ab", "ba") * 4))
        await nobody_is_connected(postgres)  # each tells what it counted when it goes

        assert await execute(postgres, ask) == before

    async def test_what_was_seen_as_absent_stays_so_until_the_commit(
        self, postgres: Postgres
    ) -> None:
        async with provider(postgres.url) as one, provider(postgres.url) as other:

            async def claim(store: PostgresStorageProvider, mine: str, theirs: str) -> bool:
                try:
                    await store.apply({mine: Put(1)}, expect={theirs: None})
                except VersionMismatchError:
                    return False
                return True

            for number in range(30):
                a, b = f"a{number}", f"b{number}"
                both = await asyncio.gather(claim(one, a, b), claim(other, b, a))
                assert sum(both) == 1


@pytest.mark.asyncio
class TestConnecting:
    async def test_nobody_there_is_an_error_that_names_the_place_and_no_password(self) -> None:
        store = provider("postgresql://me:hunter2@127.0.0.1:1/shop")

        with pytest.raises(StorageConnectionError, match=r"127\.0\.0\.1:1") as caught:
            await store.connect()

        shown = f"{caught.value!r} {caught.value.__cause__!r} {store!r} {store.inspect()}"
        assert "hunter2" not in shown
        assert not await store.is_connected()

    @pytest.mark.parametrize(
        "dsn",
        [
            "postgresql://me:hunter2/3@host:6379/shop",
            "postgresql://me:12/hunter2@host/shop",
            "postgresql://me:hunter2#@host/shop",
            "http://host",
            1,
            None,
            "",
        ],
    )
    async def test_what_is_no_dsn_is_refused_without_showing_it(self, dsn: Any) -> None:
        with pytest.raises(InvalidOptionError, match="postgresql://") as caught:
            provider(dsn)

        assert "hunter2" not in repr(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    async def test_a_table_of_others_is_left_as_it_is(self, postgres: Postgres) -> None:
        await execute(postgres, "CREATE TABLE pepperpy_store (key text)", "SELECT 1")

        with pytest.raises(CorruptStoreError, match="namespace="):
            await provider(postgres.url).connect()

        assert await execute(postgres, "SELECT * FROM pepperpy_store") == []

    @pytest.mark.parametrize("ending", ["watch", "version", "ends"])
    async def test_no_namespace_takes_the_names_of_another(
        self, postgres: Postgres, ending: str
    ) -> None:
        async with (
            provider(postgres.url, namespace=f"shop_{ending}") as one,
            provider(postgres.url, namespace="shop") as other,
        ):
            await one.set("a", 1, ttl=60)
            await other.set("a", 2, ttl=60)

            assert [await one.get("a"), await other.get("a")] == [1, 2]

    async def test_of_several_servers_one_that_answers_is_taken(self, postgres: Postgres) -> None:
        several = postgres.url.replace("@", "@127.0.0.1:1,")
        async with provider(several) as store:
            assert await store.set("a", 1)
            assert (await store.info())["server"].startswith("127.0.0.1:1, 127.0.0.1:")

    async def test_many_connect_at_once_to_an_empty_database(self, postgres: Postgres) -> None:
        stores = [provider(postgres.url) for _ in range(8)]
        await asyncio.gather(*(store.connect() for store in stores))

        await asyncio.gather(*(store.increment("n") for store in stores))

        assert await stores[0].get("n") == 8
        for store in stores:
            await store.disconnect()

    async def test_a_user_who_may_only_read_reads(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as store:
            await store.set("a", 1)
        await execute(
            postgres,
            "DROP ROLE IF EXISTS reader",
            "CREATE ROLE reader LOGIN",
            "GRANT USAGE ON SCHEMA public TO reader",
            "GRANT SELECT ON pepperpy_store TO reader",
            "SELECT 1",
        )
        url = postgres.url.replace("tester@", "reader@")

        async with provider(url) as store:
            assert await store.get("a") == 1
            with pytest.raises(ReadOnlyError):
                await store.set("a", 2)
        await execute(postgres, "DROP OWNED BY reader", "DROP ROLE reader", "SELECT 1")

    async def test_connections_end_with_their_loop(self, postgres: Postgres) -> None:
        store = provider(postgres.url)

        async def use() -> None:
            await store.connect()
            async with store.watch() as watch:
                await store.set("a", 1)
                await anext(watch)

        for _ in range(3):
            await asyncio.to_thread(asyncio.run, use())
        count = (
            "SELECT 1 FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        async with asyncio.timeout(5):
            while await execute(postgres, count):  # noqa: ASYNC110 - the server's work
                await asyncio.sleep(0.01)
        await store.disconnect()

    async def test_nothing_stays_open_when_it_is_disconnected_under_load(
        self, postgres: Postgres
    ) -> None:
        store = provider(postgres.url)
        await store.connect()
        calls = [asyncio.create_task(store.get(f"k{n}", None)) for n in range(1500)]
        await asyncio.sleep(0)
        await store.disconnect()

        for answer in await asyncio.gather(*calls, return_exceptions=True):
            assert answer is None or isinstance(answer, StorageConnectionError)
        await nobody_is_connected(postgres)

    @pytest.mark.parametrize("steps", range(5))
    async def test_nothing_stays_open_when_disconnecting_is_cancelled(
        self, postgres: Postgres, steps: int
    ) -> None:
        store = provider(postgres.url)
        await store.connect()
        watch = store.watch()
        await store.set("a", 1)
        ending = asyncio.create_task(store.disconnect())
        for _ in range(steps):
            await asyncio.sleep(0)
        ending.cancel()
        await asyncio.wait([ending])
        await store.disconnect()

        await nobody_is_connected(postgres)
        assert [change.key async for change in watch] in (["a"], [])

    async def test_a_conflict_costs_no_connection(self, postgres: Postgres) -> None:
        async with provider(postgres.url, max_size=1) as store:
            await store.set("a", 1)
            ask = (
                "SELECT pid FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            before = await execute(postgres, ask)
            with pytest.raises(VersionMismatchError):
                await store.apply({"a": Put(2)}, expect={"a": 1 << 40})

            assert await execute(postgres, ask) == before

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
    async def test_a_forked_child_has_connections_of_its_own(self, postgres: Postgres) -> None:
        store = provider(postgres.url)
        with store.sync as sync:
            sync.set("n", 0)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for _ in range(50):
                        sync.increment("n")
                    code = 0
                finally:
                    os._exit(code)
            for _ in range(50):
                await asyncio.to_thread(sync.increment, "n")
            _, status = await asyncio.to_thread(os.waitpid, child, 0)

            assert status == 0
            assert sync.get("n") == 100


@pytest.mark.asyncio
class TestWatching:
    async def test_what_other_programs_do_is_told(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as here, provider(postgres.url) as there:
            await there.set("before", 1)
            async with here.watch() as watch:
                versions = [await there.set("a", 1), await there.set("é\x00😀", 1)]

                told = [await anext(watch), await anext(watch)]

            assert [(each.key, each.version) for each in told] == [
                ("a", versions[0]),
                ("é\x00😀", versions[1]),
            ]

    async def test_nobody_is_notified_while_nobody_watches(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as store:
            heard: list[str] = []
            connection = await asyncpg.connect(postgres.url)
            await connection.add_listener("pepperpy_store", lambda *said: heard.append(said[-1]))
            await store.set("a", 1)
            await connection.execute("SELECT 1")
            assert heard == []

            async with store.watch():
                await store.set("a", 2)
            async with asyncio.timeout(5):
                while not heard:
                    await connection.execute("SELECT 1")
            await connection.close()

    async def test_no_write_slips_by_between_others_and_a_watch(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as here, provider(postgres.url) as there:
            held = await asyncpg.connect(postgres.url)
            await there.set("a", 1)
            transaction = held.transaction()
            await transaction.start()
            await held.execute("SELECT * FROM pepperpy_store FOR UPDATE")
            waiting = asyncio.create_task(there.set("a", 2))  # began before anybody watched
            query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not await execute(postgres, query):
                pass
            watch = here.watch()
            entering = asyncio.create_task(watch.__aenter__())
            while len(await execute(postgres, query)) < 2:
                pass
            assert not entering.done()
            await transaction.rollback()
            await entering

            assert await here.get("a") == 2
            await waiting
            watch.close()
            await held.close()

    @pytest.mark.filterwarnings("error")
    async def test_what_others_notify_is_passed_over(
        self, postgres: Postgres, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with provider(postgres.url) as store, store.watch() as watch:
            said = ("hello", "", "5", "5 zz", "-1 61", "x 61", "5 ff")
            await execute(
                postgres, *(f"SELECT pg_notify('pepperpy_store', '{each}')" for each in said)
            )
            version = await store.set("a", 1)

            async with asyncio.timeout(5):
                assert await anext(watch) == Change("a", "set", version)
        assert caplog.text == ""  # nor does the loop complain

    async def test_a_lost_connection_ends_a_watch_with_an_error(
        self, own_postgres: Postgres
    ) -> None:
        async with provider(own_postgres.url, timeout=2) as store:
            async with store.watch() as watch:
                await store.set("a", 1)
                assert (await anext(watch)).key == "a"
                await asyncio.to_thread(own_postgres.kill)

                with pytest.raises(WatchLostError, match="watch again"):
                    async with asyncio.timeout(10):
                        await anext(watch)

            await asyncio.to_thread(own_postgres.start)
            async with store.watch() as watch:
                await store.set("a", 2)
                assert (await anext(watch)).key == "a"

    async def test_a_silent_connection_ends_a_watch_with_an_error(self, postgres: Postgres) -> None:
        with Proxy(postgres) as proxy:
            async with provider(proxy.url, timeout=0.3) as store, store.watch() as watch:
                await asyncio.to_thread(proxy.mute)

                with pytest.raises(WatchLostError):
                    async with asyncio.timeout(10):
                        await anext(watch)
                await asyncio.to_thread(proxy.heal)


@pytest.mark.asyncio
class TestDrills:
    async def test_a_server_killed_under_load_loses_nothing(self, own_postgres: Postgres) -> None:
        async with provider(own_postgres.url) as store:
            async with Writers(store) as writers:
                for _ in range(2):
                    await writers.more()
                    errors = writers.seen.errors.total()
                    await asyncio.to_thread(own_postgres.kill)
                    await writers.until(lambda: writers.seen.errors.total() > errors + 20)  # noqa: B023
                    await asyncio.to_thread(own_postgres.start)
                await writers.more()

            await writers.assert_nothing_lost()
            row = writers.seen.table("PostgreSQL killed twice under load, started again")
            assert row["errors"].keys() == {"StorageConnectionError"}
            assert row["slowest_ms"] < 2000

    async def test_a_server_frozen_for_seconds(self, own_postgres: Postgres) -> None:
        limits: dict[str, Any] = {"timeout": 0.4, "connect_timeout": 0.4}
        async with provider(own_postgres.url, **limits) as store:
            async with Writers(store) as writers:
                await writers.more()
                own_postgres.freeze()
                await asyncio.sleep(2)
                own_postgres.thaw()
                await writers.more()

            await writers.assert_nothing_lost()
            row = writers.seen.table("PostgreSQL frozen for 2 s, timeouts of 0.4 s")
            assert row["errors"].keys() <= {"StorageTimeoutError", "StorageConnectionError"}
            assert row["errors"]
            assert row["slowest_ms"] < 2000

    async def test_a_deadline_ends_the_waiting_of_its_caller_alone(
        self, own_postgres: Postgres
    ) -> None:
        async with provider(own_postgres.url, timeout=5) as store:
            await store.set("a", 1)
            own_postgres.freeze()
            patient = asyncio.create_task(store.get("a"))
            await asyncio.sleep(0.05)
            begun = time.perf_counter()
            with deadline(0.2), pytest.raises(StorageTimeoutError, match=r"0\.2 s|0\.19"):
                await store.get("a")
            waited = time.perf_counter() - begun
            own_postgres.thaw()

            assert await patient == 1
            assert waited < 1

    async def test_a_slow_network(self, postgres: Postgres) -> None:
        with Proxy(postgres) as proxy:
            async with provider(proxy.url) as store:
                await store.set("warm", 1)
                proxy.latency = 0.02
                seen = Seen()
                begun = time.perf_counter()
                await asyncio.gather(*(seen.call(store.set(f"k{n}", n)) for n in range(500)))
                took = time.perf_counter() - begun
                row = seen.table("PostgreSQL behind 20 ms each way, 500 writes at once")

            assert row["errors"] == {}
            assert took < 500 * 0.04 / 10  # they went together

    @pytest.mark.parametrize("size", [0, 3, 40, 700, 3000])
    async def test_a_reset_in_the_midst_of_replies(self, postgres: Postgres, size: int) -> None:
        with Proxy(postgres) as proxy:
            async with provider(proxy.url) as store:
                await store.set_many({f"k{n}": f"value {n}" for n in range(64)})
                seen = Seen()
                proxy.reset_after(size)

                answers = await asyncio.gather(*(seen.call(store.get(f"k{n}")) for n in range(64)))

                for number, answer in enumerate(answers):
                    assert answer == f"value {number}" or isinstance(answer, StorageConnectionError)
                assert proxy.resets == 1
                assert await store.get("k1") == "value 1"
                seen.table(f"PostgreSQL, reset after {size} bytes of replies")

    async def test_cancelled_calls_get_no_reply_of_others(self, postgres: Postgres) -> None:
        async with provider(postgres.url) as store:
            ends = await cancelled_by_hundreds(store)
            clients = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
            assert len(await execute(postgres, clients)) <= 6

        assert ends["cancelled"] > 100
        assert ends["answered"] > 100
