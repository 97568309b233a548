from __future__ import annotations

import abc
import asyncio
import copy
import functools
import gc
import inspect
import linecache
import os
import pickle
import signal
import sys
import threading
import traceback
import types
import typing
import weakref
from types import FunctionType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import wrapping
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of, name_of


def through(func, **options):
    """The emptiest wrapper."""
    return compile_wrapper(func, "return $await$call", {}, label="through", **options)


def relaying(func):
    """A wrapper for generators that takes the first item by hand."""
    body = {
        Kind.GENERATOR: """
            $generator = $call
            try:
                $item = $next($generator)
            except $StopIteration as $stop:
                return $stop.value
            $relay
        """,
        Kind.ASYNC_GENERATOR: """
            $generator = $call
            try:
                $item = await $anext($generator)
            except $StopAsyncIteration:
                return
            $relay
        """,
    }[kind_of(func)]
    return compile_wrapper(func, inspect.cleandoc(body), {}, label="relaying")


@through
def module_level(a, b=2):
    """Add."""
    return a + b


class Callable:
    def __call__(self, a, b=2, *, c=3):
        return a, b, c


class AsyncCallable:
    async def __call__(self, a):
        return a


class TestParameterList:
    def test_wrapper_has_the_functions_own_parameters_of_every_sort(self):
        def func(a, b=1, /, c=2, *rest, d, e=4, **more):
            return a, b, c, rest, d, e, more

        wrapper = through(func)

        assert wrapper(1, d=2) == func(1, d=2)
        assert wrapper(1, 2, 3, 4, 5, d=6, e=7, f=8) == func(1, 2, 3, 4, 5, d=6, e=7, f=8)
        assert wrapper.__code__.co_varnames[:7] == func.__code__.co_varnames[:7]
        assert wrapper.__code__.co_posonlyargcount == 2

    def test_defaults_are_shared_not_copied(self):
        marker = []

        def func(a=marker, *, b=marker):
            return a, b

        wrapper = through(func)

        assert wrapper()[0] is marker
        assert wrapper()[1] is marker

    def test_wrong_calls_fail_as_those_of_the_function(self):
        with pytest.raises(TypeError, match=r"module_level\(\) missing 1 required positional"):
            module_level()
        with pytest.raises(TypeError, match="unexpected keyword argument 'c'"):
            module_level(1, c=2)

    @pytest.mark.parametrize(
        "name",
        ["func", "call", "args", "kwargs", "_w_func", "_w_error", "self", "print", "wrapper"],
    )
    def test_no_parameter_name_collides_with_the_wrappers_own(self, name):
        scope = {}
        exec(f"def target({name}): return {name}", scope)
        body = "try:\n    return $call\nexcept $ValueError as $error:\n    raise $error"

        wrapper = compile_wrapper(scope["target"], body, {}, label="test")

        assert wrapper(7) == 7
        assert wrapper(**{name: 7}) == 7

    def test_parameters_that_cannot_be_written_fall_back_to_args(self):
        def func(a):
            return a

        func.__code__ = func.__code__.replace(co_varnames=(".0",))

        assert through(func)(3) == 3

    @pytest.mark.parametrize(
        "target",
        [functools.partial(max, 3), abs, int, functools.lru_cache(lambda x: x)],
        ids=["partial", "builtin", "class", "lru_cache"],
    )
    def test_callables_without_python_parameters_fall_back_to_args(self, target):
        assert through(target)(5) == target(5)

    @pytest.mark.parametrize("target", [Callable(), Callable().__call__], ids=["object", "bound"])
    def test_bound_methods_and_callable_objects_have_exact_parameters(self, target):
        wrapper = through(target)

        assert wrapper(1, c=5) == (1, 2, 5)
        assert wrapper.__code__.co_varnames[:3] == ("a", "b", "c")

    def test_call_that_is_a_staticmethod_binds_nothing(self):
        class Odd:
            @staticmethod
            def __call__(a, b):
                return a, b

        assert through(Odd())(1, 2) == (1, 2)

    @given(
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 6),
        st.booleans(),
        st.integers(0, 3),
        st.sets(st.integers(0, 2)),
        st.booleans(),
    )
    def test_any_parameter_list_is_passed_on_exactly(
        self, only, plain, defaults, star, keywords, with_default, double_star
    ):
        total = only + plain
        defaults = min(defaults, total)
        parts = [f"p{i}" + (f"={i}" if i >= total - defaults else "") for i in range(total)]
        if only:
            parts.insert(only, "/")
        if star or keywords:
            parts.append("*rest" if star else "*")
        parts += [f"k{i}" + (f"={i}" if i in with_default else "") for i in range(keywords)]
        parts += ["**more"] if double_star else []
        scope = {}
        exec(f"def func({', '.join(parts)}): return locals()", scope)
        func = scope["func"]
        keyword_arguments = {f"k{i}": object() for i in range(keywords) if i not in with_default}
        full = {f"k{i}": object() for i in range(keywords)} | ({"x": 1} if double_star else {})

        wrapper = through(func)

        few, many = range(total - defaults), range(total + 2 * star)
        assert wrapper(*few, **keyword_arguments) == func(*few, **keyword_arguments)
        assert wrapper(*many, **full) == func(*many, **full)
        assert inspect.signature(wrapper) == inspect.signature(func)
        assert inspect.signature(wrapper, follow_wrapped=False) == inspect.signature(func)


