"""The demo's side of its child processes: start them, hear from them, stop them."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

HERE = Path(__file__).parent


class ChildError(Exception):
    """A process of the demo ended by itself; *tail* holds its last lines."""

    def __init__(self, name: str, code: int, tail: list[str]) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        super().__init__(f"the process {name!r} {how}, though nobody told it to stop")
        self.name = name
        self.tail = tail


class Child:
    """One running process; *port* is where it listens."""

    def __init__(self, name: str, process: Process, show: Callable[[str], None]) -> None:
        self.name = name
        self.port = 0
        self._process = process
        # All three are there: the process is started with pipes.
        self._stdin = cast("StreamWriter", process.stdin)
        self._stdout = cast("StreamReader", process.stdout)
        self._stderr = cast("StreamReader", process.stderr)
        self._tail: deque[str] = deque(maxlen=15)
        self._pump = asyncio.create_task(self._pass_on(show))

    async def ready(self) -> None:
        """Wait until it listens.

        Raises:
            ChildError: If it ended before.
        """
        line = await self._stdout.readline()
        if not line:
            raise await self.death()
        self.port = json.loads(line)["port"]

    def say_start(self) -> None:
        """Tell it that the run begins."""
        self._stdin.write(b"start\n")

    async def death(self) -> ChildError:
        """Wait until it ends by itself, which it should not, and tell how it did."""
        code = await self._process.wait()
        await asyncio.wait({self._pump}, timeout=1)
        return ChildError(self.name, code, list(self._tail))

    async def stop(self) -> None:
        """Let it finish what it is doing; after five seconds, no longer."""
        self._stdin.close()
        for force in (self._process.terminate, self._process.kill):
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._process.wait()
                    break
            with suppress(ProcessLookupError):
                force()
        await self._process.wait()
        await asyncio.wait({self._pump}, timeout=1)

    async def _pass_on(self, show: Callable[[str], None]) -> None:
        async for line in self._stderr:
            text = line.decode("utf-8", "replace").rstrip()
            self._tail.append(text)
            show(text)


@asynccontextmanager
async def running(
    script: str, name: str, *arguments: str, show: Callable[[str], None]
) -> AsyncIterator[Child]:
    """Run one of our scripts in a process of its own for as long as the block lasts.

    Args:
        script: A file beside this one.
        name: What to call the process; it is handed on as ``--name``.
        arguments: More options for the script.
        show: Is given each line that the process writes for the terminal.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / script),
        "--name",
        name,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        # Ctrl-C is for the demo; it then stops its children in order.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    child = Child(name, process, show)
    try:
        await child.ready()
        yield child
    finally:
        await child.stop()
