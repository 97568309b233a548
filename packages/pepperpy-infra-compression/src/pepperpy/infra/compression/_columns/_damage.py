"""What a decoder asks of the bytes that it is given."""

from __future__ import annotations

from pepperpy.infra.compression._errors import CompressionError


def expect(holds: object, rule: str) -> None:
    """Go on only if the *rule* holds."""
    if not holds:
        raise CompressionError(f"these columns are damaged: {rule}")


def exactly(data: object, length: int) -> None:
    """*data* must be this many bytes, so that no number in a header makes memory."""
    fits = isinstance(data, bytes) and len(data) == length
    expect(fits, "a column has more or fewer values than rows")
