"""Storage in what speaks as S3 does: the contract, servers that lie, and a network that fails."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from drills import Seen, cancelled_by_hundreds
from pepperpy.infra.storage import (
    Capability,
    KeyExistsError,
    ObjectStorageProvider,
    StorageConnectionError,
    StorageTimeoutError,
    UnsupportedError,
    VersionMismatchError,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from servers import Moto, Proxy, S3Server


def provider(server: S3Server, endpoint: str = "", **options: Any) -> ObjectStorageProvider:
    return ObjectStorageProvider(
        "store",
        f"s3://{server.bucket}/folder",
        endpoint=endpoint or server.url,
        region=server.region,
        access_key_id=server.access_key,
        secret_access_key=server.secret_key,
        **options,
    )


@pytest.mark.timeout(150)  # one request at a time, of some milliseconds each, and thousands of them
class TestContract(StorageProviderContract):
    server: S3Server

    @pytest.fixture(autouse=True)
    def _server(self, s3: S3Server) -> None:
        self.server = s3

    def make_provider(self) -> ObjectStorageProvider:
        return provider(self.server)


Rewrite = Callable[[dict[str, str]], int | None]
"""Changes the headers of a request, or answers it with a status of its own."""


@contextmanager
def between(server: S3Server, rewrite: Rewrite) -> Iterator[str]:
    """A server that does with some headers what it likes; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            headers.setdefault("content-type", "application/octet-stream")
            status = rewrite(headers)
            if status is not None:
                self.answer(status, {}, b"")
                return
            request = urllib.request.Request(  # noqa: S310 - of ours
                server.url + self.path, body or None, headers, method=self.command
            )
            try:
                with urllib.request.urlopen(request) as reply:  # noqa: S310
                    self.answer(reply.status, dict(reply.headers), reply.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, dict(error.headers), error.read())

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                if key.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(key, value)
            size = headers.get("Content-Length", "0") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the base's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


@pytest.fixture
def unsigned(running: Any) -> Moto:
    """One that lets headers be changed on the way: it looks at no signature."""
    server: Moto = running.emptied(Moto)
    return server


@pytest.mark.asyncio
class TestConditions:
    async def test_a_server_that_keeps_conditions_has_versions(self, s3: S3Server) -> None:
        async with provider(s3) as store:
            assert store.capabilities == Capability.VERSIONS

    @pytest.mark.parametrize("forgets", [{"if-match"}, {"if-none-match"}])
    async def test_a_server_that_takes_no_conditions_has_no_versions(
        self, unsigned: Moto, forgets: set[str]
    ) -> None:
        def rewrite(headers: dict[str, str]) -> None:
            for header in forgets:
                headers.pop(header, None)

        with between(unsigned, rewrite) as endpoint:
            async with provider(unsigned, endpoint) as store:
                assert store.capabilities == Capability(0)
                await store.set("a", 1)
                assert await store.get("a") == 1
                uses: list[Callable[[], Awaitable[Any]]] = [
                    lambda: store.set("a", 2, if_absent=True),
                    lambda: store.set("a", 2, if_version=1),
                    lambda: store.delete("a", if_version=1),
                    lambda: store.increment("n"),
                ]
                for refused in uses:
                    with pytest.raises(UnsupportedError, match="VERSIONS"):
                        await refused()

    async def test_a_server_that_takes_tags_without_quotation_marks_alone_has_versions(
        self, unsigned: Moto
    ) -> None:
        def rewrite(headers: dict[str, str]) -> int | None:
            tag = headers.get("if-match")
            if tag is None:
                return None
            headers["if-match"] = f'"{tag}"'
            return 412 if tag.startswith('"') else None

        with between(unsigned, rewrite) as endpoint:
            async with provider(unsigned, endpoint) as store:
                assert store.capabilities == Capability.VERSIONS
                version = await store.set("a", 1)
                await store.set("a", 2, if_version=version)
                with pytest.raises(VersionMismatchError):
                    await store.set("a", 3, if_version=version)
                assert await store.increment("n") == 1

    async def test_of_many_programs_one_creates(self, s3: S3Server) -> None:
        stores = [provider(s3) for _ in range(8)]
        await asyncio.gather(*(store.connect() for store in stores))

        tries = [store.set("a", n, if_absent=True) for n, store in enumerate(stores)]
        results = await asyncio.gather(*tries, return_exceptions=True)

        assert sum(isinstance(each, int) for each in results) == 1
        assert sum(isinstance(each, KeyExistsError) for each in results) == 7

    async def test_a_key_deleted_on_a_condition_is_gone_and_can_come_back(
        self, s3: S3Server
    ) -> None:
        async with provider(s3) as store:
            version = await store.set("a", 1)
            assert await store.delete("a", if_version=version)

            assert not await store.exists("a")
            assert await store.keys() == []
            assert await store.delete("a") is False
            assert await store.set("a", 2, if_absent=True) > version
            assert await store.get("a") == 2


