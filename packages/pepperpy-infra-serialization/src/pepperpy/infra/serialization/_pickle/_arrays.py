"""Arrays of numpy in a safe pickle.

What numpy itself offers for this trusts its arguments with raw memory: a made-up dtype makes objects
out of bytes.  So the state of each dtype and array is made anew from what was checked here.
"""

from __future__ import annotations

import re
from importlib import import_module
from math import prod
from typing import Any, Final

from pepperpy.infra.serialization._errors import UnsafeDataError
from pepperpy.infra.serialization._kinds import is_a

_PLAIN_DTYPE: Final = re.compile(r"[biufcSUVMm][0-9]{1,9}")
_UNIT: Final = re.compile(r"generic|[A-Za-zμ]{1,2}")
_ALIGNED: Final = 0x80


class Arrays:
    """The makers of the arrays of one pickle, by the *module* that it asks for: numpy."""

    def __init__(self, module: str) -> None:
        np: Any = import_module(module)
        self._numpy = np
        self.ndarray = np.ndarray
        self.kinds = (np.ndarray, np.dtype)
        # Those whose state was not set yet.  Later it never may be: others would use it by then.
        self._fresh: dict[int, Any] = {}

    def make_dtype(self, spec: Any, *_: Any) -> Any:
        if type(spec) is not str or not _PLAIN_DTYPE.fullmatch(spec):
            raise _refuse(f"a dtype {spec!r}" if type(spec) is str else "such a dtype")
        return self._begin(self._numpy.dtype(spec, copy=True))

    def start_array(self, cls: Any, shape: Any, code: Any) -> Any:
        if cls is not self.ndarray or shape != (0,) or code not in {b"b", "b"}:
            raise _refuse("such a start of an array")
        return self._begin(self._numpy.empty((0,), "b"))

    def make_scalar(self, dtype: Any, content: Any) -> Any:
        return self._filled(content, dtype, ()).reshape(())[()]

    def make_array(self, content: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> Any:
        if order not in {"C", "F"} or axes is not None:
            raise _refuse("an array of such an order")
        return self._filled(content, dtype, shape).reshape(shape, order=order)

    def build(self, target: Any, state: Any) -> None:
        """Set the state of a dtype or an array that was begun before."""
        if self._fresh.pop(id(target), None) is None or not is_a(state, tuple):
            raise _refuse("the state of an array twice")
        if is_a(target, self._numpy.dtype):
            target.__setstate__(self._dtype_state(target, state))
        else:
            target.__setstate__(self._array_state(state))

    def _begin(self, thing: Any) -> Any:
        self._fresh[id(thing)] = thing  # which keeps it, and so its id
        return thing

    def _usable(self, dtype: Any) -> Any:
        if not is_a(dtype, self._numpy.dtype) or dtype.hasobject:
            raise _refuse("an array of objects")
        self._fresh.pop(id(dtype), None)
        return dtype

    def _filled(self, content: Any, dtype: Any, shape: Any) -> Any:
        dtype = self._usable(dtype)
        self._fits(content, dtype, shape)
        if not dtype.itemsize:
            return self._numpy.empty(shape, dtype)
        # A copy, which is the reader's own and can be written to.
        return self._numpy.frombuffer(bytearray(content), dtype)

    @staticmethod
    def _fits(content: Any, dtype: Any, shape: Any) -> None:
        if not is_a(content, (bytes, bytearray)):
            raise _refuse("an array of what is no bytes")
        if not is_a(shape, tuple) or not all(type(n) is int and 0 <= n < 1 << 62 for n in shape):
            raise _refuse("an array of such a shape")
        if prod(shape) * dtype.itemsize != len(content):
            raise _refuse("an array with more or less bytes than its shape has")
        if not dtype.itemsize and prod(shape) > 1_000_000:
            raise _refuse("an endless array of nothing")

    def _array_state(self, state: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(state) != 5:
            raise _refuse("an array with such a state")
        _, shape, dtype, fortran, content = state
        dtype = self._usable(dtype)
        if type(content) is str:  # of Python 2
            content = content.encode("latin-1")
        self._fits(content, dtype, shape)
        return 1, shape, dtype, bool(fortran), bytes(content)

    def _dtype_state(self, target: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(state) not in {8, 9}:
            raise _refuse("a dtype with such a state")
        order, parts, names = state[1:4]
        if order not in {"<", ">", "|", "="}:
            raise _refuse("a dtype with such an order of bytes")
        if names is not None:
            made = self._record(state)
        elif parts is not None:
            base, shape = parts
            made = self._numpy.dtype((self._usable(base), shape))
        elif target.kind in "mM":
            made = self._numpy.dtype(target.kind + "8" + _unit(state)).newbyteorder(order)
        else:
            made = target.newbyteorder(order)
        if made.kind != target.kind or made.itemsize != self._size(target, state):
            raise _refuse("a dtype whose size differs from that of its parts")
        result: tuple[Any, ...] = made.__reduce__()[2]
        return result

    @staticmethod
    def _size(target: Any, state: tuple[Any, ...]) -> int:
        size: int = target.itemsize if state[5] == -1 else state[5]
        return size

    def _record(self, state: tuple[Any, ...]) -> Any:
        names, fields, size, _, flags = state[3:8]
        if any(len(fields[name]) != 2 for name in names):
            raise _refuse("a dtype with titles")
        return self._numpy.dtype(
            {
                "names": list(names),
                "formats": [self._usable(fields[name][0]) for name in names],
                "offsets": [fields[name][1] for name in names],
                "itemsize": size,
            },
            align=bool(flags & _ALIGNED),
        )


def _unit(state: tuple[Any, ...]) -> str:
    if len(state) != 9:
        return ""
    unit, count = state[8][1][:2]
    name = unit.decode() if type(unit) is bytes else unit
    if not _UNIT.fullmatch(name) or type(count) is not int or count < 1:
        raise _refuse("a dtype with such a unit")
    return "" if name == "generic" else f"[{count}{name}]"


def _refuse(what: str) -> UnsafeDataError:
    return UnsafeDataError(f"the pickle holds {what}")
