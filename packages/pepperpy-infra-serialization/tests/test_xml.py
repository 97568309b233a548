from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from math import inf, isnan, nan
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from pepperpy.infra.serialization import (
    DepthError,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    UnsafeDataError,
    XMLSerializer,
    convert_format,
    deserialize_xml,
    serialize_json,
    serialize_xml,
)
from pepperpy.infra.serialization._xml import _parsing

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass
class Point:
    x: int
    y: float | None


EXACT = [
    None,
    True,
    False,
    0,
    -(2**200),
    -0.0,
    1e300,
    5e-324,
    inf,
    -inf,
    "",
    " ",
    " a\n\tb ",
    "\r",
    "a\r\nb",
    "1",
    "true",
    "<&>\"']]>",
    "\x00\x0b\x1f\\u0000\\",
    "\ufffe\uffff",
    "\x85\u2028\ufeff",
    "😀é",
    b"",
    b"\x00\xff",
    [],
    {},
    [[]],
    [{}],
    [None],
    [1, "1", [1.0, True], {"a": None}],
    {"a": {"b": [{}]}, "c": "", "d": " "},
    {"item": [1], "entry": 2, "key": 3, "type": 4, "data": 5},
    datetime(2024, 5, 1, 1, 2, 3, 4, tzinfo=UTC),
    datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=-3, seconds=5))),
]
KEYS = [
    *(
        "",
        " ",
        "a b",
        "1a",
        "-a",
        "a:b",
        "xml",
        "XMLa",
        "xmlns",
        "é",
        "a\nb",
        "\r\t",
        "<&>\"'",
        "\x00",
    ),
    *(
        "\\",
        "\\u0000",
        "\ufffe",
        "😀",
        "a" * 1000,
        "#text",
        "@a",
        "item",
        "entry",
        "key",
        "a.b-c_1",
    ),
]


