"""Switching caches off, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import BothFaces, ForkSafeLock

from ._memo import memos
from ._switch import switch

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_lock: Final = ForkSafeLock()


class cache_disabled(BothFaces):  # noqa: N801 - reads as a verb: `with cache_disabled():`
    """A block in which every call runs its function: nothing is read from a cache or kept in one.

    It holds for the whole process.  What was there before is there again afterwards, but for what
    was invalidated meanwhile.

    Examples:
        >>> from pepperpy.infra.cache import cached
        >>> @cached(ttl=60)
        ... def roll():
        ...     print("rolling")
        >>> roll()
        rolling
        >>> roll()
        >>> with cache_disabled():
        ...     roll()
        rolling
        >>> roll()
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        with _lock:
            switch.blocks += 1
            if switch.blocks == 1:
                for memo in memos.alive():
                    memo.follow_switch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            switch.blocks -= 1
            if not switch.blocks:
                for memo in memos.alive():
                    memo.follow_switch()
