"""A record for a person at a terminal: aligned, coloured, exceptions easy to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._escape import escape, indent
from ._text import TextRenderer, local_time, quoted

if TYPE_CHECKING:
    import logging

    from ._clean import Cleaner

_RESET, _BOLD, _DIM, _RED, _CYAN = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[36m"
# By the least level that has the colour.
_COLOURS = (
    (50, "\x1b[1;37;41m"),
    (40, "\x1b[1;31m"),
    (30, "\x1b[33m"),
    (20, "\x1b[32m"),
    (0, _DIM),
)


_HIGHLIGHTED = 65_536  # longer tracebacks would take rich seconds


class PrettyRenderer(TextRenderer):
    """Renders ``12:00:00.000 INFO     app              message  key=value``, in local time."""

    def __init__(self, cleaner: Cleaner, *, colours: bool) -> None:
        super().__init__(cleaner)
        self._colours = colours
        self._highlight = _rich_highlighter() if colours else None

    def _line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        colour = next(colour for least, colour in _COLOURS if record.levelno >= least)
        parts = (
            self._paint(local_time(record.created), _DIM),
            self._paint(f"{escape(record.levelname):<8}", colour),
            self._paint(f"{escape(record.name):<16}", _CYAN),
            self._paint(message, _BOLD) if record.levelno >= 40 else message,
            *(f"{self._paint(quoted(name) + '=', _DIM)}{quoted(fields[name])}" for name in fields),
        )
        return " ".join(parts)

    def _traceback(self, text: str) -> str:
        shown = indent(text)
        if self._highlight is not None and len(shown) <= _HIGHLIGHTED:
            return str(self._highlight(shown))
        head, _, last = shown.rpartition("\n")
        return f"{head}\n{self._paint(last, _RED)}" if head else self._paint(last, _RED)

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours else text


def _rich_highlighter() -> Any:
    """Colours for tracebacks if the extra ``pretty`` is installed.

    Only the finished text is coloured: rich's own tracebacks read source lines and values
    themselves, past the redaction.
    """
    try:
        from rich.console import Console
        from rich.syntax import Syntax
    except ImportError:
        return None

    def highlight(text: str) -> str:
        console = Console(color_system="standard", force_terminal=True, width=10_000)
        with console.capture() as capture:
            console.print(Syntax(text, "pytb", background_color="default"), end="")
        return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))

    return highlight
