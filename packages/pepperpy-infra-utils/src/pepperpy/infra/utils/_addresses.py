"""Whether text is an e-mail address or a web address, by its form alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Compiled at the first question, which keeps milliseconds out of the import.
# Possessive quantifiers everywhere: nothing is tried twice, so no input takes more than linear time.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LABEL = r"[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*+"  # whatever its length; see below
_EMAIL = (
    rf"{_ATOM}++(?:\.{_ATOM}++)*+"
    rf"@(?:{_LABEL}\.)++(?![0-9]){_LABEL}"
)
_ANY_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"
_LOCAL_PART = rf"{_ANY_ATOM}++(?:\.{_ANY_ATOM}++)*+"

# What hides in text or turns its direction.  The joiners are no part of it: Persian and emoji need them.
_HIDDEN = (
    r"\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
_IN_URL = rf"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff{_HIDDEN}"
_URL = (
    r"[Hh][Tt][Tt][Pp][Ss]?+://"
    rf"(?:{_IN_URL}/?#@\[\]\\]*+@)?+"  # user and password
    r"(?:([^\x00-\x20\x7f/?#@:\[\]\\]++)|\[([0-9A-Fa-f:.]++)\])"
    r"(?::([0-9]{1,5}+))?+"
    rf"(?:[/?#]{_IN_URL}]*+)?+"
)
# Underscores are no part of host names proper, but of the names of containers and buckets.
_NAME = r"(?!-)[A-Za-z0-9_-]{1,63}+(?<!-)"
_HOST = rf"{_NAME}(?:\.{_NAME})*+\.?+"
_NUMBER = r"[0-9]++|0[xX][0-9A-Fa-f]*+"


def is_valid_email(email: object) -> bool:
    """Whether *email* is text in the form of an e-mail address; nothing is looked up.

    The domain has a dot in it and is no IP address; before the @ stand at most 64 octets, and no
    quotation marks.  Letters beyond ASCII are good on both sides.

    Examples:
        >>> is_valid_email("first.last+tag@mail.example.co.uk"), is_valid_email("admin@localhost")
        (True, False)
    """
    try:
        found = _match_email(email)
    except TypeError:  # no text; to ask for that first would cost a tenth of a call
        return False
    text: Any = email
    if found is not None:
        # Most are too short for any limit to matter.
        return len(text) <= 64 or _is_within_limits(text)
    return not text.isascii() and _is_international_email(text)


def is_valid_url(url: object) -> bool:
    """Whether *url* is text in the form of an absolute http or https address; nothing is looked up.

    The host is a name (``localhost`` and other names without a dot are good, as is a final dot), an
    IPv4 address in the usual four numbers, or an IPv6 address in brackets.  A port is 0 to 65535.
    There is no white space anywhere, and nothing invisible but the joiners of Persian and of emoji
    behind the host.

    Examples:
        >>> is_valid_url("https://[::1]:8080/health?full=1"), is_valid_url("http://1.2.3.4.5/")
        (True, False)
    """
    if not isinstance(url, str):
        return False
    found = re.fullmatch(_URL, url)
    if found is None:
        return False
    host, ipv6, port = found.groups()
    if port is not None and int(port) > 65535:
        return False
    return _is_ipv6(ipv6) if host is None else _is_host(host)


def _compile_email(email: Any) -> re.Match[str] | None:
    global _match_email  # noqa: PLW0603 - the look-up in re's own cache would cost a third of a call
    _match_email = re.compile(_EMAIL).fullmatch
    return _match_email(email)


_match_email: Callable[[Any], re.Match[str] | None] = _compile_email


def _is_within_limits(email: str) -> bool:
    local, _, domain = email.partition("@")
    labels = domain.split(".")
    return len(email) <= 254 and len(local) <= 64 and max(map(len, labels)) <= 63


def _is_international_email(email: str) -> bool:
    local, at, domain = email.rpartition("@")
    if (
        not at
        or len(email) > 254
        or not _is_visible(local)
        or re.fullmatch(_LOCAL_PART, local) is None
    ):
        return False
    octets = len(local.encode())
    domain = _ascii_domain(domain)
    return octets <= 64 and octets + len(domain) < 254 and _match_email(f"x@{domain}") is not None


def _is_host(host: str) -> bool:
    if not host.isascii():
        host = _ascii_domain(host)
    if re.fullmatch(_HOST, host) is None or len(host.rstrip(".")) > 253:
        return False
    # As browsers read it: a name that ends in a number is an IPv4 address or nothing.
    last = host.rstrip(".").rpartition(".")[2]
    return not last[0].isdigit() or re.fullmatch(_NUMBER, last) is None or _is_ipv4(host)


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and all(
        part.isdigit() and len(part) <= 3 and int(part) <= 255 and (part == "0" or part[0] != "0")
        for part in parts
    )


def _is_ipv6(address: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def _ascii_domain(domain: str) -> str:
    """The domain as the DNS knows it (``xn--...``), or nothing if there is none."""
    # The codec takes quadratic time, and drops what can't be seen.
    if len(domain) > 254 or not _is_visible(domain):
        return ""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_visible(text: str) -> bool:
    # Not printable: controls, formats, separators, surrogates, what no character has been given to.
    return (
        text.isprintable() and re.search("[\u034f\u1806\u180b-\u180d\ufe00-\ufe0f]", text) is None
    )
