"""`JWKSClient`: the keys of an issuer, fetched when they are needed, and not more often."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from pepperpy.infra.utils import Clock, ForkSafeLock, Signal, emit, passes_through

from ._errors import InvalidSettingError, KeySetError
from ._jwt_keys import ALGORITHMS, JWTKey, listing, mapping
from ._moments import lasting

_LARGEST: Final = 1 << 20
_MOST_KEYS: Final = 100
_PIECE: Final = 1 << 16
_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}

KeySet: TypeAlias = "Mapping[str, Any] | str | bytes"


class JWKSClient:
    """The public keys of an issuer, as its JWKS has them.

    They are fetched at the first use, when they are older than *max_age*, and when a token names a
    key that is not among them, but not more often than every *min_interval*: tokens with made-up
    keys do not make it ask.  If fetching fails, the keys that are known stay good.  Keys of kinds
    that are not known are left out, and shared secrets too.  Needs the extra ``jwt``.

    Args:
        source: The ``https`` address, or a function that returns the set, parsed or not.
        max_age: Seconds for which the keys hold.
        min_interval: Seconds between two fetches at least.
        timeout: Seconds that a fetch from an address may take.
        clock: The system's by default.

    Raises:
        InvalidSettingError: If the address is not ``https``; it may be ``http`` on this machine.
    """

    def __init__(
        self,
        source: str | Callable[[], KeySet],
        *,
        max_age: float | timedelta = 3600.0,
        min_interval: float | timedelta = 30.0,
        timeout: float | timedelta = 5.0,
        clock: Clock | None = None,
    ) -> None:
        if isinstance(source, str) and not _is_safe(source):
            raise InvalidSettingError(
                "source must be an https address, for whoever changes the answer makes the keys",
                option="source",
            )
        self._source = source
        self._max_age = lasting(max_age, "max_age")
        self._min_interval = lasting(min_interval, "min_interval")
        self._timeout = lasting(timeout, "timeout")
        self._clock = clock or Clock()
        # One fetches, the others wait for it; readers take the tuple that is there.
        self._lock = ForkSafeLock()
        self._keys: tuple[JWTKey, ...] = ()
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching = False
        self._error: BaseException | None = None

    def find(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """The keys that may have signed a token with this ``kid`` and ``alg``.

        Raises:
            KeySetError: If none are known and they cannot be fetched.
        """
        if self._is_due(key_id) or self._is_coming(key_id):
            self._refresh(key_id)
        return self._known(key_id, algorithm)

    async def afind(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        """`find`; keys are fetched in a thread."""
        if self._is_due(key_id) or self._is_coming(key_id):
            import asyncio

            await asyncio.to_thread(self._refresh, key_id)
        return self._known(key_id, algorithm)

    def _known(self, key_id: str | None, algorithm: str) -> list[JWTKey]:
        if self._fetched_at == -math.inf:
            raise KeySetError(
                f"the keys of {self._name} cannot be fetched ({self._error}); the next attempt is "
                f"{self._min_interval:g} seconds after the last one"
            ) from self._error
        return [
            key
            for key in self._keys
            if key.algorithm == algorithm and (key_id is None or key.key_id == key_id)
        ]

    def _is_due(self, key_id: str | None) -> bool:
        now = self._clock.monotonic()
        if now - self._tried_at < self._min_interval:
            return False
        if now - self._fetched_at >= self._max_age:
            return True
        return self._lacks(key_id)

    def _is_coming(self, key_id: str | None) -> bool:
        """Whether it is being fetched just now, so that waiting is worth it."""
        return self._fetching and (self._fetched_at == -math.inf or self._lacks(key_id))

    def _lacks(self, key_id: str | None) -> bool:
        return key_id is not None and all(key.key_id != key_id for key in self._keys)

    def _refresh(self, key_id: str | None) -> None:
        with self._lock:
            if not self._is_due(key_id):
                return  # somebody else did it meanwhile
            # In this order, and below too: whoever asks without the lock must see one of them.
            self._fetching = True
            before, self._tried_at = self._tried_at, self._clock.monotonic()
            try:
                self._keys = _keys_of(self._fetch())
                self._fetched_at, self._error = self._clock.monotonic(), None
            except BaseException as error:
                if passes_through(error):
                    self._tried_at = before  # an interrupted attempt is none
                    raise
                self._error = error
                facts = {"error": type(error).__name__, "known": len(self._keys)}
                emit(Signal(kind="security.key_set_failed", source=self._name, facts=facts))
                return
            finally:
                self._fetching = False

    def _fetch(self) -> KeySet:
        if isinstance(self._source, str):
            return _download(self._source, self._timeout)
        return self._source()

    @property
    def _name(self) -> str:
        if isinstance(self._source, str):
            return urlsplit(self._source).hostname or ""
        return getattr(self._source, "__name__", type(self._source).__name__)

    def __repr__(self) -> str:
        return f"<JWKSClient of {self._name}: {len(self._keys)} keys>"


def _is_safe(address: str) -> bool:
    """Whether nobody else can answer there."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def _download(address: str, timeout: float) -> bytes:
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Careful(HTTPRedirectHandler):
        """Follows only to where one may fetch from; else the answer is the error that it is."""

        def redirect_request(  # noqa: PLR0917 - as it is called
            self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
        ) -> Request | None:
            if not _is_safe(newurl):
                return None
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310 - it is safe
    try:
        with build_opener(Careful).open(request, timeout=timeout) as answer:
            data = _read(answer, monotonic() + timeout)
    except HTTPError as error:
        error.close()  # it is the answer as well
        raise
    return data


def _read(answer: Any, end: float) -> bytes:
    """The whole answer; the timeout of a connection is one for each piece that arrives."""
    data = bytearray()
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > _LARGEST:
            raise ValueError(f"the key set has more than {_LARGEST} bytes")
        if monotonic() > end:
            raise TimeoutError("the key set comes too slowly")
    return bytes(data)


def _keys_of(found: KeySet) -> tuple[JWTKey, ...]:
    parsed = mapping(json.loads(found) if isinstance(found, (str, bytes)) else found)
    listed = None if parsed is None else listing(parsed.get("keys"))
    if listed is None:
        raise ValueError("a key set is an object with a list of 'keys'")
    return tuple(key for each in listed[:_MOST_KEYS] for key in _usable(mapping(each)))


def _usable(jwk: Mapping[str, Any] | None) -> list[JWTKey]:
    """The key, once for each algorithm that it may be for; none for what is not known here."""
    if jwk is None or jwk.get("kty") == "oct" or not isinstance(jwk.get("kid", ""), str):
        return []
    named = [jwk["alg"]] if "alg" in jwk else _usual(jwk)
    try:
        return [JWTKey(name, jwk) for name in named]
    except InvalidSettingError:
        return []


def _usual(jwk: Mapping[str, Any]) -> list[str]:
    if jwk.get("kty") == "RSA":
        return ["RS256"]
    return [name for name, need in ALGORITHMS.items() if need == (jwk.get("kty"), jwk.get("crv"))]
