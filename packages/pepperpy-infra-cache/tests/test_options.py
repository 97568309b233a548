from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pepperpy.infra.cache import (
    Cache,
    CacheError,
    InvalidOptionError,
    InvalidTargetError,
    InvalidTTLError,
    async_cached,
    cached,
)
from pepperpy.infra.utils import FakeClock

NAN = float("nan")

BAD_TIMES: list[tuple[str, Any]] = [
    (name, value)
    for name in ("ttl", "none_ttl", "error_ttl")
    for value in (0, -1, True, False, NAN, "60", [60], timedelta(0), timedelta(-1), int, object())
]
BAD_TIMES += [
    (name, value)
    for name in ("stale_for", "stale_on_error")
    for value in (-1, True, NAN, "60", None, timedelta(-1))
]
BAD: list[tuple[str, Any]] = [
    *(
        (name, value)
        for name in ("max_size", "max_bytes")
        for value in (0, -1, 1.5, True, "5", NAN)
    ),
    *(
        (name, value)
        for name in ("jitter", "refresh_ahead")
        for value in (-0.1, 1, 2, True, "x", NAN)
    ),
    *((name, 5) for name in ("weigh", "cache_if", "on_remove", "copy")),
    *(
        ("cache_errors", value)
        for value in (5, int, BaseException, KeyboardInterrupt, (OSError, 5))
    ),
    *((name, 5) for name in ("version", "namespace", "name")),
    ("clock", 5),
    ("names", "no"),
    ("namespace", None),
]


class TestBadOptions:
    @pytest.mark.parametrize(("name", "value"), BAD_TIMES, ids=str)
    def test_times_that_make_no_sense_are_named(self, name: str, value: Any) -> None:
        for make in (cached, async_cached, lambda **options: Cache("a", **options)):
            options = {"ttl": 60, name: value}
            with pytest.raises(InvalidTTLError, match=f"^{name} must") as caught:
                make(**options)

            assert (caught.value.option, caught.value.code) == (name, "cache-ttl")
            assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize(("name", "value"), BAD, ids=str)
    def test_others_are_named(self, name: str, value: Any) -> None:
        for make in (cached, async_cached, lambda **options: Cache(**{"name": "a", **options})):
            options = {"ttl": 60, "max_bytes": 5, name: value}
            with pytest.raises(InvalidOptionError, match=f"^{name} must") as caught:
                make(**options)

            assert caught.value.option == name

    @pytest.mark.parametrize("name", ["stale_for", "stale_on_error", "refresh_ahead", "jitter"])
    def test_what_needs_a_ttl_says_so(self, name: str) -> None:
        with pytest.raises(InvalidOptionError, match="go with ttl=") as caught:
            cached(**{name: 0.5})

        assert caught.value.option == name

    def test_weigh_needs_max_bytes(self) -> None:
        with pytest.raises(InvalidOptionError, match="go with max_bytes="):
            cached(weigh=len)

    @pytest.mark.parametrize(
        ("name", "hint"), [("tll", "did you mean 'ttl'"), ("maxsize", "max_size")]
    )
    def test_that_do_not_exist_are_named_with_the_nearest(self, name: str, hint: str) -> None:
        with pytest.raises(InvalidOptionError, match=f"unknown option {name!r}.*{hint}") as caught:
            cached(**{name: 5})  # type: ignore[call-overload]

        assert caught.value.option == name

    @pytest.mark.parametrize("value", [60, "60", 1.5])
    def test_by_position_are_told_apart_from_functions(self, value: Any) -> None:
        with pytest.raises(InvalidOptionError, match=r"by name, like cached\(ttl=60\)"):
            cached(value)


class TestTargets:
    def test_generator_functions_are_refused(self) -> None:
        def generator():
            yield 1

        async def async_generator():
            yield 1

        for decorator in (cached, cached(ttl=60), async_cached, Cache("a").cached):
            for function in (generator, async_generator):
                with pytest.raises(InvalidTargetError, match=r"gone through only once.*list") as e:
                    decorator(function)
                assert e.value.function.endswith(function.__name__)
                assert isinstance(e.value, TypeError)

    def test_classes_are_refused(self) -> None:
        class A: ...

        for decorator in (cached, cached(ttl=60), async_cached(), Cache("a").cached):
            with pytest.raises(InvalidTargetError, match=r"A is a class") as caught:
                decorator(A)
            assert caught.value.function.endswith("A")

    @pytest.mark.parametrize("target", [5, "f", None])
    def test_what_is_no_function_is_refused(self, target: Any) -> None:
        with pytest.raises(InvalidTargetError, match="decorates functions and methods; got"):
            cached(ttl=60)(target)

    def test_async_cached_refuses_plain_functions(self) -> None:
        for decorator in (async_cached, async_cached(ttl=60), Cache("a").async_cached):
            with pytest.raises(
                InvalidTargetError, match=r"decorates coroutine functions.*use cached"
            ):
                decorator(lambda: 1)

    def test_every_error_is_a_cache_error_with_a_code_of_its_own(self) -> None:
        kinds = CacheError.__subclasses__() + InvalidOptionError.__subclasses__()

        assert all(kind.code.startswith("cache-") for kind in kinds)
        assert len({kind.code for kind in kinds}) == len(kinds)


class TestForms:
    def test_bare_and_called(self) -> None:
        @cached
        def bare(n: int) -> object:
            return object()

        @cached()
        def called(n: int) -> object:
            return object()

        assert bare(1) is bare(1)
        assert called(1) is called(1)

    def test_the_function_stays_what_it_was(self) -> None:
        def f(n: int, *, m: str = "a") -> str:
            """Doc."""
            return m

        g = cached(ttl=60)(f)

        assert (g.__name__, g.__doc__, g.__wrapped__) == ("f", "Doc.", f)
        assert g.__qualname__ == f.__qualname__

    @pytest.mark.asyncio
    async def test_an_undecorated_call_goes_past_the_cache(self, clock: FakeClock) -> None:
        @async_cached(ttl=60)
        async def f() -> object:
            return object()

        kept = await f()

        assert await f.__wrapped__() is not kept
        assert await f() is kept
