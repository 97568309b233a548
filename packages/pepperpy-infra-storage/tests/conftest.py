"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytest.register_assert_rewrite("pepperpy.infra.storage.testing")

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where a busy disk slows nobody down


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder for this test, in memory where there is such a file system.

    What a power cut would take cannot be tested here, so nothing is lost by that.
    """
    with TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def registry() -> Iterator[None]:
    """Names are looked up in a registry of the test's own."""
    from pepperpy.infra.storage import StorageProviderRegistry, get_registry, set_registry

    before = get_registry()
    set_registry(StorageProviderRegistry())
    yield
    set_registry(before)
