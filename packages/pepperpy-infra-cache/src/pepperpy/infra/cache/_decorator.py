"""From a function to one that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import Clock
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of, name_of, parameters_of

from ._errors import InvalidTargetError
from ._handles import CoroutineHandles, PlainHandles
from ._keys import Keys
from ._loading import LoadingMemo
from ._names import Naming, entity_name
from ._settings import Settings
from ._settled import SettledStore
from ._tasks import TaskDriver
from ._threads import ThreadDriver

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._rules import Rules

_LABEL: Final = "cached"

# The hit stands in the wrapper itself.  It takes no lock: an entry is never changed in a way that a
# hit must not see, and a lost count of hits is all that threads can do to each other.  A key that is
# one expression is made again by a miss: a local for it would cost each hit a twentieth.
_HIT = """\
try:
    $e = $data[{key}]
    {fresh}
        $e[2] += 1
        return $e[0]
except $missing:
    pass
"""
# The user's own function for copies stands where its errors are no misses.
_HIT_OF_COPY = """\
$found = None
try:
    $e = $data[{key}]
    {fresh}
        $e[2] += 1
        $found = ($e[0],)
except $missing:
    pass
if $found is not None:
    return $copied($found[0])
"""
# What stays for ever needs no entry: its value is there or not.
_HIT_OF_SETTLED = """\
$count.hits += 1.0
try:
    return $data[{key}]
except $missing:
    $count.hits -= 1.0
except $BaseException:
    $count.hits -= 1.0
    raise
"""
_PLAIN = """\
$mark = []
try:
    $found = $begin($mark, {key}, $args, $kwargs)
    if $found is not None:
        return $found[0]
    $result = $call
    if $mark:
        $loaded($mark[0], $result)
        $enter($mark[0].outer)
    return $result
except $BaseException as $error:
    try:
        $raised = $failed($mark, $error)
    except $BaseException:  # interrupted once more
        $dropped($mark)
        raise
    if $raised:
        raise
    return $rescued($mark)
"""
_COROUTINE = """\
return await $load({key}, $args, $kwargs)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a function is to be cached; a bad option is refused when this is made."""

    settings: Settings
    has_own_size: bool = True
    """Whether somebody has said how much is kept of this function."""
    ends: bool = False
    """Whether entries get a ttl of their own."""
    key: Any = None
    tags: Any = ()
    names: bool = True
    ignore: Any = ()
    name: str | None = None
    namespace: str = "default"
    version: str | None = None
    clock: Clock = field(default_factory=Clock)


def wrap(func: Callable[..., Any], plan: Plan, rules: Rules, label: str) -> tuple[Any, LoadingMemo]:
    """*func* with a memory, and that memory.

    Raises:
        InvalidTargetError: If there is nothing in what *func* returns to be kept.
        InvalidTemplateError: If a template does not fit its parameters.
        InvalidOptionError: If another option does not.
    """
    kind = _checked_kind(func, label)
    function = name_of(func)
    short = function.rpartition(".")[2]
    parameters = parameters_of(func)
    keys = Keys(parameters, key=plan.key, ignore=plan.ignore, function=short)
    naming = Naming(parameters, keys, tags=plan.tags, entities=plan.names, function=short)
    memo = LoadingMemo(
        name=plan.name or function,
        function=f"{function}@{plan.version}" if plan.version else function,
        namespace=plan.namespace,
        settings=plan.settings,
        keys=keys,
        naming=naming,
        clock=plan.clock,
        rules=rules,
        has_own_size=plan.has_own_size,
        # A rule can end what has a name.
        ends=plan.ends or plan.settings.can_expire or naming.names_entries,
    )
    memo.origin = func
    known = {
        **keys.names,
        "entity": entity_name,
        "tokens": memo.tokens.by_id,
        "data": memo.store.hot,
        "now": memo.now,
        # What cannot be hashed says so in two ways; an entry that is being dropped is empty.
        "missing": (KeyError, TypeError, ValueError, IndexError),
        "copied": memo.copied,
    }
    if naming.source is not None:
        memo.names_of_call = compile_wrapper(
            func, naming.source, known, label=f"{_LABEL} names", kind=Kind.FUNCTION
        )
    before, key = keys.lookup
    hit = _HIT_OF_COPY if plan.settings.copy else _HIT
    if isinstance(memo.store, SettledStore):
        known["count"] = memo.store.count
        hit = _HIT_OF_SETTLED
    parts = hit + (_COROUTINE if kind is Kind.COROUTINE else _PLAIN)
    fresh = "if $e[1] > $now():" if memo.ends else "if True:"
    body = before + parts.format(key=key, fresh=fresh)
    if kind is Kind.COROUTINE:
        tasks = TaskDriver(memo, func)
        wrapper = compile_wrapper(
            func, body, {**known, "load": tasks.load}, label=_LABEL, kind=kind
        )
        CoroutineHandles(func, wrapper, memo, keys, tasks)
    else:
        threads = ThreadDriver(memo, func)
        wrapper = compile_wrapper(func, body, {**known, **threads.names}, label=_LABEL, kind=kind)
        PlainHandles(func, wrapper, memo, keys, threads)
    return wrapper, memo


def _checked_kind(func: Callable[..., Any], label: str) -> Kind:
    kind = kind_of(func)
    if kind.is_generator:
        raise InvalidTargetError(
            f"{name_of(func)} is a {kind.value}: what it yields can be gone through only once, so "
            "there is nothing to keep; cache a function that returns a list",
            function=name_of(func),
        )
    if label.startswith("async_") and kind is not Kind.COROUTINE:
        raise InvalidTargetError(
            f"{label} decorates coroutine functions; {name_of(func)} is a {kind.value}: "
            f"use {label.removeprefix('async_')}",
            function=name_of(func),
        )
    return kind
