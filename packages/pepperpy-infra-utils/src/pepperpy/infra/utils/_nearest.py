"""What somebody may have meant who gave a name that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOKED_AT = 100  # letters; comparing takes time that grows with the square of the length


def nearest(given: object, known: Iterable[str]) -> str | None:
    """The known name that looks most like *given*, upper and lower case alike; None if none does.

    Examples:
        >>> nearest("TIMEOT", ["retries", "timeout"])
        'timeout'
    """
    from difflib import get_close_matches

    by_folded = {name[:_LOOKED_AT].casefold(): name for name in known}
    found = get_close_matches(str(given)[:_LOOKED_AT].casefold(), by_folded, n=1)
    return by_folded[found[0]] if found else None


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one, or else all there are.

    Examples:
        >>> did_you_mean("jsno", ["json", "text"])
        "did you mean 'json'?"
        >>> did_you_mean("xml", ["text", "json"])
        "there are: 'json', 'text'"
        >>> did_you_mean("xml", [])
        'there are none'
    """
    names = sorted(known)
    near = nearest(given, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"there are: {', '.join(map(repr, names))}" if names else "there are none"
