"""The test mode of `retry`: no waiting, fewer attempts, and a record of what would have been."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils._blocks import BothFaces, without

from ._settings import whole

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._attempt import RetryAttempt


class RetryTesting(BothFaces):
    """The test mode, as `retry.testing(...)` makes it: a block, and the record of its retries."""

    __slots__ = ("attempts", "max_attempts", "sleep")

    attempts: list[RetryAttempt]
    """Each retry in the block, with the delay that it would have waited."""

    def __init__(self, max_attempts: int | None, *, sleep: bool) -> None:
        if max_attempts is not None:
            max_attempts = whole(max_attempts, "max_attempts", least=1)
        self.max_attempts: int | None = max_attempts
        self.sleep: bool = sleep
        self.attempts = []

    def __repr__(self) -> str:
        return f"<retry.testing: {len(self.attempts)} retries>"

    def __enter__(self) -> Self:
        _innermost.set((self, _innermost.get()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _innermost.set(without(_innermost.get(), self))


_innermost: ContextVar[tuple[RetryTesting, Any] | None] = ContextVar(
    "pepperpy.retry.testing", default=None
)

innermost = _innermost.get
"""The block that we are in, if any; its owner, the first in it, says what is different."""
