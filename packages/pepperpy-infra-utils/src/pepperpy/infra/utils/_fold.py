"""Text for `slugify`: Latin letters to ASCII, other letters kept, everything else to hyphens."""
# ruff: noqa: RUF001 - letters that look like others are what this table is about

from __future__ import annotations

import re
from contextlib import suppress
from unicodedata import category, normalize

# What has no accent to lose, with the answers of python-slugify (also where they look odd).
_LETTERS = {
    "": "ʹʼʿˈ˓˥˦˧˨˩˪˫\xad‘’‛′",
    "-": "ƏǀǁǂǃǝɁɂɅəɚʌʔʕʖʘʡʢʭʺʻʽʾˀˁˆˉˊˋˍˎˏːˑˮỺỻỼỽỾỿ",
    ",": "ˌ‚",
    ",,": "„",
    "-0": "‰",
    "-00": "‱",
    "-c-": "©",
    "-r-": "®",
    "2": "Ƨƨƻ",
    "3": "Ǝ",
    "5": "Ƽƽ",
    "6": "Ƅƅ",
    "7": "⁊",
    "a": "Ⱥɐɑɒ",
    "ae": "Ææ",
    "b": "ƀƁƂƃɃɓʙ",
    "c": "ƇƈȻȼɕʗ",
    "c-": "¢",
    "cl": "₡",
    "cr": "₢",
    "d": "ÐðĐđƉƊƋƌƍȡɖɗẟ₫",
    "db": "ȸ",
    "deg": "°",
    "dr": "₯",
    "dz": "ʣʤʥ",
    "e": "ƐɆɇɘɛɜɝɞʚ",
    "ecu": "₠",
    "eur": "€",
    "f": "Ƒƒɸ",
    "ff": "₣",
    "fn": "ʩ",
    "g": "ƓƔǤǥɠɡɢɣʛ",
    "h": "Ħħɦɧʜʮʯ",
    "hv": "ƕǶ",
    "i": "ıƖƗɨɩɪ",
    "j": "ȷɈɉɟʄʝ",
    "k": "ĸƘƙʞ₭",
    "l": "ŁłƚƛȴȽɫɬɭʟ₤",
    "ls": "ʪ",
    "lz": "ɮʫ",
    "m": "ɱ",
    "mil": "₥",
    "n": "ƝƞȠȵɲɳɴ₦",
    "ng": "Ŋŋ",
    "ns": "₪",
    "o": "ØøƆƟɔɵɷ",
    "oe": "Œœɶ",
    "oi": "Ƣƣ",
    "ou": "Ȣȣ",
    "p": "¶Ƥƥ",
    "pp": "⁋",
    "ps": "£",
    "pts": "₧",
    "q": "Ɋɋʠ",
    "qp": "ȹ",
    "r": "Ɍɍɹɺɻɼɽɾɿʀʁ˞",
    "s": "ȿʂʃʅʆẜẝ",
    "sh": "Ʃƪ",
    "ss": "§ßẞ",
    "t": "ŦŧƫƬƭƮȶȾʇʈ₮",
    "tc": "ʨ",
    "th": "Þþ",
    "ts": "ƾʦʧ",
    "u": "Ʉɤʉʊ",
    "v": "Ʋʋ˅ˇ˕ˬ",
    "w": "ƜƿǷɯɰʍ₩",
    "ww": "ʬ",
    "x": "×˟",
    "y": "ƱƳƴȜȝɎɏɥʎʏ",
    "y-": "¥",
    "yr": "Ʀ",
    "z": "ƵƶȤȥɀʐʑʒʓ",
    "zh": "ƷƸƹƺ",
}
_INVISIBLE = (
    *range(0x80, 0xA0),  # control characters
    *range(0x200C, 0x2010),  # joiners and direction marks
    *range(0x202A, 0x202F),
    *range(0x206A, 0x2070),
    *range(0xFE00, 0xFE10),  # which glyph of a letter or emoji
    *range(0xE0100, 0xE01F0),
)
_TO_ASCII: dict[int, str] = {
    **dict.fromkeys(_INVISIBLE, ""),
    **{ord(letter): ascii_ for ascii_, letters in _LETTERS.items() for letter in letters},
}
_TO_HYPHEN = dict.fromkeys(_TO_ASCII, "-")

_ACCENTS = re.compile(
    r"(?<=[\x00-\x7f])[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
).sub
_NO_LETTERS = re.compile(r"[^\w\x00-\x7f]+").sub
# The two letters turn into marks when they are decomposed.
_MARK_RUN = re.compile(r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f])++").sub
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,7});").sub
_DECIMAL = re.compile(r"&#(\d++);").sub
_HEXADECIMAL = re.compile(r"&#x([0-9a-fA-F]++);").sub


def fold(s: str) -> str:
    """*s* with every character in it either ASCII or part of a word to keep."""
    if len(s) > 1000:
        # Decomposing sorts each run of marks, in quadratic time; no language has runs like these.
        s = _MARK_RUN(lambda run: run[0][:64], s)
    text = s.replace("'", "-").replace("\xb5", "m")  # the micro sign would turn into a Greek letter
    text = _ACCENTS("", normalize("NFKD", text).translate(_TO_ASCII))
    if "&" in text and ";" in text:
        # This late, and so with accents as hyphens: the order of python-slugify.
        text = normalize("NFKD", _decode_entities(text)).translate(_TO_HYPHEN).replace("'", "")
    if text.isascii():
        return text
    return normalize("NFC", _NO_LETTERS(_keep_marks, text))


def _keep_marks(found: re.Match[str]) -> str:
    """A hyphen, but for the vowel signs and accents that continue a word of another script."""
    run, kept = found[0], 0
    if found.start() and found.string[found.start() - 1] > "\x7f":
        while kept < len(run) and category(run[kept])[0] == "M":
            kept += 1
    return run if kept == len(run) else run[:kept] + "-"


def _decode_entities(text: str) -> str:
    from html.entities import name2codepoint

    def named(found: re.Match[str]) -> str:
        code = name2codepoint.get(found[1])
        return found[0] if code is None else chr(code)

    text = _ENTITY(named, text)
    # One number too large, and none of its kind is decoded.
    with suppress(ValueError, OverflowError):
        text = _DECIMAL(lambda found: chr(int(found[1])), text)
    with suppress(ValueError, OverflowError):
        text = _HEXADECIMAL(lambda found: chr(int(found[1], 16)), text)
    return text
