"""`slugify` and `truncate_string`."""

import unicodedata

import pytest
import slugify as python_slugify
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import InvalidArgumentError, slugify, truncate_string

LATIN = [
    chr(code)
    for first, last in [
        (0x20, 0x7E),  # ASCII
        (0xA0, 0xFF),  # Latin-1 Supplement
        (0x100, 0x17F),  # Latin Extended-A
        (0x180, 0x24F),  # Latin Extended-B
        (0x250, 0x2AF),  # IPA
        (0x2B0, 0x2FF),  # modifier letters
        (0x1E00, 0x1EFF),  # Latin Extended Additional
        (0x2010, 0x2027),  # quotation marks, dashes
        (0x20A0, 0x20AF),  # currencies
        (0xFB00, 0xFB06),  # ligatures
    ]
    for code in range(first, last + 1)
    if unicodedata.category(chr(code)) != "Cn"
]
TITLES = {
    "Chinese": ("影師嗎 東京", "影師嗎-東京"),
    "Cyrillic": ("Привет, Мир! Йод ёлки", "привет-мир-йод-ёлки"),
    "Greek": ("Ελλάδα ΟΔΟΣ", "ελλάδα-οδος"),
    "Arabic": ("مرحبا بالعالم", "مرحبا-بالعالم"),
    "Hebrew": ("שלום עולם", "שלום-עולם"),
    "Devanagari": ("हिन्दी भाषा", "हिन्दी-भाषा"),
    "Tamil": ("தமிழ் மொழி", "தமிழ்-மொழி"),
    "Thai": ("สวัสดี ที่นี่", "สวัสดี-ที่นี่"),
    "Hangul": ("한국어 제목", "한국어-제목"),
    "Kana": ("がんばれ ポケット", "がんばれ-ポケット"),
    "Armenian": ("Բարեւ աշխարհ", "բարեւ-աշխարհ"),
    "Georgian": ("საქართველო 1", "საქართველო-1"),
    "rare Latin": ("Ⱡȼ", "ⱡc"),
    "mixed": ("Café Привет 東京 2024", "cafe-привет-東京-2024"),
}
HOSTILE = {
    "spaces": " " * 1_000_000,
    "hyphens": "-" * 1_000_000,
    "commas": "1," * 500_000,
    "accents in the wrong order": "a" + "\u0301\u0316" * 500_000,
    "halfwidth voicing marks": "か" + "\u0301\uff9e" * 500_000,
    "vowel signs": "ह" + "ि" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "half entities": "&#1" * 330_000,
    "one endless entity": "&#" + "9" * 1_000_000 + ";",
    "endless names": "&" + "a" * 1_000_000 + ";",
    "entities": "&eacute;" * 125_000,
    "sigmas": "Σ" * 1_000_000,
    "quotes": "'é" * 500_000,
}


class TestSlugifyLikePythonSlugify:
    @pytest.mark.parametrize("around", ["{}", "a{}b", "A {} B", "1{}2", "x{}\u0301y", "'{}'"])
    def test_agrees_on_every_latin_letter_and_sign(self, around):
        texts = [around.format(letter) for letter in LATIN]

        different = {t: slugify(t) for t in texts if slugify(t) != python_slugify.slugify(t)}

        assert different == {}
        assert len(texts) > 1000

    @pytest.mark.parametrize(
        ("text", "slug"),
        [
            ("Hello, World! This is a Simple Title 42", "hello-world-this-is-a-simple-title-42"),
            ("C'est déjà l'été — Ærøskøbing", "c-est-deja-l-ete-aeroskobing"),
            ("Łódź & Straße", "lodz-strasse"),
            ("1,000 apples, 2,5", "1000-apples-25"),
            ("½,3", "1-23"),
            ("don't don\u2019t", "don-t-dont"),
            ("Tom &amp; Jerry &eacute;", "tom-jerry-e"),
            ("&#66; &#x43; &#39;x", "b-c-x"),
            ("&#1114112; &#65;", "1114112-65"),
            ("stra&szlig;e", "stra-e"),
            ("&unknown; &&;", "unknown"),
            ("snake_case and-hyphens--", "snake-case-and-hyphens"),
            ("™ № ² Ⅷ ﬁ", "tm-no-2-viii-fi"),
            ("İstanbul ẞ", "istanbul-ss"),
            ("1\ufe0f\u20e3", "1"),
            ("", ""),
            ("!?", ""),
        ],
    )
    def test_agrees_on_what_titles_are_made_of(self, text, slug):
        assert slugify(text) == slug
        assert python_slugify.slugify(text) == slug

    @given(text=st.text(st.sampled_from([*LATIN, *"&#;,'xX019 \u0301\u0323"])))
    def test_agrees_on_any_latin_text(self, text):
        assert slugify(text) == python_slugify.slugify(text)

    @pytest.mark.parametrize("separator", ["_", "", "--", ".", "|*+", "\\1", "é"])
    def test_agrees_on_any_separator(self, separator):
        text = "-One, two  & thrée-"

        made = slugify(text, separator)

        assert made == separator.join(["one", "two", "three"])
        assert made == python_slugify.slugify(text, separator=separator)


