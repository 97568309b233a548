"""One connection to the server, and a thread that alone uses it.

Whoever wants something puts it into a queue, and the thread sends all that waits there in one
piece: what many tasks or threads ask at once costs one round trip.  As no caller ever touches the
connection, one that is cancelled, interrupted or late leaves no reply behind for another.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from redis.exceptions import RedisError, ResponseError

from pepperpy.infra.resilience import CircuitBreaker, CircuitBreakerError, CircuitState
from pepperpy.infra.utils import passes_through

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from ._server import Server

Command: TypeAlias = "tuple[Any, ...]"
Replies: TypeAlias = "list[Any] | None"

_AT_ONCE: Final = 256
_MOST: Final = 10_000
"""How many questions may wait; what is asked faster than it is answered is not asked."""


class Ask:
    """Some commands, and who waits for what they give.

    Args:
        then: Called with the replies, or with `None` if there are none, before whoever waits goes on.
        must: Whether a refusal counts as a failure of the server.
        probes: Whether it is asked although the server has failed.
    """

    __slots__ = (
        "commands",
        "future",
        "gate",
        "is_done",
        "loop",
        "must",
        "probes",
        "replies",
        "then",
    )

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        then: Callable[[Replies], object] | None = None,
        must: bool = False,
        probes: bool = False,
    ) -> None:
        self.commands = commands
        self.then = then
        self.must = must
        self.probes = probes
        self.replies: Replies = None
        self.is_done = False
        self.gate: Any = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[None] | None = None


class Line:
    """Has commands carried out, one pipeline after the other.

    Args:
        server: Makes the connection.
        timeout: Seconds that an answer may take.
        failed: Called in the thread, with the error, whenever the server failed.
    """

    def __init__(
        self, server: Server, timeout: float, failed: Callable[[Exception], object]
    ) -> None:
        self._server = server
        self._timeout = timeout
        self._failed = failed
        self._gate = Lock()
        self._queue: SimpleQueue[Ask | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_closed = False
        self._late: Ask | None = None
        """A question whose time is up, and which the thread still tries to have answered."""
        self._connection: Any = None
        self.is_down: bool = False
        """Whether it failed, and nobody has made up yet for what that may have cost: only who probes
        asks until then, even where breakers are reset or switched off."""
        self.unanswered: int = 0
        """How many questions got no answer."""
        # Only who probes asks while it is open, so no caller ever waits for a probe.
        self.breaker: CircuitBreaker = CircuitBreaker(
            "cache.redis", failure_threshold=1, recovery_timeout=timeout
        )

    @property
    def is_open(self) -> bool:
        """Whether the server is expected to answer in time."""
        late = self._late
        return (late is None or late.is_done) and self._is_up

    @property
    def _is_up(self) -> bool:
        return not self.is_down and self.breaker.state is CircuitState.CLOSED

    def put(self, ask: Ask) -> bool:
        """Have *ask* carried out; False where that is out of the question now."""
        if not (ask.probes or self.is_open) or self._queue.qsize() >= _MOST:
            self.unanswered += 1
            return False
        if self._thread is None:
            self._start()
        if self._is_closed or self._thread is None:
            return False
        self._queue.put(ask)
        return True

    def ask(self, ask: Ask) -> Replies:
        """The replies, or `None` if there are none in time."""
        gate = ask.gate = Lock()
        gate.acquire()
        if not self.put(ask):
            return None
        if not gate.acquire(timeout=self._timeout):
            self._late = ask
            return None
        return ask.replies

    async def aask(self, ask: Ask) -> Replies:
        """Do what `ask` does, in a task of an asyncio loop."""
        import asyncio

        ask.loop = asyncio.get_running_loop()
        future = ask.future = ask.loop.create_future()
        if not self.put(ask):
            return None
        timer = ask.loop.call_later(self._timeout, self._give_up, ask, future)
        try:
            await future
        finally:
            timer.cancel()
        return ask.replies

    def close(self) -> None:
        """Carry out what waits, and take no more."""
        with self._gate:
            self._is_closed = True
            thread = self._thread
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join(2 * self._timeout + 1)

    def _start(self) -> None:
        with self._gate:
            if self._thread is None and not self._is_closed:
                thread = Thread(target=self._serve, name="pepperpy-cache-redis", daemon=True)
                with suppress(RuntimeError):  # no thread can be had: the next question tries again
                    thread.start()
                    self._thread = thread

    def _give_up(self, ask: Ask, future: asyncio.Future[None]) -> None:
        self._late = ask
        _resolve([future])

    # The rest runs in the thread.

    def _serve(self) -> None:
        queue = self._queue
        going = True
        while going:
            found = [queue.get()]
            with suppress(Empty):
                while len(found) < _AT_ONCE:
                    found.append(queue.get_nowait())
            going = None not in found
            self._carry_out([ask for ask in found if ask is not None])
        self._hang_up()

    def _carry_out(self, asks: list[Ask]) -> None:
        if not self._is_up:
            refused = [ask for ask in asks if not ask.probes]
            self._finish(refused)
            asks = [ask for ask in asks if ask.probes]
        if not asks:
            return
        try:
            self.breaker.execute(self._exchange, asks)
        except CircuitBreakerError:
            pass
        except Exception as error:  # noqa: BLE001 - a boundary: nobody must wait for ever
            self.is_down = True
            self._hang_up()
            for ask in asks:
                ask.replies = None
            self._failed(error)
        self._finish(asks)

    def _exchange(self, asks: list[Ask]) -> None:
        commands = [command for ask in asks for command in ask.commands]
        # Not sent once more if the connection is gone: a server that was restarted may have lost
        # what was dropped, and whoever comes back asks for that first.
        replies = self._pipeline(commands)
        start = 0
        for ask in asks:
            end = start + len(ask.commands)
            ask.replies = replies[start:end]
            start = end
            if ask.must:
                for reply in ask.replies:
                    if isinstance(reply, ResponseError):
                        raise reply

    def _pipeline(self, commands: list[Command]) -> list[Any]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._server.connect()
        connection.send_packed_command(connection.pack_commands(commands))
        return [_reply(connection) for _ in commands]

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError):
                connection.disconnect()

    def _finish(self, asks: list[Ask]) -> None:
        """Let those go on who wait; the tasks of a loop all at once."""
        waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        for ask in asks:
            self.unanswered += ask.replies is None
            ask.is_done = True
            if ask.then is not None:
                _tell(ask.then, ask.replies)
            if ask.gate is not None:
                ask.gate.release()
            if ask.loop is not None and ask.future is not None:
                waiting.setdefault(ask.loop, []).append(ask.future)
        for loop, futures in waiting.items():
            with suppress(RuntimeError):  # it is closed, and nobody waits any more
                loop.call_soon_threadsafe(_resolve, futures)


def reply_in(replies: Replies) -> Any:
    """The first reply, if the server did not refuse; `None` if there is none."""
    return None if replies is None or isinstance(replies[0], ResponseError) else replies[0]


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:  # the server's answer to one command
        return error


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _tell(then: Callable[[Replies], object], replies: Replies) -> None:
    try:
        then(replies)
    except Exception as error:  # a boundary: the thread goes on for all others
        if passes_through(error):
            raise
        import logging

        logging.getLogger("pepperpy.infra.cache").exception("a reply of Redis could not be used")
