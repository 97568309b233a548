"""API keys that are kept as hashes, permissions that deny by default, passwords, JWT, encryption."""

from ._authenticator import ApiKeyAuthenticator, Authenticator
from ._authorizer import Authorizer, Decision, Reason, SimpleAuthorizer
from ._errors import (
    AuthenticationError,
    AuthorizationError,
    CredentialStateError,
    IdentityExistsError,
    InvalidPermissionError,
    InvalidSettingError,
    SecurityError,
    StoredRecordError,
    UnknownCredentialError,
    UnknownIdentityError,
)
from ._identity import Credential, Identity
from ._keys import is_api_key
from ._levels import AuthType, PermissionLevel
from ._lockout import Lockout
from ._manager import SecurityManager, create_security_manager
from ._records import CredentialRecord, IdentityRecord
from ._saving import Storage
from ._stores import CredentialStore, IdentityStore, MemoryCredentialStore, MemoryIdentityStore

__all__ = [
    "ApiKeyAuthenticator",
    "AuthType",
    "AuthenticationError",
    "Authenticator",
    "AuthorizationError",
    "Authorizer",
    "Credential",
    "CredentialRecord",
    "CredentialStateError",
    "CredentialStore",
    "Decision",
    "Identity",
    "IdentityExistsError",
    "IdentityRecord",
    "IdentityStore",
    "InvalidPermissionError",
    "InvalidSettingError",
    "Lockout",
    "MemoryCredentialStore",
    "MemoryIdentityStore",
    "PermissionLevel",
    "Reason",
    "SecurityError",
    "SecurityManager",
    "SimpleAuthorizer",
    "Storage",
    "StoredRecordError",
    "UnknownCredentialError",
    "UnknownIdentityError",
    "create_security_manager",
    "is_api_key",
]
