"""Which names and texts are secrets, and how they are masked.

The module functions follow the built-in rules.  A `Redactor` adds names and patterns of your own:

>>> redact({"user": "ann", "api_key": "k-1", "dsn": "postgres://ann:pw@db/app"})
{'user': 'ann', 'api_key': '***', 'dsn': 'postgres://ann:***@db/app'}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MASK", "Redactor", "is_secret_name", "redact", "redact_text"]

MASK: Final = "***"
"""What stands in the place of a secret."""

_DEPTH_LIMIT: Final = 100
_TOO_DEEP: Final = "<nested too deep>"


# A name with one of these words is secret, whatever else it says.
_STRONG = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "authorization",
        "cookie",
        "cookies",
        "jwt",
        "otp",
        "totp",
        "cvv",
        "cvc",
        "ssn",
        "apikey",
        "apikeys",
        "apitoken",
    ]
)
# The same, written without a border between the words: `dbpassword`, `clientsecret`.
_INSIDE = ("password", "passwd", "passphrase", "apikey", "secretkey", "privatekey", "accesskey")
_AT_END = ("secret", "accesstoken", "authtoken", "refreshtoken", "sessiontoken", "credentials")

# `key` and `token` are secrets unless the word before says that they are not...
_WEAK = frozenset({"key", "token"})
_HARMLESS_BEFORE = frozenset(
    # ... a key that finds something
    "primary foreign cache public sort sorting partition row dict map index unique composite object "  # noqa: SIM905
    "storage lookup routing group grouping natural surrogate join idempotency dedup deduplication "
    "message config setting item field column translation event metric label tag resource registry "
    "bucket s3 state entity record parent child issue order lock shard hash document meta "
    # ... a token of a text, or a place in a list
    "max min num n total count next page continuation cursor stop eos bos pad unk mask special start "
    "end first last previous per cancel cancellation unexpected invalid expected lexer parser".split()
)
# ... or the word after makes it the secret itself; any other word makes it harmless (`key_id`).
_SECRET_AFTER = frozenset(
    "value data secret text string material bytes pem raw plain plaintext b64 base64 hex".split()  # noqa: SIM905 - words read better in lines
)
# Plurals are counts and collections (`max_tokens`, `keys`), except after one of these.
_SECRET_PLURALS = frozenset({"keys", "tokens"})
_SECRET_BEFORE = frozenset(
    [
        "api",
        "secret",
        "private",
        "access",
        "encryption",
        "signing",
        "master",
        "ssh",
        "auth",
        "bearer",
        "refresh",
        "id",
        "session",
        "csrf",
        "device",
        "push",
        "service",
        "account",
        "license",
    ]
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


@lru_cache(4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def _is_strong(word: str) -> bool:
    return word in _STRONG or word.endswith(_AT_END) or any(part in word for part in _INSIDE)


def _is_secret(words: tuple[str, ...]) -> bool:
    if words == ("auth",):
        return True
    return any(map(_is_strong, words)) or any(
        _weak_is_secret(words, at)
        for at, word in enumerate(words)
        if word in _WEAK or word in _SECRET_PLURALS
    )


def _weak_is_secret(words: tuple[str, ...], at: int) -> bool:
    before = words[at - 1] if at else ""
    if words[at] in _SECRET_PLURALS:
        return before in _SECRET_BEFORE and at == len(words) - 1
    after = words[at + 1] if at + 1 < len(words) else ""
    return before not in _HARMLESS_BEFORE and (not after or after in _SECRET_AFTER)


# Whether a text may hold a token.  Every branch begins with a literal that is rare in prose (`J`
# for `eyJ`), since `re` then scans for those letters alone: 0.3 us for 100 letters, not 2 us.
_SHAPE_HINT = re.compile(
    r"J(?<=eyJ)|A(?=KIA|SIA|Iza)|b(?=earer\s)|B(?=earer\s)|B(?=EARER\s)"
    r"|_(?<=gh[opsur]_)|_(?<=github_)|_(?<=[sr]k_)|_(?<=npm_)"
    r"|-(?<=[sr]k-)|-(?<=xox[a-z]-)|-(?<=glpat-)|-(?=----BEGIN)"
)
# What every secret name holds; most texts with a colon end here.
_NAME_HINTS = tuple(
    "pass pwd secret token key cred auth cookie jwt otp cvv cvc ssn".split()  # noqa: SIM905 - words read better in lines
)

# None of the patterns below goes back over what it has read (possessive `++`), and none can begin
# inside of what another try has read (the look-behinds): they are linear on any text.
_NAMED = re.compile(r"""(?<![\w.-])([\w.-]++)(\\?["']?[ \t]*+(?:=>|[=:])[ \t]*+)""")
_VALUE = re.compile(
    r"""(?P<open>b?")(?:[^"\\]|\\.)*+(?P<close>"?)"""
    r"""|(?P<open1>b?')(?:[^'\\]|\\.)*+(?P<close1>'?)"""
    r"""|(?P<open2>\\["'])[^"'\\]*+(?P<close2>(?:\\["'])?)"""
    r"""|(?P<bare>[^\s&,;"'<>()\[\]{}\\]++)""",
    re.DOTALL,
)
_LINE = re.compile(r"""[^\r\n"'\\]++""")
_BRACKET = re.compile(r"[\[({]|[\])}]")
_WORD_BEFORE = re.compile(r"([A-Za-z]++) \Z")
_SAYS_NOTHING = frozenset({"none", "null", "true", "false", "undefined", "nil"})

_URL_PASSWORD = re.compile(
    r"""://([^\s/:@?#\[\]"'<>]*+):(?!\d*+(?:[/?#\s"'<>]|\Z))"""
    r"""(?:(?!://)[^\s@"'<>])*+@(?:[^\s@"'<>/?#]*+@)*+"""
)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[\w-]{35}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}+"
    r"|github_pat_\w{20,}+"
    r"|xox[a-z]-[\w-]{10,}+"
    r"|[sr]k_(?:live|test)_\w{8,}+"
    r"|sk-[\w-]{20,}+"
    r"|glpat-[\w-]{16,}+"
    r"|npm_[A-Za-z0-9]{30,}+"
    r")|(?<![\w-])eyJ[\w-]{5,}+\.[\w-]{2,}+\.[\w-]*+"
)
_BEARER = re.compile(r"\b([Bb]earer|BEARER)(\s++)(?=[^\s\d]{0,64}\d|\S{16})[\w.~+/=-]{6,}+")
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
    r"(?:[^-]|-(?!----END))*+(?:-----END [A-Z0-9 ]{0,40}-----|-----END|\Z)"
)

