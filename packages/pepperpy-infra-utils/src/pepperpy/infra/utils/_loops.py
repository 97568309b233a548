"""Which event loop the caller runs in, without importing asyncio for the answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs in this thread; `None` if there is none.

    Examples:
        >>> running_loop() is None
        True
    """
    asyncio = sys.modules.get("asyncio")  # nobody runs a loop who has not imported it
    return None if asyncio is None else asyncio._get_running_loop()  # noqa: SLF001 - public in C
