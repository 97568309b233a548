from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from pepperpy.infra.cache import (
    Cache,
    CacheError,
    InvalidOptionError,
    InvalidTemplateError,
    cached,
    invalidate_cache,
)


@dataclass(frozen=True)
class User:
    id: int
    name: str = ""


class TestTemplates:
    def test_only_what_a_template_names_tells_calls_apart(self) -> None:
        @cached(key="user:{user_id}")
        def f(user_id: int, session: object) -> object:
            return session

        assert f(1, "a") == f(1, "b") == "a"
        assert f(2, "b") == "b"

    def test_values_of_several_classes_are_several_entries_of_one_name(self) -> None:
        @cached(key="user:{user_id}")
        def f(user_id: object) -> type:
            return type(user_id)

        assert (f(1), f("1"), f(True)) == (int, str, bool)
        assert invalidate_cache("user:1") == 2
        assert invalidate_cache("user:True") == 1

    @pytest.mark.parametrize(
        ("template", "name"),
        [
            ("{user.id}", "7"),
            ("user:{user.name}", "user:ann"),
            ("{user.id}{user.name}", "7ann"),
            ("{user.name!r}", "'ann'"),
            ("{user.name!s}", "ann"),
            ("{word!a}", "'\\xfc'"),
            ("{items[0]}-{items[1]}", "x-y"),
            ("{table[key]}", "k"),
            ("{table[a b]}", "space"),
            ("{table[$]}", "dollar"),
            ("{when:%Y-%m-%d}", "2024-02-03"),
            ("{number:05.1f}", "002.5"),
            ("{number:>6}", "   2.5"),
            ("{{{user.id}}}", "{7}"),
            ("$call:{user.id}", "$call:7"),
            ("$$ $x {{$k}}\\$'\"\n{user.id}", "$$ $x {$k}\\$'\"\n7"),
            ("é✓{user.id}", "é✓7"),
            ("{kw}", "word"),
        ],
    )
    def test_are_those_of_str_format(self, cache: Cache, template: str, name: str) -> None:
        @cache.cached(key=template)
        def f(user: User, items: list[str], table: dict, when: dt.date, number: float, word, *, kw):
            return object()

        table = {"key": "k", "a b": "space", "$": "dollar"}
        call = (User(7, "ann"), ["x", "y"], table, dt.date(2024, 2, 3), 2.5, "ü")

        assert f(*call, kw="word") is f(*call, kw="word")
        assert cache.invalidate(name, literal=True) == 1

    def test_values_that_cannot_be_hashed_are_frozen(self) -> None:
        @cached(key="{names}")
        def f(names: list[str], session: object) -> object:
            return object()

        assert f(["a"], 1) is f(["a"], 2)
        assert f(["a"], 1) is not f(["b"], 1)

    def test_one_part_of_a_template_does_not_run_into_the_next(self) -> None:
        @cached(key="{a}{b}")
        def f(a: str, b: str) -> tuple[str, str]:
            return a, b

        assert f("x", "yz") == ("x", "yz")
        assert f("xy", "z") == ("xy", "z")

    def test_in_a_method_they_may_name_the_instance(self) -> None:
        class Repository:
            def __init__(self, tenant: str) -> None:
                self.tenant = tenant

            @cached(key="{self.tenant}:{user_id}")
            def load(self, user_id: int) -> object:
                return object()

        assert Repository("a").load(1) is Repository("a").load(1)
        assert Repository("a").load(1) is not Repository("b").load(1)

    def test_for_a_function_without_parameters_they_are_a_name(self) -> None:
        @cached(key="settings")
        def f() -> object:
            return object()

        assert f() is f()
        assert invalidate_cache("settings") == 1

    def test_the_error_of_an_attribute_reaches_the_caller(self) -> None:
        @cached(key="{user.nickname}")
        def f(user: Any) -> None: ...

        with pytest.raises(AttributeError, match="nickname"):
            f(User(1))

    @pytest.mark.parametrize(
        ("template", "parameter", "message"),
        [
            (
                "user:{usr_id}",
                "usr_id",
                r"{usr_id} names no parameter of f\(\); did you mean 'user_id'",
            ),
            ("user:{}", "", r"{} names no parameter of f\(\)"),
            ("user:{0}", "0", r"{[0]} names no parameter of f\(\)"),
            ("user:{user_id", None, r"is no template: expected '}'"),
            ("user:}{user_id}", None, "is no template"),
            ("{user_id!x}", "user_id", "{user_id!x} has a conversion other than !r, !s and !a"),
            ("{user_id.class}", "user_id", r"can have \.attributes and \[items\]"),
            ("{user_id.__class__}", "user_id", r"can have \.attributes and \[items\]"),
            ("{user_id.}", "user_id", r"can have \.attributes and \[items\]"),
            ("{user_id[]}", "user_id", r"can have \.attributes and \[items\]"),
            ("{user_id.a b}", "user_id", r"can have \.attributes and \[items\]"),
            ("{user_id:{width}}", "user_id", "format that depends on another field"),
        ],
    )
    def test_that_do_not_fit_are_refused_at_decoration(
        self, template: str, parameter: str | None, message: str
    ) -> None:
        def f(user_id: Any, width: int) -> None: ...

        for option in ("key", "tags"):
            with pytest.raises(InvalidTemplateError, match=message) as caught:
                cached(**{option: template})(f)  # type: ignore[call-overload]

            assert (caught.value.option, caught.value.value) == (option, template)
            assert caught.value.parameter == parameter
            assert isinstance(caught.value, ValueError)
            assert f"{option}={template!r}" in str(caught.value)

    def test_an_item_with_odd_digits_is_a_key(self) -> None:
        @cached(key="{table[²]}")
        def f(table: dict[str, int]) -> object:
            return object()

        assert f({"²": 2}) is f({"²": 2})

    def test_one_that_names_no_parameter_is_refused(self) -> None:
        with pytest.raises(InvalidOptionError, match=r"key='all' names no parameter of f\(\)") as e:

            @cached(key="all")
            def f(user_id: int) -> None: ...

        assert e.value.option == "key"


