"""Bytes and seconds as people read them."""

from __future__ import annotations

from math import isfinite

_SMALLER = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_LARGER = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def format_bytes(size: float) -> str:
    """*size* in the unit that fits it; 1 KiB is 1024 bytes.

    Examples:
        >>> format_bytes(1536), format_bytes(-3), format_bytes(5 * 2**30)
        ('1.50 KiB', '-3 B', '5.00 GiB')
    """
    if abs(size) < 1024 or not isfinite(size):
        return f"{size:.0f} B"
    unit = ""
    for unit in _LARGER:  # noqa: B007 - the one that it stops at, or the last
        size /= 1024
        if abs(size) < 1023.995:
            break
    return f"{size:.2f} {unit}"


def format_seconds(seconds: float) -> str:
    """*seconds* with three figures and the unit that fits."""
    for scale, unit in _SMALLER:
        if abs(seconds) >= scale * 0.9995:
            return f"{_three_figures(seconds / scale)} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _three_figures(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"
