from __future__ import annotations

import bisect
import random
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

import pytest

from pepperpy.infra.cache import Cache, InvalidOptionError
from pepperpy.infra.utils import FakeClock


def memo_of(function: Any) -> Any:
    """What is behind a cached function."""
    return function.cache_info.__self__._memo


def queued(function: Any) -> int:
    store = memo_of(function).store
    return len(store._small) + len(store._main)


def zipf(count: int, keys: int, exponent: float, seed: int) -> list[int]:
    chance = random.Random(seed)
    total, bounds = 0.0, []
    for rank in range(1, keys + 1):
        total += rank**-exponent
        bounds.append(total)
    return [bisect.bisect(bounds, chance.random() * total) for _ in range(count)]


def ratio_of_lru(trace: Iterable[int], size: int) -> float:
    kept: OrderedDict[int, None] = OrderedDict()
    hits = calls = 0
    for key in trace:
        calls += 1
        if key in kept:
            hits += 1
            kept.move_to_end(key)
            continue
        kept[key] = None
        if len(kept) > size:
            kept.popitem(last=False)
    return hits / calls


def ratio_of_ours(cache: Cache, trace: Iterable[int], size: int) -> float:
    @cache.cached(max_size=size)
    def f(n: int) -> int:
        return n

    for key in trace:
        assert f(key) == key
        assert len(memo_of(f).store.entries) <= size
    return f.cache_info().hit_ratio


class TestBoundByCount:
    @pytest.mark.parametrize("size", [1, 2, 3, 10, 100])
    def test_never_more_than_max_size(self, cache: Cache, size: int) -> None:
        @cache.cached(max_size=size, ttl=60)
        def f(n: int) -> int:
            return n

        chance = random.Random(size)
        for _ in range(2000):
            f(chance.randrange(size * 3))
            assert len(memo_of(f).store.entries) <= size

        info = f.cache_info()
        assert info.size == info.currsize == size == info.max_size == info.maxsize
        assert info.evictions == info.removed["size"] == info.loads - size

    def test_the_newest_is_kept(self, cache: Cache) -> None:
        @cache.cached(max_size=1)
        def f(n: int) -> object:
            return object()

        assert f(1) is f(1)
        assert f(2) is f(2)

    def test_none_is_no_bound(self, cache: Cache) -> None:
        @cache.cached(max_size=None)
        def f(n: int) -> int:
            return n

        for n in range(5000):
            f(n)

        assert f.cache_info().size == 5000

    def test_by_default_it_is_1024_for_each_function(self, cache: Cache) -> None:
        @cache.cached
        def f(n: int) -> int:
            return n

        for n in range(2000):
            f(n)

        assert f.cache_info().size == 1024

    def test_what_is_evicted_is_let_go(self, cache: Cache) -> None:
        class Result: ...

        @cache.cached(max_size=10)
        def f(n: int) -> Result:
            return Result()

        watches = [weakref.ref(f(n)) for n in range(100)]

        assert sum(watch() is not None for watch in watches) == 10


class TestS3FIFO:
    def test_who_was_asked_for_outlives_a_scan(self, cache: Cache) -> None:
        @cache.cached(max_size=100)
        def f(n: int) -> object:
            return object()

        popular = {n: f(n) for n in range(50)}
        for n, kept in popular.items():
            assert f(n) is kept
        for n in range(1000, 10_000):
            f(n)

        assert [f(n) is popular[n] for n in popular].count(True) == 50

    def test_who_comes_back_soon_joins_those_that_stay(self, cache: Cache) -> None:
        @cache.cached(max_size=100)
        def f(n: int) -> object:
            return object()

        for n in range(100):
            f(n)
            f(n)
        f(1000)
        for n in range(1001, 1020):
            f(n)  # pushes 1000 out
        loads = f.cache_info().loads
        back = f(1000)
        assert f.cache_info().loads == loads + 1
        for n in range(2000, 2500):
            f(n)

        assert f(1000) is back

    @pytest.mark.parametrize("exponent", [0.8, 1.0])
    def test_hits_more_than_lru_where_few_are_popular(self, cache: Cache, exponent: float) -> None:
        trace = zipf(30_000, 20_000, exponent, seed=1)

        assert ratio_of_ours(cache, trace, 200) > ratio_of_lru(trace, 200) + 0.05

    def test_hits_more_than_lru_among_scans(self, cache: Cache) -> None:
        trace: list[int] = []
        for index, key in enumerate(zipf(25_000, 20_000, 1.0, seed=2)):
            trace.append(key)
            if index % 4 == 0:
                trace.append(1_000_000 + index)

        assert ratio_of_ours(cache, trace, 200) > ratio_of_lru(trace, 200) + 0.05

    def test_the_ghosts_are_bounded(self, cache: Cache) -> None:
        @cache.cached(max_size=100)
        def f(n: int) -> int:
            return n

        for n in range(10_000):
            f(n)

        assert len(memo_of(f).store._ghost) <= 120


