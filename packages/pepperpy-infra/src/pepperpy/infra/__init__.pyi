__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from pepperpy.infra.cache import AsyncCacheInvalidator as AsyncCacheInvalidator
from pepperpy.infra.cache import Cache as Cache
from pepperpy.infra.cache import CacheError as CacheError
from pepperpy.infra.cache import CacheInvalidationRule as CacheInvalidationRule
from pepperpy.infra.cache import CacheInvalidator as CacheInvalidator
from pepperpy.infra.cache import InvalidationStrategy as InvalidationStrategy
from pepperpy.infra.cache import ainvalidate_cache as ainvalidate_cache
from pepperpy.infra.cache import async_cached as async_cached
from pepperpy.infra.cache import cache_disabled as cache_disabled
from pepperpy.infra.cache import cached as cached
from pepperpy.infra.cache import clear_cache as clear_cache
from pepperpy.infra.cache import initialize_cache as initialize_cache
from pepperpy.infra.cache import invalidate_cache as invalidate_cache
from pepperpy.infra.cache import invalidates as invalidates
from pepperpy.infra.config import BaseConfig as BaseConfig
from pepperpy.infra.config import ConfigError as ConfigError
from pepperpy.infra.config import ConfigRegistry as ConfigRegistry
from pepperpy.infra.config import ConfigValidationError as ConfigValidationError
from pepperpy.infra.config import ConfigWarning as ConfigWarning
from pepperpy.infra.config import config_overrides as config_overrides
from pepperpy.infra.config import config_template as config_template
from pepperpy.infra.config import explain_config as explain_config
from pepperpy.infra.config import get_config as get_config
from pepperpy.infra.config import register_config as register_config
from pepperpy.infra.config import reload_config as reload_config
from pepperpy.infra.config import reset_config as reset_config
from pepperpy.infra.config import set_config as set_config
from pepperpy.infra.config import subscribe_config as subscribe_config
from pepperpy.infra.config import use_registry as use_registry
from pepperpy.infra.config import validate_all_configs as validate_all_configs
from pepperpy.infra.config import validate_config as validate_config
from pepperpy.infra.config import watch_config as watch_config
from pepperpy.infra.connection import ConnectionPool as ConnectionPool
from pepperpy.infra.connection import ConnectionPoolConfig as ConnectionPoolConfig
from pepperpy.infra.connection import HTTPClientPool as HTTPClientPool
from pepperpy.infra.connection import PooledResourceContext as PooledResourceContext
from pepperpy.infra.connection import PoolError as PoolError
from pepperpy.infra.connection import PostgresPool as PostgresPool
from pepperpy.infra.connection import SQLitePool as SQLitePool
from pepperpy.infra.connection import ThreadConnectionPool as ThreadConnectionPool
from pepperpy.infra.connection import close_pools as close_pools
from pepperpy.infra.connection import get_connection as get_connection
from pepperpy.infra.connection import get_pool as get_pool
from pepperpy.infra.connection import initialize_pools as initialize_pools
from pepperpy.infra.connection import pooled_resource as pooled_resource
from pepperpy.infra.connection import register_pool as register_pool
from pepperpy.infra.connection import release_connection as release_connection
from pepperpy.infra.connection import unregister_pool as unregister_pool
from pepperpy.infra.decorators import DecoratorsError as DecoratorsError
from pepperpy.infra.decorators import async_log_exceptions as async_log_exceptions
from pepperpy.infra.decorators import async_memoize as async_memoize
from pepperpy.infra.decorators import async_timed as async_timed
from pepperpy.infra.decorators import deprecated as deprecated
from pepperpy.infra.decorators import log_calls as log_calls
from pepperpy.infra.decorators import log_exceptions as log_exceptions
from pepperpy.infra.decorators import memoize as memoize
from pepperpy.infra.decorators import timed as timed
from pepperpy.infra.decorators import validate_arguments as validate_arguments
from pepperpy.infra.logging import LoggingError as LoggingError
from pepperpy.infra.logging import LogLevel as LogLevel
from pepperpy.infra.logging import QueuePolicy as QueuePolicy
from pepperpy.infra.logging import Sampling as Sampling
from pepperpy.infra.logging import bind as bind
from pepperpy.infra.logging import capture_logs as capture_logs
from pepperpy.infra.logging import configure_logging as configure_logging
from pepperpy.infra.logging import get_logger as get_logger
from pepperpy.infra.logging import initialize_logging as initialize_logging
from pepperpy.infra.logging import log_context as log_context
from pepperpy.infra.logging import log_level as log_level
from pepperpy.infra.logging import set_log_level as set_log_level
from pepperpy.infra.logging import shutdown_logging as shutdown_logging
from pepperpy.infra.resilience import Bulkhead as Bulkhead
from pepperpy.infra.resilience import Chaos as Chaos
from pepperpy.infra.resilience import CircuitBreaker as CircuitBreaker
from pepperpy.infra.resilience import CircuitBreakerConfig as CircuitBreakerConfig
from pepperpy.infra.resilience import CircuitBreakerError as CircuitBreakerError
from pepperpy.infra.resilience import CircuitState as CircuitState
from pepperpy.infra.resilience import Hedge as Hedge
from pepperpy.infra.resilience import Pipeline as Pipeline
from pepperpy.infra.resilience import Policy as Policy
from pepperpy.infra.resilience import ProviderFallback as ProviderFallback
from pepperpy.infra.resilience import RateLimit as RateLimit
from pepperpy.infra.resilience import ResilienceError as ResilienceError
from pepperpy.infra.resilience import Retry as Retry
from pepperpy.infra.resilience import Timeout as Timeout
from pepperpy.infra.resilience import get_circuit_breaker as get_circuit_breaker
from pepperpy.infra.resilience import get_fallback as get_fallback
from pepperpy.infra.resilience import isolated_circuit_breakers as isolated_circuit_breakers
from pepperpy.infra.resilience import reset_all_circuit_breakers as reset_all_circuit_breakers
from pepperpy.infra.resilience import reset_circuit_breaker as reset_circuit_breaker
from pepperpy.infra.resilience import resilience_disabled as resilience_disabled
from pepperpy.infra.resilience import with_circuit_breaker as with_circuit_breaker
from pepperpy.infra.resilience import with_fallback as with_fallback
from pepperpy.infra.telemetry import CompositeTelemetryHandler as CompositeTelemetryHandler
from pepperpy.infra.telemetry import Event as Event
from pepperpy.infra.telemetry import EventLevel as EventLevel
from pepperpy.infra.telemetry import LoggingTelemetryHandler as LoggingTelemetryHandler
from pepperpy.infra.telemetry import MemoryTelemetryHandler as MemoryTelemetryHandler
from pepperpy.infra.telemetry import Metric as Metric
from pepperpy.infra.telemetry import MetricType as MetricType
from pepperpy.infra.telemetry import OpenTelemetryHandler as OpenTelemetryHandler
from pepperpy.infra.telemetry import OpenTelemetryProducer as OpenTelemetryProducer
from pepperpy.infra.telemetry import PrometheusCollector as PrometheusCollector
from pepperpy.infra.telemetry import ProviderTelemetry as ProviderTelemetry
from pepperpy.infra.telemetry import StatsDHandler as StatsDHandler
from pepperpy.infra.telemetry import TelemetryError as TelemetryError
from pepperpy.infra.telemetry import TelemetryHandler as TelemetryHandler
from pepperpy.infra.telemetry import TelemetryManager as TelemetryManager
from pepperpy.infra.telemetry import capture_metrics as capture_metrics
from pepperpy.infra.telemetry import disable_telemetry as disable_telemetry
from pepperpy.infra.telemetry import enable_telemetry as enable_telemetry
from pepperpy.infra.telemetry import flush_telemetry as flush_telemetry
from pepperpy.infra.telemetry import get_provider_telemetry as get_provider_telemetry
from pepperpy.infra.telemetry import initialize_telemetry as initialize_telemetry
from pepperpy.infra.telemetry import is_telemetry_enabled as is_telemetry_enabled
from pepperpy.infra.telemetry import prometheus_asgi as prometheus_asgi
from pepperpy.infra.telemetry import prometheus_text as prometheus_text
from pepperpy.infra.telemetry import prometheus_wsgi as prometheus_wsgi
from pepperpy.infra.telemetry import report_event as report_event
from pepperpy.infra.telemetry import report_metric as report_metric
from pepperpy.infra.telemetry import serve_prometheus as serve_prometheus
from pepperpy.infra.telemetry import shutdown_telemetry as shutdown_telemetry
from pepperpy.infra.utils import Clock as Clock
from pepperpy.infra.utils import FakeClock as FakeClock
from pepperpy.infra.utils import InfraError as InfraError
from pepperpy.infra.utils import RetryBudget as RetryBudget
from pepperpy.infra.utils import UtilsError as UtilsError
from pepperpy.infra.utils import async_retry as async_retry
from pepperpy.infra.utils import deadline as deadline
from pepperpy.infra.utils import dict_to_object as dict_to_object
from pepperpy.infra.utils import generate_id as generate_id
from pepperpy.infra.utils import generate_timestamp as generate_timestamp
from pepperpy.infra.utils import get_file_extension as get_file_extension
from pepperpy.infra.utils import get_file_mime_type as get_file_mime_type
from pepperpy.infra.utils import get_file_size as get_file_size
from pepperpy.infra.utils import hash_string as hash_string
from pepperpy.infra.utils import is_valid_email as is_valid_email
from pepperpy.infra.utils import is_valid_url as is_valid_url
from pepperpy.infra.utils import load_json as load_json
from pepperpy.infra.utils import object_to_dict as object_to_dict
from pepperpy.infra.utils import retry as retry
from pepperpy.infra.utils import save_json as save_json
from pepperpy.infra.utils import slugify as slugify
from pepperpy.infra.utils import truncate_string as truncate_string

