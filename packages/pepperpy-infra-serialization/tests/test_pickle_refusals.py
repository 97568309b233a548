"""Pickles that do what plain data has no use for."""

from __future__ import annotations

import copyreg
import os
import pickle
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pepperpy.infra.serialization import SerializationError, UnsafeDataError, deserialize_pickle


def name(module: str, attribute: str) -> bytes:
    texts = (each.encode() for each in (module, attribute))
    return b"".join(b"\x8c%c%b" % (len(text), text) for text in texts) + b"\x93"


def call(module: str, attribute: str, *arguments: bytes) -> bytes:
    return name(module, attribute) + b"(" + b"".join(arguments) + b"tR"


ENDLESS = call("builtins", "range", b"\x8a\x06" + (10**12).to_bytes(6, "little"))


class TestNames:
    @pytest.mark.parametrize(
        "pickled",
        [
            b"cos\nsystem\n(S'true'\ntR.",
            b"cposix\nsystem\n(S'true'\ntR.",
            b"c__builtin__\neval\n(S'1'\ntR.",
            b"(S'true'\nios\nsystem\n.",
            b"(cos\nsystem\nS'true'\no.",
            name("builtins", "getattr") + b".",
            call("builtins", "getattr", name("builtins", "dict"), b"\x8c\x03get") + b".",
            call("builtins", "getattr", name("zoneinfo", "ZoneInfo"), b"\x8c\x08no_cache") + b".",
            call("operator", "attrgetter", b"\x8c\x09__class__") + b".",
            call("collections", "namedtuple", b"\x8c\x01x\x8c\x01y") + b".",
            name("collections", "__builtins__") + b".",
            name("collections", "OrderedDict.__init__.__globals__") + b".",
            name("datetime", "sys.modules") + b".",
            call("numpy.testing._private.utils", "runstring", b"\x8c\x01x}") + b".",
            call("numpy", "load", b"\x8c\x01x") + b".",
            call("numpy", "ndarray", b"\x8a\x06" + (10**12).to_bytes(6, "little")) + b".",
            call("functools", "partial", name("os", "system"), b"\x8c\x04true") + b".",
            call("copyreg", "_reconstructor", name("os", "PathLike"), b"N") + b".",
            call("builtins", "__import__", b"\x8c\x02os") + b".",
            call("builtins", "list", ENDLESS) + b".",
            name("uuid", "os") + b".",
            name("\uff4fs", "system") + b".",
        ],
    )
    def test_beyond_the_list_are_refused(
        self, pickled: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "system", lambda _: pytest.fail("it ran"))

        with pytest.raises(UnsafeDataError):
            deserialize_pickle(pickled)

    def test_that_are_computed_are_refused(self) -> None:
        joined = call("_codecs", "encode", b"\x8c\x02os", b"\x8c\x06latin1")

        with pytest.raises(UnsafeDataError, match="computes the name"):
            deserialize_pickle(joined + b"\x8c\x06system\x93.")

    def test_of_objects_that_were_made_cannot_be_called(self) -> None:
        with pytest.raises(UnsafeDataError, match="calls what it has made"):
            deserialize_pickle(b"]" + b")R.")

    def test_of_our_own_functions_cannot_be_kept(self) -> None:
        with pytest.raises(UnsafeDataError, match=r"decimal\.Decimal"):
            deserialize_pickle(name("decimal", "Decimal") + b".")

    def test_are_looked_up_before_anything_is_made(self) -> None:
        made = call("_codecs", "encode", b"N", b"N")  # a TypeError, if it came to that

        with pytest.raises(UnsafeDataError, match=r"asks for os\.system"):
            deserialize_pickle(made + name("os", "system") + b"\x86.")


@pytest.fixture
def extension() -> Iterator[bytes]:
    """An extension code for `os.system` that copyreg has looked up before."""
    copyreg.add_extension("os", "system", 0x51)
    pickle.loads(b"\x82\x51.")
    yield b"\x82\x51"
    copyreg.remove_extension("os", "system", 0x51)


