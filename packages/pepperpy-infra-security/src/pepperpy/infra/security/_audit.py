"""The audit: what happened, as signals of the spine, for whoever listens."""

from __future__ import annotations

from typing import Final

from pepperpy.infra.utils import Signal, emit, listening

from ._authorizer import Decision
from ._identity import seal_of
from ._levels import AuthType
from ._verifier import Failure, Outcome

# On the scale of `logging`, which nobody need import for them.
_DETAIL: Final = 10
_NOTICE: Final = 20
_WARNING: Final = 30


class Audit:
    """Emits signals in the name of one manager; without a listener it does nothing."""

    __slots__ = ("_grants", "_source")

    def __init__(self, source: str, *, grants: bool) -> None:
        self._source = source
        self._grants = grants

    @property
    def hears(self) -> bool:
        """Whether anybody would hear a signal."""
        return listening()

    def note(self, kind: str, **facts: object) -> None:
        """Something was changed."""
        self._emit(kind, _NOTICE, facts)

    def authentication(self, outcome: Outcome, kind: AuthType, source: str | None) -> None:
        """Somebody was known, or was not."""
        if not listening():
            return
        key = outcome.credential
        facts: dict[str, object] = {
            "auth_type": kind.value,
            "key_id": key.id if key else None,
            "identity_id": outcome.identity.id if outcome.identity else None,
            "from": source,
        }
        if outcome.failure is None:
            self._emit("authenticated", _DETAIL, facts)
            return
        harmless = outcome.failure is Failure.EXPIRED
        level = _NOTICE if harmless else _WARNING
        self._emit("authentication_failed", level, {**facts, "reason": outcome.failure.value})
        if outcome.locked_out:
            self._emit("locked_out", _WARNING, facts)

    def decision(self, decision: Decision, identity: object) -> None:
        """Something was granted or denied."""
        if not listening() or (decision.allowed and not self._grants):
            return
        seal = seal_of(identity)
        facts: dict[str, object] = {
            "identity_id": seal.identity.id if seal else None,
            "key_id": seal.credential.id if seal and seal.credential else None,
            "resource": decision.resource,
            "level": decision.level.name,
            "reason": decision.reason.value,
            "pattern": decision.pattern,
        }
        kind, level = ("granted", _DETAIL) if decision.allowed else ("denied", _NOTICE)
        self._emit(kind, level, facts)

    def _emit(self, kind: str, level: int, facts: dict[str, object]) -> None:
        if listening():
            emit(Signal(kind=f"security.{kind}", source=self._source, level=level, facts=facts))
