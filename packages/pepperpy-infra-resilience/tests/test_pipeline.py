"""Several policies in one decorator."""

import asyncio
import inspect as inspection
import traceback

import pytest

from pepperpy.infra.resilience import (
    Bulkhead,
    BulkheadFullError,
    CallTimeoutError,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitState,
    Hedge,
    InvalidPolicyError,
    Pipeline,
    Policy,
    RateLimit,
    Retry,
    RetryBudget,
    Timeout,
    get_circuit_breaker,
    isolated_circuit_breakers,
)
from pepperpy.infra.utils import FakeClock, deadline


class Down(Exception):
    pass


def fail():
    raise Down("no")


def test_the_outermost_is_written_first():
    breaker = CircuitBreaker("mail", failure_threshold=3)
    calls = []

    def call():
        calls.append(1)
        raise Down

    inside = Pipeline(breaker, Retry(max_attempts=3, delay=0))
    outside = Pipeline(Retry(max_attempts=3, delay=0), breaker)

    with pytest.raises(Down):
        inside(call)()
    assert breaker.state is CircuitState.CLOSED  # three attempts were one call
    breaker.reset()
    with pytest.raises(Down):
        outside(call)()
    assert breaker.state is CircuitState.OPEN
    assert len(calls) == 6


def test_the_policies_between_two_retries_share_one_wrapper():
    pipeline = Pipeline(
        CircuitBreaker("mail"), RateLimit(100), Bulkhead(5), Timeout(5.0), CircuitBreaker("post")
    )

    @pipeline
    def call():
        raise Down

    with pytest.raises(Down) as caught:
        call()

    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[1:] == ["call", "call"]


def test_it_keeps_what_the_function_is():
    @Pipeline(Retry(), CircuitBreaker("mail"), Timeout(1.0))
    async def call(a: int, *, b: str = "x") -> str:
        """Doc."""
        return b

    assert inspection.iscoroutinefunction(call)
    assert str(inspection.signature(call)) == "(a: int, *, b: str = 'x') -> str"
    assert call.__doc__ == "Doc."


@pytest.mark.asyncio
async def test_all_of_it_around_a_coroutine():
    calls = []
    breaker = CircuitBreaker("mail")
    pipeline = Pipeline(
        Timeout(30.0), Retry(max_attempts=3, delay=0), breaker, Bulkhead(2), Hedge(30.0)
    )

    async def call(x):
        calls.append(x)
        if len(calls) < 3:
            raise Down
        return x

    assert await pipeline.execute(call, 2) == 2
    # A hedge of two, both failed, and then one that answered.
    facts = breaker.inspect()["facts"]
    assert (len(calls), facts["failures"], facts["successes"]) == (3, 1, 1)


def test_execute_takes_functions_of_every_kind():
    pipeline = Pipeline(CircuitBreaker("mail"), Bulkhead(1))

    def items(n):
        yield from range(n)

    async def call(x):
        return x

    async def aitems(n):
        for each in range(n):
            yield each

    async def collected():
        return [each async for each in pipeline.execute(aitems, 2)]

    assert pipeline.execute(divmod, 7, 2) == (3, 1)
    assert list(pipeline.execute(items, 3)) == [0, 1, 2]
    assert asyncio.run(pipeline.execute(call, 5)) == 5
    assert asyncio.run(collected()) == [0, 1]
    assert len(pipeline._runners) == 4


def test_pipelines_may_stand_in_pipelines():
    inner = Pipeline(CircuitBreaker("mail"), Bulkhead(1))

    assert len(Pipeline(Retry(), inner).policies) == 3


def test_a_budget_pays_for_the_retries_after_it():
    budget = RetryBudget(1)
    pipeline = Pipeline(budget, Retry(max_attempts=5, delay=0))
    calls = []

    def call():
        calls.append(1)
        raise Down

    with pytest.raises(Down):
        pipeline.execute(call)

    assert len(calls) == 2
    assert budget.tokens == 0


@pytest.mark.parametrize("policies", [(), (5,), (Retry,), (None,)])
def test_what_is_no_policy_is_refused(policies):
    with pytest.raises(InvalidPolicyError):
        Pipeline(*policies)


def test_a_budget_pays_for_retries_in_pipelines_after_it():
    budget = RetryBudget(1)
    call = Pipeline(budget, Pipeline(Retry(max_attempts=5, delay=0)))(fail)

    with pytest.raises(Down, match="no") as caught:
        call()

    assert "stopped by the retry budget" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    "policies", [(Retry(), RetryBudget()), (RetryBudget(), RetryBudget(), Retry())]
)
def test_a_budget_that_pays_for_nothing_is_refused(policies):
    with pytest.raises(InvalidPolicyError, match="Retry after each RetryBudget"):
        Pipeline(*policies)


def test_a_policy_of_ones_own():
    class Twice(Policy):
        name = "twice"

        def around(self, func):
            return lambda *args: (func(*args), func(*args))

    class Nothing(Policy):
        pass

    assert Pipeline(Bulkhead(1), Twice(), Timeout(1.0))(str.upper)("a") == ("A", "A")
    assert Twice().execute(str.upper, "a") == ("A", "A")
    with pytest.raises(NotImplementedError, match="Nothing needs a method around"):
        Nothing()(fail)


@pytest.mark.asyncio
async def test_a_timed_out_call_is_a_failure_of_the_breaker_around_it():
    breaker = CircuitBreaker("mail", failure_threshold=1)

    @Pipeline(breaker, Timeout(0.0))
    async def call():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(CallTimeoutError):
        await call()
    with pytest.raises(CircuitBreakerError):
        await call()


@pytest.mark.asyncio
async def test_a_cancelled_call_gives_back_probe_and_permit():
    clock = FakeClock()
    breaker, bulkhead = CircuitBreaker("mail", clock=clock), Bulkhead(1)
    breaker.trip()
    clock.advance(60)

    @Pipeline(Retry(), breaker, bulkhead)
    async def call(hang):
        if hang:
            await asyncio.get_running_loop().create_future()
        return True

    for _ in range(3):
        task = asyncio.ensure_future(call(True))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await call(False)
    assert breaker.state is CircuitState.CLOSED


def test_a_full_bulkhead_is_not_retried():
    bulkhead, clock = Bulkhead(1, max_waiting=0), FakeClock()
    permit = bulkhead.take()

    with pytest.raises(BulkheadFullError):
        Pipeline(Retry(delay=1, clock=clock), bulkhead).execute(int)

    assert clock.sleeps == []
    bulkhead.leave(permit)


class TestRecommended:
    @pytest.fixture(autouse=True)
    def _isolated(self):
        with isolated_circuit_breakers():
            yield

    def test_it_needs_a_name_only(self):
        pipeline = Pipeline.recommended("mail")

        assert pipeline(deadline.remaining)() <= 10.0
        kinds = [type(policy).__name__ for policy in pipeline.policies]
        assert kinds == ["Timeout", "Retry", "CircuitBreaker", "Bulkhead", "Timeout"]

    def test_it_uses_the_registrys_breaker(self):
        pipeline = Pipeline.recommended("mail", rate=1000)
        get_circuit_breaker("mail").force_open()

        with pytest.raises(CircuitBreakerError):
            pipeline.execute(int)

    @pytest.mark.asyncio
    async def test_it_retries(self):
        calls = []

        @Pipeline.recommended("mail", delay=0)
        async def call():
            calls.append(1)
            if len(calls) < 3:
                raise Down
            return "answer"

        assert await call() == "answer"
