"""What begins again in a forked child."""

import gc
import os
import sys

import pytest

from pepperpy.infra.utils import register_after_fork

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]


class Part:
    def __init__(self, told, name, error=None):
        self.told, self.name, self.error = told, name, error

    def __eq__(self, other):
        return True

    __hash__ = None

    def after_fork(self):
        self.told.append(self.name)
        if self.error is not None:
            raise self.error


def told_in_child(told):
    """What was told by the time that a child began."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        os.write(writing, ",".join(told).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(pid, 0)
    return text


def test_everything_is_told_in_the_child_and_nothing_in_the_parent():
    told = []
    parts = [Part(told, "first"), Part(told, "second")]
    for part in parts:
        register_after_fork(part)

    assert told_in_child(told) == "first,second"
    assert told == []


def test_what_is_registered_twice_is_told_once():
    told = []
    part = Part(told, "once")
    register_after_fork(part)
    register_after_fork(part)

    assert told_in_child(told) == "once"


def test_what_is_gone_is_not_told():
    told = []
    register_after_fork(Part(told, "gone"))
    gc.collect()

    assert told_in_child(told) == ""


def test_an_error_is_told_and_the_others_have_their_turn(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: told.append(str(error)))
    parts = [Part(told, "first", ValueError("broken")), Part(told, "second")]
    for part in parts:
        register_after_fork(part)

    assert told_in_child(told) == "first,broken,second"
