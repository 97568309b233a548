"""Which names are the names of secrets: a name is read as words, and the words are judged."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_DIGITS: Final = "0123456789"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# A name with one of these words is secret, unless its last word says that it is about the secret.
_STRONG = _set(
    """password passwords passwd pswd pwd passphrase passcode dbpass userpass dbpw
    secret secrets credential credentials authorization cookie cookies bearer jwt otp totp
    csrf xsrf cvv cvc ssn creditcard cardnumber connectionstring privkey apikey apikeys apitoken"""
)
# The same, written without a border between the words: `dbpassword`, `clientsecret`.
_INSIDE = (
    *("password", "passwd", "passphrase", "apikey", "secretkey", "privatekey", "accesskey"),
    *("masterkey", "encryptionkey", "signingkey"),
)
_AT_END = (
    *("secret", "accesstoken", "authtoken", "refreshtoken", "sessiontoken", "csrftoken"),
    *("xsrftoken", "credentials", "sessionid", "sessid", "authcode"),
)
# Words that are a secret together.
_PHRASES = frozenset(
    tuple(phrase.split("_"))
    for phrase in _set(
        """session_id connect_sid credit_card card_number connection_string auth_header auth_code
        pin_code mfa_code otp_code recovery_code backup_code amz_signature goog_signature"""
    )
)
_ABOUT = _set(
    """policy policies strength requested changed updated created rotated expires expired expiry
    at age count domain path name names version versions arn type types kind alg algorithm format
    provider providers found valid invalid enabled disabled required missing sent status state
    consent attempts length size limit last error errors failed verified"""
)

# `key` is a secret by itself, and after one of these; every other key finds something.
_KEY_OF = _set(
    """api secret private access encryption decryption crypto signing sign master ssh auth client
    consumer webhook hmac service account license licence deploy session storage shared root jwt
    jwk gpg pgp tls ssl rsa dsa ecdsa ed aes fernet cipher symmetric wep wpa psk app application
    server subscription developer merchant wallet vault unseal recovery admin bot stripe openai
    anthropic twilio sendgrid mailgun github gitlab slack google aws azure gcp"""
)
# `token` is a secret unless it is a part of a text, a place in a list, or a way to stop.
_TOKEN_OF = _set(
    """max min num n total count next page continuation sync cursor stop eos bos pad unk mask
    special start end first last previous per cancel cancellation unexpected invalid expected
    lexer parser"""
)
_PASS_OF = _set("first second third last next single two multi test boarding bus no by")
_SHORT = _set("pass pw auth")
# The word after these makes it the secret itself; any other word makes it harmless (`key_id`).
_ITSELF = _set(
    "value data secret text string material bytes pem raw plain plaintext b64 base64 hex"
)
# Plurals are counts and collections (`max_tokens`, `keys`), except after one of these.
_TOKENS_OF = _set("api secret access auth bearer refresh id session csrf device push service")

# Every secret name holds one of these: most texts with a colon need no closer look.
HINTS: Final = (
    *("pass", "pw", "pswd", "secret", "token", "key", "cred", "auth", "cookie", "jwt", "otp"),
    *("cvv", "cvc", "ssn", "sess", "sid", "srf", "card", "code", "bearer", "string", "sig"),
)
# In a sentence these are judged together with the word before: "api key:", "session id:".
AFTER_A_WORD: Final = frozenset(
    {"key", "token", *_SHORT, *(phrase[-1] for phrase in _PHRASES)},
)

_WORD = re.compile(r"(?:[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W0-9_A-Za-z]+)(?:[\W_]*+[0-9]++)*+|[0-9]++")
_BORDER = re.compile(r"[\W_]+")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case; digits belong to the word that they follow."""
    return tuple(_BORDER.sub("", word).lower() for word in _WORD.findall(name))


def without_numbers(words: tuple[str, ...]) -> tuple[str, ...]:
    """`api_key_2` is `api_key`."""
    bare = (word if word in _ITSELF else word.rstrip(_DIGITS) for word in words)
    return tuple(word for word in bare if word)


def hint_of(words: tuple[str, ...]) -> str:
    """What a text must hold, in lower case, to hold this name."""
    return words[0].rstrip(_DIGITS) or words[0]


def contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Whether *part* stands in *words*."""
    size = len(part)
    return any(words[at : at + size] == part for at in range(len(words) - size + 1))


def is_secret(words: tuple[str, ...]) -> bool:
    """Whether the built-in rules call this name a secret; its words come without numbers."""
    if not words or words[-1] in _ABOUT:
        return False
    return (
        words == ("sid",)
        or any(map(_is_strong, words))
        or any(pair in _PHRASES for pair in pairwise(words))
        or any(_is_secret_at(words, at) for at in range(len(words)))
    )


def _is_strong(word: str) -> bool:
    return word in _STRONG or word.endswith(_AT_END) or any(part in word for part in _INSIDE)


def _is_secret_at(words: tuple[str, ...], at: int) -> bool:
    word, before = words[at], words[at - 1] if at else ""
    last = at == len(words) - 1
    if word == "keys":
        return last and before in _KEY_OF
    if word == "tokens":
        return last and before in _TOKENS_OF
    if not (last or words[at + 1] in _ITSELF):
        return False
    if word == "key":
        return not before or before in _KEY_OF
    return (word == "token" and before not in _TOKEN_OF) or (
        word in _SHORT and before not in _PASS_OF
    )
