"""Makes an API key for the gateway and shows it, once; or ends one.

    python keys.py driver                    a new key for the driver
    python keys.py driver --expires-in 3600  one for an hour
    python keys.py --revoke 8cd65d32c4ed808a the key with this id (its middle part) is good no more

The gateway knows keys by the file, or the Redis, that this writes, and that has no key in it: only hashes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping

from access import security_manager
from settings import GatewaySettings, gateway_settings, register
from stores import keys_of

from pepperpy.infra import ConfigError, PermissionLevel, SecurityError, SecurityManager
from pepperpy.infra.security import UnknownIdentityError

IDENTITIES: dict[str, Mapping[str, PermissionLevel]] = {
    "driver": {"zones:*": PermissionLevel.READ},
    "guest": {"zones:*": PermissionLevel.READ, "zones:Asia:*": PermissionLevel.NONE},
    "operator": {
        "answers": PermissionLevel.WRITE,
        "keys": PermissionLevel.WRITE,
        "stats": PermissionLevel.READ,
        "metrics": PermissionLevel.READ,
    },
}
"""Who there is, and what they may do.  What is not said here is denied."""


async def issue(manager: SecurityManager, name: str, *, expires_in: float | None = None) -> str:
    """A new key for one of the identities, whose record is made with its first key."""
    try:
        identity = manager.get_identity_by_name(name)
    except UnknownIdentityError:
        identity = await manager.acreate_identity(name, IDENTITIES[name])
    credential = await manager.acreate_api_key(identity.id, expires_in)
    return credential.key


async def run(
    settings: GatewaySettings, name: str | None, expires_in: float | None, revoke: str | None
) -> str:
    """Do what the command line says; returns what to show."""
    async with keys_of(settings) as storage:
        manager = security_manager(storage)
        await manager.load()
        if revoke is not None:
            await manager.arevoke_credential(revoke)
            return f"{revoke} is good no more"
        return await issue(manager, str(name), expires_in=expires_in)


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", choices=list(IDENTITIES), help="whose key it is to be")
    what.add_argument("--revoke", metavar="ID", help="the id of a key that is to end")
    parser.add_argument("--expires-in", type=float, metavar="SECONDS", help="default: never")
    options = parser.parse_args()
    register()
    settings = gateway_settings()
    try:
        shown = asyncio.run(run(settings, options.name, options.expires_in, options.revoke))
    except SecurityError as error:
        parser.error(str(error))
    sys.stdout.write(f"{shown}\n")


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
