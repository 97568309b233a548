"""Keys: opaque text, checked once; and globs over them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ._errors import InvalidKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_KEY_BYTES: Final = 1024
"""What every kind of store takes, those in the cloud too."""

_WILD: Final = re.compile(r"[*?\[]")


def check_key(key: Any) -> str:
    """The key, as plain text.

    Raises:
        InvalidKeyError: If it is no text, empty, too long, or no Unicode that can be written.
    """
    if key.__class__ is str and key.isascii() and 0 < len(key) <= MAX_KEY_BYTES:
        plain: str = key
        return plain
    plain = _text(key, "key")
    if not plain:
        raise InvalidKeyError("a key must have at least one character; got ''", key=key)
    return plain


def check_keys(keys: Any) -> list[str]:
    """Several keys, each as plain text; one text alone is no list of its letters.

    Raises:
        InvalidKeyError: If it is one, or something in it is no key.
    """
    if isinstance(keys, str):
        raise InvalidKeyError(f"several keys are needed, like [{keys!r:.60}]; got one", key=keys)
    return [check_key(key) for key in keys]


def check_prefix(prefix: Any) -> str:
    """The beginning of keys; the empty one begins them all.

    Raises:
        InvalidKeyError: As for keys.
    """
    return _text(prefix, "prefix")


def check_cursor(cursor: Any) -> str | None:
    """Where a page of a scan begins; `None` is the beginning.

    Raises:
        InvalidKeyError: If it is no text.
    """
    return None if cursor is None else _text(cursor, "cursor")


def _text(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise InvalidKeyError(f"a {what} must be text; got {type(text).__name__}", key=text)
    plain = str.__str__(text)
    size = _size(plain, what)
    if size > MAX_KEY_BYTES:
        raise InvalidKeyError(
            f"a {what} has at most {MAX_KEY_BYTES} bytes as UTF-8; got {size}, "
            f"beginning with {plain[:40]!r}; a hash of it could be the {what}",
            key=plain,
        )
    return plain


def _size(text: str, what: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidKeyError(
            f"a {what} must be whole Unicode text; {text!r:.60} has half of a surrogate pair",
            key=text,
        ) from error


def literal_prefix(pattern: str) -> str:
    """What every key that matches begins with."""
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[: wild.start()]


def key_matcher(pattern: Any) -> Callable[[str], object]:
    """Tells whether a key matches a glob: ``*``, ``?``, ``[abc]``, ``[!abc]``, and ``[*]`` for a star.

    `None` matches all.  The time is linear in the length of the key, whatever the pattern.

    Raises:
        InvalidKeyError: If the pattern is no text, or none that can be in a key.
    """
    if pattern is None:
        return _all
    if not isinstance(pattern, str):
        raise InvalidKeyError(
            f"a pattern must be text, like 'user:*'; got {type(pattern).__name__}", key=pattern
        )
    plain = str.__str__(pattern)
    _size(plain, "pattern")
    return _compiled(plain)


def _all(key: str) -> bool:  # noqa: ARG001
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Callable[[str], object]:
    from fnmatch import translate

    return re.compile(translate(pattern)).match
