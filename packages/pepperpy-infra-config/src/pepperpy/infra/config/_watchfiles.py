"""Waiting for changes of files by the system's own notifications, with the extra ``watch``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import require_extra

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable


def waiter(
    stopped: threading.Event, seconds: float, *, required: bool
) -> Callable[[list[str]], bool] | None:
    """A function that waits until something happens beside one of the files, or for *seconds*.

    None if the extra is not installed and not *required*.
    """
    try:
        with require_extra("pepperpy-infra-config", "watch"):
            import watchfiles
    except ImportError:
        if required:
            raise
        return None
    watch: Any = watchfiles.watch

    def wait(paths: list[str]) -> bool:
        folders = {os.path.dirname(path) for path in paths}
        folders = {folder for folder in folders if os.path.isdir(folder)}
        if not folders:
            return not stopped.wait(seconds)
        # It gives up after a while without changes, since a file may have moved elsewhere.
        events = watch(
            *folders,
            watch_filter=None,
            stop_event=stopped,
            rust_timeout=max(1, int(seconds * 1000)),
            yield_on_timeout=True,
            recursive=False,
            raise_interrupt=False,
        )
        next(events, None)
        events.close()
        return not stopped.is_set()

    return wait
