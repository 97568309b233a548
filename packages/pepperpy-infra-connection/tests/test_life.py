"""How connections come, age and go, and how a pool opens and closes."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import weakref

import pytest

from pepperpy.infra.connection import (
    InvalidConnectionError,
    PoolClosedError,
    PoolConfigError,
    PoolLoopError,
    PoolStatus,
)
from pepperpy.infra.utils import inspectables, subscribe


async def turns(count=8):
    for _ in range(count):
        await asyncio.sleep(0)


async def until(holds):
    """Wait for what the pool does by itself."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


@pytest.mark.asyncio
class TestAges:
    async def test_min_size_is_opened_at_once_and_kept(self, link_pool):
        pool = link_pool(min_size=3, max_size=5)
        await pool.initialize()
        assert pool.available == 3

        pool.links[0].alive = False
        pool.drain()
        await turns()

        assert pool.open_links == [4, 5, 6]
        await pool.close()

    async def test_the_first_use_opens_the_pool(self, link_pool):
        pool = link_pool(min_size=2)
        assert pool.status is PoolStatus.INITIALIZING

        async with pool.connection():
            assert pool.status is PoolStatus.READY
        await turns()

        assert pool.size == 2
        await pool.close()

    async def test_a_lifetime_ends_with_a_jitter(self, link_pool, clock):
        pool = link_pool(
            min_size=40, max_size=40, max_lifetime=100, lifetime_jitter=0.5, clock=clock,
            validate_interval=None,
        )  # fmt: skip
        await pool.initialize()

        clock.advance(75)
        await pool.maintain()

        replaced = [link.number for link in pool.links if link.closed]
        assert 0 < len(replaced) < 40
        assert pool.available == 40
        clock.advance(26)
        held = [await pool.acquire() for _ in range(40)]
        assert min(link.number for link in held) > 40
        for each in held:
            pool.release(each)
        await pool.close()

    async def test_one_that_ends_while_on_loan_is_not_lent_again(self, link_pool, clock):
        pool = link_pool(max_size=1, max_lifetime=10, clock=clock)
        link = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()

        clock.advance(11)
        pool.release(link)

        assert (await waiting).number == 2
        assert link.closed
        pool.release(pool.links[1])
        await pool.close()

    async def test_idle_ones_beyond_min_size_are_closed_after_idle_timeout(self, link_pool, clock):
        pool = link_pool(min_size=1, max_size=4, idle_timeout=60, clock=clock)
        held = [await pool.acquire() for _ in range(4)]
        for each in held:
            pool.release(each)

        clock.advance(59)
        await pool.maintain()
        assert pool.size == 4
        pool.release(await pool.acquire())
        clock.advance(1)
        await pool.maintain()

        assert pool.open_links == [4]
        assert pool.stats().idle_closed == 3
        await pool.close()

    async def test_the_pool_looks_after_itself(self, link_pool):
        pool = link_pool(min_size=0, max_size=2, idle_timeout=0.02)
        async with pool.connection():
            pass

        await until(lambda: pool.size == 0)

        assert pool.links[0].closed
        await pool.close()

    async def test_a_validation_holds_for_validate_interval(self, link_pool, clock):
        pool = link_pool(max_size=1, validate_interval=30, clock=clock)
        await pool.initialize()

        for _ in range(3):
            clock.advance(15)
            async with pool.connection():
                pass

        assert pool.validated == [1]
        await pool.close()

    async def test_an_interval_of_zero_validates_at_each_acquire(self, link_pool):
        pool = link_pool(max_size=1, min_size=0, validate_interval=0)
        for _ in range(3):
            async with pool.connection():
                pass

        assert pool.validated == [1, 1, 1]
        await pool.close()

    async def test_an_interval_of_zero_validates_what_is_handed_over_as_well(self, link_pool):
        pool = link_pool(max_size=1, validate_interval=0)
        link = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        link.alive = False

        pool.release(link)

        assert (await waiting).number == 2
        pool.release(pool.links[1])
        await pool.close()

    async def test_validation_can_be_switched_off(self, link_pool, clock):
        pool = link_pool(validate_on_acquire=False, validate_interval=0, clock=clock)
        clock.advance(100)
        async with pool.connection():
            pass

        assert pool.validated == []
        await pool.close()

    @pytest.mark.parametrize("trouble", ["says no", "raises", "hangs"])
    async def test_a_dead_connection_is_replaced_before_it_is_lent(self, link_pool, clock, trouble):
        class Troubled(link_pool):
            async def _validate_connection(self, connection):
                if connection.number == 1 and trouble == "raises":
                    raise OSError
                if connection.number == 1 and trouble == "hangs":
                    await asyncio.Event().wait()
                return connection.number > 1

        pool = Troubled(max_size=1, validate_timeout=0.01, clock=clock)
        await pool.initialize()

        clock.advance(31)
        async with pool.connection() as link:
            assert link.number == 2

        assert pool.links[0].closed
        assert pool.stats().errors == 1
        await pool.close()

    async def test_a_block_that_failed_has_its_connection_checked_before_the_next(self, link_pool):
        pool = link_pool(max_size=1)
        with pytest.raises(ZeroDivisionError):
            async with pool.connection() as link:
                link.alive = 1 / 0
        link.alive = False

        async with pool.connection() as link:
            assert link.number == 2
        await pool.close()

    async def test_new_ones_that_never_pass_are_an_error_and_no_endless_loop(self, link_pool):
        class Hopeless(link_pool):
            async def _validate_connection(self, connection):
                return False

        pool = Hopeless(min_size=0, max_size=2, validate_interval=0)

        with pytest.raises(InvalidConnectionError, match="did not pass"):
            await pool.acquire()

        assert pool.open_links == []
        await pool.close()

    async def test_the_idle_are_checked_in_the_background(self, link_pool, clock):
        pool = link_pool(min_size=3, max_size=3, clock=clock)
        await pool.initialize()
        pool.links[1].alive = False

        clock.advance(31)
        await pool.maintain()

        assert pool.open_links == [1, 3, 4]
        await pool.close()

    async def test_filling_up_is_tried_again_after_a_delay_and_not_for_ever(self, link_pool):
        pool = link_pool(min_size=1, max_size=2, retry_attempts=3, retry_delay=0.001)
        await pool.initialize()
        pool.error = OSError("down")
        pool.drain()
        await until(lambda: pool.stats().errors == 3)
        await turns(50)
        assert pool.stats().errors == 3

        pool.error = None
        await pool.maintain()

        assert pool.available == 1
        await pool.close()


