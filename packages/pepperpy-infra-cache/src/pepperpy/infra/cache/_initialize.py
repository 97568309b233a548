"""Choosing where results are kept, from the program or the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import did_you_mean, require_extra

from ._default import default
from ._errors import CacheTierError, InvalidOptionError
from ._settings import check_size

if TYPE_CHECKING:
    from ._tier import Tier

_COMPONENT: Final = "cache"
_PLAIN: Final = re.compile(r"[\w.:-]+", re.ASCII)
_OWNERS: Final = {
    "cache_directory": "file",
    "cache_url": "redis",
    "cache_prefix": "redis",
    "cache_timeout": "redis",
}
_OPTIONS: Final = ("cache_type", *_OWNERS, "max_size")
_PREFIX: Final = "pepperpy"
_TIMEOUT: Final = 0.2


def initialize_cache(
    cache_type: str | Mapping[str, Any] | None = None,
    *,
    cache_directory: str | PathLike[str] | None = None,
    cache_url: str | None = None,
    **options: Any,
) -> None:
    """Choose where `cached` keeps results, and begin anew: what was in memory is dropped.

    Nothing has to be called for results to be kept in memory.  Where `pepperpy.infra.config` is
    installed, the section ``cache`` of the configuration is read as well, whose variables begin
    with ``PEPPERPY_CACHE_``; arguments win over it.

    What was chosen before is closed, when all is written that was kept in it.

    Args:
        cache_type: ``"memory"``; ``"file"`` for memory and a file below it, in which results
            survive a restart; or ``"redis"`` for memory and a server below it, through which
            processes share results.  Or a mapping of all options.
        cache_directory: The folder in which a ``"file"`` cache lies.
        cache_url: Where a ``"redis"`` cache is found, like ``redis://host:6379/0``; nobody asks
            there before the first call does.
        options: ``max_size``: results kept in memory for each function that says nothing about it.
            Of a ``"redis"`` cache, ``cache_prefix``: how all keys begin, ``pepperpy`` by default;
            and ``cache_timeout``: seconds that a call waits for an answer, 0.2 by default.

    Raises:
        CacheTierError: If there is no such type, or no file can be had, or the URL is none.
        InvalidOptionError: If there is no such option, or it cannot have this value.
        MissingExtraError: If ``"file"`` or ``"redis"`` was asked for without that extra.
        ConfigError: If the configuration is wrong; its message tells where.
    """
    given: dict[str, Any] = dict(cache_type) if isinstance(cache_type, Mapping) else {}
    named = {
        "cache_type": None if isinstance(cache_type, Mapping) else cache_type,
        "cache_directory": cache_directory,
        "cache_url": cache_url,
    }
    given |= {name: value for name, value in named.items() if value is not None} | options
    for name in given:
        if name not in _OPTIONS:
            raise InvalidOptionError(
                f"unknown cache option {name!r}; {did_you_mean(name, _OPTIONS)}",
                option=name,
                value=given[name],
            )
    wanted = {**_configured(), **given}
    cache_type = wanted.get("cache_type", "memory")
    _check_tier(cache_type)
    for name, owner in _OWNERS.items():
        if name in given and cache_type != owner:
            raise InvalidOptionError(
                f"{name} goes with cache_type={owner!r}, not {cache_type!r}; leave it out",
                option=name,
                value=None,  # a URL may hold a password
            )
    if "max_size" in wanted:
        check_size("max_size", wanted["max_size"])
    default.begin_anew(wanted, _TIERS[str(cache_type)](wanted))


def _check_tier(cache_type: Any) -> None:
    if not isinstance(cache_type, str) or cache_type not in _TIERS:
        raise CacheTierError(
            f"unknown cache_type {cache_type!r}; {did_you_mean(cache_type, _TIERS)}",
            cache_type=cache_type,
        )


def _memory(_: Mapping[str, Any]) -> None:
    return None


def _file(wanted: Mapping[str, Any]) -> Tier:
    folder: Any = wanted.get("cache_directory")
    if not _is_path(folder):
        raise InvalidOptionError(
            f"cache_type='file' needs cache_directory, the path of a folder; got {folder!r}",
            option="cache_directory",
            value=folder,
        )
    with require_extra("pepperpy-infra-cache", "file"):
        from ._file import FileTier
    return FileTier(folder)


def _redis(wanted: Mapping[str, Any]) -> Tier:
    url: Any = wanted.get("cache_url")
    if not isinstance(url, str) or not url:
        raise InvalidOptionError(
            "cache_type='redis' needs cache_url, like 'redis://host:6379/0'; got "
            f"{type(url).__name__}",
            option="cache_url",
            value=None,
        )
    prefix: Any = wanted.get("cache_prefix", _PREFIX)
    if not (isinstance(prefix, str) and _PLAIN.fullmatch(prefix)):
        raise InvalidOptionError(
            "cache_prefix must be letters, digits, '-', '_', '.' and ':'; got " + repr(prefix),
            option="cache_prefix",
            value=prefix,
        )
    timeout: Any = wanted.get("cache_timeout", _TIMEOUT)
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not timeout > 0:
        raise InvalidOptionError(
            f"cache_timeout must be positive seconds; got {timeout!r}",
            option="cache_timeout",
            value=timeout,
        )
    with require_extra("pepperpy-infra-cache", "redis"):
        from ._redis import RedisTier
    return RedisTier(url, prefix, float(timeout))


_TIERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Tier | None]]] = {
    "memory": _memory,
    "file": _file,
    "redis": _redis,
}


def _is_path(value: object) -> bool:
    return isinstance(value, (str, PathLike)) and value != ""


def _configured() -> Mapping[str, Any]:
    try:
        from pepperpy.infra.config import get_config, register_config
    except ModuleNotFoundError as error:
        if error.name != "pepperpy.infra.config":
            raise  # it is installed, and broken
        return {}
    from ._config import CacheConfig

    register_config(_COMPONENT, CacheConfig)
    return get_config(_COMPONENT, CacheConfig).model_dump(exclude_unset=True)
