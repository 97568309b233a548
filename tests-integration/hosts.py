"""What the tests of the cache on Redis share: hosts that use one server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pepperpy.infra.cache import Cache
from pepperpy.infra.cache._redis import RedisTier

PATIENT = 5.0
"""Seconds that an answer may take on a busy machine, where it does not matter."""


class Host:
    """What stands for a process of its own: functions and memory that no other one has."""

    def __init__(self, url: str, timeout: float = PATIENT) -> None:
        self.cache = Cache("host")
        self.tier = RedisTier(url, "pepperpy", timeout)
        self.cache.begin_anew({}, self.tier)
        self.cached = self.cache.cached
        self.invalidate = self.cache.invalidate

    @property
    def facts(self) -> dict[str, Any]:
        found: Any = self.tier.inspect()["facts"]
        return dict(found)

    @property
    def state(self) -> object:
        return self.tier.inspect()["state"]

    def flush(self) -> None:
        """Wait until all is sent."""
        self.tier.flush()

    def restart(self) -> None:
        """Forget what is in memory."""
        self.tier._memory.empty()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so that another thread or process brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)
