"""What is counted here and settled with the server afterwards: rate limits and retry budgets.

A call takes from what this process knows, and waits for nobody.  A few milliseconds later the server
is told what was taken, and tells what all have taken.  So over a longer time the sum of all processes
is exact, and for a moment it is too much by what they took before they heard of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Run = Callable[..., Any]
"""Runs a script: its text, its key, and arguments."""


class Account(Protocol):
    """Something of which many processes take."""

    def exchange(self, run: Run) -> bool:
        """Settle it; false if it is at rest, and says by itself when it is used again."""
        ...

    def alone(self) -> None:
        """Forget what was not settled: the server is down."""
        ...
