"""Run sessions of nox side by side: as many at a time as there are processors.

nox runs one session after the other.  Here other processes of it run those that are still to come,
and the session that is asked for then shows what its process printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from threading import Thread

MARK = "PEPPERPY_LANE"
"""Set in the environment of those processes, which need not build what they test."""

Done = subprocess.CompletedProcess[str]


class Lanes:
    """What runs ahead, by the name of the session."""

    def __init__(self, commands: Mapping[str, Sequence[str]], width: int) -> None:
        """Begin with the first *width* of *commands*; the others follow in their order."""
        self._waiting = deque(commands.items())
        self._results: dict[str, Future[Done]] = {name: Future() for name in commands}
        for _ in range(width):
            # Nothing waits for these threads at the end, so an interrupt ends everything at once.
            Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while self._waiting:
            try:
                name, command = self._waiting.popleft()
            except IndexError:  # another lane was quicker
                return
            try:
                self._results[name].set_result(_run(command))
            except BaseException as error:  # noqa: BLE001 - for whoever asks for the result
                self._results[name].set_exception(error)

    def result(self, name: str) -> Done:
        """Wait for the session, and return what it printed and how it ended."""
        return self._results[name].result()


def _run(command: Sequence[str]) -> Done:
    return subprocess.run(
        command,
        env={**os.environ, MARK: "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def width() -> int:
    """How many sessions to run at a time."""
    # What this process may use, which in a container can be less than what the machine has.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def whole(session: str, arguments: Iterable[str]) -> bool:
    """Whether nox was asked for all of a parametrized session, and for nothing special.

    Args:
        session: Its name.
        arguments: Those of nox.  What another process of nox would have to be told as well,
            like the Python to use, is special.
    """
    ours = [*arguments]
    if "--" in ours:
        del ours[ours.index("--") :]
    options = {argument for argument in ours if argument.startswith("-")}
    return session in ours and options <= {"-s", "--session", "--sessions"}
