"""Reading the opcodes of a pickle without running them.

A stack is kept as the real one would be, of what each entry weighs and which name it is.  So what
is refused here is refused before a single object is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias

from pepperpy.infra.serialization._errors import SerializationError, UnsafeDataError

from ._reading import COUNTED, FIXED, LINES, TEXT, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

HASH_DEPTH: Final = 1000
"""How deep a key or a member of a set may be: tuples are hashed by recursion in C."""

_HASH_WORK: Final = 1_000_000
_HASH_WORK_PER_BYTE: Final = 20

_MOST: Final = 1 << 60

_GETATTR: Final = ("builtins", "getattr")
ZONE_MAKER: Final = ("zoneinfo", "ZoneInfo._unpickle")
_MERGERS: Final = frozenset(
    {("builtins", "set"), ("builtins", "frozenset"), ("collections", "Counter")}
)

Name: TypeAlias = tuple[str, str]


class Thing:
    """A value on the stack that is neither text nor a plain scalar."""

    __slots__ = ("called", "depth", "name", "weight")

    def __init__(self, name: Name | None = None, called: Name | None = None) -> None:
        self.name = name  # it is what this name stands for
        self.called = called  # it is what calling that name gave
        self.weight = 1
        self.depth = 1


Entry: TypeAlias = "Thing | int | None"
"""A thing; the place in the data where a text stands; `None` for any other scalar."""


class Names(NamedTuple):
    """The names that a pickle asks for, by what it does with them."""

    asked: frozenset[Name]
    called: frozenset[Name]
    stored: frozenset[Name]
    built: frozenset[Name]  # called, and then the state of the result is set


_REFUSED: Final = {
    0x82: "an extension code",
    0x83: "an extension code",
    0x84: "an extension code",
    0x50: "a persistent id",
    0x51: "a persistent id",
    0x69: "an old-style instance",
    0x6F: "an old-style instance",
    0x97: "an out-of-band buffer",
    0x98: "an out-of-band buffer",
}


def scan(data: bytes) -> Names:
    """The names that the pickle in *data* asks for.

    Raises:
        SerializationError: It is no complete pickle, or something follows it.
        UnsafeDataError: It does what no plain data needs.
    """
    try:
        return _Scan(data).run()
    except (IndexError, KeyError, ValueError) as error:
        if isinstance(error, SerializationError):
            raise
        raise SerializationError("the data is no complete pickle") from error


class _Scan(Reader):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.stack: list[Entry] = []
        self.marks: list[list[Entry]] = []
        self.memo: dict[int, Entry] = {}
        self.asked: set[Name] = set()
        self.called: set[Name] = set()
        self.stored: set[Name] = set()
        self.built: set[Name] = set()
        self.work = max(_HASH_WORK, _HASH_WORK_PER_BYTE * self.size)

    def run(self) -> Names:
        data = self.data
        while True:
            if self.at >= self.frame_end:
                self.end_frame()
            op = data[self.at]
            self.at += 1
            if op in FIXED:
                self.skip(FIXED[op])
                self.stack.append(None)
            elif op in TEXT:
                self.stack.append(self.at - 1)
                self.counted(TEXT[op])
            elif op in _HANDLERS:
                _HANDLERS[op](self)
            elif op in COUNTED:
                self.counted(COUNTED[op])
                self.stack.append(None)
            elif op in LINES:
                self.line()
                self.stack.append(None)
            elif op == _STOP:
                return self._stop()
            else:
                self._refuse(op)

    def _refuse(self, op: int) -> NoReturn:
        what = _REFUSED.get(op)
        if what is None:
            raise SerializationError(f"byte {self.at - 1} of the pickle is no opcode: {op:#04x}")
        raise UnsafeDataError(f"the pickle holds {what}, which plain data has no use for")

    def _stop(self) -> Names:
        self.end()
        if len(self.stack) != 1 or self.marks:
            raise SerializationError("the pickle ends with more or less than one value")
        self._take(Thing(), self.stack)
        return Names(
            frozenset(self.asked),
            frozenset(self.called),
            frozenset(self.stored),
            frozenset(self.built),
        )

    # The stack

    def _take(self, target: Thing, items: list[Entry]) -> None:
        weight, depth = target.weight + len(items), target.depth
        for item in items:
            if isinstance(item, Thing):
                weight += item.weight
                if item.depth >= depth:
                    depth = item.depth + 1
                if item.name is not None:
                    self.stored.add(item.name)
        target.weight = min(weight, _MOST)  # a list in itself would double it each time
        target.depth = depth

    def _to_mark(self) -> list[Entry]:
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def _hashed(self, entry: Entry) -> None:
        if not isinstance(entry, Thing):
            return
        self.work -= entry.weight
        if self.work < 0:
            raise UnsafeDataError("hashing what the pickle holds would take too long")
        if entry.depth > HASH_DEPTH:
            raise UnsafeDataError(f"the pickle has a key nested deeper than {HASH_DEPTH} levels")

    def _grow(self, items: list[Entry]) -> None:
        target = self.stack[-1]
        if not isinstance(target, Thing) or target.name is not None:
            raise UnsafeDataError("the pickle adds items to what is no container")
        self._take(target, items)

    def _push_tuple(self, count: int) -> None:
        thing = Thing()
        if count > len(self.stack):
            raise IndexError
        start = len(self.stack) - count
        self._take(thing, self.stack[start:])
        self.stack[start:] = [thing]

    def _remember(self, index: int) -> None:
        if index > self.size:
            # The real memo is an array, which would grow to hold it.
            raise UnsafeDataError(f"the pickle has a memo index beyond its size: {index}")
        self.memo[index] = self.stack[-1]

    # Opcodes

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._to_mark()

    def pop_mark(self) -> None:
        self._to_mark()

    def dup(self) -> None:
        self.stack.append(self.stack[-1])

    def empty(self) -> None:
        self.stack.append(Thing())

    def gather(self) -> None:
        thing = Thing()
        self._take(thing, self._to_mark())
        self.stack.append(thing)

    def gather_frozenset(self) -> None:
        items = self._to_mark()
        for item in items:
            self._hashed(item)
        thing = Thing()
        self._take(thing, items)
        self.stack.append(thing)

    def gather_dict(self) -> None:
        items = self._to_mark()
        self.stack.append(Thing())
        self._set_items(items)

    def tuple1(self) -> None:
        self._push_tuple(1)

    def tuple2(self) -> None:
        self._push_tuple(2)

    def tuple3(self) -> None:
        self._push_tuple(3)

    def append(self) -> None:
        self._grow([self.stack.pop()])

    def appends(self) -> None:
        self._grow(self._to_mark())

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key, value])

    def set_items(self) -> None:
        self._set_items(self._to_mark())

    def _set_items(self, items: list[Entry]) -> None:
        for key in items[::2]:
            self._hashed(key)
        self._grow(items)

    def add_items(self) -> None:
        items = self._to_mark()
        for item in items:
            self._hashed(item)
        self._grow(items)

    def put(self) -> None:
        self._remember(self.line_number())

    def binput(self) -> None:
        self._remember(self.number(1))

    def long_binput(self) -> None:
        self._remember(self.number(4))

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self) -> None:
        self.stack.append(self.memo[self.line_number()])

    def binget(self) -> None:
        self.stack.append(self.memo[self.number(1)])

    def long_binget(self) -> None:
        self.stack.append(self.memo[self.number(4)])

    def protocol(self) -> None:
        number = self.number(1)
        if number > 5:
            raise SerializationError(f"pickles have protocols from 0 to 5; this one has {number}")

    def global_name(self) -> None:
        module, name = self.line().decode(), self.line().decode()
        self._push_name(module, name)

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._push_name(self._literal(module), self._literal(name))

    def _literal(self, entry: Entry) -> str:
        if not isinstance(entry, int):
            raise UnsafeDataError("the pickle computes the name of what it asks for")
        return self.text_at(entry)

    def _push_name(self, module: str, name: str) -> None:
        full = modern(module, name)
        self.asked.add(full)
        self.stack.append(Thing(name=full))

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        name = self._callable(function)
        if name in _MERGERS:
            self._hashed(arguments)
        made = Thing(called=name)
        self._take(made, [arguments])
        if name == _GETATTR:
            made.name = ZONE_MAKER  # the only attribute that the reading end gives out
        self.stack.append(made)

    def new_object(self) -> None:
        arguments, cls = self.stack.pop(), self.stack.pop()
        made = Thing(called=self._callable(cls))
        self._take(made, [arguments])
        self.stack.append(made)

    def new_object_with_keywords(self) -> None:
        keywords = self.stack.pop()
        self.new_object()
        self._grow([keywords])

    def _callable(self, entry: Entry) -> Name:
        if not isinstance(entry, Thing) or entry.name is None:
            raise UnsafeDataError("the pickle calls what it has made itself")
        self.called.add(entry.name)
        return entry.name

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Thing) or target.called is None or target.name is not None:
            # Setting the state of a class or a function would change it for the whole program.
            raise UnsafeDataError("the pickle sets the state of what it has not made")
        self.built.add(target.called)
        self._take(target, [state])


_STOP: Final = 0x2E
_OLD_MODULES: Final = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def modern(module: str, name: str) -> Name:
    """The name by which Python 3 knows what Python 2, and protocols 0 to 2, call differently."""
    name = "range" if (module, name) == ("__builtin__", "xrange") else name
    return _OLD_MODULES.get(module, module), name


_HANDLERS: Final[dict[int, Callable[[_Scan], None]]] = {
    ord("("): _Scan.mark,
    ord("0"): _Scan.pop,
    ord("1"): _Scan.pop_mark,
    ord("2"): _Scan.dup,
    ord("]"): _Scan.empty,
    ord("}"): _Scan.empty,
    ord(")"): _Scan.empty,
    0x8F: _Scan.empty,
    ord("l"): _Scan.gather,
    ord("t"): _Scan.gather,
    0x91: _Scan.gather_frozenset,
    ord("d"): _Scan.gather_dict,
    0x85: _Scan.tuple1,
    0x86: _Scan.tuple2,
    0x87: _Scan.tuple3,
    ord("a"): _Scan.append,
    ord("e"): _Scan.appends,
    ord("s"): _Scan.set_item,
    ord("u"): _Scan.set_items,
    0x90: _Scan.add_items,
    ord("p"): _Scan.put,
    ord("q"): _Scan.binput,
    ord("r"): _Scan.long_binput,
    0x94: _Scan.memoize,
    ord("g"): _Scan.get,
    ord("h"): _Scan.binget,
    ord("j"): _Scan.long_binget,
    0x80: _Scan.protocol,
    0x95: _Scan.frame,
    ord("c"): _Scan.global_name,
    0x93: _Scan.stack_global,
    ord("R"): _Scan.reduce,
    0x81: _Scan.new_object,
    0x92: _Scan.new_object_with_keywords,
    ord("b"): _Scan.build,
}
