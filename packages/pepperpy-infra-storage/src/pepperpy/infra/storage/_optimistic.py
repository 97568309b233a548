"""Changes of a value in place: read, compute, and write if nobody else wrote meanwhile.

For every provider that has versions; one that can do it in one step does so itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._capabilities import Capability
from ._codec import whole_number
from ._entry import Missing
from ._errors import ConflictError, not_found, unsupported
from ._options import check_step, check_ttl

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
        entry = await _entry_or_none(store, key)
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
    check_step(by)
    check_ttl(ttl)
    while True:
        entry = await _entry_or_none(store, key)
        total = (0 if entry is None else whole_number(key, entry.value)) + by
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
        entry = await _entry_or_none(store, key)
        if entry is None:
            return False
        try:
            await store.set(key, entry.value, ttl=ttl, if_version=entry.version)
        except ConflictError:
            await _step_aside()
            continue
        return True


async def _entry_or_none(store: StorageProvider, key: str) -> Entry | None:
    try:
        return await store.get_entry(key)
    except KeyError:
        return None


async def _swap(store: StorageProvider, key: str, value: Any, seen: Entry | None, ttl: TTL) -> None:
    """Write if the key is as it was seen; it keeps its end unless *ttl* is given."""
    # The moment itself: seconds that are left would grow by what each round takes.
    until = seen.expires_at if seen is not None and ttl is None else ttl
    if until is None:
        options: dict[str, Any] = {}
    elif Capability.TTL in store.capabilities:
        options = {"ttl": until}
    else:
        raise unsupported("ttl=", Capability.TTL, store.name)
    if seen is None:
        await store.set(key, value, if_absent=True, **options)
    else:
        await store.set(key, value, if_version=seen.version, **options)


async def _step_aside() -> None:
    """Let whoever wrote meanwhile, and those who wait, go on."""
    import asyncio

    await asyncio.sleep(0)


def _copy(value: Any) -> Any:
    from copy import deepcopy

    return deepcopy(value)
