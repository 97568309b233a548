"""What is seen while the demo runs: a progress bar, and the gateway's own lines above it."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Self

from driver import Outcome, Verdict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

LINES_PER_SECOND = 3


class Screen:
    """A bar on a terminal; elsewhere (in a file, in CI) a plain line now and then."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._seen: Counter[Verdict] = Counter()
        self._retries = self._hits = 0
        self._second = 0
        self._lines = 0
        self._hidden = 0
        self.shown: list[str] = []  # all that processes wrote, hidden lines too
        self._bar = Progress(
            TextColumn("sending"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, counts="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()
        self._tell_hidden()

    def show_outcome(self, outcome: Outcome) -> None:
        """Count one more request."""
        self._seen[outcome.verdict] += 1
        self._retries += outcome.retries
        self._hits += outcome.cache == "hit"
        away = self._seen[Verdict.CUT_OFF] + self._seen[Verdict.REFUSED]
        counts = (
            f"{self._seen[Verdict.RIGHT]} right, {self._seen[Verdict.NAMED_ERROR]} errors, "
            + (f"{away} while it was away, " if away else "")
            + f"{self._retries} retries, {self._hits} hits"
        )
        self._bar.update(self._task, advance=1, counts=counts)
        done = self._seen.total()
        if not self._console.is_terminal and done % max(1, self._total // 10) == 0:
            self._console.print(f"{done}/{self._total}: {counts}")

    def say(self, text: str) -> None:
        """Show a line of the demo's own."""
        self._tell_hidden()
        self._console.print(Text(text, style="bold"), soft_wrap=True)

    def show_line(self, line: str) -> None:
        """Show a line of the gateway's; of many in one second only the first few."""
        self.shown.append(line)
        second = int(time.monotonic())
        if second != self._second:
            self._tell_hidden()
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines <= LINES_PER_SECOND:
            self._console.print(Text.from_ansi(line), soft_wrap=True)
        else:
            self._hidden += 1

    def _tell_hidden(self) -> None:
        if self._hidden:
            text = f"... and {self._hidden} more like it, all in the log file"
            self._console.print(Text(text, style="dim"))
        self._hidden = 0
