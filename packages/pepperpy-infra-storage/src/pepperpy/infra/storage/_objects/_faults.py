"""What goes wrong between us and an object store, by the names of this package."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.storage._errors import (
    InvalidOptionError,
    ReadOnlyError,
    StorageConnectionError,
    StorageError,
    StorageTimeoutError,
)


def slow(storage: str, place: str, seconds: float) -> StorageTimeoutError:
    """The error for a store that does not answer."""
    return StorageTimeoutError(
        f"storage {storage!r} had no answer from {place} for {seconds:.3g} s; whether a write under "
        "way was done is not known",
        storage=storage,
    )


def named(storage: str, place: str, error: Exception) -> StorageError:
    """The error of this package for one of the driver's."""
    kind = type(error).__name__
    # The rest is the source code's view of it, and what the server said in full.
    words = str(error).partition("\n")[0][:200]
    if kind in {"PermissionDeniedError", "UnauthenticatedError", "PermissionError"}:
        return ReadOnlyError(
            f"{place} does not let storage {storage!r} do this: {words}; see the credentials and "
            "what they allow",
            storage=storage,
        )
    if kind in {"NotFoundError", "FileNotFoundError"}:
        return StorageConnectionError(
            f"storage {storage!r} finds no {place}: {words}; make the bucket first", storage=storage
        )
    return StorageConnectionError(
        f"storage {storage!r} cannot reach {place}: {words}; see that it is there, and that endpoint "
        "and region are right",
        storage=storage,
    )


def forked(storage: str) -> StorageConnectionError:
    """The error for a child of a process that used an object store before it forked."""
    return StorageConnectionError(
        f"storage {storage!r} cannot be used here: this process was forked by one that had used an "
        "object store, and the driver's threads stayed there; fork first, or spawn",
        storage=storage,
    )


def unusable(url: Any, options: list[str]) -> InvalidOptionError:
    """The error for a URL or options that make no store; neither is shown whole."""
    scheme = url.partition(":")[0] if isinstance(url, str) else type(url).__name__
    given = f", with options {', '.join(options)}" if options else ""
    return InvalidOptionError(
        "url must be like s3://bucket/folder, gs://bucket or az://account/container, and options such "
        f"as the store has; got {scheme!r:.40}{given}",
        option="url",
    )
