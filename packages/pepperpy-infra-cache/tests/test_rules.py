from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pepperpy.infra.cache import (
    AsyncCacheInvalidator,
    Cache,
    CacheInvalidationRule,
    CacheInvalidator,
    InvalidationStrategy,
    InvalidOptionError,
    InvalidTTLError,
    invalidate_cache,
)
from pepperpy.infra.utils import FakeClock

S = InvalidationStrategy


@pytest.fixture
def invalidator(cache: Cache) -> CacheInvalidator:
    return CacheInvalidator(cache)


def fill(cache: Cache, *names: str) -> None:
    for name in names:
        cache.set(name, name)


def left(cache: Cache, *names: str) -> list[str]:
    return [name for name in names if cache.get(name) is not None]


class TestTheSix:
    def test_have_the_names_of_the_contract(self) -> None:
        names = ["TTL", "LRU", "PATTERN", "DEPENDENCY", "VERSION", "MANUAL"]
        assert [strategy.name for strategy in S] == names
        assert [strategy.value for strategy in S] == [name.lower() for name in names]

    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({"strategy": S.TTL}, "ttl"),
            ({"strategy": "lru"}, "max_size"),
            ({"strategy": S.PATTERN}, "pattern"),
            ({"strategy": S.DEPENDENCY}, "dependencies"),
            ({"strategy": S.VERSION}, "version"),
            ({"strategy": "tll"}, "strategy"),
            ({"strategy": S.LRU, "max_size": 0}, "max_size"),
            ({"strategy": S.TTL, "ttl": 0}, "ttl"),
            ({"strategy": S.TTL, "ttl": True}, "ttl"),
            ({"strategy": S.DEPENDENCY, "dependencies": [5]}, "dependencies"),
            ({"strategy": S.PATTERN, "pattern": 5}, "pattern"),
            ({"strategy": S.VERSION, "version": 5}, "version"),
        ],
    )
    def test_say_what_they_lack(self, options: Any, option: str) -> None:
        with pytest.raises(InvalidOptionError, match=option) as caught:
            CacheInvalidationRule(**options)

        assert caught.value.option == option
        assert isinstance(caught.value, InvalidTTLError) == (option == "ttl" and "ttl" in options)

    @pytest.mark.parametrize("wrong", [(5, None), ("a", "ttl"), ("a", {"strategy": "ttl"})])
    def test_are_added_by_name_and_rule(self, invalidator: CacheInvalidator, wrong: Any) -> None:
        name, rule = wrong
        rule = rule or CacheInvalidationRule(strategy=S.MANUAL)
        with pytest.raises(InvalidOptionError):
            invalidator.add_rule(name, rule)

    def test_can_be_removed(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        invalidator.depends("page", on="user:1")
        invalidator.add_rule("page", CacheInvalidationRule(strategy=S.MANUAL))
        assert invalidator.remove_rule("page") == 2
        assert invalidator.remove_rule("page") == 0
        fill(cache, "page", "user:1")

        assert cache.invalidate("user:1") == 1
        assert cache.invalidate("pag*") == 1


class TestTTLRule:
    def test_limits_the_life_of_what_is_kept_from_now_on(
        self, cache: Cache, clock: FakeClock, invalidator: CacheInvalidator
    ) -> None:
        @cache.cached(ttl=100)
        def f(user_id: int) -> None: ...

        @cache.cached
        def g(n: int) -> None: ...

        rule = CacheInvalidationRule(strategy=S.TTL, ttl=timedelta(seconds=10))
        invalidator.add_rule("user:1", rule)
        f(1), f(2), g(1)
        assert invalidator.check_ttl("user:1")
        clock.advance(10)

        assert not invalidator.check_ttl("user:1")
        assert invalidator.check_ttl("user:2")
        assert (f.cache_info().size, g.cache_info().size) == (1, 1)
        f(1)
        assert f.cache_info().loads == 3

    def test_the_shortest_counts_and_never_makes_longer(
        self, cache: Cache, clock: FakeClock, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("user:*", CacheInvalidationRule(strategy=S.TTL, ttl=10))
        invalidator.add_rule("user:1", CacheInvalidationRule(strategy=S.TTL, ttl=1000))
        cache.set("user:1", 1)
        cache.set("user:2", 1, ttl=5)
        clock.advance(5)
        assert left(cache, "user:1", "user:2") == ["user:1"]
        clock.advance(5)

        assert left(cache, "user:1", "user:2") == []

    @pytest.mark.parametrize(
        "options",
        [{"tags": ["a"]}, {"tags": lambda result: "a"}, {"key": "a"}, {"key": lambda: "a"}],
    )
    def test_holds_for_names_of_every_source(
        self, cache: Cache, clock: FakeClock, invalidator: CacheInvalidator, options: Any
    ) -> None:
        @cache.cached(names=False, **options)
        def f() -> object:
            return object()

        invalidator.add_rule("a", CacheInvalidationRule(strategy=S.TTL, ttl=10))
        kept = f()
        clock.advance(9)
        assert f() is kept
        clock.advance(1)

        assert f() is not kept


class TestLRURule:
    def test_no_more_than_so_many_carry_the_name(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        @cache.cached(tags=["reports"])
        def f(n: int) -> None: ...

        @cache.cached(tags=["reports"])
        def g(n: int) -> None: ...

        invalidator.add_rule("reports", CacheInvalidationRule(strategy=S.LRU, max_size=3))
        for n in range(10):
            f(n), g(n)
            assert f.cache_info().size + g.cache_info().size <= 3

        assert cache.invalidate("reports") == 3

    def test_who_was_asked_for_longest_ago_goes(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("page:*", CacheInvalidationRule(strategy=S.LRU, max_size=2))
        fill(cache, "page:1", "page:2")
        cache.get("page:1")
        fill(cache, "page:3")

        assert left(cache, "page:1", "page:2", "page:3") == ["page:1", "page:3"]

    def test_what_is_put_counts(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        @cache.cached(tags=["reports"])
        def f(n: int) -> int:
            return n

        invalidator.add_rule("reports", CacheInvalidationRule(strategy=S.LRU, max_size=2))
        for n in range(5):
            f.put(n, n)

        assert f.cache_info().size == 2

    def test_what_is_gone_takes_no_room(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        invalidator.add_rule("page:*", CacheInvalidationRule(strategy=S.LRU, max_size=2))
        fill(cache, "page:1", "page:2")
        cache.invalidate("page:2")
        fill(cache, "page:3")

        assert left(cache, "page:1", "page:3") == ["page:1", "page:3"]

    def test_update_lru_counts_as_being_asked_for(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("page:*", CacheInvalidationRule(strategy=S.LRU, max_size=2))
        fill(cache, "page:1", "page:2")

        assert invalidator.update_lru("page:1") is True
        assert invalidator.update_lru("nobody") is False
        fill(cache, "page:3")
        assert left(cache, "page:1", "page:2", "page:3") == ["page:1", "page:3"]

    def test_keeps_nothing_of_functions_that_are_gone(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("reports", CacheInvalidationRule(strategy=S.LRU, max_size=2))
        for _ in range(5):
            f = cache.cached(tags=["reports"])(lambda n: n)
            f(1), f(2), f(3)
            assert f.cache_info().size == 2


class TestPatternRule:
    @pytest.mark.parametrize("about", ["user:1", "user:*", "user:[12]"])
    def test_what_a_glob_matches_goes_too(
        self, cache: Cache, invalidator: CacheInvalidator, about: str
    ) -> None:
        rule = CacheInvalidationRule(strategy=S.PATTERN, pattern="feed:*")
        invalidator.add_rule(about, rule)
        fill(cache, "user:1", "user:5", "feed:1", "feed:2", "other")

        assert cache.invalidate("other") == 1
        assert cache.invalidate("user:1") == 3
        assert left(cache, "user:1", "user:5", "feed:1", "feed:2") == ["user:5"]

    def test_a_glob_that_meets_the_name_counts(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("user:1", CacheInvalidationRule(strategy=S.PATTERN, pattern="feed:*"))
        fill(cache, "feed:1")

        assert cache.invalidate("us*") == 1

    def test_by_pattern(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        fill(cache, "user:1", "user:2", "team:1")

        assert invalidator.invalidate_by_pattern("user:*") == 2


class TestDependencyRule:
    def test_reaches_all_that_hangs_on_it_however_far(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.depends("page:home", on=["user:1", "user:2"])
        invalidator.depends("site", on="page:home")
        invalidator.add_rule(
            "sitemap", CacheInvalidationRule(strategy=S.DEPENDENCY, dependencies=["site"])
        )
        fill(cache, "page:home", "site", "sitemap", "other")

        assert invalidator.invalidate("user:3") == 0
        assert invalidator.invalidate("user:2") == 3
        assert left(cache, "page:home", "site", "sitemap", "other") == ["other"]

    def test_circles_are_safe(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        invalidator.depends("a", on="b")
        invalidator.depends("b", on="c")
        invalidator.depends("c", on="a")
        invalidator.depends("c", on="c")
        fill(cache, "a", "b", "c")

        assert invalidator.invalidate("b") == 3

    def test_long_chains_are_safe(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        for n in range(3000):
            invalidator.depends(f"n:{n + 1}", on=f"n:{n}") if n < 300 else None
        fill(cache, "n:300")

        assert invalidator.invalidate("n:0") == 1

    @pytest.mark.parametrize(
        ("on", "gone"),
        [
            ("user:*", "user:1"),
            ("user:1", "user:*"),
            ("user:*", "user:*"),
            ("*:1", "user:*"),
            ("user:[12]", "user:?"),
            ("user:1*", "user:*1"),
        ],
    )
    def test_globs_meet_what_they_may_have_in_common(
        self, cache: Cache, invalidator: CacheInvalidator, on: str, gone: str
    ) -> None:
        invalidator.depends("page", on=on)
        fill(cache, "page")

        assert cache.invalidate(gone) == 1

    @pytest.mark.parametrize(
        ("on", "gone"), [("user:1", "user:2"), ("user:*", "team:*"), ("a?", "b*")]
    )
    def test_names_that_have_nothing_in_common_do_not_meet(
        self, cache: Cache, invalidator: CacheInvalidator, on: str, gone: str
    ) -> None:
        invalidator.depends("page", on=on)
        fill(cache, "page")

        assert cache.invalidate(gone) == 0

    def test_what_depends_may_be_a_glob(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        invalidator.depends("page:*", on="user:1")
        fill(cache, "page:1", "page:2", "other")

        assert cache.invalidate("user:1") == 2

    def test_rules_belong_to_the_cache(self, cache: Cache) -> None:
        CacheInvalidator(cache).depends("page", on="user:1")
        fill(cache, "page")

        assert invalidate_cache("user:1") == 0
        assert CacheInvalidator(cache).invalidate("user:1") == 1


class TestVersionRule:
    def test_a_new_version_drops_what_carries_the_name(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("models", CacheInvalidationRule(strategy=S.VERSION, version="1"))
        fill(cache, "models")

        assert invalidator.invalidate_by_version("models", "1") == 0
        assert invalidator.invalidate_by_version("models", "2") == 1
        fill(cache, "models")
        assert invalidator.invalidate_by_version("models", "2") == 0
        assert invalidator.invalidate_by_version("models", "1") == 1

    def test_without_a_rule_the_first_one_is_new(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        fill(cache, "models")

        assert invalidator.invalidate_by_version("models", "1") == 1
        fill(cache, "models")
        assert invalidator.invalidate_by_version("models", "1") == 0


class TestManualRule:
    @pytest.mark.parametrize("about", ["secret:1", "secret:*"])
    def test_is_spared_by_globs_and_dependencies(
        self, cache: Cache, invalidator: CacheInvalidator, about: str
    ) -> None:
        invalidator.add_rule(about, CacheInvalidationRule(strategy=S.MANUAL))
        invalidator.depends("secret:1", on="user:1")
        fill(cache, "secret:1", "user:1", "secret")

        assert cache.invalidate("user:1") == 1
        assert cache.invalidate("secret*") == 1
        assert cache.invalidate("*") == 0
        assert left(cache, "secret:1") == ["secret:1"]
        assert cache.invalidate("secret:1") == 1

    def test_a_rule_named_itself_means_what_it_matches(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("secret:*", CacheInvalidationRule(strategy=S.MANUAL))
        fill(cache, "secret:1", "secret:2")

        assert cache.invalidate("secret:*") == 2

    def test_what_carries_another_name_goes_by_that(
        self, cache: Cache, invalidator: CacheInvalidator
    ) -> None:
        invalidator.add_rule("secret", CacheInvalidationRule(strategy=S.MANUAL))
        cache.set("a", 1, tags=["secret"])

        assert cache.invalidate("a*") == 1

    def test_holds_for_entities(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        @cache.cached
        def f(user_id: int) -> None: ...

        invalidator.add_rule("user:1", CacheInvalidationRule(strategy=S.MANUAL))
        f(1), f(2)

        assert cache.invalidate("user:*") == 1
        assert cache.invalidate("user:1") == 1

    def test_clearing_drops_it(self, cache: Cache, invalidator: CacheInvalidator) -> None:
        invalidator.add_rule("secret", CacheInvalidationRule(strategy=S.MANUAL))
        fill(cache, "secret")

        assert cache.clear() == 1


class TestInvalidators:
    def test_use_the_default_cache_unless_told(self) -> None:
        from pepperpy.infra.cache import cached

        @cached
        def f(user_id: int) -> None: ...

        f(1)

        assert CacheInvalidator().invalidate("user:1") == 1

    def test_keep_to_a_namespace(self, cache: Cache) -> None:
        @cache.cached(namespace="one")
        def f(user_id: int) -> None: ...

        @cache.cached(namespace="two")
        def g(user_id: int) -> None: ...

        f(1), g(1)

        assert CacheInvalidator(cache, "one").invalidate("user:1") == 1
        assert g.cache_info().size == 1

    @pytest.mark.asyncio
    async def test_the_awaited_form_does_the_same(self, cache: Cache) -> None:
        invalidator = AsyncCacheInvalidator(cache)
        invalidator.depends("page", on="user:1")
        fill(cache, "page", "user:1", "team:1", "models")

        assert await invalidator.check_ttl("page")
        assert await invalidator.invalidate("user:1") == 2
        assert not await invalidator.check_ttl("page")
        assert await invalidator.invalidate_by_pattern("team:*") == 1
        assert await invalidator.invalidate_by_version("models", "2") == 1
        assert invalidator.update_lru("page") is False
