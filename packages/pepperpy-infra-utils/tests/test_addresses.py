"""`is_valid_email` and `is_valid_url`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import is_valid_email, is_valid_url

EMAILS = [
    "user@example.com",
    "first.last+tag@mail.example.co.uk",
    "o'hara@example.ie",
    "a!#$%&'*+/=?^_`{|}~-z@example.com",
    "a@b.c",
    "a@1.com",
    "USER@EXAMPLE.COM",
    "x" * 64 + "@example.com",
    "a@" + "b" * 63 + ".com",
    "a@xn--r8jz45g.xn--zckzah",
    "a@x.c-d",
    "josé@example.com",
    "用户@例え.jp",
    "a@straße.de",
    "ü" * 32 + "@example.com",
    "ab@" + "b." * 124 + "com",
    "ü@" + "b." * 124 + "com",
]
NO_EMAILS = {
    "empty": "",
    "no at": "nope",
    "only at": "@",
    "no domain": "a@",
    "no local part": "@example.com",
    "no dot in the domain": "admin@localhost",
    "two ats": "a@b@example.com",
    "space before": "a b@example.com",
    "space after": "a@exam ple.com",
    "newline at the end": "user@example.com\n",
    "newline inside": "user@example\n.com",
    "carriage return": "user@example.com\r",
    "NUL": "user\0@example.com",
    "dot first": ".a@example.com",
    "dot last": "a.@example.com",
    "two dots": "a..b@example.com",
    "two dots in the domain": "a@example..com",
    "dot at the end": "a@example.com.",
    "dot at the start of the domain": "a@.example.com",
    "hyphen first": "user@-bad.com",
    "hyphen last": "user@bad-.com",
    "hyphen in front of the top": "user@bad.-com",
    "underscore in the domain": "a@b_c.com",
    "IP address": "a@127.0.0.1",
    "IP literal": "a@[127.0.0.1]",
    "IPv6 literal": "a@[IPv6:::1]",
    "fullwidth IP address": "a@\uff11\uff12\uff17.0.0.1",
    "top of digits": "a@example.123",
    "quoted": '"a b"@example.com',
    "comment": "a(comment)@example.com",
    "display name": "A <a@example.com>",
    "65 octets before the at": "x" * 65 + "@example.com",
    "66 octets in 33 letters": "ü" * 33 + "@example.com",
    "long label": "a@" + "b" * 64 + ".com",
    "255 characters": "a@" + "b." * 125 + "com",
    "255 octets": "ün@" + "b." * 124 + "com",
    "lone surrogate": "a\ud800@example.com",
    "lone surrogate in the domain": "a@ex\ud800.com",
    "invisible direction mark": "a\u202e@example.com",
    "no-break space": "a\xa0b@example.com",
    "slash out of a compatibility letter": "a@ex℀mple.com",
    "zero-width space last": "a@b.com\u200b",
    "soft hyphen in the domain": "a@b\u00ad.com",
    "direction mark in the domain": "a@b\u202e.com",
    "variation selector in the domain": "a@b.com\ufe0f",
    "combining grapheme joiner": "a\u034f@b.com",
}
URLS = [
    "http://example.com",
    "https://example.com/",
    "HTTPS://EXAMPLE.COM",
    "https://example.com/a/b?q=1#f",
    "https://example.com?q=1",
    "https://example.com#f",
    "http://localhost",
    "http://localhost:8080/x",
    "http://redis:6379",
    "http://my_service:8000/",
    "http://user:pw@host.example:8080/x",
    "http://user@host.example",
    "http://@host.example",
    "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com",
    "http://127.0.0.1",
    "http://0.0.0.0:0",
    "http://255.255.255.255:65535/",
    "http://[::1]",
    "https://[::1]/",
    "http://[2001:db8::ff00:42:8329]:443/x",
    "http://[::ffff:192.0.2.1]",
    "http://example.com.",
    "http://1337.net",
    "http://a.b-c.de",
    "http://web1",
    "http://x.1a",
    "http://例え.jp/ü?ö=ä#ß",
    "http://straße.de:80",
    "http://xn--r8jz45g.jp",
    "http://example.com/%20%zz",
    "http://example.com/(a)_[b]|{c}",
    "http://example.com/:@//?::@#?#",
    "http://fa.example/می\u200cروم",
    "http://example.com/❤\ufe0f/👩\u200d🔬",
]
NO_URLS = {
    "empty": "",
    "no scheme": "example.com",
    "no scheme, two slashes": "//example.com",
    "another scheme": "ftp://example.com",
    "javascript": "javascript:alert(1)",
    "one slash": "http:/example.com",
    "no host": "http://",
    "no host, a path": "http:///x",
    "no host, a query": "http://?x",
    "no host, a port": "http://:80",
    "no host, a user": "http://user@",
    "two users": "http://a@b@example.com",
    "host after a backslash": "http://example.com\\@evil.example",
    "only a dot": "http://.",
    "two dots": "http://a..b",
    "dot first": "http://.example.com",
    "two dots last": "http://example.com..",
    "hyphen first": "http://-a.com",
    "hyphen last": "http://a-.com",
    "long label": "http://" + "a" * 64,
    "long host": "http://" + "a." * 126 + "aa",
    "five numbers": "http://1.2.3.4.5",
    "three numbers": "http://1.2.3",
    "one number": "http://3628126748",
    "number too large": "http://1.2.3.256",
    "octal number": "http://127.0.0.010",
    "hexadecimal number": "http://0x7f.0x0.0x0.0x1",
    "hexadecimal address": "http://0x7f000001",
    "address with a dot": "http://1.2.3.4.",
    "bracket left open": "http://[::1",
    "bracket never opened": "http://::1]",
    "empty brackets": "http://[]",
    "IPv6 without brackets": "http://::1/",
    "bad IPv6": "http://[1::2::3]",
    "IPv6 of five digits": "http://[12345::]",
    "IPv6 zone": "http://[fe80::1%25eth0]",
    "IPv4 in brackets": "http://[127.0.0.1]",
    "text after brackets": "http://[::1]x",
    "port 65536": "http://a:65536",
    "port 99999": "http://a:99999",
    "six digits": "http://a:000080",
    "empty port": "http://a:/",
    "empty port at the end": "http://a:",
    "port of letters": "http://a:http",
    "negative port": "http://a:-1",
    "port in other digits": "http://a:٨٠",
    "two ports": "http://a:1:2",
    "percent in the host": "http://ex%61mple.com",
    "space first": " http://example.com",
    "space last": "http://example.com ",
    "space in the path": "http://example.com/a b",
    "space in the host": "http://exam ple.com",
    "space in the user": "http://a b@example.com",
    "newline last": "http://example.com\n",
    "newline in the path": "http://example.com/\n",
    "tab": "http://example.com/\t",
    "NUL": "http://example.com/\0",
    "delete": "http://example.com/\x7f",
    "C1 control": "http://example.com/\x85",
    "no-break space": "http://example.com/\xa0",
    "line separator": "http://example.com/\u2028",
    "lone surrogate": "http://example.com/\ud800",
    "lone surrogate in the host": "http://ex\ud800.com",
    "slash out of a compatibility letter": "http://ex℀mple.com",
    "unicode dots": "http://a。。b",
    "zero-width space in the host": "http://exa\u200bmple.com/",
    "soft hyphen in the host": "http://exa\u00admple.com/",
    "variation selector in the host": "http://example\ufe0f.com/",
    "joiner in the host": "http://exam\u200dple.com/",
    "direction override in the path": "http://a/\u202etxt",
    "direction isolate in the user": "http://a\u2066b@example.com/",
    "zero-width space in the path": "http://a/b\u200bc",
    "byte order mark in the path": "http://a/\ufeff",
    "invisible tag in the path": "http://a/\U000e0041",
}
HOSTILE = ["a" * 500_000, "a." * 250_000, "-" * 500_000, "@" * 500_000, "1." * 250_000, "ü" * 500_000,
           "%" * 500_000, ":" * 500_000, "[" * 500_000, "a@" * 250_000, "ü." * 250_000, "a-" * 250_000]  # fmt: skip
NO_TEXT = [None, 5, b"user@example.com", b"http://example.com", ["user@example.com"], object()]
PARTS = st.lists(
    st.sampled_from(
        ["http://", "https://", "a", "example", ".com", ".", "@", ":", "/", "?", "#", "[", "]", "::1", "80",
         "65536", "1.2.3.4", "-", "_", "%", "%20", "ü", "例", "\ud800", "\n", " ", "\0", "xn--", "。", "℀"],
    ),
    max_size=12,
).map("".join)  # fmt: skip


class TestIsValidEmail:
    @pytest.mark.parametrize("email", EMAILS)
    def test_accepts(self, email):
        assert is_valid_email(email) is True

    @pytest.mark.parametrize("what", NO_EMAILS)
    def test_refuses(self, what):
        assert is_valid_email(NO_EMAILS[what]) is False

    @pytest.mark.parametrize("value", NO_TEXT)
    def test_what_is_no_text_is_no_address(self, value):
        assert is_valid_email(value) is False

    @given(text=st.text() | PARTS)
    def test_never_raises_and_gives_exactly_a_bool(self, text):
        assert is_valid_email(text) in (True, False)
        assert type(is_valid_email(text)) is bool

    @given(local=st.from_regex(r"[a-z0-9+_-]{1,64}", fullmatch=True))
    def test_plain_letters_before_the_at_are_always_good(self, local):
        assert is_valid_email(f"{local}@example.com")

    @pytest.mark.timeout(10)  # linear: milliseconds each; quadratic: minutes
    @pytest.mark.parametrize("size", range(len(HOSTILE)))
    def test_takes_linear_time(self, size):
        text = HOSTILE[size]

        for hostile in (text, "a@" + text, text + "@example.com", text + "@" + text, text + " "):
            assert is_valid_email(hostile) is False


class TestIsValidUrl:
    @pytest.mark.parametrize("url", URLS)
    def test_accepts(self, url):
        assert is_valid_url(url) is True

    @pytest.mark.parametrize("what", NO_URLS)
    def test_refuses(self, what):
        assert is_valid_url(NO_URLS[what]) is False

    @pytest.mark.parametrize("value", NO_TEXT)
    def test_what_is_no_text_is_no_address(self, value):
        assert is_valid_url(value) is False

    @given(text=st.text() | PARTS)
    def test_never_raises_and_gives_exactly_a_bool(self, text):
        for url in (
            text,
            f"http://{text}",
            f"http://{text}/",
            f"http://[{text}]",
            f"http://a:{text}",
        ):
            assert type(is_valid_url(url)) is bool

    @given(port=st.integers(-10, 100_000))
    def test_ports_are_0_to_65535(self, port):
        assert is_valid_url(f"http://localhost:{port}") is (0 <= port <= 65535)

    @given(address=st.ip_addresses(v=4))
    def test_every_ipv4_address_is_a_host(self, address):
        assert is_valid_url(f"http://{address}/")

    @given(address=st.ip_addresses(v=6))
    def test_every_ipv6_address_in_brackets_is_a_host(self, address):
        assert is_valid_url(f"http://[{address}]:80/")

    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("size", range(len(HOSTILE)))
    def test_takes_linear_time(self, size):
        text = HOSTILE[size]

        for hostile in (
            text,
            "http://" + text,
            f"http://{text}@{text}",
            f"http://a:{text}",
            f"http://[{text}]",
        ):
            assert is_valid_url(hostile) is False
        assert is_valid_url(f"http://a/{text} ") is False
