"""Circuit breakers: calls that stop when what they call keeps failing, and find back by themselves."""

from ._breaker import CircuitBreaker
from ._config import CircuitBreakerConfig
from ._errors import (
    CircuitBreakerError,
    CircuitConflictError,
    InvalidPolicyError,
    ProviderFallbackError,
    RejectedError,
    ResilienceError,
    UnknownCircuitError,
)
from ._fallback import ProviderFallback, get_fallback, with_fallback
from ._registry import (
    get_circuit_breaker,
    isolated_circuit_breakers,
    reset_all_circuit_breakers,
    reset_circuit_breaker,
    with_circuit_breaker,
)
from ._state import CircuitState
from ._switch import resilience_disabled

__all__ = [
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakerError",
    "CircuitConflictError",
    "CircuitState",
    "InvalidPolicyError",
    "ProviderFallback",
    "ProviderFallbackError",
    "RejectedError",
    "ResilienceError",
    "UnknownCircuitError",
    "get_circuit_breaker",
    "get_fallback",
    "isolated_circuit_breakers",
    "reset_all_circuit_breakers",
    "reset_circuit_breaker",
    "resilience_disabled",
    "with_circuit_breaker",
    "with_fallback",
]
