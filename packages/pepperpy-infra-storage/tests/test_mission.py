"""The calls of the mission's document, as they stand there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pepperpy.infra.storage import (
    StorageProviderRegistry,
    connect,
    get,
    get_registry,
    register_memory_provider,
    set,  # noqa: A004
    set_registry,
)


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    before = get_registry()
    set_registry(StorageProviderRegistry())
    yield
    set_registry(before)


@pytest.mark.asyncio
async def test_the_example_of_the_mission() -> None:
    register_memory_provider("cache")
    await connect("cache")
    await set("cache", "key1", {"value": 42})
    data = await get("cache", "key1")

    assert data == {"value": 42}