class TestIdentity:
    def test_name_doc_module_and_wrapped_are_kept(self):
        assert module_level.__name__ == module_level.__code__.co_name == "module_level"
        assert module_level.__qualname__ == module_level.__code__.co_qualname == "module_level"
        assert module_level.__doc__ == "Add."
        assert module_level.__module__ == __name__
        assert module_level.__wrapped__(1, 2) == 3

    def test_annotations_are_copied_without_evaluating_them(self):
        def func(a: DoesNotExist) -> NeitherDoesThis: ...  # noqa: F821

        wrapper = through(func)

        assert wrapper.__annotations__ == {"a": "DoesNotExist", "return": "NeitherDoesThis"}

    def test_type_hints_resolve_in_the_functions_module(self):
        def func(a: Callable) -> Kind: ...

        assert typing.get_type_hints(through(func)) == {"a": Callable, "return": Kind}

    def test_attributes_of_functions_are_kept_and_state_of_objects_is_not(self):
        def func(): ...

        func.route = "/"
        stateful = Callable()
        stateful.password = "s3cret"

        assert through(func).route == "/"
        assert not hasattr(through(stateful), "password")

    def test_abstract_methods_stay_abstract(self):
        class Base(abc.ABC):
            @through
            @abc.abstractmethod
            def hook(self): ...

        with pytest.raises(TypeError, match="abstract"):
            Base()

    def test_decorated_module_level_functions_pickle_and_copy(self):
        assert copy.deepcopy(module_level) is module_level
        assert pickle.loads(pickle.dumps(functools.partial(module_level, 1)))() == 3

    @pytest.mark.parametrize(
        ("func", "name"),
        [
            (module_level, f"{__name__}.module_level"),
            (functools.partial(functools.partial(module_level, 1), 2), f"{__name__}.module_level"),
            (Callable(), f"{__name__}.Callable"),
            (Callable().__call__, f"{__name__}.Callable.__call__"),
            (max, "builtins.max"),
            (str.upper, "builtins.str.upper"),
            ((5).__add__, "builtins.int.__add__"),
            ([].append, "builtins.list.append"),
        ],
    )
    def test_name_of_sees_through_partials_and_objects(self, func, name):
        assert name_of(func) == name


