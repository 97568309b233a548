"""One column: a list of values in, a form that suits them out, and back.

A column is a MessagePack array: the number of its form, then what that form needs.  The forms for
dicts and lists hold columns again, so any value can be one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from enum import IntEnum
from itertools import chain, compress, islice, repeat
from operator import itemgetter
from typing import Any, TypeAlias

from . import _numbers, _text, _values
from ._damage import exactly, expect
from ._room import Room
from ._rows import Row, build_rows

Column: TypeAlias = Sequence[Any]

_FEW = 8  # values for which a form of their own costs more than it saves
_MOST_CLASSES = 255
_BLOCK = 512
_CHECKED = 2
_DEEPEST = 16
_DEEPEST_COLUMN = 4 * _DEEPEST  # values of several types and of several shapes are levels as well


class Form(IntEnum):
    """How the values of a column are written."""

    VALUES = 0
    TAGGED = 1
    MIXED = 2
    BOOLS = 3
    INTS = 4
    BIG_INTS = 5
    FLOATS = 6
    DECIMALS = 7
    TEXT = 8
    NUMBERED = 9
    REPEATED = 10
    TABLE = 11
    MAPS = 12
    LISTS = 13


def encode(values: list[Any], depth: int = 0) -> Column:
    """The values in the form that suits all of them, or split by type."""
    kinds = set(map(type, values))
    if depth < _DEEPEST:
        if len(kinds) > 1 and (len(values) >= _FEW or dict in kinds or list in kinds):
            return _encode_mixed(values, list(map(type, values)), depth)
        if len(kinds) == 1:
            (kind,) = kinds
            nested = _NESTED.get(kind)
            if nested is not None:
                # Going level by level, only here would a value that holds itself never end.
                if depth == _CHECKED and not _values.is_tree(values):
                    return Form.TAGGED, _values.encode_tagged(values)
                return nested(values, depth)
            if len(values) >= _FEW and kind in _FLAT:
                return _FLAT[kind](values)
    return _encode_values(values, apart=depth >= _DEEPEST)


def decode(column: Any, count: int, room: Room, depth: int = 0) -> list[Any]:
    """The *count* values of a column."""
    expect(depth <= _DEEPEST_COLUMN, "columns are nested too deep")
    expect(type(column) is list, "a column is an array")
    whole: list[Any] = column
    form, *parts = whole
    room.take(count * _MEMORY.get(form, _LEAST_MEMORY))
    if form in _FLAT_DECODERS:
        values = _FLAT_DECODERS[form](parts, count)
    else:
        expect(form in _NESTED_DECODERS, "a column has no known form")
        values = _NESTED_DECODERS[form](parts, count, room, depth)
    expect(len(values) == count, "a column has more or fewer values than rows")
    return values


def _encode_values(values: list[Any], *, apart: bool = False) -> Column:
    """As they are; *apart* from the columns if their levels and those of the values are too many."""
    if not _values.is_plain(values):
        return Form.TAGGED, _values.encode_tagged(values)
    return (Form.TAGGED, _values.tagged().serialize(values)) if apart else (Form.VALUES, values)


def _encode_bools(values: list[bool]) -> Column:
    return Form.BOOLS, bytes(values)


def _encode_ints(values: list[int]) -> Column:
    parts = _numbers.encode_ints(values)
    if parts is None:
        return Form.BIG_INTS, _encode_text([f"{value:x}" for value in values])
    return Form.INTS, *parts


def _encode_floats(values: list[float]) -> Column:
    decimals = _numbers.as_decimals(values)
    if decimals is None:
        return Form.FLOATS, *_numbers.encode_floats(values)
    digits, wholes = decimals
    return Form.DECIMALS, digits, _encode_ints(wholes)


def _encode_text(values: list[str]) -> Column:
    found = _text.numbered(values)
    if found is not None:
        *shape, numbers = found
        return Form.NUMBERED, *shape, _encode_ints(numbers)
    places = {text: place for place, text in enumerate(dict.fromkeys(values))}
    if len(places) * 4 <= len(values):
        codes = _encode_ints([places[text] for text in values])
        return Form.REPEATED, len(places), _encode_flat_text([*places]), codes
    return _encode_flat_text(values)


def _encode_flat_text(values: list[str]) -> Column:
    text = _text.joined(values)
    return _encode_values(values) if text is None else (Form.TEXT, text)


def _encode_mixed(values: list[Any], classes: list[Any], depth: int) -> Column:
    """The values by class: a number for each, and a column for each class."""
    numbers = {each: number for number, each in enumerate(dict.fromkeys(classes))}
    if len(numbers) > _MOST_CLASSES:
        return _encode_values(values)
    tags = [numbers[each] for each in classes]
    columns = [
        None if each is type(None) else encode([*compress(values, map(number.__eq__, tags))], depth)
        for each, number in numbers.items()
    ]
    return Form.MIXED, bytes(tags), columns


def _encode_dicts(rows: list[Row], depth: int) -> Column:
    """Rows with the same keys as a table; many sorts of rows as keys and values, end to end."""
    first = tuple(rows[0])
    table = _as_table(rows, first)
    if table is not None and not _are_maps(len(first) * len(rows), [first]):
        return Form.TABLE, first, [encode(column, depth + 1) for column in table]
    flat = [*chain.from_iterable(rows)]
    if set(map(type, flat)) - {str}:
        return _encode_values(rows)
    shapes = dict.fromkeys(map(tuple, rows))
    if _are_maps(len(flat), shapes):
        values = [value for row in rows for value in row.values()]
        lengths = list(map(len, rows))
        return Form.MAPS, *(encode(part, depth + 1) for part in (lengths, flat, values))
    return _encode_mixed(rows, list(map(tuple, rows)), depth)


def _as_table(rows: list[Row], keys: tuple[str, ...]) -> list[list[Any]] | None:
    """A column for each key, if all rows have these keys in this order."""
    getters = list(map(itemgetter, keys))
    columns: list[list[Any]] = [[] for _ in keys]
    # A block at a time, since the rows of one stay in the processor's cache.
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        flat = [*chain.from_iterable(block)]
        # No row has a key twice, so if the keys end to end are equal, then so are those of each row.
        if flat != [*keys] * len(block) or set(map(type, flat)) - {str}:
            return None
        for column, getter in zip(columns, getters, strict=True):
            column.extend(map(getter, block))
    return columns


def _are_maps(entries: int, shapes: Collection[tuple[str, ...]]) -> bool:
    """Whether the keys are data themselves, and not the names of columns."""
    if () in shapes or len(shapes) > _MOST_CLASSES:
        return True
    return entries >= 64 and 4 * sum(map(len, shapes)) > entries


def _encode_lists(values: list[list[Any]], depth: int) -> Column:
    lengths = encode(list(map(len, values)), depth + 1)
    return Form.LISTS, lengths, encode([*chain.from_iterable(values)], depth + 1)


_NESTED: dict[type, Callable[[list[Any], int], Column]] = {
    dict: _encode_dicts,
    list: _encode_lists,
}
_FLAT: dict[type, Callable[[list[Any]], Column]] = {
    bool: _encode_bools,
    int: _encode_ints,
    float: _encode_floats,
    str: _encode_text,
}


def _decode_values(parts: Column, count: int) -> list[Any]:
    (values,) = parts
    return _one_each(values, count)


def _decode_tagged(parts: Column, count: int) -> list[Any]:
    (data,) = parts
    return _one_each(_values.decode_tagged(data), count)


def _one_each(values: Any, count: int) -> list[Any]:
    found: list[Any] = values
    expect(type(found) is list and len(found) == count, "there is one value for each row")
    return found


def _decode_mixed(parts: Column, count: int, room: Room, depth: int) -> list[Any]:
    tags: bytes
    tags, columns = parts
    exactly(tags, count)
    expect(max(tags, default=0) < len(columns) <= _MOST_CLASSES, "a value is of no class")
    iterators: list[Iterator[Any]] = []
    for number, column in enumerate(columns):
        size = tags.count(number)
        nothing: Iterator[Any] = repeat(None)
        iterators.append(nothing if column is None else iter(decode(column, size, room, depth + 1)))
    return [next(iterators[tag]) for tag in tags]


def _decode_bools(parts: Column, count: int) -> list[bool]:
    (data,) = parts
    exactly(data, count)
    expect(not data.translate(None, b"\0\1"), "a truth value is 0 or 1")
    return list(map(bool, data))


def _decode_big_ints(parts: Column, count: int, room: Room, depth: int) -> list[int]:
    (column,) = parts
    return [int(text, 16) for text in decode(column, count, room, depth + 1)]


def _decode_decimals(parts: Column, count: int, room: Room, depth: int) -> list[float]:
    digits, column = parts
    return _numbers.from_decimals(digits, decode(column, count, room, depth + 1))


def _decode_text(parts: Column, count: int) -> list[str]:
    (text,) = parts
    expect(type(text) is str, "texts are text")
    return _text.split(text, count)


def _decode_numbered(parts: Column, count: int, room: Room, depth: int) -> list[str]:
    prefix, suffix, width, column = parts
    expect(type(prefix) is type(suffix) is str, "what stands around a number is text")
    expect(type(width) is int and 0 <= width <= _text.MOST_DIGITS, "numbers have 18 digits at most")
    room.take(count * (len(prefix) + len(suffix)))
    numbers = decode(column, count, room, depth + 1)
    return _text.from_numbered(_text.Numbered(prefix, suffix, width, numbers))


def _decode_repeated(parts: Column, count: int, room: Room, depth: int) -> list[str]:
    size, column, codes = parts
    texts = decode(column, size, room, depth + 1)
    expect(set(map(type, texts)) == {str}, "only text is repeated")
    places = decode(codes, count, room, depth + 1)
    expect(min(places, default=0) >= 0, "texts are numbered from 0 on")
    return [texts[place] for place in places]


def _decode_table(parts: Column, count: int, room: Room, depth: int) -> list[Row]:
    keys, columns = parts
    expect(set(map(type, keys)) == {str}, "keys are text")
    expect(len(set(keys)) == len(keys) == len(columns), "a table has one column for each key")
    return build_rows(tuple(keys), [decode(each, count, room, depth + 1) for each in columns])


def _decode_maps(parts: Column, count: int, room: Room, depth: int) -> list[Row]:
    lengths = _lengths(parts[0], count, room, depth)
    keys, values = (iter(decode(each, sum(lengths), room, depth + 1)) for each in parts[1:])
    rows = [dict(zip(islice(keys, size), values, strict=False)) for size in lengths]
    expect(list(map(len, rows)) == lengths, "a key stands twice in one dict")
    return rows


def _decode_lists(parts: Column, count: int, room: Room, depth: int) -> list[list[Any]]:
    lengths = _lengths(parts[0], count, room, depth)
    flat = iter(decode(parts[1], sum(lengths), room, depth + 1))
    return [list(islice(flat, size)) for size in lengths]


def _lengths(column: Any, count: int, room: Room, depth: int) -> list[int]:
    lengths = decode(column, count, room, depth + 1)
    expect(set(map(type, lengths)) <= {int} and min(lengths, default=0) >= 0, "lengths are numbers")
    return lengths


# What a value takes in memory, where it is much; that of its parts is counted with them.
_LEAST_MEMORY = 40
_MEMORY: dict[int, int] = {Form.TABLE: 200, Form.MAPS: 200, Form.LISTS: 72, Form.NUMBERED: 64}

_FLAT_DECODERS: dict[int, Callable[[Column, int], list[Any]]] = {
    Form.VALUES: _decode_values,
    Form.TAGGED: _decode_tagged,
    Form.BOOLS: _decode_bools,
    Form.INTS: _numbers.decode_ints,
    Form.FLOATS: _numbers.decode_floats,
    Form.TEXT: _decode_text,
}
_NESTED_DECODERS: dict[int, Callable[[Column, int, Room, int], list[Any]]] = {
    Form.MIXED: _decode_mixed,
    Form.BIG_INTS: _decode_big_ints,
    Form.DECIMALS: _decode_decimals,
    Form.NUMBERED: _decode_numbered,
    Form.REPEATED: _decode_repeated,
    Form.TABLE: _decode_table,
    Form.MAPS: _decode_maps,
    Form.LISTS: _decode_lists,
}
