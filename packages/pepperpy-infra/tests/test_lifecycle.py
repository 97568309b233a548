"""One start and one stop: order, both faces, and what is told when something fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra import (
    ConfigRegistry,
    ConnectionPool,
    ConnectionPoolConfig,
    EventLevel,
    MemoryStorageProvider,
    MemoryTelemetryHandler,
    SQLitePool,
    cached,
    initialize_cache,
    lifespan,
    register_memory_provider,
    register_pool,
    register_provider,
    report_event,
    running,
    start,
    stop,
    unregister_pool,
    unregister_provider,
    use_registry,
)
from pepperpy.infra.logging import InvalidLevelError
from pepperpy.infra.utils import InvalidArgumentError, inspectables, register_closer, run_closers

QUIET = {"logging": {"console": False}}


@pytest.fixture(autouse=True)
def _nothing_is_left_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with use_registry(ConfigRegistry()):
        yield
        run_closers()


class Pool(ConnectionPool[object, ConnectionPoolConfig]):
    """Connections that cost nothing, and a list of what happened to them."""

    def __init__(self, name: str, *, broken: bool = False, close_timeout: float = 10.0) -> None:
        super().__init__(name, ConnectionPoolConfig(min_size=1, close_timeout=close_timeout))
        self.happened: list[str] = []
        self.opens: asyncio.Event | None = None
        self.closes: asyncio.Event | None = None
        self._broken = broken

    async def _create_connection(self) -> object:
        if self.opens is not None:
            await self.opens.wait()
        if self._broken:
            raise ConnectionRefusedError("nobody listens")
        self.happened.append("opened")
        return object()

    async def _close_connection(self, connection: object) -> None:
        if self.closes is not None:
            await self.closes.wait()
        self.happened.append("closed")


async def until_it_waits() -> None:
    """Let every task go on until it waits for something that does not happen."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool("lifecycle")
    register_pool(pool)
    yield pool
    unregister_pool("lifecycle")


