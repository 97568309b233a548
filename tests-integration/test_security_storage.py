"""A security manager on the storage wheel: memory, a file, and either of them encrypted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pepperpy.infra.security import (
    AESCipher,
    AuthenticationError,
    DecryptionError,
    IdentityExistsError,
    PermissionLevel,
    SecurityManager,
)
from pepperpy.infra.storage import (
    Encrypted,
    FileStorageProvider,
    MemoryStorageProvider,
    StorageProvider,
)

READ = PermissionLevel.READ


@pytest.fixture(params=["memory", "file", "encrypted memory", "encrypted file"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StorageProvider:
    plain: StorageProvider = (
        FileStorageProvider("auth", str(tmp_path / "auth.db"))
        if "file" in request.param
        else MemoryStorageProvider("auth")
    )
    if "encrypted" not in request.param:
        return plain
    return Encrypted(plain, AESCipher({"2025": AESCipher.generate_key()}))


async def managers(storage: StorageProvider, count: int) -> list[SecurityManager]:
    made = [SecurityManager(storage=storage) for _ in range(count)]
    for manager in made:
        await manager.load()
    return made


@pytest.mark.asyncio
async def test_what_was_acknowledged_is_there_after_a_restart(storage: StorageProvider) -> None:
    async with storage:
        (first,) = await managers(storage, 1)
        identity = await first.acreate_identity("ann", {"a": READ})
        kept, gone = [await first.acreate_api_key(identity.id) for _ in range(2)]
        await first.arevoke_credential(gone.id)
        rotated = await first.arotate_api_key(kept.id)
    async with storage:
        (again,) = await managers(storage, 1)
        for key in (kept.key, rotated.key):
            assert again.authorize(again.authenticate(key), "a", READ)
        with pytest.raises(AuthenticationError):
            again.authenticate(gone.key)


@pytest.mark.asyncio
async def test_processes_agree_on_names_and_on_what_has_ended(storage: StorageProvider) -> None:
    async with storage:
        several = await managers(storage, 5)
        made = await asyncio.gather(
            *(manager.acreate_identity("ann") for manager in several), return_exceptions=True
        )
        assert sum(isinstance(each, IdentityExistsError) for each in made) == 4
        winner = several[[isinstance(each, IdentityExistsError) for each in made].index(False)]
        identity = winner.get_identity_by_name("ann")
        key = await winner.acreate_api_key(identity.id)
        other = next(manager for manager in several if manager is not winner)
        assert (await other.aauthenticate(key)).name == "ann"

        other.rotate_api_key(key.id)
        await winner.arevoke_credential(key.id)
        await other.flush()

        (again,) = await managers(storage, 1)
        for manager in (winner, other, again):
            with pytest.raises(AuthenticationError):
                await manager.aauthenticate(key)


@pytest.mark.asyncio
async def test_an_encrypted_store_shows_neither_names_nor_hashes_and_moves_nothing() -> None:
    plain = MemoryStorageProvider("auth")
    storage = Encrypted(plain, AESCipher({"2025": AESCipher.generate_key()}))
    async with storage:
        (manager,) = await managers(storage, 1)
        identity = await manager.acreate_identity("ann-of-the-north")
        keys = [await manager.acreate_api_key(identity.id) for _ in range(2)]
        names = [f"security:credential:{key.id}" for key in keys]

        below = [await plain.get(name) for name in await plain.keys()]
        assert "north" not in repr(below)
        assert "sha256" not in repr(below)
        await plain.set(names[0], await plain.get(names[1]))
        with pytest.raises((DecryptionError, ValueError)):
            await storage.get(names[0])
