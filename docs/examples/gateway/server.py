"""Serving an ASGI application as a process of the demo."""

from __future__ import annotations

import uvicorn
from child import announce, claim, follow_parent, listen
from starlette.applications import Starlette


async def serve(app: Starlette, port: int, *, others: int) -> None:
    """Serve *app* on *port*, or on the next free one of *others*, until standard input ends."""
    config = uvicorn.Config(
        app,
        log_config=None,  # uvicorn's records come to our handlers
        access_log=False,
        timeout_keep_alive=30,  # let clients be the ones who close idle connections
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    follow_parent(on_end=lambda: setattr(server, "should_exit", True))
    held = claim(port, others=others)
    listen(held)  # from here on requests wait for the server, they are not refused
    announce(held.getsockname()[1])
    await server.serve(sockets=[held])
