"""A network to spoil: a proxy that delays, narrows, cuts and swallows what goes through it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

from ._server import HOST, Server, free_port

_CHUNK = 1 << 14
_RESET = struct.pack("ii", 1, 0)  # linger for no time at all: close by a reset


class Proxy:
    """Stands before *server* on a port of its own; a setting holds for open connections too."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.port: int = free_port()
        self.latency = 0.0
        """Seconds that everything is late, each way."""
        self.bandwidth: float | None = None
        """Bytes a second each way; ``None`` is no limit."""
        self.connections = 0
        """How many were made through it so far."""
        self.resets = 0
        """How many it has reset."""
        self._left: int | None = None  # bytes of replies until a reset
        # All below belongs to the proxy's loop.
        self._open = asyncio.Event()
        self._links: set[_Link] = set()
        self._fillers: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where clients find the server behind it."""
        return self._server.url_at(HOST, self.port)

    def lead_to(self, server: Server) -> None:
        """Be the address of another *server* for connections that come from now on."""
        self._server = server

    def mute(self) -> None:
        """Take connections and bytes, and pass nothing on, until `heal`."""
        self._call(self._mute())

    def blackhole(self) -> None:
        """Lose everything: new connections hang and open ones are silent, until `heal`."""
        self._call(self._dam())

    def reset_after(self, size: int) -> None:
        """Let *size* more bytes of replies pass, then reset the connection that brings the next."""
        self._left = size

    def cut(self) -> None:
        """Reset every connection now."""
        self._call(self._cut())

    def heal(self) -> None:
        """Pass everything on as it comes, and what was held up."""
        self.latency, self.bandwidth, self._left = 0.0, None, None
        self._call(self._undam())

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server((HOST, self.port))
        self._listener.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self.heal()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.remove_reader(self._listener)
        self._loop.run_until_complete(self._end())
        self._loop.close()
        self._listener.close()
        for filler in self._fillers:
            filler.close()

    async def _end(self) -> None:
        tasks = [link.task for link in self._links]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # for what is called when they are done

    async def _mute(self) -> None:
        self._open.clear()

    async def _dam(self) -> None:
        # While the queue of those who wait to be taken is full, the kernel drops whoever calls.
        self._open.clear()
        self._loop.remove_reader(self._listener)
        self._listener.listen(0)
        while True:
            filler = socket.socket()
            self._fillers.append(filler)
            filler.settimeout(0.05)
            try:
                filler.connect((HOST, self.port))
            except TimeoutError:
                return

    async def _undam(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        self._listener.listen(128)
        self._loop.add_reader(self._listener, self._accept)
        self._open.set()

    async def _cut(self) -> None:
        for link in [*self._links]:
            link.reset()

    def _allow(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        passed = data[: self._left]
        self._left = None if len(passed) < len(data) else self._left - len(passed)
        return passed

    def _accept(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:  # gone again
            return
        self.connections += 1
        link = _Link(self, near)
        self._links.add(link)
        link.task = self._loop.create_task(link.run())
        # Not in it: one that is cancelled before it began runs no line of its own.
        link.task.add_done_callback(lambda _: self._forget(link))

    def _forget(self, link: _Link) -> None:
        self._links.discard(link)
        link.close()


class _Link:
    """One connection through the proxy."""

    task: asyncio.Task[None]

    def __init__(self, proxy: Proxy, near: socket.socket) -> None:
        self._proxy = proxy
        self._near = near
        self._far = socket.socket()
        for end in (near, self._far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self) -> None:
        proxy = self._proxy
        try:
            await proxy._open.wait()
            await proxy._loop.sock_connect(self._far, (proxy._server.host, proxy._server.port))
            async with asyncio.TaskGroup() as both:
                for source, target in ((self._near, self._far), (self._far, self._near)):
                    late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
                    both.create_task(self._take(source, late))
                    both.create_task(self._give(late, target))
        except* OSError:  # one end is gone, or is to be
            self.reset()

    def close(self) -> None:
        self._near.close()
        self._far.close()

    def reset(self) -> None:
        """Close both ends by a reset; what was on its way is lost."""
        self._proxy.resets += 1
        for end in (self._near, self._far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.task.cancel()

    async def _take(self, source: socket.socket, late: asyncio.Queue[tuple[float, bytes]]) -> None:
        loop = self._proxy._loop
        while True:
            data = await loop.sock_recv(source, _CHUNK)
            late.put_nowait((loop.time() + self._proxy.latency, data))
            if not data:
                return

    async def _give(self, late: asyncio.Queue[tuple[float, bytes]], target: socket.socket) -> None:
        proxy = self._proxy
        while True:
            due, data = await late.get()
            await asyncio.sleep(due - proxy._loop.time())
            await proxy._open.wait()
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            if proxy.bandwidth is not None:
                await asyncio.sleep(len(data) / proxy.bandwidth)
            passed = data if target is self._far else proxy._allow(data)
            await proxy._loop.sock_sendall(target, passed)
            if len(passed) < len(data):
                raise ConnectionResetError
