"""JSON Web Tokens: an algorithm belongs to a key, and claims are always looked at."""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, NoReturn, cast

from pepperpy.infra.utils import Clock, generate_id

from ._authenticator import Authenticator
from ._errors import ExpiredTokenError, InvalidSettingError, InvalidTokenError
from ._identity import Credential, Identity
from ._jwt_keys import ALGORITHMS, MAX_LENGTH, FixedKeys, JWTKey, KeySource, listing
from ._moments import lasting

_RESERVED: Final = ("iss", "aud", "exp", "iat", "jti")


class JWTVerifier:
    """Accepts tokens of one issuer, for one audience, within their time.

    Args:
        keys: A key, several, or a `JWKSClient`.
        issuer: What ``iss`` must be, exactly; several for any of them; None for whatever it is.
        audience: What ``aud`` must be or hold; None accepts only tokens that name no audience.
        leeway: How many seconds the clocks of two machines may differ.
        required: Claims that must be there beside ``exp``, ``iss`` and ``aud``.
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
        required: Iterable[str] = (),
        clock: Clock | None = None,
    ) -> None:
        self._keys: KeySource = _source_of(keys)
        self._issuers = None if issuer is None else _texts(issuer, "issuer")
        self._audiences = None if audience is None else _texts(audience, "audience")
        self._leeway = lasting(leeway, "leeway")
        self._required = _texts(required, "required", least=0) | {"exp"}
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
        if misshapen := _misshapen(claims):
            return misshapen
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
        return bool(self._clock.time() - self._leeway >= claims["exp"])

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
        if not key.can_sign:
            raise InvalidSettingError(
                "key must be a private one; a public one signs nothing", option="key"
            )
        [self._issuer] = _texts([issuer], "issuer")
        _texts(audience, "audience")
        self._key = key
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
            InvalidSettingError: If *claims* has one that the signer sets, or there would be a
                token that no verifier takes.
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
        signed = self._key.sign(header, _payload({**given, **set_here}))
        if len(signed) > MAX_LENGTH:
            raise InvalidSettingError(
                f"claims make a token of {len(signed)} characters, and {MAX_LENGTH} are the most",
                option="claims",
            )
        return signed

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
        try:
            claims = self._verifier.verify(credential.key)
        finally:
            del credential  # a traceback holds this frame
        identity_id = claims.get(self._claim)
        if not isinstance(identity_id, str):
            raise InvalidTokenError(
                f"the token is not accepted: it has no {self._claim!r}",
                problem=f"it has no {self._claim!r}",
            )
        return Identity(identity_id)


def _payload(claims: Mapping[str, Any]) -> bytes:
    problem = _misshapen(claims)
    if problem:
        raise InvalidSettingError(f"no verifier takes such claims: {problem}", option="claims")
    try:
        return json.dumps(claims, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidSettingError(f"claims must be JSON: {error}", option="claims") from error


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


def _misshapen(claims: Mapping[str, Any]) -> str:
    """What is wrong with the types of the claims that have one."""
    for name in ("exp", "nbf", "iat"):
        if name in claims and not _is_date(claims[name]):
            return f"its {name!r} is no number"
    for name in ("sub", "iss", "jti"):
        if name in claims and not isinstance(claims[name], str):
            return f"its {name!r} is no text"
    return ""


def _source_of(keys: object) -> KeySource:
    listed = _each_of(keys)
    if not isinstance(keys, (str, bytes, Iterable)) and callable(getattr(keys, "find", None)):
        return cast("KeySource", keys)
    fitting = [each for each in listed if isinstance(each, JWTKey)]
    if len(fitting) < max(1, len(listed)):
        raise InvalidSettingError("keys must be a JWTKey, several, or a JWKSClient", option="keys")
    return FixedKeys(fitting)


def _texts(given: object, option: str, *, least: int = 1) -> frozenset[str]:
    listed = _each_of(given)
    texts = [each for each in listed if isinstance(each, str) and each]
    if len(texts) < max(least, len(listed)):
        raise InvalidSettingError(
            f"{option} must be text, or several texts; got {given!r}", option=option
        )
    return frozenset(texts)


def _each_of(given: object) -> list[object]:
    """What *given* holds, or itself if it is one thing; a text is."""
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        return [*cast("Iterable[object]", given)]
    return [given]


def _accepted(claims: dict[str, Any], problem: str, expired: bool) -> dict[str, Any]:
    if problem:
        kind = ExpiredTokenError if expired else InvalidTokenError
        raise kind(f"the token is not accepted: {problem}", problem=problem)
    return claims
