from __future__ import annotations

import time
from collections import OrderedDict, UserDict
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import redaction
from pepperpy.infra.utils.redaction import (
    MASK,
    Redactor,
    is_secret_name,
    redact,
    redact_text,
)

SECRET = "hunter2-Zq9"


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *(
                "password",
                "passwd",
                "pwd",
                "db_password",
                "passwordHash",
                "DB-PASSWORD",
                "Passphrase",
            ),
            *("secret", "client_secret", "clientsecret", "secret_name", "AWS_SECRET_ACCESS_KEY"),
            *(
                "credential",
                "credentials",
                "awsCredentials",
                "Authorization",
                "Proxy-Authorization",
            ),
            *(
                "cookie",
                "Set-Cookie",
                "apikey",
                "apiKey",
                "api_key",
                "X-API-Key",
                "APIKey",
                "api_key_2",
            ),
            *("key", "token", "access_token", "authToken", "csrf-token", "token_value", "key_data"),
            *("private_key", "ssh_key", "encryption_key", "api_keys", "refresh_tokens", "auth"),
            *("dbpassword", "accesstoken", "public_key_password", "jwt", "otp", "cvv"),
        ],
    )
    def test_name_of_a_secret_is_known_in_any_spelling(self, name: str) -> None:
        assert is_secret_name(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("primary_key", "cache_key", "public_key", "sort_key", "foreignKey", "PartitionKey"),
            *("key_id", "key_name", "keyCount", "keys", "KeyError", "keyboard", "monkey", "turkey"),
            *("max_tokens", "maxTokens", "token_count", "tokens_used", "tokens", "next_token"),
            *("prompt_tokens", "total_tokens", "token_type", "tokenizer", "page_token"),
            *(
                "secretary",
                "author",
                "auth_method",
                "authority",
                "user",
                "url",
                "passenger",
                "pass",
            ),
            *("compass", "opt", "", "_", "42", "name", "message"),
        ],
    )
    def test_ordinary_name_is_left_alone(self, name: str) -> None:
        assert not is_secret_name(name)

    def test_names_that_were_asked_about_take_bounded_memory(self) -> None:
        mine = Redactor()

        for at in range(10_000):
            mine.is_secret_name(f"field_{at}")

        kept: Any = mine._verdict
        assert kept.cache_info().currsize <= 4096

    @given(st.text())
    def test_any_text_can_be_asked_about(self, name: str) -> None:
        assert is_secret_name(name) in {True, False}


