"""The two scales of security: how somebody proves who they are, and how much they may do."""

from __future__ import annotations

from enum import Enum, IntEnum


class AuthType(Enum):
    """How somebody proves who they are."""

    NONE = "none"
    API_KEY = "api_key"
    OAUTH = "oauth"
    JWT = "jwt"
    BASIC = "basic"
    CUSTOM = "custom"


class PermissionLevel(IntEnum):
    """How much somebody may do with a resource; each level holds those below it.

    Examples:
        >>> PermissionLevel.READ < PermissionLevel.WRITE < PermissionLevel.ADMIN
        True
    """

    NONE = 0
    """A denial: it takes away what a wider pattern gives."""
    READ = 10
    WRITE = 20
    ADMIN = 30
    SYSTEM = 40
