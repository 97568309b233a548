"""Races of `pepperpy-infra-resilience`: breakers that are closed and open, and a pipeline."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import aiobreaker
import circuitbreaker
import hyx.circuitbreaker
import purgatory
import pybreaker
from harness import OURS, Goal, Race, awaiting, repeating
from races_utils import EMPTY, aempty, aplain, empty, plain

from pepperpy.infra.resilience import (
    Bulkhead,
    CircuitBreaker,
    CircuitBreakerError,
    Pipeline,
    RateLimit,
    RedisResilienceStore,
    Retry,
    Timeout,
)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

CAUGHT = "raise and catch"
ONE = "of one process"


def races() -> Iterator[Race]:
    """All of them."""
    yield closed()
    yield closed_async()
    yield shared()
    yield execute()
    yield rejected()
    yield pipeline()


def closed() -> Race:
    """A call that succeeds."""
    peers: dict[str, Decorator] = {
        "circuitbreaker": circuitbreaker.CircuitBreaker(),
        "purgatory": purgatory.SyncCircuitBreakerFactory()("bench"),
        "pybreaker": pybreaker.CircuitBreaker(),
    }
    return Race(
        title="breaker, a call that succeeds",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(CircuitBreaker("closed")(plain), 1),
            EMPTY: repeating(empty(plain), 1),
            **{name: repeating(decorate(plain), 1) for name, decorate in peers.items()},
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=0.8, against=EMPTY), Goal(at_most=1 / 8, against=list(peers))],
    )


def closed_async() -> Race:
    """A coroutine that succeeds."""
    peers: dict[str, Decorator] = {
        "circuitbreaker": circuitbreaker.CircuitBreaker(),
        "purgatory": purgatory.AsyncCircuitBreakerFactory()("bench"),
        "aiobreaker": aiobreaker.CircuitBreaker(),
        "hyx": hyx.circuitbreaker.consecutive_breaker(),
    }
    return Race(
        title="breaker, an awaited call that succeeds",
        contestants={
            "bare": awaiting(aplain, 1),
            OURS: awaiting(CircuitBreaker("closed")(aplain), 1),
            EMPTY: awaiting(aempty(aplain), 1),
            **{name: awaiting(decorate(aplain), 1) for name, decorate in peers.items()},
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=0.8, against=EMPTY), Goal(at_most=1 / 5, against=list(peers))],
    )


def shared() -> Race:
    """A call that succeeds, of a breaker that many processes share.

    A closed circuit asks nobody, so no server has to be there.
    """
    store = RedisResilienceStore("redis://127.0.0.1:1/0")
    of_many, of_one = CircuitBreaker("many", store=store)(plain), CircuitBreaker("one")(plain)
    of_many(1)  # the first one starts the store
    return Race(
        title="breaker shared by processes, a call that succeeds",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(of_many, 1),
            ONE: repeating(of_one, 1),
            EMPTY: repeating(empty(plain), 1),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=1.1, against=ONE)],
    )


def execute() -> Race:
    """A function that is not decorated."""
    return Race(
        title="breaker, execute",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(CircuitBreaker("execute").execute, plain, 1),
            EMPTY: repeating(empty(plain), 1),
            "pybreaker, call": repeating(pybreaker.CircuitBreaker().call, plain, 1),
            "circuitbreaker, call": repeating(circuitbreaker.CircuitBreaker().call, plain, 1),
        },
        bare="bare",
        floors=[EMPTY],
        goals=[Goal(at_most=2.0, against=EMPTY)],
    )


def rejected() -> Race:
    """A call that an open circuit does not make."""

    def raising(x: object) -> object:
        raise ValueError(x)

    def catching(call: Callable[..., object], error: type[Exception]) -> Callable[[], None]:
        def once() -> None:
            try:
                call(1)
            except error:
                return
            raise RuntimeError("the circuit let a call through")

        return once

    def tripped(decorate: Decorator, error: type[Exception]) -> Callable[[], None]:
        call = decorate(raising)
        for _ in range(20):
            try:
                call(1)
            except Exception as caught:  # noqa: BLE001 - what the peers raise meanwhile
                if isinstance(caught, error):
                    break
        return catching(call, error)

    ours = CircuitBreaker("open")
    return Race(
        title="breaker, a call that is rejected",
        contestants={
            OURS: repeating(tripped(ours, CircuitBreakerError)),
            CAUGHT: repeating(catching(raising, ValueError)),
            "circuitbreaker": repeating(
                tripped(circuitbreaker.CircuitBreaker(), circuitbreaker.CircuitBreakerError)
            ),
            "pybreaker": repeating(
                tripped(pybreaker.CircuitBreaker(), pybreaker.CircuitBreakerError)
            ),
        },
        floors=[CAUGHT],
        goals=[Goal(at_most=1.4, against=CAUGHT)],
    )


def pipeline() -> Race:
    """Retry, breaker, rate limit, bulkhead and deadline around one call."""
    alone = "breaker alone"
    whole = Pipeline(
        Retry(),
        CircuitBreaker("pipeline"),
        RateLimit(10**9),
        Bulkhead(100),
        Timeout(5.0),
    )
    one_by_one = functools.reduce(
        lambda call, policy: policy(call),
        (Timeout(5.0), Bulkhead(100), RateLimit(10**9), CircuitBreaker("single"), Retry()),
        plain,
    )
    return Race(
        title="pipeline of retry, breaker, rate limit, bulkhead and deadline",
        contestants={
            "bare": repeating(plain, 1),
            OURS: repeating(whole(plain), 1),
            alone: repeating(CircuitBreaker("alone")(plain), 1),
            "the same, one wrapper each": repeating(one_by_one, 1),
        },
        bare="bare",
        floors=[alone, "the same, one wrapper each"],
        goals=[Goal(at_most=3.0, against=alone)],
    )
