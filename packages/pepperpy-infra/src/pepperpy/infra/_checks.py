"""Whether what is configured can be started, part by part."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import inspectables
from pepperpy.infra.utils.redaction import redact_text

from ._inventory import siblings_not_installed
from ._lifecycle import SECTIONS, initialize, is_installed, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Check:
    """One part, and what is wrong with it."""

    part: str
    problem: str | None = None
    warnings: tuple[str, ...] = ()
    """What does no harm, and was surely not meant."""

    @property
    def ok(self) -> bool:
        """Whether it can be started."""
        return self.problem is None


async def check(modules: Iterable[str], limit: float) -> list[Check]:
    """Import *modules*, start what is configured and registered, and stop it again.

    Args:
        modules: Those of the program that register its settings, pools and providers.
        limit: Seconds that each pool and provider may take to open, and all of them to close.
    """
    import asyncio

    checks = [_wheels(), *(_imported(module) for module in modules)]
    with warnings.catch_warnings():
        with suppress(ImportError):  # the check of the configuration tells of it
            from pepperpy.infra.config import ConfigWarning

            # That check has them as well, and here none of the program's lines is to blame.
            warnings.simplefilter("ignore", ConfigWarning)
        checks += [_initialized(section) for section in SECTIONS if is_installed(section)]
    if is_installed("config"):
        checks.append(_configuration())
    steps: dict[str, Callable[[], Any]] = {}
    for portion, find in (("cache", _caches), ("connection", _pools), ("storage", _providers)):
        if is_installed(portion):
            found = _tried(portion, _add, steps, find)
            checks += [] if found.ok else [found]
    checks += await asyncio.gather(*(_opened(part, step, limit) for part, step in steps.items()))
    try:
        # No longer either: what still opens is waited for, and the process ends anyway.
        async with asyncio.timeout(limit):
            await stop()
    except TimeoutError:
        checks.append(Check("stopping", f"not done in {limit:g} s"))
    except ExceptionGroup as failures:
        checks += [Check("stopping", _told(each)) for each in failures.exceptions]
    return checks


def _wheels() -> Check:
    lacking = [f"{user} needs {wheel}" for user, wheel in siblings_not_installed()]
    if not lacking:
        return Check("wheels")
    return Check("wheels", f"{', '.join(lacking)}, which is not installed")


def _imported(module: str) -> Check:
    try:
        return _tried(f"import {module}", import_module, module)
    except SystemExit as error:
        return Check(f"import {module}", f"it ends the program when it is imported: {error!r}")


def _tried(part: str, step: Callable[..., object], *arguments: object) -> Check:
    try:
        step(*arguments)
    except Exception as error:  # noqa: BLE001 - it is what is told
        return Check(part, _told(error))
    return Check(part)


def _initialized(section: str) -> Check:
    try:
        initialize(section, {})
    except Exception as error:  # noqa: BLE001 - as above
        if _is_of_all_settings(error):
            where = redact_text(str(getattr(error, "path", "configuration")))
            return Check(section, f"no settings from {where}, see configuration")
        return Check(section, _told(error))
    return Check(section)


def _is_of_all_settings(error: Exception) -> bool:
    """Whether it is about the file, and not about what stands in it for one part."""
    config: Any = sys.modules.get("pepperpy.infra.config")
    return config is not None and isinstance(
        error, config.ConfigFileError | config.ConfigProfileError
    )


def _configuration() -> Check:
    part = "configuration"
    try:
        from pepperpy.infra.config import validate_all_configs

        report = validate_all_configs()
        told = tuple(map(redact_text, report.warnings))
        return Check(part, _tried(part, report.raise_if_invalid).problem, told)
    except Exception as error:  # noqa: BLE001 - as above
        return Check(part, _told(error))


def _caches() -> dict[str, Callable[[], Any]]:
    """How to connect the server below the cache, if there is one."""
    alive: list[tuple[Any, Any]] = [(each.inspect(), each) for each in inspectables()]
    return {
        f"cache at {facts['config']['url']}": tier.connect
        for facts, tier in alive
        if facts["kind"] == "cache.redis" and facts["state"] != "off"
    }


def _add(
    steps: dict[str, Callable[[], Any]], find: Callable[[], dict[str, Callable[[], Any]]]
) -> None:
    steps.update(find())


def _pools() -> dict[str, Callable[[], Any]]:
    """How to open every pool that the modules have made."""
    from pepperpy.infra.connection import ConnectionPool, ThreadConnectionPool

    return {
        f"pool {each.name}": each.initialize
        for each in inspectables()
        if isinstance(each, ConnectionPool | ThreadConnectionPool)
    }


def _providers() -> dict[str, Callable[[], Any]]:
    """How to connect every storage provider that is registered."""
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
