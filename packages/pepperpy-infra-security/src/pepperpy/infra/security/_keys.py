"""The text of an API key: ``<prefix>_<id>_<secret><checksum>``; and the hash that is kept of it."""

from __future__ import annotations

import hmac
import re
import zlib
from collections.abc import Mapping
from hashlib import sha256 as _sha256
from hmac import compare_digest as _same
from typing import Any, Final, NamedTuple, cast

from pepperpy.infra.utils import generate_id

from ._errors import InvalidSettingError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH: Final = 16
SECRET_LENGTH: Final = 43
"""So many base62 characters hold 256 bits."""
CHECKSUM_LENGTH: Final = 6
MAX_PREFIX: Final = 24
MAX_LENGTH: Final = MAX_PREFIX + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH + 2

_PREFIX = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_KEY = re.compile(
    rf"[a-z][a-z0-9_]*_[0-9a-z]{{{ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
)


def check_prefix(prefix: object) -> str:
    """Refuse what cannot be the prefix of a key."""
    if isinstance(prefix, str) and len(prefix) <= MAX_PREFIX and _PREFIX.fullmatch(prefix):
        return str.__str__(prefix)  # str() of an enum's member is its name
    raise InvalidSettingError(
        f"prefix must be at most {MAX_PREFIX} small letters and digits that begin with a letter, "
        f"like 'shop' or 'shop_live'; got {prefix!r}",
        option="prefix",
    )


def new_key_id() -> str:
    """The public part of a new key."""
    return generate_id(length=ID_LENGTH)


def new_key(prefix: str, key_id: str) -> str:
    """The whole text of a new key, with 256 bits of the operating system's randomness."""
    import secrets

    secret = _base62(secrets.randbelow(62**SECRET_LENGTH), SECRET_LENGTH)
    body = f"{prefix}_{key_id}_{secret}"
    return body + _checksum(body)


def claimed_id(text: str) -> str:
    """The id in what may be a key; "" if there is none."""
    parts = text.rsplit("_", 2) if len(text) <= MAX_LENGTH else ()
    key_id = parts[1] if len(parts) == 3 else ""
    # Nothing else may reach a storage, where it could be a path or a glob.  An expression takes
    # three times as long.
    plain = len(key_id) == ID_LENGTH and key_id.isascii() and key_id.isalnum()
    return key_id if plain and key_id == key_id.lower() else ""


def is_well_formed(text: str) -> bool:
    """Whether *text* has the form of a key and the right checksum."""
    body, checksum = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    formed = len(text) <= MAX_LENGTH and _KEY.fullmatch(text) is not None
    return _checksum(body[:MAX_LENGTH]) == checksum and formed


def is_api_key(text: str) -> bool:
    """Whether *text* is formed like an API key and its checksum is right, whoever made it.

    It tells a typing error without asking anybody, and real keys from other text when files are
    searched for secrets.  It does not tell whether the key is good: `SecurityManager.authenticate`
    does.

    Examples:
        >>> is_api_key("pepper_0123456789abcdef_" + "0" * 49)
        False
    """
    given: Any = text
    return isinstance(given, str) and is_well_formed(given)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode("utf-8", "surrogatepass")), CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


class KeyHash(NamedTuple):
    """What is kept of a key: how it was hashed, and the hash."""

    scheme: str
    """``sha256``, or ``hmac-sha256:`` and the id of the pepper."""
    digest: bytes

    def to_text(self) -> str:
        """As it is stored, with the version of this form."""
        return f"v1${self.scheme}${self.digest.hex()}"

    @classmethod
    def from_text(cls, text: str) -> KeyHash:
        """What `to_text` wrote.

        Raises:
            ValueError: If it is none, or of a version that is not known here.
        """
        version, scheme, digest = text.split("$")
        if version != "v1":
            raise ValueError(f"the hash of a key has version {version!r}; known is 'v1'")
        return cls(scheme, bytes.fromhex(digest))


class Hasher:
    """Hashes keys: with SHA-256, or with HMAC-SHA-256 under a pepper.

    A key has 256 random bits, so that no slow hash and no salt is needed.  A pepper, kept apart
    from the store, makes a stolen store worth nothing even where keys were forged into it.

    Args:
        peppers: Secrets by their ids; the last one hashes new keys, the others verify old ones.
        accept_unpeppered: Whether hashes without a pepper still count although there are peppers.
    """

    __slots__ = ("_peppers", "_plain", "current")

    def __init__(
        self, peppers: Mapping[str, bytes] | None = None, *, accept_unpeppered: bool = False
    ) -> None:
        self._peppers: dict[str, bytes] = _checked({} if peppers is None else peppers)
        # Else whoever can write to the store could write the hash of a key of his own.
        self._plain = accept_unpeppered or not self._peppers
        self.current: str = "sha256"
        for pepper_id in self._peppers:
            self.current = f"hmac-sha256:{pepper_id}"

    def new(self, key: str) -> KeyHash:
        """The hash of a new key."""
        return KeyHash(self.current, self._hash(key.encode(), self.current) or b"")

    def matches(self, key: bytes, kept: KeyHash) -> bool:
        """Whether *kept* is the hash of *key*, in time that does not depend on how near it is."""
        scheme, digest = kept
        made = self._hash(key, scheme)
        if made is None:  # as much work, for nothing
            return _same(_sha256(key).digest(), b"")
        return _same(made, digest)

    def _hash(self, key: bytes, scheme: str) -> bytes | None:
        """The hash of *key*; None if such hashes do not count here."""
        if scheme == "sha256":
            return _sha256(key).digest() if self._plain else None
        kind, _, pepper_id = scheme.partition(":")
        pepper = self._peppers.get(pepper_id) if kind == "hmac-sha256" else None
        return None if pepper is None else hmac.digest(pepper, key, "sha256")

    def __reduce__(self) -> str:
        raise TypeError("what hashes keys holds the peppers and is not pickled")


def _checked(given: object) -> dict[str, bytes]:
    if not isinstance(given, Mapping):
        raise InvalidSettingError(
            f"peppers must map ids to secrets; got {type(given).__name__}", option="peppers"
        )
    kept: dict[str, bytes] = {}
    for pepper_id, pepper in cast("Mapping[object, object]", given).items():
        if not isinstance(pepper_id, str) or not re.fullmatch(r"[0-9A-Za-z._-]{1,40}", pepper_id):
            raise InvalidSettingError(
                "the id of a pepper must be 1 to 40 letters, digits, '.', '-' or '_'",
                option="peppers",
            )
        if not isinstance(pepper, bytes) or len(pepper) < 16:
            raise InvalidSettingError(
                f"the pepper {pepper_id!r} must be at least 16 bytes, like os.urandom(32)",
                option="peppers",
            )
        kept[pepper_id] = pepper
    return kept
