"""The arguments of a pickle's opcodes, and the frames that some of them stand in."""

from __future__ import annotations

from typing import Final

from pepperpy.infra.serialization._errors import SerializationError

_NO_FRAME: Final = 1 << 63

# How many bytes follow, for what pushes a scalar: None, True, False, ints, a float.
FIXED: Final = {0x4E: 0, 0x88: 0, 0x89: 0, 0x4A: 4, 0x4B: 1, 0x4D: 2, 0x47: 8}
# How many bytes tell the length of what follows: of ints, bytes, and text of Python 2 ...
COUNTED: Final = {0x8A: 1, 0x8B: 4, 0x43: 1, 0x42: 4, 0x8E: 8, 0x96: 8, 0x55: 1, 0x54: 4}
# ... and of text.
TEXT: Final = {0x8C: 1, 0x58: 4, 0x8D: 8}
LINES: Final = frozenset(b"ILFSV")


class Reader:
    """A pickle, and how far it is read.

    The methods raise a `SerializationError` where there is less than is announced, and an
    `IndexError` or a `ValueError` where there is nothing at all.
    """

    def __init__(self, data: bytes) -> None:
        self.data: bytes = data
        self.size: int = len(data)
        self.at: int = 0
        self.frame_end: int = _NO_FRAME

    def skip(self, count: int) -> None:
        """Go on by so many bytes."""
        if count < 0 or self.at + count > self.size:
            raise SerializationError(
                f"byte {self.at} of the pickle announces {count} bytes; {self.size - self.at} are left"
            )
        self.at += count

    def number(self, width: int) -> int:
        """A number of so many bytes."""
        start = self.at
        self.skip(width)
        return int.from_bytes(self.data[start : self.at], "little")

    def counted(self, width: int) -> None:
        """Skip what begins with its own length, in so many bytes."""
        start = self.at + width
        count = int.from_bytes(self.data[self.at : start], "little")
        self.at = start
        self.skip(count)

    def line(self) -> bytes:
        """The rest of the line."""
        start = self.at
        end = self.data.index(b"\n", start)
        self.at = end + 1
        return self.data[start:end]

    def line_number(self) -> int:
        """A memo index that is written as a line."""
        line = self.line()
        if not line.isdigit() or len(line) > 19:
            raise SerializationError("the pickle has a memo index that is no number")
        return int(line)

    def text_at(self, place: int) -> str:
        """The text whose opcode stands there."""
        width = TEXT[self.data[place]]
        start = place + 1 + width
        length = int.from_bytes(self.data[place + 1 : start], "little")
        return self.data[start : start + length].decode()

    def frame(self) -> None:
        """Begin a frame."""
        length = self.number(8)
        start = self.at
        self.skip(length)
        if self.frame_end != _NO_FRAME:
            raise SerializationError("a frame of the pickle begins within another")
        self.frame_end, self.at = self.at, start

    def end_frame(self) -> None:
        """End the frame that was to end before here."""
        if self.at != self.frame_end:
            # Readers of files take such a frame by halves, each in a way of its own.
            raise SerializationError("a frame of the pickle ends within an opcode")
        self.frame_end = _NO_FRAME

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.at != self.size:
            raise SerializationError(f"{self.size - self.at} bytes follow the end of the pickle")
        if self.frame_end not in {_NO_FRAME, self.at}:
            raise SerializationError("a frame of the pickle does not end where it says")
