"""Reading the gateway's `/metrics`, now and then, as a Prometheus does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpx2
from keyring import bearer
from names import MEMORY, START
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What `/metrics` said; moments are seconds after the start of the run."""

    asked: float
    came: float
    worker: int = 0  # which gateway was asked
    text: str = ""
    trouble: str = ""  # why there is no text
    samples: tuple[Sample, ...] = ()

    @classmethod
    def of(cls, text: str, *, asked: float, came: float, worker: int = 0) -> Reading:
        """A reading of *text*.

        Raises:
            ValueError: If it is not what Prometheus can read.
        """
        families = list(text_string_to_metric_families(text))
        samples = tuple(sample for family in families for sample in family.samples)
        return cls(asked=asked, came=came, worker=worker, text=text, samples=samples)

    def named(self, metric: str, suffix: str = "") -> Iterator[Sample]:
        """The samples of a metric that telemetry knows by this name."""
        name = metric.replace(".", "_") + suffix
        return (sample for sample in self.samples if sample.name == name)

    @property
    def start(self) -> str:
        """Which start of the gateway has answered."""
        return next((sample.labels["start"] for sample in self.named(START)), "unknown")

    @property
    def memory(self) -> int | None:
        """How many bytes its process took."""
        return next((int(sample.value) for sample in self.named(MEMORY)), None)


class Scraper:
    """Reads the `/metrics` of the gateway at *url* by showing a *key*, each so many seconds."""

    def __init__(
        self, url: str, key: str, *, every: float, now: Callable[[], float], worker: int = 0
    ) -> None:
        self._worker = worker
        self.readings: list[Reading] = []
        self._url = f"{url}/metrics"
        self._headers = bearer(key)
        self._every = every
        self._now = now
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()

    async def run(self) -> None:
        """Read until it is stopped."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            while not await self._is_stopped_within(self._every):
                await self.read(client)

    async def read(self, client: httpx2.AsyncClient) -> None:
        """Read once; why there is nothing, or nothing that Prometheus could read, is noted."""
        asked = self._now()
        try:
            text = (await client.get(self._url, headers=self._headers)).raise_for_status().text
            reading = Reading.of(text, asked=asked, came=self._now(), worker=self._worker)
        except (httpx2.HTTPError, ValueError) as error:
            reading = Reading(
                asked=asked, came=self._now(), worker=self._worker, trouble=repr(error)
            )
        self.readings.append(reading)

    async def _is_stopped_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()
