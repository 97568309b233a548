"""One breaker for each name."""

import threading

import pytest

from pepperpy.infra.resilience import (
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitConflictError,
    CircuitState,
    UnknownCircuitError,
    get_circuit_breaker,
    isolated_circuit_breakers,
    reset_all_circuit_breakers,
    reset_circuit_breaker,
    with_circuit_breaker,
)


@pytest.fixture(autouse=True)
def _isolated():
    with isolated_circuit_breakers():
        yield


def test_one_breaker_per_name_however_many_ask_first():
    start, got = threading.Barrier(16), []

    def ask():
        start.wait()
        got.append(get_circuit_breaker("mail"))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(got) == 16
    assert len(set(map(id, got))) == 1


def test_the_same_name_with_another_config_is_an_error_that_says_the_difference():
    get_circuit_breaker("mail", failure_threshold=3)

    with pytest.raises(CircuitConflictError, match="failure_threshold is 3, not 5") as caught:
        get_circuit_breaker("mail", CircuitBreakerConfig())

    assert isinstance(caught.value, ValueError)


def test_the_same_config_in_other_words_is_none():
    first = get_circuit_breaker("mail", CircuitBreakerConfig(recovery_timeout=30))

    assert get_circuit_breaker("mail", recovery_timeout=30.0) is first


def test_without_a_config_it_is_whatever_exists():
    first = get_circuit_breaker("mail", failure_threshold=3)

    assert get_circuit_breaker("mail") is first


def test_options_are_accepted_straight():
    @with_circuit_breaker("mail", failure_threshold=1, recovery_timeout=5)
    def call():
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the very one
        call()
    with pytest.raises(CircuitBreakerError):
        call()


def test_reset_closes_one_and_reset_all_closes_all():
    first, second = get_circuit_breaker("a"), get_circuit_breaker("b")
    first.force_open()
    second.force_open()

    reset_circuit_breaker("a")
    assert (first.state, second.state) == (CircuitState.CLOSED, CircuitState.FORCED_OPEN)
    reset_all_circuit_breakers()

    assert second.state is CircuitState.CLOSED


def test_reset_of_an_unknown_name_says_which_there_are():
    get_circuit_breaker("mail")

    with pytest.raises(UnknownCircuitError, match="did you mean 'mail'"):
        reset_circuit_breaker("mial")


def test_a_block_without_breakers_may_be_entered_again_inside_itself():
    outside = get_circuit_breaker("mail")
    block = isolated_circuit_breakers()

    with block:
        inside = get_circuit_breaker("mail")
        with block:
            assert get_circuit_breaker("mail") not in {inside, outside}
        assert get_circuit_breaker("mail") is inside

    assert get_circuit_breaker("mail") is outside
