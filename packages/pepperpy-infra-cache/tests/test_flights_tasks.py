"""One call a key: tasks, loops, cancellation."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import weakref
from concurrent.futures import CancelledError as FuturesCancelledError

import pytest

from pepperpy.infra.cache import async_cached, cached


async def settle(turns: int = 20) -> None:
    """Let all other tasks go on as far as they can."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(condition) -> None:
    """Let other tasks, and threads, go on until it holds."""
    while not condition():  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0)


def tasks_of(function, count):
    return [asyncio.ensure_future(function()) for _ in range(count)]


class Slow:
    """A cached coroutine function that waits until it is let go, and notes what happens to it."""

    def __init__(self, **options):
        self.notes = []
        self.go = asyncio.Event()
        self.cleaned = asyncio.Event()
        self.cleaned.set()

        @async_cached(**options)
        async def load(key=0):
            self.notes.append("begun")
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.notes.append("cancelled")
                await self.cleaned.wait()
                self.notes.append("clean")
                raise
            self.notes.append("ended")
            return object()

        self.load = load


@pytest.mark.asyncio
class TestOneCallAKey:
    async def test_a_thousand_tasks_make_one_call(self):
        slow = Slow()
        tasks = tasks_of(slow.load, 1000)
        await settle()
        slow.go.set()
        results = await asyncio.gather(*tasks)

        assert slow.notes == ["begun", "ended"]
        assert len(set(map(id, results))) == 1
        info = slow.load.cache_info()
        assert (info.misses, info.loads, info.coalesced) == (1000, 1, 999)

    async def test_different_keys_do_not_wait_for_each_other(self):
        barrier = asyncio.Barrier(8)

        @cached
        async def load(key):
            await barrier.wait()
            return key

        assert await asyncio.gather(*map(load, range(8))) == list(range(8))

    async def test_an_error_reaches_those_who_wait_and_is_forgotten(self):
        calls = []

        @cached
        async def load():
            calls.append(1)
            await asyncio.sleep(0)
            if len(calls) == 1:
                raise ValueError("down")
            return "up"

        results = await asyncio.gather(*tasks_of(load, 10), return_exceptions=True)

        assert [str(error) for error in results] == ["down"] * 10
        assert len(set(map(id, results))) == 10
        assert await load() == "up"
        info = load.cache_info()
        assert (info.misses, info.loads, info.load_errors, info.coalesced) == (11, 1, 1, 0)

    async def test_an_error_leaves_no_cycle_behind(self):
        class Failure(Exception):
            pass

        @cached
        async def load():
            await asyncio.sleep(0)
            raise Failure

        with pytest.raises(Failure):
            await load()  # imports what it needs
        await settle()
        gc.collect()
        gc.disable()
        try:
            tasks = tasks_of(load, 2)
            await asyncio.wait(tasks)
            gone = [weakref.ref(task.exception()) for task in tasks]
            tasks.clear()
            await settle()
            assert [ref() for ref in gone] == [None, None]
        finally:
            gc.enable()

    async def test_what_a_load_sets_in_its_context_stays_there(self):
        variable = contextvars.ContextVar("variable", default=0)

        @cached
        async def load():
            seen = variable.get()
            variable.set(2)
            return seen

        variable.set(1)
        assert await load() == 1
        assert variable.get() == 1

    async def test_a_context_that_lives_on_keeps_no_value_alive(self):
        class Value:
            pass

        contexts = []

        @cached
        async def load():
            contexts.append(contextvars.copy_context())
            await asyncio.sleep(0)
            return Value()

        gone = weakref.ref((await asyncio.gather(*tasks_of(load, 3)))[0])
        load.cache_clear()
        await settle()
        gc.collect()

        assert gone() is None


