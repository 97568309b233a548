"""`log_exceptions` logs an error once, wherever it comes through, and raises the same one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import copy
import logging
import pickle
import traceback

import pytest

from pepperpy.infra.decorators import (
    InvalidOptionError,
    async_log_exceptions,
    log_exceptions,
)
from pepperpy.infra.utils import retry


def fail(error):
    raise error


class TestOnce:
    def test_an_error_is_logged_with_its_traceback_and_raised(self, caplog) -> None:
        error = LookupError("no such zone")

        with pytest.raises(LookupError) as caught:
            log_exceptions(fail)(error)

        (record,) = caplog.records
        assert caught.value is error
        assert record.getMessage() == f"{__name__}.fail raised LookupError: no such zone"
        assert (record.name, record.levelname) == (__name__, "ERROR")
        assert record.exc_info[1] is error
        assert record.__dict__["error.type"] == "LookupError"

    def test_nested_decorators_log_it_once_where_it_was_innermost(self, caplog) -> None:
        @log_exceptions
        def inner():
            raise LookupError("x")

        @log_exceptions
        def middle():
            try:
                inner()
            except LookupError as error:
                kept = error
            raise kept

        @log_exceptions()
        def outer():
            middle()

        with pytest.raises(LookupError):
            outer()

        assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
            f"{__name__}.{inner.__qualname__}"
        ]

    def test_it_is_logged_once_through_tasks_and_threads(self, caplog) -> None:
        @log_exceptions
        def in_thread():
            raise LookupError("x")

        @async_log_exceptions
        async def in_task():
            await asyncio.get_running_loop().run_in_executor(pool, in_thread)

        @log_exceptions
        async def outer():
            await asyncio.ensure_future(in_task())

        with concurrent.futures.ThreadPoolExecutor(1) as pool, pytest.raises(LookupError):
            asyncio.run(outer())

        assert len(caplog.records) == 1

    def test_a_kept_error_that_is_raised_by_a_later_call_is_logged_again(self, caplog) -> None:
        kept = LookupError("always the same object")
        failing = log_exceptions(fail)

        for _ in range(3):
            with pytest.raises(LookupError):
                failing(kept)

        assert len(caplog.records) == 3

    def test_each_attempt_of_a_retry_is_logged(self, caplog) -> None:
        @retry(max_attempts=3, delay=0)
        @log_exceptions
        def work():
            raise LookupError("x")

        with pytest.raises(LookupError):
            work()

        assert len(caplog.records) == 3

    def test_a_copy_is_another_error(self, caplog) -> None:
        @log_exceptions
        def outer(make):
            try:
                log_exceptions(fail)(LookupError("x"))
            except LookupError as error:
                raise make(error) from None

        for make in (copy.copy, lambda error: pickle.loads(pickle.dumps(error))):
            with pytest.raises(LookupError):
                outer(make)

        assert len(caplog.records) == 4

    def test_an_error_that_the_inner_log_did_not_take_is_logged_further_out(self, caplog) -> None:
        logging.getLogger("off").disabled = True
        try:
            with pytest.raises(LookupError):
                log_exceptions("on")(log_exceptions("off")(fail))(LookupError())
        finally:
            logging.getLogger("off").disabled = False

        assert [record.name for record in caplog.records] == ["on"]

    def test_the_traceback_is_clean(self) -> None:
        failing = log_exceptions(log_exceptions(fail))

        with pytest.raises(LookupError) as caught:
            failing(LookupError())

        names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert names == ["test_the_traceback_is_clean", "fail", "fail", "fail"]
        assert caught.value.__context__ is None

    def test_the_line_counts_as_written_by_the_caller(self, caplog) -> None:
        failing = log_exceptions(fail)

        def caller():
            with pytest.raises(LookupError):
                failing(LookupError())

        caller()

        assert caplog.records[0].funcName == "caller"

    def test_an_error_of_a_generator_is_logged(self, caplog) -> None:
        @log_exceptions
        def items():
            yield 1
            raise LookupError("x")

        @log_exceptions
        async def aitems():
            yield 1
            raise LookupError("y")

        async def drive():
            return [item async for item in aitems()]

        with pytest.raises(LookupError, match="x"):
            list(items())
        with pytest.raises(LookupError, match="y"):
            asyncio.run(drive())

        assert len(caplog.records) == 2


class TestNeverLogged:
    @pytest.mark.parametrize(
        "error",
        [
            KeyboardInterrupt(),
            SystemExit(1),
            GeneratorExit(),
            asyncio.CancelledError(),
            concurrent.futures.CancelledError(),
            StopIteration(),
            StopAsyncIteration(),
        ],
        ids=lambda error: type(error).__module__ + "." + type(error).__name__,
    )
    def test_control_flow(self, caplog, error) -> None:
        with pytest.raises(type(error)):
            log_exceptions(fail)(error)

        assert not caplog.records

    @pytest.mark.parametrize("kinds", [OSError, (OSError, KeyError)])
    def test_errors_that_were_not_asked_for(self, caplog, kinds) -> None:
        failing = log_exceptions(exceptions=kinds)(fail)

        with pytest.raises(LookupError):
            failing(LookupError())
        with pytest.raises(ConnectionError):
            failing(ConnectionError())

        assert [record.__dict__["error.type"] for record in caplog.records] == ["ConnectionError"]


class TestOptions:
    def test_the_logger_the_level_and_the_message_can_be_chosen(self, caplog) -> None:
        failing = log_exceptions("shop", level="warning", message="no report today")(fail)

        with pytest.raises(LookupError):
            failing(LookupError("x"))

        (record,) = caplog.records
        assert (record.name, record.levelname) == ("shop", "WARNING")
        assert record.getMessage() == "no report today: LookupError: x"

    def test_the_traceback_can_be_left_out(self, caplog) -> None:
        with pytest.raises(LookupError):
            log_exceptions(traceback=False)(fail)(LookupError("x"))

        assert not caplog.records[0].exc_info

    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({"exceptions": BaseException}, "exceptions"),
            ({"exceptions": (LookupError, KeyboardInterrupt)}, "exceptions"),
            ({"exceptions": ()}, "exceptions"),
            ({"exceptions": "LookupError"}, "exceptions"),
            ({"level": "loud"}, "level"),
            ({"message": 7}, "message"),
        ],
    )
    def test_options_that_make_no_sense_are_refused_at_once(self, options, option) -> None:
        with pytest.raises(InvalidOptionError) as caught:
            log_exceptions(**options)

        assert caught.value.option == option


class TestHostileErrors:
    def test_secrets_in_the_text_are_masked_in_the_message(self, caplog) -> None:
        with pytest.raises(LookupError):
            log_exceptions(traceback=False)(fail)(LookupError("password=hunter2 at db"))

        assert caplog.messages == [f"{__name__}.fail raised LookupError: password=*** at db"]

    def test_errors_that_refuse_attributes_or_have_no_text_are_logged_once(self, caplog) -> None:
        class Odd(Exception):
            def __setattr__(self, name, value):
                raise TypeError

            def __getattribute__(self, name):
                raise LookupError

            def __str__(self):
                raise LookupError

        with pytest.raises(Odd):
            log_exceptions(traceback=False)(log_exceptions(traceback=False)(fail))(Odd())

        assert len(caplog.records) == 1
        assert "raised Odd: <Odd without a text: LookupError>" in caplog.messages[0]

    def test_errors_with_odd_classes_or_attributes_are_logged_once(self, caplog) -> None:
        class Meta(type):
            @property
            def __name__(cls):
                raise RuntimeError

        class OddName(Exception, metaclass=Meta):
            pass

        class OddState(Exception):
            @property
            def __dict__(self):
                raise RuntimeError

        marked = LookupError()
        marked.__pepperpy_logged__ = "something else"
        for error in (OddName(), OddState(), marked):
            with pytest.raises(type(error)):
                log_exceptions(traceback=False)(log_exceptions(traceback=False)(fail))(error)

        names = [message.partition("raised ")[2] for message in caplog.messages]
        assert names == ["OddName", "OddState", "LookupError"]

    def test_a_handler_that_raises_does_not_hide_the_error(self) -> None:
        class Broken(logging.Handler):
            def handle(self, record):
                raise OSError("disk is full")

        logger, broken = logging.getLogger("broken.exceptions"), Broken()
        logger.addHandler(broken)
        try:
            with pytest.raises(LookupError) as caught:
                log_exceptions("broken.exceptions")(fail)(LookupError("x"))
        finally:
            logger.removeHandler(broken)

        assert caught.value.__context__ is None

    def test_contexts_of_the_caller_stay_as_they_are(self, caplog) -> None:
        variable = contextvars.ContextVar("variable", default=0)

        @log_exceptions
        def work():
            variable.set(7)
            raise LookupError

        with pytest.raises(LookupError):
            work()

        assert variable.get() == 7
