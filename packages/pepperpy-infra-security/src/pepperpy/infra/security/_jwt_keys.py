"""`JWTKey`: a key with the one algorithm that it is for, and where keys are found."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn, Protocol, cast

from pepperpy.infra.utils import require_extra

from ._errors import InvalidSettingError
from ._shared_secret import is_of_a_pair

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
        imported, problem = None, _unfit_secret(kind, size, key)
        if not problem:
            imported = _imported(kind, key)
            problem = _unfit(imported, kind, size, algorithm)
        if problem:
            raise InvalidSettingError(f"this is no key for {algorithm}: {problem}", option="key")
        named: Any = key.get("kid") if isinstance(key, Mapping) and key_id is None else key_id
        if named is not None and not isinstance(named, str):
            raise InvalidSettingError(f"key_id must be text; got {named!r}", option="key_id")
        self.algorithm: str = algorithm
        self.key_id: str | None = named
        self._key: Any = imported
        self._registry: Any = _only(algorithm)

    @property
    def can_sign(self) -> bool:
        """Whether it is a private or a shared one."""
        return bool(self._key.is_private)

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
    if jwk_members is None and not isinstance(key, (str, bytes)):
        return None
    try:
        return classes[kind].import_key(key if jwk_members is None else dict(jwk_members))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _unfit_secret(kind: str, size: str | int, key: object) -> str:
    """What is wrong with a shared secret, before joserfc warns of some of it."""
    if kind != "oct":
        return ""
    members = mapping(key)
    try:
        if members is not None:
            text = str(members.get("k", ""))
            secret = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        elif isinstance(key, (str, bytes)):
            secret = key.encode() if isinstance(key, str) else key
        else:
            return "it must be text, bytes or a JWK"
    except ValueError:  # not as its cause: the error of a codec holds the secret
        return "it is damaged"
    if is_of_a_pair(secret):
        return "it is a key of another kind, and a public one is known to everybody"
    return _weak(len(secret) * 8, int(size))


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


def mapping(value: object) -> Mapping[str, Any] | None:
    """*value*, if it is a mapping."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def listing(value: object) -> list[object] | None:
    """*value*, if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None
