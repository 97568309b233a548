"""A contract that every provider fulfils: derive a test class from it, for a provider of your own.

It needs pytest alone, no plug-in: each test runs an event loop of its own.
"""

from ._contract import StorageProviderContract

__all__ = ["StorageProviderContract"]
