"""YAML, read and written without surprises."""

from ._functions import deserialize_yaml, iter_yaml, serialize_yaml
from ._serializer import YAMLSerializer

__all__ = ["YAMLSerializer", "deserialize_yaml", "iter_yaml", "serialize_yaml"]
