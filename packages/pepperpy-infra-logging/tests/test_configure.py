from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.logging import (
    InvalidFormatError,
    InvalidLevelError,
    InvalidOptionError,
    LoggingError,
    LogLevel,
    configure_logging,
    get_logger,
    initialize_logging,
    shutdown_logging,
)
from pepperpy.infra.utils import InfraError, Signal, emit, listening, run_closers
from pepperpy.infra.utils.redaction import Redactor

Lines = Callable[[], list[dict[str, Any]]]


class TestConfigure:
    def test_a_level_and_a_file_are_enough(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(level="INFO", log_file=str(path))
        logger = get_logger("app")

        logger.info("This is an info message")
        logger.error("This is an error message")

        assert len(path.read_text().splitlines()) == 2
        assert len(capsys.readouterr().err.splitlines()) == 2

    def test_is_idempotent(self, path: Path) -> None:
        for _ in range(3):
            configure_logging(log_file=path, console=False)

        get_logger("conf").info("x")

        assert len(logging.root.handlers) == 1
        assert len(path.read_text().splitlines()) == 1

    def test_only_its_own_handlers_are_removed(self, path: Path) -> None:
        mine = logging.NullHandler()
        logging.root.addHandler(mine)

        configure_logging(log_file=path)
        configure_logging(log_file=path)
        assert mine in logging.root.handlers

        shutdown_logging()
        assert logging.root.handlers == [mine]

    def test_no_level_is_info(self, lines: Lines) -> None:
        configure_logging(console=False)

        assert logging.root.level == logging.INFO

    @pytest.mark.parametrize("level", ["debug", "DEBUG", " Debug ", 10, "10", logging.DEBUG])
    def test_levels_are_names_in_any_case_or_numbers(self, level: int | str) -> None:
        configure_logging(level, console=False)

        assert logging.root.level == logging.DEBUG

    @pytest.mark.parametrize("level", ["INFOO", "wanring", "", "loud", True, -1, 1.5, "9" * 5000])
    def test_unknown_level_is_a_value_error_that_names_the_nearest(self, level: Any) -> None:
        with pytest.raises(ValueError, match="unknown log level") as caught:
            configure_logging(level)

        assert isinstance(caught.value, InvalidLevelError)
        assert caught.value.level == level
        assert logging.root.handlers == []

    def test_nearest_level_is_named(self) -> None:
        with pytest.raises(InvalidLevelError, match="did you mean WARNING"):
            configure_logging("wanring")

    @pytest.mark.parametrize(
        "wrong",
        [{"format": "jsn"}, {"file_format": "pretty"}, {"format": None}, {"format_string": "x"}],
    )
    def test_unknown_format_is_a_named_error_before_anything_is_changed(
        self, lines: Lines, wrong: dict[str, Any]
    ) -> None:
        before = list(logging.root.handlers)

        with pytest.raises(InvalidFormatError):
            configure_logging("ERROR", **wrong)

        assert (logging.root.handlers, logging.root.level) == (before, logging.DEBUG)

    @pytest.mark.parametrize("wrong", [5, "password", [1]])
    def test_redact_that_means_nothing_is_refused(self, wrong: Any) -> None:
        with pytest.raises(InvalidOptionError, match="redact must be"):
            configure_logging(redact=wrong)

    def test_redactor_of_the_program_is_used(self, path: Path) -> None:
        configure_logging(
            log_file=path, console=False, redact=Redactor(patterns=["ACC-1"], mask="#")
        )

        get_logger("conf").info("see ACC-1", n="ACC-1", password="x")

        assert path.read_text().endswith('see # n="#" password="#"\n')

    def test_levels_of_single_loggers_are_set_and_forgotten_again(self, lines: Lines) -> None:
        quiet = get_logger("conf.quiet")

        configure_logging(console=False, levels={"conf.quiet": "error"})
        assert not quiet.isEnabledFor(logging.WARNING)

        configure_logging(console=False)
        assert quiet.isEnabledFor(logging.WARNING)

    def test_level_that_somebody_else_set_since_is_left_alone(self) -> None:
        log = get_logger("conf.other")
        configure_logging(console=False, levels={"conf.other": "error"})

        log.setLevel("CRITICAL")
        shutdown_logging()

        assert log.level == logging.CRITICAL
        log.setLevel("NOTSET")

    def test_warnings_are_logged_on_request(self, path: Path) -> None:
        configure_logging(log_file=path, console=False, capture_warnings=True)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)  # pytest shows warnings its own way
            warnings.warn("mind the gap", UserWarning, stacklevel=1)
            logging.captureWarnings(False)

        assert "py.warnings" in path.read_text()
        assert "UserWarning: mind the gap" in path.read_text()
        shutdown_logging()
        assert logging._warnings_showwarning is None  # type: ignore[attr-defined]

    def test_every_error_is_one_of_the_package(self) -> None:
        for kind in (InvalidLevelError, InvalidFormatError, InvalidOptionError):
            assert issubclass(kind, LoggingError)
            assert issubclass(kind, ValueError)
            assert kind.code.startswith("logging-")
        assert issubclass(LoggingError, InfraError)

    def test_file_and_console_can_differ(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(log_file=path, format="json")

        get_logger("conf").info("x")

        assert path.read_text().endswith("conf: x\n")
        assert capsys.readouterr().err.startswith("{")

    def test_console_can_have_a_level_of_its_own(
        self, path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging("DEBUG", log_file=path, console="warning", format="text")

        get_logger("app").info("for the file")
        get_logger("app").warning("for both")

        shown = capsys.readouterr().err
        assert "for both" in shown
        assert "for the file" not in shown
        assert len(path.read_text().splitlines()) == 2

    @pytest.mark.parametrize("everything", [True, "NOTSET", 0, LogLevel.NOTSET])
    def test_console_without_a_level_of_its_own_shows_everything(
        self, everything: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging("DEBUG", console=everything)

        get_logger("app").debug("shown")

        assert "shown" in capsys.readouterr().err

    def test_neither_console_nor_file_is_silence(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(console=False)

        get_logger("silent").error("password=%s", "hunter2")
        logging.getLogger("silent.plain").error("password=hunter2")

        assert capsys.readouterr() == ("", "")
        shutdown_logging()
        assert logging.root.handlers == []

    @pytest.mark.parametrize("log_file", [7, object(), ["app.log"]])
    def test_log_file_that_is_no_path_is_refused(self, log_file: Any) -> None:
        with pytest.raises(InvalidOptionError, match="log_file must be a path") as caught:
            configure_logging(log_file=log_file)

        assert caught.value.option == "log_file"

    def test_log_file_may_be_a_path_of_bytes(self, tmp_path: Path) -> None:
        configure_logging(log_file=os.fsencode(tmp_path / "b.log"), console=False, rotation=1000)  # type: ignore[arg-type]

        get_logger("bytes").info("x" * 2000)
        get_logger("bytes").info("x")

        assert len(list(tmp_path.glob("b*.log"))) == 2

    @pytest.mark.parametrize("levels", [[], "", 0, False])
    def test_levels_that_are_empty_but_no_mapping_are_refused(self, levels: Any) -> None:
        with pytest.raises(InvalidOptionError, match="levels must be a mapping"):
            configure_logging(levels=levels)

    def test_unknown_console_level_is_refused_before_anything_is_changed(self, path: Path) -> None:
        with pytest.raises(InvalidLevelError, match="'loud'"):
            configure_logging(log_file=path, console="loud")

        assert logging.root.handlers == []
        assert not path.exists()

    def test_reconfiguring_while_threads_log_loses_no_line(self, path: Path) -> None:
        import threading

        configure_logging(log_file=path, console=False)
        log = get_logger("conf.busy")
        threads = [
            threading.Thread(target=lambda: [log.info("x") for _ in range(500)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for _ in range(50):
            configure_logging(log_file=path, console=False)
        for thread in threads:
            thread.join()

        assert len(path.read_text().splitlines()) == 2000


class TestInitialize:
    def test_takes_a_mapping_or_keywords(self, path: Path) -> None:
        initialize_logging({"level": "ERROR", "log_file": str(path)}, console=False, level="DEBUG")

        get_logger("init").debug("x")

        assert path.read_text().endswith("x\n")

    def test_reads_the_level_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PEPPERPY_LOGGING_LEVEL", "warning")

        initialize_logging(console=False)
        assert logging.root.level == logging.WARNING

        initialize_logging(console=False, level="DEBUG")
        assert logging.root.level == logging.DEBUG

        initialize_logging(console=False, level=0)
        assert logging.root.level == logging.NOTSET

        monkeypatch.setenv("PEPPERPY_LOGGING_LEVEL", "")
        initialize_logging(console=False)
        assert logging.root.level == logging.INFO

    def test_wrong_level_in_the_environment_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PEPPERPY_LOGGING_LEVEL", "loud")

        with pytest.raises(InvalidLevelError, match=r"PEPPERPY_LOGGING_LEVEL: .*loud"):
            initialize_logging()

    def test_unknown_option_is_an_error_that_names_the_nearest(self) -> None:
        with pytest.raises(InvalidOptionError, match="did you mean 'log_file'") as caught:
            initialize_logging({"logfile": "x"})

        assert caught.value.option == "logfile"

    def test_works_without_anything(self, capsys: pytest.CaptureFixture[str]) -> None:
        initialize_logging()

        get_logger("init").info("x")

        assert '"message":"x"' in capsys.readouterr().err


class TestShutdown:
    def test_undoes_everything_and_can_be_called_twice(self, path: Path) -> None:
        logging.root.setLevel("ERROR")
        configure_logging("DEBUG", log_file=path, levels={"shut.down": "DEBUG"})

        shutdown_logging()
        shutdown_logging()

        assert logging.root.handlers == []
        assert logging.root.level == logging.ERROR
        assert logging.getLogger("shut.down").level == logging.NOTSET
        assert not listening()

    def test_is_done_by_the_closers(self, path: Path) -> None:
        configure_logging(log_file=path)

        run_closers()

        assert logging.root.handlers == []

    def test_configuring_again_works(self, path: Path) -> None:
        configure_logging(log_file=path, console=False)
        shutdown_logging()
        configure_logging(log_file=path, console=False)

        get_logger("shut").info("x")

        assert path.read_text().endswith("x\n")


class TestSignals:
    def test_are_logged_by_their_source_once_configured(self, lines: Lines) -> None:
        emit(Signal(kind="circuit.opened", source="payments", facts={"failures": 5, "token": "t"}))

        (line,) = lines()
        assert (line["level"], line["logger"], line["message"]) == (
            "WARNING",
            "payments",
            "circuit.opened",
        )
        assert (line["failures"], line["token"]) == (5, "***")

    def test_can_be_switched_off_by_level(self, lines: Lines) -> None:
        logging.getLogger("noisy").setLevel("ERROR")

        emit(Signal(kind="x", source="noisy"))
        emit(Signal(kind="y", source="noisy", level=40))

        assert [line["message"] for line in lines()] == ["y"]
        logging.getLogger("noisy").setLevel("NOTSET")

    def test_are_logged_once_after_configuring_twice(self, lines: Lines, path: Path) -> None:
        configure_logging(log_file=path, console=False, file_format="json")

        emit(Signal(kind="x", source="source"))

        assert len(lines()) == 1


class TestImport:
    def test_changes_nothing_and_stays_light(self) -> None:
        code = (
            "import logging, sys, threading\n"
            "before = (list(logging.root.handlers), logging.root.level, logging.getLoggerClass())\n"
            "import pepperpy.infra.logging\n"
            "from pepperpy.infra.utils import listening\n"
            "assert before == (list(logging.root.handlers), logging.root.level, logging.getLoggerClass())\n"
            "assert not listening() and threading.active_count() == 1\n"
            "assert not logging.root.manager.loggerDict.keys() - {'concurrent', 'concurrent.futures', 'asyncio'}\n"
            "heavy = {'asyncio', 'rich', 'pydantic', 'numpy', 'multiprocessing'} & sys.modules.keys()\n"
            "assert not heavy, heavy\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_console_written_before_stderr_was_replaced_follows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure_logging(format="text")
        monkeypatch.setattr(sys, "stderr", stream := io.StringIO())

        logging.getLogger("plain").warning("x")

        assert stream.getvalue().endswith("plain: x\n")
