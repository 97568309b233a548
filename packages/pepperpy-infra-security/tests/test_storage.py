"""Records in a storage: nothing acknowledged is lost, nothing ended comes back."""

from __future__ import annotations

import asyncio
import copy
import json
import traceback
from enum import Flag, auto
from fnmatch import fnmatchcase
from typing import NamedTuple

import pytest

from pepperpy.infra.security import (
    AuthenticationError,
    Credential,
    IdentityExistsError,
    InvalidSettingError,
    Lockout,
    PermissionLevel,
    SecurityManager,
    StoredRecordError,
)
from pepperpy.infra.utils import FakeClock

READ, WRITE = PermissionLevel.READ, PermissionLevel.WRITE


class Entry(NamedTuple):
    value: object
    version: int


class Capability(Flag):
    TTL = auto()
    VERSIONS = auto()


class Plain:
    """The four methods, and JSON text below."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.broken: Exception | None = None
        self.writes = 0
        self.before_write = None

    async def get(self, key):
        self.check()
        return json.loads(self.kept[key]) if key in self.kept else None

    async def set(self, key, value):
        await self.about_to_write()
        self.kept[key] = json.dumps(value)

    async def delete(self, key):
        await self.about_to_write()
        self.kept.pop(key, None)

    async def keys(self, pattern):
        self.check()
        return [key for key in self.kept if fnmatchcase(key, pattern)]

    async def about_to_write(self):
        await asyncio.sleep(0)
        hook, self.before_write = self.before_write, None
        if hook is not None:
            await hook()
        self.check()
        self.writes += 1

    def check(self):
        if self.broken is not None:
            raise self.broken


class Versioned(Plain):
    """And versions, as the providers of the storage wheel have them."""

    capabilities = Capability.TTL | Capability.VERSIONS

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, int] = {}
        self.count = 0

    async def get(self, key):
        self.check()
        return json.loads(self.kept[key])  # a KeyError if it is not there

    async def get_entry(self, key):
        await asyncio.sleep(0)
        return Entry(await self.get(key), self.versions[key])

    async def set(self, key, value, *, if_version=None, if_absent=False):
        await self.about_to_write()
        if if_absent and key in self.kept:
            raise RuntimeError("exists")
        if if_version is not None and self.versions.get(key) != if_version:
            raise RuntimeError("mismatch")
        self.count += 1
        self.versions[key] = self.count
        self.kept[key] = json.dumps(value)
        return self.count

    async def delete(self, key):
        await super().delete(key)
        self.versions.pop(key, None)


@pytest.fixture(params=[Plain, Versioned])
def storage(request):
    return request.param()


async def restarted(storage, **options) -> SecurityManager:
    manager = SecurityManager(storage=storage, **options)
    await manager.load()
    return manager


@pytest.mark.asyncio
class TestOneProcess:
    async def test_what_was_acknowledged_is_there_after_a_restart(self, storage, clock) -> None:
        manager = SecurityManager(storage=storage, clock=clock)
        identity = await manager.acreate_identity("ann", {"a:*": READ}, metadata={"m": [1]})
        keys = [
            await manager.acreate_api_key(
                identity.id, 60, scopes={"a:b": READ}, name="n", metadata={"k": 1}
            ),
            await manager.acreate_api_key(identity.id),
        ]
        gone = await manager.acreate_api_key(identity.id)
        await manager.arevoke_credential(gone.id)
        await manager.aupdate_permissions(identity.id, {"a:*": WRITE})
        keys.append(await manager.arotate_api_key(keys[1].id))

        again = await restarted(storage, clock=clock)

        assert [again.authenticate(key).name for key in keys] == ["ann"] * 3
        with pytest.raises(AuthenticationError):
            again.authenticate(gone)
        session = again.authenticate(keys[0])
        assert again.authorize(session, "a:b", READ)
        assert not again.authorize(session, "a:c", READ)
        assert again.authorize(again.authenticate(keys[1]), "a:c", WRITE)
        before, after = manager.get_identity(identity.id), again.get_identity_by_name("ann")
        assert (after.id, after.metadata, after.created_at) == (
            *(before.id, before.metadata, before.created_at),
        )
        assert sorted(map(repr, after.credentials)) == sorted(map(repr, before.credentials))

    async def test_what_the_plain_methods_did_is_there_after_a_flush(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        identity = manager.create_identity("ann")
        key = manager.create_api_key(identity.id)
        assert storage.kept == {}

        await manager.flush()

        assert (await restarted(storage)).authenticate(key).name == "ann"
        writes = storage.writes
        await manager.flush()
        assert storage.writes == writes

    async def test_the_storage_holds_no_key_and_no_name_in_its_keys(self, storage) -> None:
        manager = SecurityManager(storage=storage, namespace="app")
        identity = await manager.acreate_identity("ann")
        key = (await manager.acreate_api_key(identity.id)).key

        text = repr(storage.kept)
        assert key.rsplit("_", 1)[1][:10] not in text
        assert {name.split(":")[0] for name in storage.kept} == {"app"}
        assert not any("ann" in name for name in storage.kept)

    async def test_a_deleted_identity_is_gone_with_its_keys_and_its_name_is_free(
        self, storage
    ) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann")
        key = await manager.acreate_api_key(identity.id)

        await manager.adelete_identity(identity.id)

        assert storage.kept == {}
        again = await restarted(storage)
        with pytest.raises(AuthenticationError):
            again.authenticate(key)
        await again.acreate_identity("ann")

    async def test_a_write_that_fails_gives_no_key_and_leaves_none(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann")
        storage.broken = OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await manager.acreate_api_key(identity.id)
        with pytest.raises(OSError, match="disk full"):
            await manager.acreate_identity("bob")

        storage.broken = None
        assert manager.get_identity(identity.id).credentials == []
        assert [each.name for each in manager.list_identities()] == ["ann"]
        await manager.acreate_identity("bob")
        again = await restarted(storage)
        assert sorted(each.name for each in again.list_identities()) == ["ann", "bob"]

    async def test_a_rotation_that_fails_leaves_the_old_key_as_it_was(self, storage, clock) -> None:
        manager = SecurityManager(storage=storage, clock=clock)
        identity = await manager.acreate_identity("ann")
        key = await manager.acreate_api_key(identity.id, 100)
        storage.broken = OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await manager.arotate_api_key(key.id, overlap=1)

        storage.broken = None
        clock.advance(50)
        await manager.flush()
        for each in (manager, await restarted(storage, clock=clock)):
            assert each.authenticate(key) == identity
            (only,) = each.get_identity(identity.id).credentials
            assert only.expires_at == key.expires_at

    @pytest.mark.parametrize("writes", [0, 1])
    async def test_a_rotation_that_fails_half_way_leaves_no_key_that_nobody_has(
        self, storage, clock, writes
    ) -> None:
        manager = SecurityManager(storage=storage, clock=clock)
        identity = await manager.acreate_identity("ann")
        key = await manager.acreate_api_key(identity.id)

        async def fail_later(left=writes):
            if left == 0:
                raise OSError("disk full")

            async def next_time():
                await fail_later(left - 1)

            storage.before_write = next_time

        storage.before_write = fail_later
        with pytest.raises(OSError, match="disk full") as caught:
            await manager.arotate_api_key(key.id)
        await manager.flush()

        for each in (manager, await restarted(storage, clock=clock)):
            (only,) = each.get_identity(identity.id).credentials
            assert (only.id, only.expires_at) == (key.id, None)
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        held = [value for each in frames for value in each.values() if value is not key]
        assert not any(isinstance(value, Credential) and value.key for value in held)

    async def test_a_rotation_saves_the_identity_that_is_not_saved_yet(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        key = manager.create_api_key(manager.create_identity("ann").id)

        new = await manager.arotate_api_key(key.id)

        assert (await restarted(storage)).authenticate(new).name == "ann"

    @pytest.mark.parametrize("life", [None, 7200.0])
    async def test_a_rotated_key_is_rotated_again_after_a_restart(self, storage, life) -> None:
        manager = SecurityManager(storage=storage)
        old = await manager.acreate_api_key((await manager.acreate_identity("ann")).id, life)
        await manager.arotate_api_key(old.id)

        new = await (await restarted(storage)).arotate_api_key(old.id)

        assert (new.expires_at and (new.expires_at - new.created_at).total_seconds()) == life

    async def test_a_name_that_could_not_be_claimed_is_claimed_by_the_next_flush(self) -> None:
        storage = Versioned()
        manager = SecurityManager(storage=storage)
        manager.create_identity("ann")
        original = storage.set

        async def no_names(key, value, **options):
            if ":name:" in key:
                raise OSError("disk full")
            return await original(key, value, **options)

        storage.set = no_names
        with pytest.raises(OSError, match="disk full"):
            await manager.flush()
        storage.set = original
        await manager.flush()

        with pytest.raises(IdentityExistsError):
            await SecurityManager(storage=storage).acreate_identity("ann")

    async def test_a_revocation_that_cannot_be_saved_holds_and_is_saved_later(
        self, storage
    ) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann", {"a": WRITE})
        key = await manager.acreate_api_key(identity.id)
        storage.broken = OSError("no network")
        with pytest.raises(OSError, match="no network"):
            await manager.arevoke_credential(key.id)
        with pytest.raises(OSError, match="no network"):
            await manager.aupdate_permissions(identity.id, {})
        with pytest.raises(AuthenticationError):
            manager.authenticate(key)
        assert not manager.authorize(manager.get_identity(identity.id), "a", READ)
        with pytest.raises(ExceptionGroup) as caught:
            await manager.flush()
        assert len(caught.value.exceptions) == 2

        storage.broken = None
        await manager.flush()

        again = await restarted(storage)
        with pytest.raises(AuthenticationError):
            again.authenticate(key)
        assert again.get_identity(identity.id).permissions == {}

    async def test_one_record_that_cannot_be_saved_keeps_back_no_other(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        manager.create_identity("ann", metadata={"no": {1, 2}})
        bob = manager.create_identity("bob")
        key = manager.create_api_key(bob.id)

        with pytest.raises(TypeError, match="set is not JSON"):
            await manager.flush()

        assert (await restarted(storage)).authenticate(key).name == "bob"

    async def test_a_damaged_record_is_told_and_counts_as_absent(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann")
        keys = [await manager.acreate_api_key(identity.id) for _ in range(6)]
        names = [f"security:credential:{key.id}" for key in keys]
        stored = [json.loads(storage.kept[name]) for name in names]
        stored[0]["v"] = 2
        stored[1]["id"] = stored[2]["id"]
        del stored[2]["hash"]
        stored[3]["expires_at"] = "2025-01-01T00:00:00"
        stored[4] = ["what"]
        for name, data in zip(names, stored, strict=True):
            storage.kept[name] = json.dumps(data)
        again = SecurityManager(storage=storage)

        with pytest.raises(StoredRecordError, match="5 stored record") as caught:
            await again.load()

        assert set(caught.value.keys) == set(names[:5])
        assert again.authenticate(keys[5]).name == "ann"
        for key in keys[:5]:
            with pytest.raises(AuthenticationError):
                again.authenticate(key)

    @pytest.mark.parametrize("kind", ["identity", "credential"])
    async def test_whatever_stands_in_a_record_nothing_but_a_damaged_record_is_told(
        self, kind
    ) -> None:
        odd = [None, 0, True, "", "x", [], ["a"], {}, {"a": 1}, -1, 10**30, "\ud800"]
        odd += ["9999-12-31T23:59:59-23:59", "2025-01-01T00:00:00"]
        storage = Plain()
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann", {"a": READ})
        key = await manager.acreate_api_key(identity.id, 60, scopes=["a"])
        name = f"security:{kind}:{key.id if kind == 'credential' else identity.id}"
        sound, damaged = json.loads(storage.kept[name]), 0

        for field in sound:
            for value in odd:
                storage.kept[name] = json.dumps({**sound, field: value})
                again = SecurityManager(storage=storage)
                try:
                    await again.load()
                    someone = await again.aauthenticate(key.key)
                    again.authorize(someone, "a", READ)
                    repr(someone.credentials)
                    await again.arevoke_credential(key.id)
                except StoredRecordError:
                    damaged += 1
                except AuthenticationError:
                    continue

        assert damaged > len(sound) * len(odd) // 2

    async def test_a_record_that_was_known_and_is_damaged_now_is_absent_too(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann")
        first, second = [await manager.acreate_api_key(identity.id) for _ in range(2)]
        for key in (first, second):
            storage.kept[f"security:credential:{key.id}"] = "{}"

        with pytest.raises(StoredRecordError):
            await manager.aauthenticate(first)
        with pytest.raises(AuthenticationError):
            manager.authenticate(first)
        with pytest.raises(StoredRecordError):
            await manager.load()
        with pytest.raises(AuthenticationError):
            manager.authenticate(second)

    @pytest.mark.parametrize("garbage", [0, {}, ["id"]])
    async def test_a_damaged_claim_of_a_name_is_told(self, storage, garbage) -> None:
        await SecurityManager(storage=storage).acreate_identity("ann")
        [name] = [key for key in storage.kept if key.startswith("security:name:")]
        storage.kept[name] = json.dumps(garbage)

        with pytest.raises(StoredRecordError) as caught:
            await SecurityManager(storage=storage).acreate_identity("ann")

        assert caught.value.keys == (name,)

    async def test_a_new_hash_on_use_is_saved(self, storage) -> None:
        first = SecurityManager(storage=storage)
        identity = await first.acreate_identity("ann")
        key = await first.acreate_api_key(identity.id)
        second = await restarted(storage, peppers={"p": b"p" * 32}, accept_unpeppered=True)

        second.authenticate(key)
        await second.flush()

        assert "hmac-sha256:p" in storage.kept[f"security:credential:{key.id}"]

    async def test_without_a_storage_the_methods_say_so(self) -> None:
        manager = SecurityManager()

        for call in (manager.load(), manager.flush(), manager.aauthenticate("x")):
            with pytest.raises(InvalidSettingError, match="has no storage"):
                await call


@pytest.mark.asyncio
class TestSeveralProcesses:
    """Two managers on one storage stand for two processes."""

    async def both(self, storage, **options):
        first = SecurityManager(storage=storage, **options)
        identity = await first.acreate_identity("ann", {"a": READ})
        key = await first.acreate_api_key(identity.id)
        return first, await restarted(storage, **options), identity, key

    async def test_each_hears_of_the_other_when_it_loads(self, storage) -> None:
        first, second, identity, key = await self.both(storage)
        other = await second.acreate_api_key(identity.id)
        await second.arevoke_credential(key.id)
        await second.aupdate_permissions(identity.id, {"b": READ})
        await second.acreate_identity("bob")

        await first.load()

        assert first.authenticate(other).permissions == {"b": READ}
        with pytest.raises(AuthenticationError):
            first.authenticate(key)
        assert first.get_identity_by_name("bob").name == "bob"

    async def test_a_deleted_identity_is_forgotten(self, storage) -> None:
        first, second, identity, key = await self.both(storage)
        await second.adelete_identity(identity.id)

        await first.load()

        assert first.list_identities() == []
        with pytest.raises(AuthenticationError):
            first.authenticate(key)

    async def test_what_is_deleted_elsewhere_is_not_written_again(self, storage) -> None:
        first, second, identity, key = await self.both(storage)
        await second.adelete_identity(identity.id)

        first.update_permissions(identity.id, {"*": WRITE})
        first.revoke_credential(key.id)
        await first.flush()

        assert storage.kept == {}
        assert first.list_identities() == []

    async def test_authenticating_by_the_storage_knows_at_once(self, storage) -> None:
        first, second, identity, key = await self.both(storage)
        other = await second.acreate_api_key(identity.id)
        await second.aupdate_permissions(identity.id, {"b": READ})

        found = await first.aauthenticate(other)
        assert first.authorize(found, "b", READ)
        await second.arevoke_credential(key.id)

        assert first.authenticate(key).name == "ann"  # what it knows itself
        with pytest.raises(AuthenticationError):
            await first.aauthenticate(key.key)
        for presented in ("nonsense", None, key.key[:-1]):
            with pytest.raises(AuthenticationError):
                await first.aauthenticate(presented)

    async def test_every_failure_asks_the_storage_as_often(self, storage, forge) -> None:
        first, _, _identity, key = await self.both(storage)
        asked: list[str] = []
        name = "get_entry" if isinstance(storage, Versioned) else "get"
        original = getattr(storage, name)

        async def counted(key):
            asked.append(key)
            return await original(key)

        setattr(storage, name, counted)
        counts = []
        for presented in (*("nonsense", None, forge(key.key), key.key.replace(key.id, "0" * 16)),):
            asked.clear()
            with pytest.raises(AuthenticationError):
                await first.aauthenticate(presented)
            counts.append(len(asked))

        assert counts == [2] * 4

    @pytest.mark.parametrize(
        "claimed",
        [
            "../../../../etc/",
            "\0" * 16,
            "*" * 16,
            "0123456789ABCDEF",
            "a:name:b23456789",
            "\n" * 16,
        ],
    )
    async def test_what_is_no_id_does_not_reach_the_storage(
        self, storage, claimed, monkeypatch
    ) -> None:
        manager, _, _, _ = await self.both(storage)
        asked = []
        name = "get_entry" if isinstance(storage, Versioned) else "get"
        original = getattr(storage, name)
        monkeypatch.setattr(storage, name, lambda key: asked.append(key) or original(key))

        with pytest.raises(AuthenticationError):
            await manager.aauthenticate(f"shop_{claimed}_{'0' * 49}")

        assert asked == ["security:credential:-", "security:identity:-"]

    async def test_a_revocation_wins_over_whatever_the_other_one_writes(self) -> None:
        storage = Versioned()
        first, second, _identity, key = await self.both(storage)
        second.rotate_api_key(key.id, overlap=1000)
        await first.arevoke_credential(key.id)

        await second.flush()

        for manager in (second, await restarted(storage)):
            with pytest.raises(AuthenticationError):
                manager.authenticate(key)

    async def test_of_two_ends_the_earlier_one_counts(self, clock) -> None:
        storage = Versioned()
        first, second, _, key = await self.both(storage, clock=clock)
        first.rotate_api_key(key.id, overlap=10)
        second.rotate_api_key(key.id, overlap=20)

        await first.flush()
        await second.flush()
        await first.load()

        clock.advance(10)
        for each in (first, second, await restarted(storage, clock=clock)):
            with pytest.raises(AuthenticationError):
                each.authenticate(key)

    async def test_a_write_between_reading_and_writing_is_merged(self) -> None:
        storage = Versioned()
        first, second, _identity, key = await self.both(storage)

        async def meanwhile() -> None:
            await first.arevoke_credential(key.id)

        storage.before_write = meanwhile
        second.rotate_api_key(key.id, overlap=1000)
        await second.flush()

        again = await restarted(storage)
        with pytest.raises(AuthenticationError):
            again.authenticate(key)

    async def test_one_name_is_one_identity_for_all(self) -> None:
        storage = Versioned()
        managers = [SecurityManager(storage=storage) for _ in range(8)]

        made = await asyncio.gather(
            *(manager.acreate_identity("ann") for manager in managers), return_exceptions=True
        )

        refused = [each for each in made if isinstance(each, IdentityExistsError)]
        assert len(refused) == 7
        (identity,) = [each for each in made if not isinstance(each, Exception)]
        for manager in managers:
            await manager.flush()
        again = await restarted(storage)
        assert again.list_identities() == [identity]

    async def test_a_name_that_was_claimed_and_never_used_is_free(self) -> None:
        storage = Versioned()
        await SecurityManager(storage=storage).acreate_identity("ann")
        for key in [key for key in storage.kept if ":identity:" in key]:
            await storage.delete(key)

        await SecurityManager(storage=storage).acreate_identity("ann")

        assert len((await restarted(storage)).list_identities()) == 1

    async def test_a_name_taken_elsewhere_is_told_by_flush_and_harms_no_other(self) -> None:
        storage = Versioned()
        first, second = SecurityManager(storage=storage), SecurityManager(storage=storage)
        await first.acreate_identity("ann")
        taken, _bob = second.create_identity("ann"), second.create_identity("bob")

        for _ in range(2):
            with pytest.raises(IdentityExistsError):
                await second.flush()
        second.delete_identity(taken.id)
        await second.flush()
        await second.load()

        names = sorted(each.name for each in (await restarted(storage)).list_identities())
        assert names == ["ann", "bob"]
        assert second.get_identity_by_name("ann") != taken

    async def test_loading_while_something_changes_undoes_nothing(self, storage) -> None:
        manager = SecurityManager(storage=storage)
        identity = await manager.acreate_identity("ann", {"a": WRITE})
        key = await manager.acreate_api_key(identity.id)
        reads = asyncio.Event()
        original = storage.keys

        async def slow(pattern):
            found = await original(pattern)
            if ":credential:" in pattern:
                manager.revoke_credential(key.id)
                manager.update_permissions(identity.id, {})
                fresh = manager.create_api_key(identity.id)
                await manager.flush()
                made.append(fresh)
                reads.set()
            return found

        made: list = []
        storage.keys = slow
        await manager.load()

        assert reads.is_set()
        assert not manager.authorize(manager.get_identity(identity.id), "a", READ)
        with pytest.raises(AuthenticationError):
            manager.authenticate(key)
        assert manager.authenticate(made[0]) == identity

    async def test_loading_undoes_nothing_that_is_not_saved_yet(self, storage) -> None:
        manager, _, identity, key = await self.both(storage)
        manager.revoke_credential(key.id)
        manager.update_permissions(identity.id, {})
        fresh = manager.create_api_key(identity.id)

        await manager.load()

        assert manager.get_identity(identity.id).permissions == {}
        assert manager.authenticate(fresh) == identity
        with pytest.raises(AuthenticationError):
            manager.authenticate(key)

    @pytest.mark.parametrize("how", ["load", "authenticate"])
    async def test_a_deletion_that_is_not_saved_yet_is_not_undone(self, storage, how) -> None:
        manager, other, identity, key = await self.both(storage)
        manager.delete_identity(identity.id)

        if how == "load":
            await manager.load()
        else:
            with pytest.raises(AuthenticationError):
                await manager.aauthenticate(key.key)
        with pytest.raises(AuthenticationError):
            manager.authenticate(key)
        assert manager.list_identities() == []

        await manager.flush()
        assert storage.kept == {}
        await other.load()
        assert other.list_identities() == []

    @pytest.mark.parametrize("kind", ["credential", "identity"])
    async def test_a_value_that_was_read_before_a_change_and_arrives_after_it_undoes_nothing(
        self, storage, kind
    ) -> None:
        manager, _, identity, key = await self.both(storage)
        name = "get_entry" if isinstance(storage, Versioned) else "get"
        original = getattr(storage, name)

        async def late(asked):
            found = await original(asked)
            setattr(storage, name, original)
            manager.revoke_credential(key.id)
            manager.update_permissions(identity.id, {})
            await manager.flush()
            return found

        setattr(storage, name, late)
        await manager._saving.refresh((kind, key.id if kind == "credential" else identity.id))

        assert manager.get_identity(identity.id).permissions == {}
        with pytest.raises(AuthenticationError):
            manager.authenticate(key)

    async def test_what_changes_during_a_flush_is_saved_by_the_next(self, storage) -> None:
        manager, _, identity, _ = await self.both(storage)

        async def meanwhile() -> None:
            manager.update_permissions(identity.id, {"b": READ})

        manager.update_permissions(identity.id, {"c": READ})
        storage.before_write = meanwhile
        await manager.flush()
        await manager.flush()

        assert (await restarted(storage)).get_identity(identity.id).permissions == {"b": READ}

    async def test_lockout_stays_where_it_is(self, storage, forge) -> None:
        first, second, _identity, key = await self.both(
            storage, lockout=Lockout(max_failures=1), clock=FakeClock()
        )
        with pytest.raises(AuthenticationError):
            await first.aauthenticate(forge(key.key))
        with pytest.raises(AuthenticationError):
            await first.aauthenticate(key)
        assert (await second.aauthenticate(key)).name == "ann"


def test_a_second_event_loop_goes_on_with_the_same_manager(storage) -> None:
    manager = SecurityManager(storage=storage)
    identity = asyncio.run(manager.acreate_identity("ann"))
    key = asyncio.run(manager.acreate_api_key(identity.id))

    again = asyncio.run(restarted(copy.copy(storage)))

    assert again.authenticate(key) == identity
