"""Rules for text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pepperpy.infra.utils import is_valid_email, is_valid_url, require_extra

from ._bounds import class_of, plural, refused, size, sizes
from ._errors import SchemaError
from ._spec import Spec, factory, recorded
from ._validator import RuleValidator, Validator

# What other languages do not have, or read otherwise.
_PYTHONS_OWN = re.compile(r"\(\?[^:=!]|[+*?}]\+|\\[AZNU0]|\{,|\[\^?\]|\[\[:")


@recorded(
    code="email",
    message="must be a valid e-mail address",
    fast="{email}({v})",
    names={"email": is_valid_email},
    atomic=True,
    schema={"type": "string", "format": "email"},
)
def is_email(value: object) -> bool:
    """Text in the form of an e-mail address with a dotted domain; nothing is looked up.

    Examples:
        >>> is_email("user@example.com"), is_email("admin@localhost"), is_email(None)
        (True, False, False)
    """
    try:
        return is_valid_email(value)
    except Exception as error:  # noqa: BLE001 - a text class with methods of its own
        return refused(error)


@recorded(
    code="email_strict",
    message="must be a valid e-mail address",
    schema={"type": "string", "format": "email"},
)
def is_email_strict(value: object) -> bool:
    """Text that the package email-validator calls an e-mail address; nothing is looked up.

    It knows names that are reserved (``example.test``) and refuses them.  Text of more than 320
    letters is refused before it is asked.

    Raises:
        MissingExtraError: Without the extra ``email``.
    """
    with require_extra("pepperpy-infra-validation", "email"):
        from email_validator import EmailNotValidError, validate_email
    if not isinstance(value, str) or len(value) > 320:
        return False
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


@recorded(
    code="url",
    message="must be a valid http or https URL",
    fast="{url}({v})",
    names={"url": is_valid_url},
    atomic=True,
    schema={"type": "string", "format": "uri"},
)
def is_url(value: object) -> bool:
    """Text in the form of an absolute http or https address; nothing is looked up.

    Examples:
        >>> is_url("https://localhost:8080/x"), is_url("ftp://example.com"), is_url("example.com")
        (True, False, False)
    """
    try:
        return is_valid_url(value)
    except Exception as error:  # noqa: BLE001 - a text class with methods of its own
        return refused(error)


@factory
def matches_pattern(pattern: str | re.Pattern[Any], flags: int = 0) -> Validator:
    r"""Text that *pattern* matches from its first letter to its last.

    For a match anywhere write ``.*`` around it.  It is your pattern: one with nested repetitions
    may take very long on hostile text.

    Raises:
        SchemaError: If it is no pattern.

    Examples:
        >>> code = matches_pattern(r"[A-Z]{3}-\d{4}")
        >>> code("ABC-1234"), code("ABC-1234\n"), code(None)
        (True, False, False)
    """
    try:
        compiled = re.compile(pattern, flags)
    except (re.error, TypeError, ValueError) as error:
        raise SchemaError(f"matches_pattern() must be given a pattern: {error}") from error
    kind = class_of(compiled.pattern)
    match: Callable[[Any], object] = compiled.fullmatch

    def check(value: Any) -> bool:
        return isinstance(value, kind) and match(value) is not None

    text = str(compiled.pattern)
    return RuleValidator(
        Spec(
            check=check,
            code="pattern",
            message=f"must match the pattern {text}",
            params={"pattern": text},
            fast="type({v}) is {kind} and {match}({v}) is not None",
            names={"kind": kind, "match": match},
            atomic=True,
            schema=_as_json_schema(compiled),
        )
    )


def _as_json_schema(pattern: re.Pattern[Any]) -> dict[str, Any] | None:
    text = pattern.pattern
    if type(text) is not str or pattern.flags & ~re.UNICODE or _PYTHONS_OWN.search(text):
        return None
    return {"type": "string", "pattern": f"^(?:{text})$"}


@factory
def min_length(length: int) -> Validator:
    """Text of at least *length* characters; for collections see `min_items`.

    Examples:
        >>> min_length(8)("password"), min_length(8)("secret")
        (True, False)
    """
    limit = size("min_length", "the length", length)
    return RuleValidator(
        Spec(
            check=lambda value: isinstance(value, str) and len(value) >= limit,
            code="min_length",
            message=f"must be at least {plural(limit, 'character')}",
            params={"limit": limit},
            fast=f"type({{v}}) is str and len({{v}}) >= {limit}",
            atomic=True,
            schema={"type": "string", "minLength": limit},
        )
    )


@factory
def max_length(length: int) -> Validator:
    """Text of at most *length* characters; for collections see `max_items`.

    Examples:
        >>> max_length(3)("abc"), max_length(3)("abcd")
        (True, False)
    """
    limit = size("max_length", "the length", length)
    return RuleValidator(
        Spec(
            check=lambda value: isinstance(value, str) and len(value) <= limit,
            code="max_length",
            message=f"must be at most {plural(limit, 'character')}",
            params={"limit": limit},
            fast=f"type({{v}}) is str and len({{v}}) <= {limit}",
            atomic=True,
            schema={"type": "string", "maxLength": limit},
        )
    )


@factory
def length_between(min_length: int, max_length: int) -> Validator:
    """Text of *min_length* to *max_length* characters, both included.

    Examples:
        >>> length_between(2, 3)("ab"), length_between(2, 3)("abcd")
        (True, False)
    """
    least, most = sizes("length_between", min_length, max_length)
    return RuleValidator(
        Spec(
            check=lambda value: isinstance(value, str) and least <= len(value) <= most,
            code="length_between",
            message=f"must be {least} to {plural(most, 'character')}",
            params={"min": least, "max": most},
            fast=f"type({{v}}) is str and {least} <= len({{v}}) <= {most}",
            atomic=True,
            schema={"type": "string", "minLength": least, "maxLength": most},
        )
    )
