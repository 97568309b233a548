"""A private Redis for the races that need one, where the machine has its program."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep


@contextmanager
def running_redis(folder: Path) -> Iterator[str | None]:
    """The URL of a new server that keeps nothing on disk; `None`, said aloud, if there is no program."""
    program = shutil.which("redis-server")
    if program is None:
        print("no redis-server here: the races in Redis are left out", file=sys.stderr)  # noqa: T201
        yield None
        return
    folder.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder))
    server = subprocess.Popen(  # noqa: S603
        [program, *where, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
    )
    try:
        _await_answer(server, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _await_answer(server: subprocess.Popen[bytes], port: int) -> None:
    end = monotonic() + 10
    while server.poll() is None and monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            sleep(0.01)
        else:
            return
    raise RuntimeError(f"{server.args} does not answer")
