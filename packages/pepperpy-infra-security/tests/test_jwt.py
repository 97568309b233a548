"""Tokens: what is accepted, and everything that must not be."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.server
import json
import pickle
import threading
import traceback
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from joserfc import jwk, jws

from pepperpy.infra.security import (
    AuthenticationError,
    AuthType,
    Credential,
    ExpiredTokenError,
    InvalidSettingError,
    InvalidTokenError,
    JWKSClient,
    JWTAuthenticator,
    JWTKey,
    JWTSigner,
    JWTVerifier,
    KeySetError,
    PermissionLevel,
    SecurityManager,
)
from pepperpy.infra.utils import FakeClock

SECRET = b"a secret of thirty-two bytes ..."
NOW = 1_000_000_000
ISSUER, AUDIENCE = "https://issuer.example", "api"


@cache
def made(kind: str, size: int | str):
    """A private key; making one takes long."""
    kinds = {"RSA": jwk.RSAKey, "EC": jwk.ECKey, "OKP": jwk.OKPKey}
    return kinds[kind].generate_key(size)


def material(algorithm: str):
    if algorithm.startswith("HS"):
        return SECRET * 2
    if algorithm[:2] in {"RS", "PS"}:
        return made("RSA", 2048).as_pem(private=True)
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    if algorithm in {"EdDSA", "Ed25519"}:
        return made("OKP", "Ed25519").as_pem(private=True)
    return made("EC", curves[algorithm]).as_pem(private=True)


def b64(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: object, *, key=SECRET, header: dict | None = None) -> str:
    """A token with a right signature and whatever claims and header."""
    head = {"alg": "HS256", **(header or {})}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    import hashlib
    import hmac

    text = f"{b64(head)}.{b64(payload)}"
    return f"{text}.{b64(hmac.digest(key, text.encode(), hashlib.sha256))}"


GOOD = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60, "sub": "ann"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(wall=NOW)


@pytest.fixture
def verifier(clock) -> JWTVerifier:
    return JWTVerifier(JWTKey("HS256", SECRET), issuer=ISSUER, audience=AUDIENCE, clock=clock)


def problem(verifier: JWTVerifier, presented: object) -> str:
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(presented)  # type: ignore[arg-type]
    return caught.value.problem


class TestRoundTrip:
    @pytest.mark.parametrize(
        "algorithm",
        [
            "HS256",
            "HS384",
            "HS512",
            "RS256",
            "PS384",
            "ES256",
            "ES384",
            "ES512",
            "EdDSA",
            "Ed25519",
        ],
    )
    def test_what_is_signed_is_verified_by_the_same_key_and_no_other(
        self, clock, algorithm
    ) -> None:
        key = JWTKey(algorithm, material(algorithm), key_id="k1")
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": clock}
        signer = JWTSigner(key, expires_in=timedelta(minutes=1), **options)

        signed = signer.sign({"role": "reader"}, subject="ann")
        claims = JWTVerifier(key, **options).verify(signed)

        assert (claims["sub"], claims["role"], claims["exp"]) == ("ann", "reader", NOW + 60)
        assert claims["jti"] != JWTVerifier(key, **options).verify(signer.sign())["jti"]
        other = JWTKey("HS256", b"another secret of 32 bytes .....")
        assert "no key" in problem(JWTVerifier(other, **options), signed) or algorithm == "HS256"

    def test_a_public_key_verifies_what_the_private_one_signed(self, clock) -> None:
        private = made("EC", "P-256")
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": clock}
        signed = JWTSigner(
            JWTKey("ES256", private.as_pem(private=True)), expires_in=60, **options
        ).sign()

        for public in (private.as_pem(private=False), private.as_dict(private=False)):
            assert JWTVerifier(JWTKey("ES256", public), **options).verify(signed)["iss"] == ISSUER

    def test_the_signer_sets_its_claims_itself(self, clock) -> None:
        signer = JWTSigner(
            JWTKey("HS256", SECRET), issuer="i", audience="a", expires_in=60, clock=clock
        )

        for name in ("iss", "aud", "exp", "iat", "jti"):
            with pytest.raises(InvalidSettingError, match=name):
                signer.sign({name: 1})
        with pytest.raises(ValueError, match="JSON"):
            signer.sign({"x": float("nan")})


class TestKeys:
    @pytest.mark.parametrize("algorithm", ["none", "None", "", None, "HS1", "ES256K", "RS256 "])
    def test_none_and_what_is_not_known_is_no_algorithm(self, algorithm) -> None:
        with pytest.raises(InvalidSettingError, match="algorithm must be one of"):
            JWTKey(algorithm, SECRET)

    def test_a_public_key_is_no_shared_secret(self) -> None:
        for pem in (
            made("RSA", 2048).as_pem(private=False),
            made("EC", "P-256").as_pem(private=False),
        ):
            for text in (pem, pem.decode(), b"\n" + pem):
                with pytest.raises(InvalidSettingError, match="no key for HS256"):
                    JWTKey("HS256", text)
        with pytest.raises(InvalidSettingError):
            JWTKey("HS256", made("RSA", 2048).as_dict(private=False))

    @pytest.mark.filterwarnings("error")
    def test_no_key_of_another_kind_is_a_shared_secret_in_whatever_form(self) -> None:
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

        for private in (
            rsa.generate_private_key(65537, 2048),
            ec.generate_private_key(ec.SECP256R1()),
            ed25519.Ed25519PrivateKey.generate(),
        ):
            public = private.public_key()
            der = public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
            ssh = public.public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
            forms = [der, b64encode(der), b"\n" + b64encode(der), ssh, b" " + ssh]
            forms.append(
                private.private_bytes(
                    form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()
                )
            )
            for text in forms:
                for given in (text, {"kty": "oct", "k": urlsafe_b64encode(text).decode()}):
                    with pytest.raises(InvalidSettingError, match="another kind"):
                        JWTKey("HS256", given)
        for key in (made("RSA", 2048), made("EC", "P-256")):
            with pytest.raises(InvalidSettingError, match="another kind"):
                JWTKey("HS256", json.dumps(key.as_dict(private=False)))

    def test_a_shared_secret_may_be_any_other_bytes(self) -> None:
        for start in (b"{", b"0", b"ssh", b"MIIB"):
            JWTKey("HS256", start + SECRET)
            JWTKey("HS256", (start + SECRET).decode())

    def test_a_secret_that_has_no_bytes_is_refused_and_not_on_the_error(self) -> None:
        with pytest.raises(InvalidSettingError) as caught:
            JWTKey("HS256", "\ud800" * 40)
        assert caught.value.__context__ is None

    def test_an_id_that_is_no_text_is_refused(self) -> None:
        with pytest.raises(InvalidSettingError, match="key_id must be text"):
            JWTKey("HS256", SECRET, key_id=7)
        with pytest.raises(InvalidSettingError):
            JWTKey("ES256", {**made("EC", "P-256").as_dict(private=False), "kid": 7})

    def test_a_public_one_signs_nothing(self) -> None:
        public = JWTKey("ES256", made("EC", "P-256").as_dict(private=False))

        with pytest.raises(InvalidSettingError, match="public"):
            JWTSigner(public, issuer=ISSUER, audience=AUDIENCE, expires_in=60)

    @pytest.mark.parametrize(
        ("algorithm", "key"),
        [
            *(("HS256", SECRET[:-1]), ("HS512", SECRET), ("RS256", SECRET), ("HS256", 7)),
            *(("HS256", b""), ("RS256", b"-----BEGIN PUBLIC KEY-----\nswordfish"), ("ES256", {})),
        ],
    )
    def test_a_weak_or_wrong_one_is_refused_and_not_shown(self, algorithm, key) -> None:
        with pytest.raises(InvalidSettingError, match=f"no key for {algorithm}") as caught:
            JWTKey(algorithm, key)
        assert "swordfish" not in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_a_curve_or_use_or_algorithm_of_its_own_must_fit(self) -> None:
        public = made("EC", "P-256").as_dict(private=False)

        for wrong in ({"alg": "ES384"}, {"use": "enc"}):
            with pytest.raises(InvalidSettingError):
                JWTKey("ES256", {**public, **wrong})
        with pytest.raises(InvalidSettingError, match="curve must be P-384"):
            JWTKey("ES384", public)

    @pytest.mark.filterwarnings("ignore:Key size should be")
    def test_rsa_needs_2048_bits(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        small = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - it is refused
        pem = small.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

        with pytest.raises(InvalidSettingError, match="2048 bits"):
            JWTKey("RS256", pem)

    def test_are_not_shown_and_not_pickled(self) -> None:
        key = JWTKey("HS256", SECRET, key_id="k")

        assert repr(key) == "<JWTKey 'k' for HS256>"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(key)


class TestForgeries:
    def test_an_unsigned_token_is_refused_however_none_is_written(self, verifier) -> None:
        for name in ("none", "None", "NONE", "nOnE", ""):
            for signature in ("", b64(b"x")):
                forged = f"{b64({'alg': name})}.{b64(GOOD)}.{signature}"
                assert problem(verifier, forged).startswith("it is no signed token")

    def test_a_public_key_used_as_a_shared_secret_is_refused(self, clock) -> None:
        private = made("RSA", 2048)
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": clock}
        pem = private.as_pem(private=False)
        verifier = JWTVerifier(JWTKey("RS256", pem, key_id="k"), **options)

        for secret in (pem, pem.strip(), private.as_der(private=False)):
            for header in ({}, {"kid": "k"}):
                assert "no key" in problem(verifier, token(GOOD, key=secret, header=header))

    def test_a_token_is_checked_by_the_algorithm_of_the_key_not_of_its_header(self, clock) -> None:
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": clock}
        keys = [JWTKey("HS256", SECRET, key_id="a"), JWTKey("ES256", material("ES256"), key_id="b")]
        verifier = JWTVerifier(keys, **options)

        assert verifier.verify(token(GOOD, header={"kid": "a"}))["sub"] == "ann"
        assert "no key" in problem(verifier, token(GOOD, header={"kid": "b"}))
        assert "no key" in problem(verifier, token(GOOD, header={"kid": "c"}))

    def test_a_critical_header_is_refused(self, verifier) -> None:
        for header in (
            {"crit": ["x"], "x": 1},
            {"crit": ["b64"], "b64": False},
            {"crit": []},
            {"b64": True},
        ):
            assert "not supported" in problem(verifier, token(GOOD, header=header))

    @pytest.mark.parametrize(
        "header", [{"kid": 7}, {"kid": None}, {"kid": ["a"]}, {"alg": 7}, {"alg": None}]
    )
    def test_a_header_of_other_types_is_refused(self, verifier, header) -> None:
        assert "no signed token" in problem(verifier, token(GOOD, header=header))

    def test_a_header_that_is_not_known_says_nothing(self, verifier) -> None:
        header = {"x": 1, "x5c": ["certificate" * 300], "typ": "at+jwt", "x5t": "abc", "cty": "JWT"}

        assert verifier.verify(token(GOOD, header=header))["sub"] == "ann"

    def test_a_key_in_the_header_is_not_used(self, verifier) -> None:
        mine = jwk.OctKey.import_key(b"m" * 32)
        header = {
            "jwk": mine.as_dict(private=True),
            "jku": "https://evil.example",
            "x5u": "https://e",
        }

        assert (
            problem(verifier, token(GOOD, key=b"m" * 32, header=header)) == "its signature is wrong"
        )

    def test_every_changed_character_is_refused(self, verifier) -> None:
        good = token(GOOD)
        verifier.verify(good)

        for at in range(len(good)):
            other = "A" if good[at] != "A" else "B"
            changed = good[:at] + other + good[at + 1 :]
            # The last character of base64 may have bits that count for nothing.
            if at not in {good.index(".") - 1, good.rindex(".") - 1, len(good) - 1}:
                problem(verifier, changed)

    @pytest.mark.parametrize(
        "presented",
        [
            *(None, 7, b"a.b.c", "", ".", "..", "...", "a.b.c", "a.b", "é.é.é", "a.b.c.d.e"),
            *("\ud800..", "." * 16_384, "a" * 20_000, f"{b64([])}.a.b", f"{b64(b'{')}.a.b"),
            *(f"{b64(b'[' * 9000)}.a.b", b64(b"\xff\xfe") + ".a.b"),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_whatever_is_no_token_is_refused(self, verifier, presented) -> None:
        assert "no signed token" in problem(verifier, presented)
        with pytest.raises(InvalidTokenError):
            asyncio.run(verifier.averify(presented))

    @pytest.mark.parametrize(
        "payload",
        [
            *(b"", b"[]", b'"x"', b"null", b"{", b"\xff", b"[" * 9000),
            *(b'{"exp": NaN}', b'{"exp": Infinity}', b'{"sub": "a", "sub": "b"}'),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_claims_that_are_no_json_object_are_refused(self, verifier, payload) -> None:
        assert problem(verifier, token(payload)) == "its claims are no JSON object"

    def test_a_refusal_holds_the_token_in_no_frame(self, verifier) -> None:
        presented = token({**GOOD, "exp": 1}) + "x"

        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify(presented)

        error = caught.value
        error.__traceback__ = error.__traceback__.tb_next
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert presented[40:] not in "".join(told.format())
        assert error.__context__ is None


class TestClaims:
    def test_expiry_is_always_looked_at(self, verifier, clock) -> None:
        good = token(GOOD)

        clock.advance(59.9)
        verifier.verify(good)
        clock.advance(0.1)
        with pytest.raises(ExpiredTokenError, match="it has expired"):
            verifier.verify(good)

    @pytest.mark.parametrize(
        ("claims", "said"),
        [
            *(
                ({"exp": None}, "no 'exp'"),
                ({"iss": None}, "no 'iss'"),
                ({"aud": None}, "no 'aud'"),
            ),
            *(({"exp": "2000000000"}, "no number"), ({"exp": True}, "no number")),
            *(({"exp": [NOW + 60]}, "no number"), ({"exp": 2**53}, "no number")),
            *(
                ({"exp": 10**400}, "no number"),
                ({"nbf": "1"}, "no number"),
                ({"iat": {}}, "no number"),
            ),
            *(({"nbf": NOW + 1}, "'nbf' is in the future"), ({"iat": NOW + 1}, "'iat' is in the")),
            *(({"iss": ISSUER[:-1]}, "another issuer"), ({"iss": ISSUER + "/"}, "another issuer")),
            *(({"iss": ISSUER.upper()}, "another issuer"), ({"iss": [ISSUER]}, "'iss' is no text")),
            *(({"iss": ""}, "another issuer"), ({"aud": ""}, "another audience")),
            *(({"aud": "ap"}, "another audience"), ({"aud": "apis"}, "another audience")),
            *(({"aud": []}, "another audience"), ({"aud": ["x"]}, "another audience")),
            *(
                ({"aud": {"api": 1}}, "no text and no list"),
                ({"aud": ["api", 7]}, "no text and no"),
            ),
            *(({"sub": 7}, "'sub' is no text"), ({"jti": 7}, "'jti' is no text")),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_that_are_wrong_or_missing_are_refused(self, verifier, claims, said) -> None:
        given = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}

        assert said in problem(verifier, token(given))

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": ["x", "api"]},
            {"nbf": NOW},
            {"iat": NOW},
            {"exp": NOW + 0.5},
            {"nbf": -1},
            {"extra": None},
        ],
        ids=repr,
    )
    def test_that_are_right_are_accepted(self, verifier, claims) -> None:
        assert verifier.verify(token({**GOOD, **claims})) == {**GOOD, **claims}

    def test_a_null_counts_as_missing(self, verifier) -> None:
        assert problem(verifier, token({**GOOD, "exp": None})) == "it has no 'exp'"

    def test_leeway_moves_every_time_the_same_way(self, clock) -> None:
        verifier = JWTVerifier(
            JWTKey("HS256", SECRET), issuer=ISSUER, audience=AUDIENCE, leeway=10, clock=clock
        )

        for claims in ({"exp": NOW - 9.9}, {"nbf": NOW + 10}, {"iat": NOW + 10}):
            verifier.verify(token({**GOOD, **claims}))
        for claims in ({"exp": NOW - 10}, {"nbf": NOW + 11}, {"iat": NOW + 11}):
            problem(verifier, token({**GOOD, **claims}))

    def test_an_audience_that_nobody_asked_for_is_refused(self, clock) -> None:
        verifier = JWTVerifier(JWTKey("HS256", SECRET), issuer=None, audience=None, clock=clock)

        assert verifier.verify(token({"exp": NOW + 1})) == {"exp": NOW + 1}
        assert verifier.verify(token({"exp": NOW + 1, "iss": "anybody"}))["iss"] == "anybody"
        assert "another audience" in problem(verifier, token({"exp": NOW + 1, "aud": "api"}))

    def test_several_issuers_and_audiences_and_required_claims(self, clock) -> None:
        verifier = JWTVerifier(
            JWTKey("HS256", SECRET),
            issuer=["a", "b"],
            audience={"x", "y"},
            required=["exp", "sub"],
            clock=clock,
        )
        claims = {"iss": "b", "aud": "y", "exp": NOW + 1, "sub": "ann"}

        assert verifier.verify(token(claims)) == claims
        del claims["sub"]
        assert problem(verifier, token(claims)) == "it has no 'sub'"

    @pytest.mark.parametrize("required", [(), ["sub"], "sub"])
    def test_an_end_is_required_whatever_else_is(self, clock, required) -> None:
        verifier = JWTVerifier(
            JWTKey("HS256", SECRET),
            issuer=ISSUER,
            audience=AUDIENCE,
            required=required,
            clock=clock,
        )

        assert "it has no 'exp'" in problem(verifier, token({**GOOD, "exp": None}))

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"issuer": 5}, {"issuer": ""}, {"issuer": []}, {"issuer": [None]}),
            *({"audience": 5}, {"audience": []}, {"audience": ""}, {"required": 5}),
            *({"required": [5]}, {"leeway": -1}, {"keys": None}, {"keys": []}, {"keys": "x"}),
            *({"keys": [SECRET]}, {"keys": 5}),
        ],
        ids=repr,
    )
    def test_what_no_token_could_have_is_refused_where_it_is_written(self, wrong) -> None:
        options = {"keys": JWTKey("HS256", SECRET), "issuer": ISSUER, "audience": AUDIENCE, **wrong}

        with pytest.raises(InvalidSettingError) as caught:
            JWTVerifier(**options)
        assert caught.value.option in wrong

    @pytest.mark.parametrize(
        "wrong", [{"issuer": 5}, {"issuer": ""}, {"audience": 5}, {"audience": []}], ids=repr
    )
    def test_a_signer_refuses_what_no_verifier_takes(self, wrong) -> None:
        options = {"issuer": ISSUER, "audience": AUDIENCE, "expires_in": 60, **wrong}

        with pytest.raises(InvalidSettingError) as caught:
            JWTSigner(JWTKey("HS256", SECRET), **options)
        assert caught.value.option in wrong

    @pytest.mark.parametrize(
        "claims",
        [{"x": float("nan")}, {"x": b"x"}, {"x": "y" * 20_000}, {"nbf": "now"}, {"sub": 5}],
        ids=lambda claims: repr(claims)[:20],
    )
    def test_a_signer_makes_no_token_that_would_be_refused(self, claims) -> None:
        signer = JWTSigner(JWTKey("HS256", SECRET), issuer=ISSUER, audience=AUDIENCE, expires_in=60)

        with pytest.raises(InvalidSettingError) as caught:
            signer.sign(claims)
        assert caught.value.option == "claims"

    def test_an_error_is_one_of_authentication_and_says_what_only(self, verifier) -> None:
        presented = token({**GOOD, "iss": "x"})

        with pytest.raises(AuthenticationError) as caught:
            verifier.verify(presented)

        assert str(caught.value) == "the token is not accepted: it is of another issuer"
        assert presented not in repr(vars(caught.value))


class Issuer:
    """Has keys, counts who asks, and may be down."""

    def __init__(self, *names: str) -> None:
        self.keys = {name: jwk.ECKey.generate_key("P-256") for name in names}
        self.others: list[object] = []
        self.asked = 0
        self.down = False

    def __call__(self):
        self.asked += 1
        if self.down:
            raise OSError("unreachable")
        listed = [{**key.as_dict(private=False), "kid": name} for name, key in self.keys.items()]
        return {"keys": [*self.others, *listed]}

    def token(self, name: str, key_id: str | None = None) -> str:
        header = {"alg": "ES256", "kid": name if key_id is None else key_id}
        return jws.serialize_compact(
            header, json.dumps(GOOD), self.keys[name], algorithms=["ES256"]
        )


def served(issuer, clock, **options) -> JWTVerifier:
    client = JWKSClient(issuer, clock=clock, **options)
    return JWTVerifier(client, issuer=ISSUER, audience=AUDIENCE, clock=clock)


class TestKeySets:
    def test_are_fetched_once_and_when_a_new_key_is_named(self, clock) -> None:
        issuer = Issuer("a")
        verifier = served(issuer, clock)
        for _ in range(3):
            verifier.verify(issuer.token("a"))
        assert issuer.asked == 1

        issuer.keys["b"] = jwk.ECKey.generate_key("P-256")
        clock.advance(30)
        verifier.verify(issuer.token("b"))

        assert issuer.asked == 2

    def test_made_up_keys_do_not_make_it_ask(self, clock) -> None:
        issuer = Issuer("a")
        verifier = served(issuer, clock, min_interval=30)
        verifier.verify(issuer.token("a"))
        clock.advance(30)

        for number in range(100):
            assert "no key" in problem(verifier, issuer.token("a", f"made-up-{number}"))

        assert issuer.asked == 2
        verifier.verify(issuer.token("a"))

    def test_a_key_that_was_withdrawn_ends_with_its_age(self, clock) -> None:
        issuer = Issuer("a", "b")
        verifier = served(issuer, clock, max_age=100)
        signed = issuer.token("a")
        verifier.verify(signed)
        del issuer.keys["a"]

        clock.advance(40)
        verifier.verify(signed)
        clock.advance(60 - 41)
        issuer_time = NOW + 60
        assert clock.time() < issuer_time
        clock.jump(-clock.time() + NOW)  # the token stays good; the set gets old
        clock.advance(50)

        assert "no key" in problem(verifier, signed)

    def test_an_issuer_that_is_down_leaves_the_known_keys_good(self, clock, heard) -> None:
        issuer = Issuer("a")
        verifier = served(issuer, clock, max_age=40, min_interval=10)
        verifier.verify(issuer.token("a"))
        issuer.down = True
        clock.advance(40)

        for _ in range(3):
            verifier.verify(issuer.token("a"))

        assert issuer.asked == 2
        assert [signal.kind for signal in heard] == ["security.key_set_failed"]
        assert heard[0].facts == {"error": "OSError", "known": 1}

    def test_an_issuer_that_was_never_reached_is_an_error_with_its_cause(self, clock) -> None:
        issuer = Issuer("a")
        issuer.down = True
        verifier = served(issuer, clock, min_interval=10)

        for _ in range(3):
            with pytest.raises(KeySetError, match="unreachable") as caught:
                verifier.verify(issuer.token("a"))
            assert isinstance(caught.value.__cause__, OSError)
            assert isinstance(caught.value, ConnectionError)
        assert issuer.asked == 1

        issuer.down = False
        clock.advance(10)
        verifier.verify(issuer.token("a"))

    def test_keys_of_unknown_kinds_do_not_hinder_the_others(self, clock) -> None:
        issuer = Issuer("a")
        rsa = made("RSA", 2048).as_dict(private=False)
        issuer.others = [
            *({"kty": "future", "kid": "f"}, {"kty": "EC", "crv": "P-256", "kid": "broken"}, 7, {}),
            *({**rsa, "kid": "enc", "use": "enc"}, {**rsa, "kid": 7}, {**rsa, "alg": "RSA-OAEP"}),
            {"kty": "oct", "k": b64(SECRET), "kid": "shared", "alg": "HS256"},
        ]
        verifier = served(issuer, clock)

        assert verifier.verify(issuer.token("a"))["sub"] == "ann"
        assert "no key" in problem(verifier, token(GOOD, header={"kid": "shared"}))

    def test_a_key_without_an_algorithm_is_for_that_of_its_kind(self, clock) -> None:
        private = made("RSA", 2048)
        verifier = served(lambda: {"keys": [{**private.as_dict(private=False), "kid": "r"}]}, clock)

        signed = {
            name: jws.serialize_compact(
                {"alg": name, "kid": "r"}, json.dumps(GOOD), private, algorithms=[name]
            )
            for name in ("RS256", "PS256")
        }

        assert verifier.verify(signed["RS256"])
        assert "no key" in problem(verifier, signed["PS256"])

    @pytest.mark.parametrize(
        "answer", [[], {}, {"keys": {}}, "{", b"[]", "null", None, 7], ids=repr
    )
    def test_what_is_no_key_set_is_an_error(self, clock, answer) -> None:
        with pytest.raises(KeySetError):
            served(lambda: answer, clock).verify(Issuer("a").token("a"))

    def test_one_thread_fetches_and_the_others_wait_for_it(self, clock) -> None:
        issuer, all_in_need = Issuer("a"), threading.Barrier(8)
        verifier, signed, found = served(issuer, clock), issuer.token("a"), []
        client = verifier._keys
        refresh = client._refresh

        def together(key_id):
            all_in_need.wait()
            refresh(key_id)

        client._refresh = together

        def verify() -> None:
            found.append(verifier.verify(signed)["sub"])

        threads = [threading.Thread(target=verify) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == ["ann"] * 8
        assert issuer.asked == 1

    @pytest.mark.parametrize("known", [False, True])
    def test_whoever_comes_while_the_key_is_being_fetched_waits_for_it(self, clock, known) -> None:
        issuer, fetching, go, found = Issuer("a"), threading.Event(), threading.Event(), []

        def slow():
            if slow.waits:
                fetching.set()
                go.wait()
            return issuer()

        slow.waits = not known
        verifier = served(slow, clock)
        if known:
            verifier.verify(issuer.token("a"))
            issuer.keys["b"] = jwk.ECKey.generate_key("P-256")
            clock.advance(30)
            slow.waits = True
        signed = issuer.token("b" if known else "a")
        arrived = threading.Event()
        client = verifier._keys
        refresh = client._refresh

        def noticed(key_id):
            if fetching.is_set():
                arrived.set()
            refresh(key_id)

        client._refresh = noticed

        def verify() -> None:
            try:
                found.append(verifier.verify(signed)["sub"])
            except Exception as error:  # noqa: BLE001 - it is told below
                found.append(error)
                arrived.set()

        first = threading.Thread(target=verify)
        first.start()
        fetching.wait()
        second = threading.Thread(target=verify)
        second.start()
        arrived.wait()
        go.set()
        first.join()
        second.join()

        assert found == ["ann", "ann"]
        assert issuer.asked == (2 if known else 1)

    def test_an_interrupted_fetch_is_done_again(self, clock) -> None:
        issuer, answers = Issuer("a"), iter([KeyboardInterrupt])

        def source():
            for error in answers:
                raise error
            return issuer()

        verifier = served(source, clock)
        with pytest.raises(KeyboardInterrupt):
            verifier.verify(issuer.token("a"))

        assert verifier.verify(issuer.token("a"))["sub"] == "ann"

    @pytest.mark.asyncio
    async def test_fetching_does_not_block_the_event_loop(self, clock) -> None:
        issuer, go = Issuer("a"), threading.Event()

        def slow():
            assert threading.current_thread() is not threading.main_thread()
            go.wait()
            return issuer()

        verifier = served(slow, clock)
        task = asyncio.create_task(verifier.averify(issuer.token("a")))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()

        go.set()

        assert (await task)["sub"] == "ann"

    @pytest.mark.parametrize(
        "address",
        [
            "http://issuer.example/jwks",
            "ftp://x/jwks",
            "file:///etc/passwd",
            "https://",
            "jwks",
            "",
        ],
    )
    def test_an_address_that_anybody_could_answer_is_refused(self, address) -> None:
        with pytest.raises(InvalidSettingError, match="must be an https address"):
            JWKSClient(address)


@pytest.fixture
def server():
    """A server on this machine; what it answers is set by a test."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers[self.path]
            drip = headers.pop("drip", len(body) + 1)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                for at in range(0, len(body), drip):
                    self.wfile.write(body[at : at + drip])
                    stopped.wait(0.05 if at + drip < len(body) else 0)

        def log_message(self, *arguments: object) -> None:
            pass

    stopped = threading.Event()
    answers: dict[str, tuple[int, dict[str, Any], bytes]] = {}
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}", answers
    stopped.set()
    running.shutdown()
    thread.join()
    running.server_close()


