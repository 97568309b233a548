from __future__ import annotations

import inspect
from typing import Any

import pytest

from pepperpy.infra.cache import (
    Cache,
    InvalidOptionError,
    InvalidTargetError,
    InvalidTemplateError,
    cached,
    invalidates,
)


def left(cache: Cache, *names: str) -> list[str]:
    return [name for name in names if cache.get(name) is not None]


@pytest.fixture
def users(cache: Cache) -> Cache:
    for name in ("user:1", "user:2", "user:*", "team:1", "feed:1:a", "feed:1:b", "feed:2:a"):
        cache.set(name, name)
    return cache


class TestInvalidates:
    def test_drops_names_after_success(self, users: Cache) -> None:
        seen = []

        @invalidates("user:{user_id}", "team:1", cache=users)
        def rename(user_id: int, name: str = "") -> str:
            seen.extend(left(users, "user:1", "team:1"))
            return name

        assert rename(1, name="Bea") == "Bea"
        assert seen == ["user:1", "team:1"]
        assert left(users, "user:1", "user:2", "team:1") == ["user:2"]

    def test_drops_nothing_after_a_failure(self, users: Cache) -> None:
        @invalidates("user:{user_id}", cache=users)
        def rename(user_id: int) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            rename(1)

        assert left(users, "user:1") == ["user:1"]

    @pytest.mark.asyncio
    async def test_works_on_coroutine_functions_and_methods(self, users: Cache) -> None:
        class Repository:
            prefix = "user"

            @invalidates("{self.prefix}:{user_id}", cache=users)
            async def rename(self, user_id: int) -> int:
                return user_id

            @invalidates("team:{team_id}", cache=users)
            @classmethod
            def drop(cls, team_id: int) -> str:
                return cls.__name__

        assert inspect.iscoroutinefunction(Repository.rename)
        assert await Repository().rename(1) == 1
        assert Repository.drop(1) == "Repository"
        assert left(users, "user:1", "user:2", "team:1") == ["user:2"]

    def test_takes_globs(self, users: Cache) -> None:
        @invalidates("feed:{user_id}:*", cache=users)
        def post(user_id: int) -> None: ...

        post(1)

        assert left(users, "feed:1:a", "feed:1:b", "feed:2:a") == ["feed:2:a"]

    @pytest.mark.parametrize("template", ["user:{user_id}", "user:{user_id}?", "[u]ser:{user_id}"])
    def test_a_value_is_no_glob(self, users: Cache, template: str) -> None:
        @invalidates(template, cache=users)
        def rename(user_id: str) -> None: ...

        rename("*")

        assert left(users, "user:1", "user:2") == ["user:1", "user:2"]
        assert left(users, "user:*") == ([] if "?" not in template else ["user:*"])

    def test_uses_the_default_cache_unless_told(self) -> None:
        @cached
        def get(user_id: int) -> object:
            return object()

        @invalidates("user:{user_id}")
        def rename(user_id: int) -> None: ...

        kept = get(1)
        rename(user_id=1)

        assert get(1) is not kept

    def test_follows_rules(self, users: Cache) -> None:
        from pepperpy.infra.cache import CacheInvalidator

        CacheInvalidator(users).depends("team:1", on="user:*")

        @invalidates("user:{user_id}", cache=users)
        def rename(user_id: int) -> None: ...

        rename(1)

        assert left(users, "user:1", "user:2", "team:1") == ["user:2"]

    @pytest.mark.parametrize("names", [(), (5,), (None,), (["a"],)])
    def test_names_that_are_none_are_refused(self, names: Any) -> None:
        with pytest.raises(InvalidOptionError, match="names like") as caught:
            invalidates(*names)

        assert caught.value.option == "names"

    def test_bare_use_is_refused(self) -> None:
        with pytest.raises(InvalidOptionError, match="names like"):

            @invalidates  # type: ignore[arg-type]
            def f() -> None: ...

    def test_a_template_that_does_not_fit_is_refused_at_decoration(self) -> None:
        with pytest.raises(InvalidTemplateError, match="did you mean 'user_id'") as caught:

            @invalidates("user:{usr_id}")
            def f(user_id: int) -> None: ...

        assert caught.value.parameter == "usr_id"

    def test_generator_functions_and_classes_are_refused(self) -> None:
        def generator():
            yield

        class A: ...

        for target in (generator, A, 5):
            with pytest.raises(InvalidTargetError):
                invalidates("a")(target)  # type: ignore[type-var]
