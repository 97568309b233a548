"""What the process uses, and what it runs on."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CGROUP: Final = "/sys/fs/cgroup"


def get_memory_usage(*, include_children: bool = False) -> int:
    """Bytes of this process that are in memory now (its resident set), not only Python's.

    Args:
        include_children: Add those of all processes that it has started and that still run.
            Pages that they share are counted for each of them.

    Examples:
        >>> get_memory_usage() > 1_000_000
        True
    """
    import psutil

    process = psutil.Process()  # asked anew each time: after a fork it is another one
    usage = int(process.memory_info().rss)
    if include_children:
        usage += sum(_resident(child) for child in process.children(recursive=True))
    return usage


def _resident(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended since it was listed, or is somebody else's
        return 0


def get_system_info() -> dict[str, Any]:
    """The Python, the system, its processors and memory; `None` where the system does not tell.

    ``cpu_count`` and ``memory_total`` are the machine's, also inside of a container;
    ``cpu_available`` is what this process may run on, and ``memory_limit`` what its container
    allows.  Sizes are bytes.  Names of the machine and of users are not in it.
    """
    import platform

    import psutil

    memory: Any = _told(psutil.virtual_memory)
    return {
        "platform": platform.system(),
        "platform_release": platform.release(),
        "machine": platform.machine(),
        "python_version": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "cpu_count": _told(psutil.cpu_count),
        "cpu_count_physical": _told(lambda: psutil.cpu_count(logical=False)),
        "cpu_available": _told(_available) or _told(psutil.cpu_count),
        "memory_total": getattr(memory, "total", None),
        "memory_available": getattr(memory, "available", None),
        "memory_limit": memory_limit(),
        "memory_usage": _told(get_memory_usage),
        "process_id": os.getpid(),
    }


def _told(ask: Callable[[], Any]) -> Any:
    """What *ask* answers, and `None` where the system has no answer."""
    import psutil

    try:
        return ask()
    except (psutil.Error, OSError, NotImplementedError, RuntimeError, AttributeError):
        return None


def _available() -> int:
    return len(os.sched_getaffinity(0))  # not on macOS and Windows


def memory_limit(root: Path | None = None) -> int | None:
    """Bytes that the container of this process may use, and `None` without a limit."""
    for path in _limit_files(root):
        with suppress(OSError, ValueError):
            limit = int(path.read_text("ascii"))
            if limit < 1 << 60:  # a large number is how the first version says "none"
                return limit
    return None


def _limit_files(root: Path | None) -> Iterator[Path]:
    from pathlib import Path

    folder = root or Path(_CGROUP)
    yield folder / "memory.max"
    yield folder / "memory" / "memory.limit_in_bytes"
