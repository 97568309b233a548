"""What all decorators have in common: bare and called, on every kind of function, nothing changed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import pickle
import threading
import traceback
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.utils
from pepperpy.infra import decorators
from pepperpy.infra.decorators import (
    DecoratorsError,
    InvalidTargetError,
    async_log_exceptions,
    async_timed,
    deprecated,
    log_calls,
    log_exceptions,
    timed,
    validate_arguments,
)

pytestmark = pytest.mark.filterwarnings("ignore:This is deprecated:DeprecationWarning")

BARE = {
    "timed": timed,
    "log_calls": log_calls,
    "log_exceptions": log_exceptions,
    "deprecated": deprecated,
}
CALLED = {
    "timed()": timed(),
    "timed(level=None)": timed(level=None),
    "log_calls()": log_calls(),
    "log_calls(True, True)": log_calls(True, True),
    "log_exceptions()": log_exceptions(),
    "deprecated()": deprecated(),
    "deprecated(category=None)": deprecated("This is deprecated", category=None),
    "validate_arguments(check)": validate_arguments(lambda args, kwargs: True),
}
ALL = {**BARE, **CALLED}
ASYNC = {
    "async_timed": async_timed,
    "async_timed()": async_timed(),
    "async_log_exceptions": async_log_exceptions,
    "async_log_exceptions()": async_log_exceptions(),
}


@pytest.fixture(params=["off", "on"])
def level(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """Everything holds with the log level off and on."""
    caplog.set_level("DEBUG" if request.param == "on" else "CRITICAL")


def plain(a, b=2, *rest, c, **more):
    """The doc."""
    return a, b, rest, c, more


async def coroutine(a, b=2):
    await asyncio.sleep(0)
    return a, b


def generator(a):
    sent = yield a
    try:
        yield sent
    except KeyError as error:
        yield repr(error)
    return "end"


async def async_generator(a):
    sent = yield a
    try:
        yield sent
    except KeyError as error:
        yield repr(error)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("decorate", ALL.values(), ids=ALL)
class TestEveryKind:
    def test_a_function_keeps_value_name_doc_and_signature(self, decorate) -> None:
        decorated = decorate(plain)

        assert decorated(1, 3, 4, c=5, d=6) == (1, 3, (4,), 5, {"d": 6})
        assert decorated(1, c=5) == (1, 2, (), 5, {})
        assert (decorated.__name__, decorated.__qualname__) == ("plain", "plain")
        assert (decorated.__doc__, decorated.__module__) == ("The doc.", __name__)
        assert inspect.signature(decorated) == inspect.signature(plain)
        assert inspect.unwrap(decorated) is plain
        with pytest.raises(TypeError, match="argument"):
            decorated()

    def test_a_coroutine_function_stays_one(self, decorate) -> None:
        decorated = decorate(coroutine)

        assert inspect.iscoroutinefunction(decorated)
        assert asyncio.run(decorated(1)) == (1, 2)

    def test_a_generator_takes_what_is_sent_and_thrown_and_returns(self, decorate) -> None:
        decorated = decorate(generator)
        made = decorated(1)

        assert inspect.isgeneratorfunction(decorated)
        assert next(made) == 1
        assert made.send(2) == 2
        assert made.throw(KeyError("k")) == "KeyError('k')"
        with pytest.raises(StopIteration) as stop:
            next(made)
        assert stop.value.value == "end"

    def test_an_async_generator_takes_what_is_sent_and_thrown(self, decorate) -> None:
        decorated = decorate(async_generator)

        async def drive():
            made = decorated(1)
            got = [await anext(made), await made.asend(2), await made.athrow(KeyError("k"))]
            with pytest.raises(StopAsyncIteration):
                await anext(made)
            assert [item async for item in decorated(7)] == [7, None]
            return got

        assert inspect.isasyncgenfunction(decorated)
        assert asyncio.run(drive()) == [1, 2, "KeyError('k')"]

    def test_empty_generators_of_both_kinds_are_empty(self, decorate) -> None:
        @decorate
        def nothing():
            yield from ()

        @decorate
        async def anothing():
            return
            yield

        async def drive():
            return [item async for item in anothing()]

        assert list(nothing()) == []
        assert asyncio.run(drive()) == []

    def test_closing_a_generator_closes_the_one_inside(self, decorate) -> None:
        closed = []

        @decorate
        def items():
            try:
                yield 1
                yield 2
            finally:
                closed.append("sync")

        @decorate
        async def aitems():
            try:
                yield 1
                yield 2
            finally:
                closed.append("async")

        async def drive():
            made = aitems()
            await anext(made)
            await made.aclose()

        made = items()
        next(made)
        made.close()
        asyncio.run(drive())

        assert closed == ["sync", "async"]

    def test_methods_of_every_kind_work_above_and_below_their_decorators(self, decorate) -> None:
        class Service:
            n = 3

            @decorate
            def method(self, a):
                return self.n, a

            @classmethod
            @decorate
            def below(cls, a):
                return cls, a

            @decorate
            @classmethod
            def above(cls, a):
                return cls, a

            @decorate
            @staticmethod
            def static(a):
                return a

            @property
            @decorate
            def size(self):
                return self.n

            @decorate
            @property
            def width(self):
                return self.n

            @functools.cached_property
            @decorate
            def depth(self):
                return self.n

        service = Service()

        assert service.method(1) == (3, 1)
        assert Service.method(service, a=1) == (3, 1)
        assert Service.below(1) == service.above(1) == (Service, 1)
        assert service.static(1) == 1
        assert (service.size, service.width, service.depth) == (3, 3, 3)

    def test_partials_builtins_and_objects_are_called_as_before(self, decorate) -> None:
        class Adder:
            def __call__(self, a, b=1):
                return a + b

        assert decorate(functools.partial(plain, 1, c=3))(2) == (1, 2, (), 3, {})
        assert decorate(Adder())(1, b=2) == 3
        assert decorate(Adder().__call__)(1) == 2

    def test_an_error_is_the_same_object_with_a_short_traceback(self, decorate) -> None:
        problem = LookupError("gone")

        @decorate
        def fail(a):
            raise problem

        with pytest.raises(LookupError) as caught:
            fail(1)

        assert caught.value is problem
        assert (problem.__cause__, problem.__context__) == (None, None)
        names = [frame.name for frame in traceback.extract_tb(problem.__traceback__)]
        assert names in (
            ["test_an_error_is_the_same_object_with_a_short_traceback", "fail", "fail"],
            ["test_an_error_is_the_same_object_with_a_short_traceback", "fail"],
        )

    def test_parameters_of_any_name_do_no_harm(self, decorate) -> None:
        @decorate
        def odd(
            logger, level, args=1, kwargs=2, _w_call=3, result=4, error=5, *, now=6, tally=7, run=8
        ):
            return logger, level, args, kwargs, _w_call, result, error, now, tally, run

        assert odd("a", "b", run=9) == ("a", "b", 1, 2, 3, 4, 5, 6, 7, 9)

    def test_decorators_stack(self, decorate) -> None:
        @decorate
        @timed
        @log_calls
        @log_exceptions
        async def work(a):
            return a

        assert inspect.iscoroutinefunction(work)
        assert asyncio.run(work(3)) == 3

    @pytest.mark.parametrize(
        "stop",
        [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit],
        ids=lambda kind: kind.__name__,
    )
    def test_control_flow_passes_through(self, decorate, stop) -> None:
        @decorate
        def leave(a):
            raise stop

        @decorate
        async def aleave(a):
            raise stop

        with pytest.raises(stop):
            leave(1)
        with pytest.raises(stop):
            aleave(1).send(None)

    def test_a_cancelled_task_is_cancelled(self, decorate) -> None:
        @decorate
        async def wait(a):
            await asyncio.Event().wait()

        async def drive():
            task = asyncio.ensure_future(wait(1))
            await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            return task.cancelled()

        assert asyncio.run(drive())


@pytest.mark.parametrize("decorate", ALL.values(), ids=ALL)
class TestRefusals:
    @pytest.mark.parametrize("target", [7, {"a": 1}, object()], ids=repr)
    def test_what_is_no_function_is_refused_at_decoration(self, decorate, target) -> None:
        with pytest.raises((InvalidTargetError, ValueError)) as caught:
            decorate(target)

        assert isinstance(caught.value, DecoratorsError)

    def test_a_class_is_refused_except_by_deprecated(self, decorate, request) -> None:
        class Thing:
            pass

        if "deprecated" in request.node.callspec.id:
            assert decorate(Thing) is Thing
            return
        with pytest.raises(InvalidTargetError, match="is a class") as caught:
            decorate(Thing)
        assert isinstance(caught.value, TypeError)
        assert caught.value.code == "decorators-target"


@pytest.mark.parametrize("decorate", ASYNC.values(), ids=ASYNC)
class TestAsyncNames:
    def test_they_decorate_coroutine_functions_and_async_generators(self, decorate) -> None:
        async def drive():
            return [await decorate(coroutine)(1), [i async for i in decorate(async_generator)(1)]]

        assert asyncio.run(drive()) == [(1, 2), [1, None]]

    @pytest.mark.parametrize("func", [plain, generator, len, functools.partial(plain)])
    def test_a_plain_function_is_a_type_error(self, decorate, func) -> None:
        with pytest.raises(TypeError, match=r"decorates coroutine functions .* use \w+$") as caught:
            decorate(func)

        assert isinstance(caught.value, InvalidTargetError)
        assert caught.value.decorator in {"async_timed", "async_log_exceptions"}


def test_retry_is_the_one_of_utils() -> None:
    assert decorators.retry is pepperpy.infra.utils.retry
    assert decorators.async_retry is pepperpy.infra.utils.async_retry


@timed
@log_calls
@log_exceptions
@deprecated
def at_the_top(a):
    return a


def test_a_decorated_function_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(at_the_top)) is at_the_top


@given(
    args=st.lists(st.integers(), min_size=1, max_size=4),
    kwargs=st.dictionaries(st.sampled_from("defgh"), st.text()),
    names=st.lists(st.sampled_from(sorted(ALL)), max_size=4),
)
def test_any_stack_of_decorators_returns_what_the_function_returns(args, kwargs, names) -> None:
    stacked = functools.reduce(lambda func, name: ALL[name](func), names, plain)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert stacked(*args, c=0, **kwargs) == plain(*args, c=0, **kwargs)


def test_lines_of_inner_decorators_count_as_written_by_the_caller_of_the_outermost(caplog) -> None:
    caplog.set_level("INFO")

    @timed
    @log_calls
    @timed
    @log_exceptions
    def fail():
        raise LookupError

    def caller():
        with pytest.raises(LookupError):
            fail()

    caller()

    assert [record.funcName for record in caplog.records] == ["caller"] * 5


def test_threads_may_decorate_and_call_at_once() -> None:
    results = []
    start = threading.Barrier(8)

    def work(n):
        start.wait()
        for i in range(50):
            decorated = timed(log_calls(log_exceptions(lambda a: a + n)))
            results.append(decorated(i) == i + n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [True] * 400
