"""An error as a client gets it: JSON, as RFC 9457 has it."""

from __future__ import annotations

from errors import GatewayError
from starlette.responses import JSONResponse
from upstream import Visit


def tell(problem: GatewayError, visit: Visit) -> JSONResponse:
    """What *problem* comes to, as the response to this visit."""
    visit.problem = problem.name
    content = {
        "name": problem.name,
        "status": problem.status,
        "detail": str(problem),
        "request_id": visit.id,
        **problem.more,
    }
    headers = {}
    if problem.retry_after is not None:
        headers["retry-after"] = str(problem.retry_after)
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(content, problem.status, headers, media_type="application/problem+json")