@pytest.mark.asyncio
class TestSizes:
    async def test_resize_grows_for_those_who_wait(self, link_pool):
        pool = link_pool(max_size=1)
        link = await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()

        pool.resize(max_size=2)

        assert (await waiting).number == 2
        pool.release(link)
        pool.release(pool.links[1])
        await pool.close()

    async def test_resize_shrinks_the_idle_now_and_the_others_when_they_are_back(self, link_pool):
        pool = link_pool(max_size=4, min_size=4)
        await pool.initialize()
        held = [await pool.acquire() for _ in range(3)]

        pool.resize(min_size=0, max_size=1)
        await turns()
        assert pool.size == 3
        for each in held:
            pool.release(each)
        await turns()

        assert pool.size == pool.available == 1
        await pool.close()

    async def test_a_connection_that_is_being_closed_counts_until_it_is(self, link_pool):
        free = asyncio.Event()

        class Slow(link_pool):
            async def _close_connection(self, connection):
                await free.wait()
                await super()._close_connection(connection)

        pool = Slow(min_size=0, max_size=1)
        pool.release(await pool.acquire())
        pool.drain()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        assert len(pool.links) == 1

        free.set()

        assert (await waiting).number == 2
        pool.release(pool.links[1])
        await pool.close()

    async def test_resize_refuses_what_makes_no_sense(self, link_pool):
        pool = link_pool(min_size=2, max_size=4)

        with pytest.raises(PoolConfigError, match="min_size must be at most max_size, 1; got 2"):
            pool.resize(max_size=1)

        assert pool.inspect()["config"]["max_size"] == 4

    async def test_drain_replaces_every_connection(self, link_pool):
        pool = link_pool(min_size=3, max_size=3)
        await pool.initialize()
        link = await pool.acquire()

        pool.drain()
        await turns()
        assert not link.closed
        pool.release(link)
        await turns()

        assert pool.open_links == [4, 5, 6]
        await pool.close()