class TestTyped:
    @pytest.mark.parametrize("value", EXACT, ids=repr)
    @pytest.mark.parametrize("indent", [None, 0, 2])
    def test_values_come_back_exactly(self, value: Any, indent: int | None) -> None:
        written = serialize_xml(value, SerializerConfig(indent=indent))

        back = deserialize_xml(written)
        assert repr(back) == repr(value) or back == value
        assert type(back) is type(value)
        ET.fromstring(written)  # noqa: S314 - it is ours

    def test_what_is_no_number_comes_back(self) -> None:
        assert isnan(deserialize_xml(serialize_xml(nan)))

    @pytest.mark.parametrize("key", KEYS)
    def test_any_text_may_be_a_key(self, key: str) -> None:
        value = {key: {key: [1]}, "b": 2}

        assert deserialize_xml(serialize_xml(value)) == value

    def test_json_through_xml_is_exact(self) -> None:
        document = serialize_json({"a b": [1, 1.0, "1", None, [], {}, {"": True}], "c": " \r\n"})

        xml = convert_format(document, "json", "xml")

        assert convert_format(xml, "xml", "json") == document
        assert convert_format(convert_format(xml, "xml", "json"), "json", "xml") == xml

    def test_looks_like_this(self) -> None:
        value = {"name": "John", "tags": ["a", 1], "a b": None}

        assert serialize_xml(value, SerializerConfig(indent=2)).decode() == HEAD + (
            '<data type="dict">\n'
            "  <name>John</name>\n"
            '  <tags type="list">\n'
            "    <item>a</item>\n"
            '    <item type="int">1</item>\n'
            "  </tags>\n"
            '  <entry key="a b" type="null"/>\n'
            "</data>"
        )

    @pytest.mark.parametrize(
        ("value", "plain"),
        [
            ((1, 2), [1, 2]),
            ({1}, [1]),
            (date(2024, 5, 1), "2024-05-01"),
            (datetime(2024, 5, 1), "2024-05-01T00:00:00"),  # noqa: DTZ001 - a naive one is meant
            (Decimal("1.50"), "1.50"),
            (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
            (Point(1, None), {"x": 1, "y": None}),
            ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}),
            ({1.5: 1, b"x": 2, date(2024, 5, 1): 3}, {"1.5": 1, "eA==": 2, "2024-05-01": 3}),
        ],
        ids=repr,
    )
    def test_makes_plain_what_xml_has_no_form_for(self, value: Any, plain: Any) -> None:
        assert deserialize_xml(serialize_xml(value)) == plain

    @pytest.mark.parametrize(
        "value", [{1: "a", "1": "b"}, {None: 1, "null": 2}, {True: 1, "true": 2}]
    )
    def test_refuses_keys_with_one_text(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="two keys of a mapping are the same"):
            serialize_xml(value)

    @pytest.mark.parametrize("value", [object(), 1j, {(1, 2): 3}, "\ud800", {"\udfff": 1}])
    def test_refuses_what_has_no_form(self, value: Any) -> None:
        with pytest.raises(SerializationError):
            serialize_xml(value)

    def test_refuses_an_int_with_too_many_digits(self) -> None:
        with pytest.raises(SerializationError):
            serialize_xml(10**5000)

    def test_asks_default_and_sorts_keys(self) -> None:
        config = SerializerConfig(default=str, sort_keys=True)

        assert serialize_xml({"b": 1j, "a": 1}, config).decode() == (
            HEAD + '<data type="dict"><a type="int">1</a><b>1j</b></data>'
        )

    def test_takes_options_in_place_of_those_of_the_config(self) -> None:
        config = SerializerConfig(indent=4, sort_keys=True)

        written = serialize_xml({"b": 1j, "a": "x"}, config, indent=0, default=str)

        assert written.decode() == HEAD + '<data type="dict">\n<a>x</a>\n<b>1j</b>\n</data>'
        with pytest.raises(DepthError):
            serialize_xml([[1]], max_depth=1)
        with pytest.raises(DepthError):
            deserialize_xml(serialize_xml([[1]]), max_depth=1)

    def test_makes_what_type_says(self) -> None:
        assert deserialize_xml(serialize_xml({"x": 1, "y": 2.5}), Point) == Point(1, 2.5)
        with pytest.raises(SerializationError):
            deserialize_xml(serialize_xml({"x": "a"}), Point)

    @pytest.mark.parametrize(
        ("document", "value"),
        [
            ("<a>x</a>", "x"),
            ("<a/>", ""),
            ("<a><b>1</b><c/></a>", {"b": "1", "c": ""}),
            ("<a type='list'><x type='int'>1</x><!-- c --><y/></a>", [1, ""]),
            ("<a><![CDATA[<b>]]>&amp;&#65;</a>", "<b>&A"),
        ],
    )
    def test_takes_text_where_there_is_no_type(self, document: str, value: Any) -> None:
        assert deserialize_xml(document) == value

    @pytest.mark.parametrize(
        "document",
        [
            "<a><b/><b/></a>",
            "<a>x<b/></a>",
            "<a><b/>x</a>",
            "<a b='1'/>",
            "<a xmlns='x'/>",
            "<a type='float'><b/></a>",
            "<a type='thing'/>",
            "<a type='str'><b/></a>",
        ],
    )
    def test_sends_xml_from_elsewhere_to_the_other_convention(self, document: str) -> None:
        with pytest.raises(SerializationError, match='convention="plain"'):
            deserialize_xml(document)

    @pytest.mark.parametrize(
        "document",
        [
            "<a type='int'>x</a>",
            "<a type='int'/>",
            "<a type='int'> 1</a>",
            "<a type='int'>1_0</a>",
            "<a type='int'>\u0661</a>",
            "<a type='float'>1e999</a>",
            "<a type='float'>inf</a>",
            "<a type='bool'>True</a>",
            "<a type='null'>x</a>",
            "<a type='bytes'>a</a>",
            "<a type='bytes'>a b=</a>",
            "<a type='datetime'>soon</a>",
            "<a escaped='true'>\\x</a>",
            "<a escaped='true'>\\</a>",
            "<a escaped='true'>\\ud800</a>",
            "<a escaped='yes'/>",
            "<a type='dict'>x</a>",
        ],
    )
    def test_refuses_what_is_not_of_its_type(self, document: str) -> None:
        with pytest.raises(SerializationError):
            deserialize_xml(document)


