"""A process that forks with everything in use: parent and children go on, and nothing is lost."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

SETTINGS = """
[logging]
level = "INFO"
console = false
log_file = "app.log"
file_format = "json"
queue = true

[shop]
name = "shop"
"""

CODE = """
import os
import sys
import threading
import warnings

from pepperpy.infra import (
    BaseConfig, TelemetryManager, get_config, get_logger, get_provider_telemetry,
    initialize_logging, initialize_telemetry, register_config, reload_config,
)
from pepperpy.infra.telemetry import TelemetryHandler
from pepperpy.infra.utils import run_closers

# Python 3.12 warns of each fork in a program with threads; being safe there is what is shown here.
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")

CHILDREN, THREADS, LINES = 6, 4, 200

class Shop(BaseConfig):
    name: str


class ToLog(TelemetryHandler):
    def handle_metric(self, metric):
        get_logger("metrics").info(metric.name, value=metric.value, pid=os.getpid())

    def handle_event(self, event):
        get_logger("events").info(event.message, pid=os.getpid())


register_config("shop", Shop)
initialize_logging()
initialize_telemetry()
manager = TelemetryManager.get_instance()
manager.register_handler("log", ToLog())
telemetry = get_provider_telemetry("shop")
stop = threading.Event()


def work(number):
    # Every lock of every wheel is taken all the time, so that a fork meets some of them held.
    turns = 0
    while not stop.is_set():
        turns += 1
        get_config("shop").name
        reload_config("shop")
        get_logger("busy").info("busy", thread=number, line=turns)
        telemetry.count("busy", tags={"turn": str(turns % 100)})
        manager.snapshot()


def speak(logger, **fields):
    for line in range(LINES):
        get_logger(logger).info(get_config("shop").name, line=line, **fields)
        telemetry.count("lines")


threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
children = []
for number in range(CHILDREN):
    speak("parent", turn=number)  # some of it is still in the queue, and none of it was flushed
    pid = os.fork()
    if not pid:
        speak("child", child=number)
        reload_config("shop")
        run_closers()
        os._exit(0)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
stop.set()
for thread in threads:
    thread.join()
run_closers()
print(*codes)
print(os.getpid(), *children)
"""


def test_children_and_parent_write_and_count_everything_once(program: Any) -> None:
    program.write("pepperpy.toml", SETTINGS)

    codes, pids = program.run(CODE).stdout.splitlines()

    assert set(codes.split()) == {"0"}
    lines = program.lines("app.log")
    numbers = [(number, line) for number in range(6) for line in range(200)]
    of_parent = [(line["turn"], line["line"]) for line in lines if line["logger"] == "parent"]
    assert of_parent == numbers
    of_children = [(line["child"], line["line"]) for line in lines if line["logger"] == "child"]
    assert sorted(of_children) == numbers
    busy = Counter((line["thread"], line["line"]) for line in lines if line["logger"] == "busy")
    assert set(busy.values()) == {1}
    # A child counts on from nothing: what its parent had counted is the parent's to report.
    parent, *children = map(int, pids.split())
    told = Counter[int]()
    for line in lines:
        if line["logger"] == "metrics" and line["message"] == "lines":
            told[line["pid"]] += line["value"]
    assert told == {parent: 1200, **dict.fromkeys(children, 200)}
