from __future__ import annotations

import copy
import io
import logging
import logging.handlers
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pepperpy.infra.logging import InfraLogger, bind, get_logger

Lines = Callable[[], list[dict[str, Any]]]


class Keeping(logging.Handler):
    """A handler as other libraries write them; keeps the records."""

    def __init__(self, level: int = 0) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def keeping() -> Keeping:
    handler = Keeping()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    return handler


class TestIsARealLogger:
    def test_get_logger_returns_what_the_standard_library_returns(self) -> None:
        log = get_logger("real.a")

        assert isinstance(log, logging.Logger)
        assert log is logging.getLogger("real.a")
        assert log is get_logger("real.a")

    def test_logger_that_existed_before_is_upgraded_in_place(self, lines: Lines) -> None:
        before = logging.getLogger("real.before")
        assert type(before) is logging.Logger

        log = get_logger("real.before")
        log.info("x", user="ann")

        assert log is before
        assert lines()[0]["user"] == "ann"

    def test_subclass_of_a_program_keeps_its_methods(self, lines: Lines) -> None:
        class Tracing(logging.Logger):
            def trace(self, msg: str, *args: object, **fields: Any) -> None:
                self._log(15, msg, args, **fields)

        logging.setLoggerClass(Tracing)
        try:
            old = logging.getLogger("real.tracing")
            new: Any = get_logger("real.tracing2")
        finally:
            logging.setLoggerClass(logging.Logger)
        upgraded: Any = get_logger("real.tracing")

        upgraded.trace("one %s", 1, user="ann")
        new.trace("two", extra={"user": "bob"})

        assert upgraded is old
        assert isinstance(new, Tracing)
        assert [(line["level"], line["message"], line["user"]) for line in lines()] == [
            ("Level 15", "one 1", "ann"),
            ("Level 15", "two", "bob"),
        ]

    def test_importing_and_getting_leave_the_logger_class_alone(self) -> None:
        get_logger("real.class")

        assert logging.getLoggerClass() is logging.Logger
        assert logging.root.manager.loggerClass is None

    def test_root_logger_takes_fields_too(self, lines: Lines) -> None:
        root = get_logger()

        root.info("x", user="ann")

        assert root is logging.root
        assert lines()[0]["logger"] == "root"
        assert lines()[0]["user"] == "ann"

    def test_tree_of_names_works(self) -> None:
        parent, child = get_logger("real.tree"), get_logger("real.tree.child")

        assert child.parent is parent
        assert parent.getChild("child") is child

    @pytest.mark.parametrize("name", ["real.pickled", None])
    def test_logger_is_pickled_by_name(self, name: str | None) -> None:
        log = get_logger(name)

        assert pickle.loads(pickle.dumps(log)) is log

    @pytest.mark.parametrize("name", ["pickled.elsewhere", None])
    def test_logger_takes_fields_in_the_process_that_unpickles_it(self, name: str | None) -> None:
        script = (
            "import pickle, sys; log = pickle.loads(sys.stdin.buffer.read());"
            "log.warning('over there', user='ann'); print(type(log).__mro__[-4:-2])"
        )

        ran = subprocess.run(
            [sys.executable, "-c", script],
            input=pickle.dumps(get_logger(name)),
            capture_output=True,
            check=True,
        )

        assert b"InfraLogger" in ran.stdout
        assert ran.stderr == b"over there" + os.linesep.encode()

    def test_root_logger_has_one_name_more(self) -> None:
        assert get_logger("root") is logging.root
        assert "root" not in logging.root.manager.loggerDict

    def test_logger_that_its_name_does_not_lead_to_is_not_pickled(self) -> None:
        with pytest.raises(pickle.PicklingError):
            pickle.dumps(InfraLogger("pickled.stray"))

    def test_caplog_sees_fields_message_and_place(self, caplog: pytest.LogCaptureFixture) -> None:
        logging.root.addHandler(caplog.handler)
        with caplog.at_level("INFO"):
            get_logger("real.caplog").info("hello %s", "ann", user="u")

        assert caplog.messages == ["hello ann"]
        record = caplog.records[0]
        assert record.user == "u"  # type: ignore[attr-defined]
        assert record.funcName == "test_caplog_sees_fields_message_and_place"
        assert caplog.record_tuples == [("real.caplog", logging.INFO, "hello ann")]


