"""What a circuit can be."""

from __future__ import annotations

from enum import Enum


class CircuitState(Enum):
    """What a circuit does with calls."""

    CLOSED = "closed"
    """They are made, and what becomes of them is counted."""
    OPEN = "open"
    """They are rejected, until the recovery time is over."""
    HALF_OPEN = "half_open"
    """A few of them are made, to see whether it works again; all others are rejected."""
    FORCED_OPEN = "forced_open"
    """They are rejected until somebody resets the breaker."""
    DISABLED = "disabled"
    """They are made, and nothing is counted."""
    METRICS_ONLY = "metrics_only"
    """They are made and counted, and the circuit never opens."""
