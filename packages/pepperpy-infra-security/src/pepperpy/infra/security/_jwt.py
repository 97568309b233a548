"""JSON Web Tokens: an algorithm belongs to a key, and claims are always looked at."""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, NoReturn, Protocol, cast

from pepperpy.infra.utils import Clock, generate_id, require_extra

from ._authenticator import Authenticator
from ._errors import ExpiredTokenError, InvalidSettingError, InvalidTokenError
from ._identity import Credential, Identity
from ._moments import lasting

MAX_LENGTH: Final = 16_384
"""Longer tokens are refused unread."""

# By algorithm: the type of its keys, and their curve, or the least number of bits.
ALGORITHMS: Final[Mapping[str, tuple[str, str | int]]] = {
    **{f"HS{bits}": ("oct", bits) for bits in (256, 384, 512)},
    **{f"{kind}{bits}": ("RSA", 2048) for kind in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
_RESERVED: Final = ("iss", "aud", "exp", "iat", "jti")


class JWTKey:
    """A key with the one algorithm that it is for.

    That a public key is never taken for a shared secret follows from it.  Needs the extra ``jwt``.

    Args:
        algorithm: Such as ``ES256``; ``none`` is none.
        key: Bytes shared for ``HS``; PEM or a JWK for the others, private to sign, public to
            verify.
        key_id: What tokens call it in ``kid``; the JWK's by default.

    Raises:
        InvalidSettingError: If the key is not one for the algorithm, or too weak.
        MissingExtraError: If ``joserfc`` is not installed.
    """

    __slots__ = ("_key", "_registry", "algorithm", "key_id")

    def __init__(
        self, algorithm: str, key: str | bytes | Mapping[str, Any], *, key_id: str | None = None
    ) -> None:
        given: Any = algorithm
        if not isinstance(given, str) or given not in ALGORITHMS:
            raise InvalidSettingError(
                f"algorithm must be one of {', '.join(ALGORITHMS)}; got {algorithm!r}",
                option="algorithm",
            )
        kind, size = ALGORITHMS[algorithm]
        imported, problem = None, _too_short(kind, size, key)
        if not problem:
            imported = _imported(kind, key)
            problem = _unfit(imported, kind, size, algorithm)
        if problem:
            raise InvalidSettingError(f"this is no key for {algorithm}: {problem}", option="key")
        named = key.get("kid") if isinstance(key, Mapping) else None
        self.algorithm: str = algorithm
        self.key_id: str | None = named if key_id is None else key_id
        self._key: Any = imported
        self._registry: Any = _only(algorithm)

    def sign(self, header: Mapping[str, Any], payload: bytes) -> str:
        """A signed token, in the compact form."""
        from joserfc import jws

        return jws.serialize_compact(dict(header), payload, self._key, registry=self._registry)

    def opens(self, token: str) -> bytes | None:
        """The payload of *token* if its signature is by this key; else None."""
        from joserfc import jws
        from joserfc.errors import JoseError

        try:
            found = jws.deserialize_compact(token, self._key, registry=self._registry)
        except (JoseError, ValueError, TypeError):
            return None
        return found.payload

    def __repr__(self) -> str:
        return f"<JWTKey {self.key_id!r} for {self.algorithm}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a JWTKey is not pickled, for it may be a secret")


def _only(algorithm: str) -> Any:
    """What lets joserfc use one algorithm, and without a warning of those that have a newer name."""
    from joserfc.jws import JWSRegistry

    class Only(JWSRegistry):
        # The whole token was measured before.
        max_header_length = max_payload_length = max_signature_length = MAX_LENGTH

        def get_alg(self, name: str) -> Any:
            return self.algorithms[name] if name == algorithm else super().get_alg(name)

    # Unknown headers say nothing; a critical one was refused before.
    return Only(algorithms=[algorithm], strict_check_header=False)


def _imported(kind: str, key: object) -> Any:
    with require_extra("pepperpy-infra-security", "jwt"):
        from joserfc import jwk
        from joserfc.errors import JoseError

    classes: dict[str, Any] = {
        "oct": jwk.OctKey,
        "RSA": jwk.RSAKey,
        "EC": jwk.ECKey,
        "OKP": jwk.OKPKey,
    }
    jwk_members = mapping(key)
    if jwk_members is None and (not isinstance(key, (str, bytes)) or _is_pem_for(kind, key)):
        return None
    try:
        return classes[kind].import_key(key if jwk_members is None else dict(jwk_members))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_pem_for(kind: str, key: str | bytes) -> bool:
    """Whether it is the text of another kind of key, offered as a shared secret."""
    return kind == "oct" and b"-----BEGIN" in (key.encode() if isinstance(key, str) else key)


def _too_short(kind: str, size: str | int, key: object) -> str:
    """What is wrong with a shared secret that is; joserfc would warn of some of them."""
    if kind != "oct" or not isinstance(key, (str, bytes)):
        return ""
    return _weak(len(key.encode() if isinstance(key, str) else key) * 8, int(size))


def _weak(bits: int, least: int) -> str:
    return "" if bits >= least else f"it must have {least} bits at least, and has {bits}"


def _unfit(imported: Any, kind: str, size: str | int, algorithm: str) -> str:
    if imported is None:
        return f"it must be of the type {kind}"
    told = imported.as_dict(private=False)
    if told.get("alg", algorithm) != algorithm:
        return f"it is for {told['alg']}"
    if told.get("use", "sig") != "sig":
        return "it is not for signatures"
    if isinstance(size, str):
        return "" if told.get("crv") == size else f"its curve must be {size}"
    bits = len(imported.raw_value) * 8 if kind == "oct" else imported.raw_value.key_size
    return _weak(bits, size)


class KeySource(Protocol):
    """Keys by the id that a token names."""

    def find(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """The keys that may have signed such a token."""
        ...

    async def afind(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """The same, without blocking the event loop."""
        ...


class FixedKeys:
    """Keys that one was given."""

    def __init__(self, keys: Iterable[JWTKey]) -> None:
        self._keys = tuple(keys)
        if not self._keys:
            raise InvalidSettingError("keys must be at least one", option="keys")

    def find(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """Those that are called so; those without a name, if none is."""
        fitting = [key for key in self._keys if key.algorithm == algorithm]
        if key_id is None:
            return fitting
        named = [key for key in fitting if key.key_id == key_id]
        return named or [key for key in fitting if key.key_id is None]

    async def afind(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """The same; there is nothing to wait for."""
        return self.find(key_id, algorithm)


class JWTVerifier:
    """Accepts tokens of one issuer, for one audience, within their time.

    Args:
        keys: A key, several, or a `JWKSClient`.
        issuer: What ``iss`` must be, exactly; several for any of them; None for whatever it is.
        audience: What ``aud`` must be or hold; None accepts only tokens that name no audience.
        leeway: How many seconds the clocks of two machines may differ.
        required: Claims that must be there.
        clock: The system's by default.

    Examples:
        >>> key = JWTKey("HS256", b"a secret of thirty-two bytes ...")
        >>> token = JWTSigner(key, issuer="shop", audience="api", expires_in=60).sign(subject="ann")
        >>> JWTVerifier(key, issuer="shop", audience="api").verify(token)["sub"]
        'ann'
    """

    def __init__(
        self,
        keys: JWTKey | Iterable[JWTKey] | KeySource,
        *,
        issuer: str | Iterable[str] | None,
        audience: str | Iterable[str] | None,
        leeway: float | timedelta = 0.0,
        required: Iterable[str] = ("exp",),
        clock: Clock | None = None,
    ) -> None:
        if isinstance(keys, JWTKey):
            keys = [keys]
        self._keys: KeySource = FixedKeys(keys) if isinstance(keys, Iterable) else keys
        self._issuers = _texts(issuer)
        self._audiences = _texts(audience)
        self._leeway = lasting(leeway, "leeway")
        self._required = _texts(required) or frozenset()
        if self._issuers is not None:
            self._required |= {"iss"}
        if self._audiences is not None:
            self._required |= {"aud"}
        self._clock = clock or Clock()

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of *token*.

        Raises:
            InvalidTokenError: If it is not accepted; it is an `AuthenticationError`.
            ExpiredTokenError: If nothing but its time is over.
            KeySetError: If the keys of the issuer cannot be had.
        """
        try:
            header = _header(token)
            keys = [] if header is None else self._keys.find(header.get("kid"), header["alg"])
            return _accepted(*self._read(token, header, keys))
        finally:
            del token  # a token is as good as a key, and a traceback holds this frame

    async def averify(self, token: str) -> dict[str, Any]:
        """`verify`, without blocking the event loop while keys are fetched."""
        try:
            header = _header(token)
            keys = (
                [] if header is None else await self._keys.afind(header.get("kid"), header["alg"])
            )
            return _accepted(*self._read(token, header, keys))
        finally:
            del token

    def _read(
        self, token: str, header: Mapping[str, Any] | None, keys: list[JWTKey]
    ) -> tuple[dict[str, Any], str, bool]:
        if header is None:
            return {}, "it is no signed token, or asks for what is not supported", False
        if not keys:
            return {}, "no key is known that fits its 'kid' and 'alg'", False
        payload = next((found for key in keys if (found := key.opens(token)) is not None), None)
        if payload is None:
            return {}, "its signature is wrong", False
        claims = _object(payload)
        if claims is None:
            return {}, "its claims are no JSON object", False
        problem = self._problem(claims)
        expired = not problem and self._is_expired(claims)
        return claims, problem or ("it has expired" if expired else ""), expired

    def _problem(self, claims: Mapping[str, Any]) -> str:
        for name in sorted(self._required):
            if claims.get(name) is None:
                return f"it has no {name!r}"
        for name in ("exp", "nbf", "iat"):
            if name in claims and not _is_date(claims[name]):
                return f"its {name!r} is no number"
        for name in ("sub", "iss", "jti"):
            if name in claims and not isinstance(claims[name], str):
                return f"its {name!r} is no text"
        now = self._clock.time() + self._leeway
        for name in ("nbf", "iat"):
            if name in claims and claims[name] > now:
                return f"its {name!r} is in the future"
        if self._issuers is not None and claims["iss"] not in self._issuers:
            return "it is of another issuer"
        return self._wrong_audience(claims)

    def _wrong_audience(self, claims: Mapping[str, Any]) -> str:
        if claims.get("aud") is None:
            return ""
        named = claims["aud"]
        texts = [named] if isinstance(named, str) else listing(named)
        if texts is None or not all(isinstance(each, str) for each in texts):
            return "its 'aud' is no text and no list of texts"
        if self._audiences is not None and self._audiences.intersection(texts):
            return ""
        return "it is for another audience"

    def _is_expired(self, claims: Mapping[str, Any]) -> bool:
        return "exp" in claims and self._clock.time() - self._leeway >= claims["exp"]

    def __repr__(self) -> str:
        issuers, audiences = (sorted(each or ()) for each in (self._issuers, self._audiences))
        return f"<JWTVerifier of {issuers} for {audiences}>"


class JWTSigner:
    """Makes tokens of one issuer that end.

    Args:
        key: A private or a shared one.
        issuer: Their ``iss``.
        audience: Their ``aud``.
        expires_in: Seconds or a `timedelta` until they end.
        clock: The system's by default.
    """

    def __init__(
        self,
        key: JWTKey,
        *,
        issuer: str,
        audience: str | list[str],
        expires_in: float | timedelta,
        clock: Clock | None = None,
    ) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._expires_in = lasting(expires_in, "expires_in")
        self._clock = clock or Clock()

    def sign(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        expires_in: float | timedelta | None = None,
    ) -> str:
        """A token, with an id of its own in ``jti``.

        Args:
            claims: More claims.
            subject: Its ``sub``.
            expires_in: In place of the signer's.

        Raises:
            InvalidSettingError: If *claims* has one that the signer sets.
        """
        given = dict(claims or {})
        taken = [name for name in _RESERVED if name in given]
        if taken:
            raise InvalidSettingError(f"the signer sets {taken[0]!r} itself", option="claims")
        life = self._expires_in if expires_in is None else lasting(expires_in, "expires_in")
        now = int(self._clock.time())
        set_here = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": math.floor(now + life),
            "jti": generate_id(length=32),
        }
        if subject is not None:
            set_here["sub"] = subject
        header = {"alg": self._key.algorithm, "typ": "JWT"}
        if self._key.key_id is not None:
            header["kid"] = self._key.key_id
        payload = json.dumps({**given, **set_here}, separators=(",", ":"), allow_nan=False)
        return self._key.sign(header, payload.encode())

    def __repr__(self) -> str:
        return f"<JWTSigner of {self._issuer!r} with {self._key!r}>"


class JWTAuthenticator(Authenticator):
    """Knows identities by tokens: ``authenticators={AuthType.JWT: JWTAuthenticator(verifier)}``.

    The token is the *key* of the credential.

    Args:
        verifier: Accepts the tokens.
        claim: Which claim has the id of the identity.
    """

    def __init__(self, verifier: JWTVerifier, *, claim: str = "sub") -> None:
        self._verifier = verifier
        self._claim = claim

    def authenticate(self, credential: Credential) -> Identity:
        claims = self._verifier.verify(credential.key)
        del credential
        identity_id = claims.get(self._claim)
        if not isinstance(identity_id, str):
            raise InvalidTokenError(
                f"the token is not accepted: it has no {self._claim!r}",
                problem=f"it has no {self._claim!r}",
            )
        return Identity(identity_id)


def _header(token: object) -> dict[str, Any] | None:
    """The header of a signed token, if all that it asks for is supported."""
    if not isinstance(token, str) or len(token) > MAX_LENGTH or token.count(".") != 2:
        return None
    if not token.isascii():
        return None
    head = token.partition(".")[0]
    try:
        header = _object(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return None
    if header is None or not {"crit", "b64"}.isdisjoint(header):
        return None
    named = header.get("alg") in ALGORITHMS if isinstance(header.get("alg"), str) else False
    return header if named and isinstance(header.get("kid", ""), str) else None


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType]


def mapping(value: object) -> Mapping[str, Any] | None:
    """*value*, if it is a mapping."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def listing(value: object) -> list[object] | None:
    """*value*, if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def _refuse(constant: str) -> NoReturn:  # noqa: ARG001 - json hands it over
    raise ValueError("neither NaN nor Infinity is JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)


def _is_date(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53


def _texts(given: str | Iterable[str] | None) -> frozenset[str] | None:
    if given is None:
        return None
    return frozenset([given]) if isinstance(given, str) else frozenset(given)


def _accepted(claims: dict[str, Any], problem: str, expired: bool) -> dict[str, Any]:
    if problem:
        kind = ExpiredTokenError if expired else InvalidTokenError
        raise kind(f"the token is not accepted: {problem}", problem=problem)
    return claims