class TestKeyFunctions:
    def test_tell_calls_apart(self) -> None:
        @cached(key=lambda user, session: user.id)
        def f(user: User, session: object) -> object:
            return object()

        assert f(User(1, "a"), 1) is f(User(1, "b"), 2)
        assert f(User(1), 1) is not f(User(2), 1)

    def test_get_the_arguments_as_the_function_does(self) -> None:
        seen = []

        def key(a, /, b, *args, c, **kwargs):
            seen.append((a, b, args, c, kwargs))
            return a

        @cached(key=key)
        def f(a: int, /, b: int = 2, *args: int, c: int = 3, **kwargs: int) -> None: ...

        f(1)
        f(1, 2, 3, c=4, d=5)

        assert seen == [(1, 2, (), 3, {}), (1, 2, (3,), 4, {"d": 5})]

    @pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, AttributeError])
    def test_that_raise_reach_the_caller_unchanged(self, kind: type[Exception]) -> None:
        runs = []
        error = kind("mine")

        def key(n: int) -> int:
            runs.append(n)
            raise error

        @cached(key=key)
        def f(n: int) -> None: ...

        with pytest.raises(kind) as caught:
            f(1)

        assert caught.value is error
        assert error.__cause__ is None
        assert error.__context__ is None
        assert runs == [1]

    @pytest.mark.asyncio
    async def test_that_raise_reach_who_awaits(self) -> None:
        def key(n: int) -> int:
            raise LookupError("mine")

        @cached(key=key)
        async def f(n: int) -> None: ...

        with pytest.raises(LookupError, match="mine"):
            await f(1)

    def test_are_called_once_for_each_call(self) -> None:
        runs = []

        def key(n: object) -> object:
            runs.append(n)
            return n

        @cached(key=key)
        def f(n: object) -> None: ...

        for each in (1, 1, [2], [2], (3,)):
            f(each)

        assert len(runs) == 5

    def test_may_return_what_cannot_be_hashed(self) -> None:
        @cached(key=sorted)
        def f(names: list[str]) -> object:
            return object()

        assert f(["a", "b"]) is f(["b", "a"])
        assert f(["a"]) is not f(["b"])

    def test_that_return_what_cannot_be_frozen_are_named(self) -> None:
        class Odd:
            __hash__ = None  # type: ignore[assignment]

        @cached(key=lambda n: Odd())
        def f(n: int) -> None: ...

        with pytest.raises(CacheError, match=r"key.*Odd.*have it return plain values"):
            f(1)

    def test_text_that_they_return_is_a_name(self) -> None:
        @cached(key=lambda n: f"number:{n}")
        def f(n: int) -> object:
            return object()

        f(1)

        assert invalidate_cache("number:1") == 1
        assert invalidate_cache("number:1") == 0

    def test_in_a_method_get_the_instance(self) -> None:
        class Repository:
            tenant = "a"

            @cached(key=lambda self, n: (self.tenant, n))
            def load(self, n: int) -> object:
                return object()

        assert Repository().load(1) is Repository().load(1)

    @pytest.mark.parametrize("key", [5, ["a"], b"a"])
    def test_anything_else_is_refused(self, key: Any) -> None:
        with pytest.raises(InvalidOptionError, match="key must be a template") as caught:
            cached(key=key)(lambda a: a)

        assert caught.value.option == "key"


class TestIgnore:
    def test_ignored_parameters_do_not_count(self) -> None:
        @cached(ignore=("session", "kwargs"))
        def f(n: int, session: object = None, **kwargs: object) -> object:
            return object()

        assert f(1, "a", x=1) is f(1, [], y=2)
        assert f(1) is not f(2)

    def test_one_name_may_stand_alone(self) -> None:
        @cached(ignore="session")
        def f(n: int, session: object = None) -> object:
            return object()

        assert f(1, "a") is f(1, "b")

    def test_starred_arguments_can_be_ignored(self) -> None:
        @cached(ignore="args")
        def f(n: int, *args: object, **kwargs: object) -> object:
            return object()

        assert f(1, 2, 3) is f(1)
        assert f(1, a=1) is not f(1)

    def test_with_all_ignored_there_is_one_entry(self) -> None:
        @cached(ignore=["a", "b"])
        def f(a: int, b: int) -> object:
            return object()

        assert f(1, 2) is f(3, 4)

    def test_self_ignored_means_all_instances_share(self) -> None:
        class A:
            @cached(ignore="self")
            def f(self, n: int) -> object:
                return object()

        assert A().f(1) is A().f(1)

    @pytest.mark.parametrize("ignore", ["sesion", ["n", "sesion"], 5, [5], None])
    def test_what_is_no_parameter_is_refused(self, ignore: Any) -> None:
        with pytest.raises(InvalidOptionError, match="ignore") as caught:

            @cached(ignore=ignore)
            def f(n: int, session: object) -> None: ...

        assert caught.value.option == "ignore"

    def test_beside_a_key_it_is_refused(self) -> None:
        with pytest.raises(InvalidOptionError, match="give one of them"):

            @cached(key="{n}", ignore="session")
            def f(n: int, session: object) -> None: ...