class TestPlain:
    @pytest.mark.parametrize(
        ("document", "value"),
        [
            ("<a/>", {"a": None}),
            ("<a></a>", {"a": None}),
            ("<a> </a>", {"a": " "}),
            ("<a>\n x </a>", {"a": "\n x "}),
            ("<a>&#9;</a>", {"a": "\t"}),
            ("<a b='1'/>", {"a": {"@b": "1"}}),
            ("<a b='1'>x</a>", {"a": {"@b": "1", "#text": "x"}}),
            ("<a><b/>\n <b>x</b></a>", {"a": {"b": [None, "x"]}}),
            ("<a><b>1</b><c>2</c><b>3</b></a>", {"a": {"b": ["1", "3"], "c": "2"}}),
            ("<a><b><c/></b></a>", {"a": {"b": {"c": None}}}),
            (
                "<n:a xmlns:n='u'><n:b n:c='1'/></n:a>",
                {"n:a": {"@xmlns:n": "u", "n:b": {"@n:c": "1"}}},
            ),
            ("<a><![CDATA[ <b> ]]></a>", {"a": " <b> "}),
            ("<?p x?><a><!-- c -->x<!-- d -->y</a>", {"a": "xy"}),
            ("<a>1<!-- c -->2</a>", {"a": "12"}),
            ("<é>x</é>", {"é": "x"}),
        ],
    )
    def test_reads_attributes_text_and_lists(self, document: str, value: Any) -> None:
        assert deserialize_xml(document, convention="plain") == value

    def test_makes_lists_of_one_where_told(self) -> None:
        document = "<a><b>1</b><c><b/></c></a>"

        for force_list in (["b"], {"b", "x"}, ("b",)):
            back = deserialize_xml(document, convention="plain", force_list=force_list)
            assert back == {"a": {"b": ["1"], "c": {"b": [None]}}}
        assert deserialize_xml("<a/>", convention="plain", force_list=["a"]) == {"a": [None]}

    @pytest.mark.parametrize("document", ["<a>x<b/></a>", "<a><b/>x</a>", "<a>x<b/>y<b/>z</a>"])
    def test_refuses_to_lose_the_order_of_mixed_content(self, document: str) -> None:
        with pytest.raises(SerializationError, match="mixes text and elements"):
            deserialize_xml(document, convention="plain")

    @pytest.mark.parametrize(
        ("value", "document"),
        [
            ({"a": None}, "<a/>"),
            ({"a": "x\r<"}, "<a>x&#13;&lt;</a>"),
            ({"a": {"@b": 'x"\n', "#text": "y"}}, '<a b="x&quot;&#10;">y</a>'),
            ({"a": {"b": [1, None, True, 1.5]}}, "<a><b>1</b><b/><b>true</b><b>1.5</b></a>"),
            ({"a": {"@b": None, "c": {"@d": 1}}}, '<a b=""><c d="1"/></a>'),
            (
                {"a": {"b": [{"c": 1}, {"c": [2, 3]}]}},
                "<a><b><c>1</c></b><b><c>2</c><c>3</c></b></a>",
            ),
            ({"a": {}}, "<a/>"),
            ({"n:a": {"@xmlns:n": "u"}}, '<n:a xmlns:n="u"/>'),
            ({"é": b"x"}, "<é>eA==</é>"),
            ({"a": Point(1, None)}, "<a><x>1</x><y/></a>"),
        ],
    )
    def test_writes_them_again(self, value: Any, document: str) -> None:
        assert serialize_xml(value, convention="plain").decode() == HEAD + document

    @pytest.mark.parametrize(
        "value",
        [
            [],
            "a",
            {},
            {"a": 1, "b": 2},
            {"a": [1, 2]},
            {"@a": 1},
            {"#text": "x"},
            {"a": {"b": []}},
            {"a": {"b": [[1]]}},
            {"a": {"@b": [1]}},
            {"a": {"@b": {"c": 1}}},
            {"a": {"#text": "x", "b": 1}},
            {"a": {"#text": {"b": 1}}},
            {"a b": 1},
            {"1": 1},
            {"": 1},
            {"a:b:c": 1},
            {"a": {"@": 1}},
            {"a": {"@b c": 1}},
            {"a": {"<b>": 1}},
            {"a": {1: 2}},
            {"a": "\x00"},
            {"a": {"@b": "\ufffe"}},
        ],
        ids=repr,
    )
    def test_refuses_what_xml_has_no_form_for(self, value: Any) -> None:
        with pytest.raises(SerializationError):
            serialize_xml(value, convention="plain")

    def test_of_a_document_and_back_is_the_same(self) -> None:
        document = HEAD + '<a b="1"><c>x</c><c/><d e="2">y</d></a>'

        back = deserialize_xml(document, convention="plain")

        assert serialize_xml(back, convention="plain").decode() == document

    @pytest.mark.parametrize(
        "options",
        [
            {"convention": "badgerfish"},
            {"convention": "plain", "force_list": "item"},
            {"force_list": ["item"]},
        ],
    )
    def test_refuses_options_that_mean_nothing(self, options: Any) -> None:
        with pytest.raises(SerializerConfigError):
            XMLSerializer(**options)