@pytest.mark.asyncio
class TestCancellation:
    async def test_a_cancelled_leader_does_not_take_the_others_along(self):
        slow = Slow()
        leader, *others = tasks_of(slow.load, 10)
        await settle()
        leader.cancel()
        await settle()
        slow.go.set()
        results = await asyncio.gather(*others)

        assert leader.cancelled()
        assert len(results) == 9
        assert len(set(map(id, results))) == 1
        assert slow.notes == ["begun", "ended"]

    async def test_the_work_is_cancelled_with_its_last_waiter(self):
        slow = Slow()
        tasks = tasks_of(slow.load, 10)
        await settle()
        for task in tasks[:-1]:
            task.cancel()
            await settle()
            assert slow.notes == ["begun"]
        tasks[-1].cancel()
        await settle()

        assert slow.notes == ["begun", "cancelled", "clean"]
        assert all(task.cancelled() for task in tasks)

    async def test_all_of_them_at_once(self):
        slow = Slow()
        tasks = tasks_of(slow.load, 10)
        await settle()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

        assert slow.notes == ["begun", "cancelled", "clean"]

    async def test_the_last_one_goes_on_when_the_work_has_cleaned_up(self):
        slow = Slow()
        slow.cleaned.clear()
        task = asyncio.ensure_future(slow.load())
        await settle()
        task.cancel()
        await settle()
        assert not task.done()
        slow.cleaned.set()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert slow.notes == ["begun", "cancelled", "clean"]

    async def test_who_comes_while_it_cleans_up_loads_anew(self):
        slow = Slow()
        slow.cleaned.clear()
        first = asyncio.ensure_future(slow.load())
        await settle()
        first.cancel()
        await settle()
        second = asyncio.ensure_future(slow.load())
        await settle()
        slow.cleaned.set()
        slow.go.set()

        await second
        assert first.cancelled()
        assert slow.notes == ["begun", "cancelled", "begun", "clean", "ended"]

    async def test_before_the_first_step_of_the_task(self):
        slow = Slow()
        task = asyncio.ensure_future(slow.load())
        task.cancel()
        await settle()

        assert slow.notes == []
        assert slow.load.cache_info().misses == 0

    async def test_a_timeout_of_one_is_nobody_elses(self):
        slow = Slow()
        other = asyncio.ensure_future(slow.load())
        await settle()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await slow.load()
        slow.go.set()

        await other
        assert slow.notes == ["begun", "ended"]

    async def test_a_timeout_of_the_only_one_cleans_up(self):
        slow = Slow()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await slow.load()

        assert slow.notes == ["begun", "cancelled", "clean"]
        assert asyncio.current_task().cancelling() == 0

    async def test_a_task_group_ends_what_is_its_own(self):
        slow = Slow()
        other = asyncio.ensure_future(slow.load())

        async def fail():
            await settle()
            raise ValueError

        async def group():
            async with asyncio.TaskGroup() as group:
                group.create_task(slow.load())
                group.create_task(slow.load(1))
                group.create_task(fail())

        with pytest.raises(ExceptionGroup):
            await group()
        assert sorted(slow.notes) == ["begun", "begun", "cancelled", "clean"]
        slow.go.set()
        await other

    async def test_who_joins_a_load_whose_leader_has_gone_can_cancel_it(self):
        slow = Slow()
        first, second = tasks_of(slow.load, 2)
        await settle()
        first.cancel()
        await settle()
        second.cancel()
        await settle()

        assert slow.notes == ["begun", "cancelled", "clean"]

    @pytest.mark.parametrize("kind", [asyncio.CancelledError, FuturesCancelledError, GeneratorExit])
    async def test_a_function_that_raises_what_passes_through_is_run_once_for_each(self, kind):
        calls = []

        @cached
        async def load():
            calls.append(1)
            await asyncio.sleep(0)
            raise kind("mine")

        tasks = tasks_of(load, 5)
        await asyncio.wait(tasks)

        assert len(calls) == 5
        for task in tasks:
            if not task.cancelled():
                assert isinstance(task.exception(), kind)
        info = load.cache_info()
        assert (info.loads, info.load_errors) == (0, 0)

    async def test_a_coroutine_that_is_closed_while_it_waits_leaves(self):
        slow = Slow()
        waiting = slow.load()
        waiting.send(None)
        waiting.close()
        await settle()

        assert slow.notes == []  # it had not begun
        slow.go.set()
        await slow.load()

    async def test_what_is_cancelled_is_not_kept_though_it_returns(self):
        calls = []

        @cached
        async def load():
            calls.append(1)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return "stubborn"

        task = asyncio.ensure_future(load())
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert load.cache_info().size == 0


