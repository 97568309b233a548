"""Whether somebody may do something, and why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

from ._identity import Identity
from ._levels import PermissionLevel
from ._permissions import Permissions, Rule


class Reason(Enum):
    """Why a decision came out as it did."""

    GRANTED = "granted"
    UNKNOWN_IDENTITY = "unknown identity"
    CREDENTIAL_INVALID = "credential revoked or expired"
    NO_RULE = "no pattern covers the resource"
    DENIED = "a pattern denies it"
    TOO_LOW = "the pattern that decides gives a lower level"
    OUT_OF_SCOPE = "the scopes of the key do not cover it"
    NOT_A_RESOURCE = "not the name of a resource"
    NOTHING_ASKED = "NONE is no level that one can ask for"
    BY_AUTHORIZER = "another authorizer decided"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an identity may use a resource, and what decided it; true if it may.

    Examples:
        >>> bool(Decision(False, Reason.NO_RULE, "documents:7", PermissionLevel.READ))
        False
    """

    allowed: bool
    reason: Reason
    resource: object
    level: PermissionLevel
    pattern: str | None = None
    """The pattern that decided; None if there was none."""
    granted: PermissionLevel | None = None
    """The level that the pattern gives."""

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        verdict = "may" if self.allowed else "may not"
        text = f"{verdict} {self.level.name} {self.resource!r}: {self.reason.value}"
        if self.pattern is None or self.granted is None:
            return text
        return f"{text} ({self.pattern!r} gives {self.granted.name})"


def decide(
    permissions: Permissions, scopes: Permissions | None, resource: object, level: PermissionLevel
) -> tuple[Reason, Rule | None]:
    """What the two tables say; both must give the level."""
    if not isinstance(resource, str):
        return Reason.NOT_A_RESOURCE, None
    if level is PermissionLevel.NONE:
        return Reason.NOTHING_ASKED, None
    rule = permissions.deciding(resource, level)
    if rule is None:
        return Reason.NO_RULE, None
    if rule.level < level:
        denied = rule.level is PermissionLevel.NONE
        return (Reason.DENIED if denied else Reason.TOO_LOW), rule
    if scopes is not None:
        scope = scopes.deciding(resource, level)
        if scope is None or scope.level < level:
            return Reason.OUT_OF_SCOPE, scope
    return Reason.GRANTED, rule


class Authorizer(ABC):
    """Decides what somebody may do; derive from it to ask a policy engine."""

    @abstractmethod
    def authorize(self, identity: Identity, resource: str, level: PermissionLevel) -> bool:
        """Whether *identity* may use *resource* at *level*.

        A manager hands over what it knows of the identity itself, whatever the caller holds.
        """


class SimpleAuthorizer(Authorizer):
    """Decides by the patterns and levels of the identity: what a manager does by itself."""

    def authorize(self, identity: Identity, resource: str, level: PermissionLevel) -> bool:
        return identity.has_permission(resource, level)
