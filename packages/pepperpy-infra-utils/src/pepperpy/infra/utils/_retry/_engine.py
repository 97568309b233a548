"""What happens after a failure: wait so long, then again, or give up.

It neither sleeps nor awaits nor calls the decorated function; the compiled wrappers do.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from pepperpy.infra.utils._clock import Clock
from pepperpy.infra.utils._deadline import deadline, innermost
from pepperpy.infra.utils._errors import passes_through
from pepperpy.infra.utils._signals import LISTENERS, Signal, emit

from ._attempt import RetryAttempt
from ._nesting import already_retried, give_up
from ._retry_after import ATTRIBUTES, retry_after
from ._settings import InvalidRetryError, invalid, seconds
from ._testing import innermost as innermost_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._budget import RetryBudget
    from ._settings import Settings

SYSTEM = Clock()

_MOST_KINDS = 1024
_plain_kinds: set[type[Exception]] = set()


class Run:
    """One call that failed at least once."""

    __slots__ = ("attempt", "demanded", "number", "started", "testing", "wait")

    def __init__(self, started: float) -> None:
        self.started = started
        block = innermost_test()
        self.testing = None if block is None else block[0]
        self.number = 1
        """Of the attempt that failed last."""
        self.wait: float | None = None
        """Seconds to sleep before the next attempt, `None` for not at all."""
        self.demanded = False
        """Whether the server chose the delay."""
        self.attempt: RetryAttempt | None = None
        """Held while an ``async`` hook is told about it, and no longer: it holds the error."""


class Engine:
    """The decisions for one decorated function.  Immutable; what changes is in the `Run`."""

    __slots__ = (
        "_now",
        "_yields",
        "budget",
        "clock",
        "hook",
        "hook_is_async",
        "name",
        "settings",
    )

    def __init__(
        self,
        settings: Settings,
        *,
        name: str,
        clock: Clock | None,
        budget: RetryBudget | None,
        hook: Callable[[RetryAttempt], object] | None,
        hook_is_async: bool,
        is_async: bool,
    ) -> None:
        self.settings = settings
        self.name = name
        self.clock = clock or SYSTEM
        self.budget = budget
        self.hook = hook
        self.hook_is_async = hook_is_async
        self._now = self.clock.monotonic
        # Repeated for ever without a sleep, a coroutine could not even be cancelled.
        self._yields = is_async and settings.max_attempts is None

    @property
    def is_simple(self) -> bool:
        """Whether nothing is to be computed, asked or paid before another attempt."""
        chosen = self.settings
        options = (
            chosen.wanted,
            chosen.retry_on_result,
            chosen.max_elapsed,
            self.budget,
            self.hook,
        )
        return (
            chosen.delay == 0
            and chosen.max_attempts is not None
            and all(option is None for option in options)
        )

    # What the wrapper calls.  `None` means: give up, and let the error (or the result) out.

    def failed(
        self, error: Exception, number: int, started: float, began: int | None, run: Run | None
    ) -> Run | None:
        """After *error* of the *number*-th attempt, which the wrapper is still handling.

        *began* is as for `already_retried`.
        """
        if not _is_plain(error) and _is_control_flow(error):
            return None
        if not self.settings.retry_exhausted and already_retried(error, began):
            return None
        run = run or Run(started)
        run.number = number
        return self._next(run, error, None, retry_after(error, self.clock.time()))

    def rejected(self, result: object, number: int, started: float, run: Run | None) -> Run | None:
        """After a result of the *number*-th attempt that is not wanted."""
        run = run or Run(started)
        run.number = number
        return self._next(run, None, result, None)

    def settle(self, run: Run, answer: object) -> Run | None:
        """Once an ``async`` hook has given its *answer*; where it gave none, call `unpay`."""
        return self._settle(run, cast("RetryAttempt", run.attempt), answer)  # set by _next

    def unpay(self) -> None:
        """Take back what was paid for a retry that the hook prevents."""
        if self.budget is not None:
            self.budget.put_back()

    # The steps.

    def _settle(self, run: Run, attempt: RetryAttempt, answer: object) -> Run | None:
        chosen = None if run.demanded else _chosen(answer, attempt.error)
        if chosen is not None:
            chosen = min(chosen, self.settings.max_delay)
            attempt = replace(attempt, delay=chosen)
            reason = self._stopped_by(run, chosen)
            if reason:
                self.unpay()
                self._give_up(run, attempt.error, reason)
                return None
        self._announce(attempt, run)
        run.wait = self._to_sleep(attempt.delay, run)
        return run

    def _next(
        self, run: Run, error: Exception | None, result: object, demanded: float | None
    ) -> Run | None:
        settings = self.settings
        if error is not None and settings.wanted is not None and not settings.wanted(error):
            return None
        limit = self._limit(run)
        if limit is not None and run.number >= limit:
            self._give_up(run, error, "")
            return None
        run.demanded = demanded is not None
        if demanded is not None:
            wait = min(demanded, settings.max_delay)
        else:
            wait = settings.delay_after(run.number, _draw() if settings.delay else 0.0)
        reason = self._stopped_by(run, wait)
        if not reason and self.budget is not None and not self.budget.take():
            reason = "the retry budget"
        if reason:
            self._give_up(run, error, reason)
            return None
        attempt = RetryAttempt(
            name=self.name,
            attempt=run.number,
            max_attempts=limit,
            delay=wait,
            error=error,
            result=result,
            elapsed=self._now() - run.started,
        )
        if self.hook_is_async:
            run.attempt = attempt
            return run
        if self.hook is None:
            return self._settle(run, attempt, None)
        try:
            answer = self.hook(attempt)
            return self._settle(run, attempt, answer)
        except BaseException:
            self.unpay()
            raise

    def _limit(self, run: Run) -> int | None:
        limit = self.settings.max_attempts
        lower = None if run.testing is None else run.testing.max_attempts
        if limit is None or lower is None:
            return limit or lower
        return min(limit, lower)

    def _stopped_by(self, run: Run, wait: float) -> str:
        """What forbids to try again after *wait* seconds, if anything does."""
        left = deadline.remaining()
        if left is not None and wait >= left:
            return "the deadline"
        most = self.settings.max_elapsed
        if most is not None and self._now() - run.started + wait > most:
            return "max_elapsed"
        return ""

    def _to_sleep(self, wait: float, run: Run) -> float | None:
        if wait > 0 and (run.testing is None or run.testing.sleep):
            return wait
        return 0.0 if self._yields else None

    def _announce(self, attempt: RetryAttempt, run: Run) -> None:
        if run.testing is not None:
            run.testing.attempts.append(attempt)
        if LISTENERS:
            facts: dict[str, object] = {
                "attempt": attempt.attempt,
                "max_attempts": attempt.max_attempts,
                "delay": _readable(attempt.delay),
                "error": _kind(attempt.error),
            }
            emit(Signal(kind="retry.scheduled", source=self.name, level=20, facts=facts))

    def _give_up(self, run: Run, error: Exception | None, reason: str) -> None:
        """Say on the error what was done for it; the wrapper lets it out."""
        attempts = run.number
        if attempts < 2 and not reason:
            return
        elapsed = self._now() - run.started
        if error is not None:
            exact = self.settings.max_elapsed is not None
            note = _note(attempts, elapsed, reason, exact=exact)
            give_up(error, note, mark=attempts > 1)
        if attempts > 1 and LISTENERS:
            facts: dict[str, object] = {
                "attempts": attempts,
                "elapsed": _readable(elapsed),
                "error": _kind(error),
                "stopped_by": reason or "max_attempts",
            }
            emit(Signal(kind="retry.gave_up", source=self.name, facts=facts))


def quick_kind(error: Exception) -> type[Exception] | None:
    """The kind of *error*, if errors like it may be repeated without asking an `Engine`.

    It is plain, and neither a test mode nor a deadline is around us.
    """
    kind = type(error)
    if _is_known(kind) and innermost_test() is None and innermost() is None:
        return kind
    return None


def _is_known(kind: type[Exception]) -> bool:
    try:
        return kind in _plain_kinds
    except Exception:  # noqa: BLE001 - its metaclass has no __hash__, or one that raises
        return False


def _is_plain(error: Exception) -> bool:
    """Whether errors of this kind have nothing for us that is not in their `__dict__`."""
    kind = type(error)
    if _is_known(kind):
        return True
    plain = type(kind) is type and not (  # a metaclass may do anything
        any(hasattr(kind, name) for name in (*ATTRIBUTES, "__getattr__"))
        or kind.__getattribute__ is not BaseException.__getattribute__
        or issubclass(kind, BaseExceptionGroup)
        or _is_control_flow(error)
    )
    if plain:
        if len(_plain_kinds) >= _MOST_KINDS:  # somebody makes classes all the time
            _plain_kinds.clear()
        _plain_kinds.add(kind)
    return plain


def _is_control_flow(error: Exception) -> bool:
    # The end of an iteration is an answer; another attempt would wait, and find the same end.
    if issubclass(type(error), (StopIteration, StopAsyncIteration)):
        return True
    try:
        return passes_through(error)
    except Exception:  # noqa: BLE001 - a __getattribute__ that raises, which isinstance() calls
        return False


def _draw() -> float:
    """A random number from 0 to 1, with 1 left out.

    From the system: a forked child must not wait as long as its parent, and the numbers that
    somebody gets after `random.seed` must not depend on whether something was retried.
    """
    return (int.from_bytes(os.urandom(7), "big") >> 3) * 2.0**-53


def _chosen(answer: object, error: Exception | None) -> float | None:
    """The delay that a hook asks for, if its answer is one.

    Raises:
        InvalidRetryError: From *error*, which must stay in sight, if it cannot be one.
    """
    if answer is None or isinstance(answer, bool):
        return None
    from numbers import Number

    if isinstance(answer, (Number, timedelta)):
        try:
            return seconds(cast("float", answer), "the delay that on_retry returned")
        except InvalidRetryError as refused:
            raise refused from error
    if hasattr(answer, "__await__"):
        advice = "returned something to await; write it as async def"
        raise invalid("on_retry", answer, advice) from error
    return None


def _note(attempts: int, elapsed: float, reason: str, *, exact: bool) -> str:
    rounded = f"{elapsed:.1f}" if elapsed >= 0.1 or elapsed <= 0 else f"{elapsed:.1g}"
    note = f"{attempts} attempt{'s' if attempts > 1 else ''} in {rounded} s"
    if reason:
        note += f"; stopped by {reason}"
    # Reading the clock before each first attempt would cost every call that succeeds.
    return note if exact or attempts == 1 else f"{note} (timed from the first failure)"


def _readable(seconds: float) -> float:
    """Four digits: what a person or a dashboard can use of it."""
    return float(f"{seconds:.4g}")


def _kind(error: Exception | None) -> str | None:
    return None if error is None else type(error).__qualname__