class TestText:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("postgres://ann:hunter2@db:5432/app", "postgres://ann:***@db:5432/app"),
            ("redis://:hunter2@cache/0", "redis://:***@cache/0"),
            ("amqp://u:p@ss:w@rd@host/v", "amqp://u:***@host/v"),
            ("mysql://u:hunt/er2@host", "mysql://u:***@host"),
            ("http://u:12345@host", "http://u:***@host"),
            ("a://u:p@x b://v:q@y", "a://u:***@x b://v:***@y"),
        ],
    )
    def test_password_in_a_url_is_masked(self, text: str, shown: str) -> None:
        assert redact_text(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            "http://host:8080/a?email=ann@example.org",
            "http://host:8080",
            "http://[::1]:80/x@y",
            "https://example.org/@ann",
            "mail to ann@example.org: done",
        ],
    )
    def test_url_without_a_password_is_left_alone(self, text: str) -> None:
        assert redact_text(text) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("GET /x?api_key=abc&page=2", "GET /x?api_key=***&page=2"),
            ("GET /x?key=abc&sort_key=name", "GET /x?key=***&sort_key=name"),
            ("https://h/cb?a=1&access_token=abc#top", "https://h/cb?a=1&access_token=***"),
        ],
    )
    def test_secret_query_parameter_is_masked(self, text: str, shown: str) -> None:
        assert redact_text(text) == shown

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("password=hunter2", "password=***"),
            ("Server=db;Password=hunter2;Port=1", "Server=db;Password=***;Port=1"),
            ("password = 'hunter two', x=1", "password = '***', x=1"),
            ('{"password": "hun\\"ter2", "a": 1}', '{"password": "***", "a": 1}'),
            ("{'api_key': 'hunter2', 'a': 1}", "{'api_key': '***', 'a': 1}"),
            ("{'pin': 1, b'password': b'hunter2'}", "{'pin': 1, b'password': b'***'}"),
            (
                '{\\"password\\": \\"hunter2\\", \\"a\\": 1}',
                '{\\"password\\": \\"***\\", \\"a\\": 1}',
            ),
            ("token: hunter2 was refused", "token: *** was refused"),
            ("the api key: hunter2", "the api key: ***"),
            ("Config(password='hunter2', port=1)", "Config(password='***', port=1)"),
            ("credentials={'u': ['a', 'b']}, n=1", "credentials=***, n=1"),
            ("password='never closed", "password='***"),
            ("password => hunter2", "password => ***"),
            (
                "Authorization: Digest username=ann, response=abc\nHost: h",
                "Authorization: ***\nHost: h",
            ),
            ("Cookie: a=b; c=d", "Cookie: ***"),
            (
                "curl -H 'Authorization: Bearer abc' http://h",
                "curl -H 'Authorization: ***' http://h",
            ),
        ],
    )
    def test_value_after_a_secret_name_is_masked(self, text: str, shown: str) -> None:
        assert redact_text(text) == shown

    @pytest.mark.parametrize(
        "secret",
        [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_" + "a1B2" * 9,
            "github_pat_" + "a1B2" * 9,
            "xoxb-123456789012-abcdef",
            "sk_live_" + "a1B2" * 6,
            "sk-proj-" + "a1B2" * 9,
            "AIza" + "a1B2c" * 7,
            "glpat-" + "a1B2" * 5,
            "npm_" + "a1B2" * 9,
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP",
        ],
    )
    @pytest.mark.parametrize("around", ["got {}", "{}", "<{}>", "x '{}', y", "a.b/{}/c"])
    def test_token_of_a_known_look_is_masked_wherever_it_stands(
        self, secret: str, around: str
    ) -> None:
        assert redact_text(around.format(secret)) == around.format(MASK)

    def test_bearer_token_is_masked_without_a_header_name(self) -> None:
        assert redact_text("sent Bearer abc123def456 twice") == "sent Bearer *** twice"

    def test_private_key_is_masked_whole_and_also_when_cut_off(self) -> None:
        key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc+/=\n"

        whole = redact_text(f"x {key}-----END RSA PRIVATE KEY----- y")

        assert whole == "x -----BEGIN RSA PRIVATE KEY-----*** y"
        assert redact_text(key) == "-----BEGIN RSA PRIVATE KEY-----***"

    @pytest.mark.parametrize(
        "text",
        [
            "hello 1",
            "the bearer of good news",
            "cache key: user:1",
            "KeyError: 'name'",
            "max_tokens=100, tokens: 5",
            "password=None, secret: null",
            "Unexpected token: '<'",
            "at 12:30:59 C:\\x",
            "asking sk-learn and eyJ and AKIA",
            "a passing author: Ann",
        ],
    )
    def test_ordinary_text_is_the_same_object(self, text: str) -> None:
        assert redact_text(text) is text

    @given(st.text())
    def test_masking_twice_changes_nothing_more(self, text: str) -> None:
        once = redact_text(text)

        assert redact_text(once) == once

    @given(
        st.sampled_from(
            ["password=", '{"token": "', "x://u:", "?secret=", "Authorization: Bearer "]
        ),
        st.text(max_size=20).filter(lambda text: not text or text[-1].isspace()),
    )
    def test_secret_is_masked_whatever_stands_before_it(self, opening: str, before: str) -> None:
        assert SECRET not in redact_text(f"{before}{opening}{SECRET}@h")


