"""What the gateway has in its file of last answers, by its own word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2
from keyring import bearer


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The version of each answer that was there; moments are seconds after the start of the run."""

    asked: float
    came: float
    start: str  # which start of the gateway has answered
    versions: Mapping[str, int]  # by "zone:Europe/Berlin 2026-07-01T12:00:00+00:00"


async def take(url: str, key: str, now: Callable[[], float]) -> Inventory:
    """Ask the gateway at *url* for all of it, by showing a *key*.

    Raises:
        httpx2.HTTPError: If there is no answer, or another one.
    """
    asked = now()
    async with httpx2.AsyncClient(trust_env=False, base_url=url) as client:
        response = await client.get("/answers", headers=bearer(key))
    content = response.raise_for_status().json()
    return Inventory(asked=asked, came=now(), **content)
