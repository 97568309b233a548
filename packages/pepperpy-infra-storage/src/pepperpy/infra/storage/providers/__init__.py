"""For authors of providers: checks of arguments, values as bytes, globs, errors, and watchers.

Together with `pepperpy.infra.storage.testing` this is what a `StorageProvider` of your own is made with.
"""

from pepperpy.infra.storage._codec import decode as decode_value
from pepperpy.infra.storage._codec import encode as encode_value
from pepperpy.infra.storage._errors import (
    already_there,
    mismatch,
    not_connected,
    not_found,
    unsupported,
)
from pepperpy.infra.storage._keys import check_key, check_prefix, key_matcher
from pepperpy.infra.storage._options import (
    check_condition,
    check_count,
    check_expected,
    check_ttl,
    check_writes,
)
from pepperpy.infra.storage._watch import Watchers

__all__ = [
    "Watchers",
    "already_there",
    "check_condition",
    "check_count",
    "check_expected",
    "check_key",
    "check_prefix",
    "check_ttl",
    "check_writes",
    "decode_value",
    "encode_value",
    "key_matcher",
    "mismatch",
    "not_connected",
    "not_found",
    "unsupported",
]