class TestSlugify:
    @pytest.mark.parametrize("script", TITLES)
    def test_keeps_a_slug_for_a_title_in_any_script(self, script):
        title, slug = TITLES[script]

        assert slugify(title) == unicodedata.normalize("NFC", slug)

    @pytest.mark.parametrize("script", TITLES)
    def test_composed_and_decomposed_titles_agree(self, script):
        title, _ = TITLES[script]

        composed, decomposed = (unicodedata.normalize(form, title) for form in ("NFC", "NFD"))

        assert slugify(composed) == slugify(decomposed)

    @given(text=st.text())
    def test_composed_and_decomposed_forms_of_any_text_agree(self, text):
        composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

        assert slugify(composed) == slugify(decomposed) == slugify(text)

    @given(text=st.text())
    def test_a_slug_is_its_own_slug(self, text):
        once = slugify(text)

        assert slugify(once) == once

    @given(text=st.text())
    def test_a_slug_has_no_space_no_sign_and_no_separator_at_its_ends(self, text):
        slug = slugify(text)

        assert slug == slug.strip("-")
        assert "--" not in slug
        assert not any(c.isspace() or c in "_/\\?#%&.:\0" for c in slug)

    @given(
        text=st.text(st.characters(categories=["Lo", "Lu", "Ll"], min_codepoint=0x370), min_size=1)
    )
    def test_letters_beyond_latin_are_never_lost(self, text):
        # What Latin makes of its own compatibility letters (phonetic ones, math) is tested above.
        plain = unicodedata.normalize("NFKD", text)
        if not plain.isascii() and not any("\xa0" <= c <= "\u02ff" for c in plain):
            assert slugify(text)

    @pytest.mark.parametrize("text", ["🎉", "👩‍👩‍👧 🇩🇪", "→", "\u0301", "\u200d", "…"])
    def test_a_text_without_a_letter_gives_nothing(self, text):
        assert slugify(text) == ""

    def test_emoji_beside_words_are_left_out(self):
        assert slugify("🎉 Party ❤️ time") == "party-time"

    def test_invisible_characters_do_not_make_another_slug(self):
        assert slugify("हिन्\u200cदी") == slugify("हिन्दी")
        assert slugify("שלום\u200f") == slugify("שלום")

    def test_lone_surrogates_are_separators(self):
        assert slugify("a\ud800b") == "a-b"

    # Each takes a fraction of a second; in quadratic time it would be minutes.
    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("name", HOSTILE)
    def test_takes_linear_time(self, name):
        assert len(slugify(HOSTILE[name])) <= len(HOSTILE[name])

    @pytest.mark.parametrize("value", [b"bytes", 5, None])
    def test_what_is_no_text_is_a_type_error(self, value):
        with pytest.raises(
            InvalidArgumentError, match=f"slugify takes text; got {type(value).__name__}"
        ):
            slugify(value)


class TestTruncateString:
    @given(text=st.text(), max_length=st.integers(0, 30), suffix=st.text(max_size=40))
    def test_never_exceeds_max_length_also_when_the_suffix_is_longer(
        self, text, max_length, suffix
    ):
        made = truncate_string(text, max_length, suffix)

        assert len(made) <= max_length

    @given(text=st.text(), max_length=st.integers(0, 30), suffix=st.text(max_size=40))
    def test_is_the_text_itself_or_its_beginning_and_the_suffix(self, text, max_length, suffix):
        made = truncate_string(text, max_length, suffix)

        if len(text) <= max_length:
            assert made == text
        else:
            end = suffix if len(suffix) <= max_length else ""
            assert made.endswith(end)
            assert text.startswith(made.removesuffix(end))

    @pytest.mark.parametrize(
        ("text", "max_length", "suffix", "expected"),
        [
            ("hello world", 8, "...", "hello..."),
            ("hello", 5, "...", "hello"),
            ("hello", 4, "...", "h..."),
            ("hello", 3, "...", "..."),
            ("hello", 2, "...", "he"),
            ("hello", 0, "...", ""),
            ("hello", 0, "", ""),
            ("hello", 4, "", "hell"),
            ("hello", 4, "…", "hel…"),
        ],
    )
    def test_examples(self, text, max_length, suffix, expected):
        assert truncate_string(text, max_length, suffix) == expected

    def test_a_hundred_characters_by_default(self):
        assert truncate_string("x" * 101) == "x" * 97 + "..."

    @pytest.mark.parametrize(
        "whole",
        [
            "e\u0301",
            "e\u0301\u0323\u20dd",
            "हि",
            "❤\ufe0f",
            "👍🏽",
            "👩\u200d👩\u200d👧\u200d👦",
            "🇩🇪",
            "1\ufe0f\u20e3",
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
            "\u1100\u1161\u11a8",
            "\ud83d\ude00",
        ],
    )
    def test_what_readers_see_as_one_character_is_not_cut_apart(self, whole):
        text = f"ab{whole}cd"

        made = {truncate_string(text, length, "") for length in range(len(text) + 1)}

        assert made == {"", "a", "ab", f"ab{whole}", f"ab{whole}c", text}

    def test_flags_in_a_row_are_cut_between_flags(self):
        flags = "🇩🇪🇫🇷🇮🇹"

        assert [truncate_string(flags, n, "") for n in range(7)] == [
            "", "", "🇩🇪", "🇩🇪", "🇩🇪🇫🇷", "🇩🇪🇫🇷", flags,
        ]  # fmt: skip

    def test_an_endless_combining_sequence_takes_linear_time(self):
        assert truncate_string("a" + "\u0301" * 200_000, 100_000, "...") == "..."
        assert len(truncate_string("🇩" * 200_001, 100_001, "")) == 100_000

    def test_a_negative_max_length_is_a_value_error(self):
        with pytest.raises(InvalidArgumentError, match="0 or more characters; got -1"):
            truncate_string("x", -1)

    @pytest.mark.parametrize("max_length", [5.5, "5", None])
    def test_a_length_that_is_no_whole_number_is_an_error(self, max_length):
        with pytest.raises(InvalidArgumentError, match="max_length must be a whole number"):
            truncate_string("a" * 10, max_length)

    @pytest.mark.parametrize("value", [None, 12345678, b"bytes"])
    def test_what_is_no_text_is_an_error(self, value):
        with pytest.raises(InvalidArgumentError, match="truncate_string takes text"):
            truncate_string(value, 5)
