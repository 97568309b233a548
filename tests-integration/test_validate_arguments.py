"""`validate_arguments` with schemas and annotations, which validation reads."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Annotated, Any, TypedDict, TypeGuard, Unpack

import pytest
from pydantic import BaseModel, Field

from pepperpy.infra.decorators import InvalidArgumentsError, InvalidOptionError, validate_arguments
from pepperpy.infra.validation import ValidationError, coerce, is_email, is_positive, min_length


class Item(BaseModel):
    sku: str
    count: Annotated[int, Field(gt=0)]


class Service:
    @validate_arguments()
    def take(self, other: Service, n: int = 0) -> int:
        return n

    @classmethod
    @validate_arguments()
    def make(cls, n: int) -> int:
        return n

    @validate_arguments()
    @staticmethod
    def plain(n: int) -> int:
        return n


def order(user: Any) -> Any:
    return user


class TestSchemasByParameter:
    def test_types_validators_dicts_and_lists_are_rules(self) -> None:
        @validate_arguments(
            user={"name": min_length(2)}, tags=[str], amount=int, mail=is_email, size=is_positive
        )
        def order(
            user: Any, tags: Any = (), amount: Any = 1, mail: Any = "a@b.co", size: Any = 1
        ) -> str:
            return "done"

        assert order({"name": "ann"}, ["x"]) == "done"
        with pytest.raises(InvalidArgumentsError) as caught:
            order({"name": "x"}, [5], amount="hunter2")

        error = caught.value
        assert str(error).endswith(
            "order() refused its arguments user.name (must be at least 2 characters), "
            "tags[0] (must be a string), amount (must be an integer)"
        )
        assert error.parameters == ("user", "tags", "amount")
        assert all(isinstance(each, ValidationError) for each in error.errors)
        assert [each.path for each in error.errors] == ["user.name", "tags[0]", "amount"]
        assert (error.__cause__, error.__context__) == (None, None)

    def test_a_schema_may_be_one_mapping(self) -> None:
        pay: Any = validate_arguments({"amount": min_length(2) | is_positive})(
            lambda amount: amount
        )

        assert pay(3) == 3
        assert pay("ab") == "ab"
        with pytest.raises(InvalidArgumentsError, match="or must be greater than 0"):
            pay(-3)

    def test_what_a_rule_converts_is_not_passed_on(self) -> None:
        same: Any = validate_arguments(n=coerce(int))(lambda n: n)

        assert same("7") == "7"
        with pytest.raises(InvalidArgumentsError, match="must be convertible to int"):
            same("x")

    def test_models_and_hints_are_rules(self) -> None:
        buy: Any = validate_arguments(item=Item, prices=dict[str, float], note=str | None)(
            lambda item, prices, note=None: "bought"
        )

        assert buy({"sku": "a", "count": 1}, {"a": 1.5}) == "bought"
        with pytest.raises(
            InvalidArgumentsError, match=r"item.count \(must be greater than 0\), prices\.a"
        ):
            buy({"sku": "a", "count": 0}, {"a": "x"})

    def test_what_is_no_rule_is_refused_at_decoration(self) -> None:
        with pytest.raises(InvalidOptionError, match=r"user\.name: a rule is a function"):
            validate_arguments(user={"name": 5})(order)
        with pytest.raises(InvalidOptionError, match="no parameter 'usr'; did you mean 'user'"):
            validate_arguments({"usr": {"name": str}})(order)


class TestAnnotations:
    @pytest.mark.parametrize("decorate", [validate_arguments, validate_arguments()])
    def test_bare_and_called(self, decorate: Any) -> None:
        def plain(amount: Annotated[int, is_positive], currency: str = "EUR") -> str:
            return f"{amount} {currency}"

        pay = decorate(plain)

        assert pay(3, currency="USD") == "3 USD"
        with pytest.raises(InvalidArgumentsError) as caught:
            pay(-3, 5)
        assert str(caught.value).endswith(
            "plain() refused its arguments amount (must be greater than 0), currency (must be a string)"
        )

    def test_nothing_is_converted(self) -> None:
        @validate_arguments()
        def double(n: int) -> int:
            return n * 2

        for wrong in ("7", 7.0, True, None):
            with pytest.raises(InvalidArgumentsError, match="must be an integer"):
                double(wrong)  # type: ignore[arg-type]

    def test_starred_parameters_are_annotated_by_their_items(self) -> None:
        @validate_arguments()
        def total(*parts: int, **named: float) -> float:
            return sum(parts) + sum(named.values())

        assert total(1, 2, x=0.5) == 3.5
        with pytest.raises(InvalidArgumentsError, match=r"parts\[1\] \(.*\), named\.x \("):
            total(1, "x", x="y")  # type: ignore[arg-type]

    def test_a_default_is_good_whatever_its_type(self) -> None:
        @validate_arguments()
        def find(limit: int = None) -> Any:  # type: ignore[assignment]  # noqa: RUF013 - many are like that
            return limit

        assert find() is None
        assert find(5) == 5
        with pytest.raises(InvalidArgumentsError):
            find("x")  # type: ignore[arg-type]

    def test_methods_coroutines_and_generators(self) -> None:
        @validate_arguments()
        async def work(n: int) -> int:
            return n

        @validate_arguments()
        def items(n: int) -> Any:
            yield n

        assert Service().take(Service(), 3) == Service.make(3) == Service.plain(3) == 3
        assert asyncio.run(work(3)) == 3
        assert [*items(3)] == [3]
        for call in (
            lambda: Service().take("x"),  # type: ignore[arg-type]
            lambda: Service.make("x"),  # type: ignore[arg-type]
            lambda: Service.plain("x"),  # type: ignore[arg-type]
            lambda: asyncio.run(work("x")),  # type: ignore[arg-type]
            lambda: [*items("x")],  # type: ignore[arg-type]
        ):
            with pytest.raises(InvalidArgumentsError):
                call()

    def test_partials_objects_and_what_other_decorators_made(self) -> None:
        def pay(amount: int, currency: str = "EUR") -> Any:
            return amount, currency

        class Payer:
            def __call__(self, amount: int, currency: str = "EUR") -> Any:
                return amount, currency

        @functools.wraps(pay)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return pay(*args, **kwargs)

        def signed(*args: Any) -> Any:
            return args

        shown = inspect.Parameter("amount", inspect.Parameter.POSITIONAL_ONLY, annotation=int)
        signed.__signature__ = inspect.Signature([shown])  # type: ignore[attr-defined]

        for target in (
            functools.partial(pay, currency="USD"),
            Payer(),
            wrapped,
            functools.lru_cache(pay),
            signed,
        ):
            checked: Any = validate_arguments()(target)
            assert checked(3)[0] == 3
            with pytest.raises(
                InvalidArgumentsError, match=r"its argument amount \(must be an int"
            ):
                checked("3")
            with pytest.raises(TypeError):
                checked(3, "EUR", "more")
        started: Any = validate_arguments()(functools.partial(pay, 1))
        with pytest.raises(InvalidArgumentsError, match="its argument currency"):
            started(currency=5)

    def test_starred_parameters_may_be_annotated_as_a_whole(self) -> None:
        class Options(TypedDict):
            limit: int

        def ask(*args: *tuple[int, str], **kwargs: Unpack[Options]) -> Any:
            return args, kwargs

        ask.__annotations__.update(args=Unpack[tuple[int, str]], kwargs=Unpack[Options])
        asked: Any = validate_arguments()(ask)

        assert asked(1, "a", limit=5) == ((1, "a"), {"limit": 5})
        with pytest.raises(InvalidArgumentsError, match=r"args\[1\] .*kwargs.limit"):
            asked(1, 2, limit="x")

    def test_a_type_that_no_value_can_be_checked_against_is_refused_at_decoration(self) -> None:
        def ask(each: TypeGuard[int]) -> None: ...

        with pytest.raises(InvalidOptionError, match=r"each: TypeGuard is no type that pydantic"):
            validate_arguments()(ask)

    def test_a_class_that_cannot_be_found_is_named_at_the_first_call(self) -> None:
        class Local: ...

        @validate_arguments()
        def take(it: Local) -> None: ...

        with pytest.raises(
            InvalidOptionError, match=r"can't be resolved \(name 'Local' is not defined"
        ):
            take(Local())

    def test_a_check_of_calls_may_be_annotated_too(self) -> None:
        def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
            return len(args) == 1

        one: Any = validate_arguments(check)(lambda *args: args)

        assert one(5) == (5,)
        with pytest.raises(InvalidArgumentsError):
            one(5, 6)
