"""Plain worker: it works until it is told to stop, and stops in order.

Supervisors send SIGTERM, which would end Python at once; here it lets the loop end, so that
`running` closes everything.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Event

from pepperpy.infra import get_logger, get_provider_telemetry, running

log = get_logger("worker")
telemetry = get_provider_telemetry("worker")


def main(work: Callable[[], None], pause: float = 1.0) -> None:
    """Call *work* again and again, with *pause* seconds between two calls."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with running():
        log.info("working")
        while not stopping.is_set():
            with telemetry.time("round"):
                work()
            stopping.wait(pause)
        log.info("stopped")


if __name__ == "__main__":
    main(lambda: log.info("a round of work"))
