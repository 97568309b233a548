"""`XMLSerializer`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, TypeAlias, TypeVar, overload

from pepperpy.infra.serialization._config import SerializerConfig
from pepperpy.infra.serialization._errors import SerializerConfigError
from pepperpy.infra.serialization._failures import as_bytes, named_errors
from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._kinds import is_a
from pepperpy.infra.serialization._serializer import Data, Serializer
from pepperpy.infra.serialization._typed import convert

XMLConvention: TypeAlias = Literal["typed", "plain"]
"""What elements and attributes stand for."""

T = TypeVar("T")


class XMLSerializer(Serializer):
    """XML by one of two conventions.

    ``"typed"`` is for documents of ours: attributes keep the types, so that every value comes back
    exactly.  ``"plain"`` is for documents of others: a dict with the root as its one member, in which
    attributes are ``@name``, the text beside them ``#text``, and repeated elements a list.

    Args:
        config: Its *indent*, *sort_keys*, *max_depth* and *default* count.
        convention: ``"typed"`` or ``"plain"``.
        force_list: Names of elements that are a list even where there is one; for ``"plain"``.

    Raises:
        SerializerConfigError: There is no such convention, or *force_list* is no collection of names.

    Examples:
        >>> XMLSerializer(convention="plain").deserialize('<a id="1"><b/><b>x</b></a>')
        {'a': {'@id': '1', 'b': [None, 'x']}}
    """

    format = SerializationFormat.XML

    def __init__(
        self,
        config: SerializerConfig | None = None,
        *,
        convention: XMLConvention = "typed",
        force_list: Collection[str] = (),
    ) -> None:
        super().__init__(config)
        if not is_a(convention, str) or convention not in ("typed", "plain"):
            raise SerializerConfigError(
                f'convention must be "typed" or "plain"; got {convention!r}', option="convention"
            )
        given: Any = force_list
        names: list[Any] = list(given) if is_a(given, Collection) else [given]
        if (
            is_a(force_list, (str, bytes))
            or not all(is_a(name, str) for name in names)
            or (names and convention != "plain")
        ):
            raise SerializerConfigError(
                'force_list takes a collection of names, with convention="plain"; '
                f"got {force_list!r}",
                option="force_list",
            )
        self._plain = convention == "plain"
        self._force_list = frozenset(names)

    def serialize(self, value: Any) -> bytes:
        """The value as a document of XML.

        Raises:
            SerializationError: If XML cannot hold it.
        """
        from ._convention import write_plain
        from ._typed import write

        with named_errors("XML cannot hold the value"):
            return (write_plain if self._plain else write)(value, self.config)

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value of the document.

        Raises:
            SerializationError: If it is no XML by this convention, or does not fit *type*.
            UnsafeDataError: If it has a DOCTYPE, or too many elements.
        """
        from ._convention import PlainReader
        from ._parsing import parse
        from ._typed import Reader

        held = data if isinstance(data, str) else bytes(as_bytes(data, "XML"))
        deepest = self.config.max_depth
        reader: PlainReader | Reader
        if self._plain:
            reader = PlainReader(self._force_list)
        else:
            # Within the deepest containers there are scalars, which are elements as well.
            reader, deepest = Reader(deepest), deepest + 1
        parse(held, reader, deepest)
        return convert(reader.value, type)
