"""FastAPI: everything starts and stops with the application, and each line has the request's id.

It asks a table, which this makes: ``sqlite3 shop.db "CREATE TABLE item (name TEXT, price REAL)"``.
Run it with ``uvicorn fastapi_service:app``.  Starlette takes ``lifespan`` and middleware alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Request, Response

from pepperpy.infra import (
    SQLitePool,
    cached,
    generate_id,
    get_logger,
    get_provider_telemetry,
    lifespan,
    log_context,
    prometheus_asgi,
    register_pool,
)

log = get_logger(__name__)
telemetry = get_provider_telemetry("shop")
database = SQLitePool("shop", "shop.db")
register_pool(database)

# The log, telemetry and the cache are set up before the first request, pools are opened; after the
# last one all of it is closed, the log last.
app = FastAPI(title="Shop", lifespan=lifespan)
app.mount("/metrics", prometheus_asgi())


@app.middleware("http")
async def name_the_request(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Give each request an id that stands in all of its lines, and in the answer."""
    request_id = request.headers.get("x-request-id") or generate_id()
    with log_context(request_id=request_id), telemetry.time("request.duration"):
        response = await call_next(request)
    response.headers["x-request-id"] = request_id
    return response


@app.get("/prices/{item}")
def price(item: Annotated[str, Path(max_length=100)]) -> dict[str, float | str]:
    """What an item costs."""
    found = price_of(item)
    if found is None:
        raise HTTPException(404, f"there is no item {item!r}")
    return {"item": item, "price": found}


@cached(ttl=60)
def price_of(item: str) -> float | None:
    """Ask the database at most once a minute for each item, however many ask at the same time."""
    log.info("asking the database", item=item)
    with database.connection() as connection:
        row = connection.execute("SELECT price FROM item WHERE name = ?", (item,)).fetchone()
    return None if row is None else row[0]
