"""Plain bytes under keys in one SQLite file.  It knows no event loop, and no JSON."""

from ._engine import Durability, Engine, Settings
from ._faults import Busy
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
    "Job",
    "Missed",
    "Modify",
    "Put",
    "PutIf",
    "Settings",
    "Write",
]
