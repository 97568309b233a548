__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from pepperpy.infra._lifecycle import lifespan as lifespan
from pepperpy.infra._lifecycle import running as running
from pepperpy.infra._lifecycle import start as start
from pepperpy.infra._lifecycle import stop as stop
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
from pepperpy.infra.compression import CompressedData as CompressedData
from pepperpy.infra.compression import CompressionAlgorithm as CompressionAlgorithm
from pepperpy.infra.compression import CompressionDictionary as CompressionDictionary
from pepperpy.infra.compression import CompressionError as CompressionError
from pepperpy.infra.compression import CompressionLevel as CompressionLevel
from pepperpy.infra.compression import DataCompressor as DataCompressor
from pepperpy.infra.compression import DatasetOptimizer as DatasetOptimizer
from pepperpy.infra.compression import JsonCompressor as JsonCompressor
from pepperpy.infra.compression import NumpyCompressor as NumpyCompressor
from pepperpy.infra.compression import OptimizedDataset as OptimizedDataset
from pepperpy.infra.compression import compress_data as compress_data
from pepperpy.infra.compression import compress_json as compress_json
from pepperpy.infra.compression import compress_numpy as compress_numpy
from pepperpy.infra.compression import decompress_data as decompress_data
from pepperpy.infra.compression import decompress_json as decompress_json
from pepperpy.infra.compression import decompress_numpy as decompress_numpy
from pepperpy.infra.compression import optimize_dataset as optimize_dataset
from pepperpy.infra.compression import train_dictionary as train_dictionary
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
from pepperpy.infra.connection import reopen_pools as reopen_pools
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
from pepperpy.infra.metrics import MemoryTracker as MemoryTracker
from pepperpy.infra.metrics import MetricCategory as MetricCategory
from pepperpy.infra.metrics import MetricResult as MetricResult
from pepperpy.infra.metrics import MetricsError as MetricsError
from pepperpy.infra.metrics import PerformanceResult as PerformanceResult
from pepperpy.infra.metrics import PerformanceTracker as PerformanceTracker
from pepperpy.infra.metrics import Timer as Timer
from pepperpy.infra.metrics import benchmark as benchmark
from pepperpy.infra.metrics import format_bytes as format_bytes
from pepperpy.infra.metrics import get_memory_usage as get_memory_usage
from pepperpy.infra.metrics import get_system_info as get_system_info
from pepperpy.infra.metrics import measure_memory as measure_memory
from pepperpy.infra.metrics import measure_time as measure_time
from pepperpy.infra.metrics import performance_tracker as performance_tracker
from pepperpy.infra.metrics import report_custom_metric as report_custom_metric
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
from pepperpy.infra.resilience import RedisResilienceStore as RedisResilienceStore
from pepperpy.infra.resilience import ResilienceError as ResilienceError
from pepperpy.infra.resilience import Retry as Retry
from pepperpy.infra.resilience import SharedRetryBudget as SharedRetryBudget
from pepperpy.infra.resilience import Timeout as Timeout
from pepperpy.infra.resilience import get_circuit_breaker as get_circuit_breaker
from pepperpy.infra.resilience import get_fallback as get_fallback
from pepperpy.infra.resilience import initialize_resilience as initialize_resilience
from pepperpy.infra.resilience import isolated_circuit_breakers as isolated_circuit_breakers
from pepperpy.infra.resilience import reset_all_circuit_breakers as reset_all_circuit_breakers
from pepperpy.infra.resilience import reset_circuit_breaker as reset_circuit_breaker
from pepperpy.infra.resilience import resilience_disabled as resilience_disabled
from pepperpy.infra.resilience import with_circuit_breaker as with_circuit_breaker
from pepperpy.infra.resilience import with_fallback as with_fallback
from pepperpy.infra.security import AESCipher as AESCipher
from pepperpy.infra.security import ApiKeyAuthenticator as ApiKeyAuthenticator
from pepperpy.infra.security import Authenticator as Authenticator
from pepperpy.infra.security import Authorizer as Authorizer
from pepperpy.infra.security import AuthType as AuthType
from pepperpy.infra.security import Credential as Credential
from pepperpy.infra.security import CredentialStore as CredentialStore
from pepperpy.infra.security import Identity as Identity
from pepperpy.infra.security import IdentityStore as IdentityStore
from pepperpy.infra.security import JWKSClient as JWKSClient
from pepperpy.infra.security import JWTAuthenticator as JWTAuthenticator
from pepperpy.infra.security import JWTKey as JWTKey
from pepperpy.infra.security import JWTSigner as JWTSigner
from pepperpy.infra.security import JWTVerifier as JWTVerifier
from pepperpy.infra.security import Lockout as Lockout
from pepperpy.infra.security import MemoryCredentialStore as MemoryCredentialStore
from pepperpy.infra.security import MemoryIdentityStore as MemoryIdentityStore
from pepperpy.infra.security import PasswordHasher as PasswordHasher
from pepperpy.infra.security import PermissionLevel as PermissionLevel
from pepperpy.infra.security import SecurityError as SecurityError
from pepperpy.infra.security import SecurityManager as SecurityManager
from pepperpy.infra.security import SimpleAuthorizer as SimpleAuthorizer
from pepperpy.infra.security import create_security_manager as create_security_manager
from pepperpy.infra.security import is_api_key as is_api_key
from pepperpy.infra.serialization import FormatConverter as FormatConverter
from pepperpy.infra.serialization import JSONSerializer as JSONSerializer
from pepperpy.infra.serialization import MessagePackSerializer as MessagePackSerializer
from pepperpy.infra.serialization import PickleSerializer as PickleSerializer
from pepperpy.infra.serialization import RawSerializer as RawSerializer
from pepperpy.infra.serialization import SerializationError as SerializationError
from pepperpy.infra.serialization import SerializationFormat as SerializationFormat
from pepperpy.infra.serialization import Serializer as Serializer
from pepperpy.infra.serialization import SerializerConfig as SerializerConfig
from pepperpy.infra.serialization import XMLSerializer as XMLSerializer
from pepperpy.infra.serialization import YAMLSerializer as YAMLSerializer
from pepperpy.infra.serialization import convert_format as convert_format
from pepperpy.infra.serialization import deserialize_json as deserialize_json
from pepperpy.infra.serialization import deserialize_msgpack as deserialize_msgpack
from pepperpy.infra.serialization import deserialize_pickle as deserialize_pickle
from pepperpy.infra.serialization import deserialize_xml as deserialize_xml
from pepperpy.infra.serialization import deserialize_yaml as deserialize_yaml
from pepperpy.infra.serialization import dump_json_lines as dump_json_lines
from pepperpy.infra.serialization import from_base64 as from_base64
from pepperpy.infra.serialization import get_serializer as get_serializer
from pepperpy.infra.serialization import iter_json_lines as iter_json_lines
from pepperpy.infra.serialization import iter_msgpack as iter_msgpack
from pepperpy.infra.serialization import iter_yaml as iter_yaml
from pepperpy.infra.serialization import serialize_json as serialize_json
from pepperpy.infra.serialization import serialize_msgpack as serialize_msgpack
from pepperpy.infra.serialization import serialize_pickle as serialize_pickle
from pepperpy.infra.serialization import serialize_xml as serialize_xml
from pepperpy.infra.serialization import serialize_yaml as serialize_yaml
from pepperpy.infra.serialization import to_base64 as to_base64
from pepperpy.infra.storage import Capability as Capability
from pepperpy.infra.storage import Compressed as Compressed
from pepperpy.infra.storage import Encrypted as Encrypted
from pepperpy.infra.storage import FileStorageProvider as FileStorageProvider
from pepperpy.infra.storage import MemoryStorageProvider as MemoryStorageProvider
from pepperpy.infra.storage import ObjectStorageProvider as ObjectStorageProvider
from pepperpy.infra.storage import PostgresStorageProvider as PostgresStorageProvider
from pepperpy.infra.storage import Prefixed as Prefixed
from pepperpy.infra.storage import Put as Put
from pepperpy.infra.storage import ReadOnly as ReadOnly
from pepperpy.infra.storage import RedisStorageProvider as RedisStorageProvider
from pepperpy.infra.storage import StorageError as StorageError
from pepperpy.infra.storage import StorageProvider as StorageProvider
from pepperpy.infra.storage import StorageProviderRegistry as StorageProviderRegistry
from pepperpy.infra.storage import StorageType as StorageType
from pepperpy.infra.storage import SyncStorage as SyncStorage
from pepperpy.infra.storage import Transaction as Transaction
from pepperpy.infra.storage import as_key_value as as_key_value
from pepperpy.infra.storage import clear as clear
from pepperpy.infra.storage import clear_providers as clear_providers
from pepperpy.infra.storage import connect as connect
from pepperpy.infra.storage import copy as copy
from pepperpy.infra.storage import delete as delete
from pepperpy.infra.storage import disconnect as disconnect
from pepperpy.infra.storage import exists as exists
from pepperpy.infra.storage import export_json_lines as export_json_lines
from pepperpy.infra.storage import from_key_value as from_key_value
from pepperpy.infra.storage import get as get
from pepperpy.infra.storage import get_provider as get_provider
from pepperpy.infra.storage import get_registry as get_registry
from pepperpy.infra.storage import import_json_lines as import_json_lines
from pepperpy.infra.storage import increment as increment
from pepperpy.infra.storage import is_connected as is_connected
from pepperpy.infra.storage import keys as keys
from pepperpy.infra.storage import list_providers as list_providers
from pepperpy.infra.storage import register_file_provider as register_file_provider
from pepperpy.infra.storage import register_memory_provider as register_memory_provider
from pepperpy.infra.storage import register_object_provider as register_object_provider
from pepperpy.infra.storage import register_postgres_provider as register_postgres_provider
from pepperpy.infra.storage import register_provider as register_provider
from pepperpy.infra.storage import register_redis_provider as register_redis_provider
from pepperpy.infra.storage import register_s3_provider as register_s3_provider
from pepperpy.infra.storage import set as set  # noqa: A004
from pepperpy.infra.storage import set_registry as set_registry
from pepperpy.infra.storage import unregister_provider as unregister_provider
from pepperpy.infra.telemetry import CompositeTelemetryHandler as CompositeTelemetryHandler
from pepperpy.infra.telemetry import Event as Event
from pepperpy.infra.telemetry import EventLevel as EventLevel
from pepperpy.infra.telemetry import LoggingTelemetryHandler as LoggingTelemetryHandler
from pepperpy.infra.telemetry import MemoryTelemetryHandler as MemoryTelemetryHandler
from pepperpy.infra.telemetry import Metric as Metric
from pepperpy.infra.telemetry import MetricType as MetricType
from pepperpy.infra.telemetry import OpenTelemetryHandler as OpenTelemetryHandler
from pepperpy.infra.telemetry import OpenTelemetryProducer as OpenTelemetryProducer
from pepperpy.infra.telemetry import OTLPHandler as OTLPHandler
from pepperpy.infra.telemetry import PrometheusCollector as PrometheusCollector
from pepperpy.infra.telemetry import ProviderTelemetry as ProviderTelemetry
from pepperpy.infra.telemetry import SharedMetrics as SharedMetrics
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
from pepperpy.infra.telemetry import join_metrics as join_metrics
from pepperpy.infra.telemetry import prometheus_asgi as prometheus_asgi
from pepperpy.infra.telemetry import prometheus_text as prometheus_text
from pepperpy.infra.telemetry import prometheus_wsgi as prometheus_wsgi
from pepperpy.infra.telemetry import report_event as report_event
from pepperpy.infra.telemetry import report_metric as report_metric
from pepperpy.infra.telemetry import serve_prometheus as serve_prometheus
from pepperpy.infra.telemetry import share_metrics as share_metrics
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
from pepperpy.infra.validation import FunctionValidator as FunctionValidator
from pepperpy.infra.validation import SchemaValidator as SchemaValidator
from pepperpy.infra.validation import ValidationError as ValidationError
from pepperpy.infra.validation import ValidationLevel as ValidationLevel
from pepperpy.infra.validation import ValidationResult as ValidationResult
from pepperpy.infra.validation import Validator as Validator
from pepperpy.infra.validation import all_of as all_of
from pepperpy.infra.validation import any_of as any_of
from pepperpy.infra.validation import coerce as coerce
from pepperpy.infra.validation import contains as contains
from pepperpy.infra.validation import cross_field as cross_field
from pepperpy.infra.validation import is_bool as is_bool
from pepperpy.infra.validation import is_dict as is_dict
from pepperpy.infra.validation import is_email as is_email
from pepperpy.infra.validation import is_email_strict as is_email_strict
from pepperpy.infra.validation import is_float as is_float
from pepperpy.infra.validation import is_instance_of as is_instance_of
from pepperpy.infra.validation import is_integer as is_integer
from pepperpy.infra.validation import is_list as is_list
from pepperpy.infra.validation import is_none as is_none
from pepperpy.infra.validation import is_not_none as is_not_none
from pepperpy.infra.validation import is_number as is_number
from pepperpy.infra.validation import is_positive as is_positive
from pepperpy.infra.validation import is_set as is_set
from pepperpy.infra.validation import is_string as is_string
from pepperpy.infra.validation import is_subclass_of as is_subclass_of
from pepperpy.infra.validation import is_url as is_url
from pepperpy.infra.validation import items_between as items_between
from pepperpy.infra.validation import length_between as length_between
from pepperpy.infra.validation import matches_pattern as matches_pattern
from pepperpy.infra.validation import max_items as max_items
from pepperpy.infra.validation import max_length as max_length
from pepperpy.infra.validation import max_value as max_value
from pepperpy.infra.validation import min_items as min_items
from pepperpy.infra.validation import min_length as min_length
from pepperpy.infra.validation import min_value as min_value
from pepperpy.infra.validation import none_of as none_of
from pepperpy.infra.validation import not_ as not_
from pepperpy.infra.validation import optional as optional
from pepperpy.infra.validation import to_json_schema as to_json_schema
from pepperpy.infra.validation import transform as transform
from pepperpy.infra.validation import unique_items as unique_items
from pepperpy.infra.validation import validate as validate
from pepperpy.infra.validation import validate_async as validate_async
from pepperpy.infra.validation import validate_dict as validate_dict
from pepperpy.infra.validation import value_between as value_between

