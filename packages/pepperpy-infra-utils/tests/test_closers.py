from __future__ import annotations

import asyncio

import pytest

from pepperpy.infra.utils import InvalidArgumentError, arun_closers, register_closer, run_closers


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

    @pytest.mark.parametrize(
        ("order", "close", "argument"),
        [("last", print, "order"), (2.5, print, "order"), (500, None, "close")],
    )
    def test_what_cannot_be_ordered_or_called_is_refused_at_once(self, order, close, argument):
        # Found at shutdown, it would leave the rest open, or be passed over in silence.
        with pytest.raises(InvalidArgumentError, match=argument) as caught:
            register_closer(order, close)

        assert caught.value.argument == argument

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

    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
    def test_an_interrupted_closer_does_not_keep_the_rest_open(self, interruption):
        seen = []

        def interrupted():
            raise interruption

        register_closer(1, lambda: 1 / 0)
        register_closer(2, interrupted)
        register_closer(3, closing(seen, "rest"))

        with pytest.raises(BaseExceptionGroup) as caught:
            run_closers()

        assert [type(error) for error in caught.value.exceptions] == [
            ZeroDivisionError,
            interruption,
        ]
        assert seen == ["rest"]

    def test_a_closer_that_cancels_a_task_of_its_own_does_not_keep_the_rest_open(self):
        seen = []

        async def stop():
            task = asyncio.create_task(asyncio.sleep(9))
            await asyncio.sleep(0)
            task.cancel()
            await task

        def register():
            register_closer(1, stop)
            register_closer(2, closing(seen, "rest"))

        register()
        with pytest.raises(BaseExceptionGroup):
            run_closers()
        register()
        with pytest.raises(BaseExceptionGroup):
            asyncio.run(arun_closers())

        assert seen == ["rest", "rest"]

    @pytest.mark.asyncio
    async def test_cancelling_the_call_passes_and_leaves_registered_what_is_not_closed(self):
        seen = []
        free = asyncio.Event()

        async def wait():
            await free.wait()
            seen.append("first")

        register_closer(1, wait)
        register_closer(2, closing(seen, "rest"))
        task = asyncio.create_task(arun_closers())
        await asyncio.sleep(0)

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == []

        free.set()
        await arun_closers()
        assert seen == ["first", "rest"]

    def test_the_threads_own_event_loop_is_left_alone(self):
        async def close(): ...

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            register_closer(1, close)
            run_closers()
            assert asyncio.get_event_loop_policy().get_event_loop() is loop
        finally:
            asyncio.set_event_loop(None)
            loop.close()
