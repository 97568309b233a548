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
    again = None if problem.retry_after is None else {"retry-after": str(problem.retry_after)}
    return JSONResponse(content, problem.status, again, media_type="application/problem+json")
