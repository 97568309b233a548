"""JSON values under keys, with one semantics in memory and in a crash-safe file."""

from ._capabilities import Capability
from ._codec import decode as decode_value
from ._codec import encode as encode_value
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
from ._memory import MemoryStorageProvider
from ._options import TTL
from ._provider import StorageProvider
from ._registry import StorageProviderRegistry
from ._transaction import Transaction
from ._type import StorageType
from ._watch import Watch

__all__ = [
    "MISSING",
    "TTL",
    "Capability",
    "Change",
    "ConflictError",
    "CorruptStoreError",
    "CorruptValueError",
    "Entry",
    "FileStorageProvider",
    "InvalidKeyError",
    "InvalidOptionError",
    "InvalidValueError",
    "KeyExistsError",
    "KeyNotFoundError",
    "LockedError",
    "MemoryStorageProvider",
    "Missing",
    "Page",
    "ProviderNameError",
    "Put",
    "ReadOnlyError",
    "StorageConnectionError",
    "StorageError",
    "StorageFullError",
    "StorageProvider",
    "StorageProviderRegistry",
    "StorageType",
    "Transaction",
    "UnknownProviderError",
    "UnsupportedError",
    "VersionMismatchError",
    "Watch",
    "clear",
    "clear_providers",
    "connect",
    "decode_value",
    "delete",
    "disconnect",
    "encode_value",
    "exists",
    "get",
    "get_provider",
    "get_registry",
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
