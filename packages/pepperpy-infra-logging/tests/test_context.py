from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from pepperpy.infra.logging import get_logger, log_context

Lines = Callable[[], list[dict[str, Any]]]


def seen(lines: Lines, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(line.get(name) for name in names) for line in lines()]


def test_fields_are_on_every_line_of_the_block_and_on_none_after(lines: Lines) -> None:
    log = get_logger("context")
    with log_context(a=1):
        log.info("in")
        log.info("in")
    log.info("out")

    assert seen(lines, "a") == [(1,), (1,), (None,)]


def test_blocks_nest_and_the_inner_value_counts(lines: Lines) -> None:
    log = get_logger("context")
    with log_context(a=1, b=1):
        with log_context(b=2, c=2):
            log.info("in")
        log.info("out")

    assert seen(lines, "a", "b", "c", "b_") == [(1, 2, 2, None), (1, 1, None, None)]


def test_ends_after_an_error(lines: Lines) -> None:
    with pytest.raises(KeyError), log_context(a=1):
        raise KeyError

    get_logger("context").info("x")

    assert seen(lines, "a") == [(None,)]


def test_any_name_is_free(lines: Lines) -> None:
    with log_context(self=1, msg=2, level=3):
        get_logger("context").info("x")

    assert seen(lines, "self", "msg", "level_") == [(1, 2, 3)]


@pytest.mark.asyncio
async def test_survives_await_and_is_separate_per_task(lines: Lines) -> None:
    log = get_logger("context")

    async def work(number: int) -> None:
        with log_context(number=number):
            await asyncio.sleep(0)
            log.info("x", expected=number)
            await asyncio.sleep(0)
            log.info("x", expected=number)

    async with log_context(request="r"):
        await asyncio.gather(*(work(number) for number in range(10)))
    log.info("after")

    *inside, after = lines()
    assert all(line["number"] == line["expected"] and line["request"] == "r" for line in inside)
    assert len(inside) == 20
    assert "request" not in after


@pytest.mark.asyncio
async def test_one_block_can_be_open_in_many_tasks(lines: Lines) -> None:
    block = log_context(a=1)

    async def work(turns: int) -> None:
        async with block:
            for _ in range(turns):
                await asyncio.sleep(0)
            get_logger("context").info("in")
        get_logger("context").info("out")

    await asyncio.gather(*(work(turns) for turns in range(5)))

    assert {(line["message"], line.get("a")) for line in lines()} == {("in", 1), ("out", None)}


def test_threads_begin_without(lines: Lines) -> None:
    with log_context(a=1):
        thread = threading.Thread(target=lambda: get_logger("context").info("x"))
        thread.start()
        thread.join()

    import sys

    inherits = getattr(sys.flags, "thread_inherit_context", 0)
    assert seen(lines, "a") == [(1 if inherits else None,)]


def test_generator_that_is_left_in_another_context_harms_nobody(lines: Lines) -> None:
    def generate() -> Iterator[int]:
        with log_context(inner=1):
            yield 1

    generator = generate()
    contextvars.copy_context().run(next, generator)
    with log_context(outer=1):
        generator.close()
        get_logger("context").info("x")

    assert seen(lines, "inner", "outer") == [(None, 1)]


@pytest.mark.asyncio
async def test_blocks_that_do_not_end_in_order_take_only_their_own_away(lines: Lines) -> None:
    async def generate() -> AsyncIterator[int]:
        with log_context(a=1, b="a"):
            yield 1

    generator = generate()
    await anext(generator)
    with log_context(b="b", c=2):
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        get_logger("context").info("x")
    get_logger("context").info("y")

    assert seen(lines, "a", "b", "c") == [(None, "b", 2), (None, None, None)]


def test_values_are_shown_as_they_are_when_the_line_is_written(lines: Lines) -> None:
    items: list[int] = []
    with log_context(items=items):
        get_logger("context").info("x")
        items.append(1)
        get_logger("context").info("x")

    assert seen(lines, "items") == [([],), ([1],)]


