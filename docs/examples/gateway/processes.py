"""The demo's side of its child processes: start them, hear from them, kill one, stop them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
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
    """One of our scripts in a process of its own; *port* is where it listens."""

    def __init__(
        self,
        script: str,
        name: str,
        arguments: tuple[str, ...],
        environ: Mapping[str, str],
        show: Callable[[str], None],
    ) -> None:
        self.name = name
        self.port = 0
        self._command = (sys.executable, str(HERE / script), *arguments)
        self._environ = environ
        self._show = show
        self._tail: deque[str] = deque(maxlen=15)
        self._process: Process
        self._pump: asyncio.Task[None]
        self._is_to_run = asyncio.Event()

    async def spawn(self, **environ: str) -> None:
        """Start it, with these variables in its environment as well; `ready` comes next."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, **self._environ, **environ},
            # Ctrl-C is for the demo; it then stops its children in order.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._process = process
        self._is_to_run.set()
        self._pump = asyncio.create_task(self._pass_on(_there(process.stderr)))

    async def ready(self) -> None:
        """Wait until it listens.

        Raises:
            ChildError: If it ended before.
        """
        line = await _there(self._process.stdout).readline()
        if not line:
            raise await self._error()
        self.port = json.loads(line)["port"]

    def tell(self, text: str) -> None:
        """Write a line to its standard input."""
        cast("StreamWriter", self._process.stdin).write(f"{text}\n".encode())

    async def kill(self) -> None:
        """End it here and now, so that it can finish nothing: SIGKILL, or what Windows has."""
        self._is_to_run.clear()
        self._process.kill()
        await self._process.wait()

    async def death(self) -> ChildError:
        """Wait until it ends though nobody made it end, and tell how it did."""
        while True:
            process = self._process
            await process.wait()
            if self._is_to_run.is_set() and process is self._process:
                return await self._error()
            await self._is_to_run.wait()

    async def stop(self) -> None:
        """Let it finish what it is doing; after five seconds, no longer."""
        cast("StreamWriter", self._process.stdin).close()
        for force in (self._process.terminate, self._process.kill):
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._process.wait()
                    break
            with suppress(ProcessLookupError):
                force()
        await self._process.wait()
        await asyncio.wait({self._pump}, timeout=1)

    async def _error(self) -> ChildError:
        code = await self._process.wait()
        await asyncio.wait({self._pump}, timeout=1)
        return ChildError(self.name, code, list(self._tail))

    async def _pass_on(self, stderr: StreamReader) -> None:
        async for line in stderr:
            text = line.decode("utf-8", "replace").rstrip()
            self._tail.append(text)
            self._show(text)


def _there(pipe: StreamReader | None) -> StreamReader:
    return cast("StreamReader", pipe)  # the process is started with pipes


@asynccontextmanager
async def running(
    script: str,
    name: str,
    *arguments: str,
    environ: Mapping[str, str],
    show: Callable[[str], None],
) -> AsyncIterator[Child]:
    """Run one of our scripts in a process of its own for as long as the block lasts.

    Args:
        script: A file beside this one.
        name: What to call the process.
        arguments: Options for the script.
        environ: Variables that it has in addition to ours.
        show: Is given each line that the process writes for the terminal.
    """
    child = Child(script, name, arguments, environ, show)
    await child.spawn()
    try:
        await child.ready()
        yield child
    finally:
        await child.stop()
