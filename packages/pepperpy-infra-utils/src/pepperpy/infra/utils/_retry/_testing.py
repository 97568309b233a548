"""The test mode of `retry`: no waiting, fewer attempts, and a record of what would have been."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from ._settings import whole

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._attempt import RetryAttempt


class RetryTesting:
    """The test mode, as `retry.testing(...)` makes it: a block, and the record of its retries."""

    __slots__ = ("_outer", "attempts", "max_attempts", "sleep")

    attempts: list[RetryAttempt]
    """Each retry in the block, with the delay that it would have waited."""

    def __init__(self, max_attempts: int | None, *, sleep: bool) -> None:
        if max_attempts is not None:
            max_attempts = whole(max_attempts, "max_attempts", least=1)
        self.max_attempts: int | None = max_attempts
        self.sleep: bool = sleep
        self.attempts = []
        self._outer: RetryTesting | None = None

    def __repr__(self) -> str:
        return f"<retry.testing: {len(self.attempts)} retries>"

    def __enter__(self) -> Self:
        self._outer = _innermost.get()
        _innermost.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _innermost.set(self._outer)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)


_innermost: ContextVar[RetryTesting | None] = ContextVar("pepperpy.retry.testing", default=None)

test_mode = _innermost.get
"""The block that we are in, if any."""
