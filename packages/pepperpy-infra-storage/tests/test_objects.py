"""The store of objects keeps the contract, and its names stand in the order of their keys."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pepperpy.infra.storage import (
    CorruptValueError,
    InvalidOptionError,
    ObjectStorageProvider,
    UnsupportedError,
)
from pepperpy.infra.storage._objects import _names as names
from pepperpy.infra.storage.testing import StorageProviderContract

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


class TestInMemory(StorageProviderContract):
    def make_provider(self) -> ObjectStorageProvider:
        return ObjectStorageProvider("objects", "memory:///")


class TestInFiles:
    def test_a_store_that_takes_no_conditions_has_no_versions(self, tmp_path: Any) -> None:
        async def scenario() -> None:
            async with ObjectStorageProvider("objects", f"file://{tmp_path}") as store:
                await store.set("a", 1)
                assert await store.get("a") == 1
                assert (await store.get_entry("a")).version == 0
                with pytest.raises(UnsupportedError, match="VERSIONS"):
                    await store.set("a", 2, if_absent=True)

        asyncio.run(scenario())


class TestNames:
    @given(st.lists(KEYS, min_size=2, max_size=6))
    @example(["`", "_", "_é", "a", "_z", "_~"])
    @example(["a", "a.", "a/", "a0", "a-", "a:", "a;", "aA"])
    def test_names_are_told_apart_and_stand_in_the_order_of_their_keys(
        self, keys: list[str]
    ) -> None:
        in_order = sorted(set(keys))

        assert sorted({names.name_of(key) for key in keys}) == [*map(names.name_of, in_order)]
        assert [names.key_of(names.name_of(key)) for key in in_order] == in_order

    @given(KEYS, KEYS)
    def test_the_name_of_a_key_begins_as_its_prefix_does(self, prefix: str, rest: str) -> None:
        name = names.plain(prefix + rest)

        assert name.startswith(names.plain(prefix))
        assert names.before(names.plain(prefix)) < name

    @given(KEYS)
    def test_names_need_no_quoting_anywhere(self, key: str) -> None:
        name = names.name_of(key)

        assert name.isascii()
        assert name.isprintable()
        assert not set(name) & set('/\\?#%&+ "<>{}|*;@,$')

    @pytest.mark.parametrize(
        "name", ["", "é", "a b", "!2d", "!41", "~C3", "a/b", "!probe-1", "_~", "."]
    )
    def test_what_is_no_name_of_ours_is_no_key(self, name: str) -> None:
        assert names.key_of(name) is None

    @pytest.mark.parametrize("key", ["é" * 512, "/" * 1024, "k" * 1024])
    def test_long_keys_have_names_that_a_store_takes(self, key: str) -> None:
        name = names.name_of(key)

        assert len(name) <= names.MAX_NAME
        assert names.is_long(name)
        assert name != names.name_of(key[:-1] + "!")


class TestUse:
    @pytest.mark.parametrize("url", ["", "nothing", "ftp://host/x", None, 1])
    def test_what_is_no_place_is_refused(self, url: Any) -> None:
        with pytest.raises(InvalidOptionError, match="s3://"):
            ObjectStorageProvider("objects", url)

    def test_an_option_that_no_store_has_is_refused_and_not_shown(self) -> None:
        with pytest.raises(InvalidOptionError, match="secret_key_of_mine") as caught:
            ObjectStorageProvider("objects", "s3://bucket", secret_key_of_mine="hunter2")

        assert "hunter2" not in repr(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    def test_an_object_that_somebody_else_wrote_is_corrupt(self) -> None:
        async def scenario() -> None:
            async with ObjectStorageProvider("objects", "memory:///") as store:
                for content in (b"x", b"1\n{}", b"one \n{}", b"\xff \n{}"):
                    await store._bucket.write("a", content)
                    with pytest.raises(CorruptValueError, match="'a'"):
                        await store.get("a")

        asyncio.run(scenario())

    def test_a_write_whose_answer_was_lost_is_known_as_done(self) -> None:
        async def scenario() -> None:
            async with ObjectStorageProvider("objects", "memory:///") as store:
                real = store._bucket.write_if

                async def forgetful(*given: Any) -> bool:
                    await real(*given)
                    return False

                store._bucket.write_if = forgetful  # type: ignore[method-assign]
                version = await store.set("a", 1, if_absent=True)
                assert version == (await store.get_entry("a")).version
                assert await store.set("a", 2, if_version=version) > version
                assert await store.get("a") == 2

        asyncio.run(scenario())


PROGRAM = """
import asyncio, sys
sys.path[:0] = {path!r}
from pepperpy.infra.storage import ObjectStorageProvider

async def main():
    async with ObjectStorageProvider("objects", "memory:///") as store:
        await asyncio.gather(*(store.set(str(number), number) for number in range(20)))

asyncio.run(main())
"""


def test_programs_that_end_right_after_their_last_call_are_not_aborted() -> None:
    command = [sys.executable, "-c", PROGRAM.format(path=sys.path)]
    for _ in range(3):
        programs = [subprocess.Popen(command) for _ in range(6)]

        assert [program.wait(30) for program in programs] == [0] * 6
