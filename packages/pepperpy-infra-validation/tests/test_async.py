"""Rules that have to be awaited."""

from __future__ import annotations

import asyncio
import functools
import gc
import types
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.validation import (
    AsyncRuleError,
    FunctionValidator,
    SchemaError,
    SchemaValidator,
    ValidationResult,
    Validator,
    all_of,
    any_of,
    coerce,
    cross_field,
    is_integer,
    is_string,
    none_of,
    not_,
    optional,
    transform,
    validate,
    validate_async,
    validate_dict,
)


class Stop(BaseException):
    """As control flow of other libraries."""


async def is_free(name):
    await asyncio.sleep(0)
    return name != "root"


def run(value, rule, **options):
    return asyncio.run(validate_async(value, rule, **options))


class TestAwaiting:
    def test_all_errors_of_both_kinds_are_in_the_order_of_the_schema(self) -> None:
        schema = {"name": all_of(is_string, is_free), "age": is_integer, "more": [is_free]}

        result = run({"name": "root", "age": "x", "more": ["ann", "root"]}, schema)

        assert [(error.path, error.message) for error in result.errors] == [
            ("name", "must satisfy is_free"), ("age", "must be an integer"), ("more[1]", "must satisfy is_free"),
        ]  # fmt: skip
        assert run({"name": "a", "age": 1, "more": []}, schema).validated_data == {
            "name": "a",
            "age": 1,
            "more": [],
        }

    def test_schemas_without_such_rules_give_what_validate_gives(self) -> None:
        schema = {"a": coerce(int), "b": optional(is_string, default="x")}

        assert run({"a": "7"}, schema).validated_data == {"a": 7, "b": "x"}
        assert [error.path for error in run({"a": "x"}, schema, unknown="forbid").errors] == ["a"]

    def test_compositions(self) -> None:
        for value in ("root", "ann"):
            free = value != "root"
            assert run(value, not_(is_free)).is_valid is not free
            assert run(value, none_of(is_free, is_integer)).is_valid is not free
            assert run(value, any_of(is_integer, is_free)).is_valid is free
            assert run(value, FunctionValidator(is_free, "taken")).is_valid is free
            assert run(value, all_of(is_free, is_free)).is_valid is free

    def test_a_rule_behind_another_gets_what_that_one_made(self) -> None:
        seen = []

        async def look(value):
            seen.append(value)
            return True

        assert run("7", all_of(look, coerce(int), look)).validated_data == 7
        assert sorted(seen, key=str) == ["7", 7]

    def test_a_rule_over_several_keys(self) -> None:
        async def differ(a, b):
            return a != b

        schema = SchemaValidator(
            {"a": is_free, "b": is_free}, rules=[cross_field("a", "b", rule=differ, at="b")]
        )

        assert [error.path for error in run({"a": "x", "b": "x"}, schema).errors] == ["b"]
        assert [error.path for error in run({"a": "root", "b": "root"}, schema).errors] == [
            "a",
            "b",
        ]

    def test_a_plain_function_may_return_an_awaitable(self) -> None:
        assert run("ann", lambda name: is_free(name + "")).is_valid
        assert not run("root", lambda name: is_free(name + "")).is_valid

    def test_callable_objects_and_partials(self) -> None:
        class Free:
            async def __call__(self, name):
                return await is_free(name)

            async def method(self, name):
                return await is_free(name)

        class FreeValidator(Validator):
            message = "is taken"

            async def __call__(self, name):
                return await is_free(name)

        for rule in (Free(), Free().method, functools.partial(is_free), FreeValidator()):
            assert run("ann", rule).is_valid
            assert not run("root", rule).is_valid

    def test_of_the_same_rule_about_several_values_at_one_path(self) -> None:
        async def is_short(text):
            return len(text) < 3

        short = all_of(is_short)
        small = all_of(lambda text: len(text) < 3)
        for rule in (short, small):
            named = Annotated[str, rule]
            assert run({"a", "b"}, set[named]).is_valid
            assert len(run({"a", "long", "longer"}, set[named]).errors) == 2
            assert run({"ab": "b"}, dict[named, named]).is_valid
            assert [e.path for e in run({"ab": "long"}, dict[named, named]).errors] == ["ab"]
            assert len(run({"long": "a"}, dict[named, named]).errors) == 1
            assert run(" ab ", all_of(not_(rule), transform(str.strip), rule)).is_valid
            assert not run("ab  ", all_of(rule, transform(str.strip))).is_valid
            assert run("ab  ", any_of(rule, all_of(transform(str.strip), rule))).is_valid

    def test_a_rule_over_several_keys_waits_for_what_is_known_of_them(self) -> None:
        asked = []

        def differ(*names):
            asked.append(names)
            return True

        schema = SchemaValidator(
            {"a": is_free, "b": is_free}, rules=[cross_field("a", "b", rule=differ)]
        )

        assert not run({"a": "root", "b": "x"}, schema).is_valid
        assert asked == []
        assert run({"a": "y", "b": "x"}, schema).is_valid
        assert asked == [("y", "x")]

    def test_an_exception_is_a_failure_and_its_text_stays_away(self) -> None:
        async def rule(value):
            raise LookupError(value)

        (error,) = run("hunter2", rule).errors

        assert error.params == {"exception": "LookupError"}
        assert "hunter2" not in repr(error) + error.message

    @given(st.lists(st.sampled_from(["root", "ann", 5, None]), max_size=12), st.integers(1, 5))
    def test_gives_what_the_same_rules_give_when_they_are_plain(self, names, limit) -> None:
        async def short(value):
            return len(value) < 4

        schema = {"names": [any_of(all_of(is_string, short), is_integer)]}
        plain = {"names": [any_of(all_of(is_string, lambda value: len(value) < 4), is_integer)]}

        result = run({"names": names}, schema, max_concurrency=limit)

        assert [e.parts for e in result.errors] == [
            e.parts for e in validate({"names": names}, plain).errors
        ]


