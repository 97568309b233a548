"""The facade offers the names that it promises, each one the very object of its owner."""

from __future__ import annotations

import ast
import builtins
import tomllib
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

import pepperpy.infra
from pepperpy.infra.utils import InfraError

# Every name of the unified API.  A wheel's names are due as soon as the facade depends on it.
PROMISED = {
    "_lifecycle": "lifespan running start stop",
    "cache": """
        AsyncCacheInvalidator Cache CacheError CacheInvalidationRule CacheInvalidator
        InvalidationStrategy ainvalidate_cache async_cached cache_disabled cached clear_cache
        initialize_cache invalidate_cache invalidates
    """,
    "compression": """
        CompressedData CompressionAlgorithm CompressionDictionary CompressionError CompressionLevel
        DataCompressor DatasetOptimizer JsonCompressor NumpyCompressor OptimizedDataset
        compress_data compress_json compress_numpy decompress_data decompress_json decompress_numpy
        optimize_dataset train_dictionary
    """,
    "config": """
        BaseConfig ConfigError ConfigRegistry ConfigValidationError ConfigWarning config_overrides
        config_template explain_config get_config register_config reload_config reset_config
        set_config subscribe_config use_registry validate_all_configs validate_config watch_config
    """,
    "connection": """
        ConnectionPool ConnectionPoolConfig HTTPClientPool PoolError PooledResourceContext
        PostgresPool SQLitePool ThreadConnectionPool close_pools get_connection get_pool
        initialize_pools pooled_resource register_pool release_connection reopen_pools
        unregister_pool
    """,
    "decorators": """
        DecoratorsError async_log_exceptions async_memoize async_timed deprecated log_calls log_exceptions memoize
        timed validate_arguments
    """,
    "logging": """
        LogLevel LoggingError QueuePolicy Sampling bind capture_logs configure_logging get_logger
        initialize_logging log_context log_level set_log_level shutdown_logging
    """,
    "metrics": """
        MemoryTracker MetricCategory MetricResult MetricsError PerformanceResult PerformanceTracker
        Timer benchmark format_bytes get_memory_usage get_system_info measure_memory measure_time
        performance_tracker report_custom_metric
    """,
    "resilience": """
        Bulkhead Chaos CircuitBreaker CircuitBreakerConfig CircuitBreakerError CircuitState Hedge
        Pipeline Policy ProviderFallback RateLimit RedisResilienceStore ResilienceError Retry
        SharedRetryBudget Timeout get_circuit_breaker get_fallback initialize_resilience
        isolated_circuit_breakers reset_all_circuit_breakers reset_circuit_breaker
        resilience_disabled with_circuit_breaker with_fallback
    """,
    "security": """
        AESCipher ApiKeyAuthenticator AuthType Authenticator Authorizer Credential
        CredentialStore Identity IdentityStore JWKSClient JWTAuthenticator JWTKey JWTSigner
        JWTVerifier Lockout MemoryCredentialStore MemoryIdentityStore PasswordHasher
        PermissionLevel SecurityError SecurityManager SimpleAuthorizer
        create_security_manager is_api_key
    """,
    "serialization": """
        FormatConverter JSONSerializer MessagePackSerializer PickleSerializer RawSerializer
        SerializationError SerializationFormat Serializer SerializerConfig XMLSerializer
        YAMLSerializer convert_format deserialize_json deserialize_msgpack
        deserialize_pickle deserialize_xml deserialize_yaml dump_json_lines from_base64 get_serializer
        iter_json_lines iter_msgpack iter_yaml serialize_json serialize_msgpack
        serialize_pickle serialize_xml serialize_yaml to_base64
    """,
    "storage": """
        Capability Compressed Encrypted FileStorageProvider MemoryStorageProvider
        ObjectStorageProvider PostgresStorageProvider Prefixed Put ReadOnly RedisStorageProvider
        StorageError StorageProvider StorageProviderRegistry StorageType SyncStorage
        Transaction as_key_value clear clear_providers connect copy delete disconnect exists
        export_json_lines from_key_value get get_provider get_registry import_json_lines increment
        is_connected keys list_providers register_file_provider register_memory_provider
        register_object_provider register_postgres_provider register_provider
        register_redis_provider register_s3_provider set set_registry unregister_provider
    """,
    "telemetry": """
        CompositeTelemetryHandler Event EventLevel LoggingTelemetryHandler MemoryTelemetryHandler
        Metric MetricType OTLPHandler OpenTelemetryHandler OpenTelemetryProducer
        PrometheusCollector ProviderTelemetry SharedMetrics StatsDHandler TelemetryError
        TelemetryHandler TelemetryManager
        capture_metrics disable_telemetry enable_telemetry flush_telemetry get_provider_telemetry
        initialize_telemetry is_telemetry_enabled join_metrics prometheus_asgi prometheus_text
        prometheus_wsgi report_event report_metric serve_prometheus share_metrics
        shutdown_telemetry
    """,
    "utils": """
        Clock FakeClock InfraError RetryBudget UtilsError async_retry deadline dict_to_object
        generate_id generate_timestamp get_file_extension get_file_mime_type get_file_size
        hash_string is_valid_email is_valid_url load_json object_to_dict retry save_json slugify
        truncate_string
    """,
    "validation": """
        FunctionValidator SchemaValidator ValidationError ValidationLevel ValidationResult
        Validator all_of any_of coerce contains cross_field is_bool is_dict is_email
        is_email_strict is_float is_instance_of is_integer is_list is_none is_not_none
        is_number is_positive is_set is_string is_subclass_of is_url items_between
        length_between matches_pattern max_items max_length max_value min_items min_length
        min_value none_of not_ optional to_json_schema transform unique_items validate
        validate_async validate_dict value_between
    """,
}