class TestOneCall:
    def test_takes_args_extra_and_fields_together(self, lines: Lines) -> None:
        get_logger("call").info("%s paid %d", "ann", 3, extra={"order": 7}, currency="EUR")

        line = lines()[0]
        assert line["message"] == "ann paid 3"
        assert (line["order"], line["currency"]) == (7, "EUR")

    def test_mapping_fills_named_places(self, lines: Lines) -> None:
        get_logger("call").info("%(user)s paid", {"user": "ann"})

        assert lines()[0]["message"] == "ann paid"

    @pytest.mark.parametrize(
        "level", ["debug", "info", "warning", "error", "critical", "exception"]
    )
    def test_every_level_has_its_method(self, lines: Lines, level: str) -> None:
        getattr(get_logger("call"), level)("x", user="ann")

        assert lines()[0]["level"] == {"exception": "ERROR"}.get(level, level.upper())
        assert lines()[0]["user"] == "ann"

    @pytest.mark.parametrize("level", [25, "info", "WARNING", "30"])
    def test_log_takes_numbers_and_names(self, lines: Lines, level: int | str) -> None:
        get_logger("call").log(level, "x", user="ann")

        assert lines()[0]["user"] == "ann"

    @pytest.mark.parametrize("level", ["lound", None, 1.5, -3])
    def test_log_with_a_level_that_does_not_exist_is_an_error_line(
        self, lines: Lines, level: Any
    ) -> None:
        get_logger("call").log(level, "x")

        assert lines()[0]["level"] == "ERROR"
        assert lines()[0]["level_"] == level

    def test_fields_named_like_record_attributes_never_raise_and_lose_nothing(
        self, lines: Lines, keeping: Keeping
    ) -> None:
        names = dict.fromkeys(
            ["name", "msg", "args", "message", "level", "logger", "timestamp", "self", "fields"], 1
        )

        get_logger("call").info("text", **{**names, "process": 2, "thread": 3, "lineno": 4})

        line = lines()[0]
        assert (line["message"], line["level"], line["logger"]) == ("text", "INFO", "call")
        for name in names:
            assert line.get(f"{name}_", line.get(name)) == 1
        assert (line["process"], line["thread"], line["lineno"]) == (2, 3, 4)
        record = keeping.records[0]
        assert (record.name, record.name_, record.lineno_) == ("call", 1, 4)  # type: ignore[attr-defined]

    def test_extra_named_like_record_attributes_never_raises(self, lines: Lines) -> None:
        get_logger("call").info("text", extra={"message": 1, "name": 2, 3: 4})

        line = lines()[0]
        assert (line["message_"], line["name"], line["3"]) == (1, 2, 4)

    def test_extra_and_field_of_one_name_are_both_kept(self, lines: Lines) -> None:
        get_logger("call").info("x", extra={"user": "old"}, user="new")

        assert (lines()[0]["user"], lines()[0]["user_"]) == ("new", "old")

    @pytest.mark.parametrize("extra", ["text", 5, [1], object()])
    def test_extra_that_is_no_mapping_is_shown(self, lines: Lines, extra: Any) -> None:
        get_logger("call").info("x", extra=extra)

        assert repr(extra) in lines()[0]["extra"]

    def test_message_can_be_given_by_keyword(self, lines: Lines) -> None:
        get_logger("call").info(msg="x", user=1)
        get_logger("call").log(level=30, msg="y")

        assert [(line["level"], line["message"]) for line in lines()] == [
            ("INFO", "x"),
            ("WARNING", "y"),
        ]

    def test_dicts_of_the_caller_are_not_touched(self, lines: Lines) -> None:
        extra = {"password": "x", "a": [1]}
        args = {"token": "t"}

        get_logger("call").info("%(token)s", args, extra=extra, more=1)
        get_logger("call").info("x", extra=extra)

        assert extra == {"password": "x", "a": [1]}
        assert args == {"token": "t"}

    def test_exc_info_takes_true_an_error_and_a_triple(self, lines: Lines) -> None:
        log = get_logger("call")
        try:
            raise ValueError("first")  # noqa: TRY301
        except ValueError as error:
            log.info("a", exc_info=True)
            triple = (type(error), error, error.__traceback__)
        log.info("b", exc_info=triple[1])
        log.info("c", exc_info=triple)
        log.info("d", exc_info=True)  # noqa: LOG014

        shown = [line.get("exception", {}).get("message") for line in lines()]
        assert shown == ["first", "first", "first", None]

    def test_stack_info_shows_the_callers_stack(self, lines: Lines) -> None:
        get_logger("call").info("x", stack_info=True)

        stack = lines()[0]["stack"]
        assert stack.startswith("Stack (most recent call last)")
        assert "test_stack_info_shows_the_callers_stack" in stack
        assert "infra/logging/_logger.py" not in stack


