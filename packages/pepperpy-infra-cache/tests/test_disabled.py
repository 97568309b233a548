"""`cache_disabled`: nothing is read from a cache or kept in one."""

from __future__ import annotations

import asyncio
from threading import Event, Thread

import pytest

from pepperpy.infra.cache import Cache, cache_disabled, cached, invalidate_cache
from pepperpy.infra.cache._memo import Memo
from pepperpy.infra.utils import inspectables


def counting(**options):
    calls = []

    @cached(**options)
    def load(user_id=7):
        calls.append(user_id)
        return len(calls)

    return load


class TestBlocks:
    def test_every_call_runs_and_what_was_there_is_there_again(self):
        load = counting()
        load()
        with cache_disabled():
            assert [load(), load()] == [2, 3]
        assert load() == 1
        info = load.cache_info()
        assert (info.hits, info.misses, info.loads) == (1, 1, 1)

    def test_nested_the_outermost_one_counts(self):
        load = counting()
        load()
        with cache_disabled():
            with cache_disabled():
                assert load() == 2
            assert load() == 3
        assert load() == 1

    def test_left_by_an_error(self):
        load = counting()
        load()
        with pytest.raises(ValueError, match="out"), cache_disabled():
            raise ValueError("out")

        assert load() == 1

    @pytest.mark.asyncio
    async def test_as_an_async_block(self):
        @cached
        async def load():
            return object()

        before = await load()
        async with cache_disabled():
            assert await load() is not before
            assert await load.refresh() is not before
        assert await load() is before

    def test_it_holds_for_all_threads(self):
        load = counting()
        load()
        results = []
        with cache_disabled():
            thread = Thread(target=lambda: results.append(load()))
            thread.start()
            thread.join()

        assert results == [2]

    def test_what_is_invalidated_meanwhile_stays_away(self):
        load = counting(namespace="what is invalidated meanwhile")
        load(7)
        load(8)
        load(9)
        with cache_disabled():
            assert invalidate_cache("user:7", namespace="what is invalidated meanwhile") == 1
            assert load.invalidate(8) == 1
            load.put("put", 9)

        assert [load(7), load(8), load(9)] == [4, 5, 6]

    def test_a_function_decorated_inside_is_off_inside_and_on_afterwards(self):
        with cache_disabled():
            load = counting()
            assert [load(), load()] == [1, 2]
        assert [load(), load()] == [3, 3]

    def test_a_load_that_began_before_is_not_kept_if_it_ends_inside(self):
        go, results, calls = Event(), [], []

        @cached
        def load():
            calls.append(1)
            if len(calls) == 1:
                go.wait()
            return len(calls)

        thread = Thread(target=lambda: results.append(load()), daemon=True)
        thread.start()
        while not calls:
            Event().wait(0)
        with cache_disabled():
            assert load() == 2
            go.set()
            thread.join()

        assert results == [2]
        assert load() == 3

    def test_a_load_that_began_inside_is_not_kept_if_it_ends_afterwards(self):
        block = cache_disabled()
        calls = []

        @cached
        def load():
            calls.append(1)
            if len(calls) == 1:
                block.__exit__(None, None, None)
            return len(calls)

        block.__enter__()
        assert [load(), load(), load()] == [1, 2, 2]

    def test_values_of_a_cache_are_out_of_sight_as_well(self):
        cache = Cache()
        cache.set("a", 1)
        with cache_disabled():
            assert cache.get("a") is None
        assert cache.get("a") == 1

    def test_inspection_tells(self):
        load = counting(name="the one that is off")

        def state():
            found = [each.inspect() for each in inspectables()]
            return [each["state"] for each in found if each.get("name") == "the one that is off"]

        with cache_disabled():
            assert state() == ["off"]
        assert state() == ["ok"]
        assert load() == 1


class TestRaces:
    def test_a_block_that_begins_while_a_function_is_decorated(self, monkeypatch):
        follow, blocks = Memo.follow_switch, []

        def then_switch_off(memo):
            follow(memo)
            monkeypatch.undo()
            blocks.append(cache_disabled().__enter__())  # as another thread may just then

        monkeypatch.setattr(Memo, "follow_switch", then_switch_off)
        load = counting()
        assert [load(), load()] == [1, 2]
        blocks[0].__exit__(None, None, None)
        assert [load(), load()] == [3, 3]

    def test_functions_that_are_decorated_while_others_switch(self):
        """Whatever the order, a function is on when no block is left."""
        stop = Event()

        def switch():
            while not stop.is_set():
                with cache_disabled():
                    pass

        threads = [Thread(target=switch, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        made = [counting() for _ in range(300)]
        stop.set()
        for thread in threads:
            thread.join()

        assert all([load(), load(), load()][1:] == [1, 1] for load in made)

    @pytest.mark.asyncio
    async def test_tasks_that_come_inside_do_not_join(self):
        go, calls = asyncio.Event(), []

        @cached
        async def load():
            calls.append(1)
            number = len(calls)
            if number == 1:
                await go.wait()
            return number

        first = asyncio.ensure_future(load())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with cache_disabled():
            assert await load() == 2
        go.set()
        assert await first == 1
        assert await load() == 1
