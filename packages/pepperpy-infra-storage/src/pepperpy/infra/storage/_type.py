"""What kind of place a provider keeps its values in."""

from __future__ import annotations

from enum import Enum


class StorageType(Enum):
    """What kind of place a provider keeps its values in."""

    MEMORY = "memory"
    FILE = "file"
    DATABASE = "database"
    CLOUD = "cloud"
