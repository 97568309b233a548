"""`Hedge`: a second call beside a slow one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, kind_of, name_of

from ._hedging import first_answer
from ._options import a_clock, seconds, text, whole
from ._policy import Policy
from ._switch import OFF

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from pepperpy.infra.utils import Clock


class Hedge(Policy):
    """Starts the same call once more when it takes long; the first answer counts.

    All others are cancelled.  A call that fails starts the next one at once; if all fail, the error
    of the first is raised.  For coroutine functions that may run twice.

    Args:
        after: Seconds, or a `timedelta`, until the next call starts beside the earlier ones.
        max_attempts: Calls in all.
        name: For inspection.
        clock: What sleeps.

    Raises:
        InvalidPolicyError: If an option makes no sense.

    Examples:
        >>> @Hedge(after=0.2)
        ... async def fetch(url): ...
    """

    __slots__ = ("_clock", "after", "max_attempts")

    def __init__(
        self,
        after: float | timedelta,
        *,
        max_attempts: int = 2,
        name: str = "hedge",
        clock: Clock | None = None,
    ) -> None:
        self.after: float = seconds(after, "after")
        self.max_attempts: int = whole(max_attempts, "max_attempts", least=2)
        self.name: str = text(name, "name")
        self._clock = a_clock(clock)

    def __repr__(self) -> str:
        return f"Hedge({self.after!r}, max_attempts={self.max_attempts!r})"

    def around(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """*func* with the hedge around it."""
        kind = kind_of(func)
        if kind is not Kind.COROUTINE:
            raise TypeError(
                f"a Hedge cancels the slower call, so it decorates coroutine functions; "
                f"{name_of(func)} is a {kind.value}"
            )
        body = "return await $race($func, $args, $kwargs)"
        return compile_wrapper(func, body, {"race": self._race}, label="hedge", kind=kind)

    async def _race(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if OFF:
            return await func(*args, **kwargs)
        starts = [lambda: func(*args, **kwargs)] * self.max_attempts
        winner, result, errors = await first_answer(starts, self.after, self._clock)
        if winner is None:
            try:
                raise errors[0]
            finally:
                del errors  # the error's traceback has this frame
        return result
