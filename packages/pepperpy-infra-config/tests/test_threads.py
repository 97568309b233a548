from __future__ import annotations

import os
import random
import signal
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigValidationError,
    get_config,
    register_config,
    reload_config,
    set_config,
    subscribe_config,
)


def run(*calls: Callable[[], object]) -> list[BaseException]:
    """Each call in a thread of its own, all at once."""
    start = threading.Barrier(len(calls))
    errors: list[BaseException] = []

    def body(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - the test judges them
            errors.append(error)

    threads = [threading.Thread(target=body, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("seed", range(5))
def test_first_use_from_many_threads_builds_once(seed: int) -> None:
    made: list[int] = []
    chance = random.Random(seed)
    gate = threading.Event()

    def make() -> int:
        made.append(1)
        gate.wait(chance.random() / 100)  # lets the others come as far as the lock
        return 1

    class Slow(BaseConfig):
        value: int = Field(default_factory=make)

    register_config("slow", Slow)
    found: list[Any] = []

    errors = run(*[lambda: found.append(get_config("slow"))] * 16)

    assert errors == []
    assert made == [1]
    assert len({id(each) for each in found}) == 1


def test_many_threads_that_fail_all_get_the_error() -> None:
    class Needy(BaseConfig):
        needed: int

    register_config("needy", Needy)

    errors = run(*[lambda: get_config("needy")] * 8)

    assert [type(each) for each in errors] == [ConfigValidationError] * 8


def test_subscribers_hear_the_changes_in_their_order() -> None:
    class Counter(BaseConfig):
        n: int = 0

    register_config("counter", Counter)
    get_config("counter")
    seen: list[tuple[int, int]] = []
    subscribe_config("counter", lambda change: seen.append((change.old.n, change.new.n)))
    numbers = [(lambda n=n: set_config("counter", {"n": n})) for n in range(1, 33)]

    errors = run(*numbers)

    assert errors == []
    assert [old for old, _ in seen] == [0, *(new for _, new in seen[:-1])]
    assert seen[-1][1] == get_config("counter").n


def test_no_change_is_told_while_the_one_before_it_is() -> None:
    class Counter(BaseConfig):
        n: int = 0

    register_config("counter", Counter)
    get_config("counter")
    seen: list[int] = []
    first, second = threading.Event(), threading.Event()

    def listener(change: Any) -> None:
        if change.new.n == 1:
            first.set()
            second.wait(0.1)  # the other thread has every chance to be told too early
        else:
            second.set()
        seen.append(change.new.n)

    def follow() -> None:
        first.wait(20)
        set_config("counter", {"n": 2})

    subscribe_config("counter", listener)
    errors = run(lambda: set_config("counter", {"n": 1}), follow)

    assert errors == []
    assert seen == [1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_reloads_sets_resets_and_reads_do_not_disturb_each_other(seed: int, toml: Path) -> None:
    class Pair(BaseConfig):
        a: int = 0
        b: int = 0

    register_config("pair", Pair)
    chance = random.Random(seed)
    from pepperpy.infra.config import reset_config

    def work() -> None:
        for _ in range(30):
            n = chance.randrange(100)
            chance.choice(
                [
                    partial(set_config, "pair", {"a": n, "b": n}),
                    reload_config,
                    lambda: reset_config("pair"),
                ]
            )()
            config = get_config("pair")
            assert config.a == config.b

    assert run(*[work] * 6) == []


def test_a_model_that_changes_another_while_it_is_built() -> None:
    class Other(BaseConfig):
        n: int = 0

    def change() -> int:
        set_config("other", {"n": 5})
        return 1

    class Changing(BaseConfig):
        value: int = Field(default_factory=change)

    register_config("other", Other)
    register_config("changing", Changing)
    get_config("other")
    seen: list[int] = []
    subscribe_config("other", lambda change: seen.append(change.new.n))

    get_config("changing")

    assert seen == [5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_while_another_thread_builds_is_not_held_up() -> None:
    building, go_on = threading.Event(), threading.Event()
    parent = os.getpid()

    def make() -> int:
        if os.getpid() == parent:
            building.set()
            go_on.wait(20)
        return 1

    class Slow(BaseConfig):
        value: int = Field(default_factory=make)

    registry = ConfigRegistry()
    registry.register("slow", Slow)
    thread = threading.Thread(target=registry.get_config, args=("slow",))
    thread.start()
    building.wait(20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the point
        pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        signal.alarm(10)  # ends it if it is held up
        try:
            os._exit(registry.get_config("slow", Slow).value + 41)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    go_on.set()
    thread.join()

    assert os.waitstatus_to_exitcode(status) == 42


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_in_the_midst_of_a_build_goes_on_in_both() -> None:
    parent = os.getpid()

    class Other(BaseConfig):
        n: int = 1

    def make() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests may leave threads
            pid = os.fork()
        if pid:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        signal.alarm(10)
        return get_config("other").n + 41

    class Forking(BaseConfig):
        value: int = Field(default_factory=make)

    register_config("other", Other)
    register_config("forking", Forking)
    try:
        value = get_config("forking").value
    finally:
        if os.getpid() != parent:  # pragma: no cover - the child
            os._exit(value if "value" in locals() else 1)

    assert value == 42
