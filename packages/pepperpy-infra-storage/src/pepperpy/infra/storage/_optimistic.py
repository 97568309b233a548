"""Changes of a value in place: read, compute, and write if nobody else wrote meanwhile.

For every provider that has versions; one that can do it in one step does so itself.
"""

# ruff: noqa: SLF001 - it is one with the base, whose helpers it calls
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._entry import Missing
from ._errors import ConflictError, not_found
from ._options import check_ttl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ._entry import Entry
    from ._options import TTL
    from ._provider import StorageProvider

_TRIES: Final = 10_000


async def update(
    store: StorageProvider,
    key: str,
    fn: Callable[[Any], Any | Awaitable[Any]],
    default: Any,
    ttl: TTL,
) -> Any:
    """`StorageProvider.update`."""
    from inspect import isawaitable

    check_ttl(ttl)
    for _ in range(_TRIES):
        entry = await store._entry_or_none(key)
        if entry is None and isinstance(default, Missing):
            raise not_found(key, store.name)
        made = fn(_copy(default) if entry is None else entry.value)
        if isawaitable(made):
            made = await made
        try:
            await _swap(store, key, made, entry, ttl)
        except ConflictError:
            await _step_aside()
            continue
        return made
    raise ConflictError(
        f"key {key!r:.80} of storage {store.name!r} was written {_TRIES} times while update() "
        "called its function; if that one writes the key itself, let it only return the value",
        key=key,
        storage=store.name,
    )


async def increment(store: StorageProvider, key: str, by: int, ttl: TTL) -> int:
    """`StorageProvider.increment`."""
    check_ttl(ttl)
    while True:
        entry = await store._entry_or_none(key)
        total = (0 if entry is None else store._whole(key, entry.value)) + by
        try:
            await _swap(store, key, total, entry, ttl if entry is None else None)
        except ConflictError:
            await _step_aside()
            continue
        return total


async def expire(store: StorageProvider, key: str, ttl: TTL) -> bool:
    """`StorageProvider.expire`."""
    check_ttl(ttl)
    while True:
        entry = await store._entry_or_none(key)
        if entry is None:
            return False
        try:
            await store.set(key, entry.value, ttl=ttl, if_version=entry.version)
        except ConflictError:
            await _step_aside()
            continue
        return True


async def _swap(store: StorageProvider, key: str, value: Any, seen: Entry | None, ttl: TTL) -> None:
    """Write if the key is as it was seen; it keeps its end unless *ttl* is given."""
    if seen is None:
        await store.set(key, value, if_absent=True, **store._with_ttl(ttl))
        return
    # The moment itself: seconds that are left would grow by what each round takes.
    until = seen.expires_at if ttl is None else ttl
    await store.set(key, value, if_version=seen.version, **store._with_ttl(until))


async def _step_aside() -> None:
    """Let whoever wrote meanwhile, and those who wait, go on."""
    import asyncio

    await asyncio.sleep(0)


def _copy(value: Any) -> Any:
    from copy import deepcopy

    return deepcopy(value)
