"""`refresh`, `put`, `invalidate`, `many`, `warm`, `cache_info`, `cache_clear`, `cache_key`."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import operator
import pickle
from itertools import count

import pytest

from pepperpy.infra.cache import (
    InvalidOptionError,
    InvalidTargetError,
    UncacheableResultError,
    UnkeyableArgumentError,
    async_cached,
    cached,
)


class Shop:
    calls: list

    def __init__(self):
        self.calls = []

    @cached
    def price(self, item, *, currency="EUR"):
        self.calls.append(item)
        return (item, len(self.calls))

    @cached
    async def stock(self, item):
        self.calls.append(item)
        return (item, len(self.calls))


@cached(ttl=60)
def by_name(number):
    """Says what it does."""
    return [number]


def numbered(**options):
    calls = []

    @cached(**options)
    def load(key, other=0):
        calls.append(key)
        if key == "bad":
            raise ValueError(key)
        return (key, other, len(calls))

    load.calls = calls
    return load


class TestOneCall:
    def test_invalidate_takes_the_arguments_as_a_call_does(self):
        load = numbered()
        load(1, 2)

        assert load.invalidate(1, 3) == 0
        assert load.invalidate(other=2, key=1) == 1
        assert load.invalidate(1, 2) == 0
        assert load.cache_info().removed["invalidated"] == 1

    def test_put_is_what_the_next_call_gets(self):
        load = numbered()
        load.put("put", 1, other=2)

        assert load(1, 2) == "put"
        assert load.calls == []

    def test_refresh_loads_and_keeps(self):
        load = numbered()
        load(1)

        assert load.refresh(1) == (1, 0, 2)
        assert load(1) == (1, 0, 2)

    @pytest.mark.parametrize("handle", ["refresh", "invalidate", "cache_key"])
    def test_wrong_arguments_are_the_error_of_a_call(self, handle):
        load = numbered()
        with pytest.raises(TypeError, match=r"load\(\) missing 1 required positional argument"):
            getattr(load, handle)()
        with pytest.raises(TypeError, match=r"load\(\) got an unexpected keyword argument 'x'"):
            getattr(load, handle)(1, x=1)
        with pytest.raises(TypeError, match=r"load\(\) missing 1 required"):
            load.put("value")

    def test_arguments_called_as_our_own(self):
        @cached
        def load(self, value, key, args, kwargs):
            return (self, value, key, args, kwargs)

        call = {"self": Shop, "value": 2, "key": 3, "args": 4, "kwargs": 5}
        load.put("put", **call)

        assert load(**call) == "put"
        assert load.invalidate(**call) == 1
        assert load.refresh(**call) == (Shop, 2, 3, 4, 5)
        with pytest.raises(UnkeyableArgumentError, match="'self' of load"):
            load.cache_key(**call)

    def test_of_methods_the_instance_comes_first(self):
        shop, other = Shop(), Shop()
        shop.price(1)
        other.price(1)

        assert Shop.price.invalidate(shop, 1, currency="EUR") == 1
        assert Shop.price.refresh(other, 1) == (1, 2)
        Shop.price.put("put", shop, 2)
        assert shop.price(2) == "put"
        assert other.price(2) == (2, 3)
        assert shop.price(1) == (1, 2)
        assert Shop.price.many([(shop, 1), {"self": other, "item": 1}]) == [(1, 2), (1, 2)]

    @pytest.mark.asyncio
    async def test_of_coroutine_methods(self):
        shop = Shop()

        assert await shop.stock(1) == (1, 1)
        assert await Shop.stock.refresh(shop, 1) == (1, 2)
        assert Shop.stock.invalidate(shop, 1) == 1
        Shop.stock.put("put", shop, 1)
        assert await Shop.stock.many([(shop, 1), (shop, 2)]) == ["put", (2, 3)]

    def test_cache_key_is_the_same_for_all_forms_of_one_call(self):
        load = numbered(name="load")

        assert load.cache_key(1, 2) == load.cache_key(other=2, key=1) != load.cache_key(1, "2")

    def test_cache_clear_drops_all(self):
        load = numbered()
        load(1)
        load(2)
        load.cache_clear()

        assert load(1) == (1, 0, 3)
        assert load.cache_info().removed["cleared"] == 2


class TestMany:
    def test_results_are_in_the_order_of_the_calls(self):
        load = numbered()

        assert load.many([(2, 1), (1,), {"key": 2, "other": 1}]) == [
            (2, 1, 1),
            (1, 0, 2),
            (2, 1, 1),
        ]

    def test_one_argument_needs_no_tuple(self):
        double = cached(lambda number: number * 2)

        assert double.many(range(3)) == [0, 2, 4]
        assert double.many([(1, 2)]) == [(1, 2, 1, 2)]

    def test_what_is_no_call_is_named(self):
        load = numbered()
        with pytest.raises(InvalidOptionError, match=r"load\(\) takes several arguments.*got str"):
            load.many(["a"])

    def test_warm_goes_on_behind_errors_and_tells_them_in_the_end(self):
        load = numbered()
        assert load.warm([(1,), (2,)]) == 2
        with pytest.raises(ExceptionGroup, match="1 of 3 calls failed") as caught:
            load.warm([(3,), ("bad",), (4,)])

        assert [str(error) for error in caught.value.exceptions] == ["bad"]
        assert load.calls == [1, 2, 3, "bad", 4]

    @pytest.mark.parametrize("handle", ["many", "warm"])
    def test_what_passes_through_ends_it_at_once(self, handle):
        @cached
        def load(key):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            getattr(load, handle)([1, 2])


@pytest.mark.asyncio
class TestManyAtOnce:
    async def test_a_hundred_at_once_and_no_more(self):
        running = most = 0

        @cached(max_size=None)
        async def load(key):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return -key

        assert await load.many(range(350)) == [-key for key in range(350)]
        assert most == 100

    async def test_no_more_tasks_than_calls(self):
        @cached
        async def load(key):
            await asyncio.sleep(0)
            return len(asyncio.all_tasks())

        # This one, and two for each call.
        assert max(await load.many([1, 2, 3])) <= 7
        assert await load.many([]) == []
        assert await load.many(iter(())) == []

    async def test_calls_are_taken_as_they_are_needed(self):
        taken = []

        @cached
        async def load(key):
            if key == 5:
                raise ValueError(key)

        def endless():
            for number in count():
                taken.append(number)
                yield number

        with pytest.raises(ValueError, match="5"):
            await load.many(endless())
        assert len(taken) < 1000

    async def test_the_first_error_ends_the_others_and_is_the_only_one(self, caplog):
        ended = []

        @cached
        async def load(key):
            if key in {"bad", "worse"}:
                await asyncio.sleep(0)
                raise ValueError(key)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(key)

        with pytest.raises(ValueError, match="bad"):
            await load.many(["a", "bad", "worse", "b"])
        gc.collect()

        assert sorted(ended) == ["a", "b"]
        assert caplog.records == []
        assert len(asyncio.all_tasks()) == 1

    async def test_a_cancelled_one_has_cleaned_up_when_it_ends(self):
        ended = []

        @cached
        async def load(key):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                ended.append(key)
                raise

        task = asyncio.ensure_future(load.many([1, 2, 3]))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert sorted(ended) == [1, 2, 3]
        assert len(asyncio.all_tasks()) == 1

    async def test_warm_tells_errors_in_the_end(self):
        @cached
        async def load(key):
            if key % 2:
                raise ValueError(key)

        with pytest.raises(ExceptionGroup, match="2 of 5 calls failed"):
            await load.warm(range(5))
        assert await load.warm([0, 2, 4, 6]) == 4
        assert load.cache_info().loads == 4


class TestTargets:
    def test_the_wrapper_shows_what_it_stands_for(self):
        assert by_name.__name__ == "by_name"
        assert by_name.__doc__ == "Says what it does."
        assert str(inspect.signature(by_name)) == "(number)"
        assert by_name.__wrapped__(1) is not by_name.__wrapped__(1)
        assert inspect.iscoroutinefunction(Shop.stock)
        assert not inspect.iscoroutinefunction(Shop.price)

    def test_it_is_pickled_by_its_name(self):
        assert pickle.loads(pickle.dumps(by_name)) is by_name

    def test_class_methods_static_methods_and_properties_above_and_below(self):
        class Made:
            made = 0

            @classmethod
            @cached
            def below(cls, key):
                cls.made += 1
                return cls.made

            @cached
            @classmethod
            def above(cls, key):
                cls.made += 1
                return cls.made

            @cached
            @staticmethod
            def static(key):
                return [key]

            @property
            @cached
            def shown(self):
                return [self]

            @cached
            @property
            def hidden(self):
                return [self]

        made = Made()
        assert made.below(1) == Made.below(1) == 1
        assert made.above(1) == Made.above(1) == 2
        assert made.static(1) is Made.static(1)
        assert made.shown is made.shown
        assert made.hidden is made.hidden
        assert made.shown is not Made().shown

    def test_partials_objects_and_builtins(self):
        class Adder:
            def __init__(self):
                self.calls = 0

            def __call__(self, number, *, more=1):
                self.calls += 1
                return number + more

        adder = Adder()
        load = cached(adder)
        assert (load(1), load(number=1, more=1), adder.calls) == (2, 2, 1)
        assert load.cache_info().hits == 1

        add = cached(functools.partial(operator.add, 1))
        assert (add(2), add(2), add.cache_info().hits) == (3, 3, 1)

        length = cached(len)
        assert (length("abc"), length([1]), length("abc")) == (3, 1, 3)
        assert length.cache_info().hits == 1

    @pytest.mark.asyncio
    async def test_partials_of_coroutine_functions(self):
        async def load(first, second):
            return [first, second]

        both = async_cached(functools.partial(load, 1))
        assert await both(2) is await both(2)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: (number for number in range(3)),
            lambda: map(str, [1]),
            lambda: zip([1], [2], strict=True),
        ],
    )
    def test_a_result_that_can_be_used_only_once_is_an_error(self, make):
        @cached
        def load():
            return make()

        with pytest.raises(UncacheableResultError, match="used only once"):
            load()
        assert load.cache_info().size == 0

    def test_a_plain_function_that_returns_a_coroutine_is_an_error(self):
        async def work():
            """Never begun."""

        made = []

        @cached
        def load():
            made.append(work())
            return made[-1]

        with pytest.raises(UncacheableResultError, match="async def"):
            load()
        made[0].close()

    @pytest.mark.parametrize("kind", ["generator", "async generator", "class"])
    def test_what_cannot_be_cached_is_refused_at_decoration(self, kind):
        def generator():
            yield 1

        async def async_generator():
            yield 1

        target = {"generator": generator, "async generator": async_generator, "class": Shop}[kind]
        with pytest.raises(TypeError, match=kind):
            cached(target)

    def test_async_cached_refuses_a_plain_function(self):
        with pytest.raises(InvalidTargetError, match="use cached"):
            async_cached(lambda: 1)


class TestFigures:
    def test_causes_are_exact(self):
        from pepperpy.infra.utils import FakeClock

        clock = FakeClock()
        load = numbered(max_size=2, ttl=10, clock=clock)
        for key in (1, 2, 3):  # one has to go
            load(key)
        load.put("put", 3)
        load.invalidate(3)
        clock.advance(10)
        load(4)
        load(5)
        load.cache_clear()

        info = load.cache_info()
        assert (info.misses, info.loads, info.hits) == (5, 5, 0)
        assert info.removed == {
            "expired": 1,
            "size": 1,
            "bytes": 0,
            "replaced": 1,
            "invalidated": 1,
            "cleared": 2,
            "collected": 0,
        }
        assert info.evictions == 1
        assert info.size == 0

    def test_inspection_says_the_same(self):
        from pepperpy.infra.utils import inspectables

        load = numbered(name="inspected", max_size=5)
        load(1)
        load(1)
        (found,) = [
            shown for each in inspectables() if (shown := each.inspect())["name"] == "inspected"
        ]

        assert found["kind"] == "cache"
        facts = found["facts"]
        assert (facts["hits"], facts["misses"], facts["loads"], facts["size"]) == (1, 1, 1, 1)
        assert facts["hit_ratio"] == 0.5
        assert found["config"] == {"max_size": 5, "max_bytes": None}

    def test_the_time_of_loads_is_added_up(self):
        from pepperpy.infra.utils import FakeClock

        clock = FakeClock()

        @cached(clock=clock, ttl=60)
        def load(seconds):
            clock.advance(seconds)
            if seconds == 3:
                raise ValueError

        load(1)
        load(2)
        with pytest.raises(ValueError):  # noqa: PT011 - our own
            load(3)

        assert load.cache_info().load_seconds == 6