class TestStart:
    def test_sets_up_the_log_telemetry_and_the_cache_by_their_sections(
        self, tmp_path: Path
    ) -> None:
        events = MemoryTelemetryHandler()
        config = {
            "logging": {"console": False, "log_file": tmp_path / "app.log", "level": "WARNING"},
            "telemetry": {"handlers": {"memory": events}},
            "cache": {"max_size": 7},
        }

        with running(config):
            logging.getLogger("app").warning("seen")
            logging.getLogger("app").info("not seen")
            report_event("order.placed", EventLevel.INFO, "an order")

        text = (tmp_path / "app.log").read_text("utf-8")
        assert "seen" in text
        assert "not seen" not in text
        assert [event.name for event in events.events] == ["order.placed"]

    def test_reads_the_configuration_of_each_part_without_arguments(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PEPPERPY_LOGGING_LOG_FILE", str(tmp_path / "env.log"))
        monkeypatch.setenv("PEPPERPY_LOGGING_CONSOLE", "false")

        with running():
            logging.getLogger("app").warning("told")

        assert "told" in (tmp_path / "env.log").read_text("utf-8")

    def test_twice_replaces_the_setup(self, tmp_path: Path) -> None:
        start({"logging": {"console": False, "log_file": tmp_path / "first.log"}})
        start({"logging": {"console": False, "log_file": tmp_path / "second.log"}})
        logging.getLogger("app").warning("told once")
        stop()

        assert "told once" not in (tmp_path / "first.log").read_text("utf-8")
        assert (tmp_path / "second.log").read_text("utf-8").count("told once") == 1

    def test_awaited_opens_the_pools(self, pool: Pool) -> None:
        async def program() -> list[str]:
            await start(QUIET)
            happened = list(pool.happened)
            await stop()
            return happened

        assert asyncio.run(program()) == ["opened"]
        assert pool.happened == ["opened", "closed"]

    def test_awaited_connects_the_storage_providers_each_time(self) -> None:
        provider = register_memory_provider("kept")

        async def program() -> list[bool]:
            connected = []
            for _ in range(2):
                async with running(QUIET):
                    connected.append(await provider.is_connected())
                connected.append(await provider.is_connected())
            return connected

        try:
            assert asyncio.run(program()) == [True, False] * 2
        finally:
            unregister_provider("kept")

    def test_awaited_twice_opens_the_pools_once(self, pool: Pool) -> None:
        async def program() -> list[str]:
            await start(QUIET)
            await start(QUIET)
            happened = list(pool.happened)
            await stop()
            return happened

        assert asyncio.run(program()) == ["opened"]
        assert pool.happened == ["opened", "closed"]

    def test_in_another_loop_when_the_first_has_ended_begins_anew(self, pool: Pool) -> None:
        async def program() -> None:
            await start(QUIET)
            async with pool.connection():
                pass

        asyncio.run(program())
        asyncio.run(program())
        stop()

        assert pool.happened.count("opened") == 2

    def test_that_is_cancelled_leaves_nothing_behind_once_it_is_stopped(self, pool: Pool) -> None:
        provider = register_memory_provider("kept")

        async def program() -> tuple[bool, bool, int]:
            frozen = Pool("frozen", close_timeout=0.01)
            frozen.opens = asyncio.Event()
            register_pool(frozen)
            starting = asyncio.ensure_future(start(QUIET))
            await until_it_waits()
            starting.cancel()
            await asyncio.wait([starting])
            await stop()
            return starting.cancelled(), await provider.is_connected(), len(asyncio.all_tasks())

        try:
            assert asyncio.run(program()) == (True, False, 1)
        finally:
            unregister_provider("kept")
            unregister_pool("frozen")
        assert pool.happened == ["opened", "closed"]

    def test_again_without_await_lets_pools_open_at_their_next_use(self) -> None:
        register_pool(numbers := SQLitePool("numbers", ":memory:"))

        def ask() -> int:
            with running(QUIET), numbers.connection() as connection:
                return int(connection.execute("SELECT 7").fetchone()[0])

        try:
            assert [ask(), ask()] == [7, 7]
        finally:
            unregister_pool("numbers")

    def test_not_awaited_leaves_pools_to_their_first_use(self, pool: Pool) -> None:
        start(QUIET)

        assert pool.happened == []

    @pytest.mark.parametrize(
        ("config", "problem"),
        [
            ({"loging": {}}, "unknown section 'loging'; did you mean 'logging'"),
            ({"logging": "DEBUG"}, "options of 'logging' must be a mapping; got str"),
            ("app.toml", "config must be a mapping of options by section, .* got str"),
            ({1: {}}, "unknown section 1"),
        ],
    )
    def test_a_wrong_config_is_refused_before_anything_is_set_up(
        self, config: object, problem: str
    ) -> None:
        handlers = list(logging.getLogger().handlers)

        with pytest.raises(InvalidArgumentError, match=problem):
            start(config)  # type: ignore[arg-type]

        assert logging.getLogger().handlers == handlers

    def test_an_option_that_a_part_refuses_is_that_parts_error(self) -> None:
        with pytest.raises(InvalidLevelError, match="LOUD"):
            start({"logging": {"level": "LOUD"}})


class TestStop:
    def test_closes_users_before_what_they_use(self) -> None:
        order: list[str] = []
        for at, name in [(900, "log"), (100, "server"), (800, "telemetry"), (500, "pools")]:
            register_closer(at, lambda name=name: order.append(name))

        stop()

        assert order == ["server", "pools", "telemetry", "log"]

    @pytest.mark.parametrize("youngest", ["pool", "provider"])
    def test_pools_close_before_the_cache_then_storage_then_telemetry_then_the_log(
        self, youngest: str, tmp_path: Path
    ) -> None:
        seen: list[str] = []

        def tell(part: str) -> None:
            facts = [each.inspect() for each in inspectables()]
            files: list[Any] = [each for each in facts if each["kind"] == "cache.file"]
            (cache,) = (each for each in files if str(tmp_path) in each["config"]["path"])
            seen.append(f"{part}, cache {cache['state']}")
            logging.getLogger("app").warning("closing %s", part)

        class Told(Pool):
            async def _close_connection(self, connection: object) -> None:
                tell("pool")

        class Provider(MemoryStorageProvider):
            async def disconnect(self) -> None:
                await super().disconnect()
                tell("storage")

        class Handler(MemoryTelemetryHandler):
            def flush(self) -> None:
                tell("telemetry")

        steps = {
            "pool": lambda: register_pool(Told("ordered")),
            "provider": lambda: register_provider(Provider("ordered")),
        }
        for name in sorted(steps, key=lambda name: name == youngest):
            steps[name]()
        config = {
            "logging": {"console": False, "log_file": tmp_path / "app.log", "queue": True},
            "telemetry": {"handlers": {"told": Handler()}},
            "cache": {"cache_type": "file", "cache_directory": tmp_path / "cache"},
        }

        async def program() -> None:
            async with running(config):
                report_event("order.placed", EventLevel.INFO, "an order")

        try:
            asyncio.run(program())
        finally:
            unregister_pool("ordered")
            unregister_provider("ordered")
            initialize_cache("memory")

        assert list(dict.fromkeys(seen)) == [
            "pool, cache ok",
            "storage, cache off",
            "telemetry, cache off",
        ]
        assert "closing telemetry" in (tmp_path / "app.log").read_text("utf-8")

    def test_a_pool_is_closed_while_the_log_still_writes(
        self, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def close(connection: object) -> None:
            logging.getLogger("app").warning("last words")

        monkeypatch.setattr(pool, "_close_connection", close)

        async def program() -> None:
            async with running({"logging": {"console": False, "log_file": tmp_path / "app.log"}}):
                pass

        asyncio.run(program())

        assert "last words" in (tmp_path / "app.log").read_text("utf-8")

    def test_a_part_that_fails_is_reported_and_the_rest_still_closes(self) -> None:
        closed: list[str] = []

        def fail() -> None:
            raise OSError("disk gone")

        register_closer(100, fail)
        register_closer(500, lambda: closed.append("pools"))

        with pytest.raises(ExceptionGroup, match="could not be closed") as caught:
            stop()

        assert [str(error) for error in caught.value.exceptions] == ["disk gone"]
        assert closed == ["pools"]

    def test_twice_is_harmless(self) -> None:
        start(QUIET)
        stop()
        stop()

    def test_without_start_is_harmless(self) -> None:
        async def program() -> None:
            await stop()

        stop()
        asyncio.run(program())

    def test_that_is_cancelled_goes_on_where_it_was_when_it_is_called_again(
        self, pool: Pool
    ) -> None:
        async def program() -> tuple[bool, list[str], int]:
            pool.closes = asyncio.Event()
            await start(QUIET)
            stopping = asyncio.ensure_future(stop())
            await until_it_waits()
            stopping.cancel()
            await asyncio.wait([stopping])
            before = list(pool.happened)
            pool.closes.set()
            await stop()
            return stopping.cancelled(), before, len(asyncio.all_tasks())

        assert asyncio.run(program()) == (True, ["opened"], 1)
        assert pool.happened == ["opened", "closed"]

    def test_in_a_coroutine_nothing_is_closed_before_it_is_awaited(self) -> None:
        closed: list[str] = []

        async def program() -> list[str]:
            register_closer(100, lambda: closed.append("server"))
            stopping = stop()
            before = list(closed)
            await stopping
            return before

        assert asyncio.run(program()) == []
        assert closed == ["server"]

    def test_outside_of_loops_its_result_may_be_awaited_later_on(self) -> None:
        done = stop()

        async def program() -> None:
            await done

        asyncio.run(program())

    def test_start_after_stop_begins_again(self, pool: Pool) -> None:
        async def program() -> None:
            for _ in range(2):
                await start(QUIET)
                await stop()

        asyncio.run(program())

        assert pool.happened == ["opened", "closed"] * 2


class TestRunning:
    def test_async_with_opens_and_closes_the_pools(self, pool: Pool) -> None:
        async def program() -> list[str]:
            async with running(QUIET):
                return list(pool.happened)

        assert asyncio.run(program()) == ["opened"]
        assert pool.happened == ["opened", "closed"]

    def test_with_in_a_running_loop_says_what_to_write_instead(self) -> None:
        async def program() -> None:
            with running(QUIET):
                pytest.fail("the block must not begin")

        with pytest.raises(RuntimeError, match="use `async with running"):
            asyncio.run(program())

    def test_a_start_that_fails_closes_what_had_been_started(self, pool: Pool) -> None:
        closed: list[str] = []
        broken = Pool("broken", broken=True)
        register_pool(broken)
        register_closer(100, lambda: closed.append("server"))

        async def program() -> None:
            async with running(QUIET):
                pytest.fail("the block must not begin")

        try:
            with pytest.raises(ConnectionRefusedError, match="nobody listens"):
                asyncio.run(program())
        finally:
            unregister_pool("broken")

        assert pool.happened == ["opened", "closed"]
        assert closed == ["server"]

    def test_a_start_that_is_cancelled_closes_what_had_been_started(self, pool: Pool) -> None:
        provider = register_memory_provider("kept")

        async def block() -> None:
            async with running(QUIET):
                pytest.fail("the block must not begin")

        async def program() -> tuple[bool, bool, int]:
            frozen = Pool("frozen", close_timeout=0.01)
            frozen.opens = asyncio.Event()
            register_pool(frozen)
            task = asyncio.create_task(block())
            await until_it_waits()
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled(), await provider.is_connected(), len(asyncio.all_tasks())

        try:
            assert asyncio.run(program()) == (True, False, 1)
        finally:
            unregister_provider("kept")
            unregister_pool("frozen")
        assert pool.happened == ["opened", "closed"]

    @pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt(), SystemExit(3)])
    def test_an_error_of_the_block_gets_out_with_a_note_on_what_did_not_close(
        self, error: BaseException, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise OSError("disk gone")

        def program() -> None:
            with running(QUIET):
                register_closer(100, fail)
                raise error

        with pytest.raises(type(error)) as caught:
            program()

        assert caught.value is error
        assert "disk gone" in "".join(error.__notes__)
        assert "could not be closed" in caplog.text

    def test_a_cancelled_block_is_cancelled_and_closes_all(self, pool: Pool) -> None:
        async def program() -> bool:
            async def block(entered: asyncio.Event) -> None:
                async with running(QUIET):
                    entered.set()
                    await asyncio.Event().wait()

            entered = asyncio.Event()
            task = asyncio.create_task(block(entered))
            await entered.wait()
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

        assert asyncio.run(program())
        assert pool.happened == ["opened", "closed"]

    def test_without_an_error_of_the_block_what_did_not_close_is_raised(self) -> None:
        def fail() -> None:
            raise OSError("disk gone")

        with pytest.raises(ExceptionGroup, match="could not be closed"), running(QUIET):
            register_closer(100, fail)


class TestLifespan:
    def test_is_what_asgi_frameworks_enter_and_leave(self, pool: Pool) -> None:
        async def framework() -> list[str]:
            async with lifespan(object()) as state:
                assert state is None
                return list(pool.happened)

        assert asyncio.run(framework()) == ["opened"]
        assert pool.happened == ["opened", "closed"]


class TestCacheSection:
    def test_size_of_the_section_holds_for_cached_functions(self) -> None:
        @cached
        def double(number: int) -> int:
            return 2 * number

        with running({**QUIET, "cache": {"max_size": 2}}):
            for number in range(5):
                double(number)
            size = double.cache_info().currsize

        assert size == 2
