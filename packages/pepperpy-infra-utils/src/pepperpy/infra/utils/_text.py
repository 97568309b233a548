"""Text made short: as a part of a URL or file name, or cut to a length."""

from __future__ import annotations

import re

from ._errors import InvalidArgumentError

# Every ASCII character as it is in a slug; with split() twice as fast as a pattern.
_ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
_DIGIT_COMMA = re.compile(r",(?<=\d,)(?=\d)").sub  # the comma first: it is found at memchr's speed

_JOINER = "\u200d"
_MARKS = ("Mn", "Mc", "Me")


def slugify(s: str, separator: str = "-") -> str:
    """The words of *s* in lower case, joined by *separator*, for URLs and file names.

    Latin letters lose their accents, and the answer is that of python-slugify: ``Straße`` gives
    ``strasse``, ``1,000`` gives ``1000``, HTML entities are decoded.  Letters of every other script
    stay as they are, in composed form.  Text without a letter or digit, as of emoji only, gives
    ``""``; write ``slugify(title) or generate_id()`` where that may happen.

    Args:
        s: Any text; the time grows with its length and no faster.
        separator: Put between the words as it is; may be empty or longer than one character.

    Examples:
        >>> slugify("C'est déjà l'été!"), slugify("Привет, мир", "_")
        ('c-est-deja-l-ete', 'привет_мир')
    """
    if not isinstance(s, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise InvalidArgumentError(f"slugify takes text; got {type(s).__name__}", argument="s")
    if "&" in s or not s.isascii():
        from ._fold import fold

        s = fold(s).lower()
    if "," in s:
        s = _DIGIT_COMMA("", s)
    return separator.join(s.translate(_ASCII).split())


def truncate_string(s: str, max_length: int = 100, suffix: str = "...") -> str:
    """*s*, or its beginning with *suffix*, in at most *max_length* characters.

    What readers see as one character is not cut apart: accents, emoji made of several parts, flags.
    So the result may be a little shorter than allowed.  A suffix that is longer than *max_length* is
    left out.

    Raises:
        InvalidArgumentError: *max_length* is negative or no whole number, or *s* is no text.

    Examples:
        >>> truncate_string("a long way to go", 9), truncate_string("short", 9)
        ('a long...', 'short')
    """
    if not isinstance(s, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        problem = f"truncate_string takes text; got {type(s).__name__}"
        raise InvalidArgumentError(problem, argument="s")
    if type(max_length) is not int or max_length < 0:
        problem = f"max_length must be a whole number, 0 or more characters; got {max_length!r}"
        raise InvalidArgumentError(problem, argument="max_length")
    if len(s) <= max_length:
        return s
    room = max_length - len(suffix)
    if room < 0:
        room, suffix = max_length, ""
    if not s.isascii():
        while room and _joined(s, room):
            room -= 1
    return s[:room] + suffix


def _joined(s: str, index: int) -> bool:
    """Whether a reader sees the characters on both sides of *index* as one.

    The parts of Unicode's rules (UAX #29) that need no table: `unicodedata` has none for the rest.
    """
    from unicodedata import category

    before, after = s[index - 1], s[index]
    if after < "\u0300":
        return False
    return (
        category(after) in _MARKS
        or before == _JOINER
        or "\u200c" <= after <= _JOINER
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags, as in the flag of Scotland
        or ("\u1160" <= after <= "\u11ff" and "\u1100" <= before <= "\ud7a3")  # Hangul in parts
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
        or (_is_flag_half(after) and _flag_halves_before(s, index) % 2 == 1)
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(s: str, index: int) -> int:
    start = index
    while start and _is_flag_half(s[start - 1]):
        start -= 1
    return index - start
