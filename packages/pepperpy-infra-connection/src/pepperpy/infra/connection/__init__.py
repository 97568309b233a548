"""Connection pools: nothing is lost, leaked or lent twice, whoever is cancelled and whatever fails."""

from ._blocks import PoolContext, ThreadPoolContext
from ._config import ConnectionPoolConfig
from ._default import (
    close_pools,
    get_connection,
    get_pool,
    initialize_pools,
    register_pool,
    release_connection,
    reopen_pools,
    unregister_pool,
)
from ._errors import (
    InvalidConnectionError,
    NotLentError,
    PoolClosedError,
    PoolConfigError,
    PoolError,
    PoolFullError,
    PoolKindError,
    PoolLoopError,
    PoolNameError,
    PoolTimeoutError,
    UnknownPoolError,
)
from ._http import HTTPClientPool
from ._pool import ConnectionPool, Released
from ._postgres import PostgresPool
from ._resource import PooledFunction, PooledResourceContext, pooled_resource
from ._sqlite import SQLitePool
from ._threads import ThreadConnectionPool
from ._types import ConnectionStats, Leak, PoolStatus

__all__ = [
    "ConnectionPool",
    "ConnectionPoolConfig",
    "ConnectionStats",
    "HTTPClientPool",
    "InvalidConnectionError",
    "Leak",
    "NotLentError",
    "PoolClosedError",
    "PoolConfigError",
    "PoolContext",
    "PoolError",
    "PoolFullError",
    "PoolKindError",
    "PoolLoopError",
    "PoolNameError",
    "PoolStatus",
    "PoolTimeoutError",
    "PooledFunction",
    "PooledResourceContext",
    "PostgresPool",
    "Released",
    "SQLitePool",
    "ThreadConnectionPool",
    "ThreadPoolContext",
    "UnknownPoolError",
    "close_pools",
    "get_connection",
    "get_pool",
    "initialize_pools",
    "pooled_resource",
    "register_pool",
    "release_connection",
    "reopen_pools",
    "unregister_pool",
]
