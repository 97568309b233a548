"""A copy of a store while it is in use."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ._place import make_folder, sync

if TYPE_CHECKING:
    from ._driver import Connection


def write_copy(connection: Connection, target: str) -> None:
    """Write what is stored now to a new file, without gaps, on disk before this returns.

    Raises:
        FileExistsError: If there is one already; it is left as it is.
        OSError: If it cannot be made.
    """
    folder, name = os.path.split(target)
    make_folder(folder)
    hidden = os.path.join(folder, f".{name[:48]}.{os.urandom(8).hex()}.tmp")
    try:
        os.close(os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection.execute("VACUUM INTO ?", (hidden,)).fetchall()
        sync(hidden)
        os.link(hidden, target)  # unlike a rename it replaces nothing
    finally:
        with suppress(FileNotFoundError):
            os.unlink(hidden)
    sync(folder)
