"""The errors that a client of the gateway can meet, each with a name and an HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pepperpy.infra import ValidationError


class GatewayError(Exception):
    """What the client is told in place of an answer; the message becomes its detail."""

    name: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after  # seconds
        self.more: dict[str, Any] = {}  # what else there is to tell


class UnauthenticatedError(GatewayError):
    """Nobody that we know: no key, or one that is no good."""

    name, status = "unauthenticated", 401


class ForbiddenError(GatewayError):
    """Somebody that we know, and who may not do this."""

    name, status = "forbidden", 403


class UnknownZoneError(GatewayError):
    """There is no such zone: asking again does not help."""

    name, status = "unknown-zone", 404


class InvalidRequestError(GatewayError):
    """The request is not as it has to be; *errors* has all that is wrong with it."""

    name, status = "invalid-request", 422

    def __init__(self, errors: Sequence[ValidationError]) -> None:
        super().__init__("; ".join(f"{error.path} {error.message}" for error in errors))
        self.errors = errors
        self.more["errors"] = [
            {"path": error.path, "code": error.code, "message": error.message} for error in errors
        ]


class ProvidersFailedError(GatewayError):
    """Every provider was tried, and none had an answer."""

    name, status = "providers-failed", 502


class ProvidersUnavailableError(GatewayError):
    """No provider was called: circuits are open, or there was no connection; later may be better."""

    name, status = "providers-unavailable", 503


class OutOfTimeError(GatewayError):
    """The request's deadline came before an answer."""

    name, status = "out-of-time", 504


class UnknownKeyError(GatewayError):
    """There is no such key."""

    name, status = "unknown-key", 404


class StoreUnavailableError(GatewayError):
    """What has to be read or written cannot be reached; nothing was promised."""

    name, status = "store-unavailable", 503


class InternalError(GatewayError):
    """A bug of the gateway's own."""

    name, status = "internal-error", 500
