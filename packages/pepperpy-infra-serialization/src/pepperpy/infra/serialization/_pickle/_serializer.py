"""`PickleSerializer`: pickles that are safe to read, signed, or neither where that was asked for."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pepperpy.infra.serialization._config import SerializerConfig
from pepperpy.infra.serialization._errors import (
    SerializerConfigError,
    UnsafeDataError,
)
from pepperpy.infra.serialization._failures import as_bytes, named_errors
from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._serializer import Data, Serializer
from pepperpy.infra.serialization._typed import convert

from ._names import by_name
from ._signing import MAGIC, sign, verified

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROTOCOL = 5

T = TypeVar("T")


class PickleSerializer(Serializer):
    r"""Pickles: any object can be written; what is read is limited.

    By default that is plain data: numbers, text, bytes, containers, dates, times, `Decimal`, `UUID`,
    paths, arrays of numpy.  Whatever else the bytes ask for is refused before anything is made.
    With a *key*, pickles are signed, and those that carry the signature may hold anything.

    Args:
        config: Its *allow*, *key* and *unsafe* count, if they are not given here.
        allow: Further classes that may be made, by exactly these names.  Each one is as dangerous
            as its ``__init__``, ``__setstate__`` and ``__reduce__`` are with any arguments.
        key: What to sign with, and to demand as a signature; of a list, the first one signs and all
            are accepted, so that a key can be replaced.
        unsafe: Make anything the bytes ask for.  Whoever wrote them then runs your process.

    Raises:
        SerializerConfigError: *key* and *unsafe* together, or values that make no sense.

    Examples:
        >>> pickles = PickleSerializer()
        >>> pickles.deserialize(pickles.serialize({(1, 2): {3, 4}}))
        {(1, 2): {3, 4}}
        >>> pickles.deserialize(b"cos\nsystem\n(S'id'\ntR.")
        Traceback (most recent call last):
            ...
        pepperpy.infra.serialization.UnsafeDataError: the pickle asks for os.system, ...
    """

    format = SerializationFormat.PICKLE

    def __init__(
        self,
        config: SerializerConfig | None = None,
        *,
        allow: Sequence[type[Any]] | None = None,
        key: bytes | str | Sequence[bytes | str] | None = None,
        unsafe: bool | None = None,
    ) -> None:
        super().__init__(config)
        self.config: SerializerConfig = self.config.changed(allow=allow, key=key, unsafe=unsafe)
        if self.config.keys and self.config.unsafe:
            raise SerializerConfigError(
                "key= demands a signature and unsafe= none; give one of them", option="unsafe"
            )
        self._allowed = by_name(self.config.allow)

    def serialize(self, value: Any) -> bytes:
        """The value as a pickle of protocol 5, signed if there is a key.

        Raises:
            SerializationError: If it cannot be pickled.
        """
        with named_errors("the value cannot be pickled"):
            pickled = pickle.dumps(value, _PROTOCOL)
        keys = self.config.keys
        return sign(pickled, keys[0]) if keys else pickled

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value of a pickle.

        Raises:
            UnsafeDataError: If it asks for what was not allowed, or is not signed as it must be.
            SerializationError: If the data is no pickle, or its value none of this type.
        """
        held = bytes(as_bytes(data, "a pickle"))
        with named_errors("the pickle cannot be read"):
            value = self._load(held)
        return convert(value, type)

    def _load(self, data: bytes) -> Any:
        if self.config.keys:
            return pickle.loads(verified(data, self.config.keys))  # noqa: S301 - by whom, is known
        if data.startswith(MAGIC):
            raise UnsafeDataError("the pickle is signed; give the key= that it was signed with")
        if self.config.unsafe:
            return pickle.loads(data)  # noqa: S301 - it was asked for
        from ._unpickling import load

        return load(data, self._allowed)
