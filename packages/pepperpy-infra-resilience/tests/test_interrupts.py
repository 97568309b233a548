"""An interrupt may come at any moment: after a call in C, or where a function begins."""

import sys
import threading
from functools import partial

import pytest

from pepperpy.infra.resilience import Bulkhead, CircuitBreaker, CircuitBreakerError, CircuitState
from pepperpy.infra.utils import FakeClock


class Down(Exception):
    pass


def fine():
    return "fine"


def broken():
    raise Down


def interrupt_at(moment):
    """For `sys.setprofile`; it is armed for that many events more."""
    left = moment

    def interrupt(frame, kind, arg):
        nonlocal left
        if kind in {"call", "c_return"}:
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

    return interrupt


def interrupting(call, moment):
    """Call with an interrupt at the moment of that number; whether it lasted so long."""
    sys.setprofile(interrupt_at(moment))
    try:
        call()
    except KeyboardInterrupt:
        return True
    except (Down, CircuitBreakerError):
        return False
    finally:
        sys.setprofile(None)
    return False


def every_moment(make):
    """What *make* made, after the call that it made was interrupted, for each moment of the call."""
    for moment in range(1000):
        thing, call = make()
        if not interrupting(call, moment):
            assert moment > 1
            return
        yield thing
    raise AssertionError("the call had no end")


@pytest.mark.parametrize("decorated", [True, False])
@pytest.mark.parametrize("function", [fine, broken])
@pytest.mark.parametrize("before", ["closed", "half_open"])
def test_a_breaker_is_never_wedged_and_never_admits_too_many(decorated, function, before):
    def make():
        clock = FakeClock()
        breaker = CircuitBreaker("mail", failure_threshold=1, half_open_calls=2, clock=clock)
        if before == "half_open":
            breaker.trip()
            clock.advance(60)
        call = breaker(function) if decorated else partial(breaker.execute, function)
        return (breaker, clock), call

    for breaker, clock in every_moment(make):
        clock.advance(60)
        if breaker.state is CircuitState.CLOSED:
            assert breaker.execute(fine) == "fine"
            continue
        probes = [breaker.admit(), breaker.admit()]
        with pytest.raises(CircuitBreakerError):
            breaker.admit()
        for probe in probes:
            breaker.finished(probe, None, 0.0)
        assert breaker.state is CircuitState.CLOSED


def test_the_lock_of_all_circuits_is_free_afterwards():
    def make():
        breaker = CircuitBreaker("mail", failure_threshold=1)
        return breaker, breaker(broken)

    for breaker in every_moment(make):
        thread = threading.Thread(target=breaker.reset, daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()


def test_a_bulkhead_loses_no_permit():
    def make():
        bulkhead = Bulkhead(1)
        return bulkhead, bulkhead(fine)

    for bulkhead in every_moment(make):
        assert bulkhead.execute(fine) == "fine"
        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 0}


def test_a_bulkhead_forgets_nobody_who_waits():
    bulkhead = Bulkhead(1)

    def interrupted_as_it_ends(thread, moment):
        thread.start()
        while not bulkhead.inspect()["facts"]["waiting"]:
            pass
        sys.setprofile(interrupt_at(moment))

    for moment in range(60):
        thread = threading.Thread(target=bulkhead.execute, args=(fine,), daemon=True)
        try:
            bulkhead.execute(interrupted_as_it_ends, thread, moment)
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)

        assert bulkhead.execute(fine) == "fine"
        thread.join(10)
        assert not thread.is_alive()
        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 0}
