"""Values, errors and streams that misbehave: the line is written, and tells no secret."""

from __future__ import annotations

import dataclasses
import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from pepperpy.infra.logging import configure_logging, get_logger

Lines = Callable[[], list[dict[str, Any]]]


class Login(NamedTuple):
    user: str
    password: str


class NoBool:
    def __bool__(self) -> bool:
        raise ValueError("neither")


class Falsy(Exception):
    def __len__(self) -> int:
        return 0


class NoClass:
    """Like a proxy whose object cannot be had now: asking for its class raises."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise LookupError("outside of a request")


class TestArguments:
    def test_secrets_in_a_mapping_of_arguments_are_masked(self, lines: Lines) -> None:
        get_logger("h").info("%(user)s %(password)s", {"user": "ann", "password": "hunter2"})
        logging.getLogger("h.plain").info("%(password)s", {"password": "hunter2"})
        get_logger("h").info("got %s", {"password": "hunter2"})

        messages = [line["message"] for line in lines()]
        assert messages[:2] == ["ann ***", "***"]
        assert "hunter2" not in messages[2]

    def test_any_error_of_a_mapping_of_arguments_keeps_the_message(self, lines: Lines) -> None:
        class Bad:
            def __repr__(self) -> str:
                raise OSError("boom")

        get_logger("h").info("important %(user)s", {"user": Bad()})

        assert lines()[0]["message"].startswith("important %(user)s <arguments do not fit")

    def test_mapping_of_arguments_may_know_of_missing_names(self, lines: Lines) -> None:
        class Dashes(dict[str, int]):
            def __missing__(self, key: str) -> str:
                return "-"

        get_logger("h").info("%(a)s %(b)s", Dashes(a=1))

        assert lines()[0]["message"] == "1 -"

    def test_secret_with_blanks_is_masked_to_its_end(self, lines: Lines) -> None:
        get_logger("h").info("password=%s user=%s", "correct horse, staple", "ann")

        assert lines()[0]["message"] == "password=*** user=ann"

    def test_number_that_does_not_fit_keeps_the_message(self, lines: Lines) -> None:
        get_logger("h").info("n=%d", float("inf"))

        assert lines()[0]["message"].startswith("n=%d <arguments do not fit")

    def test_containers_with_a_text_of_their_own_keep_it(self, lines: Lines) -> None:
        class Version(tuple[int, ...]):
            __slots__ = ()

            def __str__(self) -> str:
                return "v1.2"

        get_logger("h").info("%s %s %s", Version((1, 2)), Counter("aa"), 1)

        assert lines()[0]["message"] == "v1.2 Counter({'a': 2}) 1"

    def test_named_tuple_is_masked_by_its_names(self, lines: Lines) -> None:
        get_logger("h").info("x", login=Login("ann", "hunter2"))

        assert lines()[0]["login"] == {"user": "ann", "password": "***"}


class TestFields:
    @pytest.mark.parametrize("pair", [("password", "x"), ["x-auth-token", "x"], [b"password", 1]])
    def test_pair_with_a_secret_name_is_masked(self, lines: Lines, pair: Any) -> None:
        get_logger("h").info("x", pairs=[pair], other=["user", "ann"])

        assert lines()[0]["pairs"][0][1] == "***"
        assert lines()[0]["other"] == ["user", "ann"]

    def test_dataclass_shows_only_what_its_repr_would(self, lines: Lines) -> None:
        @dataclasses.dataclass
        class Connection:
            host: str
            dsn: str = dataclasses.field(default="hidden", repr=False)
            known: ClassVar[dict[str, str]] = {"a": "hidden"}
            seed: dataclasses.InitVar[str] = "hidden"

        get_logger("h").info("x", connection=Connection("db"))

        assert lines()[0]["connection"] == {"host": "db"}

    def test_dataclass_with_a_repr_of_its_own_is_shown_by_it(self, lines: Lines) -> None:
        @dataclasses.dataclass(repr=False)
        class Card:
            number: str

            def __repr__(self) -> str:
                return "Card(**** 1111)"

        get_logger("h").info("x", card=Card("4111 2222 3333 1111"))

        assert lines()[0]["card"] == "Card(**** 1111)"

    def test_numbers_of_numpy_are_numbers(self, lines: Lines) -> None:
        class Scalar:
            ndim = 0

            def item(self) -> float:
                return 1.5

        Scalar.__module__ = "numpy"
        get_logger("h").info("x", value=Scalar())

        assert lines()[0]["value"] == 1.5


class TestErrors:
    def test_error_whose_text_logs_the_error_ends_soon(self, lines: Lines) -> None:
        log = get_logger("h")

        class Loud(Exception):
            def __str__(self) -> str:
                log.error("again", exc_info=self)
                return "loud"

        log.error("first", exc_info=Loud())

        assert 1 < len(lines()) < 100
        assert lines()[-1]["message"] == "first"

    def test_error_that_is_false_is_shown(self, lines: Lines) -> None:
        get_logger("h").error("x", exc_info=Falsy("why"))

        assert lines()[0]["exception"]["message"] == "why"

    @pytest.mark.parametrize("word", ["exc_info", "stack_info", "stacklevel"])
    def test_words_that_cannot_be_asked_never_raise(self, lines: Lines, word: str) -> None:
        get_logger("h").info("x", **{word: NoBool()})

        assert lines()[0]["message"] == "x"

    @pytest.mark.parametrize("word", ["exc_info", "stack_info", "stacklevel", "extra", "user"])
    @pytest.mark.parametrize("foreign", [True, False])
    def test_words_that_have_no_class_never_raise(
        self, lines: Lines, word: str, foreign: bool
    ) -> None:
        if foreign:
            logging.root.addHandler(logging.NullHandler())
        get_logger("h").info("x", **{word: NoClass()})

        assert lines()[0]["message"] == "x"

    def test_level_that_has_no_class_is_an_error_line(self, lines: Lines) -> None:
        get_logger("h").log(NoClass(), "x")

        assert (lines()[0]["level"], lines()[0]["message"]) == ("ERROR", "x")

    def test_filter_that_raises_is_told_in_the_line(self, lines: Lines) -> None:
        def bad(_: logging.LogRecord) -> bool:
            raise RuntimeError("filter")

        logging.root.handlers[0].addFilter(bad)
        get_logger("h").info("x")

        assert lines()[0]["message"] == "<a line that could not be rendered: RuntimeError>"

    @pytest.mark.parametrize("created", [None, 1e20, float("nan"), "now"])
    def test_record_without_a_time_is_written(self, lines: Lines, created: Any) -> None:
        given = {"msg": "x", "created": created, "levelno": 20, "levelname": "INFO"}
        record = logging.makeLogRecord(given)
        logging.root.handle(record)

        assert "could not be rendered" in lines()[0]["message"]


class TestText:
    @pytest.mark.parametrize("form", ["text", "pretty"])
    def test_name_of_a_level_cannot_fake_a_line(
        self, capsys: pytest.CaptureFixture[str], form: Any
    ) -> None:
        configure_logging(format=form)
        record = logging.makeLogRecord(
            {"msg": "x", "name": "h", "levelno": 20, "levelname": "A\n\x1b[31mB"}
        )
        logging.root.handle(record)

        shown = capsys.readouterr().err
        assert shown.count("\n") == 1
        assert "\\n\\x1b[31mB" in shown

    def test_format_for_numbers_keeps_lines_without_a_number(self, path: Path) -> None:
        form = "%(message)s %(status)d 100%% %(user)5s"
        configure_logging(log_file=path, console=False, format_string=form)
        log = get_logger("h")

        log.info("a")
        log.info("b", status="OK", user="ann")
        log.info("c", status=200)

        assert path.read_text().splitlines() == [
            "a - 100%     -",
            "b OK 100%   ann",
            "c 200 100%     -",
        ]

    def test_errors_named_in_a_format_are_masked(self, path: Path) -> None:
        configure_logging(
            log_file=path, console=False, format_string="%(message)s %(exc_info)s %(exc_text)s"
        )

        get_logger("h").error("x", exc_info=ValueError("password=hunter2"))

        assert "hunter2" not in path.read_text()
        assert path.read_text().startswith("x ValueError: password=*** ValueError: password=***\n")


@pytest.mark.skipif(os.name == "nt", reason="descriptors that do not block are of POSIX")
class TestStreams:
    def test_reader_that_hangs_delays_one_line_and_tears_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out, into = os.pipe()
        os.set_blocking(into, False)
        os.set_blocking(out, False)
        waited: list[float] = []
        import pepperpy.infra.logging._sink as module

        def select(*args: Any) -> tuple[list[int], list[int], list[int]]:
            waited.append(args[-1])
            return [], [], []

        monkeypatch.setattr(module.select, "select", select)
        with os.fdopen(into, "w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            configure_logging(format="text")
            for _ in range(40):
                get_logger("h").info("x" * 6000)
            read = b""
            while piece := _read(out):
                read += piece
            get_logger("h").info("after")
            read += _read(out)
        os.close(out)

        *complete, last = read.decode().splitlines()
        assert len(waited) == 1
        assert last.endswith("h: after")
        assert all(line.endswith("x" * 6000) for line in complete[:-1])

    def test_line_of_a_signal_handler_while_a_line_is_flushed_arrives(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        class Raw(io.FileIO):
            inside = False

            def write(self, data: Any) -> int:
                if not self.inside:
                    self.inside = True
                    get_logger("h").info("from the handler")
                return int(super().write(data))

        path = tmp_path / "stderr"
        stream = io.TextIOWrapper(io.BufferedWriter(Raw(path, "w")), encoding="utf-8")
        configure_logging(format="text")
        stream.write("printed\n")
        monkeypatch.setattr(sys, "stderr", stream)
        get_logger("h").info("main")
        monkeypatch.undo()
        stream.close()

        assert "from the handler" in path.read_text()
        assert "main" in path.read_text()

    def test_line_that_a_python_stream_logs_itself_is_counted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Logging(io.StringIO):
            def write(self, text: str) -> int:
                get_logger("h").info("seen")
                return super().write(text)

        monkeypatch.setattr(sys, "stderr", Logging())
        configure_logging(format="text")
        get_logger("h").info("x")
        sink: Any = logging.root.handlers[0]

        assert sink.inspect()["facts"]["lost_lines"] == 1

    def test_descriptor_that_now_is_anothers_is_left_alone(
        self, path: Path, tmp_path: Path
    ) -> None:
        configure_logging(log_file=path, console=False)
        sink: Any = logging.root.handlers[0]
        os.close(sink._fd)
        with (tmp_path / "other").open("wb") as other:
            assert other.fileno() == sink._fd
            get_logger("h").info("x")
            assert sink._fd != other.fileno()

        assert (tmp_path / "other").read_bytes() == b""
        assert path.read_text().endswith("h: x\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1_000_000)
    except BlockingIOError:
        return b""
