"""Plain bytes under keys in one SQLite file.  It knows no event loop, and no JSON."""

from ._engine import Durability, Engine, Settings
from ._faults import Busy
from ._observer import Happened, Tell
from ._statements import (
    GET,
    KEYS,
    KEYS_FROM,
    SCAN,
    SCAN_FROM,
    Apply,
    Clear,
    Delete,
    DeleteMany,
    Expire,
    Missed,
    Modify,
    Put,
    PutIf,
    Write,
)
from ._writer import Job

__all__ = [
    "GET",
    "KEYS",
    "KEYS_FROM",
    "SCAN",
    "SCAN_FROM",
    "Apply",
    "Busy",
    "Clear",
    "Delete",
    "DeleteMany",
    "Durability",
    "Engine",
    "Expire",
    "Happened",
    "Job",
    "Missed",
    "Modify",
    "Put",
    "PutIf",
    "Settings",
    "Tell",
    "Write",
]
