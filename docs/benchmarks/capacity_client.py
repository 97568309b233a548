"""One process of many: a client of Redis, or a worker with metrics.

It says `ready`, waits for a line, does its work, and tells what it found as JSON.
"""

from __future__ import annotations

import json
import random
import sys
from statistics import quantiles
from time import perf_counter

from pepperpy.infra.storage import RedisStorageProvider
from pepperpy.infra.telemetry import TelemetryManager, join_metrics


def await_start() -> None:
    """Say that all is ready, and wait."""
    print("ready", flush=True)  # noqa: T201 - what is waited for
    sys.stdin.readline()


async def gets(url: str, keys: int, tasks: int, seconds: float) -> dict[str, float]:
    """Read keys at random in so many tasks, for so long."""
    import asyncio

    took: list[float] = []
    chance = random.Random()  # noqa: S311 - no secret

    async def read(store: RedisStorageProvider, end: float) -> None:
        while (begun := perf_counter()) < end:
            await store.get(f"user:{chance.randrange(keys)}")
            took.append(perf_counter() - begun)

    async with RedisStorageProvider("capacity", url) as store:
        await store.get("user:0")
        await_start()
        end = perf_counter() + seconds
        await asyncio.gather(*(read(store, end) for _ in range(tasks)))
    cuts = quantiles(took, n=100)
    return {"calls": len(took), "p50": cuts[49], "p99": cuts[98]}


def worker(address: str, series: int) -> None:
    """Have so many series, until the process is killed."""
    manager = TelemetryManager(max_series=2 * series)
    join_metrics(address, manager)
    for number in range(series):
        manager.count("requests", 1, tags={"route": str(number)})
    await_start()
    print("{}", flush=True)  # noqa: T201 - what is waited for
    sys.stdin.readline()


def main(kind: str, address: str, *numbers: str) -> None:
    """As the arguments say."""
    if kind == "worker":
        worker(address, int(numbers[0]))
    else:
        import asyncio

        keys, tasks, seconds = numbers
        print(json.dumps(asyncio.run(gets(address, int(keys), int(tasks), float(seconds)))))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
