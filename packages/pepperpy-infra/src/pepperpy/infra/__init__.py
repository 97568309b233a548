"""One place to import from: what programs use of the `pepperpy.infra` wheels, loaded on use.

Here is every name that a program writes down: the functions of each wheel, the classes that one
makes, derives from or puts into a signature, and the class that all errors of the wheel derive from.
The particular errors, and what one only gets back, like an `Explanation`, are in the wheel's own
module; so is the spine for authors of packages, in `pepperpy.infra.utils`.

Importing this package imports nothing else.  The first use of a name imports the wheel that owns
it, and the name stays here afterwards; `pepperpy.infra.utils.retry` and `pepperpy.infra.retry` are
one object.  Libraries that need one wheel only should import from that wheel, for this package
brings all of them.

Examples:
    >>> from pepperpy.infra import slugify
    >>> slugify("Crème brûlée")
    'creme-brulee'
"""

import sys as _sys
from os.path import join as _join

# The wheels may lie in other folders than this one.  `pkgutil.extend_path` would find them as
# well, but importing pkgutil costs ten times as much as this whole module.
_roots = _sys.modules["pepperpy"].__path__
__path__ = list(dict.fromkeys([*__path__, *(_join(_root, "infra") for _root in _roots)]))

# Which module owns which names.  The stub beside this file says the same to type checkers.
_OWNED = {
    "_lifecycle": ("lifespan", "running", "start", "stop"),  # the one module of this wheel's own
    "cache": (
        "AsyncCacheInvalidator",
        "Cache",
        "CacheError",
        "CacheInvalidationRule",
        "CacheInvalidator",
        "InvalidationStrategy",
        "ainvalidate_cache",
        "async_cached",
        "cache_disabled",
        "cached",
        "clear_cache",
        "initialize_cache",
        "invalidate_cache",
        "invalidates",
    ),
    "compression": (
        "CompressedData",
        "CompressionAlgorithm",
        "CompressionDictionary",
        "CompressionError",
        "CompressionLevel",
        "DataCompressor",
        "DatasetOptimizer",
        "JsonCompressor",
        "NumpyCompressor",
        "OptimizedDataset",
        "compress_data",
        "compress_json",
        "compress_numpy",
        "decompress_data",
        "decompress_json",
        "decompress_numpy",
        "optimize_dataset",
        "train_dictionary",
    ),
    "config": (
        "BaseConfig",
        "ConfigError",
        "ConfigRegistry",
        "ConfigValidationError",
        "ConfigWarning",
        "config_overrides",
        "config_template",
        "explain_config",
        "get_config",
        "register_config",
        "reload_config",
        "reset_config",
        "set_config",
        "subscribe_config",
        "use_registry",
        "validate_all_configs",
        "validate_config",
        "watch_config",
    ),
    "connection": (
        "ConnectionPool",
        "ConnectionPoolConfig",
        "HTTPClientPool",
        "PoolError",
        "PooledResourceContext",
        "PostgresPool",
        "SQLitePool",
        "ThreadConnectionPool",
        "close_pools",
        "get_connection",
        "get_pool",
        "initialize_pools",
        "pooled_resource",
        "register_pool",
        "release_connection",
        "reopen_pools",
        "unregister_pool",
    ),
    "decorators": (
        "DecoratorsError",
        "async_log_exceptions",
        "async_memoize",
        "async_timed",
        "deprecated",
        "log_calls",
        "log_exceptions",
        "memoize",
        "timed",
        "validate_arguments",
    ),
    "logging": (
        "LogLevel",
        "LoggingError",
        "QueuePolicy",
        "Sampling",
        "bind",
        "capture_logs",
        "configure_logging",
        "get_logger",
        "initialize_logging",
        "log_context",
        "log_level",
        "set_log_level",
        "shutdown_logging",
    ),
    "metrics": (
        "MemoryTracker",
        "MetricCategory",
        "MetricResult",
        "MetricsError",
        "PerformanceResult",
        "PerformanceTracker",
        "Timer",
        "benchmark",
        "format_bytes",
        "get_memory_usage",
        "get_system_info",
        "measure_memory",
        "measure_time",
        "performance_tracker",
        "report_custom_metric",
    ),
    "resilience": (
        "Bulkhead",
        "Chaos",
        "CircuitBreaker",
        "CircuitBreakerConfig",
        "CircuitBreakerError",
        "CircuitState",
        "Hedge",
        "Pipeline",
        "Policy",
        "ProviderFallback",
        "RateLimit",
        "RedisResilienceStore",
        "ResilienceError",
        "Retry",
        "SharedRetryBudget",
        "Timeout",
        "get_circuit_breaker",
        "get_fallback",
        "initialize_resilience",
        "isolated_circuit_breakers",
        "reset_all_circuit_breakers",
        "reset_circuit_breaker",
        "resilience_disabled",
        "with_circuit_breaker",
        "with_fallback",
    ),
    "security": (
        "AESCipher",
        "ApiKeyAuthenticator",
        "AuthType",
        "Authenticator",
        "Authorizer",
        "Credential",
        "CredentialStore",
        "Identity",
        "IdentityStore",
        "JWKSClient",
        "JWTAuthenticator",
        "JWTKey",
        "JWTSigner",
        "JWTVerifier",
        "Lockout",
        "MemoryCredentialStore",
        "MemoryIdentityStore",
        "PasswordHasher",
        "PermissionLevel",
        "SecurityError",
        "SecurityManager",
        "SimpleAuthorizer",
        "create_security_manager",
        "is_api_key",
    ),
    "serialization": (
        "FormatConverter",
        "JSONSerializer",
        "MessagePackSerializer",
        "PickleSerializer",
        "RawSerializer",
        "SerializationError",
        "SerializationFormat",
        "Serializer",
        "SerializerConfig",
        "XMLSerializer",
        "YAMLSerializer",
        "convert_format",
        "deserialize_json",
        "deserialize_msgpack",
        "deserialize_pickle",
        "deserialize_xml",
        "deserialize_yaml",
        "dump_json_lines",
        "from_base64",
        "get_serializer",
        "iter_json_lines",
        "iter_msgpack",
        "iter_yaml",
        "serialize_json",
        "serialize_msgpack",
        "serialize_pickle",
        "serialize_xml",
        "serialize_yaml",
        "to_base64",
    ),
    "storage": (
        "Capability",
        "Compressed",
        "Encrypted",
        "FileStorageProvider",
        "MemoryStorageProvider",
        "ObjectStorageProvider",
        "PostgresStorageProvider",
        "Prefixed",
        "Put",
        "ReadOnly",
        "RedisStorageProvider",
        "StorageError",
        "StorageProvider",
        "StorageProviderRegistry",
        "StorageType",
        "SyncStorage",
        "Transaction",
        "as_key_value",
        "clear",
        "clear_providers",
        "connect",
        "copy",
        "delete",
        "disconnect",
        "exists",
        "export_json_lines",
        "from_key_value",
        "get",
        "get_provider",
        "get_registry",
        "import_json_lines",
        "increment",
        "is_connected",
        "keys",
        "list_providers",
        "register_file_provider",
        "register_memory_provider",
        "register_object_provider",
        "register_postgres_provider",
        "register_provider",
        "register_redis_provider",
        "register_s3_provider",
        "set",
        "set_registry",
        "unregister_provider",
    ),
    "telemetry": (
        "CompositeTelemetryHandler",
        "Event",
        "EventLevel",
        "LoggingTelemetryHandler",
        "MemoryTelemetryHandler",
        "Metric",
        "MetricType",
        "OpenTelemetryHandler",
        "OTLPHandler",
        "OpenTelemetryProducer",
        "PrometheusCollector",
        "ProviderTelemetry",
        "SharedMetrics",
        "StatsDHandler",
        "TelemetryError",
        "TelemetryHandler",
        "TelemetryManager",
        "capture_metrics",
        "disable_telemetry",
        "enable_telemetry",
        "flush_telemetry",
        "get_provider_telemetry",
        "initialize_telemetry",
        "is_telemetry_enabled",
        "join_metrics",
        "prometheus_asgi",
        "prometheus_text",
        "prometheus_wsgi",
        "report_event",
        "report_metric",
        "serve_prometheus",
        "share_metrics",
        "shutdown_telemetry",
    ),
    "utils": (
        "Clock",
        "FakeClock",
        "InfraError",
        "RetryBudget",
        "UtilsError",
        "async_retry",
        "deadline",
        "dict_to_object",
        "generate_id",
        "generate_timestamp",
        "get_file_extension",
        "get_file_mime_type",
        "get_file_size",
        "hash_string",
        "is_valid_email",
        "is_valid_url",
        "load_json",
        "object_to_dict",
        "retry",
        "save_json",
        "slugify",
        "truncate_string",
    ),
    "validation": (
        "FunctionValidator",
        "SchemaValidator",
        "ValidationError",
        "ValidationLevel",
        "ValidationResult",
        "Validator",
        "all_of",
        "any_of",
        "coerce",
        "contains",
        "cross_field",
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
        "is_url",
        "items_between",
        "length_between",
        "matches_pattern",
        "max_items",
        "max_length",
        "max_value",
        "min_items",
        "min_length",
        "min_value",
        "none_of",
        "not_",
        "optional",
        "to_json_schema",
        "transform",
        "unique_items",
        "validate",
        "validate_async",
        "validate_dict",
        "value_between",
    ),
}
_OWNERS = {_name: _portion for _portion, _names in _OWNED.items() for _name in _names}

