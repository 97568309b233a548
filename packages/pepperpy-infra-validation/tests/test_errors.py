"""Errors as exceptions: groups, pickles, codes."""

from __future__ import annotations

import copy
import pickle

import pytest

import pepperpy.infra.validation as v
from pepperpy.infra.utils import InfraError

BAD = v.validate_dict({"a": "x", "b": [1, "y"]}, {"a": int, "b": [int], "c": str})


class TestRaising:
    def test_all_errors_are_raised_as_a_group(self) -> None:
        with pytest.raises(v.InvalidDataError) as caught:
            BAD.raise_if_invalid()

        group = caught.value
        assert isinstance(group, (ExceptionGroup, ValueError, v.ValidationError, InfraError))
        assert list(group.exceptions) == BAD.errors
        assert str(group) == (
            "not valid, 3 errors: a: must be an integer; b[1]: must be an integer; c: is required"
        )
        assert group.code == "validation-invalid-data"

    def test_valid_data_is_given_back(self) -> None:
        assert v.validate({"a": "7"}, {"a": v.coerce(int)}).raise_if_invalid() == {"a": 7}

    def test_a_long_list_is_cut_in_the_message_alone(self) -> None:
        with pytest.raises(
            v.InvalidDataError, match=r"not valid, 50 errors: .*; and 45 more"
        ) as caught:
            v.validate(["x"] * 50, [int]).raise_if_invalid()

        assert len(caught.value.exceptions) == 50

    def test_except_star_takes_them(self) -> None:
        taken = []
        try:
            BAD.raise_if_invalid()
        except* v.ValidationError as group:
            taken += group.exceptions

        assert taken == BAD.errors

    def test_a_group_can_be_split(self) -> None:
        with pytest.raises(v.InvalidDataError) as caught:
            BAD.raise_if_invalid()

        mine, rest = caught.value.split(lambda error: getattr(error, "path", None) == "c")

        assert [error.path for error in mine.exceptions] == ["c"]
        assert [error.path for error in rest.exceptions] == ["a", "b[1]"]
        assert type(mine) is type(rest) is v.InvalidDataError

    def test_a_result_of_the_users_own_without_errors_raises_too(self) -> None:
        with pytest.raises(v.InvalidDataError, match="1 error: is not valid"):
            v.ValidationResult(False).raise_if_invalid()


class TestErrors:
    def test_are_exceptions_with_path_message_code_and_params(self) -> None:
        error = v.ValidationError("is taken", path="users[3].name", code="taken", params={"by": 1})

        assert isinstance(error, ValueError)
        assert (error.path, error.parts, error.message) == (
            "users[3].name",
            ("users", 3, "name"),
            "is taken",
        )
        assert (error.code, error.params, error.level) == (
            "taken",
            {"by": 1},
            v.ValidationLevel.ERROR,
        )
        assert str(error) == "users[3].name: is taken"
        assert v.ValidationError.code == "validation"

    def test_take_a_path_in_parts(self) -> None:
        assert v.ValidationError("x", path=("a.b", 0)).path == '["a.b"][0]'

    @pytest.mark.parametrize(
        "again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
    )
    def test_survive_pickling_and_copying(self, again) -> None:
        for error in (
            *BAD.errors,
            v.validate("x", v.any_of(int, float)).errors[0],
            v.ValidationError("x", "a", "c", {"n": 1}),
        ):
            made = again(error)
            assert (made.path, made.message, made.code, dict(made.params)) == (
                error.path,
                error.message,
                error.code,
                dict(error.params),
            )
            assert repr(made.alternatives) == repr(error.alternatives)
            assert made.args == error.args
        with pytest.raises(v.InvalidDataError) as caught:
            BAD.raise_if_invalid()
        made = again(caught.value)
        assert str(made) == str(caught.value)
        assert [str(error) for error in made.exceptions] == [str(error) for error in BAD.errors]

    def test_of_schemas_are_no_errors_of_data(self) -> None:
        with pytest.raises(v.SchemaError) as caught:
            v.validate({}, {"a": {"b": 5}})

        assert (caught.value.code, caught.value.path) == ("validation-schema", "a.b")
        assert isinstance(caught.value, TypeError)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.path) == (str(caught.value), "a.b")

    def test_name_the_public_module(self) -> None:
        assert {
            error.__module__ for error in (v.ValidationError, v.SchemaError, v.InvalidDataError)
        } == {"pepperpy.infra.validation"}


class TestResult:
    def test_is_true_if_it_is_valid(self) -> None:
        assert v.validate(1, int)
        assert not v.validate("x", int)

    def test_errors_make_it_invalid(self) -> None:
        result = v.ValidationResult(True, [v.ValidationError("x")], {"a": 1})

        assert not result.is_valid
        assert result.validated_data is None

    def test_lists_of_a_valid_one_are_its_own(self) -> None:
        schema = {"a": int}
        for _ in range(10):
            first, second = v.validate_dict({"a": 1}, schema), v.validate_dict({"a": 1}, schema)
            first.errors.append(v.ValidationError("x"))
            first.warnings.append(v.ValidationError("x"))
            assert (len(first.errors), second.errors, second.warnings) == (1, [], [])
            with pytest.raises(
                AttributeError, match="'ValidationResult' object has no attribute 'valid'"
            ):
                _ = first.valid

    def test_survives_pickling_and_copying(self) -> None:
        schema = {"a": int}
        for _ in range(10):
            for result in (v.validate_dict({"a": 1}, schema), v.validate_dict({"a": "x"}, schema)):
                for again in (
                    pickle.loads(pickle.dumps(result)),
                    copy.copy(result),
                    copy.deepcopy(result),
                ):
                    assert (again.is_valid, again.validated_data) == (
                        result.is_valid,
                        result.validated_data,
                    )
                    assert list(map(str, again.errors)) == list(map(str, result.errors))
                    assert again.warnings == []
