"""What the tests of every wheel share: settings of hypothesis, and garbage collection that is quick.

The examples are the same on each run; ``pytest --hypothesis-profile=nightly`` looks for new ones,
and longer.
"""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

# No deadline: the machine may be busy, and a test that fails for that tells nothing.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
# For what is tested again, in other company.
settings.register_profile("fewer", parent=settings.get_profile("same"), max_examples=10)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile("same")


@pytest.fixture(scope="module", autouse=True)
def _what_there_is_stays() -> None:
    """Keep the collector from looking again at what earlier modules have left.

    Tests that collect after each of hundreds of steps took five times as long among all others.
    """
    gc.collect()
    gc.freeze()
