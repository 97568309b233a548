"""The user's code in the midst of a change: comparisons, finalisers, signal handlers."""

from __future__ import annotations

import gc
import re
import signal
import sys
import weakref
from contextlib import suppress
from threading import Event, Thread

import pytest

from pepperpy.infra.cache import cached
from pepperpy.infra.utils import FakeClock

OURS = re.compile(r"<pepperpy.infra cached|pepperpy.infra.cache._\w+\.py$")


class Key:
    """A key whose comparison does something."""

    def __init__(self, name, on_compare=None):
        self.name = name
        self.on_compare = on_compare

    def __hash__(self):
        return 1

    def __eq__(self, other):
        act = self.on_compare or other.on_compare
        if act is not None:
            act()
        return isinstance(other, Key) and self.name == other.name


class TestComparisons:
    def test_one_that_raises_is_the_callers_error_and_locks_nothing(self):
        broken = []

        def fail():
            if broken:
                raise ArithmeticError("compare")

        @cached
        def load(key):
            return key.name

        load(Key("a", fail))
        broken.append(1)
        with pytest.raises(ArithmeticError):
            load(Key("b", fail))
        broken.clear()

        results = []
        thread = Thread(target=lambda: results.append(load(Key("b"))))
        thread.start()
        thread.join()
        assert results == ["b"]

    @pytest.mark.parametrize("fails_at", range(6))
    def test_one_that_raises_at_any_of_its_turns_leaves_no_key_locked(self, fails_at):
        turns = []

        def fail():
            turns.append(1)
            if len(turns) == fails_at + 1:
                raise ArithmeticError("compare")

        @cached
        def load(key):
            return key.name

        load(Key("a"))
        with suppress(ArithmeticError):
            load(Key("b", fail))
        turns.extend([1] * 9)  # no more of it
        results = []
        threads = [
            Thread(target=lambda name=name: results.append(load(Key(name)))) for name in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(results) == ["a", "b"]

    def test_one_that_calls_the_function(self):
        busy = []

        @cached
        def load(key):
            return getattr(key, "name", key)

        def call():
            if not busy:
                busy.append(1)
                assert load("inner") == "inner"
                busy.clear()

        load(Key("a", call))
        assert load(Key("b", call)) == "b"
        assert load(Key("a", call)) == "a"

    @pytest.mark.parametrize("turn", range(1, 5))
    @pytest.mark.parametrize("change", ["cache_clear", "invalidate", "put"])
    def test_one_that_changes_the_cache_is_heard_in_the_end(self, change, turn):
        calls, turns = [], []

        @cached
        def load(key):
            calls.append(key)
            return len(calls)

        def act():
            turns.append(1)
            if len(turns) == turn:
                if change == "cache_clear":
                    load.cache_clear()
                elif change == "put":
                    load.put("put", "inner")
                else:
                    load.invalidate("inner")

        load("inner")
        load(Key("a"))
        load(Key("b", act))
        load(Key("c", act))

        assert len(turns) >= turn
        assert load("inner") == ("put" if change == "put" else 5)

    @pytest.mark.parametrize("change", ["cache_clear", "invalidate"])
    def test_what_it_invalidates_while_a_result_is_stored_is_not_stored(self, change):
        """The first comparison after the load is one in the midst of keeping its result."""
        loaded = []

        def act():
            if loaded:
                loaded.clear()
                getattr(load, change)(*([last] if change == "invalidate" else []))

        @cached
        def load(key):
            if key is last:
                loaded.append(1)
            return key.name

        last = Key("b")
        load(Key("a", act))
        load(last)

        assert loaded == []
        assert load.cache_info().size == (0 if change == "cache_clear" else 1)

    def test_a_slow_one_keeps_no_hit_waiting(self):
        go, comparing = Event(), Event()

        def wait():
            comparing.set()
            go.wait()

        @cached
        def load(key):
            return getattr(key, "name", key)

        load("hit")
        load(Key("a"))
        thread = Thread(target=load, args=(Key("b", wait),), daemon=True)
        thread.start()
        comparing.wait()

        assert load("hit") == "hit"
        go.set()
        thread.join()


class TestFinalisers:
    @pytest.mark.parametrize("change", ["invalidate", "cache_clear", "put", "expire"])
    def test_values_that_call_the_function_when_they_die(self, change):
        heard, clock = [], FakeClock()

        class Value:
            def __del__(self):
                heard.append(load("other"))
                load.invalidate("other")

        @cached(ttl=10, max_size=None, clock=clock)
        def load(key):
            return Value() if key == "value" else key

        load("value")
        if change == "expire":
            clock.advance(10)
            load("third")
            load("fourth")
        elif change == "put":
            load.put("put", "value")
        elif change == "cache_clear":
            load.cache_clear()
        else:
            load.invalidate("value")
        for key in range(40):  # what was dropped leaves the queues in time
            load(key)
            load.invalidate(key)

        assert heard == ["other"]

    def test_garbage_that_calls_caches_and_dies_at_any_step(self):
        """The collector runs at every step that ours take."""
        heard = []

        class Shop:
            @cached(ttl=60)
            def price(self, item):
                return item

            def __del__(self):
                heard.append((load(0), Shop.price(self, 1)))

        @cached(ttl=60, max_size=3, tags="all")
        def load(key):
            return key

        def profile(frame, event, _):
            if event in {"call", "c_return"} and OURS.search(frame.f_code.co_filename):
                sys.setprofile(None)
                shop = Shop()
                shop.price(7)
                shop.me = shop
                del shop
                gc.collect(0)
                sys.setprofile(profile)

        sys.setprofile(profile)
        try:
            values = [load(key) for key in range(8)]
            load.invalidate(7)
            load.put(1, 1)
        finally:
            sys.setprofile(None)
        gc.collect()

        assert values == list(range(8))
        assert len(heard) > 100
        assert Shop.price.cache_info().size == 0
        assert load.cache_info().size == 3

    def test_an_instance_that_dies_while_its_lock_is_held_is_forgotten_afterwards(self):
        class Shop:
            @cached
            def price(self, item):
                return item

        shop = Shop()
        shop.price(1)
        gone = weakref.ref(shop)
        memo = Shop.price.cache_info.__self__._memo

        with memo._lock:
            del shop
            assert gone() is None
            assert memo.store.entries  # not in the midst of somebody's change
        assert Shop.price.cache_info().size == 0

    def test_also_by_another_thread_that_holds_it(self):
        class Shop:
            @cached
            def price(self, item):
                return item

        shop = Shop()
        shop.price(1)
        memo = Shop.price.cache_info.__self__._memo
        held, go = Event(), Event()

        def hold():
            with memo._lock:
                held.set()
                go.wait()

        thread = Thread(target=hold, daemon=True)
        thread.start()
        held.wait()
        del shop  # does not wait
        go.set()
        thread.join()
        other = Shop()
        other.price(2)

        assert next(iter(memo.store.entries.values()))[0] == 2

    def test_nobody_waits_for_a_load_while_he_holds_a_lock(self):
        """A finaliser that runs under one cache's lock calls another one, whose load needs it."""
        begun, results = Event(), []

        @cached
        def slow():
            begun.set()
            results.append(outer("of slow"))
            return "slow"

        @cached
        def outer(key):
            return key

        memo = outer.cache_info.__self__._memo
        with memo._lock:
            thread = Thread(target=slow, daemon=True)
            thread.start()
            begun.wait()
            results.append(slow())  # in this thread, as a finaliser would
        thread.join()

        assert sorted(map(str, results)) == ["of slow", "of slow", "slow"]


class TestSignals:
    def test_a_handler_that_calls_the_function_at_any_step_of_a_miss(self):
        calls = []

        @cached(ttl=60, max_size=4)
        def load(key):
            calls.append(key)
            return -key

        def profile(frame, event, _):
            if event in {"call", "c_return"} and OURS.search(frame.f_code.co_filename):
                sys.setprofile(None)
                seen.append(1)
                if len(seen) == step:
                    signal.raise_signal(signal.SIGUSR1)
                sys.setprofile(profile)

        def handler(*_):
            handled.append((load(1), load(2), load(99)))
            load.invalidate(3)
            load.put(-5, 5)

        handled = []
        before = signal.signal(signal.SIGUSR1, handler)
        try:
            for step in range(1, 300):
                seen = []
                load.cache_clear()
                sys.setprofile(profile)
                try:
                    values = [load(key) for key in (1, 2, 3, 4, 5, 6)]
                finally:
                    sys.setprofile(None)
                assert values == [-1, -2, -3, -4, -5, -6]
                assert load.cache_info().size <= 4
                if len(seen) < step:
                    break
            else:
                pytest.fail("more steps than that")
        finally:
            signal.signal(signal.SIGUSR1, before)

        assert set(handled) == {(-1, -2, -99)}
        assert len(handled) == step - 1 > 100