class TestBoundByBytes:
    def test_never_more_than_max_bytes(self, cache: Cache) -> None:
        @cache.cached(max_bytes=1000, weigh=len, max_size=None)
        def f(n: int) -> bytes:
            return bytes(n % 300)

        for n in range(1, 2000):
            f(n)
            info = f.cache_info()
            assert info.bytes <= 1000
        assert info.bytes == sum(len(entry[0]) for entry in memo_of(f).store.entries.values())
        assert info.max_bytes == 1000
        assert info.evictions == info.removed["bytes"] > 0

    def test_what_is_too_heavy_is_not_kept(self, cache: Cache) -> None:
        @cache.cached(max_bytes=1000, weigh=len)
        def f(n: int) -> bytes:
            return bytes(n)

        f(10)
        f(1001)

        assert f.cache_info().size == 1
        assert f.cache_info().bytes == 10
        assert f.cache_info().evictions == 0

    def test_weights_go_with_their_entries(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(max_bytes=1000, weigh=len, ttl=60)
        def f(n: int) -> bytes:
            return bytes(n)

        f(10), f(20), f(30)
        f.invalidate(10)
        assert f.cache_info().bytes == 50
        f.put(b"12345", 20)
        assert f.cache_info().bytes == 35
        f.cache_clear()
        assert f.cache_info().bytes == 0

    def test_by_default_bytes_are_estimated_with_all_that_is_held(self, cache: Cache) -> None:
        class Thing:
            def __init__(self) -> None:
                self.text = "x" * 10_000

        class Slotted:
            __slots__ = ("empty", "text")

            def __init__(self) -> None:
                self.text = "z" * 10_000

        @cache.cached(max_bytes=100_000)
        def f(n: int) -> object:
            return [{"thing": Thing(), "again": deque(["y" * 10_000])}, Slotted()]

        f(1)

        assert 30_000 < f.cache_info().bytes < 33_000

    def test_what_is_held_twice_counts_once_and_circles_end(self, cache: Cache) -> None:
        text = "x" * 10_000
        value: list[Any] = [text, text, {text: text}]
        value.append(value)

        @cache.cached(max_bytes=100_000)
        def f() -> object:
            return value

        f()

        assert 10_000 < f.cache_info().bytes < 12_000

    @pytest.mark.parametrize("weight", [-1, 1.5, "5", None, True])
    def test_a_weight_that_is_no_number_of_bytes_is_named(self, cache: Cache, weight: Any) -> None:
        @cache.cached(max_bytes=1000, weigh=lambda result: weight)
        def f() -> int:
            return 1

        with pytest.raises(InvalidOptionError, match="weigh must return") as caught:
            f()

        assert caught.value.option == "weigh"


class TestExpiryInSteps:
    @pytest.mark.parametrize("size", [None, 10_000])
    def test_a_call_never_removes_more_than_a_fixed_few(
        self, cache: Cache, clock: FakeClock, size: int | None
    ) -> None:
        @cache.cached(ttl=60, max_size=size)
        def f(n: int) -> int:
            return n

        for n in range(5000):
            f(n)
        clock.advance(60)
        left = 5000
        for n in range(10_000, 10_100):
            f(n)
            now = len(memo_of(f).store.entries)
            assert left - now <= 4
            left = now

        assert left < 5000
        assert f.cache_info().size == 100

    def test_without_a_bound_memory_stays_bounded_by_what_lives(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        @cache.cached(ttl=100, max_size=None)
        def f(n: int) -> int:
            return n

        for n in range(20_000):
            f(n)
            clock.advance(1)

        assert len(memo_of(f).store.entries) < 300
        assert queued(f) < 400

    def test_without_a_bound_lives_of_different_length_go_as_well(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        @cache.cached(ttl=lambda n: 1e9 if n % 100 == 0 else 10, max_size=None)
        def f(n: int) -> int:
            return n

        for n in range(20_000):
            f(n)
            clock.advance(1)

        assert f.cache_info().size < 220
        assert len(memo_of(f).store.entries) < 500


class TestQueues:
    @pytest.mark.parametrize("size", [None, 100])
    def test_stay_small_under_invalidation_and_loading(
        self, cache: Cache, size: int | None
    ) -> None:
        @cache.cached(ttl=60, max_size=size)
        def f(n: int) -> int:
            return n

        for index in range(5000):
            f(index % 10)
            f.invalidate(index % 10)
            assert queued(f) <= 50

    @pytest.mark.parametrize("size", [None, 100])
    def test_stay_small_under_refreshing_and_putting(self, cache: Cache, size: int | None) -> None:
        @cache.cached(ttl=60, max_size=size)
        def f(n: int) -> int:
            return n

        for index in range(5000):
            f.refresh(index % 10)
            f.put(1, index % 10)
            f(index % 10)
            assert queued(f) <= 50

    @pytest.mark.parametrize("size", [None, 1000])
    def test_stay_small_where_much_is_dropped_and_nothing_loaded(
        self, cache: Cache, size: int | None
    ) -> None:
        @cache.cached(ttl=60, max_size=size)
        def f(n: int) -> int:
            return n

        for n in range(1000):
            f(n)
        for n in range(1000):
            f.invalidate(n)
            assert queued(f) <= (999 - n) * 1.25 + 17

    def test_what_is_evicted_while_it_is_loaded_anew_can_still_be_served(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        breaks = False

        @cache.cached(ttl=10, max_size=1, stale_on_error=100)
        def f(n: int) -> int:
            if breaks and n == 1:
                f(2)
                f.invalidate(2)
                raise LookupError
            return n

        f(1)
        clock.advance(10)
        breaks = True

        assert f(1) == 1

    def test_what_is_invalidated_while_it_is_loaded_anew_is_not_served(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        breaks = False

        @cache.cached(ttl=10, stale_on_error=100)
        def f(n: int) -> int:
            if breaks:
                f.invalidate(n)
                raise OSError("gone")
            return n

        f(1)
        clock.advance(10)
        breaks = True

        with pytest.raises(OSError, match="gone"):
            f(1)

    def test_what_is_dropped_when_it_was_just_found_can_still_be_served(self, cache: Cache) -> None:
        @cache.cached(ttl=60)
        def f(n: int) -> int:
            return n * 10

        f(1)
        _, _, entry = memo_of(f).begin(1, (), None, [])
        f.invalidate(1)

        assert entry[0] == 10

    def test_do_not_keep_what_was_dropped(self, cache: Cache) -> None:
        class Result: ...

        @cache.cached(ttl=60)
        def f(n: int) -> Result:
            return Result()

        watches = [weakref.ref(f(n)) for n in range(5)]
        f.invalidate(0)
        f.put(Result(), 1)
        f.refresh(2)
        assert [watch() for watch in watches[:3]] == [None, None, None]
        f.cache_clear()

        assert [watch() for watch in watches] == [None] * 5

    def test_an_entry_that_is_dropped_in_the_midst_of_a_hit_is_a_miss(self, cache: Cache) -> None:
        during: list[Any] = []

        class Interrupting(FakeClock):
            def monotonic(self) -> float:
                while during:
                    during.pop()()
                return super().monotonic()

        @Cache("interrupted", clock=Interrupting()).cached(ttl=60)
        def f(n: int) -> object:
            return object()

        kept = f(1)
        during.append(lambda: f.invalidate(1))
        again = f(1)

        assert again is not kept
        assert f(1) is again

    def test_dropped_entries_do_not_make_eviction_unfair(self, cache: Cache) -> None:
        @cache.cached(max_size=1000, ttl=60)
        def f(n: int) -> object:
            return object()

        popular = {n: f(n) for n in range(100)}
        for n in range(100, 1000):
            f(n)
        for n in popular:
            f(n)
        for n in range(100, 350):
            f.invalidate(n)
        for n in range(2000, 2400):
            f(n)

        assert [f(n) is popular[n] for n in popular].count(True) == 100


class TestStatistics:
    def test_add_up(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(max_size=50, ttl=10)
        def f(n: int) -> int:
            if n % 17 == 16:
                raise LookupError
            return n

        chance, calls = random.Random(5), 0
        for _ in range(5000):
            n = chance.randrange(150)
            calls += 1
            try:
                assert f(n) == n
            except LookupError:
                assert n % 17 == 16
            if chance.random() < 0.05:
                f.invalidate(chance.randrange(150))
            if chance.random() < 0.2:
                clock.advance(chance.random())

        info = f.cache_info()
        assert info.hits + info.misses == calls
        assert info.misses == info.loads + info.load_errors
        assert info.loads == len(memo_of(f).store.entries) + sum(info.removed.values())
        assert set(info.removed) == {
            "expired",
            "size",
            "bytes",
            "replaced",
            "invalidated",
            "cleared",
            "collected",
        }
        assert 0 < info.hit_ratio < 1

    def test_the_time_of_loads_is_measured(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached
        def f(n: int) -> None:
            clock.advance(n)

        f(2), f(3), f(2)

        assert f.cache_info().load_seconds == 5

    def test_before_the_first_call_are_zero(self, cache: Cache) -> None:
        info = cache.cached(lambda: 1).cache_info()

        assert (info.hits, info.misses, info.size, info.hit_ratio) == (0, 0, 0, 0.0)