class TestConcurrency:
    @pytest.mark.parametrize("limit", [1, 2, 5, 16, 100])
    def test_never_exceeds_its_bound_and_uses_it(self, limit) -> None:
        running, most, asked = 0, 0, []

        async def rule(value):
            nonlocal running, most
            asked.append(value)
            running += 1
            most = max(most, running)
            for _ in range(3):
                await asyncio.sleep(0)
            running -= 1
            return value % 2

        result = run(list(range(40)), [rule], max_concurrency=limit)

        assert most == min(limit, 40)
        assert sorted(asked) == list(range(40))
        assert [error.parts for error in result.errors] == [(n,) for n in range(0, 40, 2)]

    def test_without_asyncio_rules_are_awaited_one_by_one(self) -> None:
        """As under trio, whose loop runs no tasks of asyncio."""

        @types.coroutine
        def pause():
            return (yield "paused")

        async def rule(value):
            await pause()
            return value % 2

        coroutine = validate_async([1, 2, 3], [rule])

        assert [coroutine.send(None) for _ in range(3)] == ["paused"] * 3
        with pytest.raises(StopIteration) as done:
            coroutine.send(None)
        assert [error.path for error in done.value.value.errors] == ["[1]"]

    @pytest.mark.parametrize("limit", [0, -1, 1.5, True, None])
    def test_refuses_a_bound_that_is_none(self, limit) -> None:
        with pytest.raises(SchemaError, match="max_concurrency must be an integer from 1 on"):
            run(1, is_free, max_concurrency=limit)

    def test_plain_rules_are_asked_once_however_often_others_are_waited_for(self) -> None:
        asked = []
        schema = {
            "a": lambda a: asked.append(a) or True,
            "b": all_of(any_of(not_(is_free), is_free), is_free),
        }

        assert run({"a": 1, "b": "ann"}, schema).is_valid
        assert asked == [1]

    def test_plain_rules_are_asked_once_beside_others_that_make_new_values(self) -> None:
        async def doubled(value):
            return ValidationResult(validated_data=value * 2)

        asked = []
        schema = {"a": all_of(doubled, is_integer), "b": lambda b: asked.append(b) or True}

        assert run({"a": 1, "b": 3}, schema).validated_data == {"a": 2, "b": 3}
        assert asked == [3]


class TestCancellation:
    def test_of_the_caller_cancels_what_is_running(self) -> None:
        cancelled = []

        async def endless(value):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(value)
                raise

        async def main():
            task = asyncio.ensure_future(validate_async([1, 2, 3, 4], [endless], max_concurrency=2))
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        gc.collect()  # a coroutine that was never awaited would warn here

        assert cancelled == [1, 2]

    @pytest.mark.parametrize("stop", [asyncio.CancelledError, Stop])
    @pytest.mark.parametrize("count", [1, 3])
    def test_in_a_rule_passes_through_and_stops_the_others(self, stop, count) -> None:
        async def rule(value):
            if value == 0:
                await asyncio.sleep(0)  # the others have begun
                raise stop
            await asyncio.Event().wait()

        async def main():
            with pytest.raises(stop):
                await validate_async(list(range(count)), [rule], max_concurrency=2)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        gc.collect()

    def test_a_schema_that_is_wrong_leaves_no_coroutine_behind(self) -> None:
        async def main():
            with pytest.raises(SchemaError):
                await validate_async(
                    {"a": "x", "b": 1}, {"a": is_free, "b": lambda b: FunctionValidator(int)}
                )

        asyncio.run(main())
        gc.collect()


class TestWithoutALoop:
    @pytest.mark.parametrize(
        "rule", [is_free, {"a": [is_free]}, all_of(is_string, is_free), not_(is_free)]
    )
    def test_such_a_rule_is_an_error_that_says_what_to_do(self, rule) -> None:
        with pytest.raises(
            AsyncRuleError,
            match=r"is asynchronous \(must satisfy is_free\); use `await validate_async",
        ):
            validate({"a": ["x"]}, rule)

    def test_also_one_that_only_its_answer_gives_away(self) -> None:
        schema = {"a": lambda name: is_free(name + "")}
        for _ in range(10):
            with pytest.raises(AsyncRuleError, match="a: this rule is asynchronous"):
                validate_dict({"a": "x"}, schema)
        gc.collect()

    def test_the_error_names_the_place(self) -> None:
        with pytest.raises(AsyncRuleError) as caught:
            validate_dict({}, {"x": {"y": is_free}})

        assert caught.value.path == "x.y"
