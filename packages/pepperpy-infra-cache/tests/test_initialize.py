from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pepperpy.infra.cache import (
    CacheTierError,
    InvalidOptionError,
    async_cached,
    cached,
    clear_cache,
    initialize_cache,
)
from pepperpy.infra.utils import MissingExtraError


class TestTypes:
    def test_memory_is_there(self) -> None:
        @cached(ttl=60)
        def f(n: int) -> object:
            return object()

        kept = f(1)
        initialize_cache(cache_type="memory")

        assert f(1) is not kept
        assert f(1) is f(1)

    @pytest.mark.parametrize(
        "missing", ["redis", "pepperpy.infra.resilience", "pepperpy.infra.serialization"]
    )
    def test_redis_without_what_it_needs_is_a_missing_extra(
        self, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        @cached
        def f() -> object:
            return object()

        kept = f()
        below = ("pepperpy.infra.cache._redis", missing)
        for name in [name for name in sys.modules if name.startswith(below)]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-cache\[redis\]") as caught:
            initialize_cache("redis", cache_url="redis://user:hunter2@host")

        assert "hunter2" not in str(caught.value)
        assert f() is kept

    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({}, "cache_url"),
            ({"cache_url": ""}, "cache_url"),
            ({"cache_url": "redis://h", "cache_prefix": "a b"}, "cache_prefix"),
            ({"cache_url": "redis://h", "cache_prefix": "{a}"}, "cache_prefix"),
            ({"cache_url": "redis://h", "cache_timeout": 0}, "cache_timeout"),
            ({"cache_url": "redis://h", "cache_timeout": "1"}, "cache_timeout"),
        ],
    )
    def test_options_of_redis_are_checked(self, options: dict[str, Any], option: str) -> None:
        with pytest.raises(InvalidOptionError, match=option) as caught:
            initialize_cache("redis", **options)

        assert caught.value.option == option

    def test_a_file_without_the_storage_wheel_is_a_missing_extra(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        @cached
        def f() -> object:
            return object()

        kept = f()
        for name in [name for name in sys.modules if name.startswith("pepperpy.infra.cache._file")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "pepperpy.infra.storage", None)
        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-cache\[file\]"):
            initialize_cache("file", cache_directory=tmp_path)

        assert f() is kept

    @pytest.mark.parametrize("folder", [None, "", 7])
    def test_a_file_needs_a_folder(self, folder: Any) -> None:
        with pytest.raises(InvalidOptionError, match="needs cache_directory") as caught:
            initialize_cache("file", cache_directory=folder)

        assert caught.value.option == "cache_directory"

    @pytest.mark.parametrize("kind", ["memroy", "", 5, ["memory"], True])
    def test_unknown_ones_are_named(self, kind: Any) -> None:
        with pytest.raises(CacheTierError, match="unknown cache_type") as caught:
            initialize_cache(kind)

        assert caught.value.cache_type == kind

    def test_the_nearest_is_shown(self) -> None:
        with pytest.raises(CacheTierError, match="did you mean 'memory'"):
            initialize_cache("Memroy")

    @pytest.mark.parametrize("option", ["cache_directory", "cache_url"])
    def test_options_of_others_are_refused_without_their_value(self, option: str) -> None:
        with pytest.raises(InvalidOptionError, match=option) as caught:
            initialize_cache("memory", **{option: "redis://user:hunter2@host"})

        assert caught.value.option == option
        assert "hunter2" not in f"{caught.value} {caught.value.value}"


class TestOptions:
    def test_max_size_holds_for_functions_that_say_nothing(self) -> None:
        @cached
        def f(n: int) -> int:
            return n

        @cached(max_size=50)
        def g(n: int) -> int:
            return n

        @async_cached(max_size=None)
        async def h(n: int) -> int:
            return n

        initialize_cache(max_size=5)

        @cached
        def later(n: int) -> int:
            return n

        for n in range(100):
            f(n), g(n), later(n)

        assert [each.cache_info().max_size for each in (f, g, h, later)] == [5, 50, None, 5]
        assert [each.cache_info().size for each in (f, g, later)] == [5, 50, 5]

    def test_none_is_no_bound_and_each_call_begins_anew(self) -> None:
        @cached(names=False)
        def f(n: int) -> int:
            return n

        initialize_cache({"max_size": None})
        for n in range(3000):
            f(n)
        assert f.cache_info().size == 3000
        initialize_cache(max_size=None)
        for n in range(3000):
            f(n)
        assert f.cache_info().size == 3000
        initialize_cache(max_size=10)
        for n in range(3000):
            f(n)
        assert f.cache_info().size == 10
        initialize_cache()
        assert f.cache_info().max_size == 1024

    def test_a_mapping_may_hold_them_all(self) -> None:
        @cached
        def f(n: int) -> int:
            return n

        initialize_cache({"cache_type": "memory", "max_size": 7}, max_size=8)

        assert f.cache_info().max_size == 8

    @pytest.mark.parametrize("size", [0, -1, True, "5", 1.5])
    def test_a_bad_one_is_named_and_changes_nothing(self, size: Any) -> None:
        @cached
        def f() -> object:
            return object()

        kept = f()
        with pytest.raises(InvalidOptionError, match="max_size must") as caught:
            initialize_cache(max_size=size)

        assert caught.value.option == "max_size"
        assert f() is kept

    def test_an_unknown_one_is_named(self) -> None:
        for call in (lambda: initialize_cache(maxsize=5), lambda: initialize_cache({"maxsize": 5})):
            with pytest.raises(InvalidOptionError, match=r"'maxsize'.*did you mean 'max_size'"):
                call()

    def test_a_function_that_grew_without_bound_can_be_bounded(self) -> None:
        initialize_cache(max_size=None)

        @cached(names=False)
        def f(n: int) -> int:
            return n

        for n in range(100):
            f(n)
        memo = f.cache_info.__self__._memo  # type: ignore[attr-defined]
        memo.resize(10)
        for n in range(200, 300):
            f(n)

        assert f.cache_info().size == 10
        assert clear_cache() == 10


class TestConfiguration:
    @pytest.fixture
    def configuration(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """What stands for the wheel where it is not installed: the section's values."""
        values: dict[str, Any] = {}

        class Section:
            def __init__(self, values: dict[str, Any]) -> None:
                self.values = values

            def model_dump(self, *, exclude_unset: bool) -> dict[str, Any]:
                assert exclude_unset
                return dict(self.values)

        config = ModuleType("pepperpy.infra.config")
        config.register_config = lambda name, model: values.setdefault("registered", name)  # type: ignore[attr-defined]
        config.get_config = lambda name, model: Section(  # type: ignore[attr-defined]
            {key: value for key, value in values.items() if key != "registered"}
        )
        config.BaseConfig = object  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pepperpy.infra.config", config)
        section = ModuleType("pepperpy.infra.cache._config")
        section.CacheConfig = object  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pepperpy.infra.cache._config", section)
        return values

    def test_is_read_where_there_is_one(self, configuration: dict[str, Any]) -> None:
        configuration["max_size"] = 3

        @cached
        def f(n: int) -> int:
            return n

        initialize_cache()
        assert f.cache_info().max_size == 3
        assert configuration["registered"] == "cache"
        initialize_cache(max_size=4)
        assert f.cache_info().max_size == 4
        del configuration["max_size"]

    def test_a_type_that_is_not_there_is_named(self, configuration: dict[str, Any]) -> None:
        configuration["cache_type"] = "memcached"
        with pytest.raises(CacheTierError, match="memcached"):
            initialize_cache()
        initialize_cache("memory")
        del configuration["cache_type"]

    def test_one_that_is_broken_is_no_missing_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = ModuleType("pepperpy.infra.config")

        def missing(name: str) -> None:
            raise ModuleNotFoundError("No module named 'yaml'", name="yaml")

        broken.__getattr__ = missing  # type: ignore[method-assign]
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "pepperpy.infra.config", broken)
            with pytest.raises(ModuleNotFoundError, match="yaml"):
                initialize_cache()