class TestAddress:
    def test_keys_are_fetched_from_it(self, server, clock) -> None:
        base, answers = server
        issuer = Issuer("a")
        answers["/jwks"] = (200, {}, json.dumps(issuer()).encode())
        answers["/moved"] = (302, {"Location": f"{base}/jwks"}, b"")

        for path in ("/jwks", "/moved"):
            assert served(base + path, clock).verify(issuer.token("a"))["sub"] == "ann"

    def test_an_answer_that_comes_too_slowly_is_an_error(self, server, clock) -> None:
        base, answers = server
        issuer = Issuer("a")
        answers["/jwks"] = (200, {"drip": 2}, json.dumps(issuer()).encode())

        with pytest.raises(KeySetError) as caught:
            served(f"{base}/jwks", clock, timeout=0.2).verify(issuer.token("a"))

        assert isinstance(caught.value.__cause__, TimeoutError)

    @pytest.mark.parametrize(
        ("status", "headers", "body"),
        [
            *((500, {}, b""), (404, {}, b"{}"), (200, {}, b"<html>"), (200, {}, b" " * (2 << 20))),
            *((302, {"Location": "http://issuer.example/jwks"}, b""),),
            *((302, {"Location": "file:///etc/passwd"}, b""),),
        ],
        ids=lambda value: repr(value)[:30],
    )
    def test_what_goes_wrong_is_an_error(self, server, clock, status, headers, body) -> None:
        base, answers = server
        answers["/jwks"] = (status, headers, body)

        with pytest.raises(KeySetError) as caught:
            served(f"{base}/jwks", clock).verify(Issuer("a").token("a"))

        # A redirection to where one may not fetch from is not followed, and so is the answer.
        assert getattr(caught.value.__cause__, "code", 200) == status


class TestAuthenticator:
    def test_a_manager_knows_its_identities_by_tokens(self, clock) -> None:
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": clock}
        key = JWTKey("HS256", SECRET)
        signer = JWTSigner(key, expires_in=60, **options)
        manager = SecurityManager(
            authenticators={AuthType.JWT: JWTAuthenticator(JWTVerifier(key, **options))},
            clock=clock,
        )
        ann = manager.create_identity("ann", {"a": PermissionLevel.READ})

        found = manager.authenticate(
            Credential(auth_type=AuthType.JWT, key=signer.sign(subject=ann.id))
        )

        assert found == ann
        assert manager.authorize(found, "a", PermissionLevel.READ)
        for presented in (signer.sign(), signer.sign(subject="nobody"), "a.b.c", "", None):
            with pytest.raises(AuthenticationError):
                manager.authenticate(Credential(auth_type=AuthType.JWT, key=presented))
        clock.advance(60)
        with pytest.raises(AuthenticationError):
            manager.authenticate(
                Credential(auth_type=AuthType.JWT, key=signer.sign(subject=ann.id, expires_in=0))
            )
        with pytest.raises(AuthenticationError):
            manager.authenticate(signer.sign(subject=ann.id))  # text is the text of an API key
