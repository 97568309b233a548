"""Who presents a credential: what can be asked, and the answer for API keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from pepperpy.infra.utils import Clock

from ._errors import AuthenticationError
from ._identity import Credential, Identity
from ._keys import Hasher
from ._lockout import Lockout
from ._stores import CredentialStore, IdentityStore
from ._verifier import KeyVerifier

REFUSED: Final = "authentication failed: the credential is unknown, wrong or no longer valid"


class Authenticator(ABC):
    """Tells who presents a credential; derive from it for other kinds of proof."""

    @abstractmethod
    def authenticate(self, credential: Credential) -> Identity:
        """The identity whose credential it is; a manager looks at its ``id`` alone.

        Raises:
            AuthenticationError: If it is nobody's.
        """


class ApiKeyAuthenticator(Authenticator):
    """Knows API keys by their hashes; a manager does the same by itself.

    Args:
        credential_store: Where the records of keys are.
        identity_store: Where those of identities are.
        peppers: As those of the manager that made the keys.
        accept_unpeppered: As that of the manager.
        lockout: When to refuse a key that was presented wrongly too often; None for never.
        clock: The system's by default.
    """

    def __init__(
        self,
        credential_store: CredentialStore,
        identity_store: IdentityStore,
        *,
        peppers: Mapping[str, bytes] | None = None,
        accept_unpeppered: bool = False,
        lockout: Lockout | None = Lockout(),  # noqa: B008 - frozen
        clock: Clock | None = None,
    ) -> None:
        self._credentials = credential_store
        self._verifier = KeyVerifier(
            credential_store,
            identity_store,
            Hasher(peppers, accept_unpeppered=accept_unpeppered),
            lockout,
            clock or Clock(),
        )

    def authenticate(self, credential: Credential) -> Identity:
        outcome = self._verifier.verify(credential.key)
        del credential  # a traceback holds this frame
        if outcome.failure is not None or outcome.identity is None:
            raise AuthenticationError(REFUSED)
        if outcome.rehashed is not None:
            self._credentials.update_credential(outcome.rehashed)
        found = outcome.identity
        return Identity(found.id, found.name, (), found.permissions.levels(), found.metadata)
