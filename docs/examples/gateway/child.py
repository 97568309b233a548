"""What provider and gateway need as processes of a demo: a port, and an ear for their parent.

A child is told things on its standard input, and stops when that ends.  The operating system
closes it whatever the parent dies of, so nothing is left running, not even after `kill -9`.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

HOST = "127.0.0.1"


def claim(port: int, *, others: int = 50) -> socket.socket:
    """A socket that holds *port*, or the next free one of so many *others*; see `listen`.

    Counting up instead of asking for any free port stays below the range from which the system
    takes ports for outgoing connections, so that a port can be given up and had again.

    Raises:
        OSError: If all of them are taken, or the port is not ours to have.
    """
    last = port + others
    while True:
        # Named in full: only for a socket that says TCP does asyncio turn off Nagle's algorithm,
        # which would hold back every other answer for 40 ms.
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            _share_with_old_connections(held, True)
            held.bind((HOST, port))
        except OSError as error:
            held.close()
            if error.errno != errno.EADDRINUSE or port == last:
                raise
            port += 1
        else:
            _share_with_old_connections(held, False)  # or others could have the port as well
            return held


def listen(held: socket.socket) -> None:
    """Let connections come; until then they are refused."""
    _share_with_old_connections(held, True)
    held.listen(128)


def _share_with_old_connections(held: socket.socket, yes: bool) -> None:
    if os.name == "posix":  # elsewhere it means sharing with everybody
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, yes)


def announce(port: int) -> None:
    """Tell the parent on which *port* we listen."""
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


def follow_parent(
    *, on_end: Callable[[], object], on_start: Callable[[], object] = lambda: None
) -> None:
    """Call *on_start* in the running loop when the parent says so, *on_end* when it is gone."""
    loop = asyncio.get_running_loop()

    def listen() -> None:
        # os.read and not sys.stdin: a daemon thread must not hold its lock when Python exits.
        while os.read(0, 1024):
            loop.call_soon_threadsafe(on_start)
        loop.call_soon_threadsafe(on_end)
        time.sleep(5)
        os._exit(1)  # still here, so on_end did not get through

    threading.Thread(target=listen, name="follow-parent", daemon=True).start()
