"""Names for new things, the time of day as text, and fingerprints of text."""

from __future__ import annotations

from os import urandom

from ._errors import InvalidArgumentError, UtilsError
from ._nearest import did_you_mean, nearest

_USUAL_LENGTH = 16
# What RFC 8702 asks for: twice the strength in the name, so that collisions are as hard as it says.
_SHAKE_BYTES = {"shake_128": 32, "shake_256": 64, "shake128": 32, "shake256": 64}


class HashAlgorithmError(UtilsError, ValueError):
    """`hash_string` was asked for an algorithm that this Python does not have.

    *algorithm* and *nearest* (the name that looks most like it, or None) are attributes.
    """

    code = "utils-hash-algorithm"


def generate_id(prefix: str = "", length: int = _USUAL_LENGTH) -> str:
    """*prefix* and *length* hex digits that nobody can guess or repeat.

    The digits come from the operating system, so `random.seed` does not matter and a forked process
    never repeats its parent.  The default of 16 (64 bits) is good for a few hundred million ids; take
    32 where one of two equal ids among many billions would hurt.

    Args:
        prefix: Put in front as it is; write the separator yourself, as in ``"user_"``.
        length: Digits after the prefix, at least one.

    Raises:
        InvalidArgumentError: *length* is no whole number, or less than one.

    Examples:
        >>> uid = generate_id("user_", 12)  # like user_8f7d1a2b3c4d
        >>> uid.startswith("user_"), len(uid)
        (True, 17)
    """
    # Asked afresh each time: a buffer would be repeated by a fork or a restored machine image.
    if length is _USUAL_LENGTH:
        return prefix + urandom(8).hex()
    if type(length) is not int or length < 1:
        problem = f"length must be a whole number, at least 1 hex digit; got {length!r}"
        raise InvalidArgumentError(problem, argument="length")
    return prefix + urandom((length + 1) >> 1).hex()[:length]


def generate_timestamp() -> str:
    """Now, as ISO 8601 in UTC: ``2026-03-01T09:30:00.000000+00:00``.

    Microseconds and offset are always there, so that sorting the texts sorts the moments, and
    `datetime.fromisoformat` gives an aware datetime back.
    """
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="microseconds")


def hash_string(s: str, algorithm: str = "sha256") -> str:
    """The hex digest of *s* in UTF-8: a fingerprint to compare, index or shard by.

    This is no way to keep passwords.  A fast hash without a salt is guessed by the billion a second;
    `pepperpy-infra-security` has functions made for passwords.

    Args:
        s: Any text.  A lone surrogate (from a file name that is no UTF-8) counts as its own character.
        algorithm: A name that `hashlib` knows, as in ``hashlib.algorithms_available``.  ``shake_128``
            and ``shake_256``, which have no length of their own, give 32 and 64 bytes.

    Raises:
        HashAlgorithmError: A `ValueError` that names the nearest one.
        InvalidArgumentError: *s* or *algorithm* is no text.

    Examples:
        >>> hash_string("pepper")[:16], hash_string("pepper", "md5")
        ('8cbbcf29d9cef896', 'b3f952d5d9adea6f63bee9d4c6fceeaa')
    """
    import hashlib

    if not isinstance(s, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise InvalidArgumentError(f"hash_string takes text; got {type(s).__name__}", argument="s")
    if not isinstance(algorithm, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        problem = f"algorithm must be a name like 'sha256'; got {type(algorithm).__name__}"
        raise InvalidArgumentError(problem, argument="algorithm")
    # A surrogate can't be UTF-8; its three bytes are no other text's bytes, so nothing collides.
    data = s.encode("utf-8", "surrogatepass")
    try:
        # Declared as no security use: else systems in FIPS mode refuse md5 even for a checksum.
        digest = hashlib.new(algorithm, data, usedforsecurity=False)
        size = _SHAKE_BYTES.get(digest.name.lower(), 64) if digest.digest_size == 0 else None
    except (TypeError, ValueError) as error:  # a name with a NUL in it is a TypeError
        raise _unknown_algorithm(algorithm) from error
    # Only the SHAKE objects take a length, which the type stubs do not tell.
    return digest.hexdigest() if size is None else digest.hexdigest(size)  # type: ignore[call-arg]


def _unknown_algorithm(algorithm: str) -> HashAlgorithmError:
    import hashlib

    known = hashlib.algorithms_available
    return HashAlgorithmError(
        f"no hash algorithm {algorithm!r} here; {did_you_mean(algorithm, known)}",
        algorithm=algorithm,
        nearest=nearest(algorithm, known),
    )
