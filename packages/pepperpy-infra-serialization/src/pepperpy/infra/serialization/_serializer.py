"""What every serializer is: a format, a config, and two ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeAlias, TypeVar, overload

from ._config import SerializerConfig, as_config
from ._format import SerializationFormat

T = TypeVar("T")

Data: TypeAlias = bytes | bytearray | memoryview
"""What is read: anything that holds bytes."""


class Serializer(ABC):
    r"""Turns values into bytes of one format and back.  Derive from it to add a format of your own.

    Args:
        config: How it behaves; the defaults of `SerializerConfig` if `None`.

    Examples:
        >>> class Lines(Serializer):
        ...     format = SerializationFormat.RAW
        ...
        ...     def serialize(self, value):
        ...         return "\n".join(value).encode()
        ...
        ...     def deserialize(self, data, type=list):
        ...         return type(data.decode().split("\n"))
        >>> Lines().deserialize(Lines().serialize(["a", "b"]))
        ['a', 'b']
    """

    format: ClassVar[SerializationFormat]
    """Which format it is."""

    config: SerializerConfig
    """How it behaves."""

    def __init__(self, config: SerializerConfig | None = None) -> None:
        self.config = as_config(config)

    @abstractmethod
    def serialize(self, value: Any) -> bytes:
        """The value as bytes.

        Raises:
            SerializationError: If the format cannot hold it.
        """

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    @abstractmethod
    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value that the bytes hold.

        Args:
            data: All of one document.  Text is taken where the format is text.
            type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...

        Raises:
            SerializationError: If they hold none, or none of this type.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r})"
