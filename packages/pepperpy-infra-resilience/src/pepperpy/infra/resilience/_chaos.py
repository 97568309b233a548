"""`Chaos`: failures and delays on purpose, to see what becomes of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ._errors import ChaosError, invalid
from ._options import a_clock, seconds, share, text
from ._policy import Policy
from ._switch import OFF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from pepperpy.infra.utils import Clock
    from pepperpy.infra.utils.wrapping import Kind


class Chaos(Policy):
    """Makes some calls late and some fail, before the function is called.

    Where it is not *enabled* there is nothing of it in the wrapper.

    Args:
        failure_rate: The share of calls that fail.
        error: What makes the error of one, such as its class.
        latency: Seconds, or a `timedelta`, that a late call is late.
        latency_rate: The share of calls that are late.
        seed: Makes the order of what happens repeat itself.
        enabled: Whether anything happens at all; decided when a function is decorated.
        name: For the message of the error.
        clock: What sleeps.

    Raises:
        InvalidPolicyError: If an option makes no sense.

    Examples:
        >>> Chaos(failure_rate=1.0, error=TimeoutError).execute(print, "hello")
        Traceback (most recent call last):
            ...
        TimeoutError: chaos
    """

    __slots__ = (
        "_clock",
        "_error",
        "_random",
        "enabled",
        "failure_rate",
        "latency",
        "latency_rate",
    )

    def __init__(
        self,
        *,
        failure_rate: float = 0.0,
        error: Callable[[str], Exception] = ChaosError,
        latency: float | timedelta = 0.0,
        latency_rate: float = 1.0,
        seed: int | str | None = None,
        enabled: bool = True,
        name: str = "chaos",
        clock: Clock | None = None,
    ) -> None:
        self.failure_rate: float = share(failure_rate, "failure_rate", zero=True)
        if not callable(error):
            invalid("error", error, "must be a kind of Exception, or a function that makes one")
        self._error = error
        self.latency: float = seconds(latency, "latency")
        self.latency_rate: float = share(latency_rate, "latency_rate", zero=True)
        self._random = random.Random(seed).random  # noqa: S311 - nothing is to be kept secret
        self.enabled: bool = enabled
        self.name: str = text(name, "name")
        self._clock = a_clock(clock)

    def __repr__(self) -> str:
        return f"Chaos(failure_rate={self.failure_rate!r}, latency={self.latency!r})"

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines: a delay and an error, before *inner*; none where it is not enabled."""
        if not self.enabled:
            return inner
        lines = [f"if not $off{tag}:"]
        if self.latency:
            sleep = f"await $asleep{tag}" if kind.is_async else f"$sleep{tag}"
            lines += [
                f"    if $draw{tag}() < $latency_rate{tag}:",
                f"        {sleep}($latency{tag})",
            ]
        lines += [
            f"    if $draw{tag}() < $failure_rate{tag}:",
            f"        raise $error{tag}($name{tag})",
            inner,
        ]
        return "\n".join(lines)

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            f"off{tag}": OFF,
            f"draw{tag}": self._random,
            f"sleep{tag}": self._clock.sleep,
            f"asleep{tag}": self._clock.asleep,
            f"latency{tag}": self.latency,
            f"latency_rate{tag}": self.latency_rate,
            f"failure_rate{tag}": self.failure_rate,
            f"error{tag}": self._error,
            f"name{tag}": self.name,
        }
