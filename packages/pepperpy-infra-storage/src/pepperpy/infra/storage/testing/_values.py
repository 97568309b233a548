"""What is stored comes back exactly, as a copy, or is refused."""

from __future__ import annotations

import math
from collections import OrderedDict, UserDict
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, Final

from pepperpy.infra.storage._errors import InvalidValueError
from pepperpy.infra.storage._kinds import class_of
from pepperpy.infra.storage._provider import StorageProvider

from ._scenario import Contract, raises, scenario


class _Level(IntEnum):
    LOW = 1


class _Colour(StrEnum):
    RED = "red"


class _Text(str):
    __slots__ = ()


EXACT: Final[list[Any]] = [
    None, True, False, 0, 1, -1, 0.0, -0.0, 1.0, 0.1, 1e16, 1e300, 5e-324, 2**53 + 1, 2**63, -(2**64),
    10**400, "", "text", "null", "é", "e\u0301", "\x00", "\u2028\x7f\\\"'", "😀", "\ufeff", [], {},
    [None], [[[]]], {"": 1}, {"a": {"b": [1, 2.0, "3", None, True]}}, {"__class__": "x", "$date": 1},
    {"b": 1, "a": 2}, list(range(1000)), "x" * 100_000, b"", b"\x00", b"raw\xff", b'{"a":1}',
]  # fmt: skip
"""Values that come back as they are."""

INEXACT: Final[list[Any]] = [
    math.nan, math.inf, -math.inf, {"a": [math.nan]}, (1, 2), [()], {1: "a"}, {None: 1}, {True: 1},
    {"a": {2: 1}}, {1, 2}, frozenset(), "\ud800", ["\udfff"], {"\ud800": 1}, datetime.now(UTC), Decimal(1),
    1j, object(), object, len, _Level.LOW, _Colour.RED, _Text("a"), OrderedDict(a=1), UserDict(a=1),
    bytearray(b"a"), memoryview(b"a"), [b"inside"], iter([1]), {"a": _Level.LOW}, range(3),
]  # fmt: skip
"""Values that would come back as something else."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in every part, in type and order too."""
    if class_of(one) is not class_of(other):
        return False
    if class_of(one) is dict:
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if class_of(one) is list:
        return len(one) == len(other) and all(map(same, one, other))
    if class_of(one) is float:
        return bool(one.hex() == other.hex())
    return bool(one == other)


class ValuesContract(Contract):
    """Values."""

    @scenario
    async def test_every_json_value_and_bytes_come_back_exactly(
        self, store: StorageProvider
    ) -> None:
        for number, value in enumerate(EXACT):
            await store.set(f"k{number}", value)

        for number, value in enumerate(EXACT):
            found = await store.get(f"k{number}")
            assert same(found, value), f"{value!r:.80} came back as {found!r:.80}"

    @scenario
    async def test_what_would_come_back_otherwise_is_refused_and_the_old_value_stays(
        self, store: StorageProvider
    ) -> None:
        for value in INEXACT:
            await store.set("a", "old")
            with raises(InvalidValueError) as caught:
                await store.set("a", value)
            assert isinstance(caught.error, ValueError)
            assert await store.get("a") == "old", f"{type(value)} was stored"

    @scenario
    async def test_a_refusal_names_the_place_and_never_the_value(
        self, store: StorageProvider
    ) -> None:
        secret = Decimal(31415926535)

        with raises(InvalidValueError) as caught:
            await store.set("a", {"card": [1, {"number": secret}]})

        assert caught.error.where == "$.card[1].number"
        assert caught.error.found == "Decimal"
        assert "31415926535" not in str(caught.error)

    @scenario
    async def test_a_value_that_holds_itself_is_refused(self, store: StorageProvider) -> None:
        loop: list[Any] = []
        loop += [loop, {"again": loop}]

        with raises(InvalidValueError):
            await store.set("a", loop)

    @scenario
    async def test_deep_values_come_back_up_to_400_levels_and_are_refused_without_a_crash(
        self, store: StorageProvider
    ) -> None:
        deep: Any = 1
        for _ in range(400):
            deep = [deep]
        await store.set("a", deep)
        assert await store.get("a") == deep

        for _ in range(100_000):
            deep = [deep]
        with raises(InvalidValueError):
            await store.set("a", deep)

    @scenario
    async def test_set_takes_a_copy(self, store: StorageProvider) -> None:
        value = {"items": [1]}
        await store.set("a", value)

        value["items"].append(2)

        assert await store.get("a") == {"items": [1]}

    @scenario
    async def test_get_gives_a_copy_each_time(self, store: StorageProvider) -> None:
        await store.set("a", {"items": [1]})

        (await store.get("a"))["items"].append(2)

        assert await store.get("a") == {"items": [1]}

    @scenario
    async def test_a_value_of_none_is_there(self, store: StorageProvider) -> None:
        await store.set("a", None)

        assert await store.get("a", default="other") is None
        assert await store.exists("a")

    @scenario
    async def test_a_new_value_stands_in_place_of_the_old_one(self, store: StorageProvider) -> None:
        await store.set("a", {"long": "x" * 1000})
        await store.set("a", 1)

        assert await store.get("a") == 1
        assert await store.keys() == ["a"]