@pytest.mark.parametrize("convention", ["typed", "plain"])
class TestGuards:
    @pytest.fixture(autouse=True)
    def quickly(self) -> Iterator[None]:
        start = time.process_time()
        yield
        assert time.process_time() - start < 10

    @pytest.mark.parametrize(
        "document",
        [
            "<!DOCTYPE a><a/>",
            '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>',
            '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/">%x;]><a/>',
            '<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x"><a/>',
        ],
    )
    def test_refuse_every_doctype(self, convention: Any, document: str) -> None:
        with pytest.raises(UnsafeDataError, match="DOCTYPE"):
            deserialize_xml(document, convention=convention)
        with pytest.raises(UnsafeDataError, match="DOCTYPE"):
            deserialize_xml(document.encode("utf-16"), convention=convention)

    def test_bound_the_depth_exactly(self, convention: Any) -> None:
        start = "<a type='dict'>" if convention == "typed" else "<a>"
        fits, deeper = (start * n + "</a>" * n for n in (500, 501))

        deserialize_xml(fits, convention=convention)
        with pytest.raises(DepthError, match="deeper than 500 levels"):
            deserialize_xml(deeper, convention=convention)
        with pytest.raises(DepthError):
            deserialize_xml("<a>" * 1_000_000, convention=convention)

    def test_bound_the_depth_of_what_is_written(self, convention: Any) -> None:
        value: Any = {"a": "text"}
        for _ in range(499):
            value = {"a": value}

        written = serialize_xml(value, convention=convention)
        assert deserialize_xml(written, convention=convention) == value
        loop: dict[str, Any] = {}
        loop["a"] = loop
        for deep in ({"a": value}, loop):
            with pytest.raises(DepthError):
                serialize_xml(deep, convention=convention)

    def test_bound_the_depth_of_empty_containers(self, convention: Any) -> None:
        value: Any = {}
        for _ in range(500):
            value = {"a": value}

        with pytest.raises(DepthError):
            serialize_xml(value, convention=convention)

    def test_bound_the_number_of_elements_and_attributes(
        self, convention: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_parsing, "NODE_LIMIT", 100)

        attributes = "".join(f' b{n}="1"' for n in range(100))
        elements = "".join(f"<b{n}/>" for n in range(100))
        for document in (f"<a>{elements}</a>", f"<a{attributes}/>"):
            with pytest.raises(UnsafeDataError, match="more than 100 elements and attributes"):
                deserialize_xml(document, convention=convention)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b" ",
            b"text",
            b"<a>",
            b"</a>",
            b"<a></b>",
            b"<a/><b/>",
            b"<a/>text",
            b"<a>&x;</a>",
            b"<a>&#0;</a>",
            b"<a>&#xD800;</a>",
            b"<a>\x00</a>",
            b"<a>\xff</a>",
            b"<a b='1' b='2'/>",
            b"<a b=1/>",
            b"<1/>",
            b"<?xml version='1.0' encoding='utf-7'?><a/>",
            b"<?xml version='1.0' encoding='no-such'?><a/>",
            b"<?xml version='1.0' encoding='hex'?><a/>",
            b"\xff\xfe<\x00",
            b"<!--",
            b"<![CDATA[",
        ],
    )
    def test_make_one_error_of_damage(self, convention: Any, data: bytes) -> None:
        with pytest.raises(SerializationError):
            deserialize_xml(data, convention=convention)

    @pytest.mark.parametrize("data", [None, 5, ["<a/>"]])
    def test_make_one_error_of_the_wrong_type(self, convention: Any, data: Any) -> None:
        with pytest.raises(SerializationError, match="is read from bytes"):
            deserialize_xml(data, convention=convention)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
    def test_find_the_encoding(self, convention: Any, encoding: str) -> None:
        name = "utf-8" if encoding == "utf-8-sig" else encoding
        document = f"<?xml version='1.0' encoding='{name}'?><a>é</a>"

        wanted = "é" if convention == "typed" else {"a": "é"}
        assert deserialize_xml(document.encode(encoding), convention=convention) == wanted
        assert deserialize_xml(document, convention=convention) == wanted
