"""Secrets in a text: by their look, in URLs, and after their names."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING

from ._names import AFTER_A_WORD, words_of
from ._spans import line_end, value_at

if TYPE_CHECKING:
    from collections.abc import Callable

# Whether a text may hold a token.  Every branch begins with a literal that is rare in prose (`J`
# for `eyJ`), since `re` then scans for those letters alone: 0.3 us for 100 letters, not 2 us.
SHAPE_HINT = re.compile(
    r"J(?<=eyJ)|A(?=KIA|SIA|Iza)|b(?=earer\s|asic\s)|B(?=earer\s|EARER\s|asic\s|ASIC\s)"
    r"|_(?<=gh[opsur]_)|_(?<=github_)|_(?<=[sr]k_)|_(?<=npm_)|_(?<=hf_)|_(?<=whsec_)"
    r"|-(?<=[sr]k-)|-(?<=xox[a-z]-)|-(?<=xapp-)|-(?<=glpat-)|-(?<=pypi-)|-(?=----BEGIN)"
    r"|G(?<=SG)(?=\.)|y(?=a29\.)"
)

# None of the patterns below goes back over what it has read (possessive `++`), and none can begin
# inside of what another try has read (the look-behinds): they are linear on any text.
_URL_PASSWORD = re.compile(
    r"""://([^\s/:@?#\[\]"'<>]*+):(?!\d*+(?:[/?#\s"'<>]|\Z))"""
    r"""(?:(?!://)[^\s@"'<>])*+@(?:[^\s@"'<>/?#]*+@)*+"""
)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|AIza[\w-]{35}"
    r"|gh[opsur]_[A-Za-z0-9]{20,}+"
    r"|github_pat_\w{20,}+"
    r"|(?:xox[a-z]|xapp)-[\w-]{10,}+"
    r"|[sr]k_(?:live|test)_\w{8,}+"
    r"|sk-(?=[A-Za-z_-]{0,64}+\d)[\w-]{20,}+"
    r"|glpat-[\w-]{16,}+"
    r"|(?:npm|hf)_[A-Za-z0-9]{30,}+"
    r"|whsec_[\w+/=-]{20,}+"
    r"|pypi-[\w-]{16,}+"
    r"|SG\.[\w-]{16,}+\.[\w-]{16,}+"
    r"|ya29\.[\w-]{20,}+"
    r")|(?<![\w-])eyJ[\w-]{5,}+\.[\w-]{2,}+\.[\w-]*+"
)
_BEARER = re.compile(r"\b([Bb]earer|BEARER)(\s++)(?=[^\s\d]{0,64}\d|\S{16})[\w.~+/=-]{6,}+")
_BASIC = re.compile(r"\b((?:[Bb]asic|BASIC)\s++)([A-Za-z0-9+/]{6,}+=*+)")
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
    r"(?:[^-]|-(?!----END))*+(?:-----END [A-Z0-9 ]{0,40}-----|-----END|\Z)"
)

# A name, and what stands between it and its value: `=` and its like, also behind the bracket of
# `config["password"]`; a comma, for pairs of quoted texts; a space, for options of a command.
_NAMED = re.compile(
    r"""(?<![\w.-])(?P<name>(?P<option>--)?+[\w.-]++)(?:"""
    r"""\\*+["']{0,3}\]?[^\S\r\n]*+(?:=>|:=|[=:]|%3[Dd])[^\S\r\n]*+"""
    r"""|(?P<comma>\\*+["'])\s*+,\s*+(?=(?:[A-Za-z]{0,2}+|\\++)["'])"""
    r"""|(?(option)(?P<space>[ \t]++)(?=[^\s=:-])|(?!)))"""
)
_TAG = re.compile(r"(<([\w.:-]++)(?:\s[^<>]*+)?>)([^<]++)(?=</)")
_WORD_BEFORE = re.compile(r"([A-Za-z]++) \Z")
# `?key=` is often a key of a cache, `user:1`.
_QUERY_KEY = re.compile(r"[\w.~%+/=-]++(?!:)")
_IN_QUERIES = frozenset({"sig", "signature"})
_WHOLE_LINE = frozenset({"authorization", "cookie"})
_SAYS_NOTHING = frozenset(
    """none null true false undefined nil required missing invalid expired disabled enabled
    ok sent unset empty""".split()  # noqa: SIM905 - words read better in lines
)
# What is wrong with a secret is no secret: "api_key: is missing".
_SENTENCE = re.compile(r"(?<=: )(?:is|must|should|cannot|input should) (?=[a-z])")
# Before these a small number is a count: "loaded credentials: 2".
_COUNTED = frozenset({"token", "tokens", "cookies", "credentials", "secrets", "passwords", "keys"})


