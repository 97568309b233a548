"""Storage in real Redis and Valkey: the contract, and what happens when the server or the network fails."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest

from drills import Seen, Writers, cancelled_by_hundreds, gone
from pepperpy.infra.storage import (
    InvalidOptionError,
    KeyNotFoundError,
    ReadOnlyError,
    RedisStorageProvider,
    StorageConnectionError,
    StorageFullError,
    StorageTimeoutError,
    WatchLostError,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import FakeClock, deadline
from servers import Proxy, Redis, RedisCluster

# Brings all ends nearer, as if so much time had gone by at the server.
ELAPSE = """
for _, key in ipairs(redis.call('ZRANGE', '{store}:ends', 0, -1)) do
  local place = '{store}:v:' .. key
  local record = redis.call('GET', place)
  local version, finish, data = string.match(record or '', '^(%d+) (%d+)\\n(.*)$')
  if version then
    finish = string.format('%.0f', finish - ARGV[1] * 1000)
    redis.call('SET', place, version .. ' ' .. finish .. '\\n' .. data, 'PXAT', finish - 1)
    redis.call('ZADD', '{store}:ends', finish, key)
  end
end
"""


class Contract(StorageProviderContract):
    server: Redis

    def make_provider(self) -> RedisStorageProvider:
        return RedisStorageProvider("store", self.server.url)

    def begin(self) -> None:
        self.clock = FakeClock(wall=time.time())

    async def elapse(self, seconds: float) -> None:
        with self.server.client() as client:
            client.eval(ELAPSE, 0, str(seconds))


class TestRedis(Contract):
    @pytest.fixture(autouse=True)
    def _server(self, redis: Redis) -> None:
        self.server = redis


class TestValkey(Contract):
    @pytest.fixture(autouse=True)
    def _server(self, valkey: Redis) -> None:
        self.server = valkey


class TestCluster(Contract):
    """One slot for one store: nothing touches two."""

    @pytest.fixture(autouse=True)
    def _server(self, redis_cluster: RedisCluster) -> None:
        self.server = redis_cluster


def provider(url: str, **options: Any) -> RedisStorageProvider:
    return RedisStorageProvider("store", url, **options)


@pytest.mark.asyncio
class TestTime:
    async def test_a_value_ends_by_the_servers_clock(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            await store.set("a", 1, ttl=0.05)
            ends = (await store.get_entry("a")).expires_at
            assert ends is not None
            with redis.client() as client:
                seconds, micros = client.time()

            assert 0 < ends.timestamp() - (seconds + micros / 1e6) <= 0.05
            await gone(store, "a")
            with pytest.raises(KeyNotFoundError):
                await store.get("a")

    async def test_versions_go_on_where_the_server_forgot_everything(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            before = await store.set("a", 1)
            redis.clean()

            assert await store.set("a", 2) > before

    async def test_versions_go_on_though_the_clock_was_set_back(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            await store.set("a", 1)
            future = (int(time.time()) + 3600) * 1_000_000
            with redis.client() as client:
                client.set("{store}:version", future)

            assert [await store.set("a", 1), await store.set("b", 1)] == [future + 1, future + 2]


@pytest.mark.asyncio
class TestBatches:
    async def test_calls_that_come_together_go_together(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            await store.set_many({f"k{n}": n for n in range(100)})
            with redis.client() as client:
                before = client.info("stats")["total_reads_processed"]

                assert await asyncio.gather(*(store.get(f"k{n}") for n in range(100))) == [
                    *range(100)
                ]

                reads = client.info("stats")["total_reads_processed"] - before
            assert reads < 10

    async def test_scripts_that_the_server_forgot_are_sent_again(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            await store.set("a", 1)
            with redis.client() as client:
                client.script_flush()

            versions = await asyncio.gather(*(store.set(f"k{n}", n) for n in range(50)))
            assert len(set(versions)) == 50

    async def test_expired_keys_leave_nothing_behind(self, redis: Redis) -> None:
        async with provider(redis.url) as store:
            await store.set_many({f"k{n}": n for n in range(300)}, ttl=0.01)
            await store.set("kept", 1)
            await gone(store, "k299")
            for _ in range(200):
                await store.set("other", 1, ttl=60)

            with redis.client() as client:
                assert client.zrange("{store}:keys", 0, -1) == [b"kept", b"other"]
                assert client.zrange("{store}:ends", 0, -1) == [b"other"]


@pytest.mark.asyncio
class TestConnecting:
    async def test_nobody_there_is_an_error_that_names_the_place_and_no_password(self) -> None:
        store = provider("redis://me:hunter2@127.0.0.1:1/0")

        with pytest.raises(StorageConnectionError, match=r"127\.0\.0\.1:1") as caught:
            await store.connect()

        shown = f"{caught.value!r} {caught.value.__cause__!r} {store!r} {store.inspect()}"
        assert "hunter2" not in shown
        assert not await store.is_connected()

    async def test_a_wrong_password_is_a_connection_error(self, own_redis: Redis) -> None:
        with own_redis.client() as client:
            client.config_set("requirepass", "secret-1")
        store = provider(f"redis://:secret-2@{own_redis.host}:{own_redis.port}/0")

        with pytest.raises(StorageConnectionError) as caught:
            await store.connect()
        assert "secret-" not in repr(caught.value)

        right = f"redis://:secret-1@{own_redis.host}:{own_redis.port}/0"
        async with provider(right) as store:
            await store.set("a", 1)

    @pytest.mark.parametrize(
        "url",
        [
            "redis://me:hunter2/3@host:6379/0",
            "redis://me:12/hunter2@host:6379/0",
            "http://host",
            "redis://me:hunter2@host:port",
            1,
            None,
            "",
        ],
    )
    async def test_what_is_no_url_is_refused_without_showing_it(self, url: Any) -> None:
        with pytest.raises(InvalidOptionError, match="redis://") as caught:
            provider(url)

        assert "hunter2" not in repr(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    async def test_a_server_that_throws_values_away_is_refused(self, own_redis: Redis) -> None:
        with own_redis.client() as client:
            client.config_set("maxmemory", "100mb")
            client.config_set("maxmemory-policy", "allkeys-lru")

        with pytest.raises(StorageConnectionError, match="allkeys-lru"):
            await provider(own_redis.url).connect()
        async with provider(own_redis.url, may_evict=True) as store:
            assert (await store.info())["eviction"] == "allkeys-lru"

    async def test_a_cluster_that_does_not_serve_the_slot_is_a_connection_error(
        self, redis_cluster: RedisCluster
    ) -> None:
        async with provider(redis_cluster.url) as store:
            with redis_cluster.client() as client:
                slot = client.execute_command("CLUSTER KEYSLOT", "{store}:keys")
                client.execute_command("CLUSTER DELSLOTS", slot)
                try:
                    with pytest.raises(StorageConnectionError, match="cluster"):
                        await store.set("a", 1)
                finally:
                    client.execute_command("CLUSTER ADDSLOTS", slot)

    async def test_another_node_of_a_cluster_names_the_one_that_has_the_store(self) -> None:
        with RedisCluster() as one, RedisCluster() as other:
            with other.client() as client:
                client.execute_command("CLUSTER RESET HARD")
                client.execute_command("CLUSTER MEET", one.host, one.port, one.bus)
                while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # the nodes tell each other
            async with provider(other.url) as store:
                with pytest.raises(StorageConnectionError, match=f"that one's URL.*{one.port}"):
                    await store.set("a", 1)

    async def test_a_server_that_is_a_replica_takes_no_writes(self, own_redis: Redis) -> None:
        async with provider(own_redis.url) as store:
            await store.set("a", 1)
            with own_redis.client() as client:
                client.execute_command("REPLICAOF", "127.0.0.1", "1")

            with pytest.raises(ReadOnlyError):
                await store.set("a", 2)
            assert await store.get("a") == 1

    async def test_connections_end_with_their_loop(self, redis: Redis) -> None:
        store = provider(redis.url)

        async def use() -> None:
            await store.connect()
            async with store.watch() as watch:
                await store.set("a", 1)
                await anext(watch)

        def clients() -> int:
            with redis.client() as client:
                return len(client.client_list()) - 1

        for _ in range(3):
            await asyncio.to_thread(asyncio.run, use())
        async with asyncio.timeout(5):
            while await asyncio.to_thread(clients):  # noqa: ASYNC110 - the server's work
                await asyncio.sleep(0.01)
        await store.disconnect()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
    async def test_a_forked_child_has_connections_of_its_own(self, redis: Redis) -> None:
        store = provider(redis.url)
        with store.sync as sync:
            sync.set("n", 0)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for _ in range(100):
                        sync.increment("n")
                    code = 0
                finally:
                    os._exit(code)
            for _ in range(100):
                await asyncio.to_thread(sync.increment, "n")
            _, status = await asyncio.to_thread(os.waitpid, child, 0)

            assert status == 0
            assert sync.get("n") == 200


@pytest.mark.asyncio
class TestWatching:
    async def test_what_other_programs_do_is_told(self, redis_or_valkey: Redis) -> None:
        async with provider(redis_or_valkey.url) as here, provider(redis_or_valkey.url) as there:
            async with here.watch("user:") as watch:
                version = await there.set("user:1", 1)
                await there.delete("user:1")
                await there.set("job:1", 1)
                await there.set("user:2", 1)

                first, second = await anext(watch), await anext(watch)

            assert (first.key, first.kind, first.version) in {
                ("user:1", "set", version),
                ("user:1", "delete", 0),
            }
            assert second.key in {"user:1", "user:2"}

    async def test_a_lost_connection_ends_a_watch_with_an_error(self, own_redis: Redis) -> None:
        async with provider(own_redis.url, timeout=2) as store:
            async with store.watch() as watch:
                await store.set("a", 1)
                await asyncio.to_thread(own_redis.kill)

                assert (await anext(watch)).key == "a"
                with pytest.raises(WatchLostError, match="watch again"):
                    async with asyncio.timeout(10):
                        await anext(watch)

            await asyncio.to_thread(own_redis.start)
            async with store.watch() as watch:
                await store.set("a", 2)
                assert (await anext(watch)).key == "a"

    async def test_a_silent_connection_ends_a_watch_with_an_error(self, redis: Redis) -> None:
        with Proxy(redis) as proxy:
            async with provider(proxy.url, timeout=0.3) as store, store.watch() as watch:
                await asyncio.to_thread(proxy.mute)

                with pytest.raises(WatchLostError):
                    async with asyncio.timeout(10):
                        await anext(watch)
                await asyncio.to_thread(proxy.heal)

    async def test_a_watch_where_nobody_is_ends_with_an_error(self, own_redis: Redis) -> None:
        async with provider(own_redis.url) as store:
            await asyncio.to_thread(own_redis.kill)

            with pytest.raises(WatchLostError):
                async with store.watch() as watch:
                    await anext(watch)


@pytest.mark.asyncio
class TestDrills:
    async def test_a_server_killed_under_load(self, own_redis: Redis) -> None:
        async with provider(own_redis.url) as store:
            async with Writers(store) as writers:
                await writers.more()
                await asyncio.to_thread(own_redis.kill)
                await writers.until(lambda: writers.seen.errors.total() > 20)
                await asyncio.to_thread(own_redis.start)
                await writers.more()

            await writers.assert_nothing_lost()  # it writes each command down before it answers
            row = writers.seen.table("Redis killed under load, started again")
            assert row["errors"].keys() == {"StorageConnectionError"}
            assert row["slowest_ms"] < 1000

    async def test_a_server_restarted_empty(self, own_redis: Redis) -> None:
        async with provider(own_redis.url) as store:
            stale = await store.set("a", 1)
            async with Writers(store) as writers:
                await writers.more()
                await asyncio.to_thread(own_redis.restart, empty=True)
                await writers.more()

            assert await store.get("a", default=None) is None
            assert await store.set("a", 2) > stale
            found = await store.get_many(writers.acknowledged)
            assert found == writers.acknowledged | found
            row = writers.seen.table("Redis started again without its data")
            assert row["errors"].keys() <= {"StorageConnectionError"}

    async def test_a_server_frozen_for_seconds(self, own_redis: Redis) -> None:
        limits = {"timeout": 0.4, "connect_timeout": 0.4}
        async with provider(own_redis.url, **limits) as store:
            async with Writers(store) as writers:
                await writers.more()
                own_redis.freeze()
                await asyncio.sleep(2)
                own_redis.thaw()
                await writers.more()

            await writers.assert_nothing_lost()
            row = writers.seen.table("Redis frozen for 2 s, timeouts of 0.4 s")
            assert row["errors"].keys() == {"StorageTimeoutError", "StorageConnectionError"}
            assert row["slowest_ms"] < 1500

    async def test_a_deadline_ends_the_waiting_of_its_caller_alone(self, own_redis: Redis) -> None:
        async with provider(own_redis.url, timeout=5) as store:
            await store.set("a", 1)
            own_redis.freeze()
            patient = asyncio.create_task(store.get("a"))
            await asyncio.sleep(0.05)
            begun = time.perf_counter()
            with deadline(0.2), pytest.raises(StorageTimeoutError, match=r"0\.2 s|0\.19"):
                await store.get("a")
            waited = time.perf_counter() - begun
            own_redis.thaw()

            assert await patient == 1
            assert waited < 1

    async def test_a_slow_network(self, redis: Redis) -> None:
        with Proxy(redis) as proxy:
            proxy.latency = 0.02
            async with provider(proxy.url) as store:
                seen = Seen()
                begun = time.perf_counter()
                await asyncio.gather(*(seen.call(store.set(f"k{n}", n)) for n in range(500)))
                took = time.perf_counter() - begun
                row = seen.table("Redis behind 20 ms each way, 500 writes at once")

            assert row["errors"] == {}
            assert took < 500 * 0.04 / 10  # they went together

    @pytest.mark.parametrize("size", [0, 3, 40, 700, 1500])
    async def test_a_reset_in_the_midst_of_replies(self, redis: Redis, size: int) -> None:
        with Proxy(redis) as proxy:
            async with provider(proxy.url) as store:
                await store.set_many({f"k{n}": f"value {n}" for n in range(64)})
                seen = Seen()
                proxy.reset_after(size)

                answers = await asyncio.gather(*(seen.call(store.get(f"k{n}")) for n in range(64)))

                for number, answer in enumerate(answers):
                    assert answer == f"value {number}" or isinstance(answer, StorageConnectionError)
                assert proxy.resets == 1
                assert await store.get("k1") == "value 1"
                seen.table(f"reset after {size} bytes of replies")

    async def test_cancelled_calls_get_no_reply_of_others(self, redis_or_valkey: Redis) -> None:
        async with provider(redis_or_valkey.url) as store:
            ends = await cancelled_by_hundreds(store)

        assert ends["cancelled"] > 100
        assert ends["answered"] > 100

    async def test_full_memory(self, own_redis: Redis) -> None:
        async with provider(own_redis.url) as store:
            await store.set("kept", "old")
            with own_redis.client() as client:
                client.config_set("maxmemory", client.info("memory")["used_memory"] + 2_000_000)
            seen = Seen()
            for number in range(100):
                await seen.call(store.set(f"k{number}", "x" * 100_000))
            row = seen.table("Redis, memory full")

            assert row["errors"].keys() == {"StorageFullError"}
            with pytest.raises(StorageFullError, match="maxmemory"):
                await store.set("kept", "y" * 100_000)
            assert await store.get("kept") == "old"
            assert await store.delete_many([f"k{n}" for n in range(100)]) == row["answered"]
            await store.set("kept", "new")