_SCALARS = frozenset({int, float, bool, complex, type(None)})
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
_WHOLE_LINE = frozenset({"authorization", "cookie"})


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
        own = frozenset(map(_words, _listed("names", names)))
        compiled = tuple(re.compile(pattern) for pattern in _listed("patterns", patterns))
        fill = object.__setattr__
        fill(self, "mask", mask)
        fill(self, "_names", own - {()})
        fill(self, "_keep", frozenset(map(_words, _listed("keep", keep))))
        fill(self, "_patterns", compiled)
        fill(self, "_hints", _NAME_HINTS + tuple(sorted({name[0] for name in own if name})))
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
        # Most values are shorter than any token, many than any `pw=x`.
        if len(text) > 11 and _SHAPE_HINT.search(text) is not None:
            text = self._redact_shapes(text)
        if len(text) > 4 and ("=" in text or ":" in text):
            text = self._redact_pairs(text)
        return text

    def redact(self, value: Any) -> Any:
        """A deep copy of *value* in which secrets are masked, by their key and by their look.

        Mappings become dicts; lists, tuples and sets stay what they are, cycles included.  Objects
        of other types are not looked into and are the same objects in the copy.
        """
        return self._copy(value, {}, 0)

    # --- names

    def _judge(self, name: str) -> bool:
        words = _words(name) if len(name) <= 200 else _words.__wrapped__(name)
        if words in self._keep:
            return False
        if self._names and any(self._contains(words, own) for own in self._names):
            return True
        return _is_secret(words)

    @staticmethod
    def _contains(words: tuple[str, ...], own: tuple[str, ...]) -> bool:
        size = len(own)
        return any(words[at : at + size] == own for at in range(len(words) - size + 1))

    # --- texts

    def _redact_shapes(self, text: str) -> str:
        mask = self.mask
        text = _BEARER.sub(lambda m: f"{m[1]}{m[2]}{mask}", text)
        text = _PRIVATE_KEY.sub(lambda m: f"{m[1]}{mask}", text)
        return _SHAPES.sub(lambda _: mask, text)

    def _redact_pairs(self, text: str) -> str:
        if "://" in text:
            text = _URL_PASSWORD.sub(lambda m: f"://{m[1]}:{self.mask}@", text)
        small = text.lower()
        for hint in self._hints:
            if hint in small:
                return self._redact_named(text)
        return text

    def _redact_named(self, text: str) -> str:
        pieces: list[str] = []
        done = at = 0
        while found := _NAMED.search(text, at):
            at = found.end()
            if not self._names_secret(found):
                continue
            end, shown = self._masked_value(text, at, found[1])
            if end > at:
                pieces += (text[done:at], shown)
                done = at = end
        return "".join((*pieces, text[done:])) if pieces else text

    def _names_secret(self, found: re.Match[str]) -> bool:
        name, start = found[1], found.start()
        if name.lower() not in {"key", "token"}:
            return self.is_secret_name(name)
        # In a sentence the word before tells: "api key: ..." but not "cache key: ...".
        text = found.string
        if start and text[start - 1] in "?&":
            return self.is_secret_name(name)
        before = _WORD_BEFORE.search(text[max(0, start - 24) : start])
        if name.lower() == "key":
            return before is not None and before[1].lower() in _SECRET_BEFORE
        return self.is_secret_name(f"{before[1]}_{name}" if before else name)

    def _masked_value(self, text: str, at: int, name: str) -> tuple[int, str]:
        """Where the value that begins at *at* ends, and what to show of it."""
        if text[at : at + 1] in ("[", "{", "("):
            return _closing(text, at), self.mask
        found = _VALUE.match(text, at)
        if found is None:
            return at, ""
        if found["bare"] is not None:
            if found["bare"].lower() in _SAYS_NOTHING:
                return at, ""
            if not _WHOLE_LINE.isdisjoint(_words(name)) and (line := _LINE.match(text, at)):
                return line.end(), self.mask
            return found.end(), self.mask
        opening = found["open"] or found["open1"] or found["open2"]
        closing = found["close"] or found["close1"] or found["close2"] or ""
        return found.end(), f"{opening}{self.mask}{closing}"

    # --- values

    def _copy(  # noqa: PLR0911 - a list of cases
        self, value: Any, memo: dict[int, Any], depth: int
    ) -> Any:
        if type(value) in _SCALARS:
            return value
        if _is(value, str):
            return self.redact_text(value)
        if _is(value, (bytes, bytearray)):
            return self._copy_bytes(value)
        if not _is(value, (Mapping, list, tuple, set, frozenset)):
            return value
        if id(value) in memo:
            return memo[id(value)]
        if depth >= _DEPTH_LIMIT:
            return _TOO_DEEP
        return self._copy_container(value, memo, depth + 1)

    def _copy_container(self, value: Any, memo: dict[int, Any], depth: int) -> Any:
        if _is(value, Mapping):
            copied: dict[Any, Any] = {}
            memo[id(value)] = copied
            for key, item in value.items():
                copied[key] = self._copy_item(key, item, memo, depth)
            return copied
        if _is(value, list):
            items: list[Any] = []
            memo[id(value)] = items
            items.extend(self._copy(item, memo, depth) for item in value)
            return items
        # What cannot be changed can only be in a cycle through something above, which ends there.
        memo[id(value)] = "<cycle>"
        if _is(value, tuple) and len(value) == 2 and _is_header(value[0]):
            made: Any = (value[0], self._masked(value[1]))
        else:
            made = self._rebuild(value, [self._copy(item, memo, depth) for item in value])
        memo[id(value)] = made
        return made

    @staticmethod
    def _rebuild(value: Any, items: list[Any]) -> Any:
        if _is(value, tuple):
            make = getattr(value, "_make", tuple)  # named tuples keep their type
            return make(items)
        return frozenset(items) if _is(value, frozenset) else set(items)

    def _copy_item(self, key: Any, item: Any, memo: dict[int, Any], depth: int) -> Any:
        name = key.decode("latin-1") if isinstance(key, bytes) else key
        if isinstance(name, str) and self.is_secret_name(name):
            return self._masked(item)
        return self._copy(item, memo, depth)

    def _masked(self, value: Any) -> Any:
        # That a password was not set is no secret, and often the cause that one looks for.
        return value if value is None or isinstance(value, bool) or value == "" else self.mask

    def _copy_bytes(self, value: bytes | bytearray) -> bytes | bytearray:
        text = value.decode("latin-1")
        shown = self.redact_text(text)
        return value if shown is text else type(value)(shown.encode("latin-1", "replace"))


def _listed(what: str, given: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(given, str):
        raise TypeError(f'{what} takes several, like ["{given}"]; got one string')
    return tuple(given)


def _is(value: object, kinds: type | tuple[type, ...]) -> bool:
    # Only a bool: `isinstance` in its place would tell the type checker half of the type.
    return isinstance(value, kinds)


def _is_header(name: object) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and text.lower() in _HEADERS


def _closing(text: str, at: int) -> int:
    """Where the bracket at *at* is closed; the end of the text if it never is."""
    depth = 0
    for found in _BRACKET.finditer(text, at):
        depth += 1 if found[0] in "[({" else -1
        if depth == 0:
            return found.end()
    return len(text)


@lru_cache(1)
def _built_in() -> Redactor:
    return Redactor()


def is_secret_name(name: str) -> bool:
    """Whether a field, variable or parameter of this name holds a secret.

    Names are read as words, so ``apiKey``, ``API_KEY`` and ``x-api-key`` are one.  ``key`` and
    ``token`` count unless the words around say otherwise.

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
    GitHub, GitLab, Slack, Stripe, OpenAI and npm.  Linear in the text's length.

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
