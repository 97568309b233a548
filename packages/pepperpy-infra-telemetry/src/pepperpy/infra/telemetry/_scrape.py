"""What a scrape is answered, by whichever server: ours, WSGI or ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._prometheus import OPENMETRICS, PLAIN, negotiated, prometheus_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping

    from ._readable import Readable

    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]  # as frameworks have it
    Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Answer(NamedTuple):
    """Of HTTP."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def answer(manager: Readable | None, method: str, accept: str) -> Answer:
    """The metrics, if that is what is asked for."""
    if method not in {"GET", "HEAD"}:
        return plain("405 Method Not Allowed", ("Allow", "GET, HEAD"))
    openmetrics = negotiated(accept)
    body = prometheus_text(manager, openmetrics=openmetrics).encode()
    headers = [
        ("Content-Type", OPENMETRICS if openmetrics else PLAIN),
        ("Content-Length", str(len(body))),
        ("Vary", "Accept"),
    ]
    return Answer("200 OK", headers, body if method == "GET" else b"")


def plain(status: str, *more: tuple[str, str]) -> Answer:
    """An answer that says no more than its status."""
    body = f"{status}\n".encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *more]
    return Answer(status, headers, body)


def prometheus_wsgi(
    manager: Readable | None = None,
) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """A WSGI application that answers every path with the metrics of *manager*.

    Mount it where you like: the path, and who may ask, is up to your framework.
    """

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        accept = environ.get("HTTP_ACCEPT", "")
        status, headers, body = answer(manager, environ["REQUEST_METHOD"], accept)
        start_response(status, headers)
        return [body]

    return app


def prometheus_asgi(
    manager: Readable | None = None,
) -> Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]:
    """An ASGI application that answers every path with the metrics of *manager*.

    They are written in a worker thread, so that the event loop goes on.
    """

    async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"metrics are served by http only; got {scope['type']!r}")
        import asyncio

        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"]
        status, headers, body = await asyncio.to_thread(
            answer, manager, scope["method"], ",".join(values)
        )
        await send(
            {
                "type": "http.response.start",
                "status": int(status[:3]),
                "headers": [
                    (name.lower().encode(), value.encode("latin-1")) for name, value in headers
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    return app


async def _live(receive: Receive, send: Send) -> None:
    """There is nothing to start or to end."""
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
