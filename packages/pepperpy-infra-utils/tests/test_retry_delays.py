"""How long `retry` waits: backoff, jitter, `Retry-After`, and what forbids to wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import Clock, FakeClock, RetryBudget, async_retry, deadline, retry


class Down(Exception):
    pass


def slept(error=Down, **options):
    """The sleeps of a function that fails with *error* for ever."""
    clock = options.pop("clock", None) or FakeClock()

    @retry(**{"clock": clock, "jitter": False, **options})
    def fail():
        raise error

    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is
        fail()
    return clock.sleeps


def busy(**attributes):
    error = Down("busy")
    error.__dict__.update(attributes)
    return error


class TestBackoff:
    def test_grows_from_the_delay_by_the_factor(self):
        assert slept(max_attempts=5, delay=0.5, backoff=3) == [0.5, 1.5, 4.5, 13.5]

    def test_one_second_and_doubling_are_the_defaults(self):
        assert slept(max_attempts=4) == [1, 2, 4]

    def test_no_sleep_after_the_last_attempt(self):
        assert slept(max_attempts=1) == []
        assert len(slept(max_attempts=2)) == 1

    def test_sixty_seconds_are_the_longest_by_default(self):
        assert slept(max_attempts=9)[-3:] == [32, 60, 60]

    def test_max_delay_caps_and_none_does_not(self):
        assert slept(max_attempts=4, delay=10, max_delay=15) == [10, 15, 15]
        assert slept(max_attempts=9, delay=10, max_delay=None)[-1] == 1280

    def test_timedeltas_are_durations_too(self):
        assert slept(delay=timedelta(minutes=1), max_delay=timedelta(seconds=90)) == [60, 90]

    @pytest.mark.parametrize("max_delay", [60, None])
    def test_a_huge_power_does_not_overflow(self, max_delay):
        sleeps = slept(max_attempts=1200, backoff=10, max_delay=max_delay)

        assert sleeps[-1] == (60 if max_delay else 1e9)

    def test_backoff_below_one_shortens(self):
        assert slept(max_attempts=4, backoff=0.5) == [1, 0.5, 0.25]

    def test_delay_zero_never_calls_sleep(self):
        class Awake(FakeClock):
            def sleep(self, seconds):
                raise AssertionError

            async def asleep(self, seconds):
                raise AssertionError

        @async_retry(delay=0, clock=Awake())
        async def fail():
            raise Down

        assert slept(delay=0, clock=Awake()) == []
        with pytest.raises(Down):
            asyncio.run(fail())


class TestJitter:
    def test_is_full_by_default(self):
        clock = FakeClock()
        for _ in range(200):
            slept(max_attempts=2, delay=10, clock=clock, jitter=True)

        assert all(0 < sleep <= 10 for sleep in clock.sleeps)
        assert min(clock.sleeps) < 2
        assert max(clock.sleeps) > 8
        assert len(set(clock.sleeps)) == 200

    def test_a_number_is_the_share_that_is_random(self):
        clock = FakeClock()
        for _ in range(200):
            slept(max_attempts=2, delay=10, clock=clock, jitter=0.2)

        assert all(8 <= sleep <= 10 for sleep in clock.sleeps)
        assert max(clock.sleeps) - min(clock.sleeps) > 1

    @given(
        delay=st.floats(0, 1e6),
        backoff=st.floats(0, 1e3),
        max_delay=st.floats(0, 1e6),
        jitter=st.floats(0, 1),
        attempt=st.integers(1, 10_000),
        draw=st.floats(0, 1, exclude_max=True),
    )
    def test_delays_stay_within_their_bounds(
        self, delay, backoff, max_delay, jitter, attempt, draw
    ):
        from pepperpy.infra.utils._retry._settings import settings

        chosen = settings(
            max_attempts=3,
            max_retries=None,
            delay=delay,
            backoff=backoff,
            max_delay=max_delay,
            jitter=jitter,
            exceptions=Exception,
            retry_on_result=None,
            max_elapsed=None,
            retry_exhausted=False,
        )

        wait = chosen.delay_after(attempt, draw)

        assert 0 <= wait <= max_delay
        if backoff >= 1:
            assert wait >= min(delay, max_delay) * (1 - jitter)
        if attempt == 1:
            assert wait <= delay


NOW = datetime(2020, 1, 1, tzinfo=UTC)


class Never(datetime):
    def timestamp(self):
        raise OverflowError


NEVER = Never(9999, 12, 31, tzinfo=UTC)


class CaseInsensitive:
    """As the mappings of HTTP clients: not a dict, and any case will do."""

    def __init__(self, **values):
        self.values = values

    def get(self, name, default=None):
        if not isinstance(name, str):
            raise TypeError(name)
        return self.values.get(name.lower().replace("-", "_"), default)


class Slotted(Exception):
    __slots__ = ("retry_after",)

    def __init__(self):
        self.retry_after = 7


class Computed(Exception):
    @property
    def retry_after(self):
        return 7


class Answers(Exception):
    def __getattr__(self, name):
        if name == "retry_after":
            return 7
        raise AttributeError(name)


class TestRetryAfter:
    @pytest.mark.parametrize(
        "value",
        [
            7,
            7.0,
            "7",
            " 7 ",
            b"7",
            "7.0",
            timedelta(seconds=7),
            NOW + timedelta(seconds=7),
            format_datetime(NOW + timedelta(seconds=7), usegmt=True),
            format_datetime(NOW + timedelta(seconds=7), usegmt=True).encode(),
            "Wed, 01 Jan 2020 00:00:07 -0000",
            "Wednesday, 01-Jan-20 00:00:07 GMT",
            "Wed Jan  1 00:00:07 2020",
        ],
    )
    def test_seconds_and_dates_are_understood_in_any_form(self, value):
        clock = FakeClock(wall=NOW.timestamp())

        assert slept(busy(retry_after=value), max_attempts=2, clock=clock) == [7]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Retry-After": "7"},
            {"retry-after": "7"},
            {"RETRY-AFTER": "7"},
            {b"Retry-After": b"7"},
            {b"rEtry-after": b"7"},
            {"other": 1, 5: 6, "Retry-after": 7},
            CaseInsensitive(retry_after="7"),
        ],
    )
    def test_headers_of_the_error_or_its_response_are_read(self, headers):
        response = SimpleNamespace(headers=headers)

        assert slept(busy(headers=headers), max_attempts=2) == [7]
        assert slept(busy(response=response), max_attempts=2) == [7]

    def test_headers_of_the_standard_library_are_read(self):
        headers = Message()
        headers["retry-after"] = "7"

        assert slept(busy(headers=headers), max_attempts=2) == [7]

    @pytest.mark.parametrize("error", [Slotted(), Computed(), Answers()])
    def test_attributes_of_the_class_are_read(self, error):
        assert slept(error, max_attempts=3) == [7, 7]

    def test_goes_before_backoff_and_jitter(self):
        assert slept(busy(retry_after=7), delay=1, jitter=True) == [7, 7]
        assert slept(busy(retry_after=7), delay=0) == [7, 7]

    def test_goes_before_the_hook(self):
        assert slept(busy(retry_after=7), on_retry=lambda attempt: 1) == [7, 7]

    def test_is_capped_by_max_delay(self):
        assert slept(busy(retry_after=86400)) == [60, 60]

    @pytest.mark.parametrize(
        "value", [0, -5, "0", NOW - timedelta(days=1), "Wed, 01 Jan 2014 00:00:00 GMT"]
    )
    def test_now_and_the_past_mean_the_computed_delay(self, value):
        clock = FakeClock(wall=NOW.timestamp())

        assert slept(busy(retry_after=value), clock=clock, max_attempts=2) == [1]

    def test_the_response_that_botocore_keeps_as_a_dict_is_read(self):
        metadata = {"HTTPStatusCode": 503, "HTTPHeaders": {"retry-after": "7"}}

        assert slept(busy(response={"ResponseMetadata": metadata}), max_attempts=2) == [7]

    @pytest.mark.parametrize("headers", [[("other", "1")], 5, {"Retry-After": NEVER}])
    def test_odd_headers_do_not_end_the_search(self, headers):
        response = SimpleNamespace(headers={"retry-after": "7"})

        assert slept(busy(headers=headers, response=response), max_attempts=2) == [7]

    def test_headers_that_refuse_some_names_are_read_under_others(self):
        class Picky:
            def get(self, name):
                if name != "retry-after":
                    raise TypeError(name)
                return "7"

        assert slept(busy(headers=Picky()), max_attempts=2) == [7]

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            "",
            "soon",
            "-5",
            "1e3",
            "0x10",
            "\u0667",
            "9" * 400,
            "Wed, 99 Jan 2014 00:00:00 GMT",
            "Wed, 01 Jan 99999999 00:00:00 GMT",
            b"\xff\xfe",
            float("nan"),
            float("inf"),
            object(),
            [],
        ],
    )
    def test_what_makes_no_sense_is_ignored(self, value):
        assert slept(busy(retry_after=value), max_attempts=2) == [1]
        assert slept(busy(headers={"Retry-After": value}), max_attempts=2) == [1]

    @pytest.mark.parametrize("headers", [5, "Retry-After", object(), [("Retry-After", "7")], {}])
    def test_headers_of_another_shape_are_ignored(self, headers):
        assert slept(busy(headers=headers), max_attempts=2) == [1]
        assert slept(busy(response=headers), max_attempts=2) == [1]

    def test_hostile_objects_do_not_mask_the_error(self):
        class Hostile(Exception):
            @property
            def headers(self):
                raise RuntimeError

        class Poison:
            def get(self, name):
                raise RuntimeError

        assert slept(Hostile("real"), max_attempts=2) == [1]
        assert slept(busy(response=SimpleNamespace(headers=Poison())), max_attempts=2) == [1]

    def test_one_answer_does_not_stay_for_the_next_failure(self):
        clock = FakeClock()
        errors = iter([busy(retry_after=7), Down(), Down()])

        @retry(delay=0, clock=clock)
        def fail():
            raise next(errors)

        with pytest.raises(Down):
            fail()
        assert clock.sleeps == [7]

    @given(st.text() | st.binary() | st.floats() | st.integers())
    def test_no_value_breaks_it_or_exceeds_the_cap(self, value):
        sleeps = slept(busy(headers={"Retry-After": value}), max_attempts=2)

        assert all(0 < sleep <= 60 for sleep in sleeps)


class TestDeadline:
    def test_no_sleep_lasts_beyond_it(self):
        clock = FakeClock()

        with deadline(5, clock=clock):
            assert slept(delay=2, max_attempts=9, clock=clock) == [2]

    def test_a_sleep_that_ends_just_at_it_is_not_slept(self):
        clock = FakeClock()

        with deadline(1, clock=clock):
            assert slept(delay=1, clock=clock) == []

    @pytest.mark.parametrize("limit", [9, None])
    def test_without_a_delay_it_ends_the_attempts_too(self, limit):
        clock = FakeClock()
        calls = []

        @retry(delay=0, max_attempts=limit, clock=clock)
        def fail():
            calls.append(1)
            clock.advance(1)
            raise Down

        with deadline(2.5, clock=clock), pytest.raises(Down) as caught:
            fail()

        assert len(calls) == 3
        assert "stopped by the deadline" in caught.value.__notes__[0]

    def test_the_note_says_so_even_after_one_attempt(self):
        with deadline(0, clock=FakeClock()), pytest.raises(Down) as caught:
            retry(lambda: (_ for _ in ()).throw(Down), delay=1, clock=FakeClock())()

        assert caught.value.__notes__ == ["1 attempt in 0.0 s; stopped by the deadline"]

    def test_holds_for_async_functions(self):
        clock = FakeClock()

        @async_retry(delay=2, jitter=False, clock=clock, max_attempts=9)
        async def fail():
            raise Down

        async def main():
            async with deadline(5, clock=clock):
                await fail()

        with pytest.raises(Down):
            asyncio.run(main())
        assert clock.sleeps == [2]

    def test_holds_for_retry_after_and_the_hook(self):
        clock = FakeClock()

        with deadline(5, clock=clock):
            assert slept(busy(retry_after=6), clock=clock) == []
            assert slept(on_retry=lambda attempt: 6, clock=clock) == []

    def test_a_retry_that_the_hook_made_too_late_costs_no_budget(self):
        clock = FakeClock()
        budget = RetryBudget(10)

        with deadline(5, clock=clock):
            slept(on_retry=lambda attempt: 6, clock=clock, budget=budget)

        assert budget.tokens == 10

    def test_holds_for_results(self):
        clock = FakeClock()
        call = retry(
            lambda: None, delay=3, jitter=0, clock=clock, retry_on_result=lambda result: True
        )

        with deadline(1, clock=clock):
            assert call() is None

        assert clock.sleeps == []


class TestMaxElapsed:
    def test_no_retry_begins_after_it(self):
        clock = FakeClock()
        calls = []

        @retry(delay=2, backoff=1, jitter=False, max_attempts=None, max_elapsed=7, clock=clock)
        def fail():
            calls.append(clock.monotonic())
            raise Down

        with pytest.raises(Down) as caught:
            fail()

        assert calls == [0, 2, 4, 6]
        assert caught.value.__notes__ == ["4 attempts in 6.0 s; stopped by max_elapsed"]

    def test_counts_from_the_call(self):
        clock = FakeClock()

        @retry(delay=1, jitter=False, max_elapsed=timedelta(seconds=10), clock=clock)
        def fail():
            clock.advance(9.5)
            raise Down

        with pytest.raises(Down):
            fail()
        assert clock.sleeps == []

    def test_holds_for_async_functions_and_generators(self):
        clock = FakeClock()

        @retry(delay=2, backoff=1, jitter=False, max_attempts=None, max_elapsed=3, clock=clock)
        async def items():
            raise Down
            yield

        async def main():
            return [item async for item in items()]

        with pytest.raises(Down):
            asyncio.run(main())
        assert clock.sleeps == [2]


def test_the_default_clock_is_the_systems(monkeypatch):
    sleeps = []
    monkeypatch.setattr("time.sleep", sleeps.append)

    with pytest.raises(Down):
        retry(lambda: (_ for _ in ()).throw(Down), delay=5, jitter=False)()

    assert sleeps == [5, 10]
    assert isinstance(Clock(), Clock)
