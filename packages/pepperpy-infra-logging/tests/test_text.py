from __future__ import annotations

import io
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.logging import InvalidFormatError, configure_logging, get_logger, log_context

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
EVIL = "a\nb\r\x1b[2Jc\x9b1m\u202ed\u2028e\x85f\0g\x7f\ud800"
EVIL_SHOWN = r"a\nb\r\x1b[2Jc\x9b1m\u202ed\u2028e\x85f\x00g\x7f\ud800"


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def text(path: Path) -> Callable[[], str]:
    configure_logging("DEBUG", log_file=path, console=False)
    return path.read_text


class TestText:
    def test_line_has_time_level_logger_message_and_fields(self, text: Callable[[], str]) -> None:
        with log_context(request="r-1"):
            get_logger("text.app").warning(
                "hello %s", "ann", n=1, ok=True, none=None, l=[1, {"a": 2}]
            )

        assert re.fullmatch(
            STAMP + r" WARNING  text\.app: hello ann request=r-1 n=1 ok=true none=null"
            r' l=\[1,\{"a":2\}\]\n',
            text(),
        )

    def test_control_characters_are_escaped_in_message_name_keys_and_fields(
        self, text: Callable[[], str]
    ) -> None:
        get_logger(EVIL).info(EVIL, **{EVIL: EVIL}, nested=[EVIL])

        shown = text()
        assert shown.count("\n") == 1
        assert shown[:-1].isprintable()
        assert f"{EVIL_SHOWN}: {EVIL_SHOWN}" in shown

    def test_values_that_could_be_misread_are_quoted(self, text: Callable[[], str]) -> None:
        get_logger("text").info("x", a="b c", d="e=f", g="", h='"', i="plain/1.2:3", **{"k l": 1})

        assert text().endswith(r' a="b c" d="e=f" g="" h="\"" i=plain/1.2:3 "k l"=1' + "\n")

    def test_traceback_stays_on_lines_of_its_own_that_cannot_fake_a_record(
        self, text: Callable[[], str]
    ) -> None:
        fake = "x\n2026-01-01T00:00:00.000000Z INFO     app: all is well\x1b[2J"
        try:
            raise ValueError(fake)  # noqa: TRY301
        except ValueError:
            get_logger("text").exception("failed", stack_info=True)

        first, *rest = text().splitlines()
        assert first.endswith("ERROR    text: failed")
        assert "    Traceback (most recent call last):" in rest
        assert r"    2026-01-01T00:00:00.000000Z INFO     app: all is well\x1b[2J" in rest
        assert all(line.startswith("    ") for line in rest)

    def test_secrets_are_masked(self, text: Callable[[], str]) -> None:
        try:
            raise ValueError("token=abc123")  # noqa: TRY301
        except ValueError:
            get_logger("text").exception("password=%s", "pw1", api_key="k1", url="x://u:pw2@h")

        shown = text()
        assert "password=*** api_key=*** url=x://u:***@h" in shown
        assert not re.search(r"pw1|k1|pw2|ValueError: token=abc", shown)


