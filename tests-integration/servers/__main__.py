"""Say which servers the integration tests find here; 1 if one that they need is missing."""

from __future__ import annotations

import sys

from . import Ceph, MissingServerError, Moto, Postgres, Redis, Valkey


def main(*, ceph: bool) -> int:
    """Print a line for each server: where it is, or what to do."""
    missing = 0
    for kind in (Redis, Valkey, Postgres, Ceph if ceph else Moto):
        try:
            print(f"{kind.name}: {kind.where()}")  # noqa: T201 - this is what it is for
        except MissingServerError as error:
            print(error, file=sys.stderr)  # noqa: T201
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(ceph="--ceph" in sys.argv[1:]))
