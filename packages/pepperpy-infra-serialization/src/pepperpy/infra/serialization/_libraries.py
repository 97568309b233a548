"""Libraries that we know and do not require: whoever has values of theirs has imported them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from ._errors import SerializationError


def present(name: str) -> Any:
    """The library, if the program uses it, else `None`."""
    return sys.modules.get(name)


def required(name: str) -> Any:
    """The library, for data that only it can hold.

    Raises:
        SerializationError: If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SerializationError(f"the data needs {name}, which is not installed") from error
