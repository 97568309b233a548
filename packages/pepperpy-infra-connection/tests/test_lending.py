"""Who gets which connection, and when."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from pepperpy.infra.connection import (
    InvalidConnectionError,
    NotLentError,
    PoolClosedError,
    PoolError,
    PoolFullError,
    PoolTimeoutError,
)
from pepperpy.infra.utils import FakeClock, InvalidDurationError, deadline, subscribe

pytestmark = pytest.mark.asyncio


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_whoever_waits_longest_is_served_first(link_pool):
    pool = link_pool(max_size=1)
    held = await pool.acquire()
    served = []

    async def caller(number):
        link = await pool.acquire()
        served.append(number)
        pool.release(link)

    tasks = [asyncio.create_task(caller(number)) for number in range(5)]
    await turns()
    pool.release(held)
    await asyncio.gather(*tasks)

    assert served == [0, 1, 2, 3, 4]
    await pool.close()


async def test_the_last_one_given_back_is_lent_first_so_that_surplus_ages(link_pool):
    pool = link_pool(min_size=0, max_size=3)
    first, second, third = [await pool.acquire() for _ in range(3)]
    for link in (first, third, second):
        pool.release(link)

    lent = [await pool.acquire() for _ in range(3)]

    assert [link.number for link in lent] == [2, 3, 1]
    for link in lent:
        pool.release(link)
    await pool.close()


async def test_it_grows_at_once_and_never_over_max_size(link_pool):
    pool = link_pool(min_size=0, max_size=4)
    tasks = [asyncio.create_task(pool.acquire()) for _ in range(9)]
    await turns()

    assert len(pool.links) == pool.size == 4
    assert [task.done() for task in tasks] == [True] * 4 + [False] * 5
    for task in tasks:
        link = await task
        pool.release(link)
    assert len(pool.links) == 4
    await pool.close()


async def test_release_takes_effect_at_once_and_may_be_awaited(link_pool):
    pool = link_pool(max_size=1)
    link = await pool.acquire()

    released = pool.release(link)

    assert pool.available == 1
    assert await released is None
    await pool.close()


async def test_release_from_another_thread_wakes_who_waits(link_pool):
    pool = link_pool(max_size=1)
    link = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await turns()

    await asyncio.to_thread(pool.release, link)

    assert await waiting is link
    pool.release(link)
    await pool.close()


async def test_what_another_thread_gives_back_while_the_pool_closes_is_closed(link_pool):
    halfway, closes = threading.Event(), threading.Event()

    class Slow(FakeClock):
        def monotonic(self):
            if threading.current_thread() is thread:
                halfway.set()
                closes.wait(5)
            return super().monotonic()

    def release():
        pool.release(link)
        halfway.set()

    thread = threading.Thread(target=release)
    pool = link_pool(max_size=1, clock=Slow())
    link = await pool.acquire()
    thread.start()
    halfway.wait(5)

    closing = asyncio.create_task(pool.close())
    await turns()
    closes.set()
    thread.join()
    await closing

    assert link.closed
    assert pool.size == 0


async def test_a_connect_serves_whoever_is_first_also_when_its_caller_is_gone(link_pool):
    pool = link_pool(min_size=0, max_size=1)
    pool.gate = asyncio.Event()
    gone = asyncio.create_task(pool.acquire())
    stays = asyncio.create_task(pool.acquire())
    await turns()

    gone.cancel()
    pool.gate.set()

    assert (await stays).number == 1
    assert len(pool.links) == 1
    pool.release(pool.links[0])
    await pool.close()


async def test_who_waits_for_a_connect_gets_what_is_given_back_first(link_pool):
    pool = link_pool(min_size=0, max_size=2)
    link = await pool.acquire()
    pool.gate = asyncio.Event()
    waiting = asyncio.create_task(pool.acquire())
    await turns()

    pool.release(link)

    assert await waiting is link
    pool.gate.set()
    await turns()
    assert pool.available == 1
    pool.release(link)
    await pool.close()


async def test_connections_may_be_unhashable_and_equal(link_pool):
    pool = link_pool(max_size=3, min_size=0)
    links = [await pool.acquire() for _ in range(3)]

    assert links[0] == links[1]
    assert len({id(link) for link in links}) == 3
    pool.release(links[1])
    assert await pool.acquire() is links[1]
    for link in links:
        pool.release(link)
    await pool.close()


class TestTimeout:
    async def test_it_is_a_timeout_error_that_names_pool_sizes_and_waiters(self, link_pool):
        pool = link_pool("main", max_size=2, acquire_timeout=0.01)
        held = [await pool.acquire(), await pool.acquire()]

        with pytest.raises(TimeoutError, match=r"pool 'main'.*0.01 s.*2 of 2.*at most 2") as caught:
            await pool.acquire()

        error = caught.value
        assert isinstance(error, PoolTimeoutError)
        assert (error.pool, error.timeout, error.size, error.in_use, error.waiting) == (
            "main", 0.01, 2, 2, 1,
        )  # fmt: skip
        assert pool.stats().timeouts == 1
        for link in held:
            pool.release(link)
        await pool.close()

    async def test_a_deadline_shortens_the_wait(self, link_pool):
        pool = link_pool(max_size=1, acquire_timeout=60)
        link = await pool.acquire()

        with deadline(0.01), pytest.raises(PoolTimeoutError):
            await pool.acquire()
        with deadline(0.01), pytest.raises(PoolTimeoutError):
            await pool.acquire(timeout=60)
        pool.release(link)
        with deadline(0):
            pool.release(await pool.acquire())  # nothing to wait for
        await pool.close()

    async def test_zero_does_not_wait(self, link_pool):
        pool = link_pool(max_size=1)
        link = await pool.acquire()

        with pytest.raises(PoolTimeoutError):
            await pool.acquire(timeout=0)
        pool.release(link)

        assert await pool.acquire(timeout=0) is link
        pool.release(link)
        await pool.close()

    async def test_a_wrong_timeout_is_refused_and_leaves_nobody_in_the_queue(self, link_pool):
        pool = link_pool(max_size=1)
        link = await pool.acquire()

        with pytest.raises(InvalidDurationError):
            await pool.acquire(timeout=-1)

        pool.release(link)
        assert pool.stats().waiting == 0
        assert await pool.acquire() is link
        pool.release(link)
        await pool.close()

    async def test_those_who_time_out_leave_the_queue_to_the_others(self, link_pool):
        pool = link_pool(max_size=1, acquire_timeout=30)
        link = await pool.acquire()
        hasty = [asyncio.create_task(pool.acquire(timeout=0.01)) for _ in range(3)]
        patient = asyncio.create_task(pool.acquire())

        results = await asyncio.gather(*hasty, return_exceptions=True)
        pool.release(link)

        assert all(isinstance(result, PoolTimeoutError) for result in results)
        assert await patient is link
        pool.release(link)
        await pool.close()

    async def test_a_listener_hears_of_it(self, link_pool):
        heard = []
        unsubscribe = subscribe(heard.append)
        pool = link_pool("main", max_size=1, acquire_timeout=0.01)
        link = await pool.acquire()

        with pytest.raises(PoolTimeoutError):
            await pool.acquire()

        unsubscribe()
        assert [(signal.kind, signal.source) for signal in heard] == [("pool.timeout", "main")]
        assert heard[0].facts["max_size"] == 1
        pool.release(link)
        await pool.close()

    async def test_thousands_that_time_out_at_once_take_no_time(self, link_pool):
        pool = link_pool(max_size=1, acquire_timeout=0.05)
        link = await pool.acquire()

        async with asyncio.timeout(5):  # to count them for each took four times as long
            results = await asyncio.gather(
                *(pool.acquire() for _ in range(10_000)), return_exceptions=True
            )

        assert {type(result) for result in results} == {PoolTimeoutError}
        pool.release(link)
        await pool.close()

    async def test_nobody_waits_where_max_waiting_is_zero_but_for_what_is_on_its_way(
        self, link_pool
    ):
        pool = link_pool(min_size=0, max_size=2, max_waiting=0)

        first, second = await asyncio.gather(pool.acquire(), pool.acquire())
        with pytest.raises(PoolFullError):
            await pool.acquire()

        pool.release(first)
        pool.release(second)
        await pool.close()

    async def test_no_more_than_max_waiting_wait(self, link_pool):
        pool = link_pool(max_size=1, max_waiting=1)
        link = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()

        with pytest.raises(PoolFullError, match="no more than 1"):
            await pool.acquire()

        pool.release(link)
        assert await waiting is link
        pool.release(link)
        await pool.close()


class TestStrangers:
    async def test_a_strangers_connection_is_refused(self, link, link_pool):
        pool = link_pool()
        lent = await pool.acquire()

        with pytest.raises(NotLentError, match="'links' has not lent this Link"):
            pool.release(link())

        assert pool.in_use == 1
        pool.release(lent)
        await pool.close()

    async def test_giving_back_twice_is_refused_and_lends_nothing_twice(self, link_pool):
        pool = link_pool(max_size=2)
        link = await pool.acquire()
        pool.release(link)

        with pytest.raises(NotLentError):
            pool.release(link)

        first, second = await pool.acquire(), await pool.acquire()
        assert first is not second
        pool.release(first)
        pool.release(second)
        await pool.close()

    async def test_what_a_block_gave_back_early_is_not_given_back_again_by_its_end(self, link_pool):
        pool = link_pool(max_size=2)
        async with pool.connection() as link:
            pool.release(link)
            assert await pool.acquire() is link

        assert pool.in_use == 1
        assert await pool.acquire() is not link
        for each in pool.links:
            pool.release(each)
        async with pool.connection() as link:
            pool.release(link)
            with pytest.raises(NotLentError):
                pool.release(link)
        assert pool.available == 2
        await pool.close()

    async def test_a_block_is_for_one_task_once(self, link_pool):
        pool = link_pool(max_size=3)
        block = pool.connection()

        async with block:
            with pytest.raises(PoolError, match="call connection\\(\\) for each block"):
                await block.__aenter__()

        assert pool.in_use == 0
        enterings = [asyncio.create_task(pool.connection().__aenter__()) for _ in range(3)]
        await asyncio.gather(*enterings)
        late = asyncio.gather(block.__aenter__(), block.__aenter__(), return_exceptions=True)
        await asyncio.sleep(0)
        for link in pool.links:
            pool.release(link)
        assert [type(each) for each in await late].count(PoolError) == 1
        await block.__aexit__(None, None, None)
        assert pool.in_use == 0
        await pool.close()

    async def test_a_closed_pool_lends_nothing(self, link_pool):
        pool = link_pool()
        await pool.initialize()
        await pool.close()

        with pytest.raises(PoolClosedError, match="pool 'links' is closed"):
            await pool.acquire()


class TestHooks:
    async def test_the_real_connect_error_reaches_the_caller_at_once(self, link_pool):
        pool = link_pool(min_size=0)
        pool.error = ConnectionRefusedError("nobody listens")

        with pytest.raises(ConnectionRefusedError, match="nobody listens"):
            await pool.acquire()

        assert pool.stats().errors == 1
        await pool.close()

    async def test_a_connect_error_is_not_for_ever(self, link_pool):
        pool = link_pool(min_size=0)
        pool.error = OSError("down")
        with pytest.raises(OSError, match="down"):
            await pool.acquire()

        pool.error = None

        pool.release(await pool.acquire())
        await pool.close()

    async def test_each_of_many_callers_gets_the_error(self, link_pool):
        pool = link_pool(min_size=0, max_size=2)
        pool.error = OSError("down")

        results = await asyncio.gather(*(pool.acquire() for _ in range(20)), return_exceptions=True)

        assert [str(result) for result in results] == ["down"] * 20
        assert pool.size == pool.stats().connecting == 0
        await pool.close()

    async def test_thousands_of_failed_connects_leave_nobody_without_an_answer(self, link_pool):
        pool = link_pool(min_size=0, max_size=9, retry_attempts=5000)
        pool.error = ConnectionRefusedError("down")

        callers = (pool.acquire() for _ in range(1100))
        errors = await asyncio.gather(*callers, return_exceptions=True)

        assert {type(error) for error in errors} == {ConnectionRefusedError}
        await pool.close()

    async def test_a_timeout_has_the_last_connect_error_as_its_cause(self, link_pool):
        pool = link_pool(min_size=0, max_size=2)
        link = await pool.acquire()
        pool.error = OSError("down")
        with pytest.raises(OSError, match="down"):
            await pool.acquire()
        pool.gate = asyncio.Event()

        with pytest.raises(PoolTimeoutError) as caught:
            await pool.acquire(timeout=0.01)

        assert caught.value.__cause__ is pool.error
        pool.gate.set()
        pool.release(link)
        await pool.close()

    async def test_none_is_no_connection(self, link_pool):
        class Nothing(link_pool):
            async def _create_connection(self):
                return None

        pool = Nothing(min_size=0)

        with pytest.raises(InvalidConnectionError, match="returned None"):
            await pool.acquire()

        assert pool.size == 0
        await pool.close()

    async def test_the_same_connection_twice_is_lent_once(self, link, link_pool):
        class Same(link_pool):
            only = link()

            async def _create_connection(self):
                return self.only

        pool = Same(min_size=0, max_size=2)
        lent = await pool.acquire()

        with pytest.raises(InvalidConnectionError, match="in the pool already"):
            await pool.acquire()

        assert not lent.closed
        pool.release(lent)
        await pool.close()
        assert lent.closed

    async def test_a_connect_that_hangs_ends_with_connect_timeout(self, link_pool):
        pool = link_pool(min_size=0, max_size=1, connect_timeout=0.01)
        pool.gate = asyncio.Event()

        with pytest.raises(PoolTimeoutError, match=r"connect_timeout, 0\.01 s"):
            await pool.acquire()

        pool.gate.set()
        pool.release(await pool.acquire())
        await pool.close()

    async def test_a_connect_that_cancels_itself_is_an_error_of_its_caller(self, link_pool):
        pool = link_pool(min_size=0)
        pool.error = asyncio.CancelledError()

        with pytest.raises(Exception, match="was interrupted"):
            await pool.acquire()

        assert pool.stats().connecting == 0
        await pool.close()

    async def test_hooks_see_no_deadline_of_a_caller(self, link_pool):
        seen = []

        class Curious(link_pool):
            async def _create_connection(self):
                seen.append(deadline.remaining())
                return await super()._create_connection()

        pool = Curious(min_size=0)
        with deadline(5):
            pool.release(await pool.acquire())

        assert seen == [None]
        await pool.close()

    async def test_each_connection_is_reset_before_it_is_lent_again(self, link_pool):
        order = []

        class Tidy(link_pool):
            async def _reset_connection(self, connection):
                order.append("reset")
                await asyncio.sleep(0)

        pool = Tidy(max_size=1)
        for _ in range(2):
            async with pool.connection():
                order.append("used")

        await pool.close()
        assert order == ["used", "reset", "used", "reset"]

    async def test_one_that_cannot_be_reset_is_replaced(self, link_pool):
        class Stubborn(link_pool):
            async def _reset_connection(self, connection):
                raise RuntimeError

        pool = Stubborn(min_size=0, max_size=1)
        first = await pool.acquire()
        pool.release(first)
        second = await pool.acquire()

        assert (first.closed, second.number) == (True, 2)
        pool.release(second)
        await pool.close()

    @pytest.mark.parametrize("hook", ["_validate_connection", "_close_connection"])
    async def test_a_hook_that_is_no_coroutine_function_and_raises_has_failed(
        self, link_pool, hook
    ):
        def broken(self, connection):
            raise OSError(hook)

        pool = type("Broken", (link_pool,), {hook: broken})(min_size=0, validate_interval=0)
        with suppress(InvalidConnectionError):
            pool.release(await pool.acquire())
        pool.drain()
        await turns()

        assert pool.size == 0
        assert pool.stats().errors == (1 if hook == "_close_connection" else 2)
        assert pool.open_links == ([1] if hook == "_close_connection" else [])
        await pool.close()

    async def test_one_whose_first_check_does_not_end_is_closed_with_the_pool(self, link_pool):
        class Slow(link_pool):
            async def _validate_connection(self, connection):
                await asyncio.Event().wait()

        pool = Slow(max_size=1, validate_interval=0, close_timeout=0.05)
        waiting = asyncio.create_task(pool.acquire())
        await turns()

        await pool.close()

        assert [link.closed for link in pool.links] == [True]
        with pytest.raises(PoolClosedError):
            await waiting

    async def test_a_close_that_raises_is_counted_and_frees_its_place(self, link_pool):
        class Noisy(link_pool):
            async def _close_connection(self, connection):
                await super()._close_connection(connection)
                raise OSError("already gone")

        pool = Noisy(min_size=0, max_size=1)
        pool.release(await pool.acquire())
        pool.drain()
        pool.release(await pool.acquire())

        assert pool.stats().errors == 1
        assert str(pool.stats().last_error) == "already gone"
        await pool.close()
