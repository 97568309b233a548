from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pepperpy.infra.cache import Cache, InvalidTTLError, UncacheableResultError
from pepperpy.infra.utils import FakeClock


class Lost(Exception):
    """An error with arguments and data."""

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(what)
        self.code = code


class TestTTL:
    @pytest.mark.parametrize("ttl", [60, 60.0, timedelta(minutes=1), lambda result: 60])
    @pytest.mark.parametrize(("age", "runs"), [(59.9, 1), (60.0, 2)])
    def test_a_result_lives_until_exactly_ttl(
        self, cache: Cache, clock: FakeClock, ttl: Any, age: float, runs: int
    ) -> None:
        @cache.cached(ttl=ttl)
        def f(n: int) -> int:
            return n * n

        f(3)
        clock.advance(age)

        assert f(3) == 9
        assert f.cache_info().loads == runs

    def test_counts_from_the_end_of_the_call(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(ttl=60)
        def f() -> object:
            clock.advance(100)
            return object()

        kept = f()
        clock.advance(59)
        assert f() is kept
        clock.advance(1)
        assert f() is not kept

    def test_hits_do_not_extend_it(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(ttl=60)
        def f() -> object:
            return object()

        kept = f()
        for _ in range(5):
            clock.advance(10)
            assert f() is kept
        clock.advance(10)

        assert f() is not kept

    @pytest.mark.parametrize("jump", [-1e9, 1e9])
    def test_the_wall_clock_may_jump(self, cache: Cache, clock: FakeClock, jump: float) -> None:
        @cache.cached(ttl=60)
        def f() -> object:
            return object()

        kept = f()
        clock.jump(jump)
        assert f() is kept
        clock.advance(60)
        assert f() is not kept

    def test_without_one_nothing_expires(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached
        def f(n: int) -> object:
            return object()

        kept = f(1)
        clock.advance(1e12)

        assert f(1) is kept

    def test_of_each_result_may_differ(self, cache: Cache, clock: FakeClock) -> None:
        lives: list[Any] = [10, timedelta(seconds=20), None, 0, -5, timedelta(0), float("inf")]

        @cache.cached(ttl=lambda result: lives[result])
        def f(n: int) -> int:
            return n

        for n in range(len(lives)):
            f(n)
        assert f.cache_info().size == 4
        clock.advance(10)
        assert f.cache_info().size == 3
        clock.advance(10)
        assert f.cache_info().size == 2
        clock.advance(1e9)
        assert f.cache_info().size == 2

    @pytest.mark.parametrize("told", ["5", True, float("nan"), object()])
    def test_a_function_that_returns_none_is_named(self, cache: Cache, told: Any) -> None:
        @cache.cached(ttl=lambda result: told)
        def f() -> int:
            return 1

        with pytest.raises(InvalidTTLError, match="function given as ttl") as caught:
            f()

        assert caught.value.option == "ttl"
        with pytest.raises(InvalidTTLError):  # it is the same the next time: nothing hangs
            f()

    def test_of_none(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(ttl=60, none_ttl=timedelta(seconds=5))
        def f(n: int) -> int | None:
            return n or None

        f(0), f(1)
        clock.advance(5)
        f(0), f(1)

        assert f.cache_info().loads == 3

    def test_of_none_alone(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(none_ttl=5)
        def f(n: int) -> int | None:
            return n or None

        f(0), f(1)
        clock.advance(1e9)
        f(0), f(1)

        assert f.cache_info().loads == 3


class TestJitter:
    def test_takes_off_a_random_part_within_its_bounds(
        self, cache: Cache, clock: FakeClock
    ) -> None:
        @cache.cached(ttl=100, jitter=0.2, max_size=None)
        def f(n: int) -> int:
            return n

        for n in range(500):
            f(n)
        clock.advance(79.99)
        assert f.cache_info().size == 500
        clock.advance(10.01)
        assert 150 < f.cache_info().size < 350
        clock.advance(10)
        assert f.cache_info().size == 0


class TestCacheIf:
    def test_what_it_is_false_for_is_not_kept(self, cache: Cache) -> None:
        @cache.cached(cache_if=lambda result: result > 0)
        def f(n: int) -> int:
            return n

        f(0), f(0), f(1), f(1)

        info = f.cache_info()
        assert (info.loads, info.hits, info.size) == (3, 1, 1)

    def test_its_error_reaches_the_caller(self, cache: Cache) -> None:
        @cache.cached(cache_if=lambda result: 1 / result > 0)
        def f(n: int) -> int:
            return n

        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                f(0)
        assert f(1) == 1


class TestCopies:
    def test_each_caller_gets_its_own(self, cache: Cache) -> None:
        @cache.cached(copy=True)
        def f(n: int) -> list[list[int]]:
            return [[n]]

        first = f(1)
        first[0].append(5)
        second = f(1)
        second[0].append(6)

        assert f(1) == [[1]]
        assert f.cache_info().hits == 2

    def test_may_be_made_by_a_function(self, cache: Cache) -> None:
        made = []

        def own(value: list[int]) -> list[int]:
            made.append(value)
            return value.copy()

        @cache.cached(copy=own)
        def f() -> list[int]:
            return [1]

        f().append(2)

        assert f() == [1]
        assert f() is not f()
        assert len(made) == 1 + 3

    @pytest.mark.parametrize("kind", [TypeError, KeyError, ValueError, IndexError, OSError])
    def test_the_error_of_that_function_reaches_the_caller_once(
        self, cache: Cache, kind: type[Exception]
    ) -> None:
        asked = []

        def own(value: int) -> int:
            asked.append(value)
            if len(asked) > 1:
                raise kind("mine")
            return value

        @cache.cached(ttl=60, copy=own)
        def f() -> int:
            return 1

        f()
        with pytest.raises(kind, match="mine"):
            f()

        assert len(asked) == 2
        assert f.cache_info().hits == 1

    def test_of_what_was_put(self, cache: Cache) -> None:
        @cache.cached(copy=True)
        def f() -> list[int]:
            return [1]

        mine = [2]
        f.put(mine)
        mine.append(3)

        assert f() == [2]
        assert f() is not f()


class TestErrors:
    def test_are_not_kept(self, cache: Cache) -> None:
        @cache.cached(ttl=60)
        def f() -> None:
            raise Lost("gone")

        for _ in range(3):
            with pytest.raises(Lost):
                f()

        assert f.cache_info().load_errors == 3
        assert f.cache_info().size == 0

    @pytest.mark.parametrize("options", [{"cache_errors": Lost}, {"cache_errors": (OSError, Lost)}])
    def test_that_are_asked_for_are_kept_for_a_second(
        self, cache: Cache, clock: FakeClock, options: Any
    ) -> None:
        @cache.cached(ttl=60, **options)
        def f() -> None:
            raise Lost("gone", 7)

        for _ in range(3):
            with pytest.raises(Lost, match="gone") as caught:
                f()
            assert caught.value.code == 7
        assert f.cache_info().load_errors == 1
        clock.advance(1)
        with pytest.raises(Lost):
            f()

        info = f.cache_info()
        assert (info.load_errors, info.hits) == (2, 2)

    def test_of_other_classes_are_not(self, cache: Cache) -> None:
        @cache.cached(cache_errors=OSError)
        def f() -> None:
            raise Lost("gone")

        for _ in range(2):
            with pytest.raises(Lost):
                f()

        assert f.cache_info().load_errors == 2

    def test_error_ttl_alone_keeps_every_one(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(error_ttl=timedelta(seconds=5))
        def f() -> None:
            raise Lost("gone")

        for _ in range(2):
            with pytest.raises(Lost):
                f()
        clock.advance(5)
        with pytest.raises(Lost):
            f()

        assert f.cache_info().load_errors == 2

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_that_are_no_failures_are_never_kept(
        self, cache: Cache, kind: type[BaseException]
    ) -> None:
        @cache.cached(error_ttl=60)
        def f() -> None:
            raise kind

        for _ in range(2):
            with pytest.raises(kind):
                f()

        info = f.cache_info()
        assert (info.size, info.load_errors) == (0, 0)

    def test_are_raised_as_copies_whose_tracebacks_do_not_grow(self, cache: Cache) -> None:
        @cache.cached(error_ttl=60)
        def f() -> None:
            raise Lost("gone") from OSError("cause")

        lengths, errors = [], []
        for _ in range(5):
            with pytest.raises(Lost) as caught:
                f()
            errors.append(caught.value)
            lengths.append(len(caught.traceback))

        assert len({id(error) for error in errors}) == 5
        assert len(set(lengths[1:])) == 1
        assert all(isinstance(error.__cause__, OSError) for error in errors)

    def test_keep_nothing_of_the_failed_call_alive(self, cache: Cache) -> None:
        class Big: ...

        watches = []

        @cache.cached(error_ttl=60)
        def f() -> None:
            big = Big()
            watches.append(weakref.ref(big))
            raise Lost("gone")

        for _ in range(2):
            with pytest.raises(Lost):
                f()
        gc.collect()

        assert watches[0]() is None

    def test_that_cannot_be_copied_are_raised_as_they_are(self, cache: Cache) -> None:
        class Odd(Exception):
            def __init__(self, one: int, two: int) -> None:
                super().__init__(f"{one}, {two}")

        @cache.cached(error_ttl=60)
        def f() -> None:
            raise Odd(1, 2)

        for _ in range(3):
            with pytest.raises(Odd, match="1, 2"):
                f()
        with pytest.raises(TypeError):
            copy.copy(Odd(1, 2))
        assert f.cache_info().load_errors == 1

    def test_go_with_the_names_of_the_call(self, cache: Cache) -> None:
        @cache.cached(key="user:{user_id}", error_ttl=60)
        def f(user_id: int) -> None:
            raise Lost("gone")

        with pytest.raises(Lost):
            f(1)

        assert cache.invalidate("user:1") == 1
        with pytest.raises(Lost):
            f(1)
        assert f.cache_info().load_errors == 2


class TestResultsThatCanBeUsedOnce:
    @pytest.mark.parametrize(
        "make",
        [lambda: (n for n in "ab"), lambda: map(str, "ab"), lambda: enumerate("ab")],
        ids=str,
    )
    def test_are_refused_with_what_to_do(self, cache: Cache, make: Callable[[], object]) -> None:
        @cache.cached
        def f() -> object:
            return make()

        with pytest.raises(UncacheableResultError, match=r"only once.*return a list") as caught:
            f()

        assert caught.value.function.endswith("f")
        assert f.cache_info().size == 0
