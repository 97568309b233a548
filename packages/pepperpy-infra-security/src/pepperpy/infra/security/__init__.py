"""API keys that are kept as hashes, permissions that deny by default, passwords, JWT, encryption."""

from ._authenticator import ApiKeyAuthenticator, Authenticator
from ._authorizer import Authorizer, Decision, Reason, SimpleAuthorizer
from ._cipher import AESCipher
from ._errors import (
    AuthenticationError,
    AuthorizationError,
    CredentialStateError,
    DecryptionError,
    ExpiredTokenError,
    IdentityExistsError,
    InvalidHashError,
    InvalidPasswordError,
    InvalidPermissionError,
    InvalidSettingError,
    InvalidTokenError,
    KeySetError,
    SecurityError,
    StoredRecordError,
    UnknownCredentialError,
    UnknownIdentityError,
)
from ._identity import Credential, Identity
from ._jwks import JWKSClient
from ._jwt import JWTAuthenticator, JWTSigner, JWTVerifier
from ._jwt_keys import JWTKey, KeySource
from ._keys import is_api_key
from ._levels import AuthType, PermissionLevel
from ._lockout import Lockout
from ._manager import SecurityManager, create_security_manager
from ._passwords import PasswordHasher
from ._records import CredentialRecord, IdentityRecord
from ._saving import Storage
from ._stores import CredentialStore, IdentityStore, MemoryCredentialStore, MemoryIdentityStore

__all__ = [
    "AESCipher",
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
    "DecryptionError",
    "ExpiredTokenError",
    "Identity",
    "IdentityExistsError",
    "IdentityRecord",
    "IdentityStore",
    "InvalidHashError",
    "InvalidPasswordError",
    "InvalidPermissionError",
    "InvalidSettingError",
    "InvalidTokenError",
    "JWKSClient",
    "JWTAuthenticator",
    "JWTKey",
    "JWTSigner",
    "JWTVerifier",
    "KeySetError",
    "KeySource",
    "Lockout",
    "MemoryCredentialStore",
    "MemoryIdentityStore",
    "PasswordHasher",
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
