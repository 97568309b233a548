"""The example that started it all, word for word."""

from __future__ import annotations

from pepperpy.infra.validation import (
    FunctionValidator,
    all_of,
    is_email,
    is_positive,
    min_length,
    validate,
    validate_dict,
)

user_schema = {
    "email": is_email,
    "name": min_length(2),
    "age": all_of(is_positive, lambda n: n < 120),
}
user_data = {"email": "user@example.com", "name": "John", "age": 30}


def test_a_single_value_with_a_message_of_its_own() -> None:
    email_validator = FunctionValidator(is_email, "Invalid email address")

    assert validate("user@example.com", email_validator).is_valid
    result = validate("nope", email_validator)

    assert not result.is_valid
    assert [error.message for error in result.errors] == ["Invalid email address"]


def test_a_password_with_lambdas() -> None:
    password_validator = all_of(
        min_length(8), lambda s: any(c.isupper() for c in s), lambda s: any(c.isdigit() for c in s)
    )

    assert validate("Passw0rd", password_validator).is_valid
    assert [error.message for error in validate("pass", password_validator).errors] == [
        "must be at least 8 characters",
        "must satisfy: any(c.isupper() for c in s)",
        "must satisfy: any(c.isdigit() for c in s)",
    ]


def test_a_dictionary_that_is_valid() -> None:
    result = validate_dict(user_data, user_schema)

    assert result.is_valid
    assert result.errors == []
    assert result.validated_data == user_data
    assert result.validated_data is not user_data


def test_a_dictionary_that_is_not() -> None:
    result = validate_dict({"email": "nope", "name": "J", "age": 300}, user_schema)

    assert [(error.path, error.message, error.code) for error in result.errors] == [
        ("email", "must be a valid e-mail address", "email"),
        ("name", "must be at least 2 characters", "min_length"),
        ("age", "must satisfy: n < 120", "custom"),
    ]
    assert result.validated_data is None
