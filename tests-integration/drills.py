"""What the drills of the storage back ends share: callers under load, and what they saw."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self

from pepperpy.infra.storage import StorageError, StorageProvider


@dataclass
class Seen:
    """What callers saw: calls that were answered, errors by name, and the longest wait."""

    calls: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    async def call(self, work: Awaitable[Any]) -> Any:
        """Its answer, or the error that was its answer; an error that is none of ours is raised."""
        begun = perf_counter()
        try:
            answer = await work
        except StorageError as error:
            self.errors[type(error).__name__] += 1
            return error
        else:
            self.calls += 1
            return answer
        finally:
            self.slowest = max(self.slowest, perf_counter() - begun)

    def table(self, drill: str) -> dict[str, Any]:
        """One line of the table of drills, printed for whoever reads the log."""
        row = {
            "drill": drill,
            "answered": self.calls,
            "errors": dict(self.errors),
            "slowest_ms": round(self.slowest * 1000, 1),
        }
        print(row)  # noqa: T201 - for the log
        return row


class Writers:
    """Tasks that write numbers that only grow, each under a key of its own, until they are stopped."""

    def __init__(self, store: StorageProvider, count: int = 16) -> None:
        self.seen = Seen()
        self.acknowledged: dict[str, int] = {}
        self.tried: dict[str, int] = {}
        self._store = store
        self._count = count
        self._stopped = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write(f"w{n}")) for n in range(self._count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Let them go on until it is so."""
        async with asyncio.timeout(20):
            while not reached():  # noqa: ASYNC110 - of whatever kind
                await asyncio.sleep(0.001)

    async def more(self, count: int = 200) -> None:
        """Let so many more be acknowledged."""
        goal = self.seen.calls + count
        await self.until(lambda: self.seen.calls >= goal)

    async def _write(self, key: str) -> None:
        number = 0
        while not self._stopped:
            number += 1
            self.tried[key] = number
            answer = await self.seen.call(self._store.set(key, number))
            if isinstance(answer, int):
                self.acknowledged[key] = number
            else:
                await asyncio.sleep(0.005)

    async def assert_nothing_lost(self) -> None:
        """Each key has what was acknowledged last, or what was tried after that."""
        found = await self._store.get_many(self.tried)
        for key, number in self.acknowledged.items():
            assert number <= found[key] <= self.tried[key], f"{key}: an acknowledged write is lost"


async def gone(store: StorageProvider, key: str) -> None:
    """Return when the key has expired, by whatever clock."""
    async with asyncio.timeout(5):
        while await store.exists(key):  # noqa: ASYNC110 - a server's clock sets no event
            await asyncio.sleep(0.005)


async def cancelled_by_hundreds(store: StorageProvider, rounds: int = 20) -> Counter[str]:
    """Readers and writers that are cancelled at every point; those that are not see their own value."""
    await store.set_many({f"c{n}": f"value {n}" for n in range(64)})
    ends: Counter[str] = Counter()
    for pause in range(rounds):
        tasks = [asyncio.create_task((_read, _write)[n % 3 == 0](store, n)) for n in range(64)]
        for _ in range(pause % 7):
            await asyncio.sleep(0)
        if pause % 3 == 2:
            await asyncio.sleep(0.0002 * pause)
        for task in tasks[pause % 2 :: 2]:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(result, asyncio.CancelledError | None):
                raise result
            ends["answered" if result is None else "cancelled"] += 1
    for number in range(64):
        await _read(store, number)
    print({"drill": f"{store.name}: cancelled calls", **ends})  # noqa: T201 - for the log
    return ends


async def _read(store: StorageProvider, number: int) -> None:
    value = await store.get(f"c{number}")
    assert value == f"value {number}", f"c{number} was answered with {value!r}"


async def _write(store: StorageProvider, number: int) -> None:
    await store.set(f"d{number}", number)
