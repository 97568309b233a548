"""Functions whose results stay for ever: neither bound nor expiry."""

from __future__ import annotations

import sys
import threading

import pytest

from pepperpy.infra.cache import Cache, cache_disabled


@pytest.fixture
def cached():
    return Cache("settled", max_size=None, names=False).cached


def test_hits_misses_and_entries_are_counted(cached) -> None:
    square = cached(lambda n: n * n)
    for n in (1, 2, 1, 1, 3):
        square(n)
    info = square.cache_info()

    assert (info.hits, info.misses, info.size) == (2, 3, 3)


def test_hits_are_counted_by_threads(cached) -> None:
    square = cached(lambda n: n * n)
    square(1)
    start = threading.Barrier(8)

    def work():
        start.wait()
        for _ in range(5_000):
            square(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switching)

    assert 0 < square.cache_info().hits <= 40_000


def test_what_is_put_dropped_or_cleared_is_so_for_hits_too(cached) -> None:
    square = cached(lambda n: n * n)

    square.put("put", 1)
    assert square(1) == "put"
    square.invalidate(1)
    assert square(1) == 1
    square.put("put", 1)
    square.cache_clear()
    assert square(1) == 1


def test_what_was_dropped_while_switched_off_does_not_come_back(cached) -> None:
    square = cached(lambda n: n * n)
    square.put("kept", 1)
    square.put("dropped", 2)

    with cache_disabled():
        assert square(1) == 1
        square.invalidate(2)

    assert (square(1), square(2)) == ("kept", 4)


def test_a_copy_is_made_for_each_hit(cached) -> None:
    listed = cached(lambda n: [n], copy=True)

    assert listed(1) is not listed(1)


def test_tags_still_reach_the_entries() -> None:
    cache = Cache("tagged", max_size=None, names=False)
    square = cache.cached(lambda n: n * n, tags=["squares"])
    square(1)
    square.put("old", 2)

    assert cache.invalidate("squares") == 2
    assert (square(1), square(2)) == (1, 4)


def test_a_key_function_of_the_users_runs_once_a_call(cached) -> None:
    made = []
    square = cached(lambda n: n * n, key=made.append)

    square(3)
    square(3)

    assert square.cache_info().hits == 1
    assert made == [3, 3]
