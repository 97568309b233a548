"""The side that asks: one process that knows what all of them have counted, also the ended ones."""

from __future__ import annotations

import hmac
import logging
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from pepperpy.infra.utils import generate_id, passes_through, to_seconds

from ._log import log, reason, tell
from ._totals import Totals
from ._wire import ASK, MAX_HELLO, line, lines, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._engine import Engine
    from ._reading import Figure
    from ._totals import Part

HELLO_WITHIN: Final = 5.0
MAX_OPEN_ASKS: Final = 64
"""Questions that a process which stands still has not read; it is asked no more."""


class Worker:
    """A process that has joined.  What changes is guarded by the lock of the hub."""

    def __init__(self, connection: socket.socket, pid: str) -> None:
        self.connection = connection
        self.pid = pid
        self.part: Part = {}
        self.asked = 0
        self.answered = 0
        self.has_left = False

    def ask(self) -> int:
        if self.asked - self.answered < MAX_OPEN_ASKS:
            self.asked += 1
            with suppress(OSError):  # it has gone: its thread will see that
                self.connection.send(ASK)
        return self.asked


class Hub:
    """Listens for processes that join, asks them, and keeps what the ended ones have counted."""

    def __init__(self, engine: Engine, pid: int) -> None:
        limits = engine.settings
        self.totals = Totals(max_series=limits.max_series, max_names=limits.max_names)
        self.timeout = 0.0
        self._engine = engine
        self._pid = str(pid)
        self._key = generate_id(length=32)
        self._interval = to_seconds(engine.settings.interval)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listening.settimeout(self._interval)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}:{self._key}"
        # Guards the totals and all below.
        self._turn = threading.Condition()
        self._workers: dict[Worker, None] = {}
        self._connections: set[socket.socket] = set()
        self._closed = threading.Event()
        self.left = 0
        self.lost = 0
        self._start(self._listen)

    def figures(self) -> Iterator[Figure]:
        """What all processes have counted by now; of one that is late, what it said last."""
        with self._turn:
            asked = [(worker, worker.ask()) for worker in self._workers]
            self._turn.wait_for(lambda: not self._late(asked), self.timeout)
        own = list(self._engine.figures())  # may run the code of others, so not under the lock
        with self._turn:
            parts = [(worker.pid, worker.part) for worker in self._workers]
            parts.append((self._pid, self.totals.part(own)))
            return iter(list(self.totals.figures(parts)))

    def facts(self) -> dict[str, int]:
        """How many processes there are, and were."""
        with self._turn:
            late = sum(each.asked > each.answered for each in self._workers)
            workers = len(self._workers)
        return {"workers": workers, "late": late, "left": self.left, "lost": self.lost}

    def close(self) -> None:
        """Let go of everybody, and listen no more."""
        with self._turn:
            self._closed.set()
            self._turn.notify_all()
            for each in (self._listening, *self._connections):
                with suppress(OSError):  # is not connected, or no more
                    each.shutdown(socket.SHUT_RDWR)
        self.abandon()

    def abandon(self) -> None:
        """Close the sockets of this process: a forked child has no use for them."""
        for each in (self._listening, *list(self._connections)):
            each.close()

    def _late(self, asked: list[tuple[Worker, int]]) -> bool:
        return not self._closed.is_set() and any(
            worker.answered < number and worker in self._workers for worker, number in asked
        )

    def _start(self, target: Any, *args: Any) -> None:
        threading.Thread(
            target=target, args=args, name="pepperpy-telemetry-hub", daemon=True
        ).start()

    def _listen(self) -> None:
        due = time.monotonic() + self._interval
        while not self._closed.is_set():
            try:
                self._welcome(self._listening.accept()[0])
            except TimeoutError:
                pass
            except (OSError, RuntimeError):  # closed; or no descriptor, or no thread, is left
                self._closed.wait(0.1)
            if time.monotonic() >= due:  # so that one that is killed takes little with it
                due = time.monotonic() + self._interval
                with self._turn:
                    for worker in self._workers:
                        worker.ask()

    def _welcome(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        try:
            self._start(self._serve, connection)
        except BaseException:
            self._forget(connection)
            raise

    def _forget(self, connection: socket.socket) -> None:
        self._connections.discard(connection)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            messages = lines(connection, MAX_HELLO, HELLO_WITHIN)
            hello = self._hello(messages)
            if hello is None or self._closed.is_set():
                return
            connection.settimeout(HELLO_WITHIN if hello.get("reads") else None)
            if hello.get("reads"):
                connection.sendall(line(figures=packed(self.figures())))
            else:
                self._follow(Worker(connection, str(hello["pid"])), messages)
        except Exception as error:  # a boundary: one who talks nonsense harms no other
            if passes_through(error):
                raise
            if not isinstance(error, OSError):
                log(logging.ERROR, f"a process could not share its metrics: {reason(error)}")
        finally:
            self._forget(connection)

    def _hello(self, messages: Iterator[Any]) -> dict[str, Any] | None:
        """What one who has the key says first; of anybody else nothing is worth a line in the log."""
        hello: Any = None
        with suppress(ValueError, RecursionError):
            hello = next(messages, None)
        if not isinstance(hello, dict):
            return None
        known = cast("dict[str, Any]", hello)
        key = str(known.get("key", "")).encode("utf-8", "replace")
        return known if hmac.compare_digest(key, self._key.encode()) else None

    def _follow(self, worker: Worker, messages: Iterator[dict[str, Any]]) -> None:
        with self._turn:
            self._workers[worker] = None
            worker.ask()  # which tells it that it is counted from now on
        try:
            for message in messages:
                figures = list(unpacked(message["figures"]))
                with self._turn:
                    worker.part = self.totals.part(figures)
                    worker.answered += message["answers"]
                    worker.has_left = message["last"]
                    self._turn.notify_all()
        finally:
            with self._turn:
                del self._workers[worker]
                kept = self.totals.keep(worker.part)
                self.left += worker.has_left
                self.lost += not worker.has_left
                self._turn.notify_all()
            if not worker.has_left and not self._closed.is_set():
                tell("telemetry.worker_lost", worker.pid, series=kept)
