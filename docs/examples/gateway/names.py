"""What the gateway's metrics are called."""

from __future__ import annotations

REQUESTS = "gateway.requests"
SECONDS = "gateway.request.duration"
UPSTREAM_SECONDS = "gateway.upstream.duration"
VALIDATION_SECONDS = "gateway.validation.duration"
FAILURES = "gateway.validation.failures"
START = "gateway.start"
"""Always 1; its tag is the id of this start."""

MEMORY = "process.memory.usage"
"""Bytes; the name is that of OpenTelemetry's conventions."""

CHANGES = {
    "circuit.opened": "open",
    "circuit.half_opened": "half open",
    "circuit.closed": "closed",
}
"""The signals of a circuit breaker, and what the circuit is from then on."""

AUDIT = "access"
"""In whose name the audit of keys and permissions is written."""

ANSWERS = "gateway.answers"
"""The cache of answers, among the figures of all caches."""
