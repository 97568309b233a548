"""A lock that a fork cannot leave locked for ever."""

import gc
import os
import sys
import threading
import weakref

import pytest

from pepperpy.infra.utils import ForkSafeLock

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def in_child(work):
    """What *work* returned in a forked child, as an exit code."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def is_free(lock):
    """Whether another thread gets the lock at once."""
    answers = []

    def ask():
        got = lock.acquire(blocking=False)
        answers.append(got)
        if got:
            lock.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return answers[0]


def test_one_thread_at_a_time_holds_the_lock():
    lock = ForkSafeLock()

    with lock:
        assert not is_free(lock)

    assert is_free(lock)


def test_the_holder_may_enter_again():
    lock = ForkSafeLock()

    with lock:
        with lock:
            pass
        assert not is_free(lock)


def test_an_interrupt_on_the_way_in_or_out_leaves_it_free():
    lock = ForkSafeLock()

    def use():
        with lock:
            pass

    for event in range(8):
        left = event

        def interrupt(frame, kind, arg):
            # An interrupt comes where a function begins, or after a call of one in C.
            nonlocal left
            if kind in {"call", "c_return"}:
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt

        try:
            sys.setprofile(interrupt)
            use()
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)

        assert is_free(lock)


@forks
def test_a_child_finds_a_lock_free_that_another_thread_held():
    lock = ForkSafeLock()
    held, done = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert in_child(lambda: 0 if is_free(lock) else 1) == 0
        assert not is_free(lock)
    finally:
        done.set()
        thread.join()


@forks
def test_a_block_that_forked_ends_in_the_child_as_well():
    lock = ForkSafeLock()

    def leave():
        with lock:
            pass
        mine = not is_free(lock)
        lock.__exit__()
        return 0 if mine and is_free(lock) else 1

    with lock:
        code = in_child(leave)

    assert code == 0


def test_only_its_holder_is_told_that_it_is_theirs():
    lock = ForkSafeLock()
    answers = []

    with lock:
        thread = threading.Thread(target=lambda: answers.append(lock.is_mine()))
        thread.start()
        thread.join()
        answers.append(lock.is_mine())
    answers.append(lock.is_mine())

    assert answers == [False, True, False]


def test_a_lock_that_nobody_needs_is_forgotten():
    lock = ForkSafeLock()
    gone = weakref.ref(lock)

    del lock
    gc.collect()

    assert gone() is None
