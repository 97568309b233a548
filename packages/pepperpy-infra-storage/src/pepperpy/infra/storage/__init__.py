"""JSON values under keys, with one semantics in memory and in a crash-safe file."""

from ._as_key_value import KeyValueAdapter, as_key_value
from ._capabilities import Capability
from ._copy import copy, export_json_lines, import_json_lines
from ._default import (
    clear,
    clear_providers,
    connect,
    delete,
    disconnect,
    exists,
    get,
    get_provider,
    get_registry,
    increment,
    is_connected,
    keys,
    list_providers,
    register_file_provider,
    register_memory_provider,
    register_provider,
    set,  # noqa: A004 - the name that it goes by
    set_registry,
    unregister_provider,
)
from ._entry import MISSING, Change, Entry, Missing, Page, Put
from ._errors import (
    ConflictError,
    CorruptStoreError,
    CorruptValueError,
    ImportLineError,
    InvalidKeyError,
    InvalidOptionError,
    InvalidValueError,
    KeyExistsError,
    KeyNotFoundError,
    LockedError,
    ProviderNameError,
    ReadOnlyError,
    StorageConnectionError,
    StorageError,
    StorageFullError,
    UnknownProviderError,
    UnsupportedError,
    VersionMismatchError,
)
from ._file import FileStorageProvider
from ._from_key_value import KeyValueStore, from_key_value
from ._memory import MemoryStorageProvider
from ._options import TTL
from ._provider import StorageProvider
from ._registry import StorageProviderRegistry
from ._sync import SyncStorage, SyncTransaction
from ._transaction import Transaction
from ._type import StorageType
from ._watch import Watch
from ._wrappers import Cipher, Codec, Compressed, Encrypted, Prefixed, ReadOnly

__all__ = [
    "MISSING",
    "TTL",
    "Capability",
    "Change",
    "Cipher",
    "Codec",
    "Compressed",
    "ConflictError",
    "CorruptStoreError",
    "CorruptValueError",
    "Encrypted",
    "Entry",
    "FileStorageProvider",
    "ImportLineError",
    "InvalidKeyError",
    "InvalidOptionError",
    "InvalidValueError",
    "KeyExistsError",
    "KeyNotFoundError",
    "KeyValueAdapter",
    "KeyValueStore",
    "LockedError",
    "MemoryStorageProvider",
    "Missing",
    "Page",
    "Prefixed",
    "ProviderNameError",
    "Put",
    "ReadOnly",
    "ReadOnlyError",
    "StorageConnectionError",
    "StorageError",
    "StorageFullError",
    "StorageProvider",
    "StorageProviderRegistry",
    "StorageType",
    "SyncStorage",
    "SyncTransaction",
    "Transaction",
    "UnknownProviderError",
    "UnsupportedError",
    "VersionMismatchError",
    "Watch",
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
    "register_provider",
    "set",
    "set_registry",
    "unregister_provider",
]
