"""Pickle: safe by default, or signed."""

from ._functions import deserialize_pickle, serialize_pickle
from ._serializer import PickleSerializer

__all__ = ["PickleSerializer", "deserialize_pickle", "serialize_pickle"]
