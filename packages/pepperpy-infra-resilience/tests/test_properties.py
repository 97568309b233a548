"""What holds for every order of events."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pepperpy.infra.resilience import CircuitBreaker, CircuitBreakerError, CircuitState
from pepperpy.infra.utils import FakeClock


class Down(Exception):
    pass


class BreakerAgainstModel(RuleBasedStateMachine):
    """Two failures in a row open it, two probes at a time, two proofs close it."""

    def __init__(self):
        super().__init__()
        self.clock = FakeClock()
        self.breaker = CircuitBreaker(
            "model",
            failure_threshold=2,
            recovery_timeout=10,
            half_open_calls=2,
            success_threshold=2,
            clock=self.clock,
        )
        self.state, self.until, self.row, self.proofs, self.epoch = "closed", 0.0, 0, 0, 0
        self.calls = []  # token, epoch, probing

    def probing(self):
        return [call for call in self.calls if call[1] == self.epoch and call[2]]

    def change(self, state):
        self.state, self.row, self.proofs = state, 0, 0
        self.epoch += 1

    @rule()
    def begin(self):
        if self.state == "open" and self.clock.monotonic() >= self.until:
            self.change("half_open")
        admitted = self.state == "closed" or (self.state == "half_open" and len(self.probing()) < 2)
        try:
            token = self.breaker.admit()
        except CircuitBreakerError:
            assert not admitted
        else:
            assert admitted
            self.calls.append((token, self.epoch, self.state == "half_open"))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), outcome=st.sampled_from(["ok", "failed", "cancelled"]))
    def end(self, data, outcome):
        call = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        token, epoch, _ = call
        if outcome == "ok":
            self.breaker.finished(token, None, 0.0)
        else:
            self.breaker.failed(token, Down() if outcome == "failed" else asyncio.CancelledError())
        if epoch != self.epoch or outcome == "cancelled":
            return
        if self.state == "closed":
            self.row = self.row + 1 if outcome == "failed" else 0
            tripped = self.row == 2
        else:
            self.proofs += outcome == "ok"
            tripped = outcome == "failed"
        if tripped:
            self.change("open")
            self.until = self.clock.monotonic() + 10
        elif self.state == "half_open" and self.proofs == 2:
            self.change("closed")

    @rule(seconds=st.sampled_from([1, 5, 10]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def agrees(self):
        state = self.state
        if state == "open" and self.clock.monotonic() >= self.until:
            state = "half_open"
        assert self.breaker.state is CircuitState(state)


BreakerAgainstModel.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestBreakerAgainstModel = BreakerAgainstModel.TestCase


@given(
    outcomes=st.lists(st.booleans(), max_size=60),
    size=st.integers(1, 12),
    rate=st.sampled_from([0.1, 0.25, 0.5, 1.0]),
)
@settings(max_examples=3 * settings.default.max_examples, deadline=None)
def test_the_count_window_agrees_with_counting(outcomes, size, rate):
    minimum = max(1, size // 2)
    breaker = CircuitBreaker("rate", failure_rate=rate, window=size, minimum_calls=minimum)
    seen = []

    for ok in outcomes:
        token = breaker.admit()
        seen.append(ok)
        if ok:
            breaker.finished(token, None, 0.0)
        else:
            breaker.failed(token, Down())
        last = seen[-size:]
        expected = not ok and len(last) >= minimum and last.count(False) / len(last) >= rate
        assert (breaker.state is CircuitState.OPEN) == expected
        if expected:
            return


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(20))
async def test_a_breaker_never_admits_more_than_its_probes(seed):
    rng = random.Random(seed)
    clock = FakeClock()
    most = rng.randint(1, 4)
    breaker = CircuitBreaker(
        "race", failure_threshold=1, half_open_calls=most, success_threshold=1000, clock=clock
    )
    breaker.trip()
    clock.advance(60)
    running = admitted = 0

    @breaker
    async def probe():
        nonlocal running, admitted
        running += 1
        admitted += 1
        assert running <= most
        try:
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
        finally:
            running -= 1

    for _ in range(20):
        batch = [asyncio.ensure_future(probe()) for _ in range(30)]
        for _ in range(rng.randrange(5)):
            await asyncio.sleep(0)
        for task in rng.sample(batch, 10):
            task.cancel()
        results = await asyncio.gather(*batch, return_exceptions=True)
        allowed = (CircuitBreakerError, asyncio.CancelledError, type(None))
        assert all(isinstance(each, allowed) for each in results)

    assert running == 0
    assert admitted >= 20
    held = [breaker.admit() for _ in range(most)]  # every slot is there
    assert len(held) == most
    with pytest.raises(CircuitBreakerError):
        breaker.admit()
