"""Wrappers keep the contract, and do what they are for."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from typing import Any

import pytest

from pepperpy.infra.storage import (
    Capability,
    Compressed,
    CorruptStoreError,
    CorruptValueError,
    Encrypted,
    InvalidKeyError,
    InvalidOptionError,
    MemoryStorageProvider,
    Prefixed,
    Put,
    ReadOnly,
    ReadOnlyError,
    UnsupportedError,
)
from pepperpy.infra.storage.testing import StorageProviderContract


class XorCipher:
    """No cipher for anybody, but with a real one's manners: it notices every change."""

    def __init__(self, key: bytes = b"k") -> None:
        self._key = key

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        sealed = self._mixed(plaintext)
        return self._tag(sealed, associated_data) + sealed

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        tag, sealed = ciphertext[:32], ciphertext[32:]
        if not hmac.compare_digest(tag, self._tag(sealed, associated_data)):
            raise ValueError("wrong tag")
        return self._mixed(sealed)

    def _mixed(self, data: bytes) -> bytes:
        stream = hashlib.shake_256(self._key).digest(len(data))
        return bytes(a ^ b for a, b in zip(data, stream, strict=True))

    def _tag(self, data: bytes, associated_data: bytes) -> bytes:
        size = len(associated_data).to_bytes(4, "big")
        return hmac.digest(self._key, size + associated_data + data, "sha256")


class TestEncryptedKeepsTheContract(StorageProviderContract):
    def make_provider(self) -> Encrypted:
        return Encrypted(MemoryStorageProvider("memory", clock=self.clock), XorCipher())


class TestCompressedKeepsTheContract(StorageProviderContract):
    def make_provider(self) -> Compressed:
        return Compressed(MemoryStorageProvider("memory", clock=self.clock), zlib)


class TestPrefixedKeepsTheContract(StorageProviderContract):
    test_keys_of_1024_bytes_are_kept_and_told_apart = None  # the prefix makes them too long

    def make_provider(self) -> Prefixed:
        return Prefixed(MemoryStorageProvider("memory", clock=self.clock), "*[")


async def opened(**options: Any) -> MemoryStorageProvider:
    store = MemoryStorageProvider("memory", **options)
    await store.connect()
    return store


@pytest.mark.asyncio
class TestEncrypted:
    async def test_the_store_below_holds_no_plain_value(self) -> None:
        below = await opened()
        store = Encrypted(below, XorCipher())
        await store.set("card", {"number": "4111-1111"})
        await store.set_many({"other": "4111-1111"})
        async with store.transaction() as tx:
            await tx.set("third", "4111-1111")

        held = await below.get_many(["card", "other", "third"])

        assert len(held) == 3
        assert all(isinstance(value, bytes) and b"4111" not in value for value in held.values())

    async def test_a_value_moved_to_another_key_does_not_open(self) -> None:
        below = await opened()
        store = Encrypted(below, XorCipher())
        await store.set("mine", {"admin": False})
        await below.set("yours", await below.get("mine"))

        with pytest.raises(CorruptValueError, match="yours") as caught:
            await store.get("yours")

        assert isinstance(caught.value, CorruptStoreError)
        assert isinstance(caught.value.__cause__, ValueError)

    async def test_another_key_or_a_changed_byte_opens_nothing(self) -> None:
        below = await opened()
        await Encrypted(below, XorCipher(b"one")).set("a", 1)
        with pytest.raises(CorruptValueError):
            await Encrypted(below, XorCipher(b"other")).get("a")

        sealed = await below.get("a")
        await below.set("a", sealed[:-1] + bytes([sealed[-1] ^ 1]))
        with pytest.raises(CorruptValueError):
            await Encrypted(below, XorCipher(b"one")).get("a")

    async def test_a_plain_value_below_is_not_taken_for_an_encrypted_one(self) -> None:
        below = await opened()
        await below.set("a", {"admin": True})

        with pytest.raises(CorruptValueError, match="plain dict"):
            await Encrypted(below, XorCipher()).get("a")

    async def test_a_refused_value_reaches_no_cipher(self) -> None:
        class Never:
            def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
                raise AssertionError("it was called")

            decrypt = encrypt

        with pytest.raises(ValueError, match="NaN"):
            await Encrypted(await opened(), Never()).set("a", float("nan"))


