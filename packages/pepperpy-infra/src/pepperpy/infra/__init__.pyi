__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from pepperpy.infra.logging import configure_logging as configure_logging
from pepperpy.infra.logging import get_logger as get_logger
from pepperpy.infra.logging import initialize_logging as initialize_logging
from pepperpy.infra.logging import set_log_level as set_log_level
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
    "async_retry",
    "configure_logging",
    "dict_to_object",
    "generate_id",
    "generate_timestamp",
    "get_file_extension",
    "get_file_mime_type",
    "get_file_size",
    "get_logger",
    "hash_string",
    "initialize_logging",
    "is_valid_email",
    "is_valid_url",
    "load_json",
    "object_to_dict",
    "retry",
    "save_json",
    "set_log_level",
    "slugify",
    "truncate_string",
]
