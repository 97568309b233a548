"""`benchmark`: call a function several times, and tell how long that took."""

from __future__ import annotations

import gc
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import repeat
from textwrap import indent
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final, overload

from pepperpy.infra.utils import to_seconds
from pepperpy.infra.utils.wrapping import compile_wrapper, kind_of, name_of

from ._decorating import on_function
from ._errors import InvalidTargetError
from ._memory import MemoryTracker
from ._options import refuse, whole
from ._result import PerformanceResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import ParamSpec, TypeVar

    from pepperpy.infra.utils import Clock

    from ._typing import Benchmarked, Decorator

    P = ParamSpec("P")
    R = TypeVar("R")

_LABEL: Final = "benchmark"

_MOST_LOOPS: Final = 1 << 24

# The mark is emptied in the end, since tasks that outlive the call have it in their contexts too.
_OUTERMOST: Final = """\
if $inside.get():
    return $await$call
$mark = [True]
try:
    $inside.set($mark)
"""


@overload
def benchmark(func: Callable[P, R], /) -> Benchmarked[P, R]: ...


@overload
def benchmark(
    iterations: int = 1,
    warmup_iterations: int = 0,
    track_memory: bool = False,
    gc_collect: bool = True,
    report_telemetry: bool = True,
    provider_id: str | None = None,
    *,
    name: str | None = None,
    min_time: float | timedelta = 0,
    clock: Clock | None = None,
) -> Decorator: ...


def benchmark(  # noqa: PLR0917 - as it is known
    iterations: Any = 1,
    warmup_iterations: int = 0,
    track_memory: bool = False,
    gc_collect: bool = True,
    report_telemetry: bool = True,
    provider_id: str | None = None,
    *,
    name: str | None = None,
    min_time: float | timedelta = 0,
    clock: Clock | None = None,
) -> Any:
    """Have each call of a function run it several times, and keep how long each took.

    The decorated function calls the function `warmup_iterations` + `iterations` times with its
    arguments and returns what the last call returned; its attribute ``last_result`` is the
    `PerformanceResult`.  Coroutine functions are awaited, methods work, signature and
    documentation stay.  What raises is raised at once, and ``last_result`` stays what it was.
    Where the function calls itself, that call is part of the measured one.

    Args:
        iterations: Calls that are measured.
        warmup_iterations: Calls before them that are not.
        track_memory: Whether the peak of each iteration is measured, which makes allocations in
            it slower: take the times from another run.
        gc_collect: Collect garbage before the first iteration, so that it does not pay for what
            came before.  Whether Python collects meanwhile is left as it is.
        report_telemetry: Whether telemetry hears of the result.
        provider_id: Whose telemetry; by default nobody's in particular.
        name: Of the result, and what telemetry knows it by; by default the function's own, and for
            telemetry that in full.
        min_time: Seconds that an iteration lasts at least, for functions too short for the
            clock: each iteration calls the function as often as that takes, found out by further
            calls before, and one call's part of the time counts.
        clock: What measures the time; by default the finest clock of the system.

    Raises:
        InvalidOptionError: At decoration, if a number makes no sense.
        InvalidTargetError: At decoration, if it is put on a generator function or no function.

    Examples:
        >>> @benchmark(iterations=5, warmup_iterations=1)
        ... def total(n: int) -> int:
        ...     return sum(range(n))
        >>> total(1000)
        499500
        >>> result = total.last_result
        >>> result.iterations, result.minimum <= result.median <= result.maximum
        (5, True)
    """
    given: object = iterations
    is_number = hasattr(type(given), "__float__") and not callable(given)
    target, count = (None, iterations) if is_number else (iterations, 1)
    plan = _Plan(
        iterations=whole(count, "iterations", least=1),
        warmup=whole(warmup_iterations, "warmup_iterations", least=0),
        track_memory=track_memory,
        gc_collect=gc_collect,
        report_telemetry=report_telemetry,
        provider_id=provider_id,
        name=name,
        min_time=_seconds(min_time),
        now=perf_counter if clock is None else clock.monotonic,
    )

    def decorator(target: Any, /) -> Any:
        return on_function(target, lambda func: _wrap(func, plan), _LABEL)

    return decorator if target is None else decorator(target)


