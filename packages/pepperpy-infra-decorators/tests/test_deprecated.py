"""`deprecated` is PEP 702: category, stacklevel, classes, `__deprecated__`; nothing else changes."""

from __future__ import annotations

import abc
import asyncio
import copy
import enum
import inspect
import pickle
import sys
import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import pytest

from pepperpy.infra.decorators import (
    InvalidOptionError,
    InvalidTargetError,
    deprecated,
    log_calls,
    log_exceptions,
    memoize,
    retry,
    timed,
)

TEXT = "Use new() instead"


@pytest.fixture
def warned():
    """Warnings as pairs of a text and the function's line; each of them, always."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def here() -> int:
    return inspect.currentframe().f_back.f_lineno


class TestFunctions:
    def test_a_call_warns_at_its_caller(self, warned) -> None:
        @deprecated(TEXT)
        def old(a):
            return a

        assert old(1) == 1
        line = here() - 1

        (warning,) = warned
        assert (str(warning.message), warning.category) == (TEXT, DeprecationWarning)
        assert (warning.filename, warning.lineno) == (__file__, line)
        assert old.__deprecated__ == TEXT

    def test_bare_and_without_a_reason_it_says_what_it_can(self, warned) -> None:
        for decorate in (deprecated, deprecated()):
            decorate(lambda: None)()

        assert {str(warning.message) for warning in warned} == {
            "This is deprecated and will be removed in a future version."
        }

    def test_the_older_name_of_the_text_works(self, warned) -> None:
        deprecated(reason=TEXT)(lambda: None)()

        assert str(warned[0].message) == TEXT

    def test_another_category(self, warned) -> None:
        deprecated(TEXT, category=FutureWarning)(lambda: None)()

        assert warned[0].category is FutureWarning

    def test_no_category_is_no_warning(self, warned) -> None:
        def old():
            return 1

        marked = deprecated(TEXT, category=None)(old)

        assert marked() == 1
        assert not warned
        assert marked is old
        assert old.__deprecated__ == TEXT

    def test_stacklevel_two_warns_at_the_callers_caller(self, warned) -> None:
        @deprecated(TEXT, stacklevel=2)
        def old():
            pass

        def helper():
            old()

        helper()
        line = here() - 1

        assert warned[0].lineno == line

    @pytest.mark.parametrize("above", [timed, log_calls, log_exceptions, retry, memoize])
    def test_other_decorators_above_it_are_not_taken_for_the_caller(self, warned, above) -> None:
        @log_exceptions
        @above
        @deprecated(TEXT)
        def old():
            return 1

        old()
        line = here() - 1

        assert [(warning.filename, warning.lineno) for warning in warned] == [(__file__, line)]

    def test_every_caller_is_warned_once_under_the_default_filter(self) -> None:
        old = deprecated(TEXT)(lambda: None)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                old()
            old()

        assert len(caught) == 2

    def test_as_an_error_the_function_does_not_run(self) -> None:
        ran = []

        old = deprecated(TEXT)(lambda: ran.append(1))

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(DeprecationWarning, match="Use new"):
                old()

        assert not ran

    def test_methods_and_properties_warn_at_their_users(self, warned) -> None:
        class Service:
            @deprecated(TEXT)
            def method(self):
                return 1

            @deprecated(TEXT)
            @property
            def size(self):
                return 2

            @deprecated(TEXT)
            @classmethod
            def make(cls):
                return 3

        assert (Service().method(), Service().size, Service.make()) == (1, 2, 3)
        line = here() - 1

        assert [warning.lineno for warning in warned] == [line] * 3

    def test_a_coroutine_function_is_one_and_warns_at_its_caller(self, warned) -> None:
        @deprecated(TEXT)
        async def old():
            return 1

        async def drive():
            return await old(), here()

        result, line = asyncio.run(drive())

        assert result == 1
        assert inspect.iscoroutinefunction(old)
        assert [(warning.filename, warning.lineno) for warning in warned] == [(__file__, line)]

    def test_a_coroutine_function_warns_when_it_is_called_and_before_3_12_when_awaited(
        self, warned
    ) -> None:
        @deprecated(TEXT)
        async def old():
            return 1

        async def drive():
            waiting = old()
            line, at_once = here() - 1, [warning.lineno for warning in warned]
            await asyncio.ensure_future(waiting)
            return at_once == [line]

        assert asyncio.run(drive()) is (sys.version_info >= (3, 12))
        assert len(warned) == 1

    def test_a_generator_warns_with_its_first_item(self, warned) -> None:
        @deprecated(TEXT)
        def old():
            yield 1

        made = old()
        assert not warned
        assert (list(made), here()) == ([1], warned[0].lineno)


class TestClasses:
    def test_instantiation_warns_at_its_caller(self, warned) -> None:
        @deprecated(TEXT)
        class Old:
            def __init__(self, a, *, b=2):
                self.a = a, b

        assert Old(1, b=3).a == (1, 3)
        line = here() - 1

        assert [(str(each.message), each.lineno) for each in warned] == [(TEXT, line)]
        assert Old.__deprecated__ == TEXT
        assert str(inspect.signature(Old)) == "(a, *, b=2)"

    def test_deriving_warns_at_the_class_statement_and_instances_do_not(self, warned) -> None:
        @deprecated(TEXT)
        class Old:
            def __init__(self, a):
                self.a = a

        line = here() + 2

        class New(Old):
            pass

        class Other(Old):
            def __init__(self):
                super().__init__(7)

        assert [warning.lineno for warning in warned] == [line, line + 3]
        assert (New(1).a, Other().a) == (1, 7)
        assert len(warned) == 2

    @pytest.mark.parametrize("metaclass", [abc.ABCMeta, type(Protocol)])
    def test_a_metaclass_in_python_is_not_taken_for_the_user(self, warned, metaclass) -> None:
        @deprecated(TEXT)
        class Old(metaclass=metaclass):
            pass

        class New(Old):
            pass

        assert [warning.filename for warning in warned] == [__file__]

    def test_a_class_without_a_constructor_refuses_arguments_as_before(self, warned) -> None:
        @deprecated(TEXT)
        class Old:
            pass

        assert type(Old()) is Old
        with pytest.raises(TypeError, match=r"Old\(\) takes no arguments"):
            Old(1)

    def test_constructors_of_other_bases_are_still_reached(self, warned) -> None:
        class Base:
            def __init__(self, a):
                self.a = a

        @deprecated(TEXT)
        class Mixin:
            pass

        class Both(Mixin, Base):
            pass

        assert Both(7).a == 7

    def test_hooks_and_constructors_of_the_class_still_run(self, warned) -> None:
        seen = []

        @deprecated(TEXT)
        class Old:
            def __new__(cls, a):
                seen.append(("new", cls.__name__))
                return super().__new__(cls)

            def __init__(self, a):
                seen.append(("init", a))

            def __init_subclass__(cls, *, mark, **kwargs):
                super().__init_subclass__(**kwargs)
                seen.append(("subclass", mark))

        class New(Old, mark=3):
            pass

        Old(1)
        New(2)

        assert seen == [
            *(("subclass", 3), ("new", "Old"), ("init", 1)),
            *(("new", "New"), ("init", 2)),
        ]
        assert len(warned) == 2

    def test_hooks_of_other_bases_still_run(self, warned) -> None:
        seen = []

        class Base:
            def __init_subclass__(cls, **kwargs):
                seen.append(cls.__name__)

        @deprecated(TEXT)
        class Mixin:
            pass

        class Both(Mixin, Base):
            pass

        assert seen == ["Both"]

    def test_enums_named_tuples_and_dataclasses(self, warned) -> None:
        @deprecated(TEXT)
        class Color(enum.Enum):
            RED = 1

        @deprecated(TEXT)
        class Point(NamedTuple):
            x: int

        @deprecated(TEXT)
        @dataclass(frozen=True, slots=True)
        class Above:
            x: int

        @dataclass
        @deprecated(TEXT)
        class Below:
            x: int

        assert (Color(1), Point(1).x, Above(1).x, Below(1).x) == (Color.RED, 1, 1, 1)
        assert len(warned) == 4
        assert str(inspect.signature(Above)) == "(x: 'int') -> None"
        assert repr(Above(1)).endswith("Above(x=1)")

    def test_an_abstract_class_stays_abstract(self, warned) -> None:
        @deprecated(TEXT)
        class Old(abc.ABC):
            @abc.abstractmethod
            def work(self):
                """To be written."""

        with pytest.raises(TypeError, match="abstract"):
            Old()

    def test_an_exception_can_be_raised_and_caught(self, warned) -> None:
        @deprecated(TEXT)
        class OldError(Exception):
            pass

        with pytest.raises(OldError, match="why"):
            raise OldError("why")

        assert len(warned) == 1

    def test_instances_are_copied_and_pickled(self, warned) -> None:
        old = OldAtTheTop(7)

        assert copy.deepcopy(old).a == pickle.loads(pickle.dumps(old)).a == 7

    def test_no_category_leaves_a_class_as_it_is(self, warned) -> None:
        @deprecated(TEXT, category=None)
        class Old:
            pass

        assert "__new__" not in vars(Old)
        assert Old.__deprecated__ == TEXT
        Old()
        assert not warned

    @pytest.mark.parametrize("target", [int, object, type(None)])
    def test_a_class_that_cannot_be_changed_is_refused(self, target: Any) -> None:
        with pytest.raises(InvalidTargetError, match="cannot be changed"):
            deprecated(TEXT)(target)


@deprecated(TEXT)
class OldAtTheTop:
    def __init__(self, a):
        self.a = a


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"category": int}, "category"),
        ({"category": "DeprecationWarning"}, "category"),
        ({"stacklevel": 0}, "stacklevel"),
        ({"stacklevel": True}, "stacklevel"),
        ({"stacklevel": "1"}, "stacklevel"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options, option) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        deprecated(TEXT, **options)

    assert caught.value.option == option
