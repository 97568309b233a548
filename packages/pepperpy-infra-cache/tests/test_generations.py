"""A load under way when its entry is invalidated: returned to those who wait, and never kept."""

from __future__ import annotations

import asyncio
import gc
import weakref
from threading import Event, Thread

import pytest

from pepperpy.infra.cache import Cache, cached, clear_cache, invalidate_cache


class Loading:
    """A cached function with a load under way in a thread; each load returns its number."""

    def __init__(self, **options):
        self.loads = 0
        self.go = Event()
        self.results = []
        self.cache = Cache()

        @self.cache.cached(**options)
        def load(user_id):
            self.loads += 1
            number = self.loads
            if number == 1:
                self.go.wait()
            return number

        self.load = load
        self.thread = self.call()

    def call(self):
        before = self.load.cache_info().misses
        thread = Thread(target=lambda: self.results.append(self.load(7)), daemon=True)
        thread.start()
        while self.load.cache_info().misses == before or not self.loads:
            Event().wait(0)
        return thread

    def end(self, *others):
        self.go.set()
        for thread in (self.thread, *others):
            thread.join()


CHANGES = {
    "its key": lambda loading: loading.load.invalidate(7),
    "its entity": lambda loading: loading.cache.invalidate("user:7"),
    "a glob": lambda loading: loading.cache.invalidate("us*"),
    "its tag": lambda loading: loading.cache.invalidate("people"),
    "everything": lambda loading: loading.cache.clear(),
    "the function": lambda loading: loading.load.cache_clear(),
}


class TestInvalidation:
    @pytest.mark.parametrize("change", CHANGES)
    def test_a_call_from_then_on_starts_a_load_of_its_own(self, change):
        loading = Loading(tags="people")
        waiter = loading.call()
        CHANGES[change](loading)

        assert loading.load(7) == 2
        loading.end(waiter)
        assert loading.results == [1, 1]
        assert loading.load(7) == 2

    @pytest.mark.parametrize("change", CHANGES)
    def test_what_was_under_way_is_not_kept(self, change):
        loading = Loading(tags="people")
        CHANGES[change](loading)
        loading.end()

        assert loading.load.cache_info().size == 0
        assert loading.load(7) == 2

    @pytest.mark.parametrize("name", ["user:8", "users", "", "user:", "user:7x", "peopl"])
    def test_another_name_harms_nobody(self, name):
        loading = Loading(tags="people")
        loading.cache.invalidate(name)
        loading.end()

        assert loading.load(7) == 1

    def test_names_that_only_the_result_tells_are_taken_to_be_meant(self):
        loading = Loading(tags=lambda result: f"number:{result}", names=False)
        assert loading.cache.invalidate("number:1") == 0
        loading.end()

        assert loading.load(7) == 2

    def test_within_the_load_itself(self):
        calls = []

        @cached
        def load(user_id):
            calls.append(user_id)
            invalidate_cache(f"user:{user_id}")
            return len(calls)

        assert [load(7), load(7)] == [1, 2]

    def test_clear_cache_within_the_load_itself(self):
        calls = []

        @cached
        def load():
            calls.append(1)
            clear_cache()
            return len(calls)

        assert [load(), load()] == [1, 2]

    def test_twice_in_a_row(self):
        loading = Loading()
        loading.load.invalidate(7)
        assert loading.load(7) == 2
        loading.load.invalidate(7)
        assert loading.load(7) == 3
        loading.end()

        assert loading.load(7) == 3

    @pytest.mark.asyncio
    async def test_of_coroutine_functions(self):
        calls, go = [], asyncio.Event()

        @cached
        async def load(user_id):
            calls.append(user_id)
            number = len(calls)
            if number == 1:
                await go.wait()
            return number

        first = asyncio.ensure_future(load(7))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(load(7))
        await asyncio.sleep(0)
        invalidate_cache("user:7")
        third = await load(7)
        go.set()

        assert (await first, await second, third, await load(7)) == (1, 1, 2, 2)

    @pytest.mark.asyncio
    async def test_a_flight_of_a_loop_that_no_one_waits_for_any_more_keeps_nothing(self):
        """It was replaced, since its loop had stopped; then its name was invalidated."""
        calls = []

        @cached
        async def load(user_id):
            calls.append(user_id)
            number = len(calls)
            for _ in range(50):
                await asyncio.sleep(0)
            return number

        def elsewhere():
            first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
            task = first.create_task(load(7))
            first.run_until_complete(asyncio.sleep(0))
            first.run_until_complete(asyncio.sleep(0))
            second.run_until_complete(load(7))
            invalidate_cache("user:7")
            result = first.run_until_complete(task)
            first.close()
            second.close()
            return result

        assert await asyncio.to_thread(elsewhere) == 1
        assert await load(7) == 3


class TestPutAndRefresh:
    def test_what_is_put_meanwhile_stays(self):
        loading = Loading()
        loading.load.put("put", 7)
        assert loading.load(7) == "put"
        loading.end()

        assert loading.results == [1]
        assert loading.load(7) == "put"

    def test_what_is_put_but_not_to_be_kept_stays_away(self):
        loading = Loading(cache_if=lambda result: result != "put")
        loading.load.put("put", 7)
        loading.end()

        assert loading.load(7) == 2

    def test_a_refresh_meanwhile_wins(self):
        loading = Loading()
        assert loading.load.refresh(7) == 2
        loading.end()

        assert loading.results == [1]
        assert loading.load(7) == 2

    def test_a_refresh_that_fails_leaves_what_was_there(self):
        calls = []

        @cached
        def load():
            calls.append(1)
            if len(calls) == 2:
                raise ValueError("down")
            return len(calls)

        load()
        with pytest.raises(ValueError, match="down"):
            load.refresh()

        assert load() == 1

    def test_calls_during_a_refresh_get_what_is_there(self):
        clock_calls = []

        @cached
        def load():
            clock_calls.append(1)
            return load() if len(clock_calls) == 2 else len(clock_calls)

        load()
        assert load.refresh() == 1


class TestInstances:
    def test_one_that_dies_after_its_load_takes_all_along(self):
        class Shop:
            @cached
            def price(self, item):
                return object()

        shop = Shop()
        gone = weakref.ref(shop)
        shop.price(1)
        del shop
        gc.collect()

        assert gone() is None
        assert Shop.price.cache_info().size == 0
        assert Shop.price.cache_info().removed["collected"] == 1

    @pytest.mark.asyncio
    async def test_one_that_only_its_load_keeps_alive(self):
        go = asyncio.Event()

        class Shop:
            @cached
            async def price(self, item):
                await go.wait()
                return 3

        shop = Shop()
        gone = weakref.ref(shop)
        tasks = [asyncio.ensure_future(shop.price(1)) for _ in range(2)]
        del shop
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        go.set()
        assert await asyncio.gather(*tasks) == [3, 3]
        tasks.clear()
        await asyncio.sleep(0)
        gc.collect()

        assert gone() is None
        assert Shop.price.cache_info().size == 0
