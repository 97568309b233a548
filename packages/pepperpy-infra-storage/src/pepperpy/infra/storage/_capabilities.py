"""What a provider can do beside the basics."""

from __future__ import annotations

from enum import Flag, auto


class Capability(Flag):
    """What a provider can do beside the basics.  What it cannot do, it refuses; it never does less.

    Examples:
        >>> Capability.TTL in Capability.TTL | Capability.VERSIONS
        True
    """

    TTL = auto()
    """Values expire: ``ttl=``, `StorageProvider.expire`."""
    VERSIONS = auto()
    """Each write has a version: ``if_version=``, ``if_absent=``, `update`, `increment`, `get_entry`."""
    TRANSACTIONS = auto()
    """Several keys change together or not at all: `transaction`, and `set_many` is one step."""
    WATCH = auto()
    """Changes are told as they happen: `watch`."""
    BACKUP = auto()
    """A copy of the whole store is made while it is in use: `backup`."""
