"""Encryption: bound to its key and to what it belongs to, and readable after a change of keys."""

from __future__ import annotations

import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.security import AESCipher, DecryptionError, InvalidSettingError

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CIPHER = AESCipher({"old": OLD, "new": NEW})
SEALED = CIPHER.encrypt(b"attack at dawn", b"letter 7")


class TestRoundTrip:
    @given(st.binary(max_size=300), st.binary(max_size=50))
    def test_gives_back_what_was_encrypted(self, plaintext: bytes, data: bytes) -> None:
        sealed = CIPHER.encrypt(plaintext, data)

        assert CIPHER.decrypt(sealed, data) == plaintext
        assert len(sealed) == len(plaintext) + 2 + len("new") + 12 + 16

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_takes_bytes_of_every_kind(self, kind) -> None:
        sealed = CIPHER.encrypt(kind(b"x"), kind(b"y"))

        assert CIPHER.decrypt(kind(sealed), kind(b"y")) == b"x"
        assert CIPHER.rotate(kind(sealed), kind(b"y")) == sealed

    def test_never_gives_the_same_twice(self) -> None:
        assert len({CIPHER.encrypt(b"x", b"") for _ in range(100)}) == 100

    def test_works_in_many_threads(self) -> None:
        wrong = []

        def work(number: int) -> None:
            for step in range(200):
                text = f"{number}-{step}".encode()
                if CIPHER.decrypt(CIPHER.encrypt(text, text), text) != text:
                    wrong.append(text)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert wrong == []

    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_takes_keys_of_every_size_of_aes(self, size) -> None:
        cipher = AESCipher({"k": bytes(size)})

        assert cipher.decrypt(cipher.encrypt(b"x")) == b"x"
        assert len(AESCipher.generate_key()) == 32
        assert AESCipher.generate_key() != AESCipher.generate_key()


class TestRefusal:
    def test_of_every_changed_byte_and_every_cut(self) -> None:
        for at in range(len(SEALED)):
            for bit in (1, 128):
                changed = bytearray(SEALED)
                changed[at] ^= bit
                with pytest.raises(DecryptionError):
                    CIPHER.decrypt(bytes(changed), b"letter 7")
            with pytest.raises(DecryptionError):
                CIPHER.decrypt(SEALED[:at], b"letter 7")
        with pytest.raises(DecryptionError):
            CIPHER.decrypt(SEALED + b"\0", b"letter 7")

    @pytest.mark.parametrize("data", [b"", b"letter 8", b"letter 7\0", b"Letter 7"])
    def test_of_other_associated_data(self, data) -> None:
        with pytest.raises(DecryptionError, match="other associated data"):
            CIPHER.decrypt(SEALED, data)

    def test_of_bytes_moved_between_the_head_and_the_associated_data(self) -> None:
        cipher = AESCipher({"a": OLD, "ab": OLD}, current="a")
        sealed = cipher.encrypt(b"x", b"b" + b"rest")
        moved = bytes((1, 2)) + b"ab" + sealed[3:]

        with pytest.raises(DecryptionError):
            cipher.decrypt(moved, b"rest")

    def test_of_a_key_that_is_not_known_names_it(self) -> None:
        with pytest.raises(DecryptionError, match="'new', which is not among") as caught:
            AESCipher({"old": OLD}).decrypt(SEALED, b"letter 7")

        assert caught.value.key_id == "new"
        assert isinstance(caught.value, ValueError)

    def test_of_another_key_of_the_same_id(self) -> None:
        with pytest.raises(DecryptionError) as caught:
            AESCipher({"new": OLD}).decrypt(SEALED, b"letter 7")
        assert caught.value.__context__ is None

    @pytest.mark.parametrize("what", [None, 5, "text", [1], object()])
    def test_of_what_is_not_even_bytes(self, what) -> None:
        for call in (CIPHER.decrypt, CIPHER.key_id, CIPHER.rotate):
            with pytest.raises(DecryptionError, match="no ciphertext"):
                call(what)

    @given(st.binary(max_size=60))
    def test_of_any_bytes(self, noise: bytes) -> None:
        with pytest.raises(DecryptionError):
            CIPHER.decrypt(noise)


class TestKeys:
    def test_may_be_changed_while_what_is_old_stays_readable(self) -> None:
        before = AESCipher({"old": OLD})
        sealed = before.encrypt(b"text", b"data")

        rotated = CIPHER.rotate(sealed, b"data")

        assert (CIPHER.key_id(sealed), CIPHER.key_id(rotated)) == ("old", "new")
        assert CIPHER.decrypt(sealed, b"data") == CIPHER.decrypt(rotated, b"data") == b"text"
        assert CIPHER.rotate(rotated, b"data") is rotated
        with pytest.raises(DecryptionError):
            CIPHER.rotate(sealed, b"other")
        with pytest.raises(DecryptionError):
            CIPHER.rotate(rotated, b"other")

    def test_the_last_one_encrypts_or_the_one_that_is_named(self) -> None:
        assert CIPHER.current == "new"
        assert AESCipher({"old": OLD, "new": NEW}, current="old").current == "old"

    @pytest.mark.parametrize(
        "keys",
        [
            *({}, None, [OLD], OLD, {"": OLD}, {"a b": OLD}, {"x" * 41: OLD}, {7: OLD}, {"é": OLD}),
            *({"k": b"short-secret"}, {"k": "text-secret-text-secret-text-sec"}, {"k": bytes(33)}),
        ],
        ids=repr,
    )
    def test_that_are_none_are_refused_and_not_shown(self, keys) -> None:
        with pytest.raises(InvalidSettingError) as caught:
            AESCipher(keys)
        assert "secret" not in str(caught.value)

    def test_a_current_one_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(InvalidSettingError, match="current must be"):
            AESCipher({"old": OLD}, current="new")

    def test_are_not_shown_and_not_pickled(self) -> None:
        assert repr(CIPHER) == "<AESCipher with the keys 'old', 'new', now 'new'>"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(CIPHER)
        assert not hasattr(CIPHER, "__dict__")
