"""Requests by those who may not make them, and what the gateway has to say to each of them."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = {401: "unauthenticated", 403: "forbidden"}
"""What such an answer is called."""

AUDITED = {401: "security.authentication_failed", 403: "security.denied"}
"""What the audit says of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trespass:
    """A way to ask for what one may not have."""

    status: int
    key: str | None  # which of the run's keys is shown
    scheme: str = "Bearer"
    zone: str | None = None  # in place of the one that would have been asked about
    is_deletion: bool = False  # of what is known about the zone, in place of a question


PASSING = ("passing-1", "passing-2")
"""Keys that are ended in the midst of a run, in one of several gateways."""

TRESPASSES: dict[str, Trespass] = {
    "no key": Trespass(status=401, key=None),
    "another scheme": Trespass(status=401, key="driver", scheme="Basic"),
    "mistyped": Trespass(status=401, key="mistyped"),
    "of another gateway": Trespass(status=401, key="foreign"),
    "expired": Trespass(status=401, key="expired"),
    "revoked": Trespass(status=401, key="revoked"),
    "guest in Asia": Trespass(status=403, key="guest", zone="Asia/Tokyo"),
    "operator asks": Trespass(status=403, key="operator"),
    "driver deletes": Trespass(status=403, key="driver", is_deletion=True),
}
"""Those of the load."""

ENDED = {f"{key}, ended": Trespass(status=401, key=key) for key in PASSING}
"""By such a key, after it was ended."""

ALL = TRESPASSES | ENDED
