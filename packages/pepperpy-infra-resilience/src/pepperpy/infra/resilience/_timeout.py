"""`Timeout`: how long a call may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import Signal, deadline, emit, listening
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of, name_of

from . import _options
from ._errors import CallTimeoutError
from ._layers import indented
from ._policy import Nothing, Policy, refuse_generators
from ._switch import OFF

if TYPE_CHECKING:
    from asyncio import Timeout as LoopTimeout
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import TracebackType

_NOTHING: Final = Nothing()
_WHY = "which may be left waiting by whoever takes its items"


class Timeout(Policy):
    """Limits how long a call may take; everything inside knows the time as its `deadline`.

    A coroutine is cancelled when the time is over, and the caller gets a `CallTimeoutError`; a
    cancellation from outside stays one.  A plain function cannot be interrupted: retries, pools,
    limits and whatever else asks for the deadline end in time, and a result that comes late is
    still returned.  With *thread* it runs in a thread of its own, which is left behind, still
    running, when the time is over.

    Args:
        seconds: How long, or a `timedelta`.
        thread: Run plain functions in a thread, one for each call.
        name: For errors and signals.

    Raises:
        InvalidPolicyError: If *seconds* is negative or no number.

    Examples:
        >>> from pepperpy.infra.utils import deadline
        >>> @Timeout(5.0)
        ... def call():
        ...     return deadline.remaining() <= 5.0
        >>> call()
        True
    """

    __slots__ = ("_deadline", "around", "seconds", "thread")

    def __init__(
        self, seconds: float | timedelta, *, thread: bool = False, name: str = "timeout"
    ) -> None:
        self.seconds: float = _options.seconds(seconds, "seconds")
        self.thread: bool = thread
        self.name: str = _options.text(name, "name")
        self._deadline = deadline(self.seconds)
        if thread:
            self.around: Callable[[Callable[..., Any]], Callable[..., Any]] = self._in_thread

    def __repr__(self) -> str:
        return f"Timeout({self.seconds!r}{', thread=True' if self.thread else ''})"

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines: one block around *inner*."""
        if kind.is_generator:
            raise TypeError(f"a Timeout cannot limit a {kind.value}, {_WHY}")
        if not kind.is_async:
            return self._deadline.source(inner, tag, unless=f"$off{tag}")
        limit = f"async with ($nothing{tag} if $off{tag} else $limit{tag}($timeout{tag})):"
        return f"{limit}\n{indented(inner)}"

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            **self._deadline.names(tag),
            f"nothing{tag}": _NOTHING,
            f"off{tag}": OFF,
            f"limit{tag}": _CoroutineLimit,
            f"timeout{tag}": self,
        }

    @property
    def deadline(self) -> deadline:
        """What the time is to all that is called."""
        return self._deadline

    def expired(self, allowed: float) -> CallTimeoutError:
        """The error for a call that took too long."""
        if listening():
            facts: dict[str, object] = {"seconds": allowed}
            emit(Signal(kind="timeout.expired", source=self.name, facts=facts))
        return CallTimeoutError(
            f"{self.name}: the call took longer than {allowed:.3g} s", seconds=allowed
        )

    def _in_thread(self, func: Callable[..., Any]) -> Callable[..., Any]:
        kind = kind_of(func)
        refuse_generators("Timeout(thread=True)", func, kind, _WHY)
        if kind is Kind.COROUTINE:
            raise TypeError(
                f"a Timeout cancels coroutines where they are; {name_of(func)} is a coroutine "
                "function: leave out thread=True"
            )
        names = {"run": self._run}
        body = "return $run($func, $args, $kwargs)"
        return compile_wrapper(func, body, names, label="timeout", kind=kind)

    def _run(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if OFF:
            return func(*args, **kwargs)
        from contextvars import copy_context
        from threading import Event, Thread

        outcome: dict[str, Any] = {}
        done = Event()

        def work() -> None:
            try:
                with self._deadline:
                    outcome["result"] = func(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - the caller's, whatever it is
                outcome["error"] = error
            finally:
                done.set()

        allowed = deadline.at_most(self.seconds)
        context = copy_context()
        Thread(target=context.run, args=(work,), name=f"{self.name}-call", daemon=True).start()
        if not done.wait(allowed):
            raise self.expired(allowed)
        if "error" in outcome:
            try:
                raise outcome.pop("error")
            finally:
                del outcome, work  # the error's traceback has this frame
        return outcome["result"]


class _CoroutineLimit:
    __slots__ = ("_allowed", "_loop_timeout", "_timeout")

    _loop_timeout: LoopTimeout

    def __init__(self, timeout: Timeout) -> None:
        self._timeout = timeout

    async def __aenter__(self) -> None:
        import asyncio

        self._allowed = deadline.at_most(self._timeout.seconds)
        self._loop_timeout = asyncio.timeout(self._allowed)
        await self._loop_timeout.__aenter__()
        self._timeout.deadline.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timeout.deadline.__exit__(kind, error, traceback)
        try:
            await self._loop_timeout.__aexit__(kind, error, traceback)
        except TimeoutError as expired:
            raise self._timeout.expired(self._allowed) from expired.__cause__
