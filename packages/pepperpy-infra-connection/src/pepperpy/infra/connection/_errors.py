"""What can go wrong with a pool, on one screen."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class PoolError(InfraError):
    """The root of the errors of `pepperpy.infra.connection`."""

    code = "connection"


class PoolConfigError(PoolError, ValueError):
    """A setting of a pool cannot have this value; *option* is its name."""

    code = "connection-config"

    option: str


class PoolTimeoutError(PoolError, TimeoutError):
    """No connection became free in time.

    *pool*, *timeout* (seconds), *size*, *max_size*, *in_use* and *waiting* tell how it stood.  If
    connecting failed lately, that error is the cause.
    """

    code = "connection-timeout"

    pool: str
    timeout: float
    size: int
    max_size: int
    in_use: int
    waiting: int


class PoolFullError(PoolTimeoutError):
    """As many callers as *max_waiting* allows are waiting already, so this one does not wait."""

    code = "connection-full"


class PoolClosedError(PoolError, RuntimeError):
    """The pool is closed, or was closed while the caller waited; *pool* is its name."""

    code = "connection-closed"

    pool: str


class PoolLoopError(PoolError, RuntimeError):
    """The pool is in use by another event loop, which is still running; *pool* is its name."""

    code = "connection-loop"

    pool: str


class NotLentError(PoolError, ValueError):
    """What was given back is not on loan: a stranger's, or given back already; *pool* is a name."""

    code = "connection-not-lent"

    pool: str


class InvalidConnectionError(PoolError, TypeError):
    """What a hook of the pool made cannot be lent; *pool* is its name."""

    code = "connection-invalid"

    pool: str


class PoolNameError(PoolError, ValueError):
    """A pool of this *name* is registered already, or it is no name."""

    code = "connection-name"


class UnknownPoolError(PoolError, KeyError):
    """No pool of this *name* is registered; *known* are the names that are."""

    code = "connection-unknown"

    known: tuple[str, ...]


class PoolKindError(PoolError, TypeError):
    """A pool for threads was used as one for tasks, or the other way round; *pool* is its name."""

    code = "connection-kind"

    pool: str
