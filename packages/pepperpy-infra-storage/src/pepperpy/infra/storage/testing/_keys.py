"""Keys are opaque text: kept as they are, told apart, found by globs."""

from __future__ import annotations

from typing import Any, Final

from pepperpy.infra.storage._errors import InvalidKeyError, KeyNotFoundError
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, raises, scenario

ODD_KEYS: Final = [
    "a", "A", " a", "a ", "a\n", "\n", "\x00", "a\x00", "a\x00b", "../../etc/passwd", "/", "a/b", "a//b",
    ".", "..", "a.b", "a\\b", "C:\\x", "%41", "a%00", "'; DROP TABLE kv; --", '"', "é", "e\u0301", "ß", "ss",
    "\u0430", "\uff46ullwidth", "\u202ea", "😀", "\U0010ffff", "\uffff", "*", "?", "[a]", "[", "user:*", "~", "$a",
    "-1", "0", "00", "null", "k" * 1000, "é" * 500,
]  # fmt: skip

NO_KEYS: Final[list[Any]] = [
    "", "k" * 1025, "é" * 513, "\ud800", "a\udfffb", None, 1, b"a", ["a"], ("a",), {},
]  # fmt: skip


class KeysContract(Contract):
    """Keys."""

    @scenario
    async def test_odd_keys_are_kept_as_they_are_and_told_apart(
        self, store: StorageProvider
    ) -> None:
        for number, key in enumerate(ODD_KEYS):
            await store.set(key, number)

        for number, key in enumerate(ODD_KEYS):
            assert await store.get(key) == number, f"{key!r:.40} is taken for another key"
        assert await store.keys() == sorted(ODD_KEYS)
        for key in ODD_KEYS:
            assert await store.delete(key) is True
        assert await store.keys() == []

    @scenario
    async def test_keys_of_1024_bytes_are_kept_and_told_apart(self, store: StorageProvider) -> None:
        for key in ("k" * 1024, "k" * 1023 + "l", "é" * 512):
            await store.set(key, key)

        assert await store.keys() == ["k" * 1024, "k" * 1023 + "l", "é" * 512]
        assert await store.get("é" * 512) == "é" * 512

    @scenario
    async def test_what_is_no_key_is_refused_everywhere(self, store: StorageProvider) -> None:
        for key in NO_KEYS:
            for use in (
                lambda: store.get(key),
                lambda: store.get(key, default=1),
                lambda: store.set(key, 1),
                lambda: store.delete(key),
                lambda: store.exists(key),
                lambda: store.get_many([key]),
                lambda: store.delete_many([key]),
            ):
                with raises(InvalidKeyError) as caught:
                    await use()
                assert isinstance(caught.error, ValueError)

    @scenario
    async def test_a_key_of_a_class_derived_from_str_is_plain_text(
        self, store: StorageProvider
    ) -> None:
        class Key(str):
            __slots__ = ()

        await store.set(Key("a"), 1)
        await store.set_many({Key("b"): 2})

        assert await store.get(Key("a")) == await store.get("a") == 1
        found = [
            *await store.keys(),
            *await store.get_many([Key("a")]),
            *(await store.scan()).entries,
        ]
        assert found == ["a", "b", "a", "a", "b"]
        assert {type(key) for key in found} == {str}

    @scenario
    async def test_one_text_is_not_taken_for_many_keys(self, store: StorageProvider) -> None:
        await store.set("a", 1)

        for use in (store.get_many, store.delete_many):
            with raises(InvalidKeyError):
                await use("abc")
        assert await store.exists("a")

    @scenario
    async def test_a_missing_key_is_a_key_error_that_names_it(self, store: StorageProvider) -> None:
        with raises(KeyNotFoundError) as caught:
            await store.get("nobody")

        assert isinstance(caught.error, KeyError)
        assert caught.error.key == "nobody"
        assert "nobody" in str(caught.error)

    @scenario
    async def test_a_missing_key_gives_the_default(self, store: StorageProvider) -> None:
        assert await store.get("nobody", default=None) is None
        assert await store.get("nobody", "other") == "other"

    @scenario
    async def test_what_is_deleted_is_gone_and_deleting_tells(self, store: StorageProvider) -> None:
        await store.set("a", 1)

        assert await store.delete("a") is True
        assert await store.delete("a") is False
        assert await store.exists("a") is False
        assert await store.get("a", default=None) is None

    @scenario
    async def test_globs_match_the_whole_key_as_written(self, store: StorageProvider) -> None:
        keys = [
            "user:1",
            "user:10",
            "user:2",
            "User:1",
            "superuser:1",
            "a.c",
            "abc",
            "a+c",
            "a\nc",
            "[x]",
            "*",
        ]
        for key in keys:
            await store.set(key, 1)

        for pattern, found in {
            "user:*": ["user:1", "user:10", "user:2"],
            "user:?": ["user:1", "user:2"],
            "user:[12]": ["user:1", "user:2"],
            "user:[!1]": ["user:2"],
            "user:[1-2]": ["user:1", "user:2"],
            "*:1": ["User:1", "superuser:1", "user:1"],
            "*user*": ["superuser:1", "user:1", "user:10", "user:2"],
            "user": [],
            "user:1": ["user:1"],
            "a.c": ["a.c"],
            "a?c": ["a\nc", "a+c", "a.c", "abc"],
            "a*c": ["a\nc", "a+c", "a.c", "abc"],
            "[[]x]": ["[x]"],
            "[*]": ["*"],
            "(a|b)": [],
            "": [],
        }.items():
            assert await store.keys(pattern) == found, f"keys({pattern!r}) finds something else"
        assert await store.keys() == await store.keys("*") == sorted(keys)
        assert await store.keys(pattern=None) == sorted(keys)

    @scenario
    async def test_a_hostile_glob_takes_no_time(self, store: StorageProvider) -> None:
        from time import perf_counter

        await store.set("a" * 1000, 1)
        begun = perf_counter()

        assert await store.keys("*a" * 200 + "*b") == []

        assert perf_counter() - begun < 2

    @scenario
    async def test_a_pattern_that_is_no_text_is_refused(self, store: StorageProvider) -> None:
        for half in ("\ud800", "a\udfff*"):
            with raises(InvalidKeyError):
                await store.keys(half)
        pattern: Any = 1

        with raises(InvalidKeyError):
            await store.keys(pattern)

    @scenario
    async def test_clear_removes_everything(self, store: StorageProvider) -> None:
        for key in ODD_KEYS:
            await store.set(key, 1)

        await store.clear()

        assert await store.keys() == []
        assert await store.get("a", default=None) is None
