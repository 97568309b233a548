"""Celery: each worker process starts and stops for itself, and a task's lines have its id.

Run it with ``celery -A celery_tasks worker``; its broker, a Redis, needs ``celery[redis]``.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from pepperpy.infra import get_logger, initialize_logging, log_context, retry, start, stop

log = get_logger(__name__)
app = Celery("shop", broker="redis://localhost", set_as_current=False)


@setup_logging.connect
def write_the_lines(**_: Any) -> None:
    """Keep Celery from writing the log its own way; it asks this first."""
    initialize_logging()


@worker_process_init.connect
def begin(**_: Any) -> None:
    """Set everything up in the process that runs the tasks, not in the one that forks it."""
    start()


@worker_process_shutdown.connect
def end(**_: Any) -> None:
    """Write out what is still waiting to be written."""
    stop()


@app.task(bind=True)
def send_receipt(self: Any, address: str) -> str:
    """Send a receipt."""
    with log_context(task_id=self.request.id):
        deliver(address)
        log.info("receipt sent", address=address)
    return address


@retry(max_attempts=3, delay=0.1, exceptions=ConnectionError)
def deliver(address: str) -> None:
    """Hand it to the mail server, again if that is away for a moment."""
    log.debug("handing over", address=address)
