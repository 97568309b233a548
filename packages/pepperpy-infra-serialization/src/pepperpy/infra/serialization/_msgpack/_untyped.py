"""What we use of msgpack, which has no types."""

from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

_msgpack: Any = msgpack

Unpacker = _msgpack.Unpacker
unpackb = _msgpack.unpackb
OutOfData: type[Exception] = _msgpack.OutOfData
StackError: type[Exception] = _msgpack.StackError