@pytest.mark.asyncio
class TestReEntry:
    async def test_in_the_same_task(self):
        depth = []

        @cached
        async def load():
            depth.append(1)
            return "inner" if len(depth) == 2 else await load()

        assert await load() == "inner"
        assert await load() == "inner"
        info = load.cache_info()
        assert (info.misses, info.loads, info.hits) == (2, 2, 1)

    async def test_in_child_tasks(self):
        depth = []

        @cached
        async def load():
            depth.append(1)
            if len(depth) > 1:
                return "inner"
            return await asyncio.gather(load(), load())

        assert await load() == ["inner", "inner"]

    async def test_through_a_thread(self):
        depth = []

        @cached
        def plain():
            return asyncio.run(load())

        @cached
        async def load():
            depth.append(1)
            if len(depth) > 1:
                return "inner"
            return await asyncio.to_thread(plain)

        assert await load() == "inner"

    async def test_tasks_that_wait_for_each_other(self):
        barrier = asyncio.Barrier(3)
        begun = set()

        @cached
        async def load(place):
            if place in begun:
                return "end"
            begun.add(place)
            await barrier.wait()
            return await load((place + 1) % 3)

        assert await asyncio.gather(*map(load, range(3))) == ["end"] * 3

    async def test_a_deep_recursion_takes_time_in_proportion(self):
        @cached(max_size=None)
        async def count(n):
            await asyncio.sleep(0)
            return 0 if n == 0 else 1 + await count(n - 1)

        assert await count(5000) == 5000

    async def test_a_load_from_a_task_that_outlives_its_parent(self):
        outlives = []

        @cached
        async def outer():
            outlives.append(asyncio.ensure_future(later()))
            return "outer"

        @cached
        async def inner():
            return "inner"

        async def later():
            await settle()
            return await inner(), await outer()

        await outer()
        assert await outlives[0] == ("inner", "outer")


