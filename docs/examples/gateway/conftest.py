"""Lets the tests import the example's modules, as running one of its scripts does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
