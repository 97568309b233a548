"""`load_json` and `save_json`: what is read, what is written, what is refused."""

import enum
import json
import math
import os
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import (
    InvalidArgumentError,
    JSONFileError,
    JSONValueError,
    UtilsError,
    load_json,
    save_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.json"


def identical(a, b):
    """Equal, and of the same types all the way down."""
    return repr(a) == repr(b)


class TestRoundTrip:
    @given(value=VALUES, indent=st.sampled_from([None, 0, 1, 2, 8]))
    def test_any_json_value_comes_back_as_it_was(self, value, indent, tmp_path_factory):
        path = tmp_path_factory.getbasetemp() / "any.json"

        save_json(value, path, indent)

        assert identical(load_json(path), value)

    @given(value=VALUES, indent=st.sampled_from([None, 0, 1, 2, 8]))
    def test_the_file_is_what_json_dumps_writes_and_a_newline(
        self, value, indent, tmp_path_factory
    ):
        path = tmp_path_factory.getbasetemp() / "same.json"

        save_json(value, path, indent)

        expected = json.dumps(value, indent=indent, ensure_ascii=False)
        assert path.read_bytes() == expected.encode() + b"\n"

    def test_a_loaded_file_can_be_changed_and_saved(self, path):
        path.write_text('{"old": 1}')

        config = load_json(path)
        config["new_setting"] = "value"
        save_json(config, path)

        assert load_json(path) == {"old": 1, "new_setting": "value"}
        assert path.read_text() == '{\n  "old": 1,\n  "new_setting": "value"\n}\n'

    @pytest.mark.parametrize("indent", [-1, 2.0, "  ", "\t", True])
    def test_an_indent_that_is_no_number_of_spaces_is_an_error(self, path, indent):
        with pytest.raises(InvalidArgumentError, match="indent must be a number of spaces"):
            save_json({}, path, indent)

        assert not path.exists()

    def test_numbers_are_exact(self, path):
        value = [10**300, -(2**64), -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e22]

        save_json(value, path)

        assert identical(load_json(path), value)

    def test_the_order_of_keys_stays(self, path):
        save_json({"z": 1, "a": 2, "m": 3}, path)

        assert list(load_json(path)) == ["z", "a", "m"]

    def test_text_of_any_script_is_readable_in_the_file(self, path):
        save_json({"naïve": "日本"}, path, indent=None)

        assert path.read_text(encoding="utf-8") == '{"naïve": "日本"}\n'

    def test_four_hundred_levels_are_fine(self, path):
        deep = value = []
        for _ in range(400):
            deep.append([])
            deep = deep[0]

        save_json(value, path)

        assert load_json(path) == value


class TestSaveJson:
    def test_what_json_writes_in_another_form_is_documented(self, path):
        Pair = namedtuple("Pair", "a b")  # noqa: PYI024

        class Level(enum.IntEnum):
            HIGH = 3

        class Name(enum.StrEnum):
            ANN = "ann"

        save_json(
            {
                1: (1, 2),
                False: [],
                None: Pair(3, 4),
                0.5: OrderedDict(x=Level.HIGH),
                2.5: Name.ANN,
                Name.ANN: 0,
            },
            path,
        )

        assert load_json(path) == {
            "1": [1, 2],
            "null": [3, 4],
            "false": [],
            "0.5": {"x": 3},
            "2.5": "ann",
            "ann": 0,
        }
        for word in ("tuple", "list", "key", "IntEnum", "NaN"):
            assert word in save_json.__doc__

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_nan_and_infinity_are_refused_with_their_place(self, path, number):
        with pytest.raises(
            JSONValueError, match=r"JSON can't hold \$\.a\[1\]: NaN and infinity"
        ) as caught:
            save_json({"a": [0, number]}, path)

        assert caught.value.where == "$.a[1]"

    @pytest.mark.parametrize(
        ("value", "where", "kind"),
        [
            ({"users": [{"born": datetime.now(UTC)}]}, "$.users[0].born", "datetime"),
            ({1, 2}, "$", "set"),
            ([b"x"], "$[0]", "bytes"),
            ({"a b": Path("x")}, "$['a b']", "Path"),
            ({"m": MappingProxyType({})}, "$.m", "mappingproxy"),
            ({(1, 2): 3}, "$[tuple]", "tuple"),
            ({"x": {b"k": 3}}, "$.x[bytes]", "bytes"),
            (object(), "$", "object"),
        ],
    )
    def test_an_unserialisable_value_is_refused_with_place_and_type(self, path, value, where, kind):
        with pytest.raises(JSONValueError, match=kind) as caught:
            save_json(value, path)

        assert caught.value.where == where

    def test_the_error_is_what_people_catch_and_has_a_code(self, path):
        for kind in (TypeError, ValueError, UtilsError):
            with pytest.raises(kind):
                save_json(object(), path)
        assert JSONValueError.code == "utils-json-value"

    def test_two_keys_with_one_text_are_refused(self, path):
        for value in (
            {1: "a", "1": "b"},
            {None: 1, "null": 2},
            {1.5: 1, "1.5": 2},
            {True: 1, "true": 2},
        ):
            with pytest.raises(JSONValueError, match="same text"):
                save_json(value, path)
        assert not path.exists()

    @pytest.mark.parametrize("text", ["\ud800", "ok\udfff", "\ud83d\ude00"])
    def test_half_of_a_surrogate_pair_is_refused_in_text_and_keys(self, path, text):
        for value in ([text], {text: 1}):
            with pytest.raises(JSONValueError, match="surrogate"):
                save_json(value, path)

    def test_a_container_that_holds_itself_is_refused_with_its_place(self, path):
        value = {"a": [1]}
        value["a"].append(value)

        with pytest.raises(JSONValueError, match=r"\$\.a\[1\]: a container holds itself"):
            save_json(value, path)

    def test_the_same_container_twice_is_no_cycle(self, path):
        shared = [1]

        save_json([shared, shared, {"x": shared}], path)

        assert load_json(path) == [[1], [1], {"x": [1]}]

    def test_hostile_depth_is_a_clean_error(self, path):
        value = []
        for _ in range(100_000):
            value = [value]

        with pytest.raises(JSONValueError, match="nested too deeply"):
            save_json(value, path)
        # Else pytest's own report of a failure would have to walk it.
        while value:
            value = value.pop()

    def test_an_integer_beyond_pythons_limit_is_a_clean_error(self, path):
        with pytest.raises(JSONValueError, match="more digits"):
            save_json([10**5000], path)

    def test_no_value_is_in_the_message(self, path):
        with pytest.raises(JSONValueError) as caught:
            save_json({"password": {b"hunter2"}, "token": b"hunter2"}, path)

        assert "hunter2" not in str(caught.value)


class TestLoadJson:
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"],
    )
    def test_accepts_a_byte_order_mark_and_every_unicode_encoding(self, path, encoding):
        path.write_bytes('{"ä": "日本 😀"}'.encode(encoding))

        assert load_json(path) == {"ä": "日本 😀"}

    def test_both_ways_accept_a_path_in_bytes(self, path):
        save_json({"x": 1}, os.fsencode(path))

        assert load_json(os.fsencode(path)) == {"x": 1}

    def test_accepts_text_and_path_like(self, path):
        path.write_text("[1]")

        assert load_json(str(path)) == load_json(path) == [1]

    def test_of_two_equal_keys_the_last_wins(self, path):
        path.write_text('{"a": 1, "a": 2}')

        assert load_json(path) == {"a": 2}
        assert "last wins" in load_json.__doc__

    def test_a_missing_file_is_file_not_found(self, path):
        with pytest.raises(FileNotFoundError, match=r"config\.json"):
            load_json(path)

    def test_a_folder_is_the_systems_own_error(self, tmp_path):
        with pytest.raises(OSError, match=tmp_path.name):
            load_json(tmp_path)

    @pytest.mark.parametrize(
        ("text", "line", "column"),
        [
            ("", 1, 1),
            ('{"a": 1,\n  "b": }', 2, 8),
            ('{\n\n  "a": 1\n  "b": 2}', 4, 3),
            ('["\x01"]', 1, 3),
            ("[1] x", 1, 5),
            ('{"a": NaN}', 1, 7),
            ('{"NaN": "Infinity",\n "b": -Infinity}', 2, 7),
            ('["\\"NaN", {"x": Infinity}]', 1, 17),
            ("[1,\n 1e999]", 2, 2),
            ('["1e999", -1e400]', 1, 11),
            ("NaN", 1, 1),
        ],
    )
    def test_errors_name_path_and_position(self, path, text, line, column):
        path.write_text(text)

        with pytest.raises(JSONFileError) as caught:
            load_json(path)

        error = caught.value
        assert (error.path, error.line, error.column) == (str(path), line, column)
        assert str(error).startswith(f"{path}, line {line}, column {column}: ")
        assert isinstance(error, ValueError)
        assert isinstance(error, UtilsError)
        assert error.code == "utils-json-file"

    @pytest.mark.parametrize(
        ("data", "line", "column", "encoding"),
        [
            (b'["a",\n "\xff"]', 2, 3, "utf-8"),
            ('["ää'.encode() + b"\xc3", 1, 5, "utf-8"),
            (b'["\xed\xa0\x80"]', 1, 3, "utf-8"),
            (b'\xef\xbb\xbf["a",\n "\xff"]', 2, 3, "utf-8-sig"),
            (b'\xef\xbb\xbf["\xff"]', 1, 3, "utf-8-sig"),
            ('["ä"]'.encode("utf-16") + b"\x00", 1, 6, "utf-16"),
        ],
    )
    def test_bytes_that_are_no_unicode_are_an_error_with_position(
        self, path, data, line, column, encoding
    ):
        path.write_bytes(data)

        with pytest.raises(JSONFileError, match=f"the bytes are no {encoding}") as caught:
            load_json(path)

        assert (caught.value.line, caught.value.column) == (line, column)

    @pytest.mark.parametrize(
        "text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000]
    )
    def test_hostile_depth_is_a_clean_error(self, path, text):
        path.write_text(text)

        with pytest.raises(JSONFileError, match="nested too deeply") as caught:
            load_json(path)

        assert caught.value.line is None

    def test_an_integer_beyond_pythons_limit_is_a_clean_error(self, path):
        path.write_text("[" + "9" * 5000 + "]")

        with pytest.raises(JSONFileError, match="digits"):
            load_json(path)

    @pytest.mark.parametrize("data", [b'{"password": "hunter2"', b'{"password": "hunter2\xff"}'])
    def test_no_content_is_in_the_error_or_its_causes(self, path, data):
        path.write_bytes(data)

        with pytest.raises(JSONFileError) as caught:
            load_json(path)

        error = caught.value
        while error is not None:
            assert "hunter2" not in f"{error} {error!r} {error.args} {vars(error)}"
            assert "hunter2" not in str(getattr(error, "doc", "")) + str(
                getattr(error, "object", "")
            )
            error = error.__cause__ or error.__context__

    @given(data=st.binary() | st.text('[]{}:,"\\\\nNa1e-9 ').map(str.encode))
    def test_any_bytes_are_a_value_or_that_error(self, data, tmp_path_factory):
        path = tmp_path_factory.getbasetemp() / "hostile.json"
        path.write_bytes(data)

        try:
            value = load_json(path)
        except JSONFileError:
            return
        save_json(value, path)
        assert identical(load_json(path), value)
