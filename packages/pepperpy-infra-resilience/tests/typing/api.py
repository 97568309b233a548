"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import assert_type

from pepperpy.infra.resilience import (
    Bulkhead,
    BulkheadFullError,
    CallTimeoutError,
    Chaos,
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitState,
    Hedge,
    Pipeline,
    Policy,
    ProviderFallback,
    ProviderFallbackError,
    RateLimit,
    RateLimitedError,
    RedisResilienceStore,
    Retry,
    RetryBudget,
    SharedRetryBudget,
    Timeout,
    get_circuit_breaker,
    get_fallback,
    initialize_resilience,
    isolated_circuit_breakers,
    reset_all_circuit_breakers,
    reset_circuit_breaker,
    resilience_disabled,
    with_circuit_breaker,
    with_fallback,
)
from pepperpy.infra.utils import FakeClock

config = CircuitBreakerConfig(failure_rate=0.5, window=timedelta(seconds=30), slow_call=2)
breaker = CircuitBreaker("mail", config, clock=FakeClock(), recovery_timeout=timedelta(minutes=1))


@breaker
def send(text: str, *, urgent: bool = False) -> int:
    return len(text) + urgent


@with_circuit_breaker("mail", failure_threshold=3, failure_exceptions=(OSError,))
async def fetch(url: str) -> bytes:
    return url.encode()


@with_circuit_breaker("mail", CircuitBreakerConfig(recovery_timeout=5))
def items(n: int) -> Iterator[int]:
    yield n


@breaker
async def aitems(n: int) -> AsyncIterator[int]:
    yield n


class Service:
    @breaker
    def call(self, x: int) -> str:
        return str(x)

    @breaker
    @classmethod
    def make(cls) -> Service:
        return cls()

    @with_fallback("a", ["b"])
    def ask(self, provider_id: str, question: str) -> bytes:
        return f"{provider_id}{question}".encode()


@with_fallback("a", ["b", "c"], CircuitBreakerConfig(failure_threshold=2))
def ask(provider_id: str, question: str, *, depth: int = 1) -> bytes:
    return f"{provider_id}{question}{depth}".encode()


@with_fallback("a", ["b"], hedge_after=0.2, exceptions=(OSError, TimeoutError))
async def aask(provider_id: str, question: str) -> bytes:
    return f"{provider_id}{question}".encode()


def plainly(provider_id: str, question: str) -> int:
    return len(provider_id + question)


def breakers() -> None:
    assert_type(send("hello", urgent=True), int)
    assert_type(breaker.execute(send, "hello", urgent=True), int)
    assert_type(Service().call(1), str)
    assert_type(Service.make(), Service)
    assert_type(list(items(3)), list[int])
    assert_type(breaker.state, CircuitState)
    assert_type(breaker.for_key(("host", 80)), CircuitBreaker)
    assert_type(breaker.last_failure, Exception | None)
    with breaker:
        pass
    try:
        send("hello")
    except CircuitBreakerError as error:
        assert_type(error.name, str)
        assert_type(error.retry_after, float | None)
        assert_type(error.state, CircuitState)
        assert_type(error.last_failure, Exception | None)
    assert_type(get_circuit_breaker("mail"), CircuitBreaker)
    reset_circuit_breaker("mail")
    reset_all_circuit_breakers()
    with resilience_disabled(), isolated_circuit_breakers():
        pass


def fallbacks() -> None:
    assert_type(ask("why", depth=2), bytes)
    assert_type(get_fallback("a", ["b"]), ProviderFallback)
    try:
        assert_type(ProviderFallback("a", ["b"]).execute(plainly, "why"), int)
    except ProviderFallbackError as error:
        assert_type(error.providers, tuple[str, ...])
        assert_type(error.exceptions[0], Exception | ExceptionGroup[Exception])


async def awaiting() -> None:
    assert_type(await fetch("/"), bytes)
    assert_type(await breaker.execute(fetch, "/"), bytes)
    assert_type(await aask("why"), bytes)
    assert_type([each async for each in aitems(3)], list[int])
    async with breaker:
        pass


mail = Pipeline(
    Timeout(30.0),
    RetryBudget(10),
    Retry(max_attempts=3, delay=0.1, exceptions=OSError),
    breaker,
    RateLimit(100, per=timedelta(seconds=1), max_wait=None),
    Bulkhead(10, max_waiting=100, max_wait=1),
    Chaos(failure_rate=0.1, error=TimeoutError, enabled=False),
    Timeout(5),
)


@mail
async def deliver(text: str) -> int:
    return len(text)


@Hedge(0.2, max_attempts=3)
async def read(url: str) -> bytes:
    return url.encode()


async def policies() -> None:
    assert_type(await deliver("hello"), int)
    assert_type(await read("/"), bytes)
    assert_type(mail.execute(send, "hello"), int)
    assert_type(Pipeline.recommended("mail", rate=10), Pipeline)
    policy: Policy = Timeout(5, thread=True)
    try:
        policy.execute(send, "hello")
    except RateLimitedError as error:
        assert_type(error.retry_after, float)
    except CallTimeoutError as error:
        assert_type(error.seconds, float)
    except BulkheadFullError:
        pass


with RedisResilienceStore("redis://host", prefix="shop", lease=timedelta(seconds=5)) as store:
    assert_type(store, RedisResilienceStore)
    assert_type(store.is_up, bool)
    assert_type(CircuitBreaker("mail", config, store=store), CircuitBreaker)
    assert_type(RateLimit(5, name="sms", store=store), RateLimit)
    assert_type(SharedRetryBudget(5, name="retries", store=store).take(), bool)
    breaker.share(store)
    breaker.share(None)
initialize_resilience({"redis_prefix": "shop"}, redis_url="redis://host")
