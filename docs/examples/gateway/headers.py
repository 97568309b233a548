"""What a response says of the way of its request through the gateway."""

from __future__ import annotations

from upstream import Visit


def describe(visit: Visit, start: str) -> dict[str, str]:
    """The headers for a visit to this start of the gateway."""
    return {
        "x-start": start,
        "x-cache": visit.cache,
        "x-age": f"{visit.age:.6f}",
        "x-stored": "" if visit.stored is None else str(visit.stored),
        "x-provider": visit.provider,
        "x-retries": str(visit.retries),
        "x-rejected": " ".join(visit.rejected),
        "x-calls": " ".join(visit.calls.elements()),
        "x-waits": str(visit.waits.total()),
    }
