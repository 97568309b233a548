"""Races of `pepperpy-infra-validation`: a dict that is valid, one that is not, lists, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import cerberus
import marshmallow
import pydantic
import schema as plain_schema
import voluptuous
from harness import OURS, Goal, Race, repeating
from typing_extensions import TypedDict

from pepperpy.infra.validation import (
    SchemaValidator,
    all_of,
    is_email,
    is_positive,
    min_length,
    validate,
    validate_dict,
)

PATTERN = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"  # what the peers take for an address; ours is strict
LOOSE = re.compile(PATTERN)
GOOD = {"email": "user@example.com", "name": "John", "age": 30}
BAD = {"email": "nope", "name": "J", "age": 300}
ADDRESSES = (
    "user@example.com",
    "first.last+tag@mail.example.co.uk",
    "nope",
    "a@b",
    "user@-bad.com",
)
SCHEMA = {"email": is_email, "name": min_length(2), "age": all_of(is_positive, lambda n: n < 120)}
VALIDATOR = "SchemaValidator"
PYDANTIC = "pydantic, TypedDict"
LITERAL = "a schema that is a literal in the function"

Check = Callable[[Any], bool]


class User(TypedDict):
    """For pydantic's core, which does all of it without a call to Python."""

    email: Annotated[str, pydantic.StringConstraints(pattern=PATTERN)]
    name: Annotated[str, pydantic.Field(min_length=2)]
    age: Annotated[int, pydantic.Field(gt=0, lt=120)]


class MarshmallowUser(marshmallow.Schema):
    """The same."""

    email = marshmallow.fields.Str(required=True, validate=marshmallow.validate.Regexp(PATTERN))
    name = marshmallow.fields.Str(required=True, validate=marshmallow.validate.Length(min=2))
    age = marshmallow.fields.Int(required=True, validate=marshmallow.validate.Range(min=1, max=119))


def races() -> Iterator[Race]:
    """All of them."""
    checks = {OURS: ours, VALIDATOR: with_validator(), LITERAL: inline, **peers()}
    for name, check in checks.items():
        for _ in range(16):  # a schema gets its function meanwhile
            if not check(GOOD) or check(BAD):
                raise AssertionError(f"{name} does not tell good from bad")
    yield Race(
        title="a dict of three fields, valid",
        contestants={name: repeating(check, GOOD) for name, check in checks.items()},
        floors=[VALIDATOR, LITERAL],
        goals=[Goal(at_most=2.0, against=PYDANTIC)],
    )
    yield Race(
        title="a dict of three fields, all wrong, with messages",
        contestants={name: repeating(check, BAD) for name, check in checks.items()},
        floors=[VALIDATOR, LITERAL],
        goals=[Goal(at_most=1.2, against=PYDANTIC)],
    )
    yield many()
    yield Race(
        title="five e-mail addresses, as a rule",
        contestants={
            OURS: repeating(lambda: [is_email(address) for address in ADDRESSES]),
            "a loose pattern": repeating(
                lambda: [LOOSE.fullmatch(address) for address in ADDRESSES]
            ),
        },
        floors=["a loose pattern"],
        goals=[Goal(at_most=1.3, against="a loose pattern")],
    )


def ours(data: Any) -> bool:
    """Check, and render what is wrong."""
    return told(validate_dict(data, SCHEMA))


def inline(data: Any) -> bool:
    """The same, but nothing of the schema is known from the last call."""
    schema = {
        "email": is_email,
        "name": min_length(2),
        "age": all_of(is_positive, lambda n: n < 120),
    }
    return told(validate_dict(data, schema))


def with_validator() -> Check:
    """The same with a validator."""
    user = SchemaValidator(SCHEMA)
    return lambda data: told(validate(data, user))


def told(result: Any) -> bool:
    """Whether it is valid; if not, paths and messages have been made."""
    return result.is_valid or not [(error.path, error.message) for error in result.errors]


def peers() -> dict[str, Check]:
    """A check by each of them, which also renders what is wrong."""
    adapter = pydantic.TypeAdapter(User)
    volup = voluptuous.Schema(
        {
            "email": voluptuous.Match(PATTERN),
            "name": voluptuous.Length(min=2),
            "age": voluptuous.All(int, voluptuous.Range(min=1, max=119)),
        },
        required=True,
    )
    rules = {
        "email": {"type": "string", "regex": PATTERN, "required": True},
        "name": {"type": "string", "minlength": 2, "required": True},
        "age": {"type": "integer", "min": 1, "max": 119, "required": True},
    }
    cerb = cerberus.Validator(rules)
    plain = plain_schema.Schema(
        {
            "email": plain_schema.Regex(PATTERN),
            "name": plain_schema.And(str, lambda s: len(s) >= 2),
            "age": plain_schema.And(int, lambda n: 0 < n < 120),
        }
    )
    marsh = MarshmallowUser()

    def ask(
        check: Callable[[Any], Any], error: type[Exception], render: Callable[[Any], object]
    ) -> Check:
        def asked(data: Any) -> bool:
            try:
                check(data)
            except error as wrong:
                render(wrong)
                return False
            return True

        return asked

    return {
        PYDANTIC: ask(
            adapter.validate_python, pydantic.ValidationError, lambda e: e.errors(include_url=False)
        ),
        "voluptuous": ask(
            volup, voluptuous.MultipleInvalid, lambda e: [(x.path, str(x)) for x in e.errors]
        ),
        "schema, first error only": ask(plain.validate, plain_schema.SchemaError, lambda e: e.code),
        "marshmallow": lambda data: not marsh.validate(data),
        "cerberus": lambda data: cerb.validate(data) or not cerb.errors,
    }


def many() -> Race:
    """Ten thousand of them in a list."""
    data = [{**GOOD, "age": 1 + at % 110, "name": f"John {at}"} for at in range(10_000)]
    adapter = pydantic.TypeAdapter(list[User])
    schema = [SCHEMA]
    for _ in range(4):
        if not validate(data, schema).is_valid:
            raise AssertionError("the records are not valid")
    return Race(
        title="10,000 dicts in a list, valid",
        contestants={
            OURS: repeating(validate, data, schema),
            PYDANTIC: repeating(adapter.validate_python, data),
        },
        floors=[PYDANTIC],
    )
