"""Whether what is configured can be started, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import inspectables
from pepperpy.infra.utils.redaction import redact_text

from ._lifecycle import SECTIONS, initialize, is_installed, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Check:
    """One part, and what is wrong with it."""

    part: str
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it can be started."""
        return self.problem is None


async def check(modules: Iterable[str], limit: float) -> list[Check]:
    """Import *modules*, start what is configured and registered, and stop it again.

    Args:
        modules: Those of the program that register its settings, pools and providers.
        limit: Seconds that each pool and provider may take to open.
    """
    import asyncio

    checks = [_tried(f"import {module}", import_module, module) for module in modules]
    checks += [
        _tried(section, initialize, section, {}) for section in SECTIONS if is_installed(section)
    ]
    if is_installed("config"):
        checks.append(_configuration())
    steps = {**_caches(), **_pools(), **_providers()}
    checks += await asyncio.gather(*(_opened(part, step, limit) for part, step in steps.items()))
    try:
        await stop()
    except ExceptionGroup as failures:
        checks += [Check("stopping", _told(each)) for each in failures.exceptions]
    return checks


def _tried(part: str, step: Callable[..., object], *arguments: object) -> Check:
    try:
        step(*arguments)
    except Exception as error:  # noqa: BLE001 - it is what is told
        return Check(part, _told(error))
    return Check(part)


def _configuration() -> Check:
    from pepperpy.infra.config import validate_all_configs

    report = validate_all_configs()
    return Check("configuration", None if report else str(report))


def _caches() -> dict[str, Callable[[], Any]]:
    """How to connect the server below the cache, if there is one."""
    alive: list[tuple[Any, Any]] = [(each.inspect(), each) for each in inspectables()]
    return {
        f"cache at {facts['config']['url']}": tier.connect
        for facts, tier in alive
        if facts["kind"] == "cache.redis" and facts["state"] != "off"
    }


def _pools() -> dict[str, Callable[[], Any]]:
    """How to open every pool that the modules have made."""
    alive = [(each.inspect(), each) for each in inspectables()]
    pools: dict[str, Any] = {
        f"pool {facts['name']}": pool for facts, pool in alive if facts["kind"] == "pool"
    }
    return {part: pool.initialize for part, pool in pools.items()}


def _providers() -> dict[str, Callable[[], Any]]:
    """How to connect every storage provider that is registered."""
    if not is_installed("storage"):
        return {}
    from pepperpy.infra.storage import get_provider, list_providers

    return {f"storage {name}": get_provider(name).connect for name in list_providers()}


async def _opened(part: str, step: Callable[[], Any], limit: float) -> Check:
    import asyncio

    opening = step() if iscoroutinefunction(step) else asyncio.to_thread(step)
    try:
        await asyncio.wait_for(opening, limit)
    except TimeoutError as error:
        return Check(part, str(error) or f"no answer in {limit:g} s")
    except Exception as error:  # noqa: BLE001 - as above
        return Check(part, _told(error))
    return Check(part)


def _told(error: Exception) -> str:
    return redact_text(f"{type(error).__name__}: {error}")
