from __future__ import annotations

import gc
import weakref
from functools import cached_property, partialmethod
from typing import Any

import pytest

from pepperpy.infra.cache import Cache, UnkeyableArgumentError, cached


class Result:
    """Something that a weak reference can watch."""


class TestEachInstance:
    def test_remembers_for_itself(self) -> None:
        class A:
            @cached
            def f(self, n: int) -> object:
                return object()

        one, two = A(), A()

        assert one.f(1) is one.f(n=1)
        assert one.f(1) is not two.f(1)

    def test_that_cannot_be_hashed_is_one(self) -> None:
        class A:
            __hash__ = None  # type: ignore[assignment]

            def __eq__(self, other: object) -> bool:
                raise AssertionError("nobody should compare instances")

            @cached
            def f(self, n: int) -> object:
                return object()

        one, two = A(), A()

        assert one.f(1) is one.f(1)
        assert one.f(1) is not two.f(1)

    def test_that_equals_another_one_is_one(self) -> None:
        class A:
            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 1

            @cached
            def f(self) -> object:
                return object()

        one, two = A(), A()

        assert one.f() is one.f()
        assert one.f() is not two.f()

    def test_of_a_subclass_has_a_store_for_each_method(self) -> None:
        class A:
            @cached
            def f(self, n: int) -> str:
                return "A"

        class B(A):
            @cached
            def f(self, n: int) -> str:
                return "B" + super().f(n)

        b = B()

        assert b.f(1) == b.f(1) == "BA"
        assert A.f(b, 1) == "A"  # type: ignore[arg-type]

    def test_can_be_told_apart_by_value_without_weak_references(self) -> None:
        class A:
            __slots__ = ("x",)

            def __init__(self, x: Any) -> None:
                self.x = x

            def __eq__(self, other: object) -> bool:
                return isinstance(other, A) and self.x == other.x

            def __hash__(self) -> int:
                return hash(self.x)

            @cached
            def f(self) -> object:
                return object()

        assert A(1).f() is A(1).f()
        assert A(1).f() is not A(2).f()

    def test_with_neither_is_refused_with_what_to_do(self) -> None:
        class A:
            __slots__ = ()
            __hash__ = None  # type: ignore[assignment]

            @cached
            def f(self) -> None: ...

        with pytest.raises(UnkeyableArgumentError, match='add "__weakref__" to its __slots__') as e:
            A().f()

        assert e.value.parameter == "self"

    def test_is_the_first_argument_of_the_handles(self) -> None:
        class A:
            @cached
            def f(self, n: int) -> object:
                return object()

        one, two = A(), A()
        kept, other = one.f(1), two.f(1)

        assert A.f.invalidate(one, 1) == 1
        assert one.f(1) is not kept
        assert two.f(1) is other
        A.f.put("put", two, 1)  # type: ignore[arg-type]
        assert two.f(1) == "put"

    def test_frozen_arguments_are_per_instance_as_well(self) -> None:
        class A:
            @cached
            def f(self, n: object) -> object:
                return object()

        one, two = A(), A()

        assert one.f([1]) is one.f([1])
        assert one.f([1]) is not two.f([1])