# What utils has for authors of packages: programs import it from there.
SPINE = """
    arun_closers did_you_mean emit inspectables listening nearest passes_through redaction
    register_after_fork register_closer register_inspectable replace_file require_extra run_closers
    running_loop subscribe to_seconds wrapping
"""

HERE = Path(__file__).parent
STUB = Path(pepperpy.infra.__file__).with_suffix(".pyi")
PATH_LINE = '__path__ = __import__("pkgutil").extend_path(__path__, __name__)'


def portions() -> list[str]:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return [
        spec.removeprefix("pepperpy-infra-").partition(">=")[0].partition("[")[0]
        for spec in project["dependencies"]
    ]


def parts() -> list[str]:
    """The modules that own names: the wheels', and this wheel's own."""
    return ["_lifecycle", *portions()]


def promised(present: Iterable[str]) -> dict[str, str]:
    return {name: portion for portion in present for name in PROMISED[portion].split()}


def differences(table: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: owned by {table.get(name)}, should be {wanted.get(name)}"
        for name in sorted({*table, *wanted})
        if table.get(name) != wanted.get(name)
    ]


def due(portion: str) -> set[str]:
    """The functions of a wheel, and the class that all its errors derive from."""
    owner = import_module(f"pepperpy.infra.{portion}")
    roots = {
        name
        for name in owner.__all__
        if InfraError in getattr(getattr(owner, name), "__bases__", ())
        and len(getattr(owner, name).__bases__) == 1
    }
    return roots | {name for name in owner.__all__ if name.islower()}


def here(name: str) -> object:
    """What the facade has under *name*, whoever owns it."""
    return getattr(pepperpy.infra, name, None)


def clashes(names: Iterable[str], modules: Iterable[str]) -> list[str]:
    return sorted(set(names) & set(modules))


class Stub:
    """What type checkers are told, read off the stub's text."""

    def __init__(self, text: str) -> None:
        self.first_line = text.partition("\n")[0]
        tree = ast.parse(text)
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        self.table = {
            alias.asname: (node.module or "").removeprefix("pepperpy.infra.")
            for node in imports
            for alias in node.names
            if alias.asname == alias.name  # only `x as x` re-exports
        }
        (self.all,) = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]


NAMES = sorted(promised(parts()).items())


class TestTable:
    def test_holds_every_promised_name_of_every_wheel_there_is_and_no_other(self) -> None:
        assert differences(pepperpy.infra._OWNERS, promised(parts())) == []

    @pytest.mark.parametrize(
        "planted",
        [
            pytest.param({"retry": None}, id="missing"),
            pytest.param({"retry": "logging"}, id="wrong owner"),
            pytest.param({"cached": "cache"}, id="of a wheel that does not exist"),
        ],
    )
    def test_a_planted_difference_is_found(self, planted: dict[str, str | None]) -> None:
        (name,) = planted
        table = {**promised(["utils", "logging"]), **planted}

        found = differences(
            {name: owner for name, owner in table.items() if owner},
            promised(["utils", "logging"]),
        )

        assert [difference.partition(":")[0] for difference in found] == [name]

    @pytest.mark.parametrize(("name", "portion"), NAMES)
    def test_each_name_is_the_public_object_of_its_owner(self, name: str, portion: str) -> None:
        owner = import_module(f"pepperpy.infra.{portion}")

        assert getattr(pepperpy.infra, name) is getattr(owner, name)
        assert portion == "_lifecycle" or name in owner.__all__

    @pytest.mark.parametrize("portion", portions())
    def test_no_function_and_no_root_of_errors_is_left_out(self, portion: str) -> None:
        owner = import_module(f"pepperpy.infra.{portion}")
        names = {name for name in due(portion) if name not in SPINE.split()}

        assert {name for name in names if getattr(owner, name) is not here(name)} == set()
        assert due("logging") >= {"capture_logs", "log_level", "LoggingError"}

    def test_no_export_has_the_name_of_a_portion(self) -> None:
        # Whether `from pepperpy.infra import cache` gave the function or the module would depend
        # on what was imported before.
        assert clashes(pepperpy.infra._OWNERS, PROMISED) == []

    def test_a_planted_clash_with_a_portion_is_found(self) -> None:
        assert clashes(["cached", "cache"], PROMISED) == ["cache"]

    def test_every_portion_of_the_table_is_a_dependency_and_the_reverse(self) -> None:
        assert sorted(pepperpy.infra._OWNED) == sorted(parts())


