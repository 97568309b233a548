"""All of the contract."""

from __future__ import annotations

from . import _bulk, _expiry, _keys, _life, _parts, _transactions, _values, _versions, _watching


class StorageProviderContract(
    _values.ValuesContract,
    _keys.KeysContract,
    _expiry.ExpiryContract,
    _versions.VersionsContract,
    _bulk.BulkContract,
    _transactions.TransactionsContract,
    _watching.WatchingContract,
    _parts.PartsContract,
    _life.LifeContract,
):
    """Tests of what a `StorageProvider` promises; give it a `make_provider`.

    What a provider claims in its *capabilities* it must do, and all else it must refuse.
    """