class TestKinds:
    def test_plain_async_and_generator_kinds_survive(self):
        async def coroutine(): ...

        def generator():
            yield

        async def async_generator():
            yield

        assert inspect.iscoroutinefunction(through(coroutine))
        assert inspect.isgeneratorfunction(relaying(generator))
        assert inspect.isasyncgenfunction(relaying(async_generator))
        assert kind_of(len) is Kind.FUNCTION

    @pytest.mark.parametrize(
        "target",
        [
            AsyncCallable(),
            AsyncCallable().__call__,
            functools.partial(AsyncCallable()),
            functools.partial(functools.partial(AsyncCallable().__call__)),
        ],
        ids=["object", "bound", "partial", "nested partial"],
    )
    def test_coroutine_functions_are_seen_behind_partials_and_objects(self, target):
        wrapper = through(target)

        assert kind_of(target) is Kind.COROUTINE
        assert inspect.iscoroutinefunction(wrapper)
        assert asyncio.run(wrapper(4)) == 4

    def test_asyncios_mark_counts_and_a_mock_that_has_every_attribute_does_not(self):
        from unittest.mock import AsyncMock, MagicMock

        assert kind_of(AsyncMock()) is Kind.COROUTINE
        assert kind_of(MagicMock()) is Kind.FUNCTION

    def test_functions_marked_as_coroutine_functions_count_as_such(self):
        def func():
            return asyncio.sleep(0, "done")

        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(func)
        else:
            func._is_coroutine = asyncio.coroutines._is_coroutine

        assert asyncio.run(through(func)()) == "done"

    def test_generators_that_can_be_awaited_count_as_coroutine_functions(self):
        @types.coroutine
        def nap(seconds):
            yield from asyncio.sleep(0).__await__()
            return seconds

        async def main():
            return await through(nap)(4)

        assert kind_of(nap) is Kind.COROUTINE
        assert asyncio.run(main()) == 4

    def test_kind_can_be_overridden(self):
        def returns_awaitable():
            return asyncio.sleep(0, "done")

        wrapper = through(returns_awaitable, kind=Kind.COROUTINE)

        assert asyncio.run(wrapper()) == "done"


class TestGenerators:
    def test_relay_passes_on_sends_throws_and_the_return_value(self):
        def echo():
            got = yield "ready"
            while got != "stop":
                try:
                    got = yield got
                except KeyError as error:
                    got = yield repr(error)
            return "bye"

        def drive(generator):
            steps = [next(generator), generator.send("a"), generator.throw(KeyError("k"))]
            steps.append(generator.send("b"))
            with pytest.raises(StopIteration) as stopped:
                generator.send("stop")
            return [*steps, stopped.value.value]

        assert (
            drive(relaying(echo)()) == drive(echo()) == ["ready", "a", "KeyError('k')", "b", "bye"]
        )

    def test_relay_closes_the_generator_when_it_is_closed(self):
        seen = []

        def items():
            try:
                yield 1
                yield 2
            finally:
                seen.append("closed")

        generator = relaying(items)()
        next(generator)
        generator.close()

        assert seen == ["closed"]

    def test_relay_of_an_empty_generator_returns_its_value(self):
        def empty():
            return "nothing"
            yield

        with pytest.raises(StopIteration) as stopped:
            next(relaying(empty)())

        assert stopped.value.value == "nothing"

    def test_relay_keeps_no_cycle_from_a_thrown_error(self):
        def items():
            try:
                yield 1
            except ValueError:
                yield 2

        class OddError(ValueError):
            pass

        generator = relaying(items)()
        next(generator)
        error = OddError()
        seen = weakref.ref(error)
        gc.disable()
        try:
            generator.throw(error)
            del error
            generator.close()
            assert seen() is None
        finally:
            gc.enable()

    @pytest.mark.asyncio
    async def test_async_relay_passes_on_sends_throws_and_close(self):
        seen = []

        async def echo():
            try:
                got = yield "ready"
                while got != "stop":
                    try:
                        got = yield got
                    except KeyError as error:
                        got = yield repr(error)
            finally:
                seen.append("closed")

        async def drive(agen):
            steps = [await anext(agen), await agen.asend("a"), await agen.athrow(KeyError("k"))]
            steps.append(await agen.asend("b"))
            with pytest.raises(StopAsyncIteration):
                await agen.asend("stop")
            return steps

        assert (
            await drive(relaying(echo)())
            == await drive(echo())
            == ["ready", "a", "KeyError('k')", "b"]
        )
        seen.clear()
        agen = relaying(echo)()
        await anext(agen)
        await agen.aclose()
        assert seen == ["closed"]


