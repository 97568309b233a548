"""`type` for values of any kind: the builtin would narrow them to containers of something unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

class_of: Callable[[object], Any] = type
