"""One lock for changes of settings.  No line of a log ever takes it."""

from __future__ import annotations

from pepperpy.infra.utils import ForkSafeLock

settings_lock = ForkSafeLock()
