"""The plain key is on the returned credential alone: whatever else is looked at, it is not there."""

from __future__ import annotations

import copy
import dataclasses
import gc
import io
import json
import logging
import pickle
import sys
import traceback
import types
from collections.abc import Iterator

import pytest

from pepperpy.infra.security import (
    ApiKeyAuthenticator,
    AuthenticationError,
    Authenticator,
    AuthType,
    Credential,
    Lockout,
    MemoryCredentialStore,
    MemoryIdentityStore,
    PermissionLevel,
    SecurityManager,
)
from pepperpy.infra.utils import inspectables

READ = PermissionLevel.READ
PEPPER = b"pepper-pepper-pepper-pepper-1234"


def secret_of(key: str) -> str:
    return key.rsplit("_", 1)[1][:43]


def reachable(*roots: object) -> Iterator[object]:
    """Everything that the roots hold, however deep; modules, classes and code are the world's."""
    world = (types.ModuleType, type, types.CodeType, types.BuiltinFunctionType)
    seen = {id(roots), id(sys.modules), id(globals())}
    pending = list(roots)
    while pending:
        thing = pending.pop()
        if id(thing) in seen or isinstance(thing, world):
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, types.FunctionType):
            pending += [cell.cell_contents for cell in thing.__closure__ or ()]
            pending += [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        elif isinstance(
            thing, dict
        ):  # of one with text as keys, the collector tells the values alone
            pending += [*thing, *thing.values()]
        elif isinstance(thing, types.FrameType):
            pending += thing.f_locals.values()
        else:
            pending += gc.get_referents(thing)


def holders(secret: str, *roots: object) -> list[str]:
    """What among *roots* holds any longer piece of the secret, as text or bytes."""
    pieces = [secret[at : at + 12] for at in range(len(secret) - 11)]
    return [
        f"{type(thing).__name__} of {len(thing)}"
        for thing in reachable(*roots)
        if isinstance(thing, (str, bytes, bytearray))
        and any(piece in text_of(thing) for piece in pieces)
    ]


def text_of(thing: str | bytes | bytearray) -> str:
    return thing if isinstance(thing, str) else thing.decode("latin-1")


@pytest.fixture
def busy(clock, forge):
    """A manager that did all that a manager does, and the keys that it gave out."""
    manager = SecurityManager(clock=clock, peppers={"p": PEPPER}, lockout=Lockout(max_failures=2))
    identity = manager.create_identity("ann", {"a:*": READ}, metadata={"x": 1})
    keys = []
    for options in ({}, {"expires_in": 60}, {"scopes": ["a:*"]}):
        credential = manager.create_api_key(identity.id, **options)
        keys.append(credential.key)
        manager.authenticate(credential)
        manager.authenticate(credential.key)
    rotated = manager.rotate_api_key(credential.id)
    keys.append(rotated.key)
    for key in keys:
        for presented in (forge(key), key[:-1], key + "x", f" {key}"):
            with pytest.raises(AuthenticationError):
                manager.authenticate(presented)
    manager.revoke_credential(rotated.id)
    return manager, identity, keys


class TestTheSearch:
    def test_finds_a_key_wherever_it_is_held(self) -> None:
        key = "pepper_0123456789abcdef_" + "".join(map(str, range(30)))[:49]

        class Slots:
            __slots__ = ("it",)

        slots = Slots()
        slots.it = {1: [key]}

        def closure() -> str:
            return key

        for holder in (slots, closure, [b"x" + key.encode()], {key: 1}, (i for i in [key])):
            assert holders(secret_of(key), holder), holder


class TestTheManager:
    def test_holds_no_plain_key_anywhere(self, busy) -> None:
        manager, identity, keys = busy

        for key in keys:
            assert holders(secret_of(key), manager, identity, manager.list_identities()) == []

    def test_the_walk_reaches_the_hashes(self, busy) -> None:
        manager, _, _ = busy
        kept = {record.hash.digest for record in manager._credentials.credentials()}

        assert kept <= {thing for thing in reachable(manager) if isinstance(thing, bytes)}

    def test_shows_no_key_and_no_pepper(self, busy) -> None:
        manager, identity, keys = busy
        views = [identity, *identity.credentials, *manager._credentials.credentials()]

        shown = "".join(
            f"{thing!r}{thing!s}{thing:}{[thing]}{manager.inspect()}{inspectables()}"
            for thing in (manager, *views)
        )

        for secret in (*map(secret_of, keys), PEPPER.decode()):
            assert secret not in shown

    def test_is_not_pickled(self, busy) -> None:
        manager, _, _ = busy

        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(manager)
        with pytest.raises(TypeError, match="not pickled"):
            copy.deepcopy(manager._hasher)


class TestTheCredential:
    def test_shows_its_key_in_no_way_but_one(self, manager) -> None:
        credential = manager.create_api_key(manager.create_identity("ann").id)
        secret, told = secret_of(credential.key), logging.LogRecord
        buffer = io.StringIO()
        logging.StreamHandler(buffer).emit(
            told("x", logging.INFO, "f", 1, "made %s %r", (credential, credential), None)
        )

        shown = [
            *(repr(credential), str(credential), f"{credential}", f"{credential!r:>500}"),
            *(repr([credential]), repr({"c": credential}), buffer.getvalue()),
            *(pickle.dumps(credential, protocol).decode("latin-1") for protocol in range(6)),
            repr(copy.copy(credential)),
            json.dumps({"c": credential}, default=str),
        ]

        assert [text for text in shown if secret in text or secret[:12] in text] == []
        assert "key=***" in repr(credential)
        assert not dataclasses.is_dataclass(credential)
        assert not hasattr(credential, "__dict__")

    def test_a_pickle_has_all_but_the_key(self, manager) -> None:
        credential = manager.create_api_key(
            manager.create_identity("ann").id, 60, scopes=["a"], name="n", metadata={"m": 1}
        )

        again = pickle.loads(pickle.dumps(credential))

        assert again.key == ""
        for name in ("id", "identity_id", "expires_at", "created_at", "scopes", "name", "metadata"):
            assert getattr(again, name) == getattr(credential, name)
        with pytest.raises(AuthenticationError):
            manager.authenticate(again)

    def test_a_password_is_hidden_like_a_key(self) -> None:
        credential = Credential(auth_type=AuthType.BASIC, key="ann", secret="correct horse")

        assert "horse" not in repr(credential)
        assert b"horse" not in pickle.dumps(credential)

    def test_comparing_does_not_look_at_keys(self) -> None:
        assert Credential("a", key="x") == Credential("a", key="y")
        assert Credential("a") != Credential("b")
        assert Credential("a") != "a"
        assert len({Credential("a", key="x"), Credential("a", key="y")}) == 1

    def test_those_of_an_identity_have_no_key(self, busy) -> None:
        _, identity, _ = busy

        assert [credential.key for credential in identity.credentials] == [""] * 4


class TestErrors:
    def caught(self, call, *arguments) -> BaseException:
        try:
            call(*arguments)
        except BaseException as error:  # noqa: BLE001 - the thing under test
            # The frame of this test holds what it presented; that of `call` and below must not.
            error.__traceback__ = error.__traceback__.tb_next
            return error
        raise AssertionError("nothing was raised")

    def test_a_failed_authentication_holds_the_key_in_no_frame(self, manager, clock) -> None:
        expired = manager.create_api_key(manager.create_identity("ann").id, 1).key
        clock.advance(1)

        for presented in (expired, Credential(key=expired), f"{expired} "):
            error = self.caught(manager.authenticate, presented)
            assert isinstance(error, AuthenticationError)
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            assert frames
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            assert secret_of(expired) not in "".join(told.format())
            assert holders(secret_of(expired), error, [frame.f_locals for frame in frames]) == []

    def test_nor_does_one_of_another_authenticator(self) -> None:
        class Chatty(Authenticator):
            def authenticate(self, credential):
                raise AuthenticationError(f"wrong: {credential.key}")

        manager = SecurityManager(authenticators={AuthType.JWT: Chatty()})
        key = "0123456789" * 6
        credential = Credential(auth_type=AuthType.JWT, key=key)

        error = self.caught(manager.authenticate, credential)

        assert holders(key[:43], error, error.__traceback__) == []
        assert error.__context__ is None

    @pytest.mark.parametrize("alone", [False, True])
    def test_nor_does_that_of_a_store_which_fails(self, alone) -> None:
        class Gone(MemoryCredentialStore):
            gone = False

            def get_credential(self, id):  # noqa: A002
                if self.gone:
                    try:
                        self.connect(id)
                    except OSError as error:
                        raise RuntimeError("the database is gone") from error
                return super().get_credential(id)

            def connect(self, id):  # noqa: A002
                raise OSError("no route")

        credentials, identities = Gone(), MemoryIdentityStore()
        manager = SecurityManager(credentials, identities)
        key = manager.create_api_key(manager.create_identity("ann").id).key
        credentials.gone = True
        who = ApiKeyAuthenticator(credentials, identities) if alone else manager

        error = self.caught(who.authenticate, Credential(key=key))

        assert isinstance(error, RuntimeError)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        assert len(frames) >= 3
        assert holders(secret_of(key), error, [frame.f_locals for frame in frames]) == []

    def test_the_frames_of_what_went_wrong_before_stay_as_they_are(self) -> None:
        class Gone(MemoryCredentialStore):
            def get_credential(self, id):  # noqa: A002
                raise OSError("no route")

        def went_wrong():
            evidence = "kept"
            raise ValueError(evidence)

        before = None
        try:
            went_wrong()
        except ValueError as caught:
            before = caught
            error = self.caught(SecurityManager(Gone()).authenticate, "shop_key")

        assert error.__context__ is before
        assert before.__traceback__.tb_next.tb_frame.f_locals == {"evidence": "kept"}

    def test_nor_does_that_of_another_authenticator_which_fails(self) -> None:
        class Directory(Authenticator):
            def authenticate(self, credential):
                try:
                    self.ask(credential.secret)
                except OSError as error:
                    raise ConnectionError("the directory is down") from error

            def ask(self, password):
                raise OSError(f"no route for {len(password)} characters")

        manager = SecurityManager(authenticators={AuthType.BASIC: Directory()})
        password = "0123456789" * 6
        credential = Credential(auth_type=AuthType.BASIC, key="ann", secret=password)

        error = self.caught(manager.authenticate, credential)

        assert isinstance(error, ConnectionError)
        assert error.__cause__.__traceback__.tb_next.tb_frame.f_code.co_name == "ask"
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
        assert holders(password[:43], error, frames) == []

    def test_looking_for_a_name_or_an_id_that_is_a_key_does_not_show_it(self, manager) -> None:
        key = manager.create_api_key(manager.create_identity("ann").id).key

        for look in (manager.get_identity_by_name, manager.get_identity, manager.create_api_key):
            with pytest.raises(LookupError) as caught:
                look(key)
            assert secret_of(key) not in str(caught.value)

    def test_a_store_that_fails_gets_no_key_and_leaves_none_behind(self) -> None:
        class Full(MemoryCredentialStore):
            def add_credential(self, credential):
                seen.append(credential)
                raise OSError("disk full")

        seen: list[object] = []
        manager = SecurityManager(Full())
        made: list[str] = []
        identity = manager.create_identity("ann")
        keys = sys.modules["pepperpy.infra.security._directory"]
        original = keys.new_key

        def watched(prefix, key_id):
            made.append(original(prefix, key_id)[:24] + "S" * 49)
            return made[-1]

        keys.new_key = watched
        try:
            error = self.caught(manager.create_api_key, identity.id)
        finally:
            keys.new_key = original

        assert isinstance(error, OSError)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        locals_ = [frame.f_locals for frame in frames if frame.f_code.co_name != "watched"]
        assert holders("S" * 43, error, seen, locals_) == []


class TestSignals:
    def test_tell_no_key(self, heard, clock, forge) -> None:
        manager = SecurityManager(clock=clock, audit_grants=True, lockout=Lockout(max_failures=2))
        identity = manager.create_identity("ann", {"a": READ})
        key = manager.create_api_key(identity.id).key
        session = manager.authenticate(key)
        manager.authorize(session, "a", READ)
        manager.authorize(session, "b", READ)
        for presented in (forge(key), key + " ", key[:-3], key.swapcase(), secret_of(key)):
            with pytest.raises(AuthenticationError):
                manager.authenticate(presented, source="10.0.0.1")

        assert len(heard) >= 10
        assert holders(secret_of(key), heard) == []
        assert secret_of(key).swapcase() not in repr(heard)
