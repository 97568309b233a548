"""What a request has to look like, and all that is wrong with one that does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from errors import InvalidRequestError
from starlette.datastructures import QueryParams
from zones import parse_instant

from pepperpy.infra import (
    FunctionValidator,
    SchemaValidator,
    all_of,
    matches_pattern,
    max_length,
    optional,
    transform,
)

ID = "x-request-id"

zone_name = FunctionValidator(
    matches_pattern(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*"),
    "must be names of letters, digits, _, + and -, with / between them, like Europe/Berlin",
    code="zone",
)
# A rule that makes another value of what it is given: behind it, `at` is a datetime.
instant = FunctionValidator(
    transform(parse_instant),
    "must be an instant from 1901 to 2199 with an offset, like 2026-07-01T12:00:00Z",
    code="instant",
)
request_id = FunctionValidator(
    matches_pattern(r"[!-~]{1,64}"), "must be 1 to 64 printable letters without a space", code="id"
)

REQUEST = SchemaValidator(
    {
        "zone": all_of(max_length(64), zone_name),
        "query": {"at": instant},
        "headers": {ID: optional(request_id)},
    },
    unknown="forbid",
)


class Question(NamedTuple):
    """What somebody wants to know."""

    zone: str
    at: datetime


def question(zone: str, query: Mapping[str, object], headers: Mapping[str, str]) -> Question:
    """The question that a request asks.

    Args:
        zone: Of the path.
        query: Its `values`.
        headers: The request's; only that of its id is looked at.

    Raises:
        InvalidRequestError: With every path and message.
    """
    ids = {ID: headers[ID]} if ID in headers else {}
    result = REQUEST.validate({"zone": zone, "query": query, "headers": ids})
    if not result.is_valid:
        raise InvalidRequestError(result.errors)
    return Question(result.validated_data["zone"], result.validated_data["query"]["at"])


def values(query: QueryParams) -> dict[str, str | list[str]]:
    """What a query says.  A key that is there twice stays so: which one was meant nobody knows."""
    lists = {key: query.getlist(key) for key in query}
    return {key: each[0] if len(each) == 1 else each for key, each in lists.items()}


def is_id(text: str) -> bool:
    """Whether a request may be called so, in every line that is written about it."""
    return request_id.validate(text).is_valid
