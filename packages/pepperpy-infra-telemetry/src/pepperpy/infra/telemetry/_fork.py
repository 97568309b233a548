"""Managers begin anew in a forked child."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """What has something that must not be inherited."""

    def renew(self) -> None:
        """Begin anew; only the thread that forked is there."""


_renewables: dict[int, weakref.ref[Renewable]] = {}


def renewed_in_children(obj: Renewable) -> None:
    """Call ``obj.renew()`` in each forked child, for as long as *obj* lives."""
    key = id(obj)

    def forget(dead: weakref.ref[Renewable]) -> None:
        if _renewables.get(key) is dead:
            del _renewables[key]

    _renewables[key] = weakref.ref(obj, forget)


def _renew_all() -> None:
    for ref in list(_renewables.values()):
        obj = ref()
        if obj is not None:
            obj.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_renew_all)
