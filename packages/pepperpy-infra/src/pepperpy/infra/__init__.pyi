__path__ = __import__("pkgutil").extend_path(__path__, __name__)

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
from pepperpy.infra.telemetry import CompositeTelemetryHandler as CompositeTelemetryHandler
from pepperpy.infra.telemetry import Event as Event
from pepperpy.infra.telemetry import EventLevel as EventLevel
from pepperpy.infra.telemetry import LoggingTelemetryHandler as LoggingTelemetryHandler
from pepperpy.infra.telemetry import MemoryTelemetryHandler as MemoryTelemetryHandler
from pepperpy.infra.telemetry import Metric as Metric
from pepperpy.infra.telemetry import MetricType as MetricType
from pepperpy.infra.telemetry import ProviderTelemetry as ProviderTelemetry
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
from pepperpy.infra.telemetry import report_event as report_event
from pepperpy.infra.telemetry import report_metric as report_metric
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
    "BaseConfig",
    "Clock",
    "CompositeTelemetryHandler",
    "ConfigError",
    "ConfigRegistry",
    "ConfigValidationError",
    "ConfigWarning",
    "ConnectionPool",
    "ConnectionPoolConfig",
    "Event",
    "EventLevel",
    "FakeClock",
    "HTTPClientPool",
    "InfraError",
    "LogLevel",
    "LoggingError",
    "LoggingTelemetryHandler",
    "MemoryTelemetryHandler",
    "Metric",
    "MetricType",
    "PoolError",
    "PooledResourceContext",
    "PostgresPool",
    "ProviderTelemetry",
    "QueuePolicy",
    "RetryBudget",
    "SQLitePool",
    "Sampling",
    "TelemetryError",
    "TelemetryHandler",
    "TelemetryManager",
    "ThreadConnectionPool",
    "UtilsError",
    "async_retry",
    "bind",
    "capture_logs",
    "capture_metrics",
    "close_pools",
    "config_overrides",
    "config_template",
    "configure_logging",
    "deadline",
    "dict_to_object",
    "disable_telemetry",
    "enable_telemetry",
    "explain_config",
    "flush_telemetry",
    "generate_id",
    "generate_timestamp",
    "get_config",
    "get_connection",
    "get_file_extension",
    "get_file_mime_type",
    "get_file_size",
    "get_logger",
    "get_pool",
    "get_provider_telemetry",
    "hash_string",
    "initialize_logging",
    "initialize_pools",
    "initialize_telemetry",
    "is_telemetry_enabled",
    "is_valid_email",
    "is_valid_url",
    "load_json",
    "log_context",
    "log_level",
    "object_to_dict",
    "pooled_resource",
    "register_config",
    "register_pool",
    "release_connection",
    "reload_config",
    "report_event",
    "report_metric",
    "reset_config",
    "retry",
    "save_json",
    "set_config",
    "set_log_level",
    "shutdown_logging",
    "shutdown_telemetry",
    "slugify",
    "subscribe_config",
    "truncate_string",
    "unregister_pool",
    "use_registry",
    "validate_all_configs",
    "validate_config",
    "watch_config",
]