def in_loops(count, main):
    """The results of a coroutine function in as many loops, each in a thread of its own."""
    results = [None] * count

    def run(index):
        results[index] = asyncio.run(main(index))

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestLoops:
    def test_several_at_once_make_one_call(self):
        calls = []

        @cached
        async def load():
            calls.append(1)
            await until(lambda: load.cache_info().misses == 40)
            return object()

        results = in_loops(4, lambda _: _gather(load, 10))

        assert calls == [1]
        assert len({id(value) for values in results for value in values}) == 1
        assert load.cache_info().coalesced == 39

    def test_a_loop_whose_caller_is_cancelled_leaves_the_work_to_the_others(self):
        begun, left = threading.Event(), threading.Event()

        @cached
        async def load():
            begun.set()
            await until(left.is_set)
            return "value"

        async def main(index):
            if index == 0:
                return await load()
            await until(begun.is_set)
            task = asyncio.ensure_future(load())
            await until(lambda: load.cache_info().misses == 2)
            task.cancel()
            await asyncio.wait([task])
            left.set()
            return task.cancelled()

        assert in_loops(2, main) == ["value", True]

    def test_loops_in_turn_share_values(self):
        @cached
        async def load():
            return object()

        assert asyncio.run(load()) is asyncio.run(load())

    def test_a_loop_that_was_closed_with_a_load_under_way(self, recwarn):
        @cached
        async def load():
            if len(loops) == 1:
                await asyncio.Event().wait()
            return "value"

        loops = [asyncio.new_event_loop()]
        task = loops[0].create_task(load())
        loops[0].run_until_complete(settle())
        abandoned = asyncio.all_tasks(loops[0])
        loops[0].close()
        loops.append(asyncio.new_event_loop())
        try:
            assert loops[1].run_until_complete(load()) == "value"
        finally:
            loops[1].close()
        assert task in abandoned
        for each in abandoned:
            each._log_destroy_pending = False  # what we did to it is on us
            each.get_coro().close()

    def test_a_loop_that_stopped_in_the_midst_and_goes_on_later(self):
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        calls = []

        @cached
        async def load():
            calls.append(1)
            number = len(calls)
            await settle(50)
            return number

        task = first.create_task(load())
        first.run_until_complete(settle())
        assert second.run_until_complete(load()) == 2
        load.invalidate()
        assert first.run_until_complete(task) == 1  # returned, and not kept
        assert second.run_until_complete(load()) == 3
        first.close()
        second.close()

    def test_who_waits_for_a_loop_that_stops_loads_himself(self, monkeypatch):
        monkeypatch.setattr("pepperpy.infra.cache._flights._LOOKED_AFTER", 0.001)
        first = asyncio.new_event_loop()
        calls = []

        @cached
        async def load():
            calls.append(1)
            if len(calls) == 1:
                await hung
            return "value"

        hung = first.create_future()
        task = first.create_task(load())
        first.run_until_complete(settle())
        results = []

        def wait_in_second():
            results.append(asyncio.run(load()))

        async def start():
            thread.start()
            await until(lambda: load.cache_info().misses == 2)

        thread = threading.Thread(target=wait_in_second, daemon=True)
        first.run_until_complete(start())
        thread.join()  # the first loop does not run any more

        assert results == ["value"]
        hung.set_result(None)
        assert first.run_until_complete(task) == "value"
        first.close()

    def test_a_keyboard_interrupt_in_a_load_ends_the_loop_and_no_key_is_left(self):
        calls = []

        @cached
        async def load():
            calls.append(1)
            await asyncio.sleep(0)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return "value"

        with pytest.raises(KeyboardInterrupt):
            asyncio.run(_gather(load, 3))
        gc.collect()

        assert asyncio.run(load()) == "value"

    def test_an_old_task_factory_that_takes_no_context(self):
        async def main():
            loop = asyncio.get_running_loop()
            loop.set_task_factory(lambda loop, coro: asyncio.Task(coro, loop=loop))
            return await load()

        depth = []

        @cached
        async def load():
            depth.append(1)
            return "inner" if len(depth) == 2 else await load()

        assert asyncio.run(main()) == "inner"

    if sys.version_info >= (3, 12):

        def test_eager_tasks(self):
            depth = []

            @cached
            async def load():
                depth.append(1)
                await asyncio.sleep(0)
                return "inner" if len(depth) == 2 else await load()

            @cached
            async def at_once():
                return object()

            @cached
            async def fails():
                raise ValueError("eager")

            async def main():
                asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
                assert await load() == "inner"
                values = await asyncio.gather(at_once(), at_once())
                assert values[0] is values[1]
                with pytest.raises(ValueError, match="eager"):
                    await fails()

            asyncio.run(main())


async def _gather(function, count):
    return await asyncio.gather(*(function() for _ in range(count)))


class TestOtherLoops:
    """Coroutines that no asyncio loop runs, as under trio."""

    def test_one_alone_is_cached(self):
        calls = []

        @cached
        async def load():
            calls.append(1)
            return "value"

        assert _driven(load()) == _driven(load()) == "value"
        assert calls == [1]

    def test_two_at_once_do_not_wait_for_each_other(self):
        @cached
        async def load():
            await _Pause()
            return object()

        first, second = load(), load()
        first.send(None)
        second.send(None)
        values = [_driven(each) for each in (first, second)]

        assert values[0] is not values[1]
        assert _driven(load()) is values[0]
        info = load.cache_info()
        assert (info.misses, info.loads) == (2, 2)

    def test_one_that_is_closed_leaves_the_key_free(self):
        @cached
        async def load():
            await _Pause()
            return "value"

        closed = load()
        closed.send(None)
        closed.close()
        again = load()
        again.send(None)
        assert _driven(again) == "value"
        assert load.cache_info().size == 1


class _Pause:
    def __await__(self):
        yield


def _driven(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value
