"""XML, with types or by the convention of others."""

from ._functions import deserialize_xml, serialize_xml
from ._serializer import XMLConvention, XMLSerializer

__all__ = ["XMLConvention", "XMLSerializer", "deserialize_xml", "serialize_xml"]
