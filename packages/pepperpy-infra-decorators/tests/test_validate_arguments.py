"""`validate_arguments` refuses a call before the function runs, and names no value."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.decorators import (
    DecoratorsError,
    InvalidArgumentsError,
    InvalidOptionError,
    InvalidTargetError,
    validate_arguments,
)
from pepperpy.infra.utils import MissingExtraError


def is_positive(n):
    return n > 0


class TestTheOlderForm:
    def test_a_check_sees_the_call_as_it_was_written(self) -> None:
        seen = []

        @validate_arguments(lambda args, kwargs: seen.append((args, kwargs)) or True)
        def pay(amount, currency="EUR", *, to=None):
            return amount

        pay(1)
        pay(amount=2)
        pay(3, "USD", to="ann")

        assert seen == [
            ((1,), {}),
            ((), {"amount": 2}),
            ((3, "USD"), {"to": "ann"}),
        ]
        assert str(inspect.signature(pay)) == "(amount, currency='EUR', *, to=None)"

    def test_a_call_that_does_not_pass_is_refused_and_does_not_run(self) -> None:
        ran = []
        pay = validate_arguments(lambda args, kwargs: args[0] > 0)(ran.append)

        pay(1)
        with pytest.raises(InvalidArgumentsError, match=r"append\(\) refused its arguments"):
            pay(-1)

        assert ran == [1]

    @pytest.mark.parametrize("answer", [False, None, 0, ""])
    def test_anything_false_is_a_no(self, answer) -> None:
        with pytest.raises(InvalidArgumentsError):
            validate_arguments(lambda args, kwargs: answer)(lambda: None)()

    def test_the_check_may_be_given_by_its_older_name(self) -> None:
        pay = validate_arguments(validator=lambda args, kwargs: args[0] > 0)(lambda amount: amount)

        assert pay(1) == 1
        with pytest.raises(InvalidArgumentsError):
            pay(-1)

    def test_a_parameter_may_have_that_name_as_well(self) -> None:
        use = validate_arguments(validator=is_positive)(lambda validator: validator)

        assert use(1) == 1
        with pytest.raises(InvalidArgumentsError, match="argument validator"):
            use(-1)

    def test_a_method_is_checked_with_its_self(self) -> None:
        class Service:
            limit = 5

            @validate_arguments(lambda args, kwargs: args[1] <= args[0].limit)
            def take(self, n):
                return n

        assert Service().take(5) == 5
        with pytest.raises(InvalidArgumentsError):
            Service().take(6)


class TestRulesByParameter:
    def test_each_rule_sees_its_value_however_it_was_given(self) -> None:
        seen = []

        @validate_arguments(b=lambda b: seen.append(b) or True)
        def f(a, b=2, *rest, c=3, **more):
            return b

        f(1)
        f(1, 5)
        f(1, b=6)

        assert seen == [2, 5, 6]

    def test_starred_parameters_are_a_tuple_and_a_dict(self) -> None:
        @validate_arguments(rest=lambda rest: rest == (2, 3), more=lambda more: more == {"x": 4})
        def f(a, *rest, **more):
            return a

        assert f(1, 2, 3, x=4) == 1

    def test_the_error_names_every_parameter_that_failed_and_no_value(self) -> None:
        @validate_arguments(
            age=is_positive, name=lambda name: name.isalpha(), ok=lambda ok: ok is False
        )
        def join(age, name, ok=False):
            raise AssertionError

        with pytest.raises(InvalidArgumentsError) as caught:
            join(-77, "hunter2!")

        error = caught.value
        assert isinstance(error, (ValueError, DecoratorsError))
        name = f"{__name__}.{join.__qualname__}"
        assert str(error) == f"{name}() refused its arguments age (not is_positive), name"
        assert error.parameters == ("age", "name")
        assert error.function == name
        assert error.code == "decorators-arguments"

    def test_a_rule_that_raises_says_no_and_its_error_is_not_carried_along(self) -> None:
        @validate_arguments(age=lambda age: int(age) > 0)
        def join(age):
            raise AssertionError

        with pytest.raises(
            InvalidArgumentsError, match=r"age \(ValueError in the check\)"
        ) as caught:
            join("hunter2")

        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert "hunter2" not in repr(caught.value)

    @pytest.mark.parametrize("stop", [KeyboardInterrupt, asyncio.CancelledError])
    def test_control_flow_passes_through_a_rule(self, stop) -> None:
        def rule(value):
            raise stop

        with pytest.raises(stop):
            validate_arguments(a=rule)(lambda a: a)(1)

    def test_coroutines_and_generators_are_judged_when_they_run(self) -> None:
        @validate_arguments(n=is_positive)
        async def work(n):
            return n

        @validate_arguments(n=is_positive)
        def items(n):
            yield n

        @validate_arguments(n=is_positive)
        async def aitems(n):
            yield n

        async def drive():
            assert await work(1) == 1
            assert [n async for n in aitems(1)] == [1]
            with pytest.raises(InvalidArgumentsError):
                await work(-1)
            with pytest.raises(InvalidArgumentsError):
                await anext(aitems(-1))

        asyncio.run(drive())
        assert list(items(1)) == [1]
        with pytest.raises(InvalidArgumentsError):
            next(items(-1))

    @given(st.integers(), st.integers())
    def test_a_call_runs_exactly_if_all_rules_pass(self, a, b) -> None:
        add = validate_arguments(a=is_positive, b=lambda b: b % 2)(lambda a, b: a + b)

        if a > 0 and b % 2:
            assert add(a, b) == a + b
        else:
            with pytest.raises(InvalidArgumentsError):
                add(a, b)


class TestRefusedAtDecoration:
    def test_a_parameter_that_does_not_exist_with_the_nearest_one(self) -> None:
        with pytest.raises(InvalidOptionError, match="no parameter 'amont'; did you mean 'amount'"):
            validate_arguments(amont=is_positive)(lambda amount: amount)

    @pytest.mark.parametrize(
        ("args", "kwargs", "message"),
        [
            (({},), {}, "an empty schema judges nothing"),
            (({"a": is_positive},), {"b": is_positive}, "not both"),
            ((7,), {}, "validator must be a function; got int"),
            ((), {"a": 7}, "a must be a function; got int"),
            ((), {"a": None}, "a must be a function; got NoneType"),
            ((is_positive,), {}, r"is_positive cannot be called with \(args, kwargs\)"),
            ((lambda a, k: 1,), {"a": is_positive}, "not both"),
        ],
    )
    def test_what_cannot_judge(self, args, kwargs, message) -> None:
        with pytest.raises(InvalidOptionError, match=message):
            validate_arguments(*args, **kwargs)

    def test_a_coroutine_function_would_never_say_no(self) -> None:
        async def rule(value):
            return False

        with pytest.raises(InvalidOptionError, match="is a coroutine function"):
            validate_arguments(a=rule)

    def test_a_bare_decoration_is_told_by_the_first_call_at_the_latest(self) -> None:
        with pytest.raises(InvalidOptionError, match="is no check"):

            @validate_arguments
            def one(a):
                return a

        @validate_arguments
        def two(a, b):
            return a

        with pytest.raises(InvalidTargetError, match=r"took .*two for a check"):
            two(1, 2)

    def test_types_schemas_and_annotations_without_the_wheel_that_reads_them(
        self, monkeypatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pepperpy.infra.validation", None)

        def pay(amount: int): ...

        for decorate in (
            lambda: validate_arguments(pay),
            lambda: validate_arguments()(pay),
            lambda: validate_arguments(amount=int)(pay),
            lambda: validate_arguments({"amount": {"n": is_positive}})(pay),
        ):
            with pytest.raises(MissingExtraError, match=r"pepperpy-infra-decorators\[validation\]"):
                decorate()

    def test_a_schema_of_functions_alone_needs_no_other_wheel(self, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "pepperpy.infra.validation", None)

        pay = validate_arguments({"amount": is_positive})(lambda amount: amount)

        assert pay(3) == 3
        with pytest.raises(InvalidArgumentsError):
            pay(-3)

    def test_without_annotations_there_is_nothing_to_go_by(self) -> None:
        with pytest.raises(InvalidOptionError, match=r"has no annotations"):
            validate_arguments()(lambda a: a)

    def test_parameters_of_builtins_and_partials_have_no_names(self) -> None:
        with pytest.raises(InvalidOptionError, match="no parameter 'base'"):
            validate_arguments(base=is_positive)(functools.partial(int, base=2))
