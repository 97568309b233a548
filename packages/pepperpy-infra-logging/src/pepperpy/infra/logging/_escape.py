"""Characters that must not reach a log as they are: they move the cursor, or fake a line."""

from __future__ import annotations

import re

# C0, DEL, C1 (a terminal obeys some of them), what turns the direction of text around or hides,
# what other readers take for a line break, and halves of surrogate pairs.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""*text* on one line and harmless on a terminal: ``\n``, ``\x1b``, ``\u202e``."""
    return text if text.isprintable() else _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    number = ord(letter)
    return _SHORT.get(letter) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def escape_separators(data: bytes) -> bytes:
    r"""Encoded JSON with the same characters as ``\u....``; it still means the same."""
    text = data.decode()
    if text.isprintable():
        return data
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def indent(text: str, by: str = "    ") -> str:
    """Lines of a traceback, each escaped and set in, so that none can pass for a record."""
    return "\n".join(by + escape(line.expandtabs()) for line in text.split("\n"))
