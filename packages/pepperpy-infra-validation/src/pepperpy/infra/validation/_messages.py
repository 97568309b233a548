"""The messages that belong to no rule, and what a message becomes when its rule is turned round."""

from __future__ import annotations

# Each with its code.
REQUIRED = "is required", "required"
UNKNOWN = "is not a known key", "unknown"
MAPPING = "must be a mapping", "mapping"
LIST = "must be a list", "list"
TOO_DEEP = "is nested too deeply", "too_deep"

_TURNED = (("must not ", "must "), ("must have no ", "must have an "), ("must ", "must not "))


def negated(message: str) -> str:
    """What must be if the rule must not pass.

    Examples:
        >>> negated("must be a string"), negated("Invalid e-mail")
        ('must not be a string', 'must not pass: Invalid e-mail')
    """
    for start, instead in _TURNED:
        if message.startswith(start):
            return f"{instead}{message.removeprefix(start)}"
    return f"must not pass: {message}"


def either(messages: list[str]) -> str:
    """What must be if one of several is enough.

    Examples:
        >>> either(["must be a string", "must be an integer"])
        'must be a string or must be an integer'
    """
    unique = list(dict.fromkeys(messages))
    return " or ".join(unique) if unique else "can never pass"
