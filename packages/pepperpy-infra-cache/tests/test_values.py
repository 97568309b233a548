from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pepperpy.infra.cache import Cache, InvalidOptionError, InvalidTTLError, UnkeyableArgumentError
from pepperpy.infra.utils import FakeClock


class TestValues:
    def test_are_there_until_deleted(self, cache: Cache) -> None:
        cache.set("a", None)

        assert cache.get("a", 5) is None
        assert cache.get("b", 5) == 5
        assert cache.delete("a") is True
        assert cache.delete("a") is False
        assert cache.get("a") is None

    @pytest.mark.parametrize("ttl", [10, timedelta(seconds=10)])
    def test_may_have_a_ttl_of_their_own(self, cache: Cache, clock: FakeClock, ttl: Any) -> None:
        cache.set("a", 1, ttl=ttl)
        cache.set("b", 2)
        clock.advance(10)

        assert (cache.get("a"), cache.get("b")) == (None, 2)

    def test_have_the_ttl_of_the_cache(self, clock: FakeClock) -> None:
        cache = Cache("short", ttl=60, clock=clock)
        cache.set("a", 1)
        cache.set("b", 1, ttl=600)
        clock.advance(60)

        assert (cache.get("a"), cache.get("b")) == (None, 1)

    def test_that_expired_do_not_pile_up(self, clock: FakeClock) -> None:
        cache = Cache("unbounded", max_size=None, clock=clock)
        for n in range(5000):
            cache.set(n, n, ttl=10)
            clock.advance(1)

        assert len(cache._values.store.entries) < 50

    @pytest.mark.parametrize("ttl", [0, -1, True, float("nan"), "5", timedelta(0)])
    def test_refuse_a_ttl_that_is_none(self, cache: Cache, ttl: Any) -> None:
        with pytest.raises(InvalidTTLError, match="ttl must be positive seconds") as caught:
            cache.set("a", 1, ttl=ttl)

        assert caught.value.option == "ttl"

    def test_carry_their_key_and_their_tags_as_names(self, cache: Cache) -> None:
        cache.set("a", 1, tags=["x", "y"])
        cache.set(5, 2, tags="x")

        assert cache.invalidate("y") == 1
        assert cache.invalidate("x") == 1
        assert cache.invalidate("a") == 0

    @pytest.mark.parametrize("tags", [[5], [None], [["a"]]])
    def test_refuse_tags_that_are_no_text(self, cache: Cache, tags: Any) -> None:
        with pytest.raises(InvalidOptionError, match="tags must be text") as caught:
            cache.set("a", 1, tags=tags)

        assert caught.value.option == "tags"

    def test_may_have_any_key(self, cache: Cache) -> None:
        keys: list[Any] = [
            1,
            True,
            1.0,
            "1",
            (1,),
            (True,),
            [1],
            {"a": 1},
            None,
            frozenset({1}),
            0.0,
        ]
        for index, key in enumerate(keys):
            cache.set(key, index)

        assert [cache.get(key) for key in keys] == list(range(len(keys)))
        assert all(cache.delete(key) for key in keys)

    def test_refuse_a_key_that_cannot_be_one(self, cache: Cache) -> None:
        class Odd:
            __hash__ = None  # type: ignore[assignment]

        with pytest.raises(UnkeyableArgumentError, match="Odd"):
            cache.set(Odd(), 1)  # type: ignore[arg-type]

    def test_are_bounded_as_functions_are(self) -> None:
        cache = Cache("small", max_size=10)
        for n in range(100):
            cache.set(n, n)

        assert sum(cache.get(n) is not None for n in range(100)) == 10

    def test_obey_cache_if_and_copy(self) -> None:
        cache = Cache("options", copy=True, cache_if=bool)
        mine = [1]
        cache.set("a", mine)
        mine.append(2)
        cache.set("b", [])

        assert cache.get("a") == [1]
        assert cache.get("a") is not cache.get("a")
        assert cache.get("b", "nothing") == "nothing"


class TestOptionsOfACache:
    def test_are_defaults_of_its_functions(self, clock: FakeClock) -> None:
        cache = Cache("short", ttl=60, clock=clock)

        @cache.cached
        def f() -> object:
            return object()

        @cache.cached(ttl=600)
        def g() -> object:
            return object()

        first, second = f(), g()
        clock.advance(60)

        assert f() is not first
        assert g() is second

    @pytest.mark.parametrize("make", [lambda: Cache("users"), lambda: Cache(name="users")])
    def test_shows_its_name(self, make: Callable[[], Cache]) -> None:
        cache = make()
        f = cache.cached(lambda: 1)

        assert repr(cache) == "<Cache 'users': 1 functions>"
        assert f() == 1

    @pytest.mark.parametrize("name", [5, None, b"a"])
    def test_refuses_a_name_that_is_no_text(self, name: Any) -> None:
        with pytest.raises(InvalidOptionError, match="name must be text"):
            Cache(name)
