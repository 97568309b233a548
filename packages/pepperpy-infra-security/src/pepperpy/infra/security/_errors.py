"""What can go wrong, on one screen.  No message and no attribute ever holds a key or a password."""

from __future__ import annotations

from pepperpy.infra.utils import InfraError


class SecurityError(InfraError):
    """The root of the errors of `pepperpy.infra.security`."""

    code = "security"


class AuthenticationError(SecurityError, PermissionError):
    """Nobody is known by what was presented.

    Why is told to the audit events alone: an answer that tells apart "unknown", "expired" and
    "revoked" would help whoever guesses.
    """

    code = "security-authentication"


class AuthorizationError(SecurityError, PermissionError):
    """The identity may not do this; *decision* says why."""

    code = "security-authorization"


class InvalidPermissionError(SecurityError, TypeError, ValueError):
    """A pattern or a level of a permission is none; *pattern* is what it stands for."""

    code = "security-permission"


class InvalidSettingError(SecurityError, TypeError, ValueError):
    """An argument cannot have this value; *option* is its name."""

    code = "security-setting"


class IdentityExistsError(SecurityError, ValueError):
    """An identity has this *name* already."""

    code = "security-identity-exists"


class UnknownIdentityError(SecurityError, KeyError):
    """The manager has no such identity."""

    code = "security-unknown-identity"


class UnknownCredentialError(SecurityError, KeyError):
    """The manager has no such credential."""

    code = "security-unknown-credential"


class CredentialStateError(SecurityError, ValueError):
    """The credential is revoked or expired, and stays so; *key_id* is its id."""

    code = "security-credential-state"


class StoredRecordError(SecurityError, ValueError):
    """Records in the storage cannot be read; *keys* are theirs."""

    code = "security-stored-record"

    keys: tuple[str, ...]