__all__ = [
    "AESCipher",
    "ApiKeyAuthenticator",
    "AsyncCacheInvalidator",
    "AuthType",
    "Authenticator",
    "Authorizer",
    "BaseConfig",
    "Bulkhead",
    "Cache",
    "CacheError",
    "CacheInvalidationRule",
    "CacheInvalidator",
    "Capability",
    "Chaos",
    "CircuitBreaker",
    "CircuitBreakerConfig",
    "CircuitBreakerError",
    "CircuitState",
    "Clock",
    "CompositeTelemetryHandler",
    "Compressed",
    "CompressedData",
    "CompressionAlgorithm",
    "CompressionDictionary",
    "CompressionError",
    "CompressionLevel",
    "ConfigError",
    "ConfigRegistry",
    "ConfigValidationError",
    "ConfigWarning",
    "ConnectionPool",
    "ConnectionPoolConfig",
    "Credential",
    "CredentialStore",
    "DataCompressor",
    "DatasetOptimizer",
    "DecoratorsError",
    "Encrypted",
    "Event",
    "EventLevel",
    "FakeClock",
    "FileStorageProvider",
    "FormatConverter",
    "FunctionValidator",
    "HTTPClientPool",
    "Hedge",
    "Identity",
    "IdentityStore",
    "InfraError",
    "InvalidationStrategy",
    "JSONSerializer",
    "JWKSClient",
    "JWTAuthenticator",
    "JWTKey",
    "JWTSigner",
    "JWTVerifier",
    "JsonCompressor",
    "Lockout",
    "LogLevel",
    "LoggingError",
    "LoggingTelemetryHandler",
    "MemoryCredentialStore",
    "MemoryIdentityStore",
    "MemoryStorageProvider",
    "MemoryTelemetryHandler",
    "MemoryTracker",
    "MessagePackSerializer",
    "Metric",
    "MetricCategory",
    "MetricResult",
    "MetricType",
    "MetricsError",
    "NumpyCompressor",
    "OTLPHandler",
    "ObjectStorageProvider",
    "OpenTelemetryHandler",
    "OpenTelemetryProducer",
    "OptimizedDataset",
    "PasswordHasher",
    "PerformanceResult",
    "PerformanceTracker",
    "PermissionLevel",
    "PickleSerializer",
    "Pipeline",
    "Policy",
    "PoolError",
    "PooledResourceContext",
    "PostgresPool",
    "PostgresStorageProvider",
    "Prefixed",
    "PrometheusCollector",
    "ProviderFallback",
    "ProviderTelemetry",
    "Put",
    "QueuePolicy",
    "RateLimit",
    "RawSerializer",
    "ReadOnly",
    "RedisResilienceStore",
    "RedisStorageProvider",
    "ResilienceError",
    "Retry",
    "RetryBudget",
    "SQLitePool",
    "Sampling",
    "SchemaValidator",
    "SecurityError",
    "SecurityManager",
    "SerializationError",
    "SerializationFormat",
    "Serializer",
    "SerializerConfig",
    "SharedMetrics",
    "SharedRetryBudget",
    "SimpleAuthorizer",
    "StatsDHandler",
    "StorageError",
    "StorageProvider",
    "StorageProviderRegistry",
    "StorageType",
    "SyncStorage",
    "TelemetryError",
    "TelemetryHandler",
    "TelemetryManager",
    "ThreadConnectionPool",
    "Timeout",
    "Timer",
    "Transaction",
    "UtilsError",
    "ValidationError",
    "ValidationLevel",
    "ValidationResult",
    "Validator",
    "XMLSerializer",
    "YAMLSerializer",
    "ainvalidate_cache",
    "all_of",
    "any_of",
    "as_key_value",
    "async_cached",
    "async_log_exceptions",
    "async_memoize",
    "async_retry",
    "async_timed",
    "benchmark",
    "bind",
    "cache_disabled",
    "cached",
    "capture_logs",
    "capture_metrics",
    "clear_cache",
    "clear_providers",
    "close_pools",
    "coerce",
    "compress_data",
    "compress_json",
    "compress_numpy",
    "config_overrides",
    "config_template",
    "configure_logging",
    "contains",
    "convert_format",
    "create_security_manager",
    "cross_field",
    "deadline",
    "decompress_data",
    "decompress_json",
    "decompress_numpy",
    "deprecated",
    "deserialize_json",
    "deserialize_msgpack",
    "deserialize_pickle",
    "deserialize_xml",
    "deserialize_yaml",
    "dict_to_object",
    "disable_telemetry",
    "dump_json_lines",
    "enable_telemetry",
    "explain_config",
    "export_json_lines",
    "flush_telemetry",
    "format_bytes",
    "from_base64",
    "from_key_value",
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
    "get_memory_usage",
    "get_pool",
    "get_provider",
    "get_provider_telemetry",
    "get_registry",
    "get_serializer",
    "get_system_info",
    "hash_string",
    "import_json_lines",
    "initialize_cache",
    "initialize_logging",
    "initialize_pools",
    "initialize_resilience",
    "initialize_telemetry",
    "invalidate_cache",
    "invalidates",
    "is_api_key",
    "is_bool",
    "is_dict",
    "is_email",
    "is_email_strict",
    "is_float",
    "is_instance_of",
    "is_integer",
    "is_list",
    "is_none",
    "is_not_none",
    "is_number",
    "is_positive",
    "is_set",
    "is_string",
    "is_subclass_of",
    "is_telemetry_enabled",
    "is_url",
    "is_valid_email",
    "is_valid_url",
    "isolated_circuit_breakers",
    "items_between",
    "iter_json_lines",
    "iter_msgpack",
    "iter_yaml",
    "join_metrics",
    "length_between",
    "lifespan",
    "list_providers",
    "load_json",
    "log_calls",
    "log_context",
    "log_exceptions",
    "log_level",
    "matches_pattern",
    "max_items",
    "max_length",
    "max_value",
    "measure_memory",
    "measure_time",
    "memoize",
    "min_items",
    "min_length",
    "min_value",
    "none_of",
    "not_",
    "object_to_dict",
    "optimize_dataset",
    "optional",
    "performance_tracker",
    "pooled_resource",
    "prometheus_asgi",
    "prometheus_text",
    "prometheus_wsgi",
    "register_config",
    "register_file_provider",
    "register_memory_provider",
    "register_object_provider",
    "register_pool",
    "register_postgres_provider",
    "register_provider",
    "register_redis_provider",
    "register_s3_provider",
    "release_connection",
    "reload_config",
    "reopen_pools",
    "report_custom_metric",
    "report_event",
    "report_metric",
    "reset_all_circuit_breakers",
    "reset_circuit_breaker",
    "reset_config",
    "resilience_disabled",
    "retry",
    "running",
    "save_json",
    "serialize_json",
    "serialize_msgpack",
    "serialize_pickle",
    "serialize_xml",
    "serialize_yaml",
    "serve_prometheus",
    "set_config",
    "set_log_level",
    "set_registry",
    "share_metrics",
    "shutdown_logging",
    "shutdown_telemetry",
    "slugify",
    "start",
    "stop",
    "subscribe_config",
    "timed",
    "to_base64",
    "to_json_schema",
    "train_dictionary",
    "transform",
    "truncate_string",
    "unique_items",
    "unregister_pool",
    "unregister_provider",
    "use_registry",
    "validate",
    "validate_all_configs",
    "validate_arguments",
    "validate_async",
    "validate_config",
    "validate_dict",
    "value_between",
    "watch_config",
    "with_circuit_breaker",
    "with_fallback",
]
