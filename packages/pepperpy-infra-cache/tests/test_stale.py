"""Old results that are served while a new one is on its way, or fails to come."""

from __future__ import annotations

import asyncio
import gc
from threading import Event, Thread

import pytest

from pepperpy.infra.cache import cache_disabled, cached
from pepperpy.infra.utils import FakeClock, subscribe


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Source:
    """Counts its loads, waits or fails when it is told to."""

    def __init__(self):
        self.loads = 0
        self.error = None
        self.go = Event()
        self.go.set()

    def load(self):
        self.loads += 1
        number, error = self.loads, self.error
        self.go.wait()
        if error is not None:
            raise error
        return number

    async def aload(self):
        self.loads += 1
        number, error = self.loads, self.error
        while not self.go.is_set():  # noqa: ASYNC110 - of a thread as well
            await asyncio.sleep(0)
        if error is not None:
            raise error
        return number


@pytest.fixture
def signals():
    heard = []
    unsubscribe = subscribe(heard.append)
    yield heard
    unsubscribe()


def kinds(signals):
    return [(signal.kind, signal.facts["error"]) for signal in signals]


class TestStaleFor:
    @pytest.mark.parametrize(("age", "values"), [(9.9, [1, 1]), (10, [2, 2]), (30, [2, 2])])
    def test_a_plain_function_alone_loads_anew(self, age, values):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, stale_for=20, clock=clock)
        load()
        clock.advance(age)

        assert [load(), load()] == values

    def test_the_others_get_the_old_value_meanwhile(self):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, stale_for=20, clock=clock)
        load()
        clock.advance(15)
        source.go.clear()
        results = []
        thread = Thread(target=lambda: results.append(load()), daemon=True)
        thread.start()
        while load.cache_info().misses < 2:
            Event().wait(0)

        assert [load(), load(), load()] == [1, 1, 1]
        source.go.set()
        thread.join()
        assert results == [2]
        assert load() == 2
        info = load.cache_info()
        assert (info.misses, info.loads, info.stale, info.hits) == (2, 2, 3, 4)

    @pytest.mark.asyncio
    async def test_a_coroutine_function_loads_in_the_background(self):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)

        assert [await load(), await load()] == [1, 1]
        await settle()
        assert await load() == 2
        info = load.cache_info()
        assert (info.misses, info.loads, info.stale, info.hits) == (1, 2, 2, 3)

    @pytest.mark.asyncio
    async def test_a_load_in_the_background_outlives_who_began_it(self):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)
        source.go.clear()
        await load()
        await settle()
        clock.advance(20)  # now the old one is of no use any more
        waiting = asyncio.ensure_future(load())
        await settle()
        waiting.cancel()
        await settle()
        source.go.set()
        await settle()

        assert waiting.cancelled()
        assert await load() == 2

    @pytest.mark.asyncio
    async def test_beyond_it_callers_wait(self):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(30)

        assert await load() == 2

    def test_a_loop_that_ended_with_its_background_load_is_not_waited_for(self):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)

        async def begin():
            await load()
            clock.advance(15)
            source.go.clear()
            await load()

        asyncio.run(begin())
        source.go.set()

        async def again():
            first = await load()
            await settle()
            return first, await load()

        assert asyncio.run(again()) == (1, 3)


class TestRefreshAhead:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(("age", "later"), [(7.9, 1), (8, 2)])
    async def test_it_begins_in_the_last_share_of_the_ttl(self, age, later):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, refresh_ahead=0.2, clock=clock)
        await load()
        clock.advance(age)

        assert await load() == 1
        await settle()
        assert await load() == later
        assert load.cache_info().stale == 0

    def test_a_plain_caller_loads_and_the_others_go_on(self):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, refresh_ahead=0.5, clock=clock)
        load()
        clock.advance(5)

        assert load() == 2


class TestStaleOnError:
    def test_the_old_value_is_served_and_the_failure_told(self, signals):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, stale_on_error=20, clock=clock, name="prices")
        load()
        clock.advance(29)
        source.error = ValueError("secret")

        assert load() == 1
        assert kinds(signals) == [("cache.refresh_failed", "ValueError")]
        assert signals[0].source == "prices"
        info = load.cache_info()
        assert (info.misses, info.loads, info.load_errors, info.stale) == (2, 1, 1, 1)

    def test_no_longer_than_it_says(self, signals):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, stale_on_error=20, clock=clock)
        load()
        clock.advance(30)
        source.error = ValueError("down")

        with pytest.raises(ValueError, match="down"):
            load()
        assert signals == []

    @pytest.mark.asyncio
    async def test_for_a_coroutine_function_and_all_who_wait(self, signals):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_on_error=20, clock=clock)
        await load()
        clock.advance(15)
        source.error = ValueError("down")

        assert await asyncio.gather(load(), load(), load()) == [1, 1, 1]
        assert len(signals) == 1
        info = load.cache_info()
        assert (info.misses, info.load_errors, info.stale, info.coalesced) == (4, 1, 3, 2)

    @pytest.mark.parametrize("change", ["invalidate", "cache_clear", "put"])
    def test_not_if_it_was_invalidated_meanwhile(self, change):
        source, clock = Source(), FakeClock()
        load = cached(source.load, ttl=10, stale_on_error=20, clock=clock)
        load()
        clock.advance(15)
        source.error = ValueError("down")
        source.go.clear()
        results = []

        def call():
            try:
                results.append(load())
            except ValueError as error:
                results.append(error)

        thread = Thread(target=call, daemon=True)
        thread.start()
        while load.cache_info().misses < 2:
            Event().wait(0)
        getattr(load, change)(*(["new"] if change == "put" else []))
        source.go.set()
        thread.join()

        assert results == [source.error]

    def test_a_copy_for_each(self):
        clock, fails = FakeClock(), []

        @cached(ttl=10, stale_on_error=20, clock=clock, copy=True)
        def load():
            if fails:
                raise ValueError
            return [1]

        load()
        fails.append(1)
        clock.advance(15)
        load().append(2)

        assert load() == [1]


