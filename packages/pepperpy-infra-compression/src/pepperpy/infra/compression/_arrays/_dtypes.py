"""Types of arrays as plain data, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.compression._errors import CompressionError

if TYPE_CHECKING:
    import numpy as np

Described = Any
"""``"<f8"``, ``[type, shape]`` for arrays in arrays, or a dict with the fields of a structure."""

_DEEPEST = 16
# What `dtype.str` gives, and nothing else that NumPy reads: "<M8[s/0]" would end the process.
_PLAIN: Final = re.compile(r"[<>|][biufcmMSUV][0-9]{1,9}(\[([1-9][0-9]*)?[A-Za-z]{1,2}\])?")


def describe(dtype: np.dtype[Any]) -> Described:
    """The type as data from which `build` makes an equal one.

    Raises:
        CompressionError: There is no such data: it holds objects, or another library made it.
    """
    import numpy as np

    if dtype.hasobject:
        raise CompressionError(
            f"an array of {dtype} holds Python objects, which only pickle could keep; "
            "convert it with astype(), or use compress_data()",
        )
    described = _describe(dtype)
    try:
        same = build(described) == dtype
    except (TypeError, ValueError):
        same = False
    if not same or type(np.dtype(dtype.str)) is not type(dtype):
        raise CompressionError(
            f"arrays of {dtype} are not NumPy's own, and would come back as others",
        )
    return described


def build(described: Described, depth: int = 0) -> np.dtype[Any]:
    """The type that `describe` was given."""
    import numpy as np

    if depth > _DEEPEST:
        raise ValueError("the type is nested too deep")
    kind: object = described.__class__
    if kind is str:
        if not _PLAIN.fullmatch(described):
            raise ValueError(f"{described!r} is no type of items")
        return np.dtype(described)
    if kind is not dict:
        base, shape = described
        return np.dtype((build(base, depth + 1), tuple(shape)))
    formats = [build(each, depth + 1) for each in described["formats"]]
    fields: Any = {**described, "formats": formats}
    made: np.dtype[Any] = np.dtype(fields)
    return made


def _describe(dtype: np.dtype[Any]) -> Described:
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [_describe(base), list(shape)]
    if dtype.fields is None or dtype.names is None:
        return dtype.str
    # The offsets tell where padding is and which fields share bytes.
    members: Any = dtype.fields
    fields = [members[name] for name in dtype.names]
    described = {
        "names": list(dtype.names),
        "formats": [_describe(field[0]) for field in fields],
        "offsets": [field[1] for field in fields],
        "itemsize": dtype.itemsize,
        "aligned": dtype.isalignedstruct,
    }
    if any(len(field) > 2 for field in fields):
        described["titles"] = [field[2] if len(field) > 2 else None for field in fields]
    return described