def mask_shapes(text: str, mask: str) -> str:
    """*text* without the tokens that are known by their look."""
    text = _sub(_BEARER, lambda m: f"{m[1]}{m[2]}{mask}", text)
    text = _sub(_BASIC, lambda m: f"{m[1]}{mask}" if _is_login(m[2]) else m[0], text)
    text = _sub(_PRIVATE_KEY, lambda m: f"{m[1]}{mask}", text)
    return _sub(_SHAPES, lambda _: mask, text)


def _sub(pattern: re.Pattern[str], shown: Callable[[re.Match[str]], str], text: str) -> str:
    """`pattern.sub`, but the same object if that changes nothing."""
    result = pattern.sub(shown, text)
    return text if result == text else result


def _is_login(encoded: str) -> bool:
    try:
        return ":" in a2b_base64(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return False


def mask_urls(text: str, mask: str) -> str:
    """*text* without the passwords in its URLs."""
    return _sub(_URL_PASSWORD, lambda m: f"://{m[1]}:{mask}@", text)


def mask_named(text: str, is_secret: Callable[[str], bool], mask: str) -> str:
    """*text* without the values that follow the name of a secret."""
    if "</" in text:
        text = _sub(_TAG, lambda m: f"{m[1]}{mask}" if is_secret(m[2]) else m[0], text)
    pieces: list[str] = []
    done = at = 0
    while found := _NAMED.search(text, at):
        at = found.end()
        if not _names_secret(found, is_secret):
            continue
        end, shown = _masked_value(text, at, found["name"], mask)
        if end > at:
            pieces += (text[done:at], shown)
            done = at = end
    return "".join((*pieces, text[done:])) if pieces else text


def _names_secret(  # noqa: PLR0911 - a list of cases
    found: re.Match[str], is_secret: Callable[[str], bool]
) -> bool:
    name, start, text = found["name"], found.start(), found.string
    before = text[start - 1] if start else ""
    if found["space"] is not None:
        return is_secret(name)
    if found["comma"] is not None and before not in ("'", '"'):
        return False
    small = name.lower()
    if before in ("?", "&"):
        if small == "key" and _QUERY_KEY.match(text, found.end()) is None:
            return False
        return small in _IN_QUERIES or is_secret(name)
    if small not in AFTER_A_WORD:
        return is_secret(name)
    # In a sentence the word before tells: "api key: ..." but not "cache key: ...".
    if said := _WORD_BEFORE.search(text[max(0, start - 24) : start]):
        return is_secret(f"{said[1]}_{name}")
    return small != "key" and is_secret(name)


def _masked_value(text: str, at: int, name: str, mask: str) -> tuple[int, str]:
    """Where the value that begins at *at* ends, and what to show of it."""
    if _SENTENCE.match(text, at):
        return at, ""
    value = value_at(text, at)
    if value is None or all(word is not None and _is_harmless(name, word) for word in value.words):
        return at, ""
    if value.words[0] is not None or not value.opening:
        if not _WHOLE_LINE.isdisjoint(words_of(name)):
            return max(value.end, line_end(text, at)), mask
        return value.end, mask
    return value.end, f"{value.opening}{mask}{value.closing}"


def _is_harmless(name: str, word: str) -> bool:
    word = word.rstrip(".!").lower()
    if word in _SAYS_NOTHING:
        return True
    return len(word) <= 3 and word.isdecimal() and not _COUNTED.isdisjoint(words_of(name)[-1:])
