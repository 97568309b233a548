"""One place in an object store: few operations, each with a limit in time and our errors."""

from __future__ import annotations

import atexit
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pepperpy.infra.utils import deadline, generate_id, register_after_fork, require_extra

from . import _faults as faults
from . import _names as names
from ._record import unpack

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

T = TypeVar("T")

_CHUNK: Final = 1000
_TO_LET_GO: Final = 0.05
"""Seconds that the driver's threads get at exit for what they hold of finished operations."""


class Found(NamedTuple):
    """An object, or what stands for a key that was deleted."""

    content: bytes
    tag: dict[str, str]
    """What it is, for a write on the condition that it still is."""


class _Runtime:
    """The driver's threads, which no fork brings along: it would wait for them for ever."""

    def __init__(self) -> None:
        self._used = self._lost = False
        register_after_fork(self)

    def after_fork(self) -> None:
        """What was used before is of no use here."""
        self._lost = self._used

    def use(self, storage: str) -> None:
        """Go on only if they are there.

        Raises:
            StorageConnectionError: If they are not.
        """
        if self._lost:
            raise faults.forked(storage)
        if not self._used:
            self._used = True
            # One of the threads that still drops an object when the interpreter has begun to end
            # aborts the process: 11 of 120 programs on a busy machine.
            atexit.register(time.sleep, _TO_LET_GO)


_runtime = _Runtime()


