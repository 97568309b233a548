"""What can go wrong with compressed data, on one screen."""

from __future__ import annotations

from pepperpy.infra.serialization import SerializationError, UnsafeDataError


class CompressionError(SerializationError):
    """The root of the errors of `pepperpy.infra.compression`.

    It is raised as such where data is damaged, is no compressed data, or cannot be written; what
    the library said is the cause.
    """

    code = "compression"


class CompressionOptionError(CompressionError, TypeError):
    """An argument has a type or value that cannot be; *option* is its name."""

    code = "compression-option"

    option: str


class FrameMismatchError(CompressionError):
    """A frame is not what the caller said it is.

    *option* names the parameter; *expected* is what the caller gave, *found* what the frame says.
    """

    code = "compression-mismatch"

    option: str
    expected: object
    found: object


class SignatureError(CompressionError):
    """A frame is not signed with any of the given keys, or it is signed and no key was given."""

    code = "compression-signature"


class UnsafeFrameError(CompressionError, UnsafeDataError):
    """A frame holds a pickle and nobody said that it may, or a pickle of what it must not hold."""

    code = "compression-unsafe"


class DictionaryError(CompressionError):
    """A frame needs a dictionary that was not given; *id* is the one that it names."""

    code = "compression-dictionary"

    id: int


class OutputLimitError(CompressionError):
    """What the data decompresses to is larger than the caller allows; *limit* is in bytes."""

    code = "compression-output-limit"

    limit: int


class TruncatedDatasetError(CompressionError):
    """The end of a dataset is missing; *rows* in so many whole *chunks* can be saved."""

    code = "compression-truncated-dataset"

    rows: int
    chunks: int
