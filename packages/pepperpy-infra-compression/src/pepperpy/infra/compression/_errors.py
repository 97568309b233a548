"""What can go wrong with compressed data, on one screen."""

from __future__ import annotations

from pepperpy.infra.serialization import SerializationError


class CompressionError(SerializationError):
    """The root of the errors of `pepperpy.infra.compression`: data is damaged, or no such data."""

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
    """A frame is not signed by any of the given keys, or is signed and no key was given."""

    code = "compression-signature"


class OutputLimitError(CompressionError):
    """What the data decompresses to is larger than the caller allows; *limit* is in bytes."""

    code = "compression-output-limit"

    limit: int
