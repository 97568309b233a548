"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("pepperpy.infra.storage.testing")


@pytest.fixture
def registry() -> Iterator[None]:
    """Names are looked up in a registry of the test's own."""
    from pepperpy.infra.storage import StorageProviderRegistry, get_registry, set_registry

    before = get_registry()
    set_registry(StorageProviderRegistry())
    yield
    set_registry(before)
