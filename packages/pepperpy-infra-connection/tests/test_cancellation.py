"""Nothing is lost, lent twice or stuck, whoever is cancelled at whatever moment."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from pepperpy.infra.connection import PoolError, pooled_resource, register_pool

pytestmark = pytest.mark.asyncio


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def all_are_there(pool, link_count):
    """Every connection can be had at once, and one more cannot."""
    held = [await pool.acquire(timeout=5) for _ in range(link_count)]
    assert len({id(link) for link in held}) == link_count
    with pytest.raises(TimeoutError):
        await pool.acquire(timeout=0)
    for link in held:
        pool.release(link)


async def test_who_is_cancelled_when_handed_a_connection_passes_it_on(link_pool):
    pool = link_pool(max_size=1)
    link = await pool.acquire()
    first = asyncio.create_task(pool.acquire())
    second = asyncio.create_task(pool.acquire())
    await turns()

    pool.release(link)  # handed to the first, whose turn has not come yet
    first.cancel()

    assert await second is link
    assert first.cancelled()
    pool.release(link)
    await pool.close()


async def test_who_is_cancelled_before_is_passed_over(link_pool):
    pool = link_pool(max_size=1)
    link = await pool.acquire()
    first = asyncio.create_task(pool.acquire())
    second = asyncio.create_task(pool.acquire())
    await turns()

    first.cancel()
    pool.release(link)

    assert await second is link
    pool.release(link)
    await pool.close()


async def test_who_is_cancelled_while_its_connection_is_checked_harms_nobody(link_pool):
    pool = link_pool(max_size=1, validate_interval=0)
    await pool.initialize()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await turns()

    assert pool.open_links == [1]
    assert pool.available == 1
    await pool.close()


async def test_many_that_gave_up_do_not_fill_the_queue(link_pool):
    pool = link_pool(max_size=1)
    link = await pool.acquire()
    for _ in range(1000):
        task = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)

    assert pool.stats().waiting == 0
    assert len(pool._core.waiters) < 200
    pool.release(link)
    await pool.close()


HOOKS = {
    "plain": {},
    "checked each time": {"validate_interval": 0},
    "short-lived": {"max_lifetime": 0.0001},
    "reset": {"resets": True},
    "unreliable": {"breaks": 0.2},
    "hasty": {"acquire_timeout": 0.0005},
}


@pytest.mark.parametrize("hooks", HOOKS.values(), ids=HOOKS.keys())
@pytest.mark.parametrize("seed", range(3))
async def test_random_cancellations_lose_nothing(link_pool, seed, hooks):  # noqa: C901 - one story
    rng = Random(seed)
    settings = {"min_size": 0, "max_size": 5, "acquire_timeout": 20, **hooks}
    resets, breaks = settings.pop("resets", False), settings.pop("breaks", 0.0)

    class Slow(link_pool):
        async def _create_connection(self):
            link = await super()._create_connection()
            await pause()
            if rng.random() < breaks:
                await self._close_connection(link)
                raise ConnectionError
            return link

        async def _validate_connection(self, connection):
            await pause()
            return rng.random() >= breaks

        async def _close_connection(self, connection):
            await pause()
            await super()._close_connection(connection)

    class Tidy(Slow):
        async def _reset_connection(self, connection):
            await pause()

    async def pause():
        for _ in range(rng.randrange(3)):
            await asyncio.sleep(0)

    pool = (Tidy if resets else Slow)(**settings)
    register_pool(pool)
    twice = 0

    async def worker():
        nonlocal twice
        async with pooled_resource("links") as link:
            link.holders += 1
            twice += link.holders != 1 or link.closed
            try:
                await pause()
            finally:
                link.holders -= 1

    for _ in range(40):
        batch = [asyncio.create_task(worker()) for _ in range(40)]
        await pause()
        for task in rng.sample(batch, 28):
            task.cancel()
            await pause()
        finished, stuck = await asyncio.wait(batch, timeout=10)
        assert not stuck
        for task in finished:
            if not task.cancelled() and task.exception() is not None:
                assert isinstance(task.exception(), (ConnectionError, TimeoutError))
        assert len(pool.open_links) <= 5

    assert twice == 0
    assert pool.in_use == 0
    if not breaks and "acquire_timeout" not in hooks:
        await all_are_there(pool, 5)
    await pool.close()
    assert pool.open_links == []


async def test_twenty_thousand_cancellations_lose_nothing_lend_nothing_twice_and_leave_none_stuck(
    link_pool,
):
    rng = Random(7)
    pool = link_pool(min_size=10, max_size=10, acquire_timeout=20)
    await pool.initialize()
    twice = cancelled = 0

    async def worker():
        nonlocal twice
        async with pool.connection() as link:
            link.holders += 1
            twice += link.holders != 1
            try:
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                link.holders -= 1

    while cancelled < 20_000:
        batch = [asyncio.create_task(worker()) for _ in range(60)]
        await turns(rng.randrange(12))
        for task in rng.sample(batch, 30):
            task.cancel()
            cancelled += 1
            if rng.random() < 0.3:
                await asyncio.sleep(0)
        _, stuck = await asyncio.wait(batch, timeout=10)
        assert not stuck

    assert twice == 0
    await all_are_there(pool, 10)
    assert len(pool.links) == 10
    await pool.close()


@pytest.mark.parametrize("seed", range(20))
async def test_closing_amid_it_all_closes_everything(link_pool, seed):
    rng = Random(seed)

    class Slow(link_pool):
        async def _create_connection(self):
            link = await super()._create_connection()
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            return link

    pool = Slow(min_size=2, max_size=4, close_timeout=5)

    async def worker():
        async with pool.connection():
            for _ in range(rng.randrange(6)):
                await asyncio.sleep(0)

    tasks = [asyncio.create_task(worker()) for _ in range(30)]
    await turns(rng.randrange(10))
    closing = asyncio.create_task(pool.close())
    await turns(rng.randrange(3))
    if seed % 2:
        closing.cancel()  # it goes on
    for task in rng.sample(tasks, 10):
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=10)
    await pool.close()

    assert not stuck
    assert pool.open_links == []
    errors = [task.exception() for task in tasks if not task.cancelled()]
    assert all(error is None or isinstance(error, PoolError) for error in errors)


async def test_of_fifty_thousand_tasks_on_five_hundred_connections_none_waits_much_longer(
    link_pool,
):
    """Nobody is passed over: the longest wait is at most 1.6 times the mean of all."""
    pool = link_pool(min_size=500, max_size=500, acquire_timeout=None)
    await pool.initialize()
    turn = 0
    waits = []

    async def worker():
        for _ in range(2):
            came = turn
            async with pool.connection():
                waits.append(turn - came)
                await asyncio.sleep(0)

    async def count():
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.gather(*(worker() for _ in range(50_000)))
    counting.cancel()

    settled = waits[50_000:]  # where all have come, and each stands behind all others
    assert max(settled) <= 1.6 * sum(settled) / len(settled)
    assert len(pool.links) == 500
    await pool.close()
