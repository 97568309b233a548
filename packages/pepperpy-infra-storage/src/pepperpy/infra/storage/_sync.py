"""Storage for programs without an event loop."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from pepperpy.infra.utils import ForkSafeLock, register_after_fork

from ._entry import MISSING, Entry, Missing, Page
from ._options import given

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping
    from os import PathLike
    from types import TracebackType

    from ._options import TTL
    from ._provider import StorageProvider
    from ._transaction import Transaction

R = TypeVar("R")


class _Run(Protocol):
    def __call__(self, work: Coroutine[Any, Any, R], /) -> R: ...


class _Loop:
    """An event loop in a thread of its own, which begins with the first use and ends with the program."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        register_after_fork(self)

    def after_fork(self) -> None:
        """The thread did not come along."""
        self._loop = None

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What the coroutine returns; other threads wait here meanwhile."""
        import asyncio

        if current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "a method of .sync was called by what .sync itself runs; await it there"
            )
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupt, and the work goes on without anybody
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        import asyncio

        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                self._thread = Thread(
                    target=loop.run_forever, name="pepperpy-storage-sync", daemon=True
                )
                self._thread.start()
                self._loop = loop
            return self._loop


_loop = _Loop()


def _drive(work: Coroutine[Any, Any, R]) -> R:
    """What a coroutine returns that waits for nothing, here and now."""
    while True:
        try:
            work.send(None)
        except StopIteration as done:
            result: R = done.value
            return result


class SyncStorage:
    """A provider's methods without ``await``, in any thread; `StorageProvider.sync` makes one.

    Work that waits for an event loop runs on one in a thread of its own; the rest is done in the
    thread that calls.  A coroutine that called this would stop its own loop for as long.  `watch`
    has no such form.
    """

    def __init__(self, provider: StorageProvider) -> None:
        self.provider: StorageProvider = provider
        """The one whose methods these are."""

    def _run(self, work: Coroutine[Any, Any, R]) -> R:
        run: _Run = _loop.run if self.provider.waits else _drive
        return run(work)

    @property
    def name(self) -> str:
        """What the provider is called."""
        return self.provider.name

    def connect(self) -> None:
        """See `StorageProvider.connect`."""
        self._run(self.provider.connect())

    def disconnect(self) -> None:
        """See `StorageProvider.disconnect`."""
        self._run(self.provider.disconnect())

    def is_connected(self) -> bool:
        """See `StorageProvider.is_connected`."""
        return self._run(self.provider.is_connected())

    def get(self, key: str, default: Any = MISSING) -> Any:
        """See `StorageProvider.get`."""
        try:
            return self._run(self.provider.get(key))
        except KeyError:
            if isinstance(default, Missing):
                raise
            return default

    def get_entry(self, key: str) -> Entry:
        """See `StorageProvider.get_entry`."""
        return self._run(self.provider.get_entry(key))

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See `StorageProvider.get_many`."""
        return self._run(self.provider.get_many(keys))

    def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        """See `StorageProvider.set`."""
        options = given(ttl, if_version, if_absent)
        return self._run(self.provider.set(key, value, **options))

    def set_many(self, values: Mapping[str, Any], *, ttl: TTL = None) -> dict[str, int]:
        """See `StorageProvider.set_many`."""
        return self._run(self.provider.set_many(values, ttl=ttl))

    def delete(self, key: str, *, if_version: int | None = None) -> bool:
        """See `StorageProvider.delete`."""
        return self._run(self.provider.delete(key, **given(if_version=if_version)))

    def delete_many(self, keys: Iterable[str]) -> int:
        """See `StorageProvider.delete_many`."""
        return self._run(self.provider.delete_many(keys))

    def exists(self, key: str) -> bool:
        """See `StorageProvider.exists`."""
        return self._run(self.provider.exists(key))

    def keys(self, pattern: str | None = None) -> list[str]:
        """See `StorageProvider.keys`."""
        return self._run(self.provider.keys(pattern))

    def clear(self) -> None:
        """See `StorageProvider.clear`."""
        self._run(self.provider.clear())

    def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        """See `StorageProvider.scan`."""
        return self._run(self.provider.scan(prefix, cursor=cursor, limit=limit))

    def items(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """See `StorageProvider.items`."""
        cursor: str | None = None
        while True:
            page = self.scan(prefix, cursor=cursor)
            for key, entry in page.entries.items():
                yield key, entry.value
            cursor = page.cursor
            if cursor is None:
                return

    def update(
        self, key: str, fn: Callable[[Any], Any], *, default: Any = MISSING, ttl: TTL = None
    ) -> Any:
        """See `StorageProvider.update`; *fn* is called in the thread of the loop."""
        return _loop.run(self.provider.update(key, fn, default=default, ttl=ttl))

    def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        """See `StorageProvider.increment`."""
        return self._run(self.provider.increment(key, by, ttl=ttl))

    def expire(self, key: str, ttl: TTL) -> bool:
        """See `StorageProvider.expire`."""
        return self._run(self.provider.expire(key, ttl))

    @contextmanager
    def transaction(self) -> Generator[SyncTransaction]:
        """See `StorageProvider.transaction`: ``with store.sync.transaction() as tx``."""
        transaction = self.provider.transaction()
        self._run(transaction.__aenter__())
        try:
            yield SyncTransaction(transaction, self._run)
        except BaseException as error:
            self._run(transaction.__aexit__(type(error), error, error.__traceback__))
            raise
        self._run(transaction.__aexit__(None, None, None))

    def backup(self, path: str | PathLike[str]) -> None:
        """See `StorageProvider.backup`."""
        self._run(self.provider.backup(path))

    def namespace(self, name: str) -> SyncStorage:
        """See `StorageProvider.namespace`."""
        return SyncStorage(self.provider.namespace(name))

    def info(self) -> dict[str, Any]:
        """See `StorageProvider.info`."""
        return self._run(self.provider.info())

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disconnect()


class SyncTransaction:
    """A transaction's methods without ``await``."""

    def __init__(self, transaction: Transaction, run: _Run) -> None:
        self._transaction = transaction
        self._run = run

    @property
    def versions(self) -> dict[str, int]:
        """Those of what was written, once the block has ended."""
        return self._transaction.versions

    def get(self, key: str, default: Any = MISSING) -> Any:
        """See `Transaction.get`."""
        return self._run(self._transaction.get(key, default))

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See `Transaction.get_many`."""
        return self._run(self._transaction.get_many(keys))

    def exists(self, key: str) -> bool:
        """See `Transaction.exists`."""
        return self._run(self._transaction.exists(key))

    def set(self, key: str, value: Any, *, ttl: TTL = None) -> None:
        """See `Transaction.set`."""
        self._run(self._transaction.set(key, value, ttl=ttl))

    def delete(self, key: str) -> None:
        """See `Transaction.delete`."""
        self._run(self._transaction.delete(key))

    def update(self, key: str, fn: Callable[[Any], Any], *, default: Any = MISSING) -> Any:
        """See `Transaction.update`."""
        return self._run(self._transaction.update(key, fn, default=default))
