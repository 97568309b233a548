"""`ThreadConnectionPool`: the same promises for threads."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from pepperpy.infra.connection import (
    ConnectionPoolConfig,
    InvalidConnectionError,
    NotLentError,
    PoolClosedError,
    PoolKindError,
    PoolStatus,
    PoolTimeoutError,
    ThreadConnectionPool,
    close_pools,
    initialize_pools,
    pooled_resource,
    register_pool,
    reopen_pools,
)
from pepperpy.infra.utils import deadline, run_closers


class Plain(ThreadConnectionPool):
    def __init__(self, link, name="threads", *, clock=None, **settings):
        self.link = link
        self.links = []
        self.error = None
        self.making = threading.Lock()
        super().__init__(name, ConnectionPoolConfig(**settings), clock=clock)

    def _create_connection(self):
        with self.making:
            if self.error is not None:
                raise self.error
            link = self.link(len(self.links) + 1)
            self.links.append(link)
            return link

    def _close_connection(self, connection):
        assert not connection.closed
        connection.closed = True

    def _validate_connection(self, connection):
        return connection.alive

    @property
    def open_links(self):
        return [link.number for link in self.links if not link.closed]


@pytest.fixture
def make(link):
    pools = []

    def make(cls=Plain, **settings):
        pool = cls(link, **settings)
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()
        assert pool.open_links == []


class TestLending:
    def test_it_grows_at_once_and_never_over_max_size(self, make):
        pool = make(min_size=0, max_size=3)
        held = [pool.acquire() for _ in range(3)]

        with pytest.raises(PoolTimeoutError, match="3 of 3"):
            pool.acquire(timeout=0.01)

        assert len(pool.links) == 3
        for each in held:
            pool.release(each)

    def test_whoever_waits_longest_is_served_first(self, make):
        pool = make(max_size=1)
        held = pool.acquire()
        served = []

        def caller(number):
            with pool.connection():
                served.append(number)

        threads = []
        for number in range(4):
            thread = threading.Thread(target=caller, args=(number,))
            threads.append(thread)
            thread.start()
            while pool.stats().waiting <= number:
                pass
        pool.release(held)
        for thread in threads:
            thread.join(10)

        assert served == [0, 1, 2, 3]

    def test_a_deadline_shortens_the_wait(self, make):
        pool = make(max_size=1, acquire_timeout=60)
        held = pool.acquire()

        with deadline(0.01), pytest.raises(TimeoutError):
            pool.acquire()

        pool.release(held)

    def test_strangers_and_double_releases_are_refused(self, make, link):
        pool = make()
        held = pool.acquire()
        with pytest.raises(NotLentError):
            pool.release(link())
        pool.release(held)
        with pytest.raises(NotLentError):
            pool.release(held)

    def test_what_a_block_gave_back_early_is_not_given_back_again_by_its_end(self, make):
        pool = make(max_size=2)
        with pool.connection() as link:
            pool.release(link)
            assert pool.acquire() is link

        assert pool.acquire() is not link
        for each in pool.links:
            pool.release(each)

    def test_who_is_interrupted_when_handed_a_connection_passes_it_on(self, make, monkeypatch):
        pool = make(max_size=1)
        held = pool.acquire()

        def interrupted(ticket, limit):
            pool.release(held)
            raise KeyboardInterrupt

        monkeypatch.setattr("pepperpy.infra.connection._threads._Ticket.wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.acquire()

        assert (pool.in_use, pool.available) == (0, 1)

    def test_who_is_interrupted_when_a_connect_begins_leaves_it_to_the_next(self, make):
        class Interrupted(Plain):
            def _spawn(self, what, act):
                super()._spawn(what, act)
                raise KeyboardInterrupt

        pool = make(Interrupted, min_size=0, max_size=1)
        with pytest.raises(KeyboardInterrupt):
            pool.acquire()

        link = pool.acquire(timeout=5)
        assert (pool.in_use, pool.stats().waiting) == (1, 0)
        pool.release(link)
        pool.__class__ = Plain

    def test_many_threads_lose_nothing_and_share_nothing(self, make):
        pool = make(min_size=0, max_size=4, acquire_timeout=20)
        twice = []

        def worker(seed):
            rng = Random(seed)
            for _ in range(100):
                try:
                    with pool.connection() as link:
                        link.holders += 1
                        if link.holders != 1:
                            twice.append(link)
                        link.alive = rng.random() > 0.05
                        link.holders -= 1
                        assert link.alive, "broken"
                except AssertionError:
                    pass

        with ThreadPoolExecutor(16) as executor:
            list(executor.map(worker, range(16)))

        assert not twice
        assert pool.in_use == 0
        assert pool.stats().acquired == 1600
        held = [pool.acquire(timeout=5) for _ in range(4)]
        for each in held:
            pool.release(each)


class TestHooks:
    def test_the_real_connect_error_reaches_the_caller_and_is_not_for_ever(self, make):
        pool = make(min_size=0)
        pool.error = OSError("down")
        with pytest.raises(OSError, match="down"):
            pool.acquire()

        pool.error = None

        pool.release(pool.acquire())

    def test_none_is_no_connection(self, make):
        class Nothing(Plain):
            def _create_connection(self):
                return None

        with pytest.raises(InvalidConnectionError, match="returned None"):
            make(Nothing, min_size=0).acquire()

    def test_a_connect_that_hangs_holds_nobody_up_for_longer_than_the_timeout(self, make):
        free = threading.Event()

        class Hanging(Plain):
            def _create_connection(self):
                free.wait(20)
                return super()._create_connection()

        pool = make(Hanging, min_size=0, max_size=1)
        with pytest.raises(PoolTimeoutError):
            pool.acquire(timeout=0.01)

        free.set()
        pool.release(pool.acquire())

    def test_a_dead_connection_is_replaced(self, make, clock):
        pool = make(max_size=1, clock=clock)
        pool.initialize()
        pool.links[0].alive = False
        clock.advance(31)

        with pool.connection() as link:
            assert link.number == 2
        assert pool.links[0].closed

    @pytest.mark.parametrize("hook", ["_create_connection", "_validate_connection"])
    def test_coroutine_functions_are_refused(self, link, hook):
        async def wrong(self, *_):
            raise AssertionError("nobody awaits it")

        with pytest.raises(PoolKindError, match=f"Wrong.{hook}.. must be a plain function"):
            type("Wrong", (Plain,), {hook: wrong})(link)

    def test_connections_are_reset(self, make):
        order = []

        class Tidy(Plain):
            def _reset_connection(self, connection):
                order.append("reset")

        pool = make(Tidy, max_size=1)
        for _ in range(2):
            with pool.connection():
                order.append("used")
        pool.close()

        assert order == ["used", "reset", "used", "reset"]


class TestLife:
    def test_close_wakes_waiters_and_waits_for_those_on_loan(self, make):
        pool = make(max_size=1, close_timeout=20)
        held = pool.acquire()
        errors = []

        def wait():
            try:
                pool.acquire()
            except PoolClosedError as error:
                errors.append(error)
            pool.release(held)

        thread = threading.Thread(target=wait)
        thread.start()
        while not pool.stats().waiting:
            pass
        pool.close()
        thread.join(10)

        assert len(errors) == 1
        assert held.closed

    def test_a_close_that_is_interrupted_holds_up_no_other_one(self, make, monkeypatch):
        pool = make()
        link = pool.acquire()

        def interrupted(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(pool._stirred, "wait_for", interrupted)
            with pytest.raises(KeyboardInterrupt):
                pool.close()

        closing = threading.Thread(target=pool.close, daemon=True)
        closing.start()
        closing.join(5)
        assert not closing.is_alive()
        pool.release(link)
        pool.initialize()
        assert pool.status is PoolStatus.READY

    def test_a_closed_pool_may_be_initialized_again(self, make):
        pool = make(min_size=2)
        for _ in range(2):
            with pool:
                assert pool.available == 2
            with pytest.raises(PoolClosedError):
                pool.acquire()
        assert len(pool.links) == 4

    def test_who_initializes_it_as_well_waits_for_the_connections_too(self, make):
        pool = make(min_size=2)
        sizes = []

        def initialize():
            pool.initialize()
            sizes.append(pool.size)

        with pool.making:
            threads = [threading.Thread(target=initialize) for _ in range(2)]
            for thread in threads:
                thread.start()
            threads[1].join(0.05)
        for thread in threads:
            thread.join(5)

        assert sizes == [2, 2]

    def test_an_initialize_that_fails_leaves_nothing_open(self, make):
        pool = make()
        pool.error = OSError("down")

        with pytest.raises(OSError, match="down"):
            pool.initialize()

        assert pool.status is PoolStatus.CLOSED

    def test_upkeep_reaps_checks_and_fills(self, make, clock):
        pool = make(min_size=1, max_size=3, idle_timeout=60, clock=clock)
        held = [pool.acquire() for _ in range(3)]
        for each in held:
            pool.release(each)
        held[0].alive = False

        clock.advance(61)
        pool.maintain()

        assert pool.size == pool.available == 1
        assert all(link.alive for link in pool.links if not link.closed)

    def test_a_leak_shows_the_stack_of_the_borrower(self, make, clock):
        pool = make(leak_threshold=5, clock=clock)

        def forgetful():
            return pool.acquire()

        held = forgetful()
        clock.advance(6)

        (leak,) = pool.leaks()
        assert "in forgetful" in leak.stack
        assert leak.borrower == threading.current_thread().name
        pool.release(held)

    def test_resize_and_drain(self, make):
        pool = make(min_size=2, max_size=2)
        pool.initialize()
        held = pool.acquire()
        pool.drain()
        pool.resize(min_size=0, max_size=1)
        pool.release(held)

        with pool.connection() as link:
            assert link.number > 2
        assert held.closed


class TestByName:
    def test_with_and_plain_functions(self, make):
        pool = make(name="plain")
        register_pool(pool)

        @pooled_resource("plain")
        def query(connection, key):
            return connection.number, key

        @pooled_resource("plain")
        def rows(connection):
            yield connection.number

        with pooled_resource("plain") as link:
            assert link.number == 1
        assert query("k") == (1, "k")
        assert list(rows()) == [1]
        assert pool.in_use == 0
        assert str(inspect.signature(query)) == "(key)"

    @pytest.mark.asyncio
    async def test_they_are_opened_and_closed_with_the_others(self, make, link_pool):
        pool = make(name="plain", min_size=2)
        register_pool(pool)
        register_pool(link_pool("tasks"))

        await initialize_pools()
        assert pool.available == 2
        await close_pools()

        assert pool.status is PoolStatus.CLOSED

    @pytest.mark.asyncio
    async def test_those_that_were_closed_open_again_at_their_next_use(self, make, link_pool):
        plain, tasks = make(name="plain"), link_pool("tasks")
        register_pool(plain)
        register_pool(tasks)
        for _ in range(2):
            with plain.connection():
                pass
            async with tasks.connection():
                pass
            await close_pools()

            reopen_pools()

        assert {plain.status, tasks.status} == {PoolStatus.INITIALIZING}
        assert len(plain.links) == len(tasks.links) == 2

    def test_those_that_were_opened_again_are_closed_with_the_program(self, make):
        pool = make(name="plain")
        register_pool(pool)
        run_closers()
        reopen_pools()
        with pool.connection():
            pass

        run_closers()

        assert pool.status is PoolStatus.CLOSED

    def test_one_that_is_open_keeps_its_connections(self, make):
        pool = make(name="plain")
        register_pool(pool)
        for _ in range(2):
            with pool.connection():
                reopen_pools()

        assert len(pool.links) == 1
