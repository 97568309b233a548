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
        modules: Those of the program that register its settings and pools.
        limit: Seconds that each pool may take to open.
    """
    import asyncio

    checks = [_tried(f"import {module}", import_module, module) for module in modules]
    checks += [
        _tried(section, initialize, section, {}) for section in SECTIONS if is_installed(section)
    ]
    if is_installed("config"):
        checks.append(_configuration())
    checks += await asyncio.gather(*(_opened(name, pool, limit) for name, pool in _pools().items()))
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


def _pools() -> dict[str, Any]:
    """Every pool that the modules have made, by its name."""
    alive = [(each.inspect(), each) for each in inspectables()]
    return {str(facts["name"]): pool for facts, pool in alive if facts["kind"] == "pool"}


async def _opened(name: str, pool: Any, limit: float) -> Check:
    import asyncio

    part, for_tasks = f"pool {name}", iscoroutinefunction(pool.initialize)
    opening = pool.initialize() if for_tasks else asyncio.to_thread(pool.initialize)
    try:
        await asyncio.wait_for(opening, limit)
    except TimeoutError as error:
        return Check(part, str(error) or f"no answer in {limit:g} s")
    except Exception as error:  # noqa: BLE001 - as above
        return Check(part, _told(error))
    return Check(part)


def _told(error: Exception) -> str:
    return redact_text(f"{type(error).__name__}: {error}")
