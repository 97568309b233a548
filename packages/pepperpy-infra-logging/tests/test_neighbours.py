"""What other code does to loggers, records and handlers, and what must come of it."""

from __future__ import annotations

import functools
import gc
import logging
import logging.config
import logging.handlers
import queue
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.logging import (
    InvalidOptionError,
    LogFileError,
    bind,
    capture_logs,
    configure_logging,
    get_logger,
    log_context,
    log_level,
    set_log_level,
    shutdown_logging,
)

Lines = Callable[[], list[dict[str, Any]]]


class Keeping(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def keeping() -> Keeping:
    handler = Keeping()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    return handler


@pytest.fixture
def logger_class() -> Iterator[Callable[[type[logging.Logger]], None]]:
    yield logging.setLoggerClass
    logging.setLoggerClass(logging.Logger)


class TestReplacedMethodsOfTheLoggerClass:
    @pytest.mark.parametrize("method", ["callHandlers", "handle"])
    def test_monitoring_that_patches_the_class_sees_every_line(
        self, lines: Lines, monkeypatch: pytest.MonkeyPatch, method: str
    ) -> None:
        seen: list[Any] = []
        original: Any = getattr(logging.Logger, method)

        def patched(self: logging.Logger, record: logging.LogRecord) -> None:
            seen.append(record)
            original(self, record)

        monkeypatch.setattr(logging.Logger, method, patched)
        log = get_logger("patched")

        log.info("a %s", 1, user="ann")
        log.bind(order=7).info("b")

        assert [record.getMessage() for record in seen] == ["a 1", "b"]
        assert (seen[0].user, seen[1].order) == ("ann", 7)
        assert seen[0].funcName == "test_monitoring_that_patches_the_class_sees_every_line"
        assert [line["message"] for line in lines()] == ["a 1", "b"]

    def test_record_of_an_overridden_make_record_is_used(
        self, lines: Lines, logger_class: Callable[[type[logging.Logger]], None]
    ) -> None:
        class Tenant(logging.Logger):
            def makeRecord(  # noqa: N802 - the standard library's name
                self, *args: Any, **kwargs: Any
            ) -> logging.LogRecord:
                record = super().makeRecord(*args, **kwargs)
                record.tenant = "t-1"
                return record

        logger_class(Tenant)
        get_logger("neighbours.tenant").info("x", user="ann")

        assert (lines()[0]["tenant"], lines()[0]["user"]) == ("t-1", "ann")

    def test_factory_gets_a_mapping_as_the_one_argument(self, lines: Lines) -> None:
        standard = logging.getLogRecordFactory()
        logging.setLogRecordFactory(functools.partial(standard))
        try:
            get_logger("neighbours").info("%(user)s", {"user": "ann"})
        finally:
            logging.setLogRecordFactory(standard)

        assert lines()[0]["message"] == "ann"

    def test_field_named_like_what_the_factory_puts_there_never_raises(self, lines: Lines) -> None:
        standard = logging.getLogRecordFactory()

        def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = standard(*args, **kwargs)
            record.trace = "theirs"
            return record

        logging.setLogRecordFactory(factory)
        try:
            get_logger("neighbours").info("x", trace="ours", user="ann")
        finally:
            logging.setLogRecordFactory(standard)

        assert (lines()[0]["trace"], lines()[0]["user"]) == ("theirs", "ann")

    def test_capture_takes_a_line_once_where_a_factory_is_set(self) -> None:
        standard = logging.getLogRecordFactory()
        logging.setLogRecordFactory(functools.partial(standard))
        try:
            with capture_logs() as logs:
                get_logger("neighbours").error("once")
        finally:
            logging.setLogRecordFactory(standard)

        assert logs.messages == ["once"]


class TestLoggerClassesOfPrograms:
    def test_overridden_methods_come_first(
        self, lines: Lines, logger_class: Callable[[type[logging.Logger]], None]
    ) -> None:
        class Audit(logging.Logger):
            audited: list[object]

            def error(self, msg: object, *args: Any, **kwargs: Any) -> None:
                self.audited = [msg]
                super().error(msg, *args, **kwargs)

        logger_class(Audit)
        old, new = logging.getLogger("audit.old"), get_logger("audit.new")
        get_logger("audit.old")

        for log in (old, new):
            log.error("paid", extra={"user": "ann"})
            assert log.audited == ["paid"]  # type: ignore[attr-defined]
        assert [line["user"] for line in lines()] == ["ann", "ann"]

    def test_overridden_log_method_is_called_as_the_standard_library_calls_it(
        self, lines: Lines, logger_class: Callable[[type[logging.Logger]], None]
    ) -> None:
        class Prefixed(logging.Logger):
            def _log(  # type: ignore[override]
                self,
                level: int,
                msg: object,
                args: Any,
                exc_info: Any = None,
                extra: Any = None,
                stack_info: bool = False,
                stacklevel: int = 1,
            ) -> None:
                super()._log(level, f"> {msg}", args, exc_info, extra, stack_info, stacklevel)

        logger_class(Prefixed)
        log = get_logger("prefixed")
        log.info("a", user="ann")
        log.bind(order=7).info("b")

        assert [line["message"] for line in lines()] == ["> a", "> b"]
        assert (lines()[0]["user"], lines()[1]["order"]) == ("ann", 7)

    def test_bound_logger_has_methods_that_a_program_has_added(
        self, lines: Lines, logger_class: Callable[[type[logging.Logger]], None]
    ) -> None:
        class Notice(logging.Logger):
            def notice(self, msg: str, *args: Any, **kwargs: Any) -> None:
                self._log(25, msg, args, **kwargs)

        logger_class(Notice)
        bound: Any = get_logger("noticed").bind(order=7)
        bound.notice("x")
        bound.getChild("kid").bind(a=1).notice("y")

        assert [line["order"] for line in lines()] == [7, 7]


class TestRecords:
    def test_child_takes_fields(self, lines: Lines) -> None:
        get_logger("neighbours").getChild("kid").info("x", user=1)
        get_logger().getChild("neighbours2").info("x", user=2)

        assert [(line["logger"], line["user"]) for line in lines()] == [
            ("neighbours.kid", 1),
            ("neighbours2", 2),
        ]

    def test_kept_record_has_nothing_but_the_fields_beside_the_standard_attributes(
        self, keeping: Keeping
    ) -> None:
        with log_context(request="r-1"):
            get_logger("neighbours").info("x", user="ann", context=1, getMessage=2, _names=3)

        record = keeping.records[0]
        standard = vars(logging.makeLogRecord({})).keys()
        expected = {"user", "context", "getMessage_", "_names_", "request"}
        assert vars(record).keys() - standard == expected
        assert record.getMessage() == "x"

    def test_record_is_complete_when_another_thread_reads_it(self) -> None:
        seen: list[tuple[Any, ...]] = []

        class Elsewhere(logging.Handler):
            def emit(self, record: Any) -> None:
                def read() -> None:
                    seen.append((record.threadName, record.rid, record.lineno, record.getMessage()))

                thread = threading.Thread(target=read)
                thread.start()
                thread.join()

        logging.root.addHandler(Elsewhere())
        with log_context(rid=1):
            get_logger("neighbours").error("m")
        here: Any = self.test_record_is_complete_when_another_thread_reads_it
        first = here.__code__.co_firstlineno

        assert seen == [("MainThread", 1, first + 14, "m")]

    def test_line_that_is_rendered_later_has_the_context_and_fields_of_its_call(
        self, lines: Lines
    ) -> None:
        sink = logging.root.handlers[0]
        memory = logging.handlers.MemoryHandler(100, target=sink)
        logging.root.handlers = [memory]
        extra = {"n": 1}
        with log_context(request="r-1"):
            get_logger("neighbours").info("x", extra=extra)
        extra["n"] = 2

        with log_context(request="r-2"):
            memory.flush()
        logging.root.handlers = [sink]
        memory.close()

        assert (lines()[0]["request"], lines()[0]["n"]) == ("r-1", 1)

    def test_line_that_went_through_a_queue_has_context_and_fields(self, lines: Lines) -> None:
        sink = logging.root.handlers[0]
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        logging.root.handlers = [logging.handlers.QueueHandler(waiting)]
        with log_context(request="r-1"):
            get_logger("neighbours").info("x %s", 1, user="ann")
        logging.root.handlers = [sink]

        sink.handle(waiting.get_nowait())

        line = lines()[0]
        assert (line["message"], line["request"], line["user"]) == ("x 1", "r-1", "ann")

    def test_filter_of_a_handler_may_change_what_is_shown(self, lines: Lines) -> None:
        def scrub(record: Any) -> bool:
            record.user, record.added = "somebody", 1
            del record.zip
            return True

        logging.root.handlers[0].addFilter(scrub)
        get_logger("neighbours").info("x", user="ann", zip="12345")

        assert (lines()[0]["user"], lines()[0]["added"]) == ("somebody", 1)
        assert "zip" not in lines()[0]

    def test_log_method_takes_the_positions_of_the_standard_library(self, lines: Lines) -> None:
        get_logger("neighbours")._log(20, "x", (), None, {"a": 1}, False, 1)  # type: ignore[arg-type]

        assert lines()[0]["a"] == 1


class TestBoundLogger:
    def test_switches_reach_the_origin(self, keeping: Keeping) -> None:
        log = get_logger("neighbours.switches")
        bound = bind(log, a=1)

        bound.propagate = False
        bound.error("nobody")
        assert log.propagate is False
        bound.propagate = True
        bound.disabled = True
        log.error("nobody")
        bound.disabled = False
        bound.error("x")

        assert [record.getMessage() for record in keeping.records] == ["x"]


class TestConfiguring:
    @pytest.mark.parametrize("levels", [{5: "INFO"}, {None: "ERROR"}, "INFO", ["app"]])
    def test_levels_of_the_wrong_type_change_nothing(self, path: Path, levels: Any) -> None:
        configure_logging("INFO", console=False, log_file=path)
        before = list(logging.root.handlers)

        with pytest.raises(InvalidOptionError):
            configure_logging("ERROR", console=False, log_file=f"{path}.2", levels=levels)

        assert (logging.root.handlers, logging.root.level) == (before, logging.INFO)
        assert not Path(f"{path}.2").exists()

    @pytest.mark.parametrize("name", ["", "root"])
    def test_root_can_be_named_among_the_levels(self, name: str) -> None:
        logging.root.setLevel(logging.WARNING)

        configure_logging("INFO", console=False, levels={name: "ERROR"})
        assert logging.root.level == logging.ERROR
        shutdown_logging()

        assert logging.root.level == logging.WARNING

    def test_files_are_closed_if_setting_up_fails(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import pepperpy.infra.logging._configure as module

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("no")

        opened: list[Any] = []
        real = module.FileSink
        monkeypatch.setattr(module, "FileSink", lambda *a: opened.append(real(*a)) or opened[-1])
        monkeypatch.setattr(module.setup, "replace", fail)

        with pytest.raises(RuntimeError):
            configure_logging(console=False, log_file=path)

        assert opened[0]._fd == -1

    def test_levels_set_in_a_block_stay_after_it(self) -> None:
        logging.root.setLevel(logging.WARNING)

        with log_level("DEBUG"):
            configure_logging("ERROR", console=False)
            assert logging.root.level == logging.ERROR
        assert logging.root.level == logging.ERROR
        shutdown_logging()
        assert logging.root.level == logging.WARNING

    def test_taking_down_in_a_block_gives_back_the_level_from_before(self) -> None:
        logging.root.setLevel(logging.WARNING)

        with log_level("DEBUG"):
            configure_logging("INFO", console=False)
            shutdown_logging()

        assert logging.root.level == logging.WARNING

    def test_newest_decision_wins_over_blocks_that_are_open(self) -> None:
        name = "neighbours.newest"
        log = logging.getLogger(name)

        with log_level("DEBUG", name):
            with log_level("INFO", name):
                set_log_level("ERROR", name)
            assert log.level == logging.ERROR
        assert log.level == logging.ERROR
        set_log_level(None, name)

    def test_warnings_that_the_program_captures_stay_captured(self) -> None:
        before = warnings.showwarning
        logging.captureWarnings(True)
        try:
            configure_logging(console=False, capture_warnings=True)
            shutdown_logging()
            assert warnings.showwarning is not before
        finally:
            logging.captureWarnings(False)

    def test_path_that_cannot_be_a_path_is_a_log_file_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(LogFileError, match="null"):
            configure_logging(console=False, log_file="a\0b")
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        with pytest.raises(LogFileError):
            configure_logging(console=False, log_file="app.log")

    def test_file_is_opened_again_once_if_another_configuration_closes_it(
        self, lines: Lines
    ) -> None:
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
        sink: Any = logging.root.handlers[0]

        get_logger("neighbours").error("a")
        descriptor = sink._fd
        get_logger("neighbours").error("b")

        assert descriptor >= 0
        assert sink._fd == descriptor
        assert [line["message"] for line in lines()] == ["a", "b"]
        gc.collect()


def test_outermost_of_many_contexts_can_be_left_first() -> None:
    blocks = [log_context(**{f"k{number}": number}) for number in range(1500)]
    for block in blocks:
        block.__enter__()

    for block in (blocks[0], *reversed(blocks[1:])):  # the outermost one is left first
        block.__exit__(None, None, None)

    with capture_logs() as logs:
        get_logger("neighbours").info("x")
    assert logs[0].context == {}
