from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest

from pepperpy.infra.logging import (
    InvalidLevelError,
    LogLevel,
    get_logger,
    log_level,
    set_log_level,
)

Lines = Callable[[], list[dict[str, Any]]]


class TestSetLogLevel:
    def test_takes_effect_at_once_on_loggers_that_remember(self, lines: Lines) -> None:
        log = get_logger("levels.a")
        bound = log.bind(a=1)
        log.debug("on")
        bound.debug("on")

        set_log_level("WARNING", "levels")
        log.debug("off")
        bound.debug("off")
        set_log_level("debug", "levels.a")
        log.debug("on")
        set_log_level(None, "levels.a")
        log.debug("off")
        set_log_level(None, "levels")
        bound.debug("on")

        assert [line["message"] for line in lines()] == ["on"] * 4

    def test_without_a_name_it_is_the_root_logger(self, lines: Lines) -> None:
        set_log_level("ERROR")

        get_logger("levels.b").warning("off")

        assert logging.root.level == logging.ERROR
        assert lines() == []

    def test_own_names_of_levels_are_known(self) -> None:
        logging.addLevelName(25, "Notice")

        set_log_level("NOTICE", "levels.c")

        assert logging.getLogger("levels.c").level == 25
        set_log_level(None, "levels.c")

    def test_root_logger_has_nobody_to_follow(self) -> None:
        with pytest.raises(InvalidLevelError, match="no parent"):
            set_log_level(None)

    def test_unknown_level_changes_nothing(self) -> None:
        before = logging.root.level

        with pytest.raises(InvalidLevelError):
            set_log_level("loud")

        assert logging.root.level == before

    def test_arguments_in_the_wrong_order_are_told_the_right_one(self) -> None:
        with pytest.raises(
            InvalidLevelError, match=r"first: set_log_level\('debug', 'shop'\)"
        ) as refused:
            set_log_level("shop", "debug")

        assert refused.value.level == "shop"
        assert logging.getLogger("shop").level == logging.NOTSET

    def test_a_logger_may_be_called_as_a_level_is(self) -> None:
        set_log_level("WARNING", "debug")

        assert logging.getLogger("debug").level == logging.WARNING
        set_log_level(None, "debug")


class TestLogLevel:
    def test_is_the_numbers_of_the_standard_library(self) -> None:
        assert {level.name: level for level in LogLevel} == {
            name: getattr(logging, name)
            for name in ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        }
        set_log_level(LogLevel.ERROR, "levels.enum")
        assert logging.getLogger("levels.enum").level == 40
        set_log_level(None, "levels.enum")


class TestForAWhile:
    def test_level_is_changed_inside_and_restored_after(self, lines: Lines) -> None:
        set_log_level("INFO")
        log = get_logger("while.a")
        with log_level("DEBUG", "while.a"):
            log.debug("on")
        log.debug("off")

        assert [line["message"] for line in lines()] == ["on"]

    def test_is_restored_after_an_error(self) -> None:
        with pytest.raises(KeyError), log_level("DEBUG", "while.b"):
            raise KeyError

        assert logging.getLogger("while.b").level == logging.NOTSET

    def test_blocks_nest(self) -> None:
        log = logging.getLogger("while.c")
        with log_level("DEBUG", "while.c"):
            with log_level("ERROR", "while.c"):
                assert log.level == logging.ERROR
            assert log.level == logging.DEBUG
        assert log.level == logging.NOTSET

    def test_blocks_that_overlap_end_where_they_began(self) -> None:
        log = logging.getLogger("while.d")
        first, second = log_level("DEBUG", "while.d"), log_level("INFO", "while.d")

        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert log.level == logging.INFO
        second.__exit__(None, None, None)

        assert log.level == logging.NOTSET

    def test_one_block_can_be_entered_many_times(self) -> None:
        log, block = logging.getLogger("while.e"), log_level("DEBUG", "while.e")
        with block, block:
            assert log.level == logging.DEBUG
        assert log.level == logging.NOTSET

    def test_level_that_was_set_meanwhile_is_kept(self) -> None:
        with log_level("DEBUG", "while.f"):
            set_log_level("ERROR", "while.f")

        assert logging.getLogger("while.f").level == logging.ERROR
        set_log_level(None, "while.f")

    @pytest.mark.asyncio
    async def test_works_in_tasks(self) -> None:
        log = logging.getLogger("while.g")

        async def work() -> int:
            async with log_level("DEBUG", "while.g"):
                await asyncio.sleep(0)
                return log.level

        assert await asyncio.gather(*(work() for _ in range(5))) == [logging.DEBUG] * 5
        assert log.level == logging.NOTSET

    def test_wrong_level_is_refused_where_it_is_written(self) -> None:
        with pytest.raises(InvalidLevelError):
            log_level("loud")

    @pytest.mark.skipif("not hasattr(os, 'fork')", reason="needs fork")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_works_in_a_child_that_was_forked_while_another_thread_changed_levels(self) -> None:
        import signal
        import threading

        from pepperpy.infra.logging._lock import settings_lock

        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with settings_lock:
                held.set()
                done.wait(20)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(20)
        if not (pid := os.fork()):
            signal.alarm(5)
            set_log_level("DEBUG", "while.h")
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        done.set()
        thread.join()

        assert status == 0
