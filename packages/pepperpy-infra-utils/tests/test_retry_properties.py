"""For any script of outcomes, a retried function does what a plain loop does."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import FakeClock, retry


class Down(Exception):
    pass


class Other(Exception):
    pass


class Stop(BaseException):
    pass


outcomes = st.lists(
    st.sampled_from(["fine", "unwanted", "down", "other", "stop"]), min_size=1, max_size=8
)
limits = st.none() | st.integers(1, 6)


def play(step):
    errors = {"down": Down, "other": Other, "stop": Stop}
    if step in errors:
        raise errors[step]
    return step


def model(script, limit, judges):
    """How many calls, how many sleeps, and what comes out."""
    for number, step in enumerate(script, 1):
        again = step == "down" or (judges and step == "unwanted")
        if not again or number == limit:
            return number, number - 1, step
    raise AssertionError(script)


def run(call):
    try:
        return call()
    except (Down, Other, Stop) as error:
        return type(error).__name__.lower()


def as_function(function, options):
    return retry(function, **options)


def as_coroutine(function, options):
    @retry(**options)
    async def call():
        return function()

    return lambda: asyncio.run(call())


def as_generator(function, options):
    @retry(**options)
    def call():
        yield function()

    return lambda: next(call())


def as_async_generator(function, options):
    @retry(**options)
    async def call():
        yield function()

    return lambda: asyncio.run(anext_of(call()))


async def anext_of(generator):
    try:
        return await anext(generator)
    finally:
        await generator.aclose()


def check(make, script, limit, *, judges):
    # A script ends in something that ends the loop, or the loop would not end.
    script = [*script, "fine"]
    clock = FakeClock()
    calls = iter(script)
    options = {"max_attempts": limit, "exceptions": Down, "clock": clock, "name": "f"}
    if judges:
        options["retry_on_result"] = lambda result: result == "unwanted"
    call = make(lambda: play(next(calls)), options)

    outcome = run(call)

    expected_calls, expected_sleeps, expected = model(script, limit, judges)
    assert outcome == expected
    assert len(list(calls)) == len(script) - expected_calls
    assert len(clock.sleeps) == expected_sleeps


@given(outcomes, limits, st.booleans())
def test_a_function_is_called_as_often_as_by_a_plain_loop(script, limit, judges):
    check(as_function, script, limit, judges=judges)


@given(outcomes, limits, st.booleans())
def test_a_coroutine_function_is_called_as_often_as_by_a_plain_loop(script, limit, judges):
    check(as_coroutine, script, limit, judges=judges)


@given(outcomes, limits)
def test_a_generator_is_begun_as_often_as_by_a_plain_loop(script, limit):
    check(as_generator, script, limit, judges=False)


@given(outcomes, limits)
def test_an_async_generator_is_begun_as_often_as_by_a_plain_loop(script, limit):
    check(as_async_generator, script, limit, judges=False)