@pytest.mark.asyncio
class TestNames:
    async def test_names_are_readable_and_lie_in_the_folder(self, s3: S3Server) -> None:
        async with provider(s3) as store:
            await store.set_many({"user:1": 1, "a/b.c": 2})

        client = s3.client()
        found = [each["Key"] for each in client.list_objects_v2(Bucket=s3.bucket)["Contents"]]
        client.close()
        assert found == ["folder/a.2Fb.2Ec", "folder/user:1"]

    async def test_long_keys_stand_in_order_too(self, s3: S3Server) -> None:
        keys = sorted(
            f"{'/' * 400}{end}" for end in ("", "a", "b", "b/", "é", "z" * 600, "z" * 601)
        )
        async with provider(s3) as store:
            await store.set_many({key: key for key in [*keys, "/", "a"]})

            assert await store.keys("//*") == keys
            found: list[str] = []
            cursor = None
            while True:
                page = await store.scan("//", cursor=cursor, limit=2)
                found += page.entries
                cursor = page.cursor
                if cursor is None:
                    break
            assert found == keys

    async def test_objects_of_others_are_left_alone(self, s3: S3Server) -> None:
        client = s3.client()
        client.put_object(Bucket=s3.bucket, Key="folder/with space", Body=b"x")
        client.put_object(Bucket=s3.bucket, Key="elsewhere", Body=b"x")
        async with provider(s3) as store:
            await store.set("a", 1)

            assert await store.keys() == ["a"]
            assert list((await store.scan()).entries) == ["a"]
        client.close()


@pytest.mark.asyncio
class TestConnecting:
    async def test_nobody_there_is_an_error_that_shows_no_secret(self, s3: S3Server) -> None:
        store = provider(s3, "http://127.0.0.1:1", timeout=2)

        with pytest.raises(StorageConnectionError, match="endpoint") as caught:
            await store.connect()

        shown = f"{caught.value!r} {caught.value.__cause__!r} {store!r} {store.inspect()}"
        assert s3.secret_key not in shown
        assert not await store.is_connected()

    async def test_a_bucket_that_is_not_there_is_a_connection_error(self, s3: S3Server) -> None:
        store = ObjectStorageProvider(
            "store",
            "s3://no-such-bucket",
            endpoint=s3.url,
            region=s3.region,
            access_key_id=s3.access_key,
            secret_access_key=s3.secret_key,
        )

        with pytest.raises(StorageConnectionError, match="no-such-bucket"):
            await store.connect()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
    async def test_a_forked_child_is_told_that_it_cannot(self, s3: S3Server) -> None:
        store = provider(s3)
        await store.connect()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with pytest.raises(StorageConnectionError, match="forked"):
                    store.get("a").send(None)
                code = 0
            finally:
                os._exit(code)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)

        assert status == 0
        assert await store.get("a", None) is None


@pytest.mark.asyncio
class TestDrills:
    async def test_a_server_killed_and_started_again(self, own_s3: S3Server) -> None:
        async with provider(own_s3, timeout=2) as store:
            await store.set("a", 1)
            await asyncio.to_thread(own_s3.kill)
            seen = Seen()
            await asyncio.gather(*(seen.call(store.get(f"k{n}", None)) for n in range(16)))
            row = seen.table("S3 killed")
            assert row["errors"].keys() <= {"StorageConnectionError", "StorageTimeoutError"}
            assert row["answered"] == 0
            assert row["slowest_ms"] < 3000

            await asyncio.to_thread(own_s3.start)
            client = own_s3.client()
            client.create_bucket(Bucket=own_s3.bucket)  # moto forgets all
            client.close()
            await store.set("a", 2)
            assert await store.get("a") == 2

    async def test_a_frozen_server_is_a_timeout(self, own_s3: S3Server) -> None:
        async with provider(own_s3, timeout=0.5, connect_timeout=0.5) as store:
            await store.set("a", 1)
            own_s3.freeze()
            seen = Seen()
            begun = time.perf_counter()
            await asyncio.gather(*(seen.call(store.get("a")) for _ in range(16)))
            own_s3.thaw()
            row = seen.table("S3 frozen, timeout of 0.5 s")

            assert time.perf_counter() - begun < 3
            assert row["answered"] == 0
            assert row["errors"].keys() <= {"StorageTimeoutError", "StorageConnectionError"}
            async with asyncio.timeout(10):
                while True:
                    try:
                        assert await store.get("a") == 1
                        break
                    except StorageTimeoutError:
                        continue

    async def test_a_reset_in_the_midst_of_a_reply_is_tried_again_or_told(
        self, s3: S3Server
    ) -> None:
        with Proxy(s3) as proxy:
            async with provider(s3, proxy.url, timeout=3) as store:
                await store.set_many({f"k{n}": f"value {n}" for n in range(8)})
                seen = Seen()
                for size in (0, 10, 200, 400):
                    proxy.reset_after(size)
                    answers = await asyncio.gather(
                        *(seen.call(store.get(f"k{n}")) for n in range(8))
                    )
                    for number, answer in enumerate(answers):
                        told = isinstance(answer, StorageConnectionError)
                        assert told or answer == f"value {number}"
                seen.table("S3, resets in the midst of replies")
                assert proxy.resets >= 4

    async def test_cancelled_calls_get_no_reply_of_others(self, s3: S3Server) -> None:
        async with provider(s3) as store:
            ends = await cancelled_by_hundreds(store, rounds=4)

        assert ends["cancelled"] > 20
        assert ends["answered"] > 20
