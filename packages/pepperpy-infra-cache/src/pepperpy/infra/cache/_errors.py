"""What can be wrong with how a cache is set up or used."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class CacheError(InfraError):
    """The root of the errors of `pepperpy.infra.cache`."""

    code = "cache"


class InvalidOptionError(CacheError, ValueError, TypeError):
    """An option does not exist, or cannot have this value.

    *option* is its name, and *value* what was given.
    """

    code = "cache-option"


class InvalidTTLError(InvalidOptionError):
    """How long something is kept is no number of seconds above 0.

    *option* is the name of the option, and *value* what was given.
    """

    code = "cache-ttl"


class InvalidTemplateError(InvalidOptionError):
    """A template for a key or a tag does not fit the function.

    *option* is ``key`` or ``tags``, *value* the template, and *parameter* the name in it that is
    none of the function's parameters, or `None`.
    """

    code = "cache-template"


class InvalidTargetError(CacheError, TypeError):
    """What was decorated cannot be cached; *function* is its name."""

    code = "cache-target"


class UnkeyableArgumentError(CacheError, TypeError):
    """An argument cannot be part of a key; *function* and *parameter* say which."""

    code = "cache-key"


class UncacheableResultError(CacheError, TypeError):
    """A result can be used only once, so it cannot be kept for a second call.

    *function* is the name of what returned it.
    """

    code = "cache-result"


class CacheTierError(CacheError, ValueError):
    """A kind of cache does not exist, or cannot be had.

    *cache_type* is what was asked for.
    """

    code = "cache-tier"
