"""One call a key: threads."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import re
import sys
import threading
import weakref
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Thread

import pytest

from pepperpy.infra.cache import cached
from pepperpy.infra.utils import FakeClock


def until(condition) -> None:
    """Let other threads run until it holds; the time limit of the tests ends what hangs."""
    turn = Event()
    while not condition():
        turn.wait(0)


def in_threads(*functions):
    """The results of functions that run in a thread each, or the errors they raised."""
    results = [None] * len(functions)

    def run(index, function):
        try:
            results[index] = function()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            results[index] = error

    threads = [Thread(target=run, args=each, daemon=True) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    return threads, results


def joined(threads) -> None:
    for thread in threads:
        thread.join()


class TestOneCallAKey:
    def test_a_hundred_threads_make_one_call(self):
        calls, go = [], Event()

        @cached
        def load(key):
            calls.append(key)
            go.wait()
            return object()

        threads, results = in_threads(*[lambda: load(1)] * 100)
        until(lambda: load.cache_info().misses == 100)
        go.set()
        joined(threads)

        assert calls == [1]
        assert len(set(map(id, results))) == 1
        info = load.cache_info()
        assert (info.misses, info.loads, info.coalesced, info.hits) == (100, 1, 99, 0)

    def test_different_keys_do_not_wait_for_each_other(self):
        together = Barrier(8)

        @cached
        def load(key):
            together.wait()  # ends only when all eight are under way
            return key

        threads, results = in_threads(*[lambda key=key: load(key) for key in range(8)])
        joined(threads)

        assert results == list(range(8))

    def test_an_error_reaches_those_who_wait_and_is_forgotten(self):
        calls, go = [], Event()

        @cached
        def load(key):
            calls.append(key)
            go.wait()
            if len(calls) == 1:
                raise ValueError("down")
            return "up"

        threads, results = in_threads(*[lambda: load(1)] * 10)
        until(lambda: load.cache_info().misses == 10)
        go.set()
        joined(threads)

        assert [str(error) for error in results] == ["down"] * 10
        assert load(1) == "up"
        info = load.cache_info()
        assert (info.misses, info.loads, info.load_errors, info.coalesced) == (11, 1, 1, 0)

    def test_each_who_waits_gets_an_error_of_his_own_with_the_traceback_of_the_load(self):
        go = Event()

        @cached
        def load():
            go.wait()
            raise ValueError("down")

        threads, results = in_threads(load, load, load)
        until(lambda: load.cache_info().misses == 3)
        go.set()
        joined(threads)

        assert len(set(map(id, results))) == 3
        for error in results:
            last = error.__traceback__
            while last.tb_next is not None:
                last = last.tb_next
            assert last.tb_frame.f_code is load.__wrapped__.__code__

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError])
    def test_what_passes_through_ends_its_own_call_alone(self, kind):
        calls, go = [], Event()

        @cached
        def load():
            calls.append(threading.get_ident())
            if len(calls) == 1:
                go.wait()
                raise kind
            return "up"

        threads, results = in_threads(*[load] * 10)
        until(lambda: load.cache_info().misses == 10)
        go.set()
        joined(threads)

        assert len(calls) == 2
        assert [type(each) for each in results if each != "up"] == [kind]

    def test_copies_are_for_each_who_waits(self):
        go = Event()

        @cached(copy=True)
        def load():
            go.wait()
            return [1]

        threads, results = in_threads(load, load, load)
        until(lambda: load.cache_info().misses == 3)
        go.set()
        joined(threads)

        assert len(set(map(id, [*results, load()]))) == 4


class TestReEntry:
    def test_a_load_that_calls_itself_computes_inline(self):
        depth = []

        @cached
        def load(key):
            depth.append(key)
            return "inner" if len(depth) == 2 else load(key)

        assert load(1) == "inner"
        assert load(1) == "inner"
        assert depth == [1, 1]
        info = load.cache_info()
        assert (info.misses, info.loads, info.hits) == (2, 2, 1)

    def test_in_a_context_of_its_own_as_well(self):
        depth = []

        @cached
        def load():
            depth.append(1)
            return "inner" if len(depth) == 2 else contextvars.Context().run(load)

        assert load() == "inner"

    def test_in_another_thread_that_has_the_context(self):
        depth = []

        @cached
        def load():
            depth.append(1)
            if len(depth) == 2:
                return "inner"
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(contextvars.copy_context().run, load).result()

        assert load() == "inner"

    def test_mutual_recursion_in_one_thread(self):
        @cached
        def even(n):
            return n == 0 or odd(n - 1)

        @cached
        def odd(n):
            return n != 0 and even(n - 1)

        assert (even(20), odd(20), even(7)) == (True, False, False)

    def test_a_circle_of_two_functions_ends_where_the_uncached_ones_would(self):
        turns = []

        @cached
        def ping():
            turns.append("ping")
            return "end" if len(turns) > 4 else pong()

        @cached
        def pong():
            turns.append("pong")
            return ping()

        assert ping() == "end"
        assert turns == ["ping", "pong"] * 2 + ["ping"]

    def test_mutual_recursion_across_threads(self):
        both = Barrier(2)

        @cached
        def first(depth):
            if depth == 0:
                both.wait()
                return ("first", second(0) if threading.current_thread().name == "a" else "end")
            return None

        @cached
        def second(depth):
            if threading.current_thread().name == "b":
                both.wait()
                return ("second", first(0))
            return ("second", "end")

        results = {}
        threads = [
            Thread(target=lambda: results.update(a=first(0)), name="a", daemon=True),
            Thread(target=lambda: results.update(b=second(0)), name="b", daemon=True),
        ]
        for thread in threads:
            thread.start()
        joined(threads)

        assert set(results) == {"a", "b"}

    @pytest.mark.parametrize("size", [2, 3, 5])
    def test_a_ring_of_threads_that_wait_for_each_other(self, size):
        together = Barrier(size)
        begun = set()

        @cached
        def load(place):
            if place not in begun:
                begun.add(place)
                together.wait()
                return load((place + 1) % size)
            return "end"

        threads, results = in_threads(*[lambda place=place: load(place) for place in range(size)])
        joined(threads)

        assert results == ["end"] * size

    def test_a_recursive_function_takes_two_frames_a_level(self):
        @cached(max_size=None)
        def count(n):
            return 0 if n == 0 else 1 + count(n - 1)

        limit = sys.getrecursionlimit()
        frame, used = sys._getframe(), 0
        while frame is not None:
            frame, used = frame.f_back, used + 1
        depth = (limit - used) // 2 - 20

        assert count(depth) == depth


class TestContexts:
    def test_what_a_load_sets_is_seen_by_its_caller(self):
        variable = contextvars.ContextVar("variable", default=0)

        @cached
        def load():
            variable.set(1)

        contextvars.copy_context().run(load)
        assert variable.get() == 0

        load.cache_clear()
        load()
        assert variable.get() == 1

    @pytest.mark.parametrize("waits", [0, 1])
    def test_a_context_that_lives_on_keeps_no_value_alive(self, waits):
        contexts, go = [], Event()

        class Value:
            pass

        @cached(max_size=1)
        def load(key):
            contexts.append(contextvars.copy_context())
            go.wait()
            return Value()

        threads, results = in_threads(*[lambda: load(1)] * (1 + waits))
        until(lambda: load.cache_info().misses == 1 + waits)
        go.set()
        joined(threads)
        gone = weakref.ref(results[0])
        results.clear()
        load.cache_clear()
        gc.collect()

        assert gone() is None
        assert len(contexts) == 1

    def test_a_failure_leaves_no_cycle_behind(self):
        class Failure(Exception):
            pass

        @cached
        def load():
            raise Failure

        gc.collect()
        gc.disable()
        try:
            with pytest.raises(Failure) as caught:
                load()
            error = caught.value
            del caught
            gone = weakref.ref(error)
            del error
            assert gone() is None
        finally:
            gc.enable()

    def test_a_context_from_within_a_finished_load_is_as_good_as_any(self):
        contexts = []

        @cached
        def load(key):
            contexts.append(contextvars.copy_context())
            return key

        load(1)
        load.cache_clear()

        assert contexts[0].run(load, 1) == 1
        assert load.cache_info().loads == 2


class TestStops:
    def test_a_loop_in_the_thread_does_not_matter(self):
        @cached
        def load():
            return asyncio.run(inner())

        @cached
        async def inner():
            return "inner"

        assert load() == "inner"

    def test_an_interrupted_waiter_harms_nobody(self):
        """The one who waits is a thread that gets an error thrown in while it waits."""
        import ctypes

        go, at_gate = Event(), Event()

        @cached
        def load():
            at_gate.set()
            go.wait()
            return "value"

        threads, results = in_threads(load)
        at_gate.wait()
        more, interrupted = in_threads(load)
        until(lambda: load.cache_info().misses == 2)
        set_error = ctypes.pythonapi.PyThreadState_SetAsyncExc
        assert set_error(ctypes.c_ulong(more[0].ident), ctypes.py_object(KeyboardInterrupt)) == 1
        last, result = in_threads(load)
        until(lambda: load.cache_info().misses == 3)
        go.set()
        joined([*threads, *more, *last])

        assert results == result == ["value"]
        assert isinstance(interrupted[0], KeyboardInterrupt)
        assert load() == "value"


STEPS = range(400)
OURS = re.compile(r"<pepperpy.infra cached|pepperpy.infra.cache._\w+\.py$")


@contextmanager
def unwatched():
    profile = sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(profile)


def interrupted(function, step):
    """Raise a KeyboardInterrupt where a signal handler could, at the *step*-th such place.

    Signal handlers run when a function begins and when a call of builtin code returns.
    """
    seen = 0

    def profile(frame, event, _):
        nonlocal seen
        if event not in {"call", "c_return"} or not OURS.search(frame.f_code.co_filename):
            return
        seen += 1
        if seen == step + 1:
            sys.setprofile(None)
            raise KeyboardInterrupt

    gc.collect()
    gc.disable()  # what is raised in a callback of the collector's is just printed
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()


class TestInterrupts:
    """A KeyboardInterrupt between any two steps leaves no key locked, and nobody waiting."""

    @pytest.mark.parametrize("outcome", ["value", "error", "rescued", "refresh"])
    @pytest.mark.parametrize("waits", [False, True])
    def test_of_the_one_who_loads(self, outcome, waits):
        for step in STEPS:
            if self.leads_to_its_end(step, outcome, waits=waits):
                break
        assert 20 < step < STEPS[-1]

    @staticmethod
    def leads_to_its_end(step, outcome, *, waits):
        """Whether there was no such step any more."""
        clock, others, calls = FakeClock(), [], []
        fails = outcome in {"error", "rescued"}

        @cached(clock=clock, ttl=10, stale_on_error=50)
        def load():
            calls.append(1)
            if waits and not others and len(calls) > 1 - (outcome != "rescued"):
                with unwatched():
                    expected = load.cache_info().misses + 1
                    others.extend(in_threads(load)[0])
                    until(lambda: load.cache_info().misses >= expected)
            if fails and len(calls) > (outcome == "rescued"):
                raise ValueError("down")
            return "value"

        if outcome == "rescued":
            load()
            clock.advance(20)
        ended = False
        try:
            interrupted(load.refresh if outcome == "refresh" else load, step)
            ended = True
        except ValueError:
            ended = True
        except KeyboardInterrupt:
            pass
        # Others, and a newcomer: if a lock was left locked he would wait for ever.
        newcomers, results = in_threads(load)
        joined([*others, *newcomers])
        assert results == ["value"] or (outcome == "error" and str(results[0]) == "down")
        return ended

    @pytest.mark.timeout(120)  # hundreds of threads, one after the other
    def test_of_one_who_waits_in_the_midst_of_another_load(self):
        for step in STEPS:
            if self.waits_to_the_end(step):
                break
        assert 20 < step < STEPS[-1]

    @staticmethod
    def waits_to_the_end(step):
        at_gate, go, threads = Event(), Event(), []

        @cached
        def inner():
            at_gate.set()
            go.wait()
            return "inner"

        @cached
        def outer():
            if not threads:
                with unwatched():
                    threads.extend(in_threads(inner)[0])
                    at_gate.wait()
                    threads.extend(in_threads(open_gate)[0])
            return inner()

        def open_gate():
            until(lambda: inner.cache_info().misses > 1 or go.is_set())
            go.set()

        ended = False
        try:
            interrupted(outer, step)
            ended = True
        except KeyboardInterrupt:
            go.set()
        newcomers, results = in_threads(outer, inner)
        joined([*threads, *newcomers])
        assert results == ["inner", "inner"]
        return ended
