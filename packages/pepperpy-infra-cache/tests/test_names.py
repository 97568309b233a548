from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from pepperpy.infra.cache import (
    Cache,
    InvalidOptionError,
    ainvalidate_cache,
    async_cached,
    cached,
    clear_cache,
    invalidate_cache,
)
from pepperpy.infra.utils import FakeClock

ID = uuid.UUID(int=7)


class Slug(StrEnum):
    ANN = "ann"


class Number(IntEnum):
    SEVEN = 7


def memo_of(function: Any) -> Any:
    return function.cache_info.__self__._memo


class TestEntities:
    def test_the_mission_s_own_lines_are_true(self) -> None:
        runs = []

        @cached(ttl=60)
        def get_user(user_id: str) -> dict[str, str]:
            runs.append(user_id)
            return {"id": user_id}

        get_user("123")
        assert invalidate_cache("user:123") == 1
        get_user("123")
        assert runs == ["123", "123"]
        assert clear_cache() == 1
        get_user("123")
        assert len(runs) == 3

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ("123", "user:123"),
            (123, "user:123"),
            (-5, "user:-5"),
            ("", "user:"),
            ("a:b*", "user:a:b*"),
            (ID, f"user:{ID}"),
            (Slug.ANN, "user:ann"),
            (Number.SEVEN, "user:7"),
            (10**4200, f"user:{10**4200}"),
        ],
        ids=lambda value: str(value)[:40],
    )
    @pytest.mark.parametrize(
        "form", ["alone", "beside another", "keyword only", "ignored", "method"]
    )
    def test_are_made_of_text_numbers_and_uuids(
        self, cache: Cache, value: object, name: str, form: str
    ) -> None:
        @cache.cached
        def alone(user_id: object) -> None: ...

        @cache.cached
        def beside(user_id: object, page: int = 1) -> None: ...

        @cache.cached
        def keyword(page: int = 1, *, user_id: object) -> None: ...

        @cache.cached(ignore="user_id")
        def ignored(user_id: object, page: int = 1) -> None: ...

        class A:
            @cache.cached
            def method(self, user_id: object) -> None: ...

        a = A()
        call: Callable[..., object] = {
            "alone": alone,
            "beside another": beside,
            "keyword only": keyword,
            "ignored": ignored,
            "method": a.method,
        }[form]
        call(user_id=value)

        assert cache.invalidate(name + "x", literal=True) == 0
        assert cache.invalidate(name, literal=True) == 1
        assert cache.invalidate(name, literal=True) == 0

    @pytest.mark.parametrize("value", [None, True, 1.5, ["123"], b"123", ("123",), object()])
    def test_are_made_of_nothing_else(self, cache: Cache, value: object) -> None:
        @cache.cached
        def f(user_id: object) -> None: ...

        f(value)

        assert cache.invalidate("user:*") == 0
        assert f.cache_info().size == 1

    @pytest.mark.parametrize(
        ("parameter", "name"),
        [
            ("user_id", "user:1"),
            ("order_key", "order:1"),
            ("job_uuid", "job:1"),
            ("big_team_id", "big_team:1"),
        ],
    )
    def test_come_from_what_parameters_are_called(
        self, cache: Cache, parameter: str, name: str
    ) -> None:
        scope: dict[str, Any] = {}
        exec(f"def f({parameter}): return 1", scope)
        f = cache.cached(scope["f"])
        f(1)

        assert cache.invalidate(name) == 1

    @pytest.mark.parametrize("parameter", ["user", "id", "_id", "user_ids", "userid", "user_id_x"])
    def test_come_from_no_other_parameter(self, cache: Cache, parameter: str) -> None:
        scope: dict[str, Any] = {}
        exec(f"def f({parameter}): return 1", scope)
        f = cache.cached(scope["f"])
        f(1)

        assert cache.invalidate("*") == 0

    def test_find_the_text_and_the_number(self, cache: Cache) -> None:
        @cache.cached
        def f(user_id: object) -> None: ...

        for each in ("123", 123, "0123", "124", 124, 12):
            f(each)

        assert cache.invalidate("user:123") == 2
        assert cache.invalidate("user:0123") == 1
        assert cache.invalidate("user:12") == 1
        assert f.cache_info().size == 2

    def test_of_two_parameters_both_count(self, cache: Cache) -> None:
        @cache.cached
        def f(user_id: int, team_id: int) -> None: ...

        f(1, 1), f(1, 2), f(2, 2)

        assert cache.invalidate("user:1") == 2
        assert cache.invalidate("team:2") == 1

    def test_can_be_switched_off(self, cache: Cache) -> None:
        @cache.cached(names=False)
        def f(user_id: int) -> None: ...

        f(1)

        assert cache.invalidate("user:1") == cache.invalidate("*") == 0

    def test_cost_no_index(self, cache: Cache) -> None:
        @cache.cached
        def f(user_id: int, page: int) -> None: ...

        f(1, 2)

        assert not memo_of(f).store.names


