"""Warnings that point at the program's line, not at ours."""

from __future__ import annotations

import sys
import warnings

from ._errors import ConfigWarning

_OURS = "pepperpy.infra."


def warn(message: str) -> None:
    """Issue a `ConfigWarning` for the first caller outside of `pepperpy.infra`."""
    level = 1
    frame = sys._getframe()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(_OURS):
        frame = frame.f_back
        level += 1
    warnings.warn(message, ConfigWarning, stacklevel=level)