__all__ = [
    "AsyncCacheInvalidator",
    "BaseConfig",
    "Bulkhead",
    "Cache",
    "CacheError",
    "CacheInvalidationRule",
    "CacheInvalidator",
    "Chaos",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakerError",
    "CircuitState",
    "Clock",
    "CompositeTelemetryHandler",
    "ConfigError",
    "ConfigRegistry",
    "ConfigValidationError",
    "ConfigWarning",
    "ConnectionPool",
    "ConnectionPoolConfig",
    "DecoratorsError",
    "Event",
    "EventLevel",
    "FakeClock",
    "HTTPClientPool",
    "Hedge",
    "InfraError",
    "InvalidationStrategy",
    "LogLevel",
    "LoggingError",
    "LoggingTelemetryHandler",
    "MemoryTelemetryHandler",
    "Metric",
    "MetricType",
    "OpenTelemetryHandler",
    "OpenTelemetryProducer",
    "Pipeline",
    "Policy",
    "PoolError",
    "PooledResourceContext",
    "PostgresPool",
    "PrometheusCollector",
    "ProviderFallback",
    "ProviderTelemetry",
    "QueuePolicy",
    "RateLimit",
    "ResilienceError",
    "Retry",
    "RetryBudget",
    "SQLitePool",
    "Sampling",
    "StatsDHandler",
    "TelemetryError",
    "TelemetryHandler",
    "TelemetryManager",
    "ThreadConnectionPool",
    "Timeout",
    "UtilsError",
    "ainvalidate_cache",
    "async_cached",
    "async_log_exceptions",
    "async_memoize",
    "async_retry",
    "async_timed",
    "bind",
    "cache_disabled",
    "cached",
    "capture_logs",
    "capture_metrics",
    "clear_cache",
    "close_pools",
    "config_overrides",
    "config_template",
    "configure_logging",
    "deadline",
    "deprecated",
    "dict_to_object",
    "disable_telemetry",
    "enable_telemetry",
    "explain_config",
    "flush_telemetry",
    "generate_id",
    "generate_timestamp",
    "get_circuit_breaker",
    "get_config",
    "get_connection",
    "get_fallback",
    "get_file_extension",
    "get_file_mime_type",
    "get_file_size",
    "get_logger",
    "get_pool",
    "get_provider_telemetry",
    "hash_string",
    "initialize_cache",
    "initialize_logging",
    "initialize_pools",
    "initialize_telemetry",
    "invalidate_cache",
    "invalidates",
    "is_telemetry_enabled",
    "is_valid_email",
    "is_valid_url",
    "isolated_circuit_breakers",
    "load_json",
    "log_calls",
    "log_context",
    "log_exceptions",
    "log_level",
    "memoize",
    "object_to_dict",
    "pooled_resource",
    "prometheus_asgi",
    "prometheus_text",
    "prometheus_wsgi",
    "register_config",
    "register_pool",
    "release_connection",
    "reload_config",
    "report_event",
    "report_metric",
    "reset_all_circuit_breakers",
    "reset_circuit_breaker",
    "reset_config",
    "resilience_disabled",
    "retry",
    "save_json",
    "serve_prometheus",
    "set_config",
    "set_log_level",
    "shutdown_logging",
    "shutdown_telemetry",
    "slugify",
    "subscribe_config",
    "timed",
    "truncate_string",
    "unregister_pool",
    "use_registry",
    "validate_all_configs",
    "validate_arguments",
    "validate_config",
    "watch_config",
    "with_circuit_breaker",
    "with_fallback",
]