class TestTags:
    def test_are_templates(self, cache: Cache) -> None:
        @cache.cached(tags=["users", "team:{team}", "{user.name}"])
        def f(user: Any, team: int = 1) -> None: ...

        class User:
            def __init__(self, name: str) -> None:
                self.name = name

        ann, bea = User("ann"), User("bea")
        f(ann), f(ann, 2), f(bea, 2)

        assert cache.invalidate("team:1") == 1
        assert cache.invalidate("ann") == 1
        assert cache.invalidate("users") == 1
        assert cache.invalidate("users") == 0

    def test_one_may_stand_alone(self, cache: Cache) -> None:
        @cache.cached(tags="users")
        def f(n: int) -> None: ...

        @cache.cached(tags=lambda result: f"number:{result}")
        def g(n: int) -> int:
            return n

        f(1), f(2), g(1), g(2)

        assert cache.invalidate("users") == 2
        assert cache.invalidate("number:2") == 1

    def test_functions_of_the_result_return_one_name_or_several(self, cache: Cache) -> None:
        found: dict[int, Any] = {1: "one", 2: ["two", "few"], 3: None, 4: (), 5: {"few"}, 6: ""}

        @cache.cached(tags=[found.get, "all"])
        def f(n: int) -> int:
            return n

        for n in found:
            f(n)

        assert cache.invalidate("one") == 1
        assert cache.invalidate("few") == 2
        assert cache.invalidate("") == 0
        assert cache.invalidate("all") == 3

    @pytest.mark.parametrize("found", [5, [5], [None], object(), b"x"])
    def test_functions_that_return_no_names_are_named(self, cache: Cache, found: Any) -> None:
        @cache.cached(tags=lambda result: found)
        def f() -> int:
            return 1

        with pytest.raises(InvalidOptionError, match="tags must return a name, or several") as e:
            f()

        assert e.value.option == "tags"
        assert f.cache_info().size == 0

    @pytest.mark.parametrize("tags", [5, [5], [None], None, [["a"]]])
    def test_that_are_neither_are_refused(self, cache: Cache, tags: Any) -> None:
        with pytest.raises(InvalidOptionError, match="tags") as caught:
            cache.cached(tags=tags)(lambda n: n)

        assert caught.value.option == "tags"

    def test_need_a_look_only_at_entries_that_carry_them(
        self, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @cache.cached(tags=["group:{group}"], max_size=None)
        def f(n: int, group: int) -> None: ...

        for n in range(2000):
            f(n, n % 500)
        looked_at = []
        store = memo_of(f).store
        drop = store.drop
        monkeypatch.setattr(
            store, "drop", lambda key, cause: looked_at.append(key) or drop(key, cause)
        )
        guarded = Untraversable(store.entries)
        monkeypatch.setattr(store, "entries", guarded)
        monkeypatch.setattr(store, "hot", guarded)

        assert cache.invalidate("group:7") == 4
        assert len(looked_at) == 4

    def test_leave_the_index_with_their_entries(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(tags=["n:{n}", "all"], ttl=60, max_size=50)
        def f(n: int) -> int:
            return n

        def indexed() -> dict[str, set[Any]]:
            return memo_of(f).store.names

        for n in range(200):
            f(n)
        assert len(indexed()) == 51
        assert len(indexed()["all"]) == 50
        for n in range(100, 200):
            f.invalidate(n)
        assert indexed() == {}
        for n in range(10):
            f(n)
            f.put(1, n)
            f.refresh(n)
        assert len(indexed()) == 11
        f.cache_clear()
        assert indexed() == {}
        f(1)
        clock.advance(60)
        f(2), f(3)
        assert set(indexed()) == {"all", "n:2", "n:3"}

    def test_go_with_what_is_put_and_refreshed(self, cache: Cache) -> None:
        @cache.cached(tags=["n:{n}"])
        def f(n: int) -> int:
            return n

        f.put(5, 1)
        f.refresh(2)

        assert cache.invalidate("n:1") == 1
        assert cache.invalidate("n:2") == 1

    def test_make_nothing_of_a_result_that_is_not_kept(self, cache: Cache) -> None:
        asked = []

        @cache.cached(tags=asked.append, cache_if=lambda result: False)
        def f() -> int:
            return 1

        f()

        assert asked == []


class Untraversable(dict):  # type: ignore[type-arg]
    """A dict in which single keys can be looked up alone."""

    def __iter__(self):
        raise AssertionError("somebody goes through all entries")

    keys = values = items = __iter__  # type: ignore[assignment]


class TestInvalidation:
    def test_reaches_every_function(self) -> None:
        @cached(ttl=60)
        def get_user(user_id: str) -> None: ...

        @cached(key="user:{who}")
        def get_other(who: str) -> None: ...

        @cached(tags=["user:{name}"])
        def get_third(name: str) -> None: ...

        get_user("123"), get_other("123"), get_third("123"), get_third("4")

        assert invalidate_cache("user:123") == 3

    @pytest.mark.asyncio
    async def test_reaches_coroutine_functions(self) -> None:
        @async_cached(ttl=60)
        async def get_user(user_id: str) -> None: ...

        await get_user("123")
        assert invalidate_cache("user:123") == 1
        await get_user("123")
        assert await ainvalidate_cache("user:123") == 1
        assert await ainvalidate_cache("user:123") == 0

    @pytest.mark.parametrize("name", ["", "nobody", "*nobody*", "user:", "u", "user"])
    def test_of_a_name_that_nobody_has_returns_0(self, cache: Cache, name: str) -> None:
        @cache.cached(tags=[lambda result: ""], key="{user_id}")
        def f(user_id: str) -> None: ...

        f(user_id="7")
        f(user_id="")
        cache.set("", 1, tags=[""])

        assert cache.invalidate(name) == (1 if name == "user:" else 0)

    @pytest.mark.parametrize(
        ("glob", "count"),
        [
            ("user:*", 3),
            ("*", 4),
            ("user:1?", 2),
            ("user:[12]*", 3),
            ("user:[!1]*", 1),
            ("user:1*", 2),
            ("*:10", 2),
            ("USER:*", 0),
            ("user:1[", 0),
            ("team", 0),
            ("*am:*", 1),
        ],
    )
    @pytest.mark.parametrize("form", ["entity", "tag", "template"])
    def test_takes_globs(self, cache: Cache, glob: str, count: int, form: str) -> None:
        options: dict[str, Any] = {
            "entity": {},
            "tag": {"tags": ["user:{user_id}"], "names": False},
            "template": {"key": "user:{user_id}", "names": False},
        }[form]
        team: dict[str, Any] = {"tags": ["team:{team_id}"], "names": False} if options else {}

        @cache.cached(**options)
        def f(user_id: int, page: int = 1) -> None: ...

        @cache.cached(**team)
        def g(team_id: int) -> None: ...

        f(10), f(11), f(20), g(10)

        assert cache.invalidate(glob) == count

    def test_a_glob_means_itself_as_well(self, cache: Cache) -> None:
        cache.set("list[int]", 1)
        cache.set("listi", 2)

        assert cache.invalidate("list[int]") == 2

    def test_literally_a_glob_means_only_itself(self, cache: Cache) -> None:
        cache.set("user:*", 1)
        cache.set("user:1", 2)

        assert cache.invalidate("user:*", literal=True) == 1
        assert cache.get("user:1") == 2

    def test_names_may_hold_lines_and_any_letters(self, cache: Cache) -> None:
        cache.set("a\nb", 1)
        cache.set("ü\ud800", 2)

        assert cache.invalidate("a*") == 1
        assert cache.invalidate("ü?") == 1

    def test_counts_only_what_was_still_good(self, cache: Cache, clock: FakeClock) -> None:
        @cache.cached(ttl=60, tags=["all"])
        def f(n: int) -> None: ...

        f(1)
        clock.advance(59)
        f(2)
        clock.advance(1)

        assert cache.invalidate("all") == 1

    def test_keeps_to_its_namespace(self) -> None:
        @cached(namespace="one")
        def f(user_id: int) -> None: ...

        @cached(namespace="two")
        def g(user_id: int) -> None: ...

        @cached
        def h(user_id: int) -> None: ...

        f(1), g(1), h(1)

        assert invalidate_cache("user:1", namespace="one") == 1
        assert clear_cache("two") == 1
        assert clear_cache("nobody") == 0
        assert invalidate_cache("user:1", namespace="default") == 1

    def test_caches_are_apart(self) -> None:
        one, two = Cache("one"), Cache("two")
        one.set("a", 1)
        two.set("a", 2)

        assert one.invalidate("a") == 1
        assert two.get("a") == 2
        assert invalidate_cache("a") == 0

    @pytest.mark.parametrize("name", [5, None, b"a", ["a"]])
    def test_refuses_what_is_no_text(self, name: Any) -> None:
        with pytest.raises(InvalidOptionError, match="name must be text") as caught:
            invalidate_cache(name)

        assert caught.value.option == "name"

    def test_of_one_call_is_typed_and_exact(self, cache: Cache) -> None:
        @cache.cached
        def f(n: object, m: int = 2) -> None: ...

        f(1), f(True), f("1")

        assert f.invalidate(n=1) == 1
        assert f.invalidate(1, 2) == 0
        assert f.cache_info().size == 2

    def test_clearing_tells_how_much_there_was(self, cache: Cache) -> None:
        @cache.cached
        def f(n: int) -> None: ...

        f(1), f(2)
        cache.set("a", 1)

        assert cache.clear() == 3
        assert cache.clear() == 0
        assert f.cache_info().removed["cleared"] == 2
