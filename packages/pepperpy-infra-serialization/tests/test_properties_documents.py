"""What holds for all values in YAML, XML and pickle."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    SerializationError,
    SerializerConfig,
    deserialize_pickle,
    deserialize_xml,
    deserialize_yaml,
    serialize_pickle,
    serialize_xml,
    serialize_yaml,
)

TEXT = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("-+.0123456789eExXoObBtTzZyYnN:_ ~<>=#&*!|%@`'\"{}[],?\n\r\t\\ \x85\u2028\ufeff")
    | st.sampled_from(["<<", "=", "~", "null", "yes", "1e3", "0o7", "1:30", "---", "- a", "a: b"])
)
ZONES = st.timezones() | st.builds(
    lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)), st.integers(-86399, 86399)
)
MOMENTS = st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | TEXT
    | st.binary()
    | MOMENTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20
)
KEYS = st.recursive(
    SCALARS.filter(lambda key: key == key),  # noqa: PLR0124 - no NaN
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=3,
)
CONFIGS = st.builds(SerializerConfig, indent=st.sampled_from([None, 0, 2, 4]))


def same(one: Any, other: Any) -> bool:
    """Whether type and value are equal: 1 and 1.0 differ, NaN is NaN, -0.0 is not 0.0."""
    if isinstance(one, dt.datetime):
        return bool(one == other)
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other) and repr(one) == repr(other)
    return bool(one == other)


@given(
    st.recursive(
        SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
    ),
    CONFIGS,
)
def test_every_value_comes_back_from_yaml(value: Any, config: SerializerConfig) -> None:
    assert same(value, deserialize_yaml(serialize_yaml(value, config)))


@given(VALUES)
def test_what_is_written_as_yaml_means_the_same_by_yaml_1_1(value: Any) -> None:
    assert same(value, yaml.safe_load(serialize_yaml(value)))


@given(VALUES, CONFIGS)
def test_every_value_comes_back_from_xml(value: Any, config: SerializerConfig) -> None:
    written = serialize_xml(value, config)

    assert same(value, deserialize_xml(written))
    ET.fromstring(written)  # noqa: S314 - it is ours


NAMES = st.text("abcdéX_", min_size=1)
CONTENT = st.recursive(
    st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, min_size=2), min_size=1),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, CONTENT, min_size=1, max_size=1))
def test_plain_xml_of_text_comes_back(value: Any) -> None:
    written = serialize_xml(value, convention="plain")

    assert same(value, deserialize_xml(written, convention="plain"))


PICKLED = st.recursive(
    SCALARS
    | st.decimals()
    | st.uuids()
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.timedeltas()
    | st.complex_numbers()
    | st.frozensets(st.integers(), max_size=1),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.dates(), inner)
    ),
    max_leaves=20,
)


@given(PICKLED)
def test_every_plain_value_comes_back_from_a_pickle(value: Any) -> None:
    assert repr(deserialize_pickle(serialize_pickle(value))) == repr(value)


@given(st.binary() | st.text("[]{}:-?,&*!#|>'\"% \na1<.").map(str.encode))
def test_any_bytes_are_a_value_or_one_error(data: bytes) -> None:
    for read in (deserialize_pickle, deserialize_xml, deserialize_yaml):
        try:
            read(data)
        except SerializationError as error:
            assert str(error)  # noqa: PT017 - a value is fine as well


@given(VALUES, st.data())
def test_a_changed_document_is_a_value_or_one_error(value: Any, data: st.DataObject) -> None:
    pairs: Any = (
        (serialize_pickle, deserialize_pickle),
        (serialize_xml, deserialize_xml),
        (serialize_yaml, deserialize_yaml),
    )
    for write, read in pairs:
        written = bytearray(write(value))
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
        try:
            read(written)
        except SerializationError as error:
            assert str(error)  # noqa: PT017 - a value is fine as well
