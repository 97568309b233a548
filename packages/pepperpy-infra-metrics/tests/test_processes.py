"""Blocks that a fork cuts through."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable

import psutil
import pytest

from pepperpy.infra.metrics import MemoryTracker, Timer, get_memory_usage, measure_memory
from pepperpy.infra.utils import FakeClock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # A fork beside threads is what these tests are about.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

MB = 1_000_000


def in_child(check: Callable[[], bool]) -> bool:
    """Whether *check* holds in a forked child."""
    child = os.fork()
    if child == 0:
        held = False
        try:
            held = check()
        finally:
            os._exit(0 if held else 1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def test_a_block_goes_on_in_parent_and_child() -> None:
    tracker = MemoryTracker()
    tracker.start()

    def ends_it() -> bool:
        bytearray(3 * MB)
        return tracker.stop() > 2 * MB and not tracemalloc.is_tracing()

    assert in_child(ends_it)
    assert tracemalloc.is_tracing()
    assert tracker.stop() < 2 * MB
    assert not tracemalloc.is_tracing()


def test_a_child_does_not_go_on_tracing_for_threads_that_it_has_not() -> None:
    began, end = threading.Event(), threading.Event()

    def other() -> None:
        with measure_memory("other"):
            began.set()
            end.wait()

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    try:
        assert in_child(lambda: not tracemalloc.is_tracing())
        assert tracemalloc.is_tracing()
    finally:
        end.set()
        thread.join()


def test_a_child_leaves_tracing_to_others_that_was_on(others_trace: None) -> None:
    def measures() -> bool:
        with measure_memory("child") as tracker:
            bytearray(3 * MB)
        return tracker.memory_used > 2 * MB and tracemalloc.is_tracing()

    assert in_child(measures)


def test_timers_go_on_in_the_child() -> None:
    clock = FakeClock()
    timer = Timer(clock=clock)
    timer.start()
    clock.advance(1)

    def stops_it() -> bool:
        clock.advance(2)
        return timer.stop() == 3

    assert in_child(stops_it)
    assert timer.stop() == 1


def test_the_memory_of_a_child_is_its_own() -> None:
    before = get_memory_usage()

    def is_of_the_child() -> bool:
        kept = bytes(range(256)) * (200 * MB // 256)
        told = get_memory_usage()
        # A system may take pages away meanwhile, so the figure is compared with the system's own.
        own = psutil.Process(os.getpid()).memory_info().rss
        parents = psutil.Process(os.getppid()).memory_info().rss
        return abs(told - own) < 20 * MB < abs(told - parents) and len(kept) > 0

    assert in_child(is_of_the_child)
    assert get_memory_usage() - before < 50 * MB


def test_children_are_counted_on_request() -> None:
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kept = bytes(range(256)) * (40 * MB // 256)
            os.write(ready[1], b"%d" % bool(kept))
            os.read(go[0], 1)
        finally:
            os._exit(0)
    os.read(ready[0], 1)

    alone, together = get_memory_usage(), get_memory_usage(include_children=True)

    os.write(go[1], b"1")
    os.waitpid(child, 0)
    for end in (*ready, *go):
        os.close(end)
    assert together - alone > 40 * MB
