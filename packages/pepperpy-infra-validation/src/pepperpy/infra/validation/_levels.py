"""How bad it is when a rule fails."""

from __future__ import annotations

from enum import Enum


class ValidationLevel(Enum):
    """How bad it is when a rule fails; only an `ERROR` makes the data invalid."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