class Bucket:
    """One place in an object store.

    Args:
        storage: The name of the provider, for messages.
        url: Of the place.
        options: Of the store.
        timeout: Seconds for one operation.
        connect_timeout: Seconds for one connection.
    """

    def __init__(
        self,
        storage: str,
        url: str,
        options: dict[str, Any],
        timeout: float,
        connect_timeout: float,
    ) -> None:
        self._storage = storage
        self._timeout = timeout
        self._quotes = True
        self._store = _made(url, options, timeout, connect_timeout)
        parts = urlsplit(url)  # of which some have a secret
        self.place: str = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def use(self) -> None:
        """See that it can be used in this process.

        Raises:
            StorageConnectionError: If not.
        """
        _runtime.use(self._storage)

    async def read(self, name: str) -> Found | None:
        """What is there, or `None`."""
        import obstore

        try:
            got = await self._within(obstore.get_async(self._store, name))
            content = bytes(await self._within(got.bytes_async()))
        except _Absent:
            return None
        return Found(content, self._tag(got.meta))

    async def size(self, name: str) -> int:
        """How many bytes are there; 0 if there is nothing."""
        import obstore

        try:
            return int((await self._within(obstore.head_async(self._store, name)))["size"])
        except _Absent:
            return 0

    async def write(self, name: str, content: bytes) -> None:
        """Write whatever is there."""
        import obstore

        await self._within(obstore.put_async(self._store, name, content))

    async def write_if(self, name: str, content: bytes, tag: dict[str, str] | None) -> bool:
        """Write if what is there still has this tag, or, with `None`, nothing is; tell whether."""
        import obstore

        mode: Any = "create" if tag is None else tag
        try:
            await self._within(obstore.put_async(self._store, name, content, mode=mode))
        except (_Refused, _Absent):
            return False
        return True

    async def remove(self, some: list[str]) -> None:
        """Remove objects, whether they are there or not."""
        import obstore

        for start in range(0, len(some), _CHUNK):
            chunk = some[start : start + _CHUNK]
            with suppress(_Absent):
                await self._within(obstore.delete_async(self._store, chunk))

    async def walk(
        self, beginning: str, after: str | None = None, *, empty: bool = False
    ) -> AsyncGenerator[str]:
        """Names of objects that begin so and stand behind *after*, in order; *empty* ones as well."""
        import obstore

        start = after
        if beginning and (after is None or after < beginning):
            start = names.before(beginning)
        driver: Any = obstore  # whose two kinds of chunks are of no interest here
        listing = driver.list(self._store, offset=start, chunk_size=_CHUNK)
        while chunk := await self._within(_next(listing)):
            for each in chunk:
                name = str(each["path"])
                if name.startswith(beginning):
                    if each["size"] or empty:
                        yield name
                elif name > beginning:
                    return

    async def tells_versions(self) -> bool:
        """Whether a write on a condition is done if it holds, and only then: it is tried.

        Twice, since a write whose answer was lost looks as if it had been refused.
        """
        return await self._keeps_conditions() or await self._keeps_conditions()

    async def _keeps_conditions(self) -> bool:
        name = f"{names.PROBE}{generate_id()}"
        self._quotes = True
        try:
            if not await self.write_if(name, b"1", None):
                return False
        except NotImplementedError:
            return False
        try:
            return not await self.write_if(name, b"2", None) and await self._swaps(name)
        except NotImplementedError:
            return False
        finally:
            await self.remove([name])

    async def _swaps(self, name: str) -> bool:
        stale = await self.read(name)
        if stale is None or not stale.tag:
            return False
        if not await self.write_if(name, b"3", stale.tag):
            # Some take a tag without its quotation marks alone.
            self._quotes = False
            stale = await self.read(name)
            if stale is None or not await self.write_if(name, b"3", stale.tag):
                return False
        return not await self.write_if(name, b"4", stale.tag)

    def _tag(self, meta: Any) -> dict[str, str]:
        tag = {part: meta[part] for part in ("e_tag", "version") if meta.get(part) is not None}
        if not self._quotes and "e_tag" in tag:
            tag["e_tag"] = tag["e_tag"].strip('"')
        return tag

    async def key(self, name: str) -> str | None:
        """The key of the object with this name; `None` if it is none of ours, or gone."""
        if not names.is_long(name):
            return names.key_of(name)
        found = await self.read(name)
        try:
            return None if found is None else unpack(found.content)[1]
        except ValueError:
            return None

    async def _within(self, work: Awaitable[T]) -> T:
        """What it gives, before its time or the caller's `deadline` is over.

        Raises:
            StorageError: What went wrong, by our names; the two answers below go to the caller.
        """
        import asyncio

        import obstore.exceptions

        driver: Any = obstore.exceptions  # the older versions have the first, newer ones warn of it
        left = deadline.remaining()
        limit = self._timeout if left is None else min(self._timeout, left)
        try:
            async with asyncio.timeout(limit):
                return await work
        except TimeoutError:
            raise faults.slow(self._storage, self.place, limit) from None
        except (driver.NotFoundError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error):
                raise faults.named(self._storage, self.place, error) from None
            raise _Absent from None
        except (driver.AlreadyExistsError, driver.PreconditionError):
            raise _Refused from None
        except driver.NotSupportedError:
            raise NotImplementedError from None
        except (driver.BaseError, OSError) as error:
            raise faults.named(self._storage, self.place, error) from None


class _Absent(Exception):  # noqa: N818 - an answer
    """There is no such object."""


class _Refused(Exception):  # noqa: N818 - an answer
    """The condition does not hold."""


async def _next(listing: Any) -> Any:
    try:
        return await anext(listing)
    except StopAsyncIteration:
        return None


def _made(url: Any, options: dict[str, Any], timeout: float, connect_timeout: float) -> Any:
    from datetime import timedelta

    with require_extra("pepperpy-infra-storage", "s3"):
        import obstore.exceptions
        from obstore.store import from_url

    plain = str(options.get("endpoint", "")).startswith("http://")
    limits: Any = {
        "client_options": {
            "timeout": timedelta(seconds=timeout),
            "connect_timeout": timedelta(seconds=connect_timeout),
            **({"allow_http": True} if plain else {}),
            **options.pop("client_options", {}),
        },
        "retry_config": {
            "max_retries": 2,
            "retry_timeout": timedelta(seconds=timeout),
            **options.pop("retry_config", {}),
        },
    }
    if isinstance(url, str) and url.startswith("memory:"):
        limits = {}
    try:
        return from_url(url, **limits, **options)
    except (obstore.exceptions.BaseError, ValueError, TypeError):
        pass  # out of here, since what was caught may quote a secret
    raise faults.unusable(url, [*options])
