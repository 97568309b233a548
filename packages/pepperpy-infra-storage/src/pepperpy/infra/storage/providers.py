"""For authors of providers: checks of arguments, values as bytes, globs, and those who watch.

Together with `pepperpy.infra.storage.testing` this is what a `StorageProvider` of your own is made with.
"""

from ._codec import decode as decode_value
from ._codec import encode as encode_value
from ._keys import check_key, check_prefix, key_matcher
from ._options import check_condition, check_count, check_ttl
from ._watch import Watchers

__all__ = [
    "Watchers",
    "check_condition",
    "check_count",
    "check_key",
    "check_prefix",
    "check_ttl",
    "decode_value",
    "encode_value",
    "key_matcher",
]