class TestDecorator:
    def test_fields_are_on_the_lines_of_a_function_and_its_result_comes_through(
        self, lines: Lines
    ) -> None:
        log = get_logger("context")

        @log_context(a=1)
        def work(number: int, *, twice: bool = False) -> int:
            """Doc."""
            log.info("in")
            return number * (1 + twice)

        assert work(3, twice=True) == 6
        log.info("out")

        assert seen(lines, "message", "a") == [("in", 1), ("out", None)]
        assert (work.__name__, work.__doc__) == ("work", "Doc.")

    def test_ends_after_an_error_of_the_function(self, lines: Lines) -> None:
        @log_context(a=1)
        def work() -> None:
            raise KeyError

        with pytest.raises(KeyError):
            work()
        get_logger("context").info("out")

        assert seen(lines, "a") == [(None,)]

    @pytest.mark.asyncio
    async def test_coroutine_functions_stay_coroutine_functions(self, lines: Lines) -> None:
        @log_context(a=1)
        async def work() -> str:
            await asyncio.sleep(0)
            get_logger("context").info("in")
            return "done"

        results = await asyncio.gather(work(), work())
        get_logger("context").info("out")

        assert inspect.iscoroutinefunction(work)
        assert results == ["done", "done"]
        assert seen(lines, "a") == [(1,), (1,), (None,)]

    def test_generator_has_the_fields_while_it_runs_and_not_between_its_items(
        self, lines: Lines
    ) -> None:
        log = get_logger("context")

        @log_context(a=1)
        def work(count: int) -> Generator[int, str, str]:
            got = []
            for number in range(count):
                log.info("in")
                got.append((yield number))
            return ",".join(got)

        generator = work(2)
        next(generator)
        log.info("between")
        generator.send("x")
        with pytest.raises(StopIteration) as stop:
            generator.send("y")

        assert stop.value.value == "x,y"
        assert seen(lines, "message", "a") == [("in", 1), ("between", None), ("in", 1)]

    def test_what_is_thrown_into_a_generator_and_its_close_arrive(self, lines: Lines) -> None:
        log = get_logger("context")

        @log_context(a=1)
        def work() -> Iterator[int]:
            try:
                yield 1
            except KeyError:
                log.info("caught")
            try:
                yield 2
            finally:
                log.info("closed")

        generator = work()
        next(generator)
        assert generator.throw(KeyError()) == 2  # type: ignore[attr-defined]
        generator.close()  # type: ignore[attr-defined]
        log.info("out")

        assert seen(lines, "message", "a") == [("caught", 1), ("closed", 1), ("out", None)]

    @pytest.mark.asyncio
    async def test_async_generator_has_the_fields_while_it_runs(self, lines: Lines) -> None:
        log = get_logger("context")

        @log_context(a=1)
        async def work() -> AsyncGenerator[int, str]:
            try:
                await asyncio.sleep(0)
                log.info("got %s", (yield 1))
                yield 2
            except KeyError:
                log.info("caught")
                yield 3
            finally:
                log.info("closed")

        generator = work()
        assert await anext(generator) == 1
        log.info("between")
        assert await generator.asend("x") == 2
        assert await generator.athrow(KeyError()) == 3
        await generator.aclose()
        log.info("out")

        assert inspect.isasyncgenfunction(work)
        assert seen(lines, "message", "a") == [
            ("between", None),
            ("got x", 1),
            ("caught", 1),
            ("closed", 1),
            ("out", None),
        ]

    def test_methods_and_classmethods_can_be_decorated(self, lines: Lines) -> None:
        class Shop:
            @log_context(a=1)
            def sell(self) -> None:
                get_logger("context").info("sold")

            @log_context(a=2)
            @classmethod
            def open(cls) -> type[Shop]:
                get_logger("context").info("opened")
                return cls

        assert Shop.open() is Shop
        Shop().sell()

        assert seen(lines, "message", "a") == [("opened", 2), ("sold", 1)]

    def test_function_that_calls_itself_leaves_one_block_at_a_time(self, lines: Lines) -> None:
        log = get_logger("context")

        @log_context(a=1)
        def fall(depth: int) -> None:
            if depth:
                fall(depth - 1)
            log.info("in")

        fall(3)
        log.info("out")

        assert seen(lines, "a") == [(1,)] * 4 + [(None,)]

    def test_what_is_no_function_is_refused(self) -> None:
        with pytest.raises(TypeError, match="log_context"):
            log_context(a=1)(5)  # type: ignore[type-var]
