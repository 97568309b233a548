"""Stores are copied, exported and imported: everything arrives, or the error says where."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.storage import (
    Encrypted,
    FileStorageProvider,
    ImportLineError,
    InvalidOptionError,
    MemoryStorageProvider,
    StorageProvider,
    UnsupportedError,
    copy,
    export_json_lines,
    import_json_lines,
)
from pepperpy.infra.utils import FakeClock

from .test_own_provider import DictProvider
from .test_wrappers import XorCipher

pytestmark = pytest.mark.asyncio

VALUES: dict[str, Any] = {
    "": 1, "big": 2**70, "float": -0.0, "text": "\u2028é😀\x00", "bytes": b"\x00\xff", "none": None,
    "nested": {"a": [1, 2.5, None, {"b": []}]},
}  # fmt: skip


async def memory(**values: Any) -> MemoryStorageProvider:
    store = MemoryStorageProvider("memory")
    await store.connect()
    await store.set_many({f"k:{key}": value for key, value in values.items()})
    return store


async def everything(store: StorageProvider) -> dict[str, Any]:
    return {key: value async for key, value in store.items()}


class TestCopy:
    async def test_everything_goes_from_memory_to_a_file_and_back(self, tmp_path: Path) -> None:
        source = await memory(**VALUES)
        await source.set_many({f"n{number:05}": number for number in range(1200)})
        async with FileStorageProvider("file", tmp_path / "s.db", "process") as file:
            assert await copy(source, file) == 1200 + len(VALUES)
            back = await memory()
            await copy(file, back)

        assert await everything(back) == await everything(source)

    async def test_what_expires_expires_at_the_same_moment(self, tmp_path: Path) -> None:
        source, target = await memory(), await memory()
        await source.set("a", 1, ttl=1000)
        await copy(source, target)

        ends = (await source.get_entry("a")).expires_at
        arrived = (await target.get_entry("a")).expires_at

        assert ends is not None
        assert arrived is not None
        assert abs((ends - arrived).total_seconds()) < 0.1

    async def test_it_goes_by_the_clock_of_the_stores(self) -> None:
        clock = FakeClock(wall=1000.0)
        async with (
            MemoryStorageProvider("a", clock=clock) as source,
            MemoryStorageProvider("b", clock=clock) as target,
        ):
            await source.set("k", 1, ttl=60)

            assert await copy(source, target) == 1
            assert await target.get("k") == 1
            clock.advance(60)
            assert await target.keys() == []

    async def test_a_prefix_copies_a_part_and_leaves_the_rest_of_the_target(self) -> None:
        source, target = await memory(), await memory()
        await source.set_many({"a:1": 1, "a:2": 2, "b:1": 3})
        await target.set_many({"a:1": 0, "c": 4})

        assert await copy(source, target, "a:") == 2
        assert await everything(target) == {"a:1": 1, "a:2": 2, "c": 4}

    async def test_a_target_without_expiry_refuses_what_expires(self) -> None:
        source = await memory()
        await source.set("a", 1, ttl=60)
        async with DictProvider() as target:
            with pytest.raises(UnsupportedError):
                await copy(source, target)

    async def test_a_target_without_transactions_is_written_one_by_one(self) -> None:
        source = await memory(a=1, b=2)
        async with DictProvider() as target:
            assert await copy(source, target) == 2
            assert await everything(target) == {"k:a": 1, "k:b": 2}

    async def test_a_store_is_not_copied_to_itself_or_a_part_of_itself(self) -> None:
        source = await memory(a=1)

        for target in (
            source,
            source.namespace("backup"),
            Encrypted(source.namespace("b"), XorCipher()),
        ):
            with pytest.raises(InvalidOptionError):
                await copy(source, target)
        assert await source.keys() == ["k:a"]

    async def test_a_part_is_copied_to_another_part(self) -> None:
        store = await memory()
        await store.namespace("a").set("x", 1)

        assert await copy(store.namespace("a"), store.namespace("b")) == 1
        assert await everything(store) == {"a:x": 1, "b:x": 1}


class TestJSONLines:
    async def test_everything_comes_back(self, tmp_path: Path) -> None:
        source, target = await memory(**VALUES), await memory()
        await source.set("ends", 1, ttl=1000)
        path = tmp_path / "new" / "store.jsonl"

        assert await export_json_lines(source, path) == len(VALUES) + 1
        assert await import_json_lines(target, path) == len(VALUES) + 1

        assert await everything(target) == await everything(source)
        assert (await target.get_entry("ends")).expires_at is not None

    async def test_each_line_is_json_that_others_read(self, tmp_path: Path) -> None:
        source = MemoryStorageProvider("m", clock=FakeClock(wall=0.0))
        async with source:
            await source.set("a", {"n": 1}, ttl=60)
            await source.set("b", b"\x00")
            await export_json_lines(source, tmp_path / "s.jsonl")

        lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
        assert lines == [
            {"key": "a", "value": {"n": 1}, "expires_at": "1970-01-01T00:01:00+00:00"},
            {"key": "b", "bytes": "AA=="},
        ]

    @pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
    async def test_a_new_file_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "s.jsonl"
        await export_json_lines(await memory(a=1), path)

        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == ["s.jsonl"]

    async def test_an_export_that_fails_leaves_the_old_file_and_no_litter(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "s.jsonl"
        path.write_text("old")
        below = await memory(a=b"no ciphertext")

        for target in (path, tmp_path / "new.jsonl"):
            with pytest.raises(ValueError, match="cannot be opened"):
                await export_json_lines(Encrypted(below, XorCipher()), target)

        assert path.read_text() == "old"
        assert os.listdir(tmp_path) == ["s.jsonl"]

    async def test_what_is_past_is_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "s.jsonl"
        path.write_text('{"key":"a","value":1,"expires_at":"2001-01-01T00:00:00+00:00"}\n\n')
        target = await memory()

        assert await import_json_lines(target, path) == 0
        assert await target.keys() == []

    @pytest.mark.parametrize(
        "line",
        [
            "no json", "[]", "1", "{}", '{"key":"a"}', '{"value":1}', '{"key":1,"value":1}', '{"key":"","value":1}',
            '{"key":"a","value":1,"bytes":"AA=="}', '{"key":"a","bytes":"?"}', '{"key":"a","bytes":1}',
            '{"key":"a","value":1,"more":1}', '{"key":"a","value":1,"expires_at":"soon"}',
            '{"key":"a","value":1,"expires_at":"2040-01-01"}', '{"key":"a","value":1,"expires_at":5}',
        ],
    )  # fmt: skip
    async def test_a_line_of_another_kind_is_named(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "s.jsonl"
        path.write_text(f'{{"key":"good","value":1}}\n{line}\n')

        with pytest.raises(ImportLineError, match="line 2") as caught:
            await import_json_lines(await memory(), path)

        assert caught.value.line == 2

    async def test_thousands_of_lines_go_a_page_at_a_time(self, tmp_path: Path) -> None:
        source, target = await memory(), await memory()
        await source.set_many({f"k{number:05}": {"n": number} for number in range(1700)})

        await export_json_lines(source, tmp_path / "s.jsonl")
        assert await import_json_lines(target, tmp_path / "s.jsonl") == 1700
        assert await everything(target) == await everything(source)


async def test_moments_are_those_of_the_wall() -> None:
    store = MemoryStorageProvider("m")
    async with store:
        await store.set("a", 1, ttl=datetime(2100, 1, 1, tzinfo=UTC))
        ends = (await store.get_entry("a")).expires_at

    assert ends is not None
    assert abs((ends - datetime(2100, 1, 1, tzinfo=UTC)).total_seconds()) < 0.01
