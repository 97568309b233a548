"""Hypothesis settings of every wheel's tests: the same examples on each run, unless told otherwise.

``pytest --hypothesis-profile=nightly`` looks for new ones, and longer.
"""

from __future__ import annotations

from hypothesis import settings

# No deadline: the machine may be busy, and a test that fails for that tells nothing.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile("same")
