"""Who presents a credential: what can be asked, and the answer for API keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from traceback import clear_frames
from types import FrameType, TracebackType
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


def forget(error: BaseException) -> None:
    """Empty the frames below the one that caught *error*, for they hold what was presented.

    Those of what had gone wrong before, and was being handled when this began, stay as they are.
    """
    here = error.__traceback__.tb_frame if error.__traceback__ else None
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen and _began_in(here, each.__traceback__):
            seen.add(id(each))
            clear_frames(each.__traceback__)
            pending += [each.__cause__, each.__context__]


def _began_in(here: FrameType | None, trace: TracebackType | None) -> bool:
    frame = trace.tb_frame if trace else None
    while frame is not None and frame is not here:
        frame = frame.f_back
    return frame is not None


class ApiKeyAuthenticator(Authenticator):
    """Knows API keys by their hashes; a manager does the same by itself.

    It changes no record: a hash is renewed where a manager sees the key, which keeps its records
    from being changed by two at once.

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
        self._verifier = KeyVerifier(
            credential_store,
            identity_store,
            Hasher(peppers, accept_unpeppered=accept_unpeppered),
            lockout,
            clock or Clock(),
        )

    def authenticate(self, credential: Credential) -> Identity:
        try:
            outcome = self._verifier.verify(credential.key)
        except BaseException as error:
            forget(error)
            raise
        finally:
            del credential  # a traceback holds this frame
        if outcome.failure is not None or outcome.identity is None:
            raise AuthenticationError(REFUSED)
        found = outcome.identity
        return Identity(found.id, found.name, (), found.permissions.levels(), found.metadata)