class TestStarImport:
    def test_brings_every_name_and_nothing_else(self) -> None:
        space: dict[str, object] = {}

        exec("from pepperpy.infra import *", space)

        del space["__builtins__"]
        assert sorted(space) == pepperpy.infra.__all__

    def test_leaves_out_what_is_too_plain_and_that_resolves_by_name(self) -> None:
        left_out = {*pepperpy.infra._OWNERS} - {*pepperpy.infra.__all__}

        assert left_out == {*pepperpy.infra._BY_NAME}
        assert left_out >= {"get", "set", "connect"}
        assert all(here(name) is not None for name in left_out)

    def test_shadows_no_builtin(self) -> None:
        assert clashes(pepperpy.infra.__all__, vars(builtins)) == []


class TestStub:
    def test_first_line_lets_checkers_see_wheels_in_other_folders(self) -> None:
        assert Stub(STUB.read_text("utf-8")).first_line == PATH_LINE

    def test_says_what_the_table_says(self) -> None:
        assert differences(Stub(STUB.read_text("utf-8")).table, pepperpy.infra._OWNERS) == []

    def test_exports_what_the_module_exports(self) -> None:
        assert sorted(Stub(STUB.read_text("utf-8")).all) == pepperpy.infra.__all__

    @pytest.mark.parametrize(
        ("line", "instead"),
        [
            ("from pepperpy.infra.utils import slugify as slugify", ""),
            (
                "from pepperpy.infra.utils import slugify as slugify",
                "from pepperpy.infra.utils import slugify",
            ),
            ("infra.utils import slugify", "infra.logging import slugify"),
        ],
        ids=["missing", "not re-exported", "wrong owner"],
    )
    def test_a_planted_difference_is_found(self, line: str, instead: str) -> None:
        text = STUB.read_text("utf-8")
        assert line in text

        found = differences(Stub(text.replace(line, instead)).table, pepperpy.infra._OWNERS)

        assert [difference.partition(":")[0] for difference in found] == ["slugify"]

    def test_the_wheel_is_typed(self) -> None:
        assert STUB.with_name("py.typed").exists()


class TestModule:
    def test_dir_lists_names_and_portions_before_their_first_use(self) -> None:
        listed = dir(pepperpy.infra)

        assert {*pepperpy.infra._OWNERS, *pepperpy.infra._OWNED} <= set(listed)
        assert listed == sorted(listed)

    def test_portions_are_attributes(self) -> None:
        assert pepperpy.infra.utils is import_module("pepperpy.infra.utils")

    def test_an_unknown_name_is_an_attribute_error_that_offers_the_nearest_one(self) -> None:
        with pytest.raises(
            AttributeError, match="no attribute 'slugfy'; did you mean 'slugify'"
        ) as caught:
            _ = pepperpy.infra.slugfy

        assert caught.value.name == "slugfy"

    def test_a_misspelt_import_offers_the_nearest_one_too(self) -> None:
        with pytest.raises(
            ImportError, match=r"cannot import .*; did you mean 'slugify'"
        ) as caught:
            exec("from pepperpy.infra import retry, slugfy")

        assert caught.value.name == "pepperpy.infra"
        assert not hasattr(pepperpy.infra, "slugfy")

    def test_an_error_that_only_its_wheel_has_is_told_to_be_there(self) -> None:
        with pytest.raises(ImportError, match="are in the wheel that raises them"):
            exec("from pepperpy.infra import PoolTimeoutError")

    def test_a_name_like_no_other_gets_no_advice(self) -> None:
        with pytest.raises(AttributeError, match=r"no attribute 'qqqqqq'$"):
            _ = pepperpy.infra.qqqqqq

    def test_tools_that_probe_for_private_names_get_a_plain_answer(self) -> None:
        assert not hasattr(pepperpy.infra, "__wrapped__")
        with pytest.raises(AttributeError, match=r"no attribute '_retry'$"):
            _ = pepperpy.infra._retry
