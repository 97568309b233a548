"""What can go wrong, on one screen.  No message and no attribute ever holds a key or a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import InfraError

if TYPE_CHECKING:
    from ._authorizer import Decision


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

    decision: Decision


class InvalidPermissionError(SecurityError, TypeError, ValueError):
    """A pattern or a level of a permission is none; *pattern* is what it stands for."""

    code = "security-permission"

    pattern: object


class InvalidSettingError(SecurityError, TypeError, ValueError):
    """An argument cannot have this value; *option* is its name."""

    code = "security-setting"

    option: str


class IdentityExistsError(SecurityError, ValueError):
    """An identity has this *name* already."""

    code = "security-identity-exists"

    name: str


class UnknownIdentityError(SecurityError, KeyError):
    """The manager has no such identity."""

    code = "security-unknown-identity"


class UnknownCredentialError(SecurityError, KeyError):
    """The manager has no such credential."""

    code = "security-unknown-credential"


class CredentialStateError(SecurityError, ValueError):
    """The credential is revoked or expired, and stays so; *key_id* is its id."""

    code = "security-credential-state"

    key_id: str


class StoredRecordError(SecurityError, ValueError):
    """Records in the storage cannot be read; *keys* are theirs."""

    code = "security-stored-record"

    keys: tuple[str, ...]


class DecryptionError(SecurityError, ValueError):
    """This cannot be decrypted; *key_id* is the key that it names, or None if it is no ciphertext."""

    code = "security-decryption"

    key_id: str | None


class InvalidPasswordError(SecurityError, TypeError, ValueError):
    """A password is empty, too long, or no text.  It is not on the error."""

    code = "security-password"


class InvalidHashError(SecurityError, ValueError):
    """What should be the hash of a password is none.  It is not on the error."""

    code = "security-password-hash"


class InvalidTokenError(AuthenticationError):
    """A token is not accepted; *problem* says why, and the token is not on the error."""

    code = "security-token"

    problem: str


class ExpiredTokenError(InvalidTokenError):
    """The token was good, and its time is over."""

    code = "security-token-expired"


class KeySetError(SecurityError, ConnectionError):
    """The keys of an issuer could not be fetched, and none are known; the cause says why."""

    code = "security-key-set"
