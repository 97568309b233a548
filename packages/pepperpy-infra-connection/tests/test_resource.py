"""`pooled_resource`, and pools by name."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import AsyncExitStack

import pytest

from pepperpy.infra.connection import (
    NotLentError,
    PooledResourceContext,
    PoolKindError,
    PoolNameError,
    PoolStatus,
    ThreadConnectionPool,
    UnknownPoolError,
    close_pools,
    get_connection,
    get_pool,
    initialize_pools,
    pooled_resource,
    register_pool,
    release_connection,
    unregister_pool,
)
from pepperpy.infra.utils import arun_closers, run_closers


class Threads(ThreadConnectionPool):
    def _create_connection(self):
        return object()

    def _close_connection(self, connection):
        pass


@pytest.fixture
def pool(link_pool):
    pool = link_pool("main", max_size=5)
    register_pool(pool)
    return pool


@pytest.mark.asyncio
class TestBlock:
    async def test_it_lends_a_connection_for_the_block(self, pool):
        async with pooled_resource("main") as link:
            assert pool.in_use == 1
            assert link.number == 1

        assert (pool.in_use, pool.available) == (0, 1)
        await pool.close()

    async def test_it_gives_back_whatever_happens(self, pool):
        with pytest.raises(ZeroDivisionError):
            async with pooled_resource("main"):
                raise ZeroDivisionError

        assert pool.in_use == 0
        await pool.close()

    async def test_one_object_may_be_entered_by_many_tasks_at_once(self, pool):
        shared = pooled_resource("main")

        async def use(turns):
            async with shared as link:
                link.holders += 1
                assert link.holders == 1
                for _ in range(turns):
                    await asyncio.sleep(0)
                link.holders -= 1

        await asyncio.gather(*(use(index * 7 % 5) for index in range(50)))

        assert pool.in_use == 0
        await pool.close()

    async def test_one_object_may_be_nested_in_one_task(self, pool):
        shared = pooled_resource("main")

        async with shared as outer:
            async with shared as middle, shared as inner:
                assert len({outer.number, middle.number, inner.number}) == 3
            assert pool.in_use == 1
            async with shared as again:
                assert again is not outer
        assert pool.in_use == 0
        await pool.close()

    async def test_nested_in_one_task_while_others_come_and_go(self, pool):
        shared = pooled_resource("main")
        inside, leave = asyncio.Event(), asyncio.Event()

        async def first():
            async with shared as link:
                link.holders += 1
                inside.set()
                await leave.wait()
                link.holders -= 1

        task = asyncio.create_task(first())
        await inside.wait()
        async with shared as outer:
            leave.set()
            await task
            async with shared as inner:
                assert inner is not outer
            assert pool.in_use == 1
            async with shared as other:
                assert other is not outer
        assert pool.in_use == 0
        await pool.close()

    async def test_a_generator_that_ends_in_another_task_gives_back_its_own(self, pool):
        shared = pooled_resource("main")

        async def links():
            async with shared as link:
                yield link

        async with shared as outer:
            generator = links()
            inner = await anext(generator)
            await asyncio.create_task(generator.aclose())

            assert await pool.acquire() is inner
            assert pool.in_use == 2
            assert outer is not inner
        pool.release(inner)
        assert pool.in_use == 0
        await pool.close()

    async def test_a_generator_that_outlives_the_block_around_it_keeps_its_own(self, pool):
        shared = pooled_resource("main")

        async def links():
            async with shared as link:
                yield link

        async with shared as outer:
            generator = links()
            inner = await anext(generator)

        assert await pool.acquire() is outer
        another = await pool.acquire()
        assert another is not inner
        await generator.aclose()
        assert pool.in_use == 2
        pool.release(outer)
        pool.release(another)
        await pool.close()

    async def test_an_object_that_was_shared_once_is_quick_again(self, pool):
        shared = pooled_resource("main")

        async def use():
            async with shared:
                await asyncio.sleep(0)

        await asyncio.gather(use(), use(), use())

        assert shared._more is None
        await pool.close()

    async def test_a_stack_leaves_what_it_entered(self, pool):
        shared = pooled_resource("main")

        async with shared as outer, AsyncExitStack() as stack:
            inner = await stack.enter_async_context(shared)
            await stack.aclose()

            assert await pool.acquire() is inner
            assert outer is not inner
        assert pool.in_use == 1
        pool.release(inner)
        await pool.close()

    async def test_leaving_what_one_has_not_entered_is_an_error(self, pool):
        shared = pooled_resource("main")

        with pytest.raises(NotLentError):
            await shared.__aexit__(None, None, None)

    async def test_the_name_is_resolved_at_entry(self, link_pool):
        later = pooled_resource("later")
        with pytest.raises(UnknownPoolError):
            async with later:
                pass

        register_pool(link_pool("later"))
        async with later as link:
            assert link.number == 1

        assert unregister_pool("later").name == "later"
        register_pool(link_pool("later"))
        async with later as link:
            assert link.number == 1
        await close_pools()

    async def test_the_class_is_the_older_name(self, pool):
        context = PooledResourceContext("main")

        async with context as link:
            assert link.number == 1
        assert repr(context) == "pooled_resource('main')"
        await pool.close()


@pytest.mark.asyncio
class TestDecorator:
    async def test_it_fills_in_the_first_argument(self, pool):
        @pooled_resource("main")
        async def query(connection, table, *, limit=10):
            """Ask."""
            assert pool.in_use == 1
            return connection.number, table, limit

        assert await query("t", limit=3) == (1, "t", 3)
        assert pool.in_use == 0
        assert (query.__name__, query.__doc__) == ("query", "Ask.")
        assert str(inspect.signature(query)) == "(table, *, limit=10)"
        assert inspect.iscoroutinefunction(query)
        await pool.close()

    async def test_in_a_method_the_one_after_self(self, pool):
        class Repository:
            table = "t"

            @pooled_resource("main")
            async def query(self, connection, key):
                return self.table, connection.number, key

            @classmethod
            @pooled_resource("main")
            async def whole(cls, connection):
                return cls.__name__, connection.number

        assert await Repository().query("k") == ("t", 1, "k")
        assert await Repository.whole() == ("Repository", 1)
        await pool.close()

    async def test_many_calls_at_once_have_each_their_own(self, pool):
        @pooled_resource("main")
        async def query(link):
            link.holders += 1
            assert link.holders == 1
            await asyncio.sleep(0)
            link.holders -= 1

        await asyncio.gather(*(query() for _ in range(50)))

        assert pool.in_use == 0
        await pool.close()

    async def test_an_async_generator_keeps_its_connection_until_it_ends(self, pool):
        @pooled_resource("main")
        async def rows(connection, count):
            for index in range(count):
                yield connection.number, index

        assert [row async for row in rows(2)] == [(1, 0), (1, 1)]
        generator = rows(5)
        await anext(generator)
        assert pool.in_use == 1
        await generator.aclose()

        assert pool.in_use == 0
        await pool.close()

    async def test_a_failed_call_gives_back_and_has_it_checked(self, pool):
        @pooled_resource("main")
        async def fail(link):
            link.alive = False
            raise LookupError

        with pytest.raises(LookupError):
            await fail()
        async with pooled_resource("main") as link:
            assert link.number == 2
        await pool.close()

    async def test_a_cancelled_call_gives_back(self, pool):
        @pooled_resource("main")
        async def hang(connection):
            await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

        assert pool.in_use == 0
        await pool.close()

    async def test_bare_or_without_a_parameter_it_is_refused_at_decoration(self):
        with pytest.raises(PoolNameError, match='pooled_resource\\("main"\\); got function'):

            @pooled_resource
            async def bare(connection): ...

        with pytest.raises(TypeError, match="has no positional parameter"):

            @pooled_resource("main")
            async def empty(): ...


@pytest.mark.asyncio
class TestRegistry:
    async def test_a_name_that_is_taken_is_a_value_error(self, pool, link_pool):
        with pytest.raises(ValueError, match="'main' is registered already"):
            register_pool(link_pool("main"))
        register_pool(pool)  # the same one again is none

        assert get_pool("main") is pool

    async def test_an_unknown_name_lists_the_known_ones(self, pool, link_pool):
        register_pool(link_pool("other"))

        with pytest.raises(KeyError) as caught:
            get_pool("man")

        assert str(caught.value) == (
            "no pool named 'man' is registered; there are: 'main', 'other'; did you mean 'main'?"
        )
        assert caught.value.known == ("main", "other")
        for ask in (unregister_pool, get_pool):
            with pytest.raises(UnknownPoolError):
                ask("none")

    async def test_what_is_no_pool_is_refused(self, link_pool):
        for wrong in (link_pool, "main", None):
            with pytest.raises(TypeError, match="a pool is registered"):
                register_pool(wrong)

    async def test_all_are_opened_and_closed_together_and_opened_again(self, link_pool):
        pools = [link_pool(name, min_size=2) for name in ("a", "b")]
        for each in pools:
            register_pool(each)

        for _ in range(2):
            await initialize_pools()
            assert [each.available for each in pools] == [2, 2]
            await close_pools()
            assert [each.status for each in pools] == [PoolStatus.CLOSED] * 2
        assert [len(each.links) for each in pools] == [4, 4]

    async def test_the_error_of_one_pool_is_raised_as_it_is_and_names_the_pool(self, link_pool):
        good, bad = link_pool("good"), link_pool("bad")
        bad.error = OSError("down")
        register_pool(good)
        register_pool(bad)

        with pytest.raises(OSError, match="down") as caught:
            await initialize_pools()

        assert caught.value.__notes__ == ["while opening pool 'bad'"]
        assert good.status is PoolStatus.READY
        await close_pools()

    async def test_several_errors_are_a_group(self, link_pool):
        for name in ("a", "b"):
            pool = link_pool(name)
            pool.error = OSError(name)
            register_pool(pool)

        with pytest.raises(ExceptionGroup, match="some pools could not be opened"):
            await initialize_pools()

    async def test_connections_can_be_had_by_the_pools_name(self, pool):
        link = await get_connection("main")
        assert pool.in_use == 1

        await release_connection("main", link)

        assert pool.in_use == 0
        with pytest.raises(NotLentError):
            release_connection("main", link)
        await pool.close()

    async def test_the_wrong_kind_of_pool_is_told(self, pool):
        register_pool(Threads("threads"))

        with pytest.raises(PoolKindError, match="'threads' is one for threads"):
            async with pooled_resource("threads"):
                pass
        with pytest.raises(PoolKindError, match="'main' is one for tasks"):
            pooled_resource("main").__enter__()

    async def test_closers_close_the_pools(self, pool):
        await initialize_pools()

        await arun_closers()

        assert pool.status is PoolStatus.CLOSED
        await initialize_pools()
        await arun_closers()
        assert pool.open_links == []


def test_closers_without_a_loop_do_not_fail(link_pool):
    pool = link_pool("main")
    register_pool(pool)
    asyncio.run(initialize_pools())

    run_closers()

    assert pool.status is PoolStatus.CLOSED


@pytest.mark.parametrize("name", ["", None, 3, b"main"])
def test_a_pool_needs_a_name(link_pool, name):
    with pytest.raises(PoolNameError, match="name must be text"):
        link_pool(name)
