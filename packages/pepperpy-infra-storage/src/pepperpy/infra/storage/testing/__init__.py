"""A contract that every provider fulfils: derive a test class from it, for a provider of your own.

It needs pytest alone, no plug-in: each test runs an event loop of its own.
"""

from ._bulk import BulkContract
from ._expiry import ExpiryContract
from ._keys import KeysContract
from ._life import LifeContract
from ._parts import PartsContract
from ._transactions import TransactionsContract
from ._values import ValuesContract
from ._versions import VersionsContract
from ._watching import WatchingContract

__all__ = ["StorageProviderContract"]


class StorageProviderContract(
    ValuesContract,
    KeysContract,
    ExpiryContract,
    VersionsContract,
    BulkContract,
    TransactionsContract,
    WatchingContract,
    PartsContract,
    LifeContract,
):
    """Tests of what a `StorageProvider` promises; give it a `make_provider`.

    What a provider claims in its *capabilities* it must do, and all else it must refuse.
    """
