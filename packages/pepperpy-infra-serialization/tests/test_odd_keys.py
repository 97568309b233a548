"""Keys that are neither text nor a plain scalar."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from pepperpy.infra.serialization import (
    SerializationError,
    SerializerConfig,
    deserialize_yaml,
    get_serializer,
    serialize_msgpack,
    serialize_yaml,
)


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass(frozen=True)
class Point:
    x: int


@pytest.mark.timeout(20)
class TestKeysOfYAML:
    @pytest.mark.parametrize("key", [Pair(1, 2), frozenset({1}), (Pair(1, 2), frozenset())])
    def test_a_key_that_is_like_a_list_is_written_as_one(self, key: Any) -> None:
        (read,) = deserialize_yaml(serialize_yaml({key: "x"}))

        assert read == tuple(tuple(each) if not isinstance(each, int) else each for each in key)

    def test_a_key_with_fields_is_refused(self) -> None:
        with pytest.raises(SerializationError, match="Point can be no key"):
            serialize_yaml({Point(1): "x"})

    def test_a_key_that_default_makes_a_list_is_written_as_one(self) -> None:
        config = SerializerConfig(default=lambda _: [1, 2])

        assert deserialize_yaml(serialize_yaml({object(): "x"}, config)) == {(1, 2): "x"}


class TestSortedKeys:
    @pytest.mark.parametrize("tagged", [False, True])
    @pytest.mark.parametrize(
        "items",
        [
            [(2, "b"), (1, "a"), (10, "c")],
            [("b", 1), (2, 1), (None, 1), (b"a", 1), (1.5, 1)],
            [((2, 1), {"b": 1, "a": 2}), ((1, 2), [])],
        ],
    )
    def test_equal_values_are_equal_bytes_whatever_their_keys_are(
        self, items: list[tuple[Any, Any]], tagged: bool
    ) -> None:
        writer = get_serializer("msgpack", SerializerConfig(sort_keys=True, tagged=tagged))

        turned = writer.serialize(dict(reversed(items)))

        assert writer.serialize(dict(items)) == turned
        assert writer.deserialize(turned) == dict(items)

    def test_pairs_of_tagged_json_are_in_order(self) -> None:
        writer = get_serializer("json", SerializerConfig(sort_keys=True, tagged=True))

        assert writer.serialize({2: 0, 1: 0}) == writer.serialize({1: 0, 2: 0})

    def test_keys_of_messagepack_are_in_order(self) -> None:
        numbers = random.Random(3).sample(range(1000), 50)

        written = serialize_msgpack(dict.fromkeys(numbers), SerializerConfig(sort_keys=True))

        assert written == serialize_msgpack(dict.fromkeys(sorted(numbers)))


@pytest.mark.timeout(20)
class TestDefault:
    @pytest.mark.parametrize("name", ["json", "msgpack", "yaml", "xml"])
    @pytest.mark.parametrize("value", [object(), {object(): 1}])
    def test_an_endless_chain_of_substitutes_is_refused(self, name: str, value: Any) -> None:
        writer = get_serializer(name, SerializerConfig(default=lambda _: object()))

        with pytest.raises(SerializationError, match="nothing simpler"):
            writer.serialize(value)
