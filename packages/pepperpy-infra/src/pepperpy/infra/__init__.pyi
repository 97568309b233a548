__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from pepperpy.infra.config import BaseConfig as BaseConfig
from pepperpy.infra.config import ConfigError as ConfigError
from pepperpy.infra.config import ConfigRegistry as ConfigRegistry
from pepperpy.infra.config import ConfigValidationError as ConfigValidationError
from pepperpy.infra.config import explain_config as explain_config
from pepperpy.infra.config import get_config as get_config
from pepperpy.infra.config import register_config as register_config
from pepperpy.infra.config import reload_config as reload_config
from pepperpy.infra.config import reset_config as reset_config
from pepperpy.infra.config import set_config as set_config
from pepperpy.infra.config import validate_all_configs as validate_all_configs
from pepperpy.infra.config import validate_config as validate_config
from pepperpy.infra.logging import configure_logging as configure_logging
from pepperpy.infra.logging import get_logger as get_logger
from pepperpy.infra.logging import initialize_logging as initialize_logging
from pepperpy.infra.logging import set_log_level as set_log_level
from pepperpy.infra.telemetry import EventLevel as EventLevel
from pepperpy.infra.telemetry import MetricType as MetricType
from pepperpy.infra.telemetry import ProviderTelemetry as ProviderTelemetry
from pepperpy.infra.telemetry import TelemetryHandler as TelemetryHandler
from pepperpy.infra.telemetry import TelemetryManager as TelemetryManager
from pepperpy.infra.telemetry import disable_telemetry as disable_telemetry
from pepperpy.infra.telemetry import enable_telemetry as enable_telemetry
from pepperpy.infra.telemetry import get_provider_telemetry as get_provider_telemetry
from pepperpy.infra.telemetry import initialize_telemetry as initialize_telemetry
from pepperpy.infra.telemetry import is_telemetry_enabled as is_telemetry_enabled
from pepperpy.infra.telemetry import report_event as report_event
from pepperpy.infra.telemetry import report_metric as report_metric
from pepperpy.infra.utils import async_retry as async_retry
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
    "ConfigError",
    "ConfigRegistry",
    "ConfigValidationError",
    "EventLevel",
    "MetricType",
    "ProviderTelemetry",
    "TelemetryHandler",
    "TelemetryManager",
    "async_retry",
    "configure_logging",
    "dict_to_object",
    "disable_telemetry",
    "enable_telemetry",
    "explain_config",
    "generate_id",
    "generate_timestamp",
    "get_config",
    "get_file_extension",
    "get_file_mime_type",
    "get_file_size",
    "get_logger",
    "get_provider_telemetry",
    "hash_string",
    "initialize_logging",
    "initialize_telemetry",
    "is_telemetry_enabled",
    "is_valid_email",
    "is_valid_url",
    "load_json",
    "object_to_dict",
    "register_config",
    "reload_config",
    "report_event",
    "report_metric",
    "reset_config",
    "retry",
    "save_json",
    "set_config",
    "set_log_level",
    "slugify",
    "truncate_string",
    "validate_all_configs",
    "validate_config",
]
