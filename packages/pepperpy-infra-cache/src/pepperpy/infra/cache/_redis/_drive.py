"""Steps that ask the server and wait, taken in a thread or in a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ._line import Ask

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._line import Line, Replies

    Step: TypeAlias = Ask | float
    """What to ask, or how many seconds to wait."""

R = TypeVar("R")


def drive(line: Line, steps: Generator[Step, Replies, R]) -> R:
    """Take *steps* in this thread."""
    replies: Replies = None
    while True:
        try:
            step = steps.send(replies)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        replies = None
        try:
            if isinstance(step, Ask):
                replies = line.ask(step)
            else:
                time.sleep(step)
        except BaseException:  # interrupted
            steps.close()
            raise


async def adrive(line: Line, steps: Generator[Step, Replies, R]) -> R:
    """Take *steps* in this task."""
    import asyncio

    replies: Replies = None
    while True:
        try:
            step = steps.send(replies)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        replies = None
        try:
            if isinstance(step, Ask):
                replies = await line.aask(step)
            else:
                await asyncio.sleep(step)
        except BaseException:  # cancelled, as a rule
            steps.close()
            raise
