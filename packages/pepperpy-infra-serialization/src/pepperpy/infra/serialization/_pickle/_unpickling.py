"""Reading a pickle that holds plain data and what was allowed, and nothing else."""

from __future__ import annotations

import pickle
from enum import Enum
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from pepperpy.infra.serialization._errors import UnsafeDataError
from pepperpy.infra.serialization._kinds import is_a

from ._names import NDARRAY, NUMPY, UUID_NAME, refusal, resolve
from ._scan import modern, scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._arrays import Arrays
    from ._scan import Name, Names


def load(data: bytes, allowed: Mapping[Name, object]) -> Any:
    """The value in *data*, whose names are plain data or among *allowed*."""
    names = scan(data)
    _refuse_state_of_members(names, allowed)
    arrays = _arrays(names)
    known = dict(allowed)
    if arrays is not None:
        known |= {name: getattr(arrays, NUMPY[name]) for name in names.asked & NUMPY.keys()}
    known = resolve(names, known)
    if arrays is None and UUID_NAME not in names.called:
        return _Unpickler(BytesIO(data), known).load()
    return _guarded(data, known, arrays)


def _arrays(names: Names) -> Arrays | None:
    if not names.asked & NUMPY.keys():
        return None
    if NDARRAY in names.called or names.stored & NUMPY.keys() - {NDARRAY}:
        raise UnsafeDataError("the pickle uses numpy in a way that no pickled array does")
    from ._arrays import Arrays

    return Arrays(NDARRAY[0])


def _refuse_state_of_members(names: Names, allowed: Mapping[Name, object]) -> None:
    for name in names.built:
        kind = allowed.get(name)
        if isinstance(kind, type) and issubclass(kind, Enum):
            # They are the program's own, and it would see the change.
            raise UnsafeDataError(f"the pickle sets the state of a member of {kind.__qualname__}")


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, known: Mapping[Name, object]) -> None:
        super().__init__(file)
        self._known = known

    def find_class(self, module: str, name: str, /) -> Any:
        return _find(self._known, module, name)


def _find(known: Mapping[Name, object], module: str, name: str) -> Any:
    full = modern(module, name)
    if full not in known:
        raise refusal(full)
    return known[full]


def _guarded(data: bytes, known: Mapping[Name, object], arrays: Arrays | None) -> Any:
    # The one in C sets states by itself; that in Python can be asked to leave it to us.
    base: Any = vars(pickle)["_Unpickler"]
    made: list[UUID] = []

    def load_newobj(self: Any) -> None:
        base.load_newobj(self)
        if type(self.stack[-1]) is UUID:
            made.append(self.stack[-1])

    def load_build(self: Any) -> None:
        target = self.stack[-2]
        if type(target) is UUID:
            _check_uuid(self.stack[-1])
        elif arrays is not None and isinstance(target, arrays.kinds):
            arrays.build(target, self.stack.pop())
            return
        base.load_build(self)

    class Guarded(base):  # type: ignore[misc]
        dispatch: ClassVar[dict[int, Any]] = {
            **base.dispatch,
            pickle.NEWOBJ[0]: load_newobj,
            pickle.BUILD[0]: load_build,
        }

        def find_class(self, module: str, name: str) -> Any:
            return _find(known, module, name)

    value = Guarded(BytesIO(data)).load()
    if not all(hasattr(each, "int") for each in made):
        raise UnsafeDataError("the pickle holds a UUID without a number")
    return value


def _check_uuid(state: Any) -> None:
    if is_a(state, dict):
        number = state.get("int")
        if type(number) is int and 0 <= number < 1 << 128 and state.keys() <= {"int", "is_safe"}:
            return
    raise UnsafeDataError("the pickle holds a UUID that is none")