class TestOpcodes:
    def test_of_extensions_are_refused_with_a_warm_cache(self, extension: bytes) -> None:
        with pytest.raises(UnsafeDataError, match="an extension code"):
            deserialize_pickle(extension + b"\x8c\x04true\x85R.")

    @pytest.mark.parametrize(
        ("pickled", "what"),
        [
            (b"\x83\x01\x00.", "extension code"),
            (b"\x84\x01\x00\x00\x00.", "extension code"),
            (b"Pid\n.", "persistent id"),
            (b"NQ.", "persistent id"),
            (b"\x80\x05\x97.", "out-of-band buffer"),
            (b"(ibuiltins\nint\n.", "old-style instance"),
        ],
    )
    def test_without_use_are_refused(self, pickled: bytes, what: str) -> None:
        with pytest.raises(UnsafeDataError, match=what):
            deserialize_pickle(pickled)

    def test_that_set_the_state_of_a_function_are_refused(self) -> None:
        state = b"N}\x8c\x0c__defaults__)s\x86b"

        with pytest.raises(UnsafeDataError, match="state of what it has not made"):
            deserialize_pickle(name("decimal", "Decimal") + state + b"0N.")

    def test_that_set_the_state_of_an_attribute_are_refused(self) -> None:
        maker = call("builtins", "getattr", name("zoneinfo", "ZoneInfo"), b"\x8c\x09_unpickle")

        with pytest.raises(UnsafeDataError, match="state of what it has not made"):
            deserialize_pickle(maker + b"}\x8c\x01xK\x01sb0N.")

    @pytest.mark.parametrize("index", [b"p99999\n", b"r\xff\xff\xff\xff", b"r\x00\x00\x01\x00"])
    def test_with_a_memo_index_beyond_the_data_are_refused(self, index: bytes) -> None:
        with pytest.raises(UnsafeDataError, match="memo index beyond its size"):
            deserialize_pickle(b"N" + index + b".")

    @pytest.mark.parametrize(
        "pickled",
        [
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
            b"\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
            b"B\xff\xff\xff\x7f.",
            b"X\xff\xff\xff\xff.",
            b"T\xff\xff\xff\xff.",
            b"\x8b\xff\xff\xff\xff.",
            b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
        ],
    )
    def test_that_announce_more_than_there_is_are_damage(self, pickled: bytes) -> None:
        with pytest.raises(SerializationError, match="announces"):
            deserialize_pickle(pickled)


class TestDamage:
    @pytest.mark.parametrize(
        "pickled",
        [
            b"",
            b".",
            b"N",
            b"NN.",
            b"(N.",
            b"\x85.",
            b"t.",
            b"h\x00.",
            b"g5\n.",
            b"pfive\nN.",
            b"g-1\n.",
            b"\x80\x06N.",
            b"\xffN.",
            b"I12",
            b"Ix\n.",
            b"}Ns.",
            b"}]Ns.",
            b"NNa.",
            b"\x8c\x01\xff.",
            pickle.dumps(1) + b"\n",
            b"\x80\x05\x95\x06" + b"\0" * 7 + b"\x96\x03" + b"\0" * 7 + b"xyz\x94.",
            b"\x80\x04\x95\x0b" + b"\0" * 7 + b"\x95\x02" + b"\0" * 7 + b"N.",
            b"\x80\x04\x95\x03" + b"\0" * 7 + b"N.0",
            call("datetime", "date", b"C\x04\x07\xe8\x05\x63") + b".",
            call("datetime", "time", b"C\x06\x63\x00\x00\x00\x00\x00") + b".",
            call("datetime", "datetime", b"C\x0a\x07\xe8\x05\x01\x63\x00\x00\x00\x00\x00") + b".",
            call("decimal", "Decimal", b"\x8c\x01x") + b".",
            call("zoneinfo", "ZoneInfo", b"\x8c\x0e../../../etc/x") + b".",
            name("uuid", "UUID") + b")\x81}\x8c\x03int\x8c\x01xsb.",
            name("uuid", "UUID") + b")\x81.",
            call("builtins", "set", ENDLESS) + b".",
            call("builtins", "frozenset", ENDLESS) + b".",
            call("collections", "deque", ENDLESS) + b".",
            call("collections", "Counter", ENDLESS) + b".",
            call("builtins", "bytearray", b"\x8a\x06" + (10**12).to_bytes(6, "little")) + b".",
        ],
    )
    def test_is_one_error(self, pickled: bytes) -> None:
        with pytest.raises(SerializationError):
            deserialize_pickle(pickled)

    def test_at_every_byte_and_length_is_a_value_or_one_error(self) -> None:
        pickled = pickle.dumps({"a": [1, (2.5, b"x")], "b": {1, 2}}, 4)
        values = 0

        for place in range(len(pickled)):
            with pytest.raises(SerializationError):
                deserialize_pickle(pickled[:place])
            for byte in range(256):
                try:
                    deserialize_pickle(pickled[:place] + bytes([byte]) + pickled[place + 1 :])
                    values += 1
                except SerializationError:
                    pass

        assert values > len(pickled)  # each is its own replacement once, and letters may change

    @pytest.mark.parametrize("data", ["text", None, 5, [1]])
    def test_of_the_wrong_type_is_one_error(self, data: Any) -> None:
        with pytest.raises(SerializationError, match="is read from bytes"):
            deserialize_pickle(data)