class TestLinearTime:
    @pytest.mark.parametrize(
        "unit",
        [
            *("a", "a ", "a:", "a=", "-", "\\", "_", " ", "=:", "a.b-"),
            *(
                "password=",
                "password='",
                'password="',
                "password={",
                "password=('",
                "password ",
                "key: ",
            ),
            *("api key: ", "Authorization: ", "password=\\", 'password=\\"a', 'token \\"'),
            *("://a:", "://a:a@", "://", ":@", "://:@", "://a:b@b"),
            *(
                "-----BEGIN PRIVATE KEY-----",
                "-----BEGIN ",
                "eyJ-",
                "-eyJ",
                "eyJa.eyJa.",
                "eyJaaaaaa.",
            ),
            *("sk-", "xoxb-", "bearer ", "Bearer a", "AKIA", "github_pat_", "ghp_", "AIza"),
        ],
    )
    def test_a_megabyte_of_a_hostile_text_costs_time_in_proportion(self, unit: str) -> None:
        def cost(size: int) -> float:
            # The end makes sure that no part of the work is skipped as needless.
            text = unit * (size // len(unit)) + " token: x ghp_"
            begin = time.process_time()
            redact_text(text)
            return time.process_time() - begin

        # Linear is 16; quadratic would be 256, and take minutes for the larger one.
        assert cost(1 << 20) < 48 * max(cost(1 << 16), 0.004)


class Pair(NamedTuple):
    user: str
    note: str


class TestValues:
    def test_secrets_are_masked_by_key_at_any_depth(self) -> None:
        value = {"a": [{"b": ({"api_key": SECRET},)}], b"password": SECRET}

        assert redact(value) == {"a": [{"b": ({"api_key": MASK},)}], b"password": MASK}

    def test_everything_under_a_secret_key_is_masked(self) -> None:
        assert redact({"credentials": {"user": "ann", "n": [1]}, "pwd": 1234}) == {
            "credentials": MASK,
            "pwd": MASK,
        }

    @pytest.mark.parametrize("value", [None, True, False, ""])
    def test_that_a_secret_is_not_set_stays_visible(self, value: object) -> None:
        assert redact({"password": value}) == {"password": value}

    def test_secrets_are_masked_by_their_look_under_any_key(self) -> None:
        url = "postgres://ann:pw@db"

        assert redact({"dsn": url, "l": [url], "s": {url}, "b": b"password=pw"}) == {
            "dsn": "postgres://ann:***@db",
            "l": ["postgres://ann:***@db"],
            "s": {"postgres://ann:***@db"},
            "b": b"password=***",
        }

    def test_headers_as_pairs_are_masked(self) -> None:
        headers = [(b"cookie", b"id=1"), (b"host", b"h"), ("Authorization", "x")]

        assert redact(headers) == [(b"cookie", MASK), (b"host", b"h"), ("Authorization", MASK)]

    def test_nothing_is_changed_in_the_value(self) -> None:
        inner = {"password": SECRET}
        value = {"inner": [inner]}

        copy = redact(value)

        assert value == {"inner": [{"password": SECRET}]}
        assert value["inner"][0] is inner
        assert copy["inner"] is not value["inner"]

    def test_types_of_containers_are_kept(self) -> None:
        value = [Pair("ann", "x"), (1,), {1}, frozenset({2}), bytearray(b"x"), OrderedDict(a=1)]

        copy = redact(value)

        assert copy == value
        assert [type(item) for item in copy] == [Pair, tuple, set, frozenset, bytearray, dict]

    def test_other_mappings_become_dicts(self) -> None:
        assert redact(UserDict(password=SECRET, a=1)) == {"password": MASK, "a": 1}

    def test_objects_stay_the_same_objects(self) -> None:
        thing = object()

        assert redact({"thing": thing})["thing"] is thing

    def test_cycles_are_kept(self) -> None:
        value: dict[str, Any] = {"password": SECRET, "list": []}
        value["self"] = value
        value["list"].append(value["list"])

        copy = redact(value)

        assert copy["self"] is copy
        assert copy["list"][0] is copy["list"]
        assert copy["password"] == MASK

    def test_cycle_through_a_tuple_ends(self) -> None:
        items: list[Any] = []
        value = (items,)
        items.append(value)

        assert redact(value) == (["<cycle>"],)

    def test_hostile_depth_ends_in_a_mark(self) -> None:
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]

        copy = redact(value)

        for _ in range(redaction._DEPTH_LIMIT):
            copy = copy[0]
        assert copy == redaction._TOO_DEEP

    def test_shared_parts_are_copied_once(self) -> None:
        value: list[Any] = ["x"]
        for _ in range(60):
            value = [value, value]

        copy = redact(value)

        assert copy[0] is copy[1]

    ordinary = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("abc "),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner) | st.tuples(inner),
    )

    @given(ordinary)
    def test_values_without_secrets_come_back_equal(self, value: object) -> None:
        assert redact(value) == value


class TestRedactor:
    def test_own_names_are_added_to_the_built_in_ones(self) -> None:
        mine = Redactor(names=["tax_id"])

        assert mine.is_secret_name("customerTaxId")
        assert mine.is_secret_name("password")
        assert not mine.is_secret_name("tax_identity")
        assert mine.redact_text("tax-id: 123, n: 1") == "tax-id: ***, n: 1"

    def test_own_patterns_are_masked_everywhere(self) -> None:
        mine = Redactor(patterns=[r"ACC-\d+"])

        assert mine.redact({"note": "see ACC-77"}) == {"note": "see ***"}

    def test_kept_names_are_never_secret(self) -> None:
        mine = Redactor(keep=["key"])

        assert mine.redact({"key": "user:1", "api_key": "x"}) == {"key": "user:1", "api_key": MASK}

    def test_mask_can_be_chosen_and_is_taken_as_it_stands(self) -> None:
        mine = Redactor(patterns=["xyz"], mask=r"[\g<0>]")

        assert mine.redact_text("xyz password=pw") == r"[\g<0>] password=[\g<0>]"

    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError, match="make a new one"):
            Redactor().mask = "x"

    @pytest.mark.parametrize("option", ["names", "patterns", "keep"])
    def test_one_string_in_place_of_several_is_refused(self, option: str) -> None:
        with pytest.raises(TypeError, match=f"{option} takes several"):
            Redactor(**{option: "tax_id"})  # type: ignore[arg-type]

    def test_repr_names_the_own_rules(self) -> None:
        assert repr(Redactor(names=["tax_id"])) == "Redactor(names=['tax_id'], patterns=0)"
