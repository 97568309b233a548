"""The wrappers that act: the call, the sleep and the `await`, around an `Engine`'s decisions.

The loop stands in the wrapper itself.  That keeps the engine out of tracebacks, and two failures
cost 0.3 plain loops less than with the loop in a function of its own.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils._signals import LISTENERS
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper

from ._engine import quick_kind
from ._nesting import LABEL, LAST_MARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._engine import Engine

_LOOP = """\
$number = 1
while True:
    try:
        {attempt}
    except $caught as $error:
{begin}
{quick}
        $run = $failed($error, $number, $started, $began, $run)
{settled}
        if $run is None:
            raise
{success}
    $number += 1
    if $run.wait is not None:
        $await$sleep($run.wait)
    $began = $last_mark[0]
"""

# What `Engine.failed` would find, where there is no delay, for an error that carries nothing: two
# failures cost 1.4 plain loops with it and 2.1 without.
_QUICK = """\
if (
    $type($error) is $quick
    and $number < $most
    and $error.__context__ is None
    and $error.__cause__ is None
    and not $error.__dict__
    and not $listeners
):
    $number += 1
    $began = None
    continue
"""

_SETTLED = """\
if $run is not None:
    $hooked = $run
    try:
        $run = $settle($run, await $hook($run.attempt))
    except $BaseException:
        $unpay()
        raise
    finally:
        $hooked.attempt = None
"""

_ACCEPTED = """\
    else:
        $refund()
        return $result
"""

_JUDGED = """\
    else:
        if not $unwanted($result):
            {refund}
            return $result
{begin}
        $run = $rejected($result, $number, $started, $run)
{settled}
        if $run is None:
            return $result
        $result = None
"""

_FIRST_ITEM = {
    Kind.GENERATOR: """\
        $generator = $call
        $item = $next($generator)
    except $StopIteration as $stop:
        {refund}
        return $stop.value
""",
    Kind.ASYNC_GENERATOR: """\
        $generator = $call
        $item = await $anext($generator)
    except $StopAsyncIteration:
        {refund}
        return
""",
}


def wrapper_of(func: Callable[..., Any], engine: Engine, kind: Kind) -> Callable[..., Any]:
    """*func* with the retry around it."""
    kinds = engine.settings.exceptions
    names = {
        "caught": kinds[0] if len(kinds) == 1 else kinds,  # a tuple is slower to match
        "failed": engine.failed,
        "rejected": engine.rejected,
        "settle": engine.settle,
        "unpay": engine.unpay,
        "hook": engine.hook,
        "sleep": engine.clock.asleep if kind.is_async else engine.clock.sleep,
        "now": engine.clock.monotonic,
        "unwanted": engine.settings.retry_on_result,
        "refund": engine.budget and engine.budget.succeeded,
        "quick_kind": quick_kind,
        "most": engine.settings.max_attempts,
        "listeners": LISTENERS,
        "last_mark": LAST_MARK,
    }
    return compile_wrapper(func, _body(engine, kind), names, label=LABEL, kind=kind)


def _body(engine: Engine, kind: Kind) -> str:
    """The source: what is not configured is not in it, and costs nothing."""
    timed = engine.settings.max_elapsed is not None
    refund = "$refund()" if engine.budget is not None else "pass"
    attempt, success = "return $await$call", ""
    if kind.is_generator:
        attempt = _FIRST_ITEM[kind].format(refund=refund)
        success = f"    else:\n        {refund}\n        break\n"
    elif engine.settings.retry_on_result is not None:
        attempt, success = "$result = $await$call", _JUDGED
    elif engine.budget is not None:
        attempt, success = "$result = $await$call", _ACCEPTED
    begin = ["if $number == 1:", "    $run = $began = None"]
    begin += [] if timed else ["    $started = $now()"]
    begin += ["    $quick = $quick_kind($error)"] if engine.is_simple else []
    parts = {
        "begin": textwrap.indent("\n".join(begin), " " * 8),
        "settled": textwrap.indent(_SETTLED, " " * 8) if engine.hook_is_async else "",
        "refund": refund,
    }
    loop = _LOOP.format(
        attempt=attempt.strip(),
        quick=textwrap.indent(_QUICK, " " * 8) if engine.is_simple else "",
        success=success.format(**parts).rstrip(),
        **parts,
    )
    clock_read = "$started = $now()\n" if timed else ""
    return clock_read + loop + ("$relay\n" if kind.is_generator else "")