class TestBombs:
    @pytest.fixture(autouse=True)
    def quickly(self) -> Iterator[None]:
        start = time.process_time()
        yield
        assert time.process_time() - start < 10

    def test_of_tuples_that_double_are_no_keys(self) -> None:
        doubled = b")\x94" + b"".join(b"h%ch%c\x86\x94" % (n, n) for n in range(100))

        with pytest.raises(UnsafeDataError, match="would take too long"):
            deserialize_pickle(b"\x80\x04}" + doubled + b"Ns.")
        with pytest.raises(UnsafeDataError, match="would take too long"):
            deserialize_pickle(b"\x80\x04\x8f(" + doubled + b"\x90.")
        with pytest.raises(UnsafeDataError, match="would take too long"):
            deserialize_pickle(b"\x80\x04(" + doubled + b"\x91.")

    def test_of_tuples_that_double_are_no_members_of_a_merged_set(self) -> None:
        doubled = b")\x94" + b"".join(b"h%ch%c\x86\x94" % (n, n) for n in range(100))

        with pytest.raises(UnsafeDataError, match="would take too long"):
            deserialize_pickle(name("builtins", "set") + b"](" + doubled + b"e\x85R.")

    def test_that_hash_one_large_key_again_and_again_are_refused(self) -> None:
        large = b"(" + b"N" * 2000 + b"t\x94"

        with pytest.raises(UnsafeDataError, match="would take too long"):
            deserialize_pickle(large + b"\x8f(" + b"h\x00" * 60_000 + b"\x90\x86.")

    def test_of_deep_tuples_are_no_keys(self) -> None:
        with pytest.raises(UnsafeDataError, match="nested deeper than 1000 levels"):
            deserialize_pickle(b"})" + b"\x85" * 100_000 + b"Ns.")

    def test_of_deep_lists_are_values(self) -> None:
        value = deserialize_pickle(b"]" * 100_000 + b"a" * 99_999 + b".")

        assert len(value) == 1

    def test_of_a_list_in_itself_are_values(self) -> None:
        value = deserialize_pickle(b"]\x94" + b"h\x00a" * 10_000 + b".")

        assert value[9_999] is value


DTYPE = name("numpy", "dtype") + b"(\x8c\x02i8\x89\x88tR"
ARRAY = (
    name("numpy._core.multiarray", "_reconstruct")
    + b"("
    + name("numpy", "ndarray")
    + (b"K\x00\x85C\x01btR")
)


def array(shape: bytes, content: bytes, dtype: bytes = DTYPE) -> bytes:
    return (
        ARRAY
        + b"(K\x01"
        + shape
        + dtype
        + b"\x89B"
        + len(content).to_bytes(4, "little")
        + (content + b"tb.")
    )


