"""pytest: fixtures that keep tests apart, for your ``conftest.py``.

Without them one test could see the settings, the cached results and the counts of another.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pepperpy.infra import (
    ConfigRegistry,
    clear_cache,
    isolated_circuit_breakers,
    reopen_pools,
    stop,
    use_registry,
)


@pytest.fixture(autouse=True)
def apart() -> Iterator[None]:
    """Give each test its own settings and breakers and an empty cache; close what it started."""
    with use_registry(ConfigRegistry(file=None, dotenv=None)), isolated_circuit_breakers():
        clear_cache()
        reopen_pools()  # which the test before has closed
        yield
        stop()