@pytest.mark.asyncio
class TestClosing:
    async def test_close_wakes_every_waiter_with_a_named_error(self, link_pool):
        pool = link_pool("main", max_size=1, close_timeout=0)
        link = await pool.acquire()
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(3)]
        await turns()

        await pool.close()
        results = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(result) for result in results] == [PoolClosedError] * 3
        assert results[0].pool == "main"
        pool.release(link)

    async def test_close_waits_for_those_on_loan(self, link_pool):
        pool = link_pool(close_timeout=30)
        link = await pool.acquire()
        closing = asyncio.create_task(pool.close())
        await turns()
        assert not closing.done()
        assert pool.status is PoolStatus.CLOSING

        pool.release(link)
        await closing

        assert link.closed
        assert pool.status is PoolStatus.CLOSED

    async def test_close_waits_no_longer_than_close_timeout_and_closes_all_the_same(
        self, link_pool
    ):
        heard = []
        unsubscribe = subscribe(heard.append)
        pool = link_pool(close_timeout=0.01)
        link = await pool.acquire()

        await pool.close()

        unsubscribe()
        assert link.closed
        assert [signal.kind for signal in heard] == ["pool.closed_on_loan"]
        pool.release(link)  # quietly: it is not the borrower's fault
        with pytest.raises(ValueError, match="has not lent"):
            pool.release(link)

    async def test_close_closes_a_connection_that_is_still_being_opened(self, link_pool):
        pool = link_pool(min_size=0)
        pool.gate = asyncio.Event()
        waiting = asyncio.create_task(pool.acquire())
        await turns()
        closing = asyncio.create_task(pool.close())
        await turns()

        pool.gate.set()
        await closing

        assert [link.closed for link in pool.links] == [True]
        with pytest.raises(PoolClosedError):
            await waiting

    async def test_closed_while_it_opens_tells_whoever_opened_it(self, link_pool):
        pool = link_pool(min_size=1, close_timeout=0.01)
        pool.gate = asyncio.Event()
        opening = asyncio.create_task(pool.initialize())
        await turns()

        await pool.close()

        with pytest.raises(PoolClosedError):
            await opening

    async def test_hooks_that_hang_do_not_hold_up_closing_for_ever(self, link_pool):
        class Hanging(link_pool):
            async def _close_connection(self, connection):
                await asyncio.Event().wait()

        pool = Hanging(min_size=2, close_timeout=0.01)
        await pool.initialize()

        async with asyncio.timeout(5):
            await pool.close()

        assert pool.size == 0
        assert pool.stats().errors == 2

    async def test_a_closed_pool_may_be_initialized_again(self, link_pool):
        pool = link_pool(min_size=1)
        for _ in range(3):
            await pool.initialize()
            async with pool.connection() as link:
                assert not link.closed
            await pool.close()

        assert len(pool.links) == 3
        assert pool.open_links == []

    async def test_closing_twice_or_before_use_is_harmless(self, link_pool):
        pool = link_pool()
        await pool.close()
        await pool.close()

        assert pool.links == []

    async def test_an_initialize_that_fails_raises_the_error_and_leaves_nothing_open(
        self, link_pool
    ):
        class Third(link_pool):
            async def _create_connection(self):
                if len(self.links) == 2:
                    raise OSError("no third")
                return await super()._create_connection()

        pool = Third(min_size=3)

        with pytest.raises(OSError, match="no third"):
            await pool.initialize()

        assert pool.open_links == []
        assert pool.status is PoolStatus.CLOSED

    async def test_initializing_at_once_twice_opens_once(self, link_pool):
        pool = link_pool(min_size=2)

        await asyncio.gather(pool.initialize(), pool.initialize())

        assert len(pool.links) == 2
        await pool.close()

    async def test_a_pool_that_nobody_has_is_collected_though_it_waits_for_the_next_check(
        self, link_pool
    ):
        pool = link_pool(acquire_timeout=3600)
        async with pool.connection():
            pass
        await turns()
        seen = weakref.ref(pool)

        del pool
        gc.collect()

        assert seen() is None

    async def test_a_block_that_is_cancelled_while_it_opens_leaves_nothing_open(self, link_pool):
        pool = link_pool(min_size=2)
        pool.gate = asyncio.Event()

        async def use():
            async with pool:
                raise AssertionError("never entered")

        using = asyncio.create_task(use())
        await turns()
        using.cancel()
        pool.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await using

        assert pool.status is PoolStatus.CLOSED
        assert [link.closed for link in pool.links] == [True, True]

    async def test_a_pool_is_a_block(self, link_pool):
        async with link_pool(min_size=1) as pool:
            assert pool.available == 1

        assert pool.status is PoolStatus.CLOSED