def _seconds(least: float | timedelta) -> float:
    seconds = to_seconds(least)
    if not 0 <= seconds < float("inf"):
        refuse("min_time", "seconds >= 0, or a timedelta", least)
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What one decoration asks for."""

    iterations: int
    warmup: int
    track_memory: bool
    gc_collect: bool
    report_telemetry: bool
    provider_id: str | None
    name: str | None
    min_time: float
    now: Callable[[], float]


def _wrap(func: Callable[..., Any], plan: _Plan) -> Any:
    kind = kind_of(func)
    if kind.is_generator:
        raise InvalidTargetError(
            f"{_LABEL} decorates functions and coroutine functions; {name_of(func)} is a "
            f"{kind.value}, of which a call does nothing yet: measure what consumes it",
            decorator=_LABEL,
        )
    full = name_of(func)
    name, function = (plan.name, "") if plan.name else (_plain_name(func, full), full)

    def keep(run: _Run) -> None:
        wrapper.last_result = result = run.result(name, function)
        if plan.report_telemetry:
            result.report_to_telemetry(plan.provider_id)

    names = {
        "begin": lambda: _Run(plan),
        "inside": ContextVar("pepperpy.metrics.benchmark", default=None),
        "iterations": plan.iterations,
        "keep": keep,
        "now": plan.now,
        "repeat": repeat,
        "warmup": plan.warmup,
    }
    wrapper: Any = compile_wrapper(func, _body(plan), names, label=_LABEL, kind=kind)
    wrapper.last_result = None
    return wrapper


def _plain_name(func: Callable[..., Any], full: str) -> str:
    name = getattr(func, "__name__", None)
    return name if isinstance(name, str) else full


def _body(plan: _Plan) -> str:
    """The source: what is not asked for is not in it, and nothing of ours is in what is timed."""
    call, share = "$value = $await$call\n", ""
    if plan.min_time:
        call, share = (
            f"for $_ in $repeat(None, $run.loops):\n{indent(call, '    ')}",
            " / $run.loops",
        )
    timed = f"$started = $now()\n{call}$ended = $now()\n"
    measured = f"with $run.memory:\n{indent(timed, '    ')}" if plan.track_memory else timed
    lines = [
        "for $_ in $repeat(None, $warmup):\n    $await$call\n",
        "$run = $begin()\n",
        f"while $run.too_short:\n{indent(timed, '    ')}    $run.calibrate($ended - $started)\n",
        "$run.start()\n",
        "for $_ in $repeat(None, $iterations):\n",
        # To free what the last call returned is not the work of the next one.
        "    $value = None\n",
        indent(measured, "    "),
        f"    $run.add(($ended - $started){share})\n",
        "$keep($run)\n",
        "return $value\n",
    ]
    if not plan.min_time:
        del lines[2]
    return _OUTERMOST + indent("".join(lines), "    ") + "finally:\n    $mark.clear()\n"


class _Run:
    """The measurements of one call."""

    __slots__ = ("_cpu", "_peaks", "_plan", "_times", "loops", "memory", "too_short")

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._times: list[float] = []
        self._peaks: list[int] = []
        self.memory = MemoryTracker()
        self.loops = 1
        self.too_short = True

    def calibrate(self, seconds: float) -> None:
        """Take twice as many loops, unless they have lasted long enough."""
        if seconds >= self._plan.min_time or self.loops >= _MOST_LOOPS:
            self.too_short = False
        else:
            self.loops *= 2

    def start(self) -> None:
        """Begin with the iterations."""
        if self._plan.gc_collect:
            gc.collect()
        self._cpu = process_time()

    def add(self, seconds: float) -> None:
        """Keep what one iteration took."""
        self._times.append(seconds)
        if self._plan.track_memory:
            self._peaks.append(self.memory.memory_used)

    def result(self, name: str, function: str) -> PerformanceResult:
        """All of them."""
        return PerformanceResult(
            name,
            iteration_times=self._times,
            iteration_memory=self._peaks,
            cpu_time=process_time() - self._cpu,
            loops=self.loops,
            function=function,
        )
