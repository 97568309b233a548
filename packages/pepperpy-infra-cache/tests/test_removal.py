from __future__ import annotations

import logging
from typing import Any

import pytest

from pepperpy.infra.cache import Cache, cache_disabled
from pepperpy.infra.utils import FakeClock


class TestOnRemove:
    def test_hears_of_each_result_and_its_cause(self, cache: Cache, clock: FakeClock) -> None:
        heard: list[tuple[int, str]] = []

        @cache.cached(
            ttl=60, max_size=3, on_remove=lambda value, cause: heard.append((value, cause))
        )
        def f(n: int) -> int:
            return n

        for n in range(4):
            f(n)
        f.put(-1, 1)
        f.refresh(2)
        f.invalidate(1)
        f.cache_clear()
        f(7)
        clock.advance(60)
        f(8)

        assert heard == [
            (0, "size"),
            (1, "replaced"),
            (2, "replaced"),
            (-1, "invalidated"),
            (3, "cleared"),
            (2, "cleared"),
            (7, "expired"),
        ]
        assert {cause: count for cause, count in f.cache_info().removed.items() if count} == {
            "size": 1,
            "replaced": 2,
            "invalidated": 1,
            "cleared": 2,
            "expired": 1,
        }

    def test_hears_of_bytes_and_of_instances_that_died(self, cache: Cache) -> None:
        heard: list[tuple[Any, str]] = []

        def note(value: object, cause: str) -> None:
            heard.append((value, cause))

        class A:
            @cache.cached(on_remove=note)
            def f(self) -> str:
                return "mine"

        @cache.cached(max_bytes=10, weigh=lambda n: n, on_remove=note)
        def g(n: int) -> int:
            return n

        A().f()
        g(6), g(5)

        assert heard == [("mine", "collected"), (6, "bytes")]

    def test_runs_when_the_cache_can_be_used_again(self, cache: Cache) -> None:
        seen = []

        def reload(value: int, cause: str) -> None:
            seen.append((value, f.cache_info().size))
            if len(seen) < 3:
                f(value + 10)

        @cache.cached(max_size=1, on_remove=reload)
        def f(n: int) -> int:
            return n

        f(1), f(2)

        assert [value for value, _ in seen] == [1, 2, 11]

    def test_its_errors_are_logged_and_harm_nobody(
        self, cache: Cache, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(value: object, cause: str) -> None:
            raise OSError("mine")

        @cache.cached(max_size=1, on_remove=fail)
        def f(n: int) -> int:
            return n

        with caplog.at_level(logging.ERROR):
            assert (f(1), f(2)) == (1, 2)

        (record,) = caplog.records
        assert record.name == "pepperpy.infra.cache"
        assert "on_remove of" in record.getMessage()
        assert record.exc_info is not None

    def test_interrupts_pass_through(self, cache: Cache) -> None:
        def interrupt(value: object, cause: str) -> None:
            raise KeyboardInterrupt

        @cache.cached(max_size=1, on_remove=interrupt)
        def f(n: int) -> int:
            return n

        f(1)
        with pytest.raises(KeyboardInterrupt):
            f(2)
        assert f.cache_info().size == 1

    def test_hears_nothing_of_kept_errors(self, cache: Cache) -> None:
        heard: list[object] = []

        @cache.cached(error_ttl=60, on_remove=lambda value, cause: heard.append(value))
        def f() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            f()
        f.cache_clear()

        assert heard == []

    def test_hears_nothing_of_what_was_never_kept(self, cache: Cache) -> None:
        heard: list[object] = []

        @cache.cached(on_remove=lambda value, cause: heard.append(value))
        def f(n: int) -> int:
            return n

        with cache_disabled():
            f(1)
        f.invalidate(1)

        assert heard == []

    def test_works_for_values(self, clock: FakeClock) -> None:
        heard: list[object] = []
        cache = Cache("values", on_remove=lambda value, cause: heard.append((value, cause)))
        cache.set("a", 1)
        cache.set("a", 2)
        cache.delete("a")

        assert heard == [(1, "replaced"), (2, "invalidated")]