class TestBackgroundFailures:
    @pytest.mark.asyncio
    async def test_they_are_counted_and_told_and_the_old_value_stays(self, signals, caplog):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)
        source.error = ValueError("down")

        assert await load() == 1
        await settle()
        assert await load() == 1
        await settle()
        gc.collect()  # a task whose error nobody took would be heard of now
        assert caplog.records == []
        assert kinds(signals) == [("cache.refresh_failed", "ValueError")] * 2
        info = load.cache_info()
        assert (info.misses, info.load_errors, info.stale) == (1, 2, 2)

    @pytest.mark.asyncio
    async def test_also_when_the_old_value_has_ended_meanwhile(self, signals, caplog):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)
        source.error = ValueError("down")
        source.go.clear()
        await load()
        await settle()
        clock.advance(20)
        source.go.set()
        await settle()
        gc.collect()

        assert kinds(signals) == [("cache.refresh_failed", "ValueError")]
        assert caplog.records == []

    @pytest.mark.asyncio
    async def test_a_load_in_the_background_that_is_cancelled_is_forgotten(self, caplog):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)
        source.error = asyncio.CancelledError()
        await load()
        await settle()
        source.error = None

        assert await load() == 1
        await settle()
        assert await load() == 3
        gc.collect()
        assert caplog.records == []

    @pytest.mark.asyncio
    async def test_what_was_loaded_in_the_background_while_disabled_is_not_kept(self):
        source, clock = Source(), FakeClock()
        load = cached(source.aload, ttl=10, stale_for=20, clock=clock)
        await load()
        clock.advance(15)
        source.go.clear()
        await load()
        with cache_disabled():
            source.go.set()
            await settle()

        assert await load() == 1


class TestCachedErrors:
    def test_each_call_gets_a_copy_until_error_ttl(self):
        source, clock = Source(), FakeClock()
        load = cached(source.load, cache_errors=ValueError, error_ttl=5, clock=clock)
        source.error = ValueError("down")
        errors = []
        for _ in range(3):
            with pytest.raises(ValueError, match="down") as caught:
                load()
            errors.append(caught.value)

        assert source.loads == 1
        assert len(set(map(id, errors))) == 3
        assert errors[1].__traceback__ is not errors[2].__traceback__
        clock.advance(5)
        source.error = None
        assert load() == 2
        info = load.cache_info()
        assert (info.hits, info.misses, info.load_errors, info.loads) == (2, 2, 1, 1)

    def test_notes_that_one_caller_adds_are_not_the_next_ones(self):
        source = Source()
        load = cached(source.load, cache_errors=ValueError)
        source.error = ValueError("down")
        source.error.add_note("first")
        for _ in range(3):
            with pytest.raises(ValueError, match="down") as caught:
                load()
            caught.value.add_note("more")

            assert caught.value.__notes__[:2] == ["first", "more"]
            assert len(caught.value.__notes__) == 2

    def test_other_errors_are_not_kept(self):
        source = Source()
        load = cached(source.load, cache_errors=KeyError)
        source.error = ValueError("down")
        for _ in range(2):
            with pytest.raises(ValueError, match="down"):
                load()

        assert source.loads == 2

    @pytest.mark.asyncio
    async def test_of_coroutine_functions_as_well(self):
        source = Source()
        load = cached(source.aload, error_ttl=5)
        source.error = ValueError("down")
        for _ in range(2):
            with pytest.raises(ValueError, match="down"):
                await load()

        assert source.loads == 1

    def test_an_error_that_cannot_be_copied_is_raised_itself(self):
        class Odd(Exception):
            def __init__(self, first, second):
                super().__init__(first)

        source = Source()
        load = cached(source.load, cache_errors=Odd)
        source.error = Odd(1, 2)
        for _ in range(2):
            with pytest.raises(Odd):
                load()

        assert source.loads == 1