class TestDeath:
    def test_an_instance_is_not_kept_alive(self) -> None:
        class A:
            @cached
            def f(self, n: object) -> int:
                return 1

        a = A()
        a.f(1), a.f([1])
        watch = weakref.ref(a)
        del a

        assert watch() is None

    def test_its_values_are_let_go(self) -> None:
        class A:
            @cached
            def f(self, n: object) -> Result:
                return Result()

        a, other = A(), A()
        watches = [weakref.ref(a.f(1)), weakref.ref(a.f([1]))]
        kept = other.f(1)
        del a

        assert [watch() for watch in watches] == [None, None]
        assert other.f(1) is kept
        info = A.f.cache_info()
        assert (info.size, info.removed["collected"]) == (1, 2)

    def test_also_when_it_dies_in_a_circle(self) -> None:
        class A:
            def __init__(self) -> None:
                self.me = self

            @cached
            def f(self) -> Result:
                return Result()

        gc.collect()
        watch = weakref.ref(A().f())
        assert watch() is not None
        gc.collect()

        assert watch() is None
        assert A.f.cache_info().size == 0

    def test_also_when_the_value_refers_to_what_dies_with_it(self) -> None:
        class A:
            @cached
            def f(self) -> Result:
                return Result()

            def __del__(self) -> None:
                self.f()  # keeps something for one that is dying

        a = A()
        watch = weakref.ref(a.f())
        del a
        gc.collect()

        assert watch() is None
        assert A.f.cache_info().size == 0

    def test_a_new_instance_in_the_same_place_begins_anew(self) -> None:
        runs = 0

        class A:
            @cached
            def f(self) -> None:
                nonlocal runs
                runs += 1

        places = set()
        for _ in range(50):
            a = A()
            places.add(id(a))
            a.f()
            del a

        assert len(places) < 50  # places were used again
        assert runs == 50

    def test_nothing_is_kept_about_instances_that_are_gone(self) -> None:
        class A:
            @cached
            def f(self) -> int:
                return 1

        for _ in range(100):
            A().f()

        memo = A.f.cache_info.__self__._memo  # type: ignore[attr-defined]
        assert not memo.tokens.by_id
        assert not memo.tokens._refs
        assert not memo.store.entries
        assert not memo.store.owned
        assert len(memo.store._small) + len(memo.store._main) < 50

    def test_a_decorated_function_dies_with_what_it_remembers(self) -> None:
        @cached(ttl=60)
        def f() -> Result:
            return Result()

        watches = [weakref.ref(f()), weakref.ref(f)]
        del f
        gc.collect()

        assert [watch() for watch in watches] == [None, None]


class TestKindsOfMethods:
    def test_classmethod_above(self) -> None:
        class A:
            @classmethod
            @cached
            def f(cls, n: int) -> tuple[str, object]:
                return cls.__name__, object()

        class B(A): ...

        assert A.f(1) is A.f(1) is A().f(1)
        assert B.f(1)[0] == "B"

    def test_classmethod_below(self) -> None:
        class A:
            @cached
            @classmethod
            def f(cls, n: int) -> tuple[str, object]:
                return cls.__name__, object()

        assert A.f(1) is A.f(1) is A().f(1)
        assert A.f.cache_info().hits == 2

    def test_staticmethod_above(self) -> None:
        class A:
            @staticmethod
            @cached
            def f(n: int) -> object:
                return object()

        assert A.f(1) is A.f(1) is A().f(1)

    def test_staticmethod_below(self) -> None:
        class A:
            @cached
            @staticmethod
            def f(n: int) -> object:
                return object()

        assert A.f(1) is A.f(1) is A().f(1)

    def test_property_above(self) -> None:
        class A:
            @property
            @cached(ttl=60)
            def f(self) -> object:
                return object()

        one, two = A(), A()

        assert one.f is one.f
        assert one.f is not two.f

    def test_property_below(self) -> None:
        class A:
            @cached(ttl=60)
            @property
            def f(self) -> object:
                return object()

        one, two = A(), A()

        assert one.f is one.f
        assert one.f is not two.f

    def test_cached_property_and_partialmethod(self) -> None:
        class A:
            @cached
            @cached_property
            def f(self) -> object:
                return object()

            def _g(self, n: int, m: int) -> object:
                return object()

            g = cached(partialmethod(_g, 1))

        a = A()

        assert a.f is a.f
        assert a.g(2) is a.g(2)

    @pytest.mark.asyncio
    async def test_coroutine_methods(self) -> None:
        class A:
            @cached
            async def f(self, n: int) -> object:
                return object()

            @cached
            @classmethod
            async def g(cls) -> object:
                return object()

        one, two = A(), A()

        assert await one.f(1) is await one.f(1)
        assert await one.f(1) is not await two.f(1)
        assert await A.g() is await two.g()

    def test_methods_of_a_cache_object(self, cache: Cache) -> None:
        class A:
            @cache.cached
            def f(self, user_id: int) -> object:
                return object()

        a = A()
        kept = a.f(1)

        assert cache.invalidate("user:1") == 1
        assert a.f(1) is not kept