class TestInjection:
    def injecting(self, func):
        body = "$injected = 'connection'\nreturn $await$call"
        return compile_wrapper(func, body, {}, label="injecting", inject=True)

    def test_first_parameter_is_filled_in_and_left_out_of_the_signature(self):
        def query(connection: str, table: int, *, limit: int = 10) -> str:
            return connection, table, limit

        wrapper = self.injecting(query)

        assert wrapper(1, limit=2) == ("connection", 1, 2)
        assert str(inspect.signature(wrapper)) == "(table: 'int', *, limit: 'int' = 10) -> 'str'"
        assert wrapper.__annotations__ == {"table": "int", "limit": "int", "return": "str"}
        assert query.__annotations__["connection"] == "str"

    def test_in_a_method_it_is_the_one_after_self(self):
        class Users:
            @self.injecting
            def find(self, connection, name="ann"):
                return connection, name

            @classmethod
            @self.injecting
            def count(cls, connection):
                return cls.__name__, connection

        assert Users().find() == ("connection", "ann")
        assert Users.count() == ("Users", "connection")
        assert str(inspect.signature(Users.find)) == "(self, name='ann')"

    def test_a_default_of_the_injected_one_does_not_shift_the_others(self):
        def query(connection=None, table="t", limit=5):
            return connection, table, limit

        assert self.injecting(query)() == ("connection", "t", 5)
        assert self.injecting(query)("u") == ("connection", "u", 5)

    def test_it_goes_to_var_positional_where_there_is_nothing_else(self):
        assert self.injecting(lambda *args: args)(1, 2) == ("connection", 1, 2)
        assert self.injecting(functools.partial(lambda *args: args, 0))(1) == (0, "connection", 1)

    @pytest.mark.parametrize("func", [lambda: 1, lambda *, connection: 1])
    def test_nothing_to_fill_in_is_refused_at_decoration(self, func):
        with pytest.raises(TypeError, match="has no positional parameter to fill in"):
            self.injecting(func)

    @pytest.mark.asyncio
    async def test_coroutine_functions_get_it_as_well(self):
        async def query(connection, table):
            return connection, table

        assert await self.injecting(query)("t") == ("connection", "t")


class TestDecorate:
    def test_looks_into_every_usual_descriptor_from_above_and_below(self):
        def doubled(func):
            return decorate(
                func,
                lambda f: compile_wrapper(f, "return 2 * $call", {}, label="doubled"),
                label="doubled",
            )

        class Numbers:
            @doubled
            def method(self):
                return 1

            @doubled
            @classmethod
            def above_class(cls):
                return 2

            @classmethod
            @doubled
            def below_class(cls):
                return 3

            @doubled
            @staticmethod
            def static():
                return 4

            @doubled
            @property
            def prop(self):
                return 5

            @doubled
            @functools.cached_property
            def cached(self):
                return 6

            partial = doubled(functools.partialmethod(lambda self, n: n, 7))

        numbers = Numbers()

        assert [numbers.method(), numbers.above_class(), numbers.below_class()] == [2, 4, 6]
        assert [numbers.static(), numbers.prop, numbers.cached, numbers.partial()] == [
            8,
            10,
            12,
            14,
        ]

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            (3, "got int"),
            ("s3cret", "got str"),
            (property(), "got property"),
            (Callable, "Callable is a class"),
        ],
    )
    def test_what_holds_no_function_is_a_type_error_that_shows_no_value(self, target, message):
        with pytest.raises(TypeError, match=message) as caught:
            decorate(target, lambda f: f, label="timed")

        assert "timed decorates functions and methods" in str(caught.value)
        assert "s3cret" not in str(caught.value)


