"""`PasswordHasher`: argon2id, or scrypt where that is not installed; off the event loop."""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from ._errors import InvalidHashError, InvalidPasswordError, InvalidSettingError

if TYPE_CHECKING:
    import asyncio

_T = TypeVar("_T")

MAX_LENGTH: Final = 4096
# What a hash may cost, whoever wrote it: KiB of memory times passes, which is one pass over 4 GiB.
_MAX_WORK: Final = 4 * 1024 * 1024
_MAX_LANES: Final = 64  # each is a thread
_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=[0-9]+\$m=([0-9]{1,9}),t=([0-9]{1,9}),p=([0-9]{1,9})"
    r"\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}"
)
_SCRYPT = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)


class Scrypt(NamedTuple):
    """What scrypt costs: 32 MiB three times over, which is as hard as OWASP asks for."""

    log_n: int = 15
    r: int = 8
    p: int = 3

    def derive(self, password: bytes, salt: bytes, size: int = 32) -> bytes:
        """The hash itself."""
        import hashlib

        memory = 128 * self.r * ((1 << self.log_n) + self.p + 2)
        return hashlib.scrypt(
            password, salt=salt, n=1 << self.log_n, r=self.r, p=self.p, maxmem=memory, dklen=size
        )


class PasswordHasher:
    """Hashes passwords so that a stolen hash takes long to guess.

    argon2id with OWASP's least settings, by the extra ``password``; else scrypt.  Hashes of either
    kind are verified wherever they come from, and renewed by `verify_and_update` when they are of
    another kind or cost than new ones.  The methods that begin with an ``a`` work in threads, not
    more than *max_concurrent* at a time in one event loop: a hash takes tens of milliseconds and
    megabytes.

    Args:
        time_cost: How often argon2id goes over its memory.
        memory_cost: How much memory it takes, in KiB; times *time_cost* at most 4 GiB, and a
            stored hash that costs more is refused.
        parallelism: Its lanes, at most 64.
        max_concurrent: How many threads of one event loop hash at the same time.
        scheme: ``argon2id`` or ``scrypt``; by default whichever is there, in this order.

    Raises:
        InvalidSettingError: If a setting makes no sense; it is a `ValueError`.
        MissingExtraError: If argon2id is asked for, or needed, and not installed.

    Examples:
        >>> hasher = PasswordHasher()
        >>> kept = hasher.hash("correct horse battery staple")
        >>> hasher.verify("correct horse battery staple", kept), hasher.verify("Tr0ub4dor&3", kept)
        (True, False)
    """

    def __init__(
        self,
        *,
        time_cost: int = 2,
        memory_cost: int = 19 * 1024,
        parallelism: int = 1,
        max_concurrent: int = 2,
        scheme: str | None = None,
    ) -> None:
        if scheme not in {None, "argon2id", "scrypt"}:
            raise InvalidSettingError(
                f"scheme must be 'argon2id', 'scrypt' or None; got {scheme!r}", option="scheme"
            )
        self._costs: dict[str, Any] = {
            "time_cost": _whole("time_cost", time_cost, 1),
            "memory_cost": _whole("memory_cost", memory_cost, 8),
            "parallelism": _whole("parallelism", parallelism, 1),
        }
        _check_costs(**self._costs)
        self._scrypt = Scrypt()
        self._argon2 = None if scheme == "scrypt" else self._find_argon2(needed=scheme is not None)
        self._max_concurrent = _whole("max_concurrent", max_concurrent, 1)
        self._permits: WeakKeyDictionary[Any, asyncio.Semaphore] = WeakKeyDictionary()

    @property
    def scheme(self) -> str:
        """What new hashes are."""
        return "scrypt" if self._argon2 is None else "argon2id"

    def hash(self, password: str) -> str:
        """The hash to keep, with its salt and its costs.

        Raises:
            InvalidPasswordError: If *password* is empty, longer than 4096 bytes, or no text.
        """
        data = _encoded(password)
        del password
        if data is None:
            raise InvalidPasswordError(f"a password must be text of 1 to {MAX_LENGTH} bytes")
        if self._argon2 is not None:
            return str(self._argon2.hash(data))
        salt = os.urandom(16)
        costs, digest = self._scrypt, self._scrypt.derive(data, salt)
        head = f"$scrypt$ln={costs.log_n},r={costs.r},p={costs.p}"
        return f"{head}${_base64(salt)}${_base64(digest)}"

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether *hashed* is the hash of *password*.

        Args:
            password: As somebody typed it.
            hashed: What `hash` gave; None for somebody who is not known, which takes as long and is
                false, so that nobody learns who is known.

        Raises:
            InvalidHashError: If *hashed* is no hash of a kind that is known here.
        """
        answer = self._check(password, hashed)
        del password  # a traceback holds this frame
        return _known(answer)

    def needs_update(self, hashed: str) -> bool:
        """Whether new hashes are of another kind or cost.

        Raises:
            InvalidHashError: If *hashed* is no hash of a kind that is known here.
        """
        if _is_argon2(hashed):
            return self._argon2 is None or bool(self._argon2.check_needs_rehash(hashed))
        read = _read_scrypt(hashed)
        _known(None if read is None else True)
        return self._argon2 is not None or read is None or read[0] != self._scrypt

    def verify_and_update(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """As `verify`; and a new hash to keep in place of the old one, if it should be renewed."""
        answer = self._check(password, hashed)
        renewed = None
        if answer and hashed is not None and self.needs_update(hashed):
            renewed = self.hash(password)
        del password
        return _known(answer), renewed

    async def ahash(self, password: str) -> str:
        """`hash`, in a thread."""
        working = self._off_loop(self.hash, password)
        del password
        return await working

    async def averify(self, password: str, hashed: str | None) -> bool:
        """`verify`, in a thread."""
        working = self._off_loop(self.verify, password, hashed)
        del password
        return await working

    async def averify_and_update(
        self, password: str, hashed: str | None
    ) -> tuple[bool, str | None]:
        """`verify_and_update`, in a thread."""
        working = self._off_loop(self.verify_and_update, password, hashed)
        del password
        return await working

    async def _off_loop(self, work: Callable[..., _T], *arguments: Any) -> _T:
        import asyncio

        loop = asyncio.get_running_loop()
        permits = self._permits.get(loop)
        if permits is None:
            permits = self._permits[loop] = asyncio.Semaphore(self._max_concurrent)
        try:
            await permits.acquire()
            try:
                running = loop.run_in_executor(None, work, *arguments)
            except BaseException:
                permits.release()
                raise
        finally:
            del arguments  # a traceback holds this frame
        # The thread cannot be stopped: whoever is cancelled leaves, and it keeps its permit.
        running.add_done_callback(lambda done: _finished(permits, done))
        return await asyncio.shield(running)

    def _check(self, password: str, hashed: str | None) -> bool | None:
        """Whether they fit; None if *hashed* is no hash.  Raises nothing that holds the password."""
        data = _encoded(password)
        if hashed is None:
            if data is not None:  # else nothing is hashed for those who are known either
                self.hash("nobody's")
            return False
        if _is_argon2(hashed):
            return self._check_argon2(data, hashed)
        read = _read_scrypt(hashed)
        if read is None or data is None:
            return None if read is None else False
        costs, salt, digest = read
        return hmac.compare_digest(costs.derive(data, salt, len(digest)), digest)

    def _check_argon2(self, data: bytes | None, hashed: str) -> bool | None:
        argon2 = self._argon2 or self._find_argon2(needed=True)
        from argon2.exceptions import InvalidHashError as Argon2InvalidHashError
        from argon2.exceptions import VerificationError, VerifyMismatchError

        try:
            return data is not None and bool(argon2.verify(hashed, data))
        except VerifyMismatchError:
            return False
        except (VerificationError, Argon2InvalidHashError):
            return None

    def _find_argon2(self, *, needed: bool) -> Any:
        from pepperpy.infra.utils import MissingExtraError, require_extra

        try:
            with require_extra("pepperpy-infra-security", "password"):
                from argon2 import PasswordHasher as Argon2
        except MissingExtraError:
            if needed:
                raise
            return None
        return Argon2(**self._costs, hash_len=32, salt_len=16)

    def __repr__(self) -> str:
        return f"<PasswordHasher of {self.scheme}>"


def _check_costs(time_cost: int, memory_cost: int, parallelism: int) -> None:
    if parallelism > _MAX_LANES or memory_cost < 8 * parallelism:
        raise InvalidSettingError(
            f"parallelism must be at most {_MAX_LANES}, and an eighth of memory_cost; "
            f"got {parallelism}",
            option="parallelism",
        )
    if time_cost * memory_cost > _MAX_WORK:
        raise InvalidSettingError(
            f"time_cost times memory_cost must be at most {_MAX_WORK}; "
            f"got {time_cost} times {memory_cost}",
            option="memory_cost" if memory_cost > _MAX_WORK else "time_cost",
        )


def _is_argon2(hashed: object) -> bool:
    """Whether it is whole, and costs no more than it may."""
    found = _ARGON2.fullmatch(hashed) if isinstance(hashed, str) else None
    if found is None:
        return False
    memory, passes, lanes = map(int, found.groups())
    return memory * passes <= _MAX_WORK and lanes <= _MAX_LANES


def _read_scrypt(hashed: object) -> tuple[Scrypt, bytes, bytes] | None:
    found = _SCRYPT.fullmatch(hashed) if isinstance(hashed, str) else None
    if found is None:
        return None
    costs = Scrypt(*map(int, found.group(1, 2, 3)))
    if not (1 <= costs.log_n <= 22 and costs.r >= 1 and 1 <= costs.p <= 16):
        return None
    if costs.p * costs.r << costs.log_n > _MAX_WORK * 8:  # in pieces of 128 bytes
        return None
    salt, digest = (b64decode(each + "=" * (-len(each) % 4)) for each in found.group(4, 5))
    return costs, salt, digest


def _known(answer: bool | None) -> bool:
    if answer is None:
        raise InvalidHashError(
            "this is no text of a hash of argon2 or scrypt, or it is damaged or costs too much"
        )
    return answer


def _finished(permits: asyncio.Semaphore, done: asyncio.Future[Any]) -> None:
    permits.release()
    if not done.cancelled():
        done.exception()  # whoever was cancelled does not want to hear of it


def _encoded(password: object) -> bytes | None:
    """The password as it is hashed; None if nobody can have it."""
    if not isinstance(password, str):
        raise InvalidPasswordError(f"a password must be text; got {type(password).__name__}")
    if len(password) > MAX_LENGTH:
        return None
    # A lone surrogate is encoded too: the error of a failing codec would hold the password.
    data = password.encode("utf-8", "surrogatepass")
    return data if 0 < len(data) <= MAX_LENGTH else None


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _whole(name: str, value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidSettingError(
            f"{name} must be a whole number from {least} on; got {value!r}", option=name
        )
    return value
