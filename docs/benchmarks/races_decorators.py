"""Races of `pepperpy-infra-decorators`: what decorators cost that have nothing to do, and a hit."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import codetiming
import deprecated as deprecated_library
import typing_extensions
import wrapt
from harness import OURS, Goal, Loop, Race, awaiting, repeating
from races_utils import EMPTY, aempty, aplain, empty, plain

from pepperpy.infra.decorators import deprecated, log_calls, log_exceptions, memoize, timed

LRU = "functools.lru_cache"
WRAPT = "wrapt, empty"
TELEMETRY = "pepperpy.infra.telemetry"


def races() -> Iterator[Race]:
    """All of them, with the level of the log at WARNING, which is off for `timed` and `log_calls`."""
    # The other races have imported telemetry, and where it is imported `timed` measures.
    telemetry = sys.modules.pop(TELEMETRY, None)
    try:
        for title, ours in (("timed", timed), ("log_calls", log_calls)):
            yield off(f"{title}, level off, one argument", ours)
            yield off_method(f"{title}, level off, a method", ours)
            yield off_async(f"{title}, level off, awaited", ours)
        yield off("log_exceptions, a call that succeeds", log_exceptions)
        yield warning()
        yield hit("one integer", 1_000_000, [Goal(at_most=1.3, against=LRU)])
        yield hit("one text", "user-00001")
        yield hit_keyword()
    finally:
        if telemetry is not None:
            sys.modules[TELEMETRY] = telemetry
    yield measuring()


@wrapt.decorator  # type: ignore[untyped-decorator]  # a rival
def by_wrapt(
    wrapped: Callable[..., Any], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Theirs, with nothing in it."""
    return wrapped(*args, **kwargs)


def off(title: str, ours: Callable[..., Any]) -> Race:
    """A function with one argument."""
    return Race(
        title=title,
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(ours(plain), 1),
            EMPTY: repeating(empty(plain), 1),
            WRAPT: repeating(by_wrapt(plain), 1),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=1.0, against=EMPTY)],
    )


def off_method(title: str, ours: Callable[..., Any]) -> Race:
    """The same as a method."""

    def returning(self: object, x: object) -> object:
        return x or self

    def service(decorate: Callable[..., Any]) -> Any:
        return type("Service", (), {"method": decorate(returning)})()

    def calling(instance: Any) -> Loop:
        return repeating(lambda: instance.method(1))

    return Race(
        title=title,
        contestants={
            "bare": calling(service(lambda func: func)),
            OURS: calling(service(ours)),
            EMPTY: calling(service(empty)),
            WRAPT: calling(service(by_wrapt)),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=1.0, against=EMPTY)],
    )


def off_async(title: str, ours: Callable[..., Any]) -> Race:
    """The same as a coroutine function."""
    return Race(
        title=title,
        contestants={
            "bare": awaiting(aplain, 1),
            OURS: awaiting(ours(aplain), 1),
            EMPTY: awaiting(aempty(aplain), 1),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=1.0, against=EMPTY)],
    )


def measuring() -> Race:
    """What `timed` costs where telemetry is imported, or somebody looks at the figures."""
    timer = codetiming.Timer(name="bench", logger=None)
    return Race(
        title="timed, measuring",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(timed(level=None)(plain), 1),
            EMPTY: repeating(empty(plain), 1),
            "codetiming": repeating(timer(plain), 1),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=0.5, against="codetiming")],
    )


def warning() -> Race:
    """A deprecated function whose warning is filtered out."""
    warnings.simplefilter("ignore", DeprecationWarning)
    peers = {
        "typing_extensions": typing_extensions.deprecated("Use new() instead"),
        "Deprecated": deprecated_library.deprecated(reason="Use new() instead"),
    }
    return Race(
        title="deprecated, the warning ignored",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(deprecated("Use new() instead")(plain), 1),
            **{name: repeating(decorate(plain), 1) for name, decorate in peers.items()},
        },
        bare="bare",
        goals=[Goal(at_most=1.0, against=list(peers))],
    )


def hit(what: str, arg: object, goals: Sequence[Goal] = ()) -> Race:
    """A result that is remembered."""
    return Race(
        title=f"memoize, a hit, {what}",
        contestants={
            OURS: repeating(memoize(plain), arg),
            LRU: repeating(functools.lru_cache(maxsize=None)(plain), arg),
        },
        goals=goals,
    )


def hit_keyword() -> Race:
    """The same with two arguments and a keyword."""

    def keyword(a: object, b: object, *, flag: bool) -> object:
        return a or b or flag

    def calling(func: Callable[..., object]) -> Loop:
        return repeating(lambda: func(1, "b", flag=True))

    return Race(
        title="memoize, a hit, two arguments and a keyword",
        contestants={
            OURS: calling(memoize(keyword)),
            LRU: calling(functools.lru_cache(maxsize=None)(keyword)),
        },
    )