class TestPlaces:
    def test_it_works_in_a_second_event_loop(self, link_pool):
        pool = link_pool(min_size=1, max_size=2)

        async def use():
            async with pool.connection() as link:
                await asyncio.sleep(0)
                return link.number

        assert [asyncio.run(use()) for _ in range(3)] == [1, 2, 3]

    def test_what_a_dead_loop_lent_may_still_be_given_back(self, link_pool):
        pool = link_pool(max_size=1)
        link = asyncio.run(pool.acquire())

        async def use():
            other = await pool.acquire()
            pool.release(link)
            pool.release(other)
            return other

        assert asyncio.run(use()) is not link

    @pytest.mark.parametrize("resets", [False, True])
    def test_a_pool_whose_loop_has_ended_takes_back_and_changes_without_it(
        self, link_pool, clock, resets
    ):
        async def reset(self, connection):
            pass

        cls = type("Tidy", (link_pool,), {"_reset_connection": reset}) if resets else link_pool
        pool = cls(max_size=2, clock=clock)
        link = asyncio.run(pool.acquire())

        pool.release(link)
        clock.advance(40)
        asyncio.run(pool.maintain())  # in another loop there is nothing to look after
        pool.drain()
        pool.resize(min_size=2, max_size=3)

        async def use():
            async with pool:
                held = [await pool.acquire(), await pool.acquire()]
                for each in held:
                    pool.release(each)
                return [each.number for each in held]

        assert sorted(asyncio.run(use())) == [2, 3]

    def test_who_waits_in_a_loop_that_was_left_is_told_when_it_runs_again(self, link_pool):
        pool = link_pool(max_size=1)
        left = asyncio.new_event_loop()
        held = left.run_until_complete(pool.acquire())
        waiting = left.create_task(pool.acquire())
        left.run_until_complete(turns())

        asyncio.run(pool.close())

        with pytest.raises(PoolClosedError, match="event loop was left"):
            left.run_until_complete(waiting)
        left.close()
        pool.release(held)

    def test_tasks_may_be_eager(self, link_pool):
        async def use(pool):
            async with pool.connection() as link:
                await asyncio.sleep(0)
                return link.number

        async def main():
            eager = getattr(asyncio, "eager_task_factory", None)  # from Python 3.12 on
            asyncio.get_running_loop().set_task_factory(eager)
            async with link_pool(min_size=2, max_size=2) as pool:
                numbers = await asyncio.gather(*(use(pool) for _ in range(9)))
            pool.error = ConnectionRefusedError("down")
            with pytest.raises(ConnectionRefusedError):
                await pool.initialize()
            return set(numbers), pool.open_links

        assert asyncio.run(main()) == ({1, 2}, [])

    def test_two_loops_at_once_are_refused(self, link_pool):
        pool = link_pool(max_size=1)

        async def main():
            async with pool.connection():
                await asyncio.to_thread(asyncio.run, pool.acquire())

        with pytest.raises(PoolLoopError, match="give each loop a pool of its own"):
            asyncio.run(main())

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    @pytest.mark.skipif(sys.version_info >= (3, 15), reason="forks in threads warn")
    def test_a_forked_child_begins_anew_and_closes_nothing_of_its_parent(self, link_pool):
        pool = link_pool(min_size=1, max_size=1)
        first = asyncio.run(pool.acquire())
        reading, writing = os.pipe()

        child = os.fork()
        if child == 0:  # pragma: no cover - another process

            async def use():
                link = await pool.acquire()
                pool.release(link)
                pool.release(first)
                await pool.close()
                return link.number, first.closed, pool.open_links

            try:
                os.write(writing, repr(asyncio.run(use())).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as stream:
            assert stream.read() == "(2, False, [1])"
        assert pool.in_use == 1


@pytest.mark.asyncio
class TestFigures:
    async def test_stats_count(self, link_pool, clock):
        pool = link_pool(min_size=2, max_size=2, clock=clock)
        await pool.initialize()
        first, second = await pool.acquire(), await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await turns()

        stats = pool.stats()
        assert (stats.created, stats.acquired, stats.released) == (2, 2, 0)
        assert (stats.in_use, stats.idle, stats.current_size, stats.waiting) == (2, 0, 2, 1)
        assert stats.max_size_reached == 1
        pool.release(first)
        await waiting
        pool.release(first)
        pool.release(second)
        stats = pool.stats()
        assert (stats.acquired, stats.released, stats.in_use) == (3, 3, 0)
        assert 0 < stats.wait_time <= stats.total_wait_time
        await pool.close()

    async def test_who_waits_for_what_is_on_its_way_found_the_pool_no_smaller_than_it_may_be(
        self, link_pool, clock
    ):
        pool = link_pool(max_size=2, validate_interval=0, clock=clock)
        pool.release(await pool.acquire())  # it waited for a connection to be opened ...
        pool.release(await pool.acquire())  # ... and then for a check of it
        assert pool.stats().max_size_reached == 0

        crowd = [asyncio.create_task(pool.acquire()) for _ in range(5)]
        await turns()

        assert pool.stats().max_size_reached == 3
        for task in crowd:
            pool.release(await task)
            await turns()
        await pool.close()

    async def test_the_last_error_is_kept_with_an_aware_moment(self, link_pool, clock):
        pool = link_pool(min_size=0, clock=clock)
        pool.error = OSError("postgresql://me:hunter2@db")
        with pytest.raises(OSError, match="hunter2"):
            await pool.acquire()

        stats = pool.stats()

        assert stats.last_error is pool.error
        assert stats.last_error_time.utcoffset().total_seconds() == 0
        assert "hunter2" not in repr(stats) + repr(pool) + repr(pool.inspect())
        await pool.close()

    async def test_it_can_be_inspected(self, link_pool):
        pool = link_pool("seen", max_size=3, params={"password": "hunter2"})

        shown = pool.inspect()

        assert any(each is pool for each in inspectables())
        assert (shown["kind"], shown["name"], shown["state"]) == ("pool", "seen", "initializing")
        assert shown["facts"]["in_use"] == 0
        assert shown["config"]["max_size"] == 3
        assert "hunter2" not in repr(shown) + repr(pool.config)

    async def test_a_leak_is_told_once_with_the_stack_of_the_borrower(self, link_pool, clock):
        heard = []
        unsubscribe = subscribe(heard.append)
        pool = link_pool("main", leak_threshold=5, clock=clock)

        async def forgetful():
            return await pool.acquire()

        task = asyncio.create_task(forgetful(), name="forgetful task")
        link = await task
        assert pool.leaks() == []
        clock.advance(6)
        await pool.maintain()
        await pool.maintain()

        (leak,) = pool.leaks()
        unsubscribe()
        assert (leak.pool, leak.borrower, leak.held_for) == ("main", "forgetful task", 6)
        assert "in forgetful" in leak.stack
        assert [signal.kind for signal in heard] == ["pool.leak"]
        pool.release(link)
        assert pool.leaks() == []
        await pool.close()
