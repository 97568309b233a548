"""Calls that fail well: circuit breakers, provider fallback, and pipelines of policies."""

from pepperpy.infra.utils import RetryBudget

from ._breaker import CircuitBreaker
from ._budget import SharedRetryBudget
from ._bulkhead import Bulkhead
from ._chaos import Chaos
from ._config import CircuitBreakerConfig
from ._errors import (
    BulkheadFullError,
    CallTimeoutError,
    ChaosError,
    CircuitBreakerError,
    CircuitConflictError,
    InvalidPolicyError,
    ProviderFallbackError,
    RateLimitedError,
    RejectedError,
    ResilienceError,
    UnknownCircuitError,
)
from ._fallback import ProviderFallback
from ._fallbacks import get_fallback, with_fallback
from ._hedge import Hedge
from ._initialize import initialize_resilience
from ._pipeline import Pipeline
from ._policy import Policy
from ._rate_limit import RateLimit
from ._redis import RedisResilienceStore
from ._registry import (
    get_circuit_breaker,
    isolated_circuit_breakers,
    reset_all_circuit_breakers,
    reset_circuit_breaker,
    with_circuit_breaker,
)
from ._retry import Retry
from ._state import CircuitState
from ._switch import resilience_disabled
from ._timeout import Timeout

__all__ = [
    "Bulkhead",
    "BulkheadFullError",
    "CallTimeoutError",
    "Chaos",
    "ChaosError",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakerError",
    "CircuitConflictError",
    "CircuitState",
    "Hedge",
    "InvalidPolicyError",
    "Pipeline",
    "Policy",
    "ProviderFallback",
    "ProviderFallbackError",
    "RateLimit",
    "RateLimitedError",
    "RedisResilienceStore",
    "RejectedError",
    "ResilienceError",
    "Retry",
    "RetryBudget",
    "SharedRetryBudget",
    "Timeout",
    "UnknownCircuitError",
    "get_circuit_breaker",
    "get_fallback",
    "initialize_resilience",
    "isolated_circuit_breakers",
    "reset_all_circuit_breakers",
    "reset_circuit_breaker",
    "resilience_disabled",
    "with_circuit_breaker",
    "with_fallback",
]
