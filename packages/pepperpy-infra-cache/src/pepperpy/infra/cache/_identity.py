"""Which function it is, in every process.

A name is not enough: two scripts have a ``__main__.load`` each, a factory makes many functions of
one name, and yesterday's ``load`` may have returned something else.  So the code counts as well,
and what it captures.
"""

from __future__ import annotations

from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any, Final

from ._freeze import CannotFreezeError
from ._written import written

_DEEPEST: Final = 50


def identity_of(func: Any, name: str) -> str | None:
    """A text for *func*, or `None` if nothing tells it from others in another process."""
    digest = blake2b(digest_size=12)
    try:
        for part in _parts(func, set(), 0):
            digest.update(f"{len(part)}:".encode() + part)
    except CannotFreezeError:
        return None
    return f"{name}#{digest.hexdigest()}"


def _parts(func: Any, seen: set[int], depth: int) -> list[bytes]:
    """What makes a function what it is, with those that it wraps and captures."""
    if id(func) in seen:
        return [b"<again>"]
    seen.add(id(func))
    if not isinstance(func, FunctionType) or depth > _DEEPEST:
        raise CannotFreezeError(type(func).__name__, "it has no code to be known by")
    parts = _code(func.__code__)
    for cell in func.__closure__ or ():
        try:
            captured = cell.cell_contents
        except ValueError:  # nothing is in it yet
            parts.append(b"<empty>")
            continue
        parts += _captured(captured, seen, depth)
    wrapped = getattr(func, "__wrapped__", None)
    return parts if wrapped is None else parts + _parts(wrapped, seen, depth + 1)


def _captured(value: Any, seen: set[int], depth: int) -> list[bytes]:
    if isinstance(value, FunctionType):
        return _parts(value, seen, depth + 1)
    return [written((value,)).encode()]


def _code(code: CodeType) -> list[bytes]:
    parts = [code.co_code, repr((code.co_names, code.co_varnames, code.co_freevars)).encode()]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            parts += _code(constant)
        else:
            parts.append(written((constant,)).encode())
    return parts