class TestForeignHandlers:
    def test_record_tells_the_place_of_the_call(self, keeping: Keeping) -> None:
        get_logger("foreign").info("x")
        expected = self.test_record_tells_the_place_of_the_call.__code__.co_firstlineno

        record = keeping.records[0]
        assert record.pathname == __file__
        assert record.filename == "test_logger.py"
        assert record.module == "test_logger"
        assert record.funcName == "test_record_tells_the_place_of_the_call"
        assert record.lineno == expected + 1

    def test_stacklevel_names_a_caller_further_up(self, keeping: Keeping) -> None:
        def helper() -> None:
            get_logger("foreign").info("x", stacklevel=2)
            get_logger("foreign").warning("x", stacklevel=2, stack_info=True)

        helper()

        names = {record.funcName for record in keeping.records}
        assert names == {"test_stacklevel_names_a_caller_further_up"}

    def test_adapters_and_bound_loggers_tell_the_place_of_the_call(self, keeping: Keeping) -> None:
        log = get_logger("foreign")

        logging.LoggerAdapter(log, {"user": "ann"}).info("x")
        log.bind(a=1).info("x")
        log.exception("x")  # noqa: LOG004
        log.log(20, "x")

        names = {record.funcName for record in keeping.records}
        assert names == {"test_adapters_and_bound_loggers_tell_the_place_of_the_call"}
        assert keeping.records[0].user == "ann"  # type: ignore[attr-defined]

    def test_kept_record_has_what_a_standard_record_has(self, keeping: Keeping) -> None:
        def call() -> None:
            get_logger("foreign").info("hello %s", 1, user="ann")
            logging.getLogger("foreign.plain").info("hello %s", 1, extra={"user": "ann"})

        thread = threading.Thread(target=call, name="worker-7")
        thread.start()
        thread.join()

        ours, plain = (dict(record.__dict__) for record in keeping.records)
        same = {"process", "processName", "threadName", "thread", "funcName", "pathname", "user"}
        assert {name: ours[name] for name in same} == {name: plain[name] for name in same}
        assert ours.keys() - {"_fields"} == plain.keys()
        assert ours["threadName"] == "worker-7"
        assert abs(ours["relativeCreated"] - plain["relativeCreated"]) < 1000
        assert 0 <= ours["msecs"] < 1000

    def test_formatter_of_the_standard_library_works(self) -> None:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(
            logging.Formatter("%(levelname)s %(name)s %(funcName)s %(message)s %(user)s")
        )
        logging.root.addHandler(handler)

        get_logger("foreign").warning("hello %s", 1, user="ann")

        name = "test_formatter_of_the_standard_library_works"
        assert stream.getvalue() == f"WARNING foreign {name} hello 1 ann\n"

    def test_record_can_be_copied_pickled_and_queued(self, keeping: Keeping) -> None:
        waiting: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        logging.root.addHandler(logging.handlers.QueueHandler(waiting))

        get_logger("foreign").info("hello %s", 1, user="ann")

        copies: list[Any] = [
            copy.copy(keeping.records[0]),
            pickle.loads(pickle.dumps(keeping.records[0])),
            waiting.get_nowait(),
        ]
        for record in copies:
            assert type(record) is logging.LogRecord
            assert (record.getMessage(), record.user) == ("hello 1", "ann")
            assert record.funcName == "test_record_can_be_copied_pickled_and_queued"

    def test_wrong_arguments_do_not_raise_there_either(self, keeping: Keeping) -> None:
        get_logger("foreign").info("hello %d", "ann")

        assert "arguments do not fit" in keeping.records[0].getMessage()

    def test_level_of_a_handler_counts(self, keeping: Keeping) -> None:
        keeping.setLevel(logging.ERROR)

        get_logger("foreign").info("x")

        assert keeping.records == []

    def test_records_that_do_not_propagate_stay_below(self, keeping: Keeping) -> None:
        log = get_logger("foreign.alone")
        log.propagate = False
        own = Keeping()
        log.addHandler(own)

        log.info("x")

        assert (len(own.records), len(keeping.records)) == (1, 0)

    def test_disabled_logger_is_silent(self, keeping: Keeping) -> None:
        log = get_logger("foreign.disabled")
        bound = log.bind(a=1)
        log.disabled = True

        log.error("x")
        bound.error("x")

        assert keeping.records == []

    def test_switching_off_all_levels_is_honoured(self, keeping: Keeping) -> None:
        log = get_logger("foreign.off")
        log.info("before")
        logging.disable(logging.INFO)
        try:
            log.info("off")
            log.warning("on")
        finally:
            logging.disable(logging.NOTSET)

        assert [record.getMessage() for record in keeping.records] == ["before", "on"]

    def test_record_factory_of_the_program_is_used(self, keeping: Keeping, lines: Lines) -> None:
        standard = logging.getLogRecordFactory()

        def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = standard(*args, **kwargs)
            record.trace_id = "t-1"
            return record

        logging.setLogRecordFactory(factory)
        try:
            get_logger("foreign").info("x %s", 1, user="ann")
        finally:
            logging.setLogRecordFactory(standard)

        record: Any = keeping.records[0]
        assert (record.trace_id, record.user, record.funcName) == (
            "t-1",
            "ann",
            "test_record_factory_of_the_program_is_used",
        )
        assert (lines()[0]["trace_id"], lines()[0]["user"]) == ("t-1", "ann")

    def test_filters_of_a_logger_drop_and_add(self, keeping: Keeping, lines: Lines) -> None:
        log = get_logger("foreign.filtered")

        def request_id(record: logging.LogRecord) -> bool:
            record.request_id = "r-1"
            return record.getMessage() != "drop"

        log.addFilter(request_id)
        try:
            log.info("drop")
            log.info("keep", user="ann")
            log.bind(a=1).info("drop")
        finally:
            log.removeFilter(request_id)

        assert [record.getMessage() for record in keeping.records] == ["keep"]
        assert (lines()[0]["request_id"], lines()[0]["user"]) == ("r-1", "ann")

    def test_without_any_handler_the_last_resort_speaks(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        get_logger("foreign").warning("hello %s", 1, user="ann")

        assert capsys.readouterr().err == "hello 1\n"


class TestPlainLoggers:
    def test_their_records_arrive_with_their_extra(self, lines: Lines) -> None:
        logging.getLogger("plain.other").info("hello %s", 1, extra={"user": "ann", "token": "x"})

        line = lines()[0]
        assert (line["message"], line["user"], line["token"]) == ("hello 1", "ann", "***")

    def test_loggers_from_before_the_configuration_arrive(self, lines: Lines) -> None:
        logging.getLogger("plain.before").warning("x")

        assert lines()[0]["logger"] == "plain.before"


class TestBind:
    def test_bound_fields_are_on_every_line_and_not_on_others(self, lines: Lines) -> None:
        log = get_logger("bound")
        bound = bind(log, order=7)

        bound.info("a", amount=1)
        bound.error("b")
        log.info("c")

        assert [line.get("order") for line in lines()] == [7, 7, None]
        assert lines()[0]["amount"] == 1

    def test_binding_again_adds_and_replaces(self, lines: Lines) -> None:
        bind(get_logger("bound").bind(a=1, b=1), b=2, c=2).info("x", c=3)

        assert [lines()[0].get(name) for name in ("a", "b", "c", "b_")] == [1, 2, 3, None]

    def test_unbind_takes_fields_away(self, lines: Lines) -> None:
        get_logger("bound").bind(a=1, b=2).unbind("a", "nothing").info("x")

        assert "a" not in lines()[0]
        assert lines()[0]["b"] == 2

    def test_is_a_logger_that_follows_its_origin(self, lines: Lines) -> None:
        log = get_logger("bound.follows")
        bound = log.bind(a=1)

        log.setLevel("ERROR")
        bound.info("off")
        bound.setLevel("DEBUG")
        log.debug("on")
        bound.debug("on")
        log.setLevel("NOTSET")

        assert isinstance(bound, logging.Logger)
        assert bound.name == "bound.follows"
        assert [line["message"] for line in lines()] == ["on", "on"]

    def test_handlers_go_to_the_origin(self, keeping: Keeping) -> None:
        log = get_logger("bound.handlers")
        bound, own = log.bind(a=1), Keeping()

        bound.addHandler(own)
        log.info("x")
        bound.info("x")
        bound.removeHandler(own)
        bound.info("x")

        assert (len(own.records), log.handlers) == (2, [])

    def test_handlers_level_and_filters_are_those_of_the_origin(self) -> None:
        log = get_logger("bound.same")
        bound = log.bind(a=1)

        log.setLevel("ERROR")
        log.addFilter(bool)
        log.addHandler(logging.NullHandler())
        bound.propagate = False

        assert (bound.level, bound.filters, bound.handlers) == (40, log.filters, log.handlers)
        assert bound.hasHandlers()
        bound.handlers, bound.filters, bound.level, bound.propagate = [], [], 0, True
        assert (log.level, log.filters, log.handlers) == (0, [], [])

    def test_record_from_elsewhere_reaches_the_handlers_of_the_origin_once(self) -> None:
        log, own = get_logger("bound.handle"), Keeping()
        log.propagate = False
        log.addHandler(own)
        record = logging.makeLogRecord({"msg": "from a socket", "levelno": 40})

        log.bind(a=1).handle(record)
        log.bind(a=1).callHandlers(record)

        log.propagate = True
        log.removeHandler(own)
        assert own.records == [record, record]

    def test_child_has_the_fields(self, lines: Lines) -> None:
        get_logger("bound").bind(a=1).getChild("child").info("x")

        assert (lines()[0]["logger"], lines()[0]["a"]) == ("bound.child", 1)

    def test_plain_logger_can_be_bound(self, lines: Lines) -> None:
        bind(logging.getLogger("bound.plain"), a=1).info("x", name="n")

        assert (lines()[0]["a"], lines()[0]["name"]) == (1, "n")

    def test_is_pickled_with_its_fields(self, lines: Lines) -> None:
        bound = get_logger("bound").bind(a=1)

        pickle.loads(pickle.dumps(bound)).info("x")

        assert lines()[0]["a"] == 1

    def test_repr_shows_no_values(self) -> None:
        assert repr(get_logger("bound").bind(token="abc")) == "<BoundLogger bound with token>"

    def test_what_is_no_logger_is_refused(self) -> None:
        with pytest.raises(TypeError, match="bind takes a logger"):
            bind("app", a=1)  # type: ignore[arg-type]


def test_class_is_the_published_one() -> None:
    assert type(get_logger("published")) is InfraLogger
