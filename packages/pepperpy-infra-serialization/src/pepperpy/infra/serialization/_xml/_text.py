"""Text and names in XML: which there are, and how the others are written."""

from __future__ import annotations

import re
from typing import Final

from pepperpy.infra.serialization._errors import SerializationError

_FORBIDDEN: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED: Final = re.compile("[^\t\n\r -\\[\\]-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-f]{4})|(.?))", re.DOTALL)

_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE: Final = _IN_TEXT | str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})

PLAIN_NAME: Final = re.compile(r"(?![Xx][Mm][Ll])[A-Za-z_][A-Za-z0-9_.\-]*")
# The letters that parsers agree on, and the colon of prefixes.
_LETTERS: Final = (
    "A-Za-z_\xc0-\xd6\xd8-\xf6\xf8-\u0131\u0391-\u03a1\u03a3-\u03ce\u0410-\u044f"
    "\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
ANY_NAME: Final = re.compile(
    f"[{_LETTERS}][{_LETTERS}0-9.\\-]*(?::[{_LETTERS}][{_LETTERS}0-9.\\-]*)?"
)


def in_text(text: str) -> str:
    """Text as it stands between tags."""
    return text.translate(_IN_TEXT)


def in_attribute(text: str) -> str:
    """Text as it stands between the quotes of an attribute."""
    return text.translate(_IN_ATTRIBUTE)


def is_allowed(text: str) -> bool:
    """Whether XML can hold all of its characters."""
    return _FORBIDDEN.search(text) is None


def escaped(text: str) -> str:
    r"""Text with ``\\uXXXX`` for each character that XML cannot hold, and a doubled backslash."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        if "\ud800" <= character <= "\udfff":
            raise SerializationError("XML cannot hold text with half of a surrogate pair")
        return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"

    return _ESCAPED.sub(escape, text)


def unescaped(text: str) -> str:
    """The text that was `escaped`.

    Raises:
        SerializationError: It has a backslash that is none of the two.
    """

    def character(match: re.Match[str]) -> str:
        if match[1]:
            found = chr(int(match[1], 16))
            if not "\ud800" <= found <= "\udfff":
                return found
        elif match[2] == "\\":
            return "\\"
        raise SerializationError(f"an escape in the XML is none: {match[0]!r}")

    return _ESCAPE.sub(character, text)
