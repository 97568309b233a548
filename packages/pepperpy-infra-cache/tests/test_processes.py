"""Forks and spawned processes."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import threading
from threading import Event, Thread

import pytest

from pepperpy.infra.cache import cached

# From 3.12 on Python warns of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def in_child(function) -> bool:
    """Whether it holds in a forked child, which is killed if it hangs."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if function() else 2
        finally:
            os._exit(code)
    timer = threading.Timer(10, os.kill, (child, 9))
    timer.start()
    _, status = os.waitpid(child, 0)
    timer.cancel()
    return status == 0


SPAWNED = """
import os
from pepperpy.infra.cache import cached

@cached
def load(number):
    return (os.getpid(), number)
"""


class TestForks:
    def test_while_another_thread_loads(self):
        go, begun = Event(), Event()

        @cached
        def load():
            begun.set()
            if threading.current_thread() is not threading.main_thread():
                go.wait()
            return "value"

        thread = Thread(target=load, daemon=True)
        thread.start()
        begun.wait()

        assert in_child(lambda: load() == "value")
        go.set()
        thread.join()

    def test_while_another_thread_holds_the_lock(self):
        go, held = Event(), Event()

        class Key:
            def __hash__(self):
                return 1

            def __eq__(self, other):
                if threading.current_thread() is not threading.main_thread():
                    held.set()
                    go.wait()
                return self is other

        @cached
        def load(key):
            return "value"

        load(Key())
        thread = Thread(target=load, args=(Key(),), daemon=True)
        thread.start()
        held.wait()

        # Hits take no lock, so this thread compares without one; then it needs the lock.
        assert in_child(lambda: load(2) == "value" and load.cache_info().size >= 1)
        go.set()
        thread.join()

    def test_inside_a_load(self):
        results = []

        @cached
        def load(key):
            if key == "outer":
                results.append(in_child(lambda: load("inner") == "inner" and load(1) == 1))
            return key

        assert load("outer") == "outer"
        assert results == [True]

    def test_a_load_that_goes_on_in_the_child_is_still_fenced_there(self):
        state = {"child": None}

        @cached
        def load():
            if state["child"] is None:
                state["child"] = child = os.fork()
                if child == 0:
                    load.invalidate()
            return object()

        value = load()
        if state["child"] == 0:
            os._exit(0 if load.cache_info().size == 0 and load() is not value else 1)
        _, status = os.waitpid(state["child"], 0)

        assert status == 0
        assert load() is value

    def test_a_child_that_waits_for_a_load_which_did_not_come_along(self):
        """A task of the forking thread waits for a load of another thread's loop."""
        begun, go = Event(), Event()
        calls = []

        @cached
        async def load():
            calls.append(1)
            begun.set()
            while not go.is_set():  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0)
            return "value"

        thread = Thread(target=lambda: asyncio.run(load()), daemon=True)
        thread.start()
        begun.wait()
        loop = asyncio.new_event_loop()
        task = loop.create_task(load())
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))

        def go_on():
            go.set()
            return loop.run_until_complete(task) == "value"

        assert in_child(go_on)
        assert go.is_set() is False
        go.set()
        assert loop.run_until_complete(task) == "value"
        thread.join()
        loop.close()
        assert calls == [1]

    def test_values_come_along_and_changes_stay_apart(self):
        @cached
        def load(key):
            return object()

        value = load(1)

        assert in_child(lambda: load(1) is value and load.invalidate(1) == 1)
        assert load(1) is value


class TestSpawn:
    def test_a_spawned_process_begins_with_an_empty_cache(self, tmp_path, monkeypatch):
        (tmp_path / "spawned_by_test.py").write_text(SPAWNED)
        monkeypatch.syspath_prepend(tmp_path)
        load = importlib.import_module("spawned_by_test").load
        here = load(1)
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            there = pool.map(load, [1, 1])
            pool.close()
            pool.join()

        assert there[0] == there[1] != here
