from __future__ import annotations

import json
import time
from collections import OrderedDict, UserDict
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils.redaction import (
    MASK,
    Redactor,
    _values,
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
            *("secret", "client_secret", "clientsecret", "AWS_SECRET_ACCESS_KEY"),
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
            *("pass", "db_pass", "SMTP_PASS", "userPass", "pass_hex", "pw", "db_pw", "pswd"),
            *("sessionid", "session_id", "PHPSESSID", "sid", "csrf", "xsrf", "csrftoken"),
            *("credit_card", "card_number", "pin_code", "mfa_code", "recovery_code", "auth_code"),
            *("auth_header", "privkey", "bearer", "connection_string", "X-Amz-Signature"),
            *("x-goog-signature", "stripe_key", "AccountKey", "token_2", "password_reset_token"),
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
            ),
            *("compass", "opt", "", "_", "42", "name", "message", "bypass", "passed", "first_pass"),
            *("missing_key", "redis_key", "file_key", "search_key", "task_key", "user_key"),
            *("feature_key", "new_key", "duplicate_key", "range_key", "publishable_key", "s3_key"),
            *("sync_token", "account_sid", "sig", "status_code"),
        ],
    )
    def test_ordinary_name_is_left_alone(self, name: str) -> None:
        assert not is_secret_name(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("password_policy", "password_strength", "password_changed_at", "cookie_count"),
            *("password_reset_requested", "cookie_domain", "secret_name", "secret_version"),
            *("secret_arn", "api_key_name", "jwt_alg"),
        ],
    )
    def test_name_of_something_about_a_secret_is_left_alone(self, name: str) -> None:
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
        "text",
        [
            "password = SecretStr('{}')",
            "Login(password=Password(value='{}'), n=1)",
            'password=["a]{}"]',
            '{"password": {"x": "}}{}"}}',
            '{\\"password\\": {\\"x\\": \\"}}{}\\"}}',
            "password=r'{}'",
            'password=Rb"{}"',
            'password="""a "quoted" {}"""',
            "password='a' '{}'",
            "password='it''s {}'",
            "password=None or '{}'",
            "password=abc,{}",
            "password=abc<def>{}",
            "password=<Secret {}>",
            "password=a(b){}",
            "password=a)b{}",
            "password=abc\\{}",
            "password=it's-{}",
            "password := '{}'",
            "password: str = '{}'",
            "password: Optional[str] = '{}'",
            "password: str | None = '{}'",
            'config["password"]="{}"',
            'get("DB_PASSWORD","{}")',
            "(b'authorization', b'Basic {}')",
            '["--password", "{}"]',
            "run --password {} now",
            "run --db-password={} now",
            "pass={}",
            "the session id: {}",
            "token: Bearer {}",
            "GET /?sig={}&se=1",
            "GET /?X-Amz-Signature={}",
            'Cookie: a="b"; c={}',
            "Cookie: a=it's; c={}",
            '{"header": "Cookie: a=\\"b\\"; c={}"}',
            'Authorization: Digest username="ann", response="{}"',
            "<password>{}</password>",
            "body=password%3D{}",
        ],
    )
    def test_whole_value_is_masked_however_it_is_written(self, text: str) -> None:
        shown = redact_text(text.replace("{}", SECRET))

        assert SECRET not in shown
        assert MASK in shown
        assert redact_text(shown) == shown

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Login(password=a(b), n=1) ok", "Login(password=***, n=1) ok"),
            ('"password=\'x\' ", "n"', '"password=\'***\' ", "n"'),
            ('{"q": "password=\\"x\\"", "n": 1}', '{"q": "password=\\"***\\"", "n": 1}'),
            ('GET "/?token=abc" 200', 'GET "/?token=***" 200'),
            ("f(token=abc). Then more", "f(token=***). Then more"),
            ("('password', 'x', 3)", "('password', '***', 3)"),
            ('{"h": "Cookie: a=\\"b\\"", "n": 1}', '{"h": "Cookie: ***", "n": 1}'),
            ("basic: Basic YW5uOmh1bnRlcg== n", "basic: Basic *** n"),
        ],
    )
    def test_what_stands_after_the_value_stays(self, text: str, shown: str) -> None:
        assert redact_text(text) == shown

    @pytest.mark.parametrize("depth", [1, 2, 3, 4])
    def test_secret_is_masked_in_json_within_json(self, depth: int) -> None:
        def wrapped(secret: str) -> str:
            text = json.dumps({"password": secret, "n": 1})
            for _ in range(depth):
                text = json.dumps({"body": text})
            return text

        assert redact_text(wrapped(SECRET)) == wrapped(MASK)

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
            "hf_" + "a1B2" * 9,
            "ya29." + "a1B2" * 9,
            "SG." + "a1B2" * 5 + "." + "a1B2" * 9,
            "xapp-1-" + "a1B2" * 5,
            "pypi-" + "a1B2" * 9,
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP",
        ],
    )
    @pytest.mark.parametrize("around", ["got {}", "{}", "<{}>", "x '{}', y", "a.b/{}/c"])
    def test_token_of_a_known_look_is_masked_wherever_it_stands(
        self, secret: str, around: str
    ) -> None:
        assert redact_text(around.format(secret)) == around.format(MASK)

    def test_webhook_secret_is_masked_with_its_slashes(self) -> None:
        assert redact_text("got whsec_a1B2a1B2+a1B2/a1B2a1B2= now") == "got *** now"

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
            "GET /keys?key=user:1&page=2",
            '{"token": 5}',
            "token=12",
            "cookies: 3 found",
            "loaded credentials: 2",
            "password: required",
            "jwt: expired",
            "API key: missing",
            "shop.api_key: is missing; set PEPPERPY_SHOP_API_KEY",
            "password: must be at least 8 characters",
            "token: input should be a valid string",
            "Basic authentication is used here",
            "sk-learn-is-a-very-long-hyphenated-name",
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
            *("password=a(", "password='a' ", "password: str = ", "password=a\\", "password=a'"),
            *("password=a,", "password=a)", "password=<", 'password=\\"x\\"', "password=(a)(b)"),
            *("'password', ", "'password','a',", "--password ", "--", "password='''", "password]"),
            *('Cookie: a="', "cookie=\\", "<password>", "<password>a</", "?key=a", "?sig=a&"),
            *("Basic YTpi ", "sk-a", "SG.", "SG.aaaaaaaaaaaaaaaa.", "password: required ", "a1_"),
            "password: is ",
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


