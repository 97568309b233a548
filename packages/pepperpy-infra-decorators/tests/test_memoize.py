"""`memoize` is the cache's engine without clock and bound: every result, one call for each key."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.cache import cache_disabled, clear_cache
from pepperpy.infra.decorators import InvalidTargetError, async_memoize, memoize


def recording(calls: list[object]):
    def work(n=0, *rest, key=None, **more):
        calls.append(n)
        return object()

    return work


@pytest.mark.parametrize("decorate", [memoize, memoize(), memoize(max_size=None)])
class TestResults:
    def test_a_call_runs_once(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))

        assert work(1) is work(1)
        assert work(1) is not work(2)
        assert calls == [1, 2]

    def test_positional_keyword_and_defaulted_forms_are_one(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))

        assert work() is work(0) is work(n=0) is work(key=None, n=0)
        assert calls == [0]

    def test_equal_values_of_other_classes_differ(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))

        assert len({id(work(n)) for n in (1, True, 1.0)}) == 3
        assert len(calls) == 3

    def test_unhashable_arguments_count_by_what_they_hold(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))
        given_list = [1, {"a": {2}}]

        first = work(given_list)
        assert work([1, {"a": {2}}]) is first
        given_list.append(3)
        assert work(given_list) is not first

    @pytest.mark.parametrize("result", [None, 0, "", False])
    def test_empty_results_are_remembered(self, decorate, result) -> None:
        calls = []

        @decorate
        def work(n):
            calls.append(n)
            return result

        assert work(1) is result
        assert work(1) is result
        assert calls == [1]

    def test_errors_are_not_remembered(self, decorate) -> None:
        answers = [ValueError("first"), 7]

        @decorate
        def work():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        with pytest.raises(ValueError, match="first"):
            work()
        assert work() == 7

    def test_the_function_is_still_itself(self, decorate) -> None:
        def work(n: int, *, fast: bool = True) -> int:
            """The doc."""
            return n

        decorated = decorate(work)

        assert (decorated.__name__, decorated.__doc__) == ("work", "The doc.")
        assert decorated.__wrapped__ is work
        assert inspect.signature(decorated) == inspect.signature(work)

    def test_figures_are_exact_in_one_thread(self, decorate) -> None:
        work = decorate(recording([]))
        for n in (1, 1, 2, 1, [3], [3]):
            work(n)
        info = work.cache_info()

        assert (info.hits, info.misses, info.loads, info.size) == (3, 3, 3, 3)
        assert (info.currsize, info.maxsize) == (3, None)

    def test_clearing_forgets_and_the_caches_clear_cache_does_not(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))
        work(1)
        clear_cache()
        work(1)
        assert calls == [1]

        work.cache_clear()
        work(1)

        assert calls == [1, 1]

    def test_results_can_be_put_invalidated_and_refreshed(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))

        work.put("known", 1)
        assert work(1) == "known"
        assert work.invalidate(1) == 1
        fresh = work(1)
        assert fresh != "known"
        assert work.refresh(1) is not fresh
        assert work(1) is not fresh
        assert calls == [1, 1]

    def test_caches_that_are_disabled_remember_nothing(self, decorate) -> None:
        calls: list[object] = []
        work = decorate(recording(calls))
        kept = work(1)

        with cache_disabled():
            assert work(1) is not kept
            work(2)
        assert work(1) is kept
        work(2)

        assert calls == [1, 1, 2, 2]


class TestMethods:
    def test_each_instance_has_its_own_results_and_takes_them_along(self) -> None:
        calls = []

        class Service:
            def __init__(self, base):
                self.base = base

            @memoize
            def add(self, n):
                calls.append((self.base, n))
                return self.base + n

            __eq__ = None
            __hash__ = None

        one, ten = Service(1), Service(10)
        assert (one.add(1), one.add(1), ten.add(1), ten.add(n=1)) == (2, 2, 11, 11)
        assert calls == [(1, 1), (10, 1)]

        dying = weakref.ref(one)
        del one
        gc.collect()

        assert dying() is None
        assert Service.add.cache_info().size == 1

    def test_class_and_static_methods_and_properties(self) -> None:
        calls = []

        class Service:
            @memoize
            @classmethod
            def above(cls):
                calls.append("above")

            @classmethod
            @memoize
            def below(cls):
                calls.append("below")

            @memoize
            @staticmethod
            def static():
                calls.append("static")

            @property
            @memoize
            def size(self):
                calls.append("size")

        service = Service()
        for _ in range(2):
            service.above(), service.below(), service.static(), service.size

        assert calls == ["above", "below", "static", "size"]


class TestOneCallAKey:
    def test_threads_that_ask_at_once_share_one_call(self) -> None:
        calls, results = [], []
        asked, go = threading.Barrier(9), threading.Event()

        @memoize
        def work(n):
            calls.append(n)
            go.wait(10)
            return object()

        def ask():
            asked.wait()
            results.append(work(1))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        asked.wait()
        go.set()
        for thread in threads:
            thread.join()

        assert calls == [1]
        assert len(set(map(id, results))) == 1

    @pytest.mark.parametrize("decorate", [async_memoize, async_memoize(), memoize])
    def test_tasks_that_ask_at_once_share_one_call(self, decorate) -> None:
        calls = []

        @decorate
        async def work(n):
            calls.append(n)
            await asyncio.sleep(0)
            return object()

        async def drive():
            return await asyncio.gather(*(work(1) for _ in range(100)), work(n=1))

        results = asyncio.run(drive())

        assert inspect.iscoroutinefunction(work)
        assert calls == [1]
        assert len(set(map(id, results))) == 1
        assert asyncio.run(drive())[0] is results[0]

    def test_a_recursion_ends(self) -> None:
        @memoize
        def fibonacci(n):
            return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

        assert fibonacci(100) == 354224848179261915075
        assert fibonacci.cache_info().misses == 101

    def test_a_bound_can_be_set(self) -> None:
        work = memoize(max_size=10)(lambda n: n)
        for n in range(100):
            work(n)

        assert work.cache_info().size == 10

    def test_hits_are_not_lost_when_a_comparison_raises(self) -> None:
        class Odd:
            def __hash__(self):
                return 1

            def __eq__(self, other):
                raise LookupError

        work = memoize(lambda n: None)
        work(Odd())

        with pytest.raises(LookupError):
            work(Odd())
        assert work.cache_info().hits == 0


class TestRefusals:
    @pytest.mark.parametrize("decorate", [memoize, async_memoize])
    def test_generator_functions_are_refused(self, decorate) -> None:
        def items():
            yield 1

        async def aitems():
            yield 1

        for func, kind in ((items, "generator"), (aitems, "async generator")):
            with pytest.raises(
                InvalidTargetError, match=rf"items is a {kind} function: return a list$"
            ) as caught:
                decorate(func)
            assert isinstance(caught.value, TypeError)

    def test_async_memoize_refuses_a_plain_function(self) -> None:
        with pytest.raises(TypeError, match=r"use memoize$"):
            async_memoize(len)

    @pytest.mark.parametrize("decorate", [memoize, async_memoize])
    def test_what_would_make_results_end_is_no_option(self, decorate) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'ttl'"):
            decorate(ttl=60)

    def test_classes_are_refused(self) -> None:
        with pytest.raises(InvalidTargetError, match="is a class"):
            memoize(dict)


@given(
    st.lists(st.integers(-3, 3) | st.booleans() | st.text(max_size=2) | st.lists(st.integers(0, 2)))
)
def test_memoized_equals_plain(arguments) -> None:
    def describe(n, *, twice=False):
        return repr(n), twice

    memoized = memoize(describe)

    for argument in arguments:
        assert memoized(argument) == describe(argument)
        assert memoized(n=argument, twice=True) == describe(argument, twice=True)
    info = memoized.cache_info()
    assert info.hits + info.misses == 2 * len(arguments)
    assert info.misses == 2 * len({repr(argument) for argument in arguments})


def test_a_partial_is_remembered_by_its_arguments() -> None:
    work = memoize(functools.partial(pow, 2))

    assert (work(3), work(3)) == (8, 8)
    assert work.cache_info().hits == 1
