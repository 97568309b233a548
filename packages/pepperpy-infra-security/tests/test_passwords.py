"""Passwords: two kinds of hashes, renewed on login, and never on the event loop."""

from __future__ import annotations

import asyncio
import base64
import builtins
import sys
import threading
import traceback

import pytest

from pepperpy.infra.security import (
    InvalidHashError,
    InvalidPasswordError,
    InvalidSettingError,
    PasswordHasher,
    _passwords,
)
from pepperpy.infra.utils import MissingExtraError

# Of "pleaseletmein", as RFC 7914 has it.
RFC_SCRYPT = "$scrypt$ln=14,r=8,p=1${}${}".format(
    *(
        base64.b64encode(data).decode().rstrip("=")
        for data in (
            b"SodiumChloride",
            bytes.fromhex(
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        )
    )
)


@pytest.fixture
def weak(monkeypatch):
    """Hashers whose work is too little for a program, and enough for a test."""
    monkeypatch.setattr(_passwords.Scrypt.__new__, "__defaults__", (4, 8, 1))

    def make(**options):
        return PasswordHasher(**{"time_cost": 1, "memory_cost": 8, **options})

    return make


@pytest.fixture(params=["argon2id", "scrypt"])
def hasher(weak, request):
    return weak(scheme=request.param)


class TestHash:
    def test_is_of_argon2id_with_owasps_least(self) -> None:
        hashed = PasswordHasher().hash("correct horse")

        assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert PasswordHasher().verify("correct horse", hashed)

    def test_is_of_scrypt_where_that_is_asked_for(self) -> None:
        hasher = PasswordHasher(scheme="scrypt")

        hashed = hasher.hash("correct horse")

        assert hashed.startswith("$scrypt$ln=15,r=8,p=3$")
        assert hasher.verify("correct horse", hashed)
        assert not hasher.verify("correct horsf", hashed)

    def test_has_a_salt(self, hasher) -> None:
        assert hasher.hash("same") != hasher.hash("same")

    @pytest.mark.parametrize(
        "password",
        ["x", " ", "a" * 4096, "pässwörd", "\0", "a\0b", "пароль", "🔑" * 1024, "\ud800", "a\n"],
        ids=ascii,
    )
    def test_tells_every_password_from_every_other(self, hasher, password) -> None:
        hashed = hasher.hash(password)

        assert hasher.verify(password, hashed) is True
        for other in (password[:-1], password + "a", password.swapcase(), password[:72], "other"):
            if other != password:
                assert hasher.verify(other, hashed) is False

    @pytest.mark.parametrize("password", ["", "a" * 4097, "é" * 2049])
    def test_refuses_what_nobody_should_have_and_verifies_it_as_wrong(
        self, hasher, password
    ) -> None:
        with pytest.raises(InvalidPasswordError, match="1 to 4096 bytes"):
            hasher.hash(password)
        assert hasher.verify(password, hasher.hash("x")) is False

    @pytest.mark.parametrize("password", [None, b"bytes-secret", 7, ["list-secret"]])
    def test_refuses_what_is_no_text_without_showing_it(self, hasher, password) -> None:
        for call in (hasher.hash, lambda it: hasher.verify(it, None)):
            with pytest.raises(TypeError, match="must be text") as caught:
                call(password)
            assert "secret" not in str(caught.value)


class TestVerify:
    def test_takes_hashes_of_other_programs(self) -> None:
        import argon2

        there = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash("password")
        older = argon2.PasswordHasher(
            time_cost=1, memory_cost=64, parallelism=1, type=argon2.Type.I
        ).hash("password")
        hasher = PasswordHasher()

        for hashed in (there, older):
            assert hasher.verify("password", hashed)
            assert not hasher.verify("Password", hashed)
        assert hasher.verify("pleaseletmein", RFC_SCRYPT)
        assert not hasher.verify("pleaseletmeout", RFC_SCRYPT)

    @pytest.mark.parametrize(
        "hashed",
        [
            *("", "!", "password", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$", "$scrypt$"),
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$",
            "$argon2id$v=19$m=999999999,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=19$m=8,t=1,p=1$####$####",
            "$scrypt$ln=30,r=8,p=1$c2FsdHNhbHRzYWx0$" + "A" * 43,
            "$scrypt$ln=22,r=99,p=1$c2FsdHNhbHRzYWx0$" + "A" * 43,
            "$scrypt$ln=4,r=8,p=99$c2FsdHNhbHRzYWx0$" + "A" * 43,
            "$scrypt$ln=4,r=0,p=1$c2FsdHNhbHRzYWx0$" + "A" * 43,
            RFC_SCRYPT + "\n",
            # What a stored hash may cost is bounded, whoever wrote it there.
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=19$m=65536,t=9999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$argon2id$v=19$m=8192,t=1,p=999$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$scrypt$ln=22,r=8,p=2$c2FsdHNhbHRzYWx0$" + "A" * 43,
            *(RFC_SCRYPT.encode(), memoryview(b"x"), 5, []),
        ],
        ids=lambda hashed: repr(hashed)[:40],
    )
    def test_of_what_is_no_hash_is_an_error_that_shows_neither(self, hashed) -> None:
        hasher = PasswordHasher()

        for call in (hasher.verify, hasher.verify_and_update):
            with pytest.raises(InvalidHashError) as caught:
                call("hunter2-swordfish", hashed)
            error = caught.value
            error.__traceback__ = error.__traceback__.tb_next
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            assert "swordfish" not in "".join(told.format())
            assert len(repr(hashed)) < 12 or repr(hashed) not in str(error)
        with pytest.raises(InvalidHashError):
            hasher.needs_update(hashed)

    def test_of_nobody_costs_a_hash_and_is_false(self, hasher, monkeypatch) -> None:
        calls = []
        original = hasher.hash
        monkeypatch.setattr(hasher, "hash", lambda text: calls.append(text) or original(text))

        assert hasher.verify("password", None) is False
        assert hasher.verify_and_update("password", None) == (False, None)

        assert len(calls) == 2
        assert "password" not in calls

    @pytest.mark.parametrize("impossible", ["", "x" * 5000])
    def test_of_what_nobody_can_have_does_not_tell_who_is_known(
        self, hasher, impossible, monkeypatch
    ) -> None:
        kept = hasher.hash("password")
        work = []
        monkeypatch.setattr(hasher, "hash", work.append)

        for hashed in (kept, None):
            assert hasher.verify(impossible, hashed) is False
            assert hasher.verify_and_update(impossible, hashed) == (False, None)

        assert work == []


class TestUpdate:
    def test_renews_on_login_what_is_weaker_or_of_another_kind(self, weak) -> None:
        now = weak(time_cost=2)
        olds = [weak().hash("x"), weak(scheme="scrypt").hash("x"), weak(time_cost=3).hash("x")]

        for old in olds:
            fits, renewed = now.verify_and_update("x", old)
            assert fits
            assert renewed is not None
            assert now.verify_and_update("x", renewed) == (True, None)
            assert now.verify_and_update("y", old) == (False, None)

    def test_renews_a_scrypt_of_other_costs(self, weak) -> None:
        now = weak(scheme="scrypt")

        fits, renewed = now.verify_and_update("pleaseletmein", RFC_SCRYPT)

        assert fits
        assert renewed.startswith("$scrypt$ln=4,r=8,p=1$")
        assert not now.needs_update(renewed)
        assert now.needs_update(weak().hash("x"))


class TestWithoutArgon2:
    @pytest.fixture(autouse=True)
    def _no_argon2(self, monkeypatch) -> None:
        original = builtins.__import__

        def without(name, *arguments, **options):
            if name.partition(".")[0] == "argon2":
                raise ImportError("no module", name="argon2")
            return original(name, *arguments, **options)

        for name in [name for name in sys.modules if name.partition(".")[0] == "argon2"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(builtins, "__import__", without)

    def test_scrypt_takes_its_place(self) -> None:
        hasher = PasswordHasher()

        assert hasher.scheme == "scrypt"
        assert hasher.verify("x", hasher.hash("x"))

    def test_asking_for_argon2_names_the_install_line(self) -> None:
        with pytest.raises(
            MissingExtraError, match=r'pip install "pepperpy-infra-security\[password\]"'
        ):
            PasswordHasher(scheme="argon2id")
        with pytest.raises(MissingExtraError):
            PasswordHasher().verify("x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo")


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            *({"scheme": "bcrypt"}, {"time_cost": 0}, {"memory_cost": 7}, {"parallelism": True}),
            *({"max_concurrent": 0}, {"time_cost": 1.5}, {"parallelism": 65}),
            *({"memory_cost": 8 << 20}, {"time_cost": 1000}, {"memory_cost": 31, "parallelism": 4}),
        ],
        ids=repr,
    )
    def test_that_make_no_sense_are_refused(self, wrong) -> None:
        with pytest.raises(InvalidSettingError) as caught:
            PasswordHasher(**wrong)
        assert caught.value.option in wrong


class Gate:
    """Stands in for the work: threads come in, are counted, and wait to be let out."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.lock = threading.Lock()
        self.inside = self.most = self.done = 0
        self.entered = asyncio.Semaphore(0)
        self.loop = asyncio.get_running_loop()

    async def enter(self) -> None:
        """Wait until one more has come in, which only a loop that is free can do."""
        await self.entered.acquire()

    def __call__(self, password: str, hashed: str | None = None) -> str:
        assert threading.current_thread() is not threading.main_thread()
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.loop.call_soon_threadsafe(self.entered.release)
        self.open.wait()
        with self.lock:
            self.inside -= 1
            self.done += 1
        return password


@pytest.mark.asyncio
class TestOffTheLoop:
    async def test_works_as_the_plain_methods_do(self, hasher) -> None:
        hashed = await hasher.ahash("x")

        assert await hasher.averify("x", hashed)
        assert not await hasher.averify("y", hashed)
        assert await hasher.averify_and_update("x", hashed) == (True, None)

    async def test_the_loop_goes_on_and_few_work_at_a_time(self, weak, monkeypatch) -> None:
        hasher, gate = weak(max_concurrent=2), Gate()
        monkeypatch.setattr(hasher, "hash", gate)
        tasks = [asyncio.create_task(hasher.ahash(str(number))) for number in range(6)]
        for _ in range(2):
            await gate.enter()
        for _ in range(50):
            await asyncio.sleep(0)

        assert gate.inside == 2
        gate.open.set()

        assert await asyncio.gather(*tasks) == list("012345")
        assert gate.most == 2

    async def test_whoever_is_cancelled_leaves_and_the_thread_keeps_its_permit(
        self, weak, monkeypatch
    ) -> None:
        hasher, gate = weak(max_concurrent=1), Gate()
        monkeypatch.setattr(hasher, "hash", gate)
        first = asyncio.create_task(hasher.ahash("1"))
        await gate.enter()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        waiting, second = (asyncio.create_task(hasher.ahash(text)) for text in "23")
        for _ in range(50):
            await asyncio.sleep(0)
        assert gate.inside == 1

        waiting.cancel()
        gate.open.set()

        assert await second == "3"
        assert (gate.most, gate.done) == (1, 2)

    async def test_whoever_is_cancelled_while_waiting_leaves_no_password(
        self, weak, monkeypatch
    ) -> None:
        hasher, gate = weak(max_concurrent=1), Gate()
        monkeypatch.setattr(hasher, "hash", gate)
        first = asyncio.create_task(hasher.ahash("1"))
        await gate.enter()
        waiting = asyncio.create_task(hasher.ahash("hunter2-swordfish"))
        await asyncio.sleep(0)

        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await waiting
        gate.open.set()
        await first

        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        assert len(frames) > 2
        assert not any("swordfish" in repr(frame.f_locals) for frame in frames)

    async def test_errors_arrive_and_hold_no_password(self, hasher) -> None:
        for call in (hasher.averify, hasher.averify_and_update):
            with pytest.raises(InvalidHashError) as caught:
                await call("hunter2-swordfish", "no hash")
            error = caught.value
            error.__traceback__ = error.__traceback__.tb_next
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            assert "swordfish" not in "".join(told.format())


def test_one_hasher_serves_several_event_loops(weak) -> None:
    hasher = weak()

    hashed = asyncio.run(hasher.ahash("x"))

    assert asyncio.run(hasher.averify("x", hashed))
    assert "x" not in repr(hasher).removeprefix("<PasswordHasher")