class Login(NamedTuple):
    user: str
    password: str


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

    def test_fields_of_named_tuples_are_judged_by_name(self) -> None:
        assert redact({"login": Login("ann", SECRET)}) == {"login": Login("ann", MASK)}

    def test_pairs_of_a_secret_name_and_a_value_are_masked(self) -> None:
        pairs = [("password", SECRET), ["X-Auth-Token", SECRET], (b"api_key", b"x"), ("n", 1)]

        shown = redact(pairs)

        assert shown == [("password", MASK), ["X-Auth-Token", MASK], (b"api_key", MASK), ("n", 1)]

    def test_two_texts_are_no_pair_if_the_first_is_no_name(self) -> None:
        value = ["your password expired", "ann"]

        assert redact(value) == value

    def test_secrets_in_keys_are_masked_and_no_item_is_lost(self) -> None:
        value = {"db://u:a@h": 1, "db://u:b@h": 2, b"db://u:c@h": 3}

        assert redact(value) == {"db://u:***@h": 1, "db://u:***@h_": 2, b"db://u:***@h": 3}

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

        for _ in range(_values.DEPTH_LIMIT):
            copy = copy[0]
        assert copy == _values.TOO_DEEP

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

    def test_numbers_in_own_names_count(self) -> None:
        mine = Redactor(names=["field_55", "iso8583"])

        asked = ["field_55", "field55", "iso8583", "text_field", "field_1", "iso_code"]

        assert [name for name in asked if mine.is_secret_name(name)] == asked[:3]
        assert mine.redact_text("field_55=x field_1=y") == "field_55=*** field_1=y"

    def test_pattern_of_bytes_is_refused(self) -> None:
        patterns: Any = [b"abc"]

        with pytest.raises(TypeError, match="patterns must be text"):
            Redactor(patterns=patterns)

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
