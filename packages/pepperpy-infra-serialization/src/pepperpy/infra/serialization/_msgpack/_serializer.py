"""The serializer for MessagePack."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pepperpy.infra.serialization._errors import SerializationError, out_of_stack, too_deep
from pepperpy.infra.serialization._failures import as_bytes, let_through, unreadable
from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._kinds import class_of
from pepperpy.infra.serialization._serializer import Serializer
from pepperpy.infra.serialization._stack import (
    depth_within,
    edge_within,
    must_look_first,
    with_room,
)
from pepperpy.infra.serialization._typed import convert, decoder, means_model, unfit

from ._tags import ext_hook, msgpack_tags
from ._tree import MessagePackTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

_DEFAULT_DEPTH = 500

T = TypeVar("T")


class MessagePackSerializer(Serializer):
    """Writes and reads MessagePack, with moments as timestamps.

    Examples:
        >>> MessagePackSerializer().deserialize(MessagePackSerializer().serialize({1: b"raw"}))
        {1: b'raw'}
    """

    format = SerializationFormat.MSGPACK

    def __init__(self, config: SerializerConfig | None = None) -> None:
        super().__init__(config)
        own = self.config
        self._tags = msgpack_tags(own.allow) if own.tagged else None
        self._exact = own.strict or own.max_depth != _DEFAULT_DEPTH
        # Where one of these is wanted, each value has to be looked at.
        self._quick = not own.tagged and not self._exact and not own.sort_keys

    def serialize(self, value: Any) -> bytes:
        """The value as MessagePack.

        Raises:
            SerializationError: If MessagePack cannot hold it.
        """
        if self._quick and not must_look_first():
            try:
                written = _encoder()(value)
            except Exception as error:  # noqa: BLE001 - slowly is where it is dealt with
                let_through(error)
            else:
                if len(written) <= _DEFAULT_DEPTH or edge_within(value, _DEFAULT_DEPTH):
                    return written
        try:
            return with_room(self._slowly, value)
        except RecursionError as error:
            raise out_of_stack("value", self.config.max_depth) from error

    def _slowly(self, value: Any) -> bytes:
        from msgspec import msgpack

        made = MessagePackTree(self.config, self._tags).of(value)
        try:
            return msgpack.encode(made)
        except (TypeError, ValueError, OverflowError) as error:
            raise SerializationError(f"MessagePack cannot hold this value: {error}") from error

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value that the bytes hold.

        Raises:
            SerializationError: If they are no MessagePack, or hold nothing of this type.
        """
        held = as_bytes(data, "MessagePack")
        if must_look_first(len(held)):
            _refuse_deep(held, self.config.max_depth)
        if type is Any or self._tags is not None or self._exact or means_model(type):
            return convert(self._plain(held), type)
        try:
            return with_room(decoder(type, "msgpack"), held)
        except Exception as error:
            let_through(error)
            self._plain(held)  # says what is wrong, if it is no MessagePack at all
            raise unfit(type, error) from error

    def _plain(self, data: Any) -> Any:
        limit = self.config.max_depth
        try:
            value = with_room(_decoder() if self._tags is None else self._tagged_decoder(), data)
        except RecursionError as error:
            raise out_of_stack("document", limit) from error
        except SerializationError:
            raise
        except Exception as error:
            raise unreadable("MessagePack", error) from error
        # Each level has a byte of its own.
        if len(data) > limit and not (depth_within if self._exact else edge_within)(value, limit):
            raise too_deep("document", limit)
        if self.config.strict:
            _refuse_twins(data)
        return value

    def _tagged_decoder(self) -> Callable[[Any], Any]:
        from msgspec import msgpack

        assert self._tags is not None  # noqa: S101 - for the type checkers
        return msgpack.Decoder(ext_hook=ext_hook(self._tags)).decode


@cache
def _encoder() -> Callable[[Any], bytes]:
    from msgspec import msgpack

    return msgpack.Encoder(enc_hook=_refuse).encode


def _refuse(value: Any) -> Any:
    raise TypeError(class_of(value).__name__)


@cache
def _decoder() -> Callable[[Any], Any]:
    from msgspec import msgpack

    return msgpack.Decoder().decode


def _refuse_deep(data: Any, limit: int) -> None:
    """Refuse what is nested too deeply for a reader that does not recurse."""
    from ._untyped import OutOfData, StackError, Unpacker

    skipper = Unpacker(strict_map_key=False, max_buffer_size=0)
    skipper.feed(data)
    try:
        skipper.skip()
    except StackError as error:
        raise too_deep("document", limit) from error
    except (OutOfData, ValueError):
        pass  # the decoder says what is wrong


def _refuse_twins(data: Any) -> None:
    """Refuse maps with two members of one key."""
    from ._untyped import unpackb

    def members(pairs: list[tuple[Any, Any]]) -> None:
        keys = [(class_of(key), key) for key, _ in pairs]
        if len(set(keys)) < len(keys):
            twin = next(key for kind, key in keys if keys.count((kind, key)) > 1)
            raise SerializationError(f"two members of one map have the key {twin!r}")

    unpackb(
        data,
        object_pairs_hook=members,
        strict_map_key=False,
        use_list=False,
        timestamp=0,
        ext_hook=_as_pair,
    )


def _as_pair(code: int, held: bytes) -> tuple[int, bytes]:
    return code, held
