"""What the gateway's metrics are called."""

from __future__ import annotations

REQUESTS = "gateway.requests"
SECONDS = "gateway.request.duration"
UPSTREAM_SECONDS = "gateway.upstream.duration"
ANSWERS = "gateway.answers"
"""The cache of answers, among the figures of all caches."""
