"""Real servers for the tests: private ones that can be killed and frozen, and a network to spoil.

Each is started from a program of this machine, on a free port of the loopback, with its data in a folder
that goes away with it.  A URL in the environment names one that runs already instead; it is *emptied* by
the tests, and cannot be killed.  ``python -m servers`` says what is found and how to get the rest.
"""

from __future__ import annotations

from ._ceph import Ceph
from ._postgres import Postgres
from ._proxy import Proxy
from ._redis import Redis, RedisCluster, Valkey
from ._s3 import Moto, S3Server
from ._server import MissingServerError, Server

__all__ = [
    "Ceph",
    "MissingServerError",
    "Moto",
    "Postgres",
    "Proxy",
    "Redis",
    "RedisCluster",
    "S3Server",
    "Server",
    "Valkey",
]
