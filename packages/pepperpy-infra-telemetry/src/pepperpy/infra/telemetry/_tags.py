"""Tags as given -> tags as text, in one order, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from pepperpy.infra.utils import passes_through
from pepperpy.infra.utils.redaction import MASK, is_secret_name, redact_text

Flat: TypeAlias = tuple[str, ...]
"""All names, sorted, and then all values in that order: half the size of a tuple of pairs."""

MAX_TEXT: Final = 500
MAX_TAGS: Final = 64
PROVIDER: Final = "pepperpy.provider.id"
OVERFLOW: Final[Flat] = ("otel.metric.overflow", "true")


def flat(tags: object, more: Mapping[str, str] | None = None) -> Flat:
    """*tags* in the one form that stands for them all; *more* wins.

    Whatever *tags* is, this does not raise: names and values become text, what is no mapping
    counts as no tags.
    """
    texts = _texts(tags)
    if more:
        texts.update(more)
    names = sorted(texts)
    return (*names, *(texts[name] for name in names))


def as_dict(tags: Flat) -> dict[str, str]:
    """The tags as people read them."""
    half = len(tags) // 2
    return dict(zip(tags[:half], tags[half:], strict=True))


def text(value: Any, at_most: int = MAX_TEXT) -> str:
    """*value* as text of bounded length, whatever it is."""
    try:
        shown = _shown(value)
        return shown if len(shown) <= at_most else shown[: at_most - 1] + "…"
    except Exception as error:  # a boundary: any object can be a tag, and its methods can fail
        if passes_through(error):
            raise
        return f"<{type(value).__name__}>"


def sendable(text: str) -> str:
    """*text* without lone surrogates, with which nothing could be sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _texts(tags: Any) -> dict[str, str]:
    try:
        # Sorted, so that also what is too much, or comes twice, does not depend on the order.
        pairs = sorted((text(name), text(value)) for name, value in tags.items()) if tags else []
    except Exception as error:  # a boundary, as above
        if passes_through(error):
            raise
        return {}
    return {
        name: MASK if is_secret_name(name) else redact_text(value)
        for name, value in islice(dict(pairs).items(), MAX_TAGS)
    }


def _shown(value: Any) -> str:
    if isinstance(value, str):
        # The letters themselves, which is what such a value equals: `str` of an enum is its name.
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return repr(int(value))  # 200.0 equals 200, and so it is the same tag
    return str(value)
