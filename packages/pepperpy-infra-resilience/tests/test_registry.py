"""One breaker for each name."""

import threading

import pytest

from pepperpy.infra.resilience import (
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitConflictError,
    CircuitState,
    InvalidPolicyError,
    ProviderFallback,
    UnknownCircuitError,
    get_circuit_breaker,
    get_fallback,
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


@pytest.mark.parametrize("name", [None, "", 3, [], {}])
def test_a_name_that_is_none_is_refused_by_all(name):
    for use in (get_circuit_breaker, with_circuit_breaker, reset_circuit_breaker):
        with pytest.raises(InvalidPolicyError, match="name must be a text"):
            use(name)


def test_a_mapping_will_do_for_a_config():
    settings = {"failure_threshold": 2, "recovery_timeout": 5}

    breaker = get_circuit_breaker("mail", settings, recovery_timeout=6)

    assert breaker.config == CircuitBreakerConfig(failure_threshold=2, recovery_timeout=6)
    assert get_circuit_breaker("mail", {**settings, "recovery_timeout": 6.0}) is breaker
    with pytest.raises(TypeError, match="no failure_treshold; did you mean 'failure_threshold'"):
        get_circuit_breaker("other", {"failure_treshold": 2})
    with pytest.raises(InvalidPolicyError, match="must be a CircuitBreakerConfig, or a mapping"):
        get_circuit_breaker("other", 5)


def test_older_names_of_arguments_are_understood():
    breaker = get_circuit_breaker(provider_id="mail", config=CircuitBreakerConfig())

    assert with_circuit_breaker(provider_id="mail") is breaker
    assert CircuitBreaker(provider_id="mail").name == "mail"
    reset_circuit_breaker(provider_id="mail")
    fallback = get_fallback(primary_provider_id="a", fallback_provider_ids=["b"])
    assert fallback.providers == ("a", "b")
    config = CircuitBreakerConfig(failure_threshold=2)
    ProviderFallback(
        primary_provider_id="c", fallback_provider_ids=["d"], circuit_breaker_config=config
    )
    assert get_circuit_breaker("d").config is config
    with pytest.raises(TypeError, match="older name"):
        CircuitBreaker(name="mail", provider_id="mail")


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
