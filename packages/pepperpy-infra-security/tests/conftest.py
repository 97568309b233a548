from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from pepperpy.infra.security import PermissionLevel, SecurityManager
from pepperpy.infra.security._keys import _base62
from pepperpy.infra.utils import FakeClock, Signal, subscribe

READ, WRITE = PermissionLevel.READ, PermissionLevel.WRITE


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def manager(clock: FakeClock) -> SecurityManager:
    return SecurityManager(clock=clock)


@pytest.fixture
def heard() -> Iterator[list[Signal]]:
    signals: list[Signal] = []
    unsubscribe = subscribe(signals.append)
    yield signals
    unsubscribe()


def forged(key: str) -> str:
    """A key with the id of *key* and another secret, its checksum right."""
    prefix, key_id, _ = key.rsplit("_", 2)
    body = f"{prefix}_{key_id}_{'0' * 43}"
    return body + _base62(zlib.crc32(body.encode()), 6)


@pytest.fixture
def forge():
    return forged
