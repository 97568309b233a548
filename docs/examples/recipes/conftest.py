"""Lets the tests import the recipes, and use the fixtures that are one of them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fixtures import apart

__all__ = ["apart"]

# Importing them registers things, so the search for doctests must not do it a second time.
collect_ignore = ["celery_tasks.py", "fastapi_service.py"]