class TestSource:
    def test_tracebacks_show_the_wrappers_lines(self):
        @through
        def broken(a):
            raise ValueError(a)

        with pytest.raises(ValueError, match="1") as caught:
            broken(1)

        shown = "".join(traceback.format_exception(caught.value))
        assert "<pepperpy.infra through " in shown
        assert "return _w_func(a)" in shown
        assert ", in broken" in shown

    def test_source_survives_a_check_of_the_line_cache(self):
        filename = module_level.__code__.co_filename

        linecache.checkcache()

        assert "def wrapper(a, b=None):" in linecache.getlines(filename)[0]

    def test_getsource_gives_the_users_function(self):
        assert "return a + b" in inspect.getsource(module_level)

    def test_decorating_closures_again_and_again_keeps_nothing(self):
        def make():
            def closure(a, unusual_name=1): ...

            return through(closure)

        make()
        before = len(linecache.cache)
        refs = [weakref.ref(make()) for _ in range(100)]
        gc.collect()

        assert len(linecache.cache) == before
        assert not any(ref() for ref in refs)

    def test_shapes_without_end_take_bounded_memory(self):
        from pepperpy.infra.utils.wrapping import _compiler

        for number in range(_compiler._MOST_RECIPES + 10):
            scope = {}
            exec(f"def f(p{number}): return p{number}", scope)
            wrapper = through(scope["f"])

        ours = [name for name in linecache.cache if name.startswith("<pepperpy.infra through ")]
        assert wrapper(3) == 3
        assert len(_compiler._recipes) == _compiler._MOST_RECIPES
        assert len(ours) <= _compiler._MOST_RECIPES

    def test_functions_of_one_shape_share_code_but_not_names_or_values(self):
        wrappers = []
        for number in range(3):

            def func(a, n=number):
                return a, n

            wrappers.append(compile_wrapper(func, "return $tag, $call", {"tag": number}, label="x"))

        assert [wrapper(9) for wrapper in wrappers] == [(n, (9, n)) for n in range(3)]

    def test_compiling_from_many_threads_at_once_works(self):
        results = []

        def work(number):
            scope = {}
            exec(f"def f(a, t{number % 4}=1): return a", scope)
            results.append(through(scope["f"])(number))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(results) == list(range(16))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_a_child_can_decorate_whatever_its_parent_was_compiling_at_the_fork(self, monkeypatch):
        from pepperpy.infra.utils.wrapping import _compiler

        def fork_in_the_midst(*args):
            monkeypatch.undo()
            children.append(os.fork())
            return compile_it(*args)

        children = []
        compile_it = _compiler._compile
        monkeypatch.setattr(_compiler, "_compile", fork_in_the_midst)
        through(lambda only_here: only_here)
        if children == [0]:
            signal.alarm(5)  # a child that hangs is killed
            os._exit(through(lambda only_in_the_child: only_in_the_child)(7))

        assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7

    def test_a_callable_with_an_odd_name_is_named_by_its_class(self):
        odd = Callable()
        odd.__name__ = 5

        assert through(odd).__code__.co_name == "Callable"

    def test_body_can_be_made_from_the_parameters(self):
        def func(a, b=2, *rest, c=3, **more): ...

        wrapper = compile_wrapper(
            func,
            lambda parameters: f"return ({', '.join(parameters.names)}), $args, $kwargs",
            {},
            label="names",
        )

        assert wrapper(1, 2, 9, c=5, d=6) == (
            (1, 2, 5, (9,), {"d": 6}),
            (1, 2, 9),
            {"c": 5, "d": 6},
        )

    def test_result_is_a_real_function(self):
        assert type(module_level) is FunctionType
        assert wrapping.__all__ == sorted(wrapping.__all__)
