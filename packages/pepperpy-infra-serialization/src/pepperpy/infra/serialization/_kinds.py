"""`isinstance` and `type` for values of any kind.

The builtins would narrow such a value, for type checkers, to a container of something unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

is_a: Callable[[object, Any], bool] = isinstance
class_of: Callable[[object], Any] = type
