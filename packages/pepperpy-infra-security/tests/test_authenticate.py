"""Keys: their form, who is known by them, and how it fails."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import re
import threading
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from pepperpy.infra.security import (
    ApiKeyAuthenticator,
    AuthenticationError,
    Authenticator,
    AuthType,
    Credential,
    CredentialStateError,
    Identity,
    InvalidSettingError,
    Lockout,
    MemoryCredentialStore,
    MemoryIdentityStore,
    PermissionLevel,
    SecurityError,
    SecurityManager,
    UnknownCredentialError,
    UnknownIdentityError,
    _authenticator,
    _keys,
    create_security_manager,
    is_api_key,
)
from pepperpy.infra.utils import FakeClock

READ = PermissionLevel.READ
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def refused(manager: SecurityManager, presented: object, **options) -> str:
    with pytest.raises(AuthenticationError) as caught:
        manager.authenticate(presented, **options)  # type: ignore[arg-type]
    assert caught.value.__cause__ is caught.value.__context__ is None
    return str(caught.value)


class TestKey:
    def test_is_prefix_id_secret_and_checksum(self, manager) -> None:
        credential = manager.create_api_key(manager.create_identity("ann").id)

        found = re.fullmatch(
            r"pepper_([0-9a-z]{16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", credential.key
        )
        assert found is not None
        assert found[1] == credential.id
        number = 0
        for digit in found[3]:
            number = number * 62 + BASE62.index(digit)
        assert number == zlib.crc32(credential.key[:-6].encode())

    def test_has_the_prefix_of_its_manager(self) -> None:
        manager = SecurityManager(prefix="shop_live")

        key = manager.create_api_key(manager.create_identity("ann").id).key

        assert key.startswith("shop_live_")
        assert is_api_key(key)
        assert manager.authenticate(key).name == "ann"

    def test_a_key_with_an_earlier_prefix_stays_good(self) -> None:
        stores = MemoryCredentialStore(), MemoryIdentityStore()
        before = SecurityManager(*stores, prefix="old")
        key = before.create_api_key(before.create_identity("ann").id).key

        assert SecurityManager(*stores, prefix="new").authenticate(key).name == "ann"
        refused(SecurityManager(*stores, prefix="new"), key.replace("old", "new"))

    @pytest.mark.parametrize("prefix", ["", "Shop", "7up", "a_", "_a", "a b", "a" * 25, None, "é"])
    def test_a_prefix_that_makes_no_key_is_refused(self, prefix) -> None:
        with pytest.raises(InvalidSettingError, match="prefix must be"):
            SecurityManager(prefix=prefix)

    def test_keys_differ_and_use_every_digit(self, manager) -> None:
        identity = manager.create_identity("ann")

        keys = [manager.create_api_key(identity.id).key for _ in range(50)]

        assert len(set(keys)) == 50
        assert set("".join(key[-49:-6] for key in keys)) == set(BASE62)

    def test_a_typing_error_is_told_without_asking_anybody(self, manager) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        assert is_api_key(key)
        for at in range(len(key)):
            other = "0" if key[at] != "0" else "1"
            assert not is_api_key(key[:at] + other + key[at + 1 :])
        assert not is_api_key(key + "\n")
        assert not is_api_key(None)  # type: ignore[arg-type]


class TestAuthenticate:
    def test_takes_the_credential_or_the_text_of_its_key(self, manager) -> None:
        identity = manager.create_identity("ann")
        credential = manager.create_api_key(identity.id)

        assert manager.authenticate(credential) == identity
        assert manager.authenticate(credential.key) == identity
        assert manager.authenticate(Credential(key=credential.key)).name == "ann"
        assert manager.authenticate(credential.key).credential_id == credential.id

    def test_the_text_counts_as_it_stands(self, manager) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for other in (
            *(f" {key}", f"{key} ", f"{key}\n", f"{key}\0", f"\ufeff{key}", f"Bearer {key}"),
            *(key.upper(), key.lower(), key.swapcase(), key.title(), key[:-1], key[1:]),
            *(key + key, key.replace("_", "-"), key.replace("_", "\uff3f"), key[::-1]),
        ):
            refused(manager, other)
        assert manager.authenticate(key).name == "ann"

    @pytest.mark.parametrize(
        "presented",
        [
            *(None, b"", 7, object(), [], {}, "", "_", "__", "___", "a_b_c", "\ud800", "é" * 91),
            *("pepper_" * 20, "x" * 100_000, "_" * 91, "odd", Credential(), Credential(key="k")),
            *(Credential(auth_type=AuthType.JWT, key="a.b.c"), Identity("ann")),
        ],
        ids=repr,
    )
    def test_whatever_is_no_key_is_refused_as_everything_is(self, manager, presented) -> None:
        manager.create_api_key(manager.create_identity("ann").id)

        assert refused(manager, presented) == _authenticator.REFUSED

    def test_a_key_in_bytes_is_none(self, manager) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        refused(manager, key.encode())
        refused(manager, Credential(key=key.encode()))  # type: ignore[arg-type]

    def test_a_key_of_another_manager_is_refused(self, manager) -> None:
        other = SecurityManager()

        refused(manager, other.create_api_key(other.create_identity("ann").id).key)

    def test_the_fields_of_a_credential_beside_its_key_say_nothing(self, manager) -> None:
        ann, bob = manager.create_identity("ann"), manager.create_identity("bob")
        credential = manager.create_api_key(ann.id)
        credential.id, credential.identity_id = "0" * 16, bob.id

        assert manager.authenticate(credential) == ann

    def test_every_failure_says_the_same(self, manager, clock, forge) -> None:
        identity = manager.create_identity("ann")
        expired, revoked, good = (
            manager.create_api_key(identity.id, expires_in=life) for life in (1, None, None)
        )
        manager.revoke_credential(revoked.id)
        clock.advance(1)

        messages = {
            refused(manager, presented)
            for presented in (
                *("nonsense", expired.key, revoked.key, forge(good.key)),
                good.key.replace(good.id, "0" * 16),
            )
        }

        assert messages == {_authenticator.REFUSED}

    def test_every_failure_costs_the_same(self, manager, clock, forge, monkeypatch) -> None:
        identity = manager.create_identity("ann")
        expired, revoked, good, locked = (
            manager.create_api_key(identity.id, expires_in=life) for life in (1, None, None, None)
        )
        manager.revoke_credential(revoked.id)
        clock.advance(1)
        for _ in range(10):
            refused(manager, forge(locked.key))
        unknown = f"{good.key[:7]}{'0' * 16}{good.key[23:-6]}"
        unknown += _keys._base62(zlib.crc32(unknown.encode()), 6)
        work: list[str] = []
        count(work, monkeypatch, manager)

        costs = {}
        for name, presented in {
            "malformed": "nonsense",
            "mistyped": good.key[:-1] + ("0" if good.key[-1] != "0" else "1"),
            "unknown": unknown,
            "wrong": forge(good.key),
            "expired": expired.key,
            "revoked": revoked.key,
            "locked": locked.key,
        }.items():
            work.clear()
            refused(manager, presented)
            costs[name] = tuple(sorted(work))

        assert len(set(costs.values())) == 1, costs
        assert set(work) == {"credential", "identity", "hash", "compare", "checksum"}

    def test_authenticator_for_another_kind_of_credential(self, manager, clock) -> None:
        class Tickets(Authenticator):
            def authenticate(self, credential: Credential) -> Identity:
                if credential.key != "ticket":
                    raise AuthenticationError(f"not a ticket: {credential.key}")
                return Identity(ids[0])

        manager = SecurityManager(authenticators={AuthType.CUSTOM: Tickets()})
        ids = [manager.create_identity("ann", {"a": READ}).id]

        found = manager.authenticate(Credential(auth_type=AuthType.CUSTOM, key="ticket"))

        assert found.name == "ann"
        assert manager.authorize(found, "a", READ)
        refused(manager, Credential(auth_type=AuthType.CUSTOM, key="other"))
        ids[0] = "nobody"
        refused(manager, Credential(auth_type=AuthType.CUSTOM, key="ticket"))

    def test_an_authenticator_in_place_of_the_own_one_sees_keys_as_credentials(self) -> None:
        class Fixed(Authenticator):
            def authenticate(self, credential: Credential) -> Identity:
                if credential.key != "fixed":
                    raise AuthenticationError("no")
                return identity

        manager = SecurityManager(authenticator=Fixed())
        identity = manager.create_identity("ann")

        assert manager.authenticate("fixed") == identity
        refused(manager, manager.create_api_key(identity.id).key)

    def test_the_authenticator_alone_knows_keys_of_its_stores(self) -> None:
        credentials, identities = MemoryCredentialStore(), MemoryIdentityStore()
        manager = SecurityManager(credentials, identities)
        key = manager.create_api_key(manager.create_identity("ann", {"a": READ}).id)
        alone = ApiKeyAuthenticator(credentials, identities)

        found = alone.authenticate(key)

        assert (found.name, found.permissions) == ("ann", {"a": READ})
        assert credentials.get_credentials_by_key(key.key) == [credentials.get_credential(key.id)]
        with pytest.raises(AuthenticationError):
            alone.authenticate(Credential(key="x"))

    def test_the_authenticator_alone_changes_no_record(self) -> None:
        class Unchanging(MemoryCredentialStore):
            def update_credential(self, credential):
                raise AssertionError("what was read may be revoked meanwhile")

        credentials, identities = Unchanging(), MemoryIdentityStore()
        manager = SecurityManager(credentials, identities)
        key = manager.create_api_key(manager.create_identity("ann").id)
        alone = ApiKeyAuthenticator(
            credentials, identities, peppers={"p": b"p" * 32}, accept_unpeppered=True
        )

        assert alone.authenticate(key).name == "ann"

    @pytest.mark.parametrize("answer", [None, True, "ann"])
    def test_another_authenticator_that_answers_with_no_identity_refuses(self, answer) -> None:
        class Vague(Authenticator):
            def authenticate(self, credential):
                return answer

        manager = SecurityManager(authenticators={AuthType.BASIC: Vague()})

        refused(manager, Credential(auth_type=AuthType.BASIC, key="ann"))


def count(work: list[str], monkeypatch, manager: SecurityManager) -> None:
    """Note each piece of work that takes time."""

    def counted(name, call):
        def counting(*args, **kwargs):
            work.append(name)
            return call(*args, **kwargs)

        return counting

    monkeypatch.setattr(_keys, "_same", counted("compare", hmac.compare_digest))
    monkeypatch.setattr(_keys, "_sha256", counted("hash", _keys._sha256))
    monkeypatch.setattr(_keys, "_checksum", counted("checksum", _keys._checksum))
    for store, name in ((manager._credentials, "credential"), (manager._identities, "identity")):
        monkeypatch.setattr(store, f"get_{name}", counted(name, getattr(store, f"get_{name}")))


class TestExpiry:
    @pytest.mark.parametrize("expires_in", [60, 60.0, timedelta(minutes=1)])
    def test_a_key_is_good_until_exactly_then(self, manager, clock, expires_in) -> None:
        credential = manager.create_api_key(manager.create_identity("ann").id, expires_in)

        clock.advance(59.999)
        manager.authenticate(credential)
        assert not credential.is_expired()
        clock.advance(0.001)
        refused(manager, credential)
        assert credential.is_expired()

    def test_no_time_at_all_is_expired_at_once(self, manager) -> None:
        refused(manager, manager.create_api_key(manager.create_identity("ann").id, timedelta(0)))

    @pytest.mark.parametrize(
        "expires_in",
        [-1, timedelta(seconds=-1), float("nan"), float("inf"), "1", True, timedelta.max, 1e300],
    )
    def test_what_is_no_duration_is_refused(self, manager, expires_in) -> None:
        identity = manager.create_identity("ann")

        with pytest.raises(InvalidSettingError, match="expires_in"):
            manager.create_api_key(identity.id, expires_in)
        assert identity.credentials == []

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
    @pytest.mark.parametrize("day", [(2025, 3, 30), (2025, 10, 26), (2025, 11, 2), (2026, 4, 5)])
    def test_lasts_as_long_over_a_change_of_summer_time(self, zone, day, monkeypatch) -> None:
        import time

        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            start = datetime(*day, tzinfo=UTC) - timedelta(hours=12)
            clock = FakeClock(wall=start.timestamp())
            manager = SecurityManager(clock=clock)
            credential = manager.create_api_key(
                manager.create_identity("ann").id, timedelta(days=1)
            )

            assert credential.expires_at - credential.created_at == timedelta(days=1)
            clock.advance(86_399)
            manager.authenticate(credential)
            clock.advance(1)
            refused(manager, credential)
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_moments_are_aware_and_in_utc(self, manager) -> None:
        identity = manager.create_identity("ann")
        credential = manager.create_api_key(identity.id, 60)

        for moment in (identity.created_at, credential.created_at, credential.expires_at):
            assert moment.tzinfo is UTC

    def test_naive_moments_are_refused_and_others_become_utc(self) -> None:
        berlin = datetime(2025, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        early = datetime(2025, 7, 1, 12, tzinfo=timezone(timedelta(hours=5)))

        assert Credential(expires_at=berlin).expires_at == datetime(2025, 7, 1, 10, tzinfo=UTC)
        assert Identity("i", created_at=early).created_at.hour == 7
        with pytest.raises(InvalidSettingError, match="expires_at must be an aware datetime"):
            Credential(expires_at=berlin.replace(tzinfo=None))

    def test_a_wall_clock_that_jumps_back_revives_nothing_that_was_revoked(
        self, manager, clock
    ) -> None:
        credential = manager.create_api_key(manager.create_identity("ann").id)
        manager.revoke_credential(credential.id)

        clock.jump(-1000)

        refused(manager, credential)


class TestRevocation:
    def test_ends_a_key_at_once_and_what_came_by_it(self, manager) -> None:
        credential = manager.create_api_key(manager.create_identity("ann", {"a": READ}).id)
        session = manager.authenticate(credential)
        assert manager.authorize(session, "a", READ)

        manager.revoke_credential(credential.id)

        refused(manager, credential)
        assert not manager.authorize(session, "a", READ)

    def test_ends_no_other_key(self, manager) -> None:
        identity = manager.create_identity("ann")
        first, second = manager.create_api_key(identity.id), manager.create_api_key(identity.id)

        manager.revoke_credential(first.id)

        assert manager.authenticate(second) == identity

    def test_again_changes_nothing(self, manager, clock) -> None:
        identity = manager.create_identity("ann")
        credential = manager.create_api_key(identity.id)
        manager.revoke_credential(credential.id)
        (before,) = manager.get_identity(identity.id).credentials

        clock.advance(5)
        manager.revoke_credential(credential.id)

        assert manager.get_identity(identity.id).credentials[0].revoked_at == before.revoked_at

    def test_touched_objects_revive_nothing(self, manager, clock) -> None:
        identity = manager.create_identity("ann")
        expired = manager.create_api_key(identity.id, 60)
        revoked = manager.create_api_key(identity.id)
        session = manager.authenticate(expired)
        manager.revoke_credential(revoked.id)
        clock.advance(60)
        far = datetime(2999, 1, 1, tzinfo=UTC)

        for view in (expired, revoked, *session.credentials, *identity.credentials):
            view.expires_at, view.revoked_at, view.created_at = far, None, far
            view.metadata["revoked"] = False
            view.auth_type, view.identity_id = AuthType.API_KEY, identity.id
            view.scopes = {"*": PermissionLevel.SYSTEM}
        session.credentials.clear()

        refused(manager, expired)
        refused(manager, revoked)
        assert not manager.authorize(session, "a", READ)

    @pytest.mark.parametrize("unknown", ["nobody", "", None, 5, b"x", [], {}])
    def test_an_unknown_id_is_a_lookup_error(self, manager, unknown) -> None:
        for call in (manager.revoke_credential, manager.rotate_api_key):
            with pytest.raises(UnknownCredentialError) as caught:
                call(unknown)
            assert isinstance(caught.value, (LookupError, SecurityError))
        for call in (manager.create_api_key, manager.get_identity, manager.delete_identity):
            with pytest.raises(UnknownIdentityError) as caught:
                call(unknown)
            assert isinstance(caught.value, (LookupError, SecurityError))
        with pytest.raises(UnknownIdentityError):
            manager.update_permissions(unknown, {})
        with pytest.raises(UnknownIdentityError):
            manager.get_identity_by_name(unknown)

    def test_an_object_given_in_place_of_its_id_is_told(self, manager) -> None:
        identity = manager.create_identity("ann")

        with pytest.raises(UnknownIdentityError, match="which is Identity; give its id"):
            manager.create_api_key(identity)
        with pytest.raises(UnknownCredentialError, match="which is Credential; give its id"):
            manager.revoke_credential(manager.create_api_key(identity.id))

    @pytest.mark.parametrize("wrong", [{"name": 5}, {"metadata": "abc"}, {"metadata": [1]}])
    def test_a_name_or_metadata_of_the_wrong_type_is_refused(self, manager, wrong) -> None:
        identity = manager.create_identity("ann")

        with pytest.raises(InvalidSettingError) as caught:
            manager.create_api_key(identity.id, **wrong)
        assert caught.value.option in wrong
        with pytest.raises(InvalidSettingError):
            manager.create_identity(**{"name": "bob", **wrong})

    def test_a_key_given_in_place_of_an_id_is_not_shown(self, manager) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for call in (manager.revoke_credential, manager.create_api_key):
            with pytest.raises(LookupError) as caught:
                call(key)
            assert key[24:40] not in str(caught.value)


class TestRotation:
    def test_overlaps_and_then_ends_the_old_key(self, manager, clock) -> None:
        identity = manager.create_identity("ann")
        old = manager.create_api_key(
            identity.id, scopes={"a:*": READ}, name="laptop", metadata={"by": ["bob"]}
        )

        new = manager.rotate_api_key(old.id, overlap=timedelta(hours=1))

        assert (new.scopes, new.name, new.metadata) == ({"a:*": READ}, "laptop", {"by": ["bob"]})
        assert new.key != old.key
        assert manager.authenticate(old) == manager.authenticate(new) == identity
        clock.advance(3600)
        refused(manager, old)
        assert manager.authenticate(new) == identity

    def test_overlaps_by_default_and_not_with_none(self, manager) -> None:
        identity = manager.create_identity("ann")
        first = manager.create_api_key(identity.id)

        second = manager.rotate_api_key(first.id)
        manager.authenticate(first)
        third = manager.rotate_api_key(second.id, overlap=0)

        refused(manager, second)
        manager.authenticate(third)

    def test_never_prolongs_the_old_key(self, manager, clock) -> None:
        old = manager.create_api_key(manager.create_identity("ann").id, 10)

        new = manager.rotate_api_key(old.id, overlap=100)

        clock.advance(10)
        refused(manager, old)
        refused(manager, new)  # it was to live as long as the old one

    @pytest.mark.parametrize("life", [None, 7200.0])
    def test_again_gives_the_life_that_the_old_key_was_meant_to_have(
        self, manager, clock, life
    ) -> None:
        old = manager.create_api_key(manager.create_identity("ann").id, life)
        manager.rotate_api_key(old.id, overlap=60)
        clock.advance(30)

        again = manager.rotate_api_key(old.id)

        lives = again.expires_at and (again.expires_at - again.created_at).total_seconds()
        assert lives == life
        clock.advance(30)
        refused(manager, old)

    def test_gives_the_life_that_is_asked_for(self, manager, clock) -> None:
        old = manager.create_api_key(manager.create_identity("ann").id, 10)

        new = manager.rotate_api_key(old.id, expires_in=20)

        clock.advance(19)
        manager.authenticate(new)
        clock.advance(1)
        refused(manager, new)

    @pytest.mark.parametrize("how", ["revoke", "expire"])
    def test_revives_nothing(self, manager, clock, how) -> None:
        old = manager.create_api_key(manager.create_identity("ann").id, 10)
        if how == "revoke":
            manager.revoke_credential(old.id)
        clock.advance(10 if how == "expire" else 0)

        with pytest.raises(CredentialStateError) as caught:
            manager.rotate_api_key(old.id)

        assert caught.value.key_id == old.id

    def test_a_wrong_argument_changes_nothing(self, manager) -> None:
        identity = manager.create_identity("ann")
        old = manager.create_api_key(identity.id)

        for wrong in ({"overlap": -1}, {"expires_in": -1}, {"expires_in": 1e300}):
            with pytest.raises(InvalidSettingError):
                manager.rotate_api_key(old.id, **wrong)

        (only,) = manager.get_identity(identity.id).credentials
        assert only.expires_at is None


class TestLockout:
    def manager(self, clock, **settings) -> SecurityManager:
        return SecurityManager(clock=clock, lockout=Lockout(**settings) if settings else None)

    def test_repeated_failures_refuse_the_right_key_for_a_while(self, clock, forge) -> None:
        manager = self.manager(clock, max_failures=3, window=60, duration=30)
        key = manager.create_api_key(manager.create_identity("ann").id).key
        for _ in range(3):
            for _ in range(2):
                refused(manager, forge(key))
            manager.authenticate(key)  # which forgets them
        for _ in range(3):
            refused(manager, forge(key))

        refused(manager, key)
        clock.advance(29.9)
        refused(manager, key)
        clock.advance(0.1)
        refused(manager, forge(key))  # one more is not three more
        manager.authenticate(key)

    def test_is_there_by_default(self, manager, forge) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for _ in range(10):
            refused(manager, forge(key))

        refused(manager, key)

    def test_failures_that_lie_apart_do_not_count_together(self, clock, forge) -> None:
        manager = self.manager(clock, max_failures=2, window=10, duration=3000)
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for _ in range(5):
            refused(manager, forge(key))
            clock.advance(11)

        manager.authenticate(key)

    def test_locks_out_one_key_and_one_source_alone(self, clock, forge) -> None:
        manager = self.manager(clock, max_failures=1)
        identity = manager.create_identity("ann")
        key, other = (manager.create_api_key(identity.id).key for _ in range(2))

        refused(manager, forge(key), source="10.0.0.1")

        refused(manager, key, source="10.0.0.1")
        manager.authenticate(key, source="10.0.0.2")
        manager.authenticate(key)
        manager.authenticate(other, source="10.0.0.1")

    def test_goes_by_a_clock_that_does_not_jump(self, clock, forge) -> None:
        manager = self.manager(clock, max_failures=1, duration=30)
        key = manager.create_api_key(manager.create_identity("ann").id).key
        refused(manager, forge(key))

        clock.jump(1000)

        refused(manager, key)

    def test_can_be_off(self, clock, forge) -> None:
        manager = self.manager(clock)
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for _ in range(200):
            refused(manager, forge(key))

        manager.authenticate(key)

    def test_remembers_a_bounded_number_of_sources(self, clock, forge, monkeypatch) -> None:
        from pepperpy.infra.security import _lockout

        monkeypatch.setattr(_lockout, "MAX_TRACKED", 5)
        manager = self.manager(clock, max_failures=2)
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for number in range(50):
            refused(manager, forge(key), source=str(number))

        assert len(manager._keys.failures._by_who) == 5

    @pytest.mark.parametrize(
        "wrong",
        [
            {"max_failures": 0},
            {"max_failures": True},
            {"max_failures": 1.5},
            {"window": -1},
            {"duration": "1"},
        ],
        ids=repr,
    )
    def test_settings_that_make_no_sense_are_refused(self, wrong) -> None:
        with pytest.raises(InvalidSettingError) as caught:
            Lockout(**wrong)
        assert caught.value.option in wrong


class TestPeppers:
    OLD, NEW = {"old": b"o" * 32}, {"old": b"o" * 32, "new": b"n" * 32}

    def test_a_key_hashed_with_an_older_pepper_or_none_is_good_and_gets_a_new_hash(self) -> None:
        credentials, identities = MemoryCredentialStore(), MemoryIdentityStore()
        plain = SecurityManager(credentials, identities)
        identity = plain.create_identity("ann")
        key = plain.create_api_key(identity.id)
        refused(SecurityManager(credentials, identities, peppers=self.OLD), key)
        schemes = []
        for peppers in (self.OLD, self.NEW, self.NEW):
            manager = SecurityManager(
                credentials, identities, peppers=peppers, accept_unpeppered=peppers is self.OLD
            )
            assert manager.authenticate(key) == identity
            schemes.append(credentials.get_credential(key.id).hash.scheme)

        assert schemes == ["hmac-sha256:old", "hmac-sha256:new", "hmac-sha256:new"]

    def test_a_new_hash_undoes_no_revocation_that_came_meanwhile(self, monkeypatch) -> None:
        stores = MemoryCredentialStore(), MemoryIdentityStore()
        plain = SecurityManager(*stores)
        key = plain.create_api_key(plain.create_identity("ann").id)
        manager = SecurityManager(*stores, peppers={"p": b"p" * 16}, accept_unpeppered=True)
        renew = manager._rehash

        def late(record):
            plain.revoke_credential(key.id)
            renew(record)

        monkeypatch.setattr(manager, "_rehash", late)
        manager.authenticate(key)

        refused(manager, key)

    def test_without_its_pepper_no_key_is_good(self) -> None:
        credentials, identities = MemoryCredentialStore(), MemoryIdentityStore()
        manager = SecurityManager(credentials, identities, peppers=self.NEW)
        key = manager.create_api_key(manager.create_identity("ann").id)

        for peppers in (None, self.OLD, {"new": b"x" * 32}):
            refused(SecurityManager(credentials, identities, peppers=peppers), key)
        manager.authenticate(key)

    def test_a_key_whose_pepper_is_gone_costs_what_a_wrong_one_does(self, monkeypatch) -> None:
        stores = MemoryCredentialStore(), MemoryIdentityStore()
        before = SecurityManager(*stores, peppers={"old": b"p" * 16})
        key = before.create_api_key(before.create_identity("ann").id)
        manager, work = SecurityManager(*stores, peppers={"new": b"n" * 16}), []
        count(work, monkeypatch, manager)

        refused(manager, key)

        assert sorted(work) == ["checksum", "compare", "credential", "hash", "identity"]

    def test_a_record_that_was_written_into_the_store_is_worth_nothing_without_it(self) -> None:
        credentials, identities = MemoryCredentialStore(), MemoryIdentityStore()
        manager = SecurityManager(credentials, identities, peppers=self.NEW)
        key = manager.create_api_key(manager.create_identity("ann").id)
        plain = hashlib.sha256(key.key.encode()).digest()

        for scheme in ("sha256", "hmac-sha256:unknown", "hmac-sha256:", "md5", ""):
            record = credentials.get_credential(key.id)
            credentials.update_credential(replace(record, hash=_keys.KeyHash(scheme, plain)))
            refused(manager, key)

    def test_hashes_tell_their_version(self) -> None:
        kept = _keys.Hasher(self.NEW).new("key")

        assert kept.to_text().startswith("v1$hmac-sha256:new$")
        assert _keys.KeyHash.from_text(kept.to_text()) == kept
        with pytest.raises(ValueError, match="version 'v9'"):
            _keys.KeyHash.from_text("v9$sha256$00")

    @pytest.mark.parametrize(
        "wrong", [{"a": b"short"}, {"a": "x" * 32}, {"": b"x" * 32}, {"$": b"x" * 32}]
    )
    def test_weak_ones_are_refused_and_not_shown(self, wrong) -> None:
        with pytest.raises(InvalidSettingError) as caught:
            SecurityManager(peppers=wrong)
        assert "short" not in str(caught.value)
        assert "xxx" not in str(caught.value)


class TestIdentities:
    def test_a_name_that_is_taken_is_refused_and_the_first_stays(self, manager) -> None:
        first = manager.create_identity("ann")

        with pytest.raises(ValueError, match="'ann' already") as caught:
            manager.create_identity("ann")

        assert caught.value.name == "ann"
        assert manager.get_identity_by_name("ann") == first
        assert manager.create_identity("Ann") != first

    @pytest.mark.parametrize("name", ["", "\ud800", None, 7, b"ann"])
    def test_a_name_that_is_none_is_refused(self, manager, name) -> None:
        with pytest.raises(InvalidSettingError, match="name must be text"):
            manager.create_identity(name)

    def test_are_found_by_id_and_by_name(self, manager) -> None:
        ann = manager.create_identity("ann", metadata={"team": "x"})

        assert manager.get_identity(ann.id) == manager.get_identity_by_name("ann") == ann
        assert manager.get_identity(ann.id).metadata == {"team": "x"}
        assert manager.list_identities() == [ann]
        with pytest.raises(LookupError):
            manager.get_identity_by_name("bob")

    def test_what_was_given_is_copied(self, manager) -> None:
        permissions, metadata = {"a": READ}, {"list": [1]}
        identity = manager.create_identity("ann", permissions, metadata=metadata)

        permissions["*"] = PermissionLevel.SYSTEM
        metadata["list"].append(2)
        identity.metadata["list"].append(3)

        assert not manager.authorize(identity, "b", READ)
        assert manager.get_identity(identity.id).permissions == {"a": READ}
        assert manager.get_identity(identity.id).metadata == {"list": [1]}

    def test_deleting_one_ends_its_keys_and_frees_its_name(self, manager) -> None:
        ann, bob = manager.create_identity("ann", {"*": READ}), manager.create_identity("bob")
        credential, other = manager.create_api_key(ann.id), manager.create_api_key(bob.id)
        session = manager.authenticate(credential)

        manager.delete_identity(ann.id)

        refused(manager, credential)
        assert not manager.authorize(session, "a", READ)
        assert not manager.authorize(ann, "a", READ)
        assert manager.authenticate(other) == bob
        assert manager.create_identity("ann").id != ann.id

    def test_threads_that_create_one_name_make_one_identity(self, manager) -> None:
        made, start = [], threading.Barrier(8)

        def create() -> None:
            start.wait()
            try:
                made.append(manager.create_identity("ann"))
            except ValueError:
                made.append(None)

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(made) == 8
        assert sum(each is not None for each in made) == 1

    def test_threads_that_authenticate_revoke_and_create_see_whole_records(self, manager) -> None:
        identity = manager.create_identity("ann", {"a": READ})
        failures: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(100):
                    credential = manager.create_api_key(identity.id)
                    session = manager.authenticate(credential)
                    assert manager.authorize(session, "a", READ)
                    manager.update_permissions(identity.id, {"a": READ})
                    manager.revoke_credential(credential.id)
                    assert not manager.authorize(session, "a", READ)
                    refused(manager, credential)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert len(manager.get_identity(identity.id).credentials) == 400


class TestAudit:
    def kinds(self, heard) -> list[str]:
        return [signal.kind.removeprefix("security.") for signal in heard]

    def test_tells_of_every_change(self, manager, heard) -> None:
        identity = manager.create_identity("ann")
        credential = manager.create_api_key(identity.id)
        manager.update_permissions(identity.id, {"a": READ})
        manager.revoke_credential(manager.rotate_api_key(credential.id).id)
        manager.delete_identity(identity.id)

        assert self.kinds(heard) == [
            *("identity_created", "key_created", "permissions_updated"),
            *("key_rotated", "key_revoked", "identity_deleted"),
        ]
        assert heard[1].facts["key_id"] == credential.id

    def test_tells_apart_why_an_authentication_failed(self, manager, heard, clock, forge) -> None:
        identity = manager.create_identity("ann")
        expired, revoked, good = (
            manager.create_api_key(identity.id, life) for life in (1, None, None)
        )
        manager.revoke_credential(revoked.id)
        clock.advance(1)
        heard.clear()

        for presented in ("x", expired.key, revoked.key, *[forge(good.key)] * 10, good.key):
            refused(manager, presented, source="10.0.0.1")

        reasons = [signal.facts.get("reason") for signal in heard]
        assert reasons == [
            *("malformed", "expired", "revoked", *["mismatch"] * 10),
            *(None, "locked"),
        ]
        assert heard[-2].kind == "security.locked_out"
        assert {signal.facts["from"] for signal in heard} == {"10.0.0.1"}

    def test_tells_of_denials_and_of_grants_if_asked(self, heard) -> None:
        for grants in (False, True):
            manager = SecurityManager(audit_grants=grants, name=f"grants {grants}")
            identity = manager.create_identity("ann", {"a": READ})
            manager.authorize(identity, "a", READ)
            manager.authorize(identity, "b", READ)
            manager.authorize(None, "b", READ)

        said = [(signal.source, signal.kind) for signal in heard if "ed" in signal.kind[-7:]]
        assert said == [
            ("grants False", "security.identity_created"),
            *[("grants False", "security.denied")] * 2,
            ("grants True", "security.identity_created"),
            ("grants True", "security.granted"),
            *[("grants True", "security.denied")] * 2,
        ]

    def test_a_listener_that_fails_changes_nothing(self, manager, caplog) -> None:
        from pepperpy.infra.utils import subscribe

        def fails(signal) -> None:
            raise RuntimeError("broken")

        unsubscribe = subscribe(fails)
        try:
            credential = manager.create_api_key(manager.create_identity("ann").id)
            assert manager.authenticate(credential).name == "ann"
        finally:
            unsubscribe()


def test_create_security_manager_takes_the_managers_options(clock) -> None:
    manager = create_security_manager(clock=clock, prefix="shop")

    assert manager.create_api_key(manager.create_identity("ann").id).key.startswith("shop_")


def test_the_options_of_create_security_manager_are_those_of_the_class() -> None:
    from pepperpy.infra.security._manager import ManagerOptions

    parameters = inspect.signature(SecurityManager).parameters

    assert list(parameters) == list(ManagerOptions.__annotations__)
    for name, annotation in ManagerOptions.__annotations__.items():
        assert annotation.__forward_arg__ == parameters[name].annotation


@pytest.mark.parametrize(
    "wrong",
    [
        *({"lockout": 5}, {"lockout": True}, {"clock": 5}, {"name": 5}, {"name": ""}),
        *({"namespace": 5}, {"namespace": ""}, {"namespace": "app[1]"}, {"namespace": "*"}),
        *({"peppers": [b"p" * 32]}, {"peppers": b"p" * 32}, {"peppers": {5: b"p" * 32}}),
        *({"authenticators": {"jwt": 1}}, {"authenticators": [1]}, {"authenticator": 5}),
        *({"authenticators": {AuthType.JWT: None}}, {"authenticators": {AuthType.JWT: 5}}),
        *({"storage": 5}, {"storage": object()}, {"authorizer": 5}, {"prefix": 5}),
        *({"credential_store": "shop"}, {"identity_store": {}}),
    ],
    ids=repr,
)
def test_an_option_that_is_none_is_refused_where_it_is_written(wrong) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        SecurityManager(**wrong)
    assert caught.value.option in wrong
    assert "pppp" not in str(caught.value)
