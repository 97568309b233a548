"""What is out of bounds."""

from __future__ import annotations

import subprocess
import sys
from math import inf
from typing import Any

import pytest

from pepperpy.infra.serialization import (
    DepthError,
    JSONSerializer,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    UnsafeDataError,
    convert_format,
    deserialize_json,
    deserialize_msgpack,
    deserialize_yaml,
    get_serializer,
    serialize_json,
    serialize_msgpack,
)


class TestNumbers:
    @pytest.mark.parametrize("text", ["1e999", "-1e999", "[NaN, 1E400]"])
    def test_a_number_beyond_floats_is_refused_where_constants_are_read(self, text: str) -> None:
        with pytest.raises(SerializationError, match="no JSON"):
            deserialize_json(text, nan="constant")

    def test_constants_themselves_are_read(self) -> None:
        assert deserialize_json("[Infinity, -Infinity, 1e2]", nan="constant") == [inf, -inf, 100]


class TestAliases:
    def test_long_text_repeated_counts_by_its_length(self) -> None:
        bomb = "- &a " + "x" * 100_000 + "\n" + "- *a\n" * 20_000

        with pytest.raises(UnsafeDataError, match="aliases"):
            convert_format(bomb, "yaml", "json")

    def test_text_of_a_usual_length_can_be_repeated(self) -> None:
        text = "x" * 200

        assert deserialize_yaml(f"- &a {text}\n" + "- *a\n" * 5_000) == [text] * 5_001


class TestDepth:
    @pytest.mark.parametrize("name", ["json", "msgpack"])
    @pytest.mark.parametrize("tagged", [False, True])
    def test_a_depth_beyond_the_stack_says_so(self, name: str, tagged: bool) -> None:
        # Pythons from 3.12 on have room for some ten thousand levels in C.
        levels, limit = 100_000, 200_000
        kind = get_serializer(name, SerializerConfig(max_depth=limit, tagged=tagged))
        data = b"[" * levels + b"]" * levels if name == "json" else b"\x91" * levels + b"\x01"

        for work in (lambda: kind.serialize(_nested(levels)), lambda: kind.deserialize(data)):
            with pytest.raises(DepthError, match="than Python's stack") as caught:
                work()
            assert caught.value.max_depth == limit

    def test_yaml_deeper_than_its_parser_goes_is_a_depth_error(self) -> None:
        text = "[" * 2_000 + "]" * 2_000
        try:
            value = deserialize_yaml(text, max_depth=5_000)
        except DepthError:
            with pytest.raises(DepthError, match="parser"):
                deserialize_yaml(text, max_depth=5_000)
            return
        depth = 0  # the libyaml of PyYAML 6.0 has no bound of its own
        while value is not None:
            value, depth = next(iter(value), None), depth + 1
        assert depth == 2_000


@pytest.mark.timeout(30)
class TestHashes:
    @pytest.mark.parametrize("tag", ["set", "frozenset", "dict"])
    def test_tags_full_of_one_hash_are_refused_before_they_are_made(self, tag: str) -> None:
        numbers = [each * (2**61 - 1) for each in range(50_000)]
        payload = [[each, 0] for each in numbers] if tag == "dict" else numbers
        data = serialize_json({f"${tag}": payload})

        with pytest.raises(UnsafeDataError, match="slow to look up"):
            deserialize(data)

    def test_many_members_of_their_own_hash_are_read(self) -> None:
        assert deserialize(serialize_json({"$set": [*range(10_000)]})) == set(range(10_000))


class TestKeys:
    @pytest.mark.parametrize("key", [{b"key": 1}, {b"one", b"two"}])
    def test_keys_without_an_order_are_refused_since_the_first_one_signs(self, key: Any) -> None:
        with pytest.raises(SerializerConfigError, match="key must be"):
            SerializerConfig(key=key)


deserialize = JSONSerializer(SerializerConfig(tagged=True)).deserialize


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


class TestRaisedRecursionLimit:
    """Engines in C stop where Python's recursion does, which may be beyond the real stack."""

    READ = """
import sys
sys.setrecursionlimit(1_000_000)
from pepperpy.infra.serialization import DepthError, {function}
try:
    {function}({argument})
except DepthError as error:
    print(error.max_depth)
"""

    @pytest.mark.parametrize(
        ("function", "argument"),
        [
            ("deserialize_json", "b'[' * 300_000 + b']' * 300_000"),
            ("deserialize_json", "'{\"a\":' * 300_000"),
            ("deserialize_json", "b'[' * 300_000 + b']' * 300_000, list[list]"),
            ("deserialize_msgpack", r"b'\x91' * 300_000 + b'\x01'"),
            ("deserialize_msgpack", r"b'\x91' * 300_000 + b'\x01', list[list]"),
            (
                "serialize_msgpack",
                "__import__('functools').reduce(lambda a, _: [a], range(300_000))",
            ),
            ("serialize_json", "__import__('functools').reduce(lambda a, _: [a], range(300_000))"),
        ],
    )
    def test_does_not_make_depth_a_crash(self, function: str, argument: str) -> None:
        program = self.READ.format(function=function, argument=argument)
        # The value itself could not be taken apart on this stack when the program ends.
        program += "sys.stdout.flush()\n__import__('os')._exit(0)\n"

        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )

        assert (ended.returncode, ended.stdout) == (0, "500\n"), ended.stderr

    def test_reads_what_only_looks_deep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "getrecursionlimit", lambda: 1_000_000)
        value = ["[" * 20_000, '"' * 20_000, "\\", [[]] * 20_000]

        assert deserialize_json(serialize_json(value)) == value
        assert deserialize_msgpack(serialize_msgpack(value)) == value
        for broken in (b'"' * 20_001, b'["\\' * 20_000, b"]" * 20_000):
            with pytest.raises(SerializationError):
                deserialize_json(broken)