class TestArrays:
    def test_are_what_this_test_believes(self) -> None:
        value = deserialize_pickle(array(b"K\x02\x85", b"\x01" + b"\0" * 15))

        assert value.tolist() == [1, 0]

    @pytest.mark.parametrize(
        "pickled",
        [
            array(b"K\x03\x85", b"\0" * 16),
            array(b"J\xff\xff\xff\xffJ\xfe\xff\xff\xff\x86", b"\0" * 16),
            array(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01\x85", b""),
            array(b"]", b"\0" * 8),
            array(b"K\x01\x85", b"\0" * 8, DTYPE.replace(b"i8", b"O8")),
            array(b"K\x01\x85", b"\0" * 8, DTYPE.replace(b"i8", b"|O")),
            array(b"K\x01\x85", b"\0" * 8, name("numpy", "dtype") + b"(" + DTYPE + b"tR"),
            # A record with an object in it, by the state of its dtype.
            array(
                b"K\x01\x85",
                b"\0" * 8,
                name("numpy", "dtype")
                + b"(\x8c\x02V8\x89\x88tR(K\x03\x8c\x01|N\x8c\x01a\x85}\x8c\x01a"
                + DTYPE.replace(b"i8", b"O8")
                + b"K\x00\x86sK\x08K\x01K\x00tb",
            ),
            # A field beyond the end of its record.
            array(
                b"K\x01\x85",
                b"\0" * 8,
                name("numpy", "dtype")
                + b"(\x8c\x02V8\x89\x88tR(K\x03\x8c\x01|N\x8c\x01a\x85}\x8c\x01a"
                + DTYPE
                + b"K\x40\x86sK\x08K\x01K\x00tb",
            ),
            # A number that becomes a record.
            array(
                b"K\x01\x85",
                b"\0" * 8,
                DTYPE
                + b"(K\x03\x8c\x01|N\x8c\x01a\x85}\x8c\x01a"
                + DTYPE
                + b"K\x00\x86sK\x08K\x01K\x00tb",
            ),
            # Sizes that differ from what the dtype is.
            array(
                b"K\x01\x85",
                b"\0" * 64,
                DTYPE + b"(K\x03\x8c\x01<NNNK\x40K\x08K\x00tb",
            ),
            # A dtype that changes once it is in use.
            array(b"K\x01\x85", b"\0" * 8, DTYPE + b"\x94")[:-1]
            + b"h\x00(K\x03\x8c\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x86.",
            # An array whose state is set again.
            array(b"K\x02\x85", b"\0" * 16)[:-1]
            + b"(K\x01K\x01\x85"
            + DTYPE
            + b"\x89C\x08"
            + b"\0" * 8
            + b"tb.",
            name("numpy._core.multiarray", "scalar") + b"(" + DTYPE + b"C\x00tR.",
            name("numpy", "dtype") + b".",
        ],
    )
    def test_that_numpy_would_make_out_of_raw_memory_are_refused(self, pickled: bytes) -> None:
        with pytest.raises(SerializationError):
            deserialize_pickle(pickled)

    def test_of_objects_are_refused(self) -> None:
        with pytest.raises(UnsafeDataError):
            deserialize_pickle(pickle.dumps(np.array([print], object)))

    def test_of_moments_that_count_in_steps_of_nothing_are_refused(self) -> None:
        pickled = pickle.dumps(np.zeros(1, "M8[25s]"))

        with pytest.raises(UnsafeDataError):
            deserialize_pickle(pickled.replace(b"K\x19K\x01K\x01", b"K\x00K\x01K\x01"))

    def test_may_not_be_made_by_the_class_even_if_it_is_allowed(self) -> None:
        made = call("numpy", "ndarray", b"\x8a\x06" + (10**12).to_bytes(6, "little")) + b"."

        with pytest.raises(UnsafeDataError):
            deserialize_pickle(made, allow=[np.ndarray])
