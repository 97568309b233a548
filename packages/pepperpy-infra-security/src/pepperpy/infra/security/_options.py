"""The options of a manager that have the wrong type, told where they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from pepperpy.infra.utils import Clock

from ._errors import InvalidSettingError
from ._levels import AuthType
from ._lockout import Lockout

# What stands for itself in a glob, by which the records are listed.
_NAMESPACE: Final = re.compile(r"[0-9A-Za-z._:/-]{1,100}")
_STORAGE: Final = ("get", "set", "delete", "keys")


def check_options(
    *,
    credential_store: object,
    identity_store: object,
    authenticator: object,
    authorizer: object,
    authenticators: object,
    lockout: object,
    storage: object,
    namespace: object,
    name: object,
    clock: object,
) -> None:
    """Refuse what would fail at the first use, or later.

    Raises:
        InvalidSettingError: With the name of the option.
    """
    _needs("credential_store", credential_store, ["get_credential", "credentials"])
    _needs("identity_store", identity_store, ["get_identity", "identities"])
    _needs("authenticator", authenticator, ["authenticate"])
    _needs("authorizer", authorizer, ["authorize"])
    _check_authenticators(authenticators)
    if lockout is not None and not isinstance(lockout, Lockout):
        raise _wrong("lockout", "a Lockout, or None for never", lockout)
    _needs("storage", storage, _STORAGE)
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        what = "1 to 100 letters, digits, '.', '_', ':', '/' or '-'"
        raise _wrong("namespace", what, namespace)
    if not isinstance(name, str) or not name:
        raise _wrong("name", "text", name)
    if clock is not None and not isinstance(clock, Clock):
        raise _wrong("clock", "a Clock", clock)


def _check_authenticators(given: object) -> None:
    if given is None:
        return
    what = "a mapping like {AuthType.JWT: JWTAuthenticator(...)}"
    if not isinstance(given, Mapping):
        raise _wrong("authenticators", what, given)
    for kind, each in cast("Mapping[object, object]", given).items():
        if not isinstance(kind, AuthType) or each is None:
            raise _wrong("authenticators", what, kind)
        _needs("authenticators", each, ["authenticate"])


def _needs(option: str, given: object, methods: Iterable[str]) -> None:
    if given is not None and not all(callable(getattr(given, each, None)) for each in methods):
        raise _wrong(option, f"an object with {', '.join(f'{each}()' for each in methods)}", given)


def _wrong(option: str, what: str, given: object) -> InvalidSettingError:
    shown = repr(given) if isinstance(given, (str, int)) else type(given).__name__
    return InvalidSettingError(f"{option} must be {what}; got {shown}", option=option)
