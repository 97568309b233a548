"""The servers and the network that the other tests rely on do what they say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

import pytest
import redis as redis_py

from servers import MissingServerError, Postgres, Proxy, Redis, RedisCluster, S3Server, Server

HELLOS = {
    "own_redis": b"PING\r\n",
    "own_postgres": b"\0\0\0\x08\x04\xd2\x16\x2f",  # does it speak TLS?
    "own_s3": b"GET / HTTP/1.0\r\n\r\n",
}


def client(url: str) -> redis_py.Redis:
    return redis_py.Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2, retry=None)


def reached(server: Server) -> bool:
    try:
        with socket.create_connection((server.host, server.port), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def proxy(redis: Redis) -> Iterator[Proxy]:
    with Proxy(redis) as proxy:
        yield proxy


@pytest.mark.parametrize("kind", HELLOS)
def test_a_server_dies_and_comes_back_on_its_port(
    kind: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    port = server.port

    server.kill()
    assert not reached(server)

    server.start()
    assert (server.port, reached(server)) == (port, True)


@pytest.mark.parametrize("kind", HELLOS)
def test_a_frozen_server_takes_connections_and_answers_when_it_is_thawed(
    kind: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)

    server.freeze()
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(HELLOS[kind])
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(100)

        server.thaw()
        connection.settimeout(5)
        assert connection.recv(100)


def test_redis_remembers_over_a_kill_unless_it_is_to_be_empty(own_redis: Redis) -> None:
    client(own_redis.url).set("name", "value")

    own_redis.restart()
    assert client(own_redis.url).get("name") == b"value"

    own_redis.restart(empty=True)
    assert client(own_redis.url).get("name") is None


def test_postgres_remembers_over_a_kill_unless_it_is_to_be_empty(own_postgres: Postgres) -> None:
    own_postgres._execute(["CREATE TABLE kept (n int)"])

    own_postgres.restart()
    own_postgres._execute(["SELECT n FROM kept"])

    own_postgres.restart(empty=True)
    own_postgres._execute(["CREATE TABLE kept (n int)"])


def test_nothing_is_left_of_what_an_earlier_test_made(
    redis: Redis, postgres: Postgres, s3: S3Server
) -> None:
    client(redis.url).set("name", "value")
    postgres._execute(["CREATE TABLE made (n int)"])
    before = s3.bucket

    for server in (redis, postgres, s3):
        server.clean()

    assert client(redis.url).dbsize() == 0
    postgres._execute(["CREATE TABLE made (n int)"])
    assert s3.bucket != before
    assert "Contents" not in s3.client().list_objects_v2(Bucket=s3.bucket)


def test_a_cluster_refuses_keys_of_two_slots_at_once(redis_cluster: RedisCluster) -> None:
    with client(redis_cluster.url) as connected:
        connected.mset({"{one}a": 1, "{one}b": 2})
        with pytest.raises(redis_py.ResponseError, match="same slot"):
            connected.mset({"a": 1, "b": 2})


def test_a_cluster_starts_where_ten_thousand_above_its_port_is_taken() -> None:
    with RedisCluster() as cluster:
        cluster.kill()
        with socket.create_server((cluster.host, cluster.port + 10_000)):
            assert reached(cluster.start())


def test_each_kind_of_redis_answers(redis_or_valkey: Redis) -> None:
    with client(redis_or_valkey.url) as connected:
        names = {"server_name": "redis", **connected.info("server")}

    assert names["server_name"] == redis_or_valkey.name.lower()


def test_a_server_of_the_environment_is_used_and_not_ended(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(Redis.variable, redis.url)

    with Redis.found() as found:
        assert found.url == redis.url
        with pytest.raises(RuntimeError, match="not ours"):
            found.kill()

    assert reached(redis)


def test_a_missing_server_is_an_error_that_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(Redis.variable, raising=False)

    with pytest.raises(MissingServerError, match=r"apt-get install .*redis-server.*compose"):
        Redis.found()


def test_latency_is_added_each_way(proxy: Proxy) -> None:
    with client(proxy.url) as connected:
        connected.ping()
        proxy.latency = 0.05
        start = monotonic()
        connected.ping()
        assert monotonic() - start >= 0.1


def test_bandwidth_is_cut(proxy: Proxy) -> None:
    with client(proxy.url) as connected:
        connected.set("name", b"x" * 5_000)
        proxy.bandwidth = 50_000
        start = monotonic()
        connected.get("name")
        assert monotonic() - start >= 0.1


def test_a_reply_is_cut_off_where_it_should_be(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100) == b"+PONG\r\n"
        proxy.reset_after(3)
        connection.sendall(b"PING\r\n")
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: connection.recv(100), b""))

    assert proxy.resets == 1
    assert client(proxy.url).ping()


def test_all_connections_are_cut(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100) == b"+PONG\r\n"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_a_mute_network_takes_connections_and_answers_later(proxy: Proxy) -> None:
    proxy.mute()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(100)

        proxy.heal()
        connection.settimeout(5)
        assert connection.recv(100) == b"+PONG\r\n"


def test_a_black_hole_lets_nobody_connect(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        proxy.blackhole()
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=0.2)
        connection.sendall(b"PING\r\n")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(100)

        proxy.heal()
        connection.settimeout(5)
        assert connection.recv(100) == b"+PONG\r\n"
    assert client(proxy.url).ping()


def test_a_dead_server_behind_a_proxy_is_a_reset(own_redis: Redis) -> None:
    with Proxy(own_redis) as proxy, client(proxy.url) as connected:
        connected.ping()
        own_redis.kill()
        with pytest.raises(redis_py.ConnectionError):
            connected.ping()

        own_redis.start()
        assert connected.ping()


def test_a_url_keeps_its_credentials_through_a_proxy(redis: Redis) -> None:
    named = Postgres("postgresql://me:secret@127.0.0.1:5433/shop")

    assert urlsplit(named.url_at("127.0.0.1", 7)).netloc == "me:secret@127.0.0.1:7"
