"""Adding rows to a dataset in a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import Any

from pepperpy.infra.compression._errors import CompressionOptionError
from pepperpy.infra.utils import replace_file

from . import _layout
from ._dataset import file_source, read_index
from ._layout import Settings
from ._writer import write_chunks


def append_rows(path: str | os.PathLike[str], rows: Iterable[Any], settings: Settings) -> None:
    """Write more chunks behind the index of the file, and a new index of all behind them."""
    target = Path(os.fsdecode(path))
    if not target.exists():
        index = _layout.pack_index(_layout.HEADER_SIZE, [])
        replace_file(target, _layout.pack_header(settings) + index)
    source = file_source(target)
    try:
        found, entries = read_index(source)
    finally:
        source.close()
    end = source.size
    if found != settings:
        raise CompressionOptionError(
            f"the dataset was made with {found}, and this is {settings}", option="settings"
        )
    # Without a buffer, which would be written once more when the file is closed.
    with target.open("r+b", buffering=0) as file:
        file.seek(end)
        try:
            for part in write_chunks(rows, settings, entries, end):
                _write(file, part)
            os.fsync(file.fileno())
        except BaseException:
            # Rows that could not be had, or a full disk: the file is as it was.
            file.truncate(end)
            raise


def _write(file: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
