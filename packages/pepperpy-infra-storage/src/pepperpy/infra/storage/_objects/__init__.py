"""Storage in S3 and its like; obstore is imported when a provider is made."""

from ._provider import ObjectStorageProvider

__all__ = ["ObjectStorageProvider"]
