"""A Redis of the demo's own: on the loopback alone, with its data in a folder that goes with it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from child import HOST, claim

PROGRAM = "redis-server"
PATIENCE = 10.0
FIRST_PORT = 6390


class MissingRedisError(Exception):
    """There is no Redis: none is installed, or the one that was named does not answer."""


class RedisServer:
    """One that is killed and frozen on purpose; what it acknowledged is there when it is back."""

    def __init__(self, program: str, folder: Path) -> None:
        held = claim(FIRST_PORT)
        self._port = held.getsockname()[1]
        held.close()
        self._program = program
        self._folder = folder
        self._process: Process

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://{HOST}:{self._port}/0"

    async def start(self) -> None:
        """Start it, on the same port and with its data; return when it answers.

        Raises:
            MissingRedisError: If it does not.
        """
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._program, "--bind", HOST, "--port", str(self._port)),
                *("--dir", str(self._folder), "--save", ""),
                # Each write is in the hands of the operating system before it is acknowledged.
                *("--appendonly", "yes", "--appendfsync", "everysec"),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo
            )
        if not await answers(self.url):
            words = (self._folder / "log").read_text("utf-8", "replace")[-500:]
            raise MissingRedisError(f"{self._program} does not answer at {self.url}: {words}")

    async def kill(self) -> None:
        """End it here and now, so that it can finish nothing."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, and nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


async def answers(url: str) -> bool:
    """Whether a Redis answers at *url* within some seconds."""
    from redis.asyncio import Redis
    from redis.exceptions import ConnectionError as Lost
    from redis.exceptions import TimeoutError as Late

    end = asyncio.get_running_loop().time() + PATIENCE
    async with Redis.from_url(url, socket_timeout=1) as client:
        while asyncio.get_running_loop().time() < end:
            try:
                return bool(await client.ping())
            except (Lost, Late):
                await asyncio.sleep(0.02)
    return False


@asynccontextmanager
async def own_redis() -> AsyncIterator[RedisServer]:
    """A private one, as long as the block lasts.

    Raises:
        MissingRedisError: If the program is not on the PATH.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise MissingRedisError(
            f"--redis needs {PROGRAM} on the PATH: apt-get install redis-server, or "
            "brew install redis; or name one that runs: --redis redis://localhost:6379/0"
        )
    with tempfile.TemporaryDirectory(prefix="gateway-redis-") as folder:
        server = RedisServer(program, Path(folder))
        await server.start()
        try:
            yield server
        finally:
            await server.kill()