@pytest.mark.asyncio
class TestCompressed:
    async def test_the_store_below_holds_fewer_bytes(self) -> None:
        below = await opened()
        await Compressed(below, zlib).set("a", "x" * 10_000)

        assert len(await below.get("a")) < 100

    async def test_a_codec_that_gives_back_something_else_is_refused_at_once(self) -> None:
        class AsText:
            def compress(self, data: bytes, /) -> bytes:
                return zlib.compress(data)

            def decompress(self, data: bytes, /) -> str:
                return zlib.decompress(data).decode()

        below = await opened()
        with pytest.raises(InvalidOptionError, match="AsText gives something else"):
            Compressed(below, AsText())

    async def test_what_is_not_compressed_is_an_error(self) -> None:
        below = await opened()
        await below.set("a", b"not zlib")

        with pytest.raises(CorruptValueError):
            await Compressed(below, zlib).get("a")

    async def test_wrappers_stand_around_wrappers(self) -> None:
        below = await opened()
        store = Encrypted(Compressed(below.namespace("t"), zlib), XorCipher(), name="safe")
        await store.set("a", [1])

        assert await store.get("a") == [1]
        assert await store.increment("n", 5) == 5
        assert await below.keys() == ["t:a", "t:n"]
        assert store.name == "safe"
        assert (await store.info())["name"] == "safe"


@pytest.mark.asyncio
class TestReadOnly:
    async def test_it_reads_and_refuses_every_write(self) -> None:
        below = await opened()
        version = await below.set("a", 1)
        store = ReadOnly(below)

        for write in (
            store.set("a", 2),
            store.set("b", 2, if_absent=True),
            store.set_many({"a": 2}),
            store.delete("a"),
            store.delete("a", if_version=version),
            store.delete_many(["a"]),
            store.clear(),
            store.update("a", lambda value: value),
            store.increment("a"),
            store.expire("a", 60),
            store.apply({"a": Put(2)}),
            store.namespace("n").set("a", 1),
            store.namespace("n").increment("a"),
        ):
            with pytest.raises(ReadOnlyError) as caught:
                await write
            assert isinstance(caught.value, PermissionError)
        with pytest.raises(ReadOnlyError):
            async with store.transaction() as tx:
                await tx.set("a", 2)

        async with store.transaction() as tx:
            assert await tx.get("a") == 1
        assert await store.get("a") == 1
        assert await below.get_entry("a") == await store.get_entry("a")


@pytest.mark.asyncio
class TestPrefixed:
    async def test_a_key_is_too_long_with_its_prefix(self) -> None:
        store = Prefixed(await opened(), "p" * 1000)

        with pytest.raises(InvalidKeyError, match="1024"):
            await store.set("k" * 100, 1)

    async def test_a_part_has_no_backup_of_its_own(self) -> None:
        below = await opened()
        below.capabilities |= Capability.BACKUP
        part = Prefixed(below, "a")

        assert Capability.BACKUP not in part.capabilities
        with pytest.raises(UnsupportedError):
            await part.backup("x")

    async def test_an_empty_prefix_is_refused(self) -> None:
        with pytest.raises(InvalidKeyError):
            Prefixed(await opened(), "")

    async def test_two_parts_of_one_store_do_not_change_each_other(self) -> None:
        below = await opened()
        one, other = below.namespace("one"), below.namespace("other")
        await one.set("a", 1)
        await other.set("a", 2)

        assert (one.prefix, other.prefix) == ("one:", "other:")
        assert (await one.get("a"), await other.get("a")) == (1, 2)
        assert (one.name, below.name) == ("memory/one:", "memory")


def test_a_wrapper_stands_around_a_provider() -> None:
    with pytest.raises(TypeError, match="StorageProvider"):
        ReadOnly("memory")  # type: ignore[arg-type]