class TestFormatString:
    def test_is_a_format_of_the_standard_library(self, path: Path) -> None:
        configure_logging(
            format_string="%(levelname)-8s|%(name)s|%(funcName)s|%(filename)s|%(message)s",
            log_file=path,
            console=False,
        )

        get_logger("fmt").info("hello %s", 1)
        logging.getLogger("fmt.plain").info("plain")

        name = "test_is_a_format_of_the_standard_library"
        assert path.read_text().splitlines() == [
            f"INFO    |fmt|{name}|test_text.py|hello 1",
            f"INFO    |fmt.plain|{name}|test_text.py|plain",
        ]

    def test_older_default_works(self, path: Path) -> None:
        configure_logging(
            "INFO", "%(asctime)s - %(name)s - %(levelname)s - %(message)s", path, False
        )

        get_logger("fmt").info("x")

        assert re.fullmatch(STAMP + r" - fmt - INFO - x\n", path.read_text())

    def test_fields_can_be_named_and_the_others_follow(self, path: Path) -> None:
        configure_logging(format_string="[%(user)s] %(message)s", log_file=path, console=False)

        get_logger("fmt").info("x", user="a\nb", n=1)
        get_logger("fmt").info("y", password="pw")

        assert path.read_text() == "[a\\nb] x n=1\n[-] y password=***\n"

    def test_arguments_and_message_show_no_secret(self, path: Path) -> None:
        configure_logging(
            format_string="%(msg)s %(args)s %(message)s", log_file=path, console=False
        )

        get_logger("fmt").info("password=%s", "hunter2")

        assert path.read_text() == "password=***  password=***\n"

    def test_value_that_does_not_fit_is_still_a_line(self, path: Path) -> None:
        configure_logging(format_string="%(message)s %(n)d", log_file=path, console=False)

        get_logger("fmt").info("x", n="text")

        assert path.read_text().count("\n") == 1

    @pytest.mark.parametrize(
        "wrong", ["no fields", "%(message)", "%(message)y", "%d %s", "{message}"]
    )
    def test_format_that_cannot_be_filled_in_is_refused(self, wrong: str) -> None:
        with pytest.raises(InvalidFormatError, match="format_string must be like") as caught:
            configure_logging(format_string=wrong)

        assert caught.value.format == wrong
        assert logging.root.handlers == []

    def test_format_that_would_show_nothing_is_refused(self) -> None:
        with pytest.raises(InvalidFormatError, match="format_string must be like"):
            configure_logging(format_string="")

    def test_console_writes_text_then(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging(format_string="%(message)s!")

        get_logger("fmt").info("x")

        assert capsys.readouterr().err == "x!\n"


class TestConsole:
    def test_writes_json_to_what_is_no_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging()

        get_logger("console").info("x", user="ann")

        out, err = capsys.readouterr()
        assert out == ""
        assert '"message":"x","user":"ann"}\n' in err

    def test_writes_pretty_lines_to_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logging()

        get_logger("console").info("hello", user="ann")

        plain = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
        assert "\x1b[" in stream.getvalue()
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d\.\d{3} INFO     console          hello user=ann\n", plain
        )

    def test_lines_are_aligned(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("DEBUG", format="pretty")

        get_logger("a").info("first")
        get_logger("longer.name").critical("second")

        first, second = capsys.readouterr().err.splitlines()
        assert first.index("first") == second.index("second")

    @pytest.mark.parametrize(
        ("environment", "terminal", "colours"),
        [
            ({}, True, True),
            ({}, False, False),
            ({"NO_COLOR": "1"}, True, False),
            ({"NO_COLOR": ""}, True, True),
            ({"FORCE_COLOR": "1"}, False, True),
            ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
            ({"TERM": "dumb"}, True, False),
        ],
    )
    def test_colours_follow_terminal_no_color_and_force_color(
        self,
        monkeypatch: pytest.MonkeyPatch,
        environment: dict[str, str],
        terminal: bool,
        colours: bool,
    ) -> None:
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm", **environment}.items():
            monkeypatch.setenv(name, value)
        stream = Terminal() if terminal else io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logging(format="pretty")

        get_logger("console").info("x")

        assert ("\x1b[" in stream.getvalue()) is colours

    def test_what_the_program_says_cannot_move_the_cursor(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", stream := Terminal())
        configure_logging(format="pretty")

        try:
            raise ValueError(EVIL)  # noqa: TRY301
        except ValueError:
            get_logger(EVIL).exception(EVIL, **{EVIL: EVIL})

        lines = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue()).split("\n")
        assert all(line.isprintable() for line in lines)
        assert EVIL_SHOWN in lines[0]

    @pytest.mark.parametrize("rich", [True, False])
    def test_tracebacks_are_readable_with_and_without_the_extra(
        self, monkeypatch: pytest.MonkeyPatch, rich: bool
    ) -> None:
        if not rich:
            monkeypatch.setitem(sys.modules, "rich.syntax", None)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setattr(sys, "stderr", stream := Terminal())
        configure_logging()

        try:
            raise ValueError("token=abc123 " + "long " * 60)  # noqa: TRY301
        except ValueError:
            get_logger("console").exception("failed")

        shown = stream.getvalue()
        plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
        assert "    Traceback (most recent call last):\n" in plain
        assert plain.rstrip().endswith("    ValueError: token=*** " + ("long " * 60).rstrip())
        assert len(re.findall("\x1b", shown)) > 8

    def test_replaced_stderr_is_followed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        configure_logging(format="text")
        for message in ("first", "second"):
            monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
            get_logger("console").info(message)

            assert stream.getvalue().endswith(f"{message}\n")

    def test_closed_stream_never_raises_and_is_counted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
        configure_logging(format="text")
        stream.close()

        get_logger("console").info("x")

        sink: Any = logging.root.handlers[0]
        assert sink.inspect()["facts"]["lost_lines"] == 1

    def test_missing_stderr_never_raises(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        configure_logging()

        get_logger("console").info("x")

    def test_stderr_that_logs_what_is_written_to_it_ends(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class ToLog(io.StringIO):
            calls = 0

            def write(self, text: str) -> int:
                self.calls += 1
                get_logger("console").info(text)
                return len(text)

        monkeypatch.setattr(sys, "stderr", stream := ToLog())
        configure_logging(format="text")

        get_logger("console").info("x")

        assert stream.calls == 1

    def test_other_encodings_get_escapes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
        configure_logging(format="text")

        get_logger("console").info("gr\u00fc\u00df")

        assert raw.getvalue().endswith(b"gr\\xfc\\xdf\n")

    def test_plain_file_gets_the_line_in_one_write_after_what_was_printed(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        writes: list[bytes] = []
        real = os.write
        monkeypatch.setattr(
            os, "write", lambda fd, data: writes.append(bytes(data)) or real(fd, data)
        )
        with (tmp_path / "err").open("w", encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            configure_logging(format="json")
            stream.write("printed ")

            get_logger("console").info("x")
            monkeypatch.undo()

        assert len(writes) == 1
        assert (tmp_path / "err").read_text() == "printed " + writes[0].decode()
