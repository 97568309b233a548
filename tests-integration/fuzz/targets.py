"""The fuzzers by name: what gets each input, seeds, and what inputs are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from . import datasets, formats, frames
from .guard import Guard


class Target(NamedTuple):
    """One fuzzer: *run* gets each input, *seeds* are good ones, *tokens* are what they are made of."""

    run: Callable[[Guard, bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    tokens: str = ""


def joined(name: str) -> Target:
    """The target of this name; of several, with ``+`` between them, each gets every input."""
    targets = [TARGETS[each] for each in name.split("+")]

    def run(guard: Guard, data: bytes) -> None:
        for target in targets:
            target.run(guard, data)

    def seeds() -> Iterator[bytes]:
        for target in targets:
            yield from target.seeds()

    return Target(run, seeds, " ".join(filter(None, (target.tokens for target in targets))))


_JSON_TOKENS: Final = (
    '{ } [ ] : , true false null NaN Infinity -Infinity \\u \\ud800 1e999 0.1 -0 "'
)
_TAGS: Final = (
    "$tuple $set $frozenset $complex $datetime $date $time $timedelta $decimal $uuid $path $ndarray "
    "$scalar $enum $bytes $float $dict $int <i4 |O M8 (2,) 2026-01-02 NaN"
)
_YAML_TOKENS: Final = (
    "!!set !!omap !!binary !!python/object !!timestamp !!merge !!float !!int !!null !!bool << *a &a "
    "--- ... %YAML %TAG ? : - | > |+ >- [ ] { } , # ! !<tag: .nan .inf 0x1 0o7 1_0 2001-12-14 ~ = \\u00e9"
)
_XML_TOKENS: Final = (
    '<?xml encoding="utf-16" standalone <!DOCTYPE <!ENTITY SYSTEM <![CDATA[ ]]> <!-- --> &lt; &#0; &#x41; '
    'type="int" type="dict" type="list" type="float" type="null" type="bytes" type="bool" key=" name=" '
    "xmlns: xmlns= </ /> <item> <data <?pi ?>"
)
_PICKLE_TOKENS: Final = (
    "cbuiltins\\x0aset\\x0a cdatetime\\x0adatetime\\x0a cnumpy\\x0andarray\\x0a cnumpy\\x0adtype\\x0a "
    "c_codecs\\x0aencode\\x0a ccopyreg\\x0a_reconstructor\\x0a cdecimal\\x0aDecimal\\x0a cos\\x0asystem\\x0a "
    "\\x93 \\x94 \\x8c \\x95 \\x97 \\x98 \\x81 \\x92 \\x82 R b ( ) . 0 1 2 q h r j p0\\x0a g0\\x0a"
)

TARGETS: Final[dict[str, Target]] = {
    "json": Target(formats.json, formats.json_seeds, _JSON_TOKENS),
    "json-lines": Target(formats.json_lines, formats.json_lines_seeds, _JSON_TOKENS),
    "msgpack": Target(formats.msgpack, formats.msgpack_seeds),
    "msgpack-stream": Target(formats.msgpack_stream, formats.msgpack_stream_seeds),
    "pickle": Target(formats.pickle, formats.pickle_seeds, _PICKLE_TOKENS),
    "pickle-signed": Target(formats.pickle_signed, formats.pickle_signed_seeds),
    "yaml": Target(formats.yaml, formats.yaml_seeds, _YAML_TOKENS),
    "xml": Target(formats.xml, formats.xml_seeds, _XML_TOKENS),
    "xml-plain": Target(formats.xml_plain, formats.xml_plain_seeds, _XML_TOKENS),
    "typed": Target(formats.typed, formats.typed_seeds, _JSON_TOKENS),
    "tagged": Target(formats.tagged, formats.tagged_seeds, f"{_JSON_TOKENS} {_TAGS}"),
    "base64": Target(formats.base64_text, formats.base64_seeds),
    "convert": Target(formats.convert, formats.convert_seeds, _JSON_TOKENS),
    "compressed": Target(frames.compressed, frames.compressed_seeds, "PPZ1 PPZD PPZC PPZI PPZE"),
    "columns": Target(frames.columns, frames.columns_seeds),
    "numpy": Target(
        frames.arrays, frames.arrays_seeds, "<i4 >f8 |O M8[ns] m8[25s] |V5 |S3 <U2 |b1"
    ),
    "dataset": Target(datasets.dataset, datasets.dataset_seeds, "PPZ1 PPZD PPZC PPZI PPZE"),
    "from-dict": Target(frames.from_dict, frames.from_dict_seeds),
}
