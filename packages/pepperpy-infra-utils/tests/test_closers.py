from __future__ import annotations

import asyncio

import pytest

from pepperpy.infra.utils import arun_closers, register_closer, run_closers


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    run_closers()


def closing(seen, name):
    return lambda: seen.append(name)


class TestClosers:
    def test_lower_order_closes_first_and_among_equals_the_youngest(self):
        seen = []
        for order, name in [(900, "logs"), (100, "server"), (500, "old pool"), (500, "new pool")]:
            register_closer(order, closing(seen, name))

        run_closers()

        assert seen == ["server", "new pool", "old pool", "logs"]

    def test_each_closer_runs_once(self):
        seen = []
        register_closer(1, closing(seen, "a"))

        run_closers()
        run_closers()

        assert seen == ["a"]

    def test_withdrawn_closers_do_not_run(self):
        seen = []
        withdraw = register_closer(1, closing(seen, "a"))

        withdraw()
        withdraw()
        run_closers()

        assert seen == []

    def test_the_rest_is_closed_when_some_fail_and_every_error_is_raised(self):
        seen = []

        async def broken():
            raise OSError("disk")

        register_closer(1, lambda: 1 / 0)
        register_closer(2, broken)
        register_closer(3, closing(seen, "last"))

        with pytest.raises(ExceptionGroup) as caught:
            run_closers()

        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError, OSError]
        assert seen == ["last"]

    def test_async_closers_run_without_a_loop_and_on_one(self):
        seen = []

        async def close():
            await asyncio.sleep(0)
            seen.append("async")

        register_closer(1, close)
        run_closers()
        register_closer(1, close)
        asyncio.run(arun_closers())

        assert seen == ["async", "async"]

    def test_closers_registered_by_closers_have_their_turn(self):
        seen = []
        register_closer(1, lambda: register_closer(0, closing(seen, "late")))

        run_closers()

        assert seen == ["late"]

    @pytest.mark.asyncio
    async def test_running_them_inside_a_loop_says_what_to_await_and_closes_nothing(self):
        seen = []
        register_closer(1, closing(seen, "a"))

        with pytest.raises(RuntimeError, match="await arun_closers"):
            run_closers()

        assert seen == []
        await arun_closers()

    def test_cancellation_passes_and_leaves_the_rest_to_be_closed(self):
        seen = []

        def interrupted():
            raise KeyboardInterrupt

        register_closer(1, interrupted)
        register_closer(2, closing(seen, "rest"))
        with pytest.raises(KeyboardInterrupt):
            run_closers()
        assert seen == []

        run_closers()

        assert seen == ["rest"]