# Names too plain for a star import, which would take them from builtins and from programs.
_BY_NAME = (
    "clear",
    "connect",
    "copy",
    "delete",
    "disconnect",
    "exists",
    "get",
    "increment",
    "is_connected",
    "keys",
    "set",
)

__all__ = sorted({*_OWNERS} - {*_BY_NAME})  # pyright: ignore[reportUnsupportedDunderAll]  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name in _OWNED:
        return _load(name)
    if name in _OWNERS:
        # Kept in this module's namespace, so that nobody gets here twice for one name.
        value = globals()[name] = getattr(_load(_OWNERS[name]), name)
        return value
    if _is_imported():
        problem = f"cannot import name {name!r} from {__name__!r}{_hint(name)}"
        raise ImportError(problem, name=__name__, path=__file__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_hint(name)}", name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OWNED, *_OWNERS})


def _load(portion: str) -> object:
    from importlib import import_module

    try:
        return import_module(f"{__name__}.{portion}")
    except ModuleNotFoundError as error:
        # It may be a sibling that the portion needs.
        missing = (error.name or "").removeprefix(f"{__name__}.")
        if missing not in _OWNED:
            raise
        wheel = f"pepperpy-infra-{missing}"
        raise ModuleNotFoundError(
            f"no module named {error.name!r}: the wheel {wheel!r} is not installed; "
            f"pip install {wheel}",
            name=error.name,
        ) from error


def _is_imported() -> bool:
    """Whether a ``from ... import`` wants the name, which shows nothing of an AttributeError."""
    from opcode import opmap

    frame = _sys._getframe(2)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - nothing else tells
    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def _hint(name: str) -> str:
    if name.startswith("_"):  # tools probe for many of these, and nobody reads the answer
        return ""
    from difflib import get_close_matches

    near = get_close_matches(name, [*_OWNERS, *_OWNED], n=1)
    own = "; particular errors are in the wheel that raises them" if name.endswith("Error") else ""
    return f"{own}; did you mean {near[0]!r}?" if near else own
