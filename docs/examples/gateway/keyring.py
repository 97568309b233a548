"""The keys of a run: good ones, and some that are no good any more or never were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from access import PREFIX, key_storage, security_manager
from keys import IDENTITIES, issue
from trespasses import PASSING

from pepperpy.infra import SecurityManager, StorageProvider

Keyring = Mapping[str, str]

PIECE = 16
"""Letters of a secret: fewer of them could be in a file by chance."""


async def make_keys(file: Path) -> Keyring:
    """A key for everybody in *file*, and bad ones; what is returned is the only place where they are."""
    async with key_storage(file) as storage:
        return await issue_all(storage)


async def issue_passing(storage: StorageProvider) -> Keyring:
    """The same in a storage that is there already, and some that are going to be ended."""
    keys = await issue_all(storage)
    manager = security_manager(storage)
    await manager.load()
    return {**keys, **{name: await issue(manager, "driver") for name in PASSING}}


async def issue_all(storage: StorageProvider) -> Keyring:
    """A key for everybody, and bad ones."""
    manager = security_manager(storage)
    await manager.load()
    good = {name: await issue(manager, name) for name in IDENTITIES}
    mistyped, expired, revoked = [
        await issue(manager, "driver", expires_in=seconds) for seconds in (None, 0.0, None)
    ]
    await manager.arevoke_credential(key_id(revoked))
    another = SecurityManager(prefix=PREFIX)
    return {
        **good,
        "mistyped": mistyped[:-1] + ("a" if mistyped[-1] != "a" else "b"),
        "expired": expired,
        "revoked": revoked,
        "foreign": another.create_api_key(another.create_identity("driver").id).key,
    }


def bearer(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"authorization": f"Bearer {key}"}


def key_id(key: str) -> str:
    """The part of a key that everybody may see."""
    return key.split("_")[1]


def secrets_of(keys: Keyring) -> dict[str, list[str]]:
    """Of each key what nobody may see, in pieces: a part of it is found too."""
    return {f"the key {name!r}": _pieces(key.split("_")[2]) for name, key in keys.items()}


def _pieces(secret: str) -> list[str]:
    return [secret[begin : begin + PIECE] for begin in range(0, len(secret) - PIECE + 1, PIECE)]
