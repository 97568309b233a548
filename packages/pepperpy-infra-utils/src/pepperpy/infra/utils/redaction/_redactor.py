"""`Redactor`: the rules for names, texts and values in one object."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from ._names import HINTS, contains, hint_of, is_secret, without_numbers, words_of
from ._values import Copier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

MASK: Final = "***"
"""What stands in the place of a secret."""


class Redactor:
    r"""Rules for what is a secret: the built-in ones and your own.  Cannot be changed once made.

    Args:
        names: More secret names.  ``"tax_id"`` also covers ``taxId``, ``customer-tax-id``.
        patterns: Regular expressions; what they match is masked wherever it stands.  They run on
            every text, so keep them few, and linear.
        keep: Names that are never secret, whatever the built-in rules say (``"key"``).
        mask: What is written in the place of a secret.

    Examples:
        >>> mine = Redactor(names=["tax_id"], patterns=[r"ACC-\d+"])
        >>> mine.redact({"taxId": "123", "note": "see ACC-77"})
        {'taxId': '***', 'note': 'see ***'}
    """

    __slots__ = ("_hints", "_keep", "_names", "_patterns", "_verdict", "mask")

    mask: str
    _names: frozenset[tuple[str, ...]]
    _keep: frozenset[tuple[str, ...]]
    _patterns: tuple[re.Pattern[str], ...]
    _hints: tuple[str, ...]
    _verdict: Callable[[str], bool]

    def __init__(
        self,
        *,
        names: Iterable[str] = (),
        patterns: Iterable[str | re.Pattern[str]] = (),
        keep: Iterable[str] = (),
        mask: str = MASK,
    ) -> None:
        own = frozenset(map(words_of, _listed("names", names)))
        compiled = tuple(map(_compiled, _listed("patterns", patterns)))
        fill = object.__setattr__
        fill(self, "mask", mask)
        fill(self, "_names", own - {()})
        fill(self, "_keep", frozenset(map(words_of, _listed("keep", keep))))
        fill(self, "_patterns", compiled)
        fill(self, "_hints", HINTS + tuple(sorted({hint_of(name) for name in own if name})))
        fill(self, "_verdict", lru_cache(4096)(self._judge))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Redactor cannot be changed; make a new one to set {name}")

    def __repr__(self) -> str:
        own = sorted("_".join(name) for name in self._names)
        return f"Redactor(names={own}, patterns={len(self._patterns)})"

    def is_secret_name(self, name: str) -> bool:
        """Whether what stands under *name* is a secret."""
        # The bound is on the number of names kept; this one is on their size.
        return self._verdict(name) if len(name) <= 200 else self._judge(name)

    def redact_text(self, text: str) -> str:
        """*text* with the secrets in it masked; the same object if there are none.

        Takes time in proportion to the text's length, whatever it holds.
        """
        if self._patterns:
            for pattern in self._patterns:
                text = pattern.sub(lambda _: self.mask, text)
        # Most values are shorter than any token, many than any `pw=x`; to ask with `in` for what
        # the patterns need is far cheaper than any pattern.
        size = len(text)
        if (
            size > 11
            and (
                "_" in text
                or "-" in text
                or "A" in text
                or "eyJ" in text
                or "earer" in text
                or "asic" in text
                or "SG." in text
                or "ya29." in text
            )
            and (texts := _texts()).SHAPE_HINT.search(text) is not None
        ):
            text = texts.mask_shapes(text, self.mask)
        if size > 4 and (
            "=" in text
            or ":" in text
            or (
                size > 7
                and ("--" in text or "'," in text or '",' in text or "</" in text or "%3" in text)
            )
        ):
            text = self._redact_pairs(text)
        return text

    def redact(self, value: Any) -> Any:
        """A deep copy of *value* in which secrets are masked, by their key and by their look.

        Mappings become dicts; lists, tuples and sets stay what they are, cycles included.  Fields
        of named tuples and pairs of a name and a value are judged like the items of a mapping.
        Objects of other types are not looked into and are the same objects in the copy.
        """
        return Copier(self).copy(value)

    def _judge(self, name: str) -> bool:
        words = words_of(name)
        if words in self._keep:
            return False
        bare = without_numbers(words)
        if any(contains(words, own) or contains(bare, own) for own in self._names):
            return True
        return is_secret(bare)

    def _redact_pairs(self, text: str) -> str:
        if "://" in text:
            text = _texts().mask_urls(text, self.mask)
        small = text.lower()
        for hint in self._hints:
            if hint in small:
                masked: str = _texts().mask_named(text, self.is_secret_name, self.mask)
                return masked
        return text


@cache
def _texts() -> ModuleType:
    """The patterns, which take 15 ms to compile: not before a text may hold something."""
    from . import _texts as texts

    return texts


def _listed(what: str, given: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(given, str):
        raise TypeError(f'{what} takes several, like ["{given}"]; got one string')
    return tuple(given)


def _compiled(pattern: Any) -> re.Pattern[str]:
    compiled: re.Pattern[Any] = re.compile(pattern)
    # Types do not hold everybody back, and the error would come with the first text.
    if not isinstance(compiled.pattern, str):
        raise TypeError(f"patterns must be text, since they run on text; got {compiled.pattern!r}")
    return compiled


@lru_cache(1)
def _built_in() -> Redactor:
    return Redactor()


def is_secret_name(name: str) -> bool:
    """Whether a field, variable or parameter of this name holds a secret.

    Names are read as words, so ``apiKey``, ``API_KEY`` and ``x-api-key`` are one.  ``key`` counts
    alone and after words like ``api``, ``token`` unless the words around say otherwise.  What is
    about a secret is none: ``password_policy``.

    Examples:
        >>> [name for name in ("db_password", "apiKey", "token") if is_secret_name(name)]
        ['db_password', 'apiKey', 'token']
        >>> any(map(is_secret_name, ["primary_key", "max_tokens", "key_id", "keyboard"]))
        False
    """
    return _built_in().is_secret_name(name)


def redact_text(text: str) -> str:
    """*text* with the secrets in it masked: by their look, and by the name before ``=`` or ``:``.

    Knows passwords in URLs, bearer tokens, JWTs, private keys, and the keys of AWS, Google,
    GitHub, GitLab, Slack, Stripe, OpenAI, Hugging Face, SendGrid, npm and PyPI.  Linear in the text's length.

    Examples:
        >>> redact_text("GET /?api_key=abc&page=2 by postgres://ann:pw@db/app")
        'GET /?api_key=***&page=2 by postgres://ann:***@db/app'
    """
    return _built_in().redact_text(text)


def redact(value: Any) -> Any:
    """A deep copy of *value* in which secrets are masked, by their key and by their look.

    Nothing is changed in *value*.  Mappings become dicts; objects that are no containers stay the
    same objects.

    Examples:
        >>> redact({"password": "pw", "retries": 3, "headers": [("Cookie", "id=1")]})
        {'password': '***', 'retries': 3, 'headers': [('Cookie', '***')]}
    """
    return _built_in().redact(value)
