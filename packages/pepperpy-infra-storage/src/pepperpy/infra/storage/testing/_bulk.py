"""Several keys at once, and scans over all of them."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._errors import InvalidKeyError, InvalidOptionError, InvalidValueError
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, raises, scenario


class BulkContract(Contract):
    """Bulk operations and scans."""

    @scenario
    async def test_get_many_gives_those_that_are_there(self, store: StorageProvider) -> None:
        await store.set("a", 1)
        await store.set("b", None)

        assert await store.get_many(["b", "x", "a", "a"]) == {"a": 1, "b": None}
        assert await store.get_many(key for key in ("a",)) == {"a": 1}
        assert await store.get_many([]) == {}

    @scenario
    async def test_set_many_sets_all(self, store: StorageProvider) -> None:
        await store.set("a", 0)

        versions = await store.set_many({"a": 1, "b": [2]})

        assert await store.get_many(["a", "b"]) == {"a": 1, "b": [2]}
        assert versions.keys() == {"a", "b"}
        assert await store.set_many({}) == {}
        if Capability.VERSIONS in store.capabilities:
            assert versions["b"] == (await store.get_entry("b")).version

    @scenario
    async def test_set_many_stores_nothing_if_one_value_or_key_is_refused(
        self, store: StorageProvider
    ) -> None:
        await store.set("a", "old")

        with raises(InvalidValueError):
            await store.set_many({"a": 1, "b": {2, 3}, "c": 3})
        with raises(InvalidKeyError):
            await store.set_many({"a": 1, "": 2})

        assert await store.keys() == ["a"]
        assert await store.get("a") == "old"

    @scenario
    async def test_delete_many_counts_those_that_were_there(self, store: StorageProvider) -> None:
        await store.set_many({"a": 1, "b": 2, "c": 3})

        assert await store.delete_many(["a", "a", "x", "b"]) == 2
        assert await store.delete_many([]) == 0
        assert await store.keys() == ["c"]

    @scenario
    async def test_hundreds_of_keys_at_once(self, store: StorageProvider) -> None:
        values = {f"k{number:04}": number for number in range(1500)}
        await store.set_many(values)

        assert await store.get_many(values) == values
        assert await store.delete_many(values) == 1500
        assert await store.keys() == []

    @scenario
    async def test_a_scan_goes_in_the_order_of_code_points(self, store: StorageProvider) -> None:
        keys = ["a", "B", "é", "z", "\uffff", "😀", "aa", "a:1", "ab", "\x00"]
        for key in keys:
            await store.set(key, key)

        page = await store.scan()

        assert list(page.entries) == sorted(keys)
        assert page.cursor is None
        assert all(entry.value == key for key, entry in page.entries.items())

    @scenario
    async def test_a_scan_goes_page_by_page(self, store: StorageProvider) -> None:
        await store.set_many({f"k{number}": number for number in range(7)})

        found: list[str] = []
        sizes: list[int] = []
        cursor: str | None = None
        while True:
            page = await store.scan("k", cursor=cursor, limit=3)
            found += page.entries
            sizes.append(len(page.entries))
            cursor = page.cursor
            if cursor is None:
                break

        assert found == [f"k{number}" for number in range(7)]
        assert sizes == [3, 3, 1]

    @scenario
    async def test_a_scan_that_ends_with_a_full_page_says_so(self, store: StorageProvider) -> None:
        await store.set_many({"k1": 1, "k2": 2, "l": 3})

        page = await store.scan("k", limit=2)

        assert (list(page.entries), page.cursor) == (["k1", "k2"], None)

    @scenario
    async def test_a_scan_may_have_any_limit(self, store: StorageProvider) -> None:
        await store.set_many({"a": 1, "b": 2})

        for limit in (1 << 31, (1 << 63) - 1, 1 << 63, 10**30):
            page = await store.scan(limit=limit)
            assert (list(page.entries), page.cursor) == (["a", "b"], None)

    @scenario
    async def test_a_cursor_stays_good_when_keys_come_and_go(self, store: StorageProvider) -> None:
        await store.set_many({"a": 1, "b": 2, "c": 3, "d": 4})
        page = await store.scan(limit=2)

        await store.delete_many(["a", "b", "c"])
        await store.set_many({"aa": 0, "bb": 5})
        rest = await store.scan(cursor=page.cursor, limit=10)

        assert list(rest.entries) == ["bb", "d"]

    @scenario
    async def test_a_prefix_is_plain_text(self, store: StorageProvider) -> None:
        await store.set_many({"a*b": 1, "aXb": 2, "a*": 3, "a": 4, "A*": 5, "[a": 6})

        assert list((await store.scan("a*")).entries) == ["a*", "a*b"]
        assert list((await store.scan("[")).entries) == ["[a"]
        assert list((await store.scan("nobody")).entries) == []

    @scenario
    async def test_the_last_of_all_prefixes_is_found(self, store: StorageProvider) -> None:
        await store.set_many(
            {"\U0010ffff": 1, "\U0010ffff\U0010ffff": 2, "\U0010fffe": 3, "\uffff!": 4}
        )

        assert len((await store.scan("\U0010ffff")).entries) == 2
        assert len((await store.scan("\uffff")).entries) == 1

    @scenario
    async def test_items_goes_over_all_pages(self, store: StorageProvider) -> None:
        values = {f"k{number:04}": number for number in range(250)}
        await store.set_many({**values, "other": 1})

        assert [pair async for pair in store.items("k")] == list(values.items())

    @scenario
    async def test_what_is_no_limit_and_no_cursor_is_refused(self, store: StorageProvider) -> None:
        wrong: list[Any] = [0, -1, 1.5, True, "1", None]
        for limit in wrong:
            with raises(InvalidOptionError):
                await store.scan(limit=limit)
        cursors: list[Any] = [0, b"a"]
        for cursor in cursors:
            with raises(InvalidKeyError):
                await store.scan(cursor=cursor)

    @scenario
    async def test_set_many_needs_a_mapping(self, store: StorageProvider) -> None:
        wrong: list[Any] = [[("a", 1)], "abc", None, 1]
        for values in wrong:
            with raises(InvalidOptionError):
                await store.set_many(values)

        assert await store.keys() == []
