"""What YAML from anyone may not do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pepperpy.infra.serialization import (
    DepthError,
    SerializationError,
    SerializerConfig,
    UnsafeDataError,
    deserialize_yaml,
    iter_yaml,
    serialize_yaml,
)
from pepperpy.infra.serialization._yaml import _reading


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 10


@pytest.fixture(params=["in C", "in Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in Python":
        monkeypatch.setattr(_reading, "_parser_class", lambda: yaml.SafeLoader)


class TestTags:
    @pytest.mark.parametrize(
        "text",
        [
            "!!python/object/apply:os.system ['true']",
            "!!python/object/new:os.system ['true']",
            "!!python/name:os.system",
            "!!python/module:os",
            "!!python/tuple [1]",
            "!<tag:yaml.org,2002:python/name:os.system> x",
            "%TAG ! tag:yaml.org,2002:python/\n---\n!name:os.system x",
            "{a: !!python/object:x.Y {b: 1}}",
        ],
    )
    def test_of_python_are_refused(self, text: str) -> None:
        with pytest.raises(UnsafeDataError, match="asks for an object of Python"):
            deserialize_yaml(text)


class TestDepth:
    @pytest.mark.parametrize(
        "text",
        [
            "[" * 100_000,
            "{a: " * 100_000,
            "- " * 100_000,
            "? " * 100_000,
            "a: &a " + "[" * 100_000,
            "\n".join(" " * n + "-" for n in range(1500)),
            "\n".join(" " * n + "a:" for n in range(1500)),
        ],
        ids=lambda text: text[:10],
    )
    def test_beyond_all_measure_is_one_error(self, text: str) -> None:
        with pytest.raises(SerializationError):
            deserialize_yaml(text)

    @pytest.mark.parametrize("limit", [500, 20])
    def test_is_bounded_exactly_both_ways(self, limit: int) -> None:
        config = SerializerConfig(max_depth=limit)
        value: list[Any] = []
        for _ in range(limit - 1):
            value = [value]

        assert deserialize_yaml(serialize_yaml(value, config), config=config) == value
        with pytest.raises(DepthError, match=f"deeper than {limit} levels") as caught:
            serialize_yaml([value], config)
        assert caught.value.max_depth == limit
        with pytest.raises(DepthError):
            deserialize_yaml("[" * (limit + 1) + "]" * (limit + 1), config=config)

    def test_of_mappings_counts_as_well(self) -> None:
        value: dict[str, Any] = {}
        for _ in range(499):
            value = {"a": value}

        assert deserialize_yaml(serialize_yaml(value)) == value

    def test_of_a_value_in_itself_is_found(self) -> None:
        loop: list[Any] = []
        loop.append(loop)

        with pytest.raises(DepthError):
            serialize_yaml(loop)


class TestAliases:
    def test_are_the_same_object(self) -> None:
        back = deserialize_yaml("a: &x [1]\nb: *x\nc: &s text\nd: *s\n&k e: *k")

        assert back["a"] is back["b"]
        assert (back["d"], back["e"]) == ("text", "e")

    def test_that_laugh_a_billion_times_are_refused(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

        with pytest.raises(UnsafeDataError, match="make more than 1000000 values out of"):
            deserialize_yaml("\n".join(lines))

    def test_count_over_all_documents_of_a_stream(self) -> None:
        document = "--- [&a [" + "x, " * 1000 + "]" + ", *a" * 900 + "]\n"

        assert len(deserialize_yaml(document)) == 901
        with pytest.raises(UnsafeDataError):
            list(iter_yaml(document * 20))

    def test_in_number_are_fine_as_long_as_the_whole_is_small(self) -> None:
        text = "- &a {x: 1, y: [2, 3]}\n" + "- *a\n" * 20_000

        assert len(deserialize_yaml(text)) == 20_001

    def test_as_keys_that_grow_are_refused(self) -> None:
        lines = ["- &a0 [x, x, x, x]"]
        lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 6)]
        lines += ["- {? *a5 : 1}"] * 10

        with pytest.raises(UnsafeDataError):
            deserialize_yaml("\n".join(lines))

    def test_that_merge_too_much_are_refused(self) -> None:
        keys = ", ".join(f"a_rather_long_name_of_a_key_{n}: 1" for n in range(1200))

        with pytest.raises(UnsafeDataError, match="merge keys"):
            deserialize_yaml(f"a: &a {{{keys}}}\nb:\n" + "- <<: *a\n" * 1000)

    @pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "*a", "&a 1\n--- *a", "&a {<<: *a}"])
    def test_of_what_is_not_there_yet_are_refused(self, text: str) -> None:
        with pytest.raises(
            SerializationError, match="stands for nothing, or for what it is a part"
        ):
            list(iter_yaml(text))

    def test_of_an_anchor_that_is_set_again_mean_the_later_one(self) -> None:
        assert deserialize_yaml("[&a 1, *a, &a 2, *a]") == [1, 1, 2, 2]
        with pytest.raises(SerializationError):
            deserialize_yaml("[&a 1, &a [*a]]")


class TestKeys:
    def test_made_to_collide_are_refused(self) -> None:
        prime = 2**61 - 1
        text = "\n".join(f"{n * prime}: x" for n in range(1, 20_000))

        with pytest.raises(UnsafeDataError, match="made to be slow"):
            deserialize_yaml(text)

    def test_that_are_large_numbers_are_fine(self) -> None:
        value = {3**40 * n: n for n in range(1, 5000)}

        assert deserialize_yaml(serialize_yaml(value)) == value


class TestDamage:
    @pytest.mark.parametrize(
        "data",
        [
            b"\xff",
            b"a: \xff\xfe",
            b"a: \x00",
            b"\xff\xfe\x00\xd8",
            b'"\\ud800"',
            b'"\\UFFFFFFFF"',
            b"!!float",
            b"!!int ''",
            b"a: b: c",
            b"\t- a",
            b"%YAML 3.0\n--- a",
            b"'",
            b"[a",
            b"{a: 1",
            b"!<",
            b"&",
            b"*",
            b"@",
            b"- a\nb: c",
        ],
    )
    def test_is_one_error(self, data: bytes) -> None:
        with pytest.raises(SerializationError) as caught:
            deserialize_yaml(data)

        assert type(caught.value).__module__ == "pepperpy.infra.serialization"

    @pytest.mark.parametrize("data", [None, 5, ["a"]])
    def test_of_the_wrong_type_is_one_error(self, data: Any) -> None:
        with pytest.raises(SerializationError, match="is read from bytes"):
            deserialize_yaml(data)

    @pytest.mark.parametrize(
        "text",
        ["a" * 300_000, "a\n" * 30_000, ":" * 50_000, "'" * 50_000, "a:\n" + " " * 300_000 + "b"],
        ids=lambda text: text[:2],
    )
    def test_in_length_takes_no_longer_than_its_length(self, text: str) -> None:
        try:
            deserialize_yaml(text)
        except SerializationError as error:
            assert len(str(error)) < 300  # noqa: PT017 - either is fine
