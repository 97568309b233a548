"""Races of `pepperpy-infra-utils`: wrappers, retry, identifiers, slugs, e-mail addresses."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import backoff
import retrying
import stamina
import tenacity
from harness import OURS, Goal, Race, awaiting, repeating
from slugify import slugify as python_slugify

from pepperpy.infra.utils import (
    async_retry,
    generate_id,
    is_valid_email,
    retry,
    slugify,
    wrapping,
)

EMPTY = "empty *args wrapper"
TITLES = {
    "ascii": "Hello, World! This is a Simple Title 42",
    "latin": "C'est déjà l'été — Ærøskøbing, Łódź & Straße",
    "mixed scripts": "影師嗎 Компьютер Ελλάδα 東京 2024",
}
ADDRESSES = ("ann@example.com", "a.b+c@mail.example.co.uk", "x@y.zz", "nobody@", "no spaces@a.bc")
LOOSE_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def races() -> Iterator[Race]:
    """All of them."""
    stamina.instrumentation.set_on_retry_hooks(())
    yield wrappers()
    yield retry_sync()
    yield retry_async()
    yield retry_two_failures()
    yield Race(
        title="one identifier",
        contestants={
            OURS: repeating(lambda: generate_id(prefix="user_")),
            "uuid4().hex": repeating(lambda: uuid.uuid4().hex),
        },
        goals=[Goal(at_most=0.3, against="uuid4().hex")],
    )
    for script, title in TITLES.items():
        yield Race(
            title=f"slug of a title, {script}",
            contestants={
                OURS: repeating(slugify, title),
                "python-slugify": repeating(python_slugify, title),
            },
            goals=[Goal(at_most=0.25, against="python-slugify")]
            if script != "mixed scripts"
            else [],
        )
    yield Race(
        title="five e-mail addresses",
        contestants={
            OURS: repeating(lambda: [is_valid_email(address) for address in ADDRESSES]),
            "a loose pattern": repeating(lambda: [bool(loose(address)) for address in ADDRESSES]),
        },
        floors=["a loose pattern"],
        goals=[Goal(at_most=1.3, against="a loose pattern")],
    )


def plain(x: object) -> object:
    """The least that a function can do."""
    return x


async def aplain(x: object) -> object:
    """The least that a coroutine function can do."""
    return x


def loose(address: str) -> re.Match[str] | None:
    """What people write when they need an e-mail check at once."""
    return LOOSE_EMAIL.fullmatch(address)


def empty(func: Callable[..., Any]) -> Callable[..., Any]:
    """The usual decorator, without anything in it."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapper


def aempty(func: Callable[..., Any]) -> Callable[..., Any]:
    """The usual decorator of coroutine functions, without anything in it."""

    @functools.wraps(func)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await func(*args, **kwargs)

    return wrapper


def wrappers() -> Race:
    """What it costs to stand between a caller and a function."""

    def keywords(a: int, b: int = 2, *, c: int = 3) -> int:
        return a or b or c

    def calling(func: Callable[..., object]) -> Callable[[], object]:
        return lambda: func(1, c=5)

    compiled = wrapping.compile_wrapper(keywords, "return $call", {}, label="bench")
    return Race(
        title="an empty wrapper, one argument and a keyword",
        contestants={
            "bare": repeating(calling(keywords)),
            OURS: repeating(calling(compiled)),
            EMPTY: repeating(calling(empty(keywords))),
        },
        bare="bare",
        goals=[Goal(at_most=0.5, against=EMPTY)],
    )


def peers_of_retry() -> dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """Four attempts without a delay, in everybody's own words."""
    return {
        "tenacity": tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_none()),
        "stamina": stamina.retry(
            on=Exception, attempts=4, wait_initial=0, wait_max=0, wait_jitter=0
        ),
        "backoff": backoff.on_exception(
            functools.partial(backoff.constant, interval=0),
            Exception,
            max_tries=4,
            jitter=None,
            logger=None,
        ),
        "retrying": retrying.retry(stop_max_attempt_number=4),
    }


def retry_sync() -> Race:
    """A function that works the first time."""
    peers = peers_of_retry()
    return Race(
        title="retry, a call that succeeds",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(retry(max_attempts=4, delay=0)(plain), 1),
            EMPTY: repeating(empty(plain), 1),
            **{name: repeating(decorate(plain), 1) for name, decorate in peers.items()},
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=0.5, against=EMPTY), Goal(at_most=1 / 40, against=list(peers))],
    )


def retry_async() -> Race:
    """A coroutine function that works the first time."""
    peers = peers_of_retry()
    del peers["retrying"]  # it has no async form
    return Race(
        title="retry, an awaited call that succeeds",
        contestants={
            "bare": awaiting(aplain, 1),
            OURS: awaiting(async_retry(max_attempts=4, delay=0)(aplain), 1),
            EMPTY: awaiting(aempty(aplain), 1),
            **{name: awaiting(decorate(aplain), 1) for name, decorate in peers.items()},
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=0.5, against=EMPTY), Goal(at_most=1 / 20, against=list(peers))],
    )


def retry_two_failures() -> Race:
    """A function that fails twice, with nothing to wait for."""

    def flaky() -> Callable[[object], object]:
        state = [0]

        def fail_twice(x: object) -> object:
            state[0] += 1
            if state[0] % 3:
                raise ValueError(x)
            return x

        return fail_twice

    def loop(func: Callable[[object], object]) -> Callable[[object], object]:
        def call(x: object) -> object:
            for _ in range(3):
                try:
                    return func(x)
                except Exception:  # noqa: BLE001, S112 - what the peers do
                    continue
            return func(x)

        return call

    floor = "a loop with try"
    return Race(
        title="retry, two failures and a success, no delay",
        contestants={
            OURS: repeating(retry(max_attempts=4, delay=0)(flaky()), 1),
            floor: repeating(loop(flaky()), 1),
            **{
                name: repeating(decorate(flaky()), 1) for name, decorate in peers_of_retry().items()
            },
        },
        floors=[floor],
        goals=[Goal(at_most=1.4, against=floor)],
    )
