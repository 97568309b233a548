"""Fork and exit: nothing is lost, nothing counted twice, nothing hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pepperpy.infra.telemetry import TelemetryManager

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")


def run(tmp_path: Path, program: str) -> list[str]:
    """The lines that *program* prints; it must end by itself."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


PRINTER = """
import os, sys, threading
from pepperpy.infra.telemetry import *

class Printer(TelemetryHandler):
    def __init__(self, name=""):
        self.name = name
    def handle_metric(self, metric):
        if not metric.name.startswith("pepperpy."):
            os.write(1, f"{self.name}{metric.name}={metric.value:g}\\n".encode())
    def handle_event(self, event):
        os.write(1, f"{self.name}{event.name}\\n".encode())

default = TelemetryManager.get_instance()
"""


class TestExit:
    def test_what_was_reported_last_is_delivered_at_exit(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
default.register_handler("printer", Printer())
report_metric("n", 3, MetricType.COUNTER)
report_event("bye", EventLevel.DEBUG, "m")
""",
        )

        assert lines == ["bye", "n=3"]

    def test_it_is_delivered_after_an_error_too(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
default.register_handler("printer", Printer())
report_metric("n", 3, MetricType.COUNTER)
sys.excepthook = lambda *_: None
try:
    raise SystemExit(0)
finally:
    report_metric("n", 4, MetricType.COUNTER)
""",
        )

        assert lines == ["n=7"]

    def test_a_hanging_handler_does_not_keep_the_program_from_ending(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
class Hanging(Printer):
    def handle_metric(self, metric):
        threading.Event().wait()

initialize_telemetry(flush_timeout=0.2)
default.register_handler("hanging", Hanging())
default.register_handler("printer", Printer())
report_metric("n", 3, MetricType.COUNTER)
""",
        )

        assert lines == ["n=3"]

    def test_importing_starts_no_thread_and_imports_nothing_heavy(self, tmp_path: Path) -> None:
        (line,) = run(
            tmp_path,
            """
            import json, sys, threading
            import pepperpy.infra.utils
            before = set(sys.modules)
            import pepperpy.infra.telemetry
            heavy = {"asyncio", "numpy", "pydantic", "pepperpy.infra.config", "concurrent.futures"}
            heavy |= {"opentelemetry", "prometheus_client", "http", "socket", "selectors"}
            print(json.dumps([threading.active_count(), sorted(heavy & set(sys.modules) - before)]))
            """,
        )

        assert json.loads(line) == [1, []]


@FORKS
class TestFork:
    def test_a_child_counts_from_zero_and_the_parent_reports_its_own(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
bound = get_provider_telemetry("p").counter("n").labels()
timer = get_provider_telemetry("p").histogram_family("h").labels()
bound.inc(100)
timer.observe(5)
pid = os.fork()
if not pid:
    bound.inc(1)
    print("child", default.get_value("n"), default.get_value("h"), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
bound.inc(2)
print("parent", default.get_value("n"), default.get_value("h"))
""",
        )

        assert lines == ["child 1 0.0", "parent 102 5.0"]

    def test_journals_of_a_child_are_as_long_as_those_of_the_parent(
        self, manager: TelemetryManager
    ) -> None:
        # A fold is paid for by as many reports as the journal holds.
        kept = manager.counter("kept").labels()
        kept.inc()
        before = kept.limit

        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            kept.inc()
            os.write(write, f"{kept.limit} {manager.get_value('kept')}".encode())
            os._exit(0)
        os.waitpid(pid, 0)

        assert os.read(read, 99).decode() == f"{before} 1"
        os.close(read)
        os.close(write)

    def test_the_thread_begins_again_in_a_child_with_its_first_report(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
initialize_telemetry(interval=0.01)
told = threading.Event()
class Bell(Printer):
    def handle_metric(self, metric):
        super().handle_metric(metric)
        if metric.value == 2:
            told.set()
bound = default.counter("n").labels()
default.register_handler("bell", Bell())
bound.inc(100)
default.flush()
pid = os.fork()
if not pid:
    bound.inc(2)
    os._exit(0 if told.wait(20) else 1)
print(os.waitpid(pid, 0)[1], flush=True)
""",
        )

        assert lines == ["n=100", "n=2", "0"]

    def test_the_thread_begins_again_in_a_child_with_its_first_event(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
initialize_telemetry(interval=0.01)
told = threading.Event()
class Bell(Printer):
    def handle_event(self, event):
        super().handle_event(event)
        told.set()
default.register_handler("bell", Bell())
pid = os.fork()
if not pid:
    report_event("first", EventLevel.DEBUG, "m")
    os._exit(0 if told.wait(20) else 1)
print(os.waitpid(pid, 0)[1], flush=True)
""",
        )

        assert lines == ["first", "0"]

    @pytest.mark.parametrize("where", ["parent", "child"])
    def test_a_child_of_multiprocessing_delivers_when_it_ends(
        self, tmp_path: Path, where: str
    ) -> None:
        # Such a child ends by `os._exit`, so that nothing registered with `atexit` runs in it.
        lines = run(
            tmp_path,
            PRINTER
            + f"""
import multiprocessing
def register():
    default.register_handler("printer", Printer())
def work():
    {"register()" if where == "child" else ""}
    report_metric("n", 1, MetricType.COUNTER)
{"register()" if where == "parent" else ""}
report_metric("n", 100, MetricType.COUNTER)
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
""",
        )

        assert lines == (["n=1", "n=100"] if where == "parent" else ["n=1"])

    @pytest.mark.parametrize(
        ("report", "told"),
        [
            ('report_metric("new", 1, MetricType.COUNTER)', "new=1"),
            ('report_event("new", EventLevel.DEBUG, "m")', "new"),
        ],
    )
    def test_a_child_of_multiprocessing_delivers_what_its_parent_never_reported(
        self, tmp_path: Path, report: str, told: str
    ) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + f"""
import multiprocessing
default.register_handler("printer", Printer())
def work():
    {report}
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
""",
        )

        assert lines == [told]

    def test_a_child_that_ends_properly_delivers_its_own_and_nothing_of_the_parent(
        self, tmp_path: Path
    ) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
default.register_handler("printer", Printer())
report_metric("n", 100, MetricType.COUNTER)
report_event("of_the_parent", EventLevel.DEBUG, "m")
pid = os.fork()
if not pid:
    report_metric("n", 1, MetricType.COUNTER)
    sys.exit()
os.waitpid(pid, 0)
default.get_handler("printer").name = "parent: "
""",
        )

        assert lines == ["n=1", "parent: of_the_parent", "parent: n=100"]

    def test_children_work_though_the_parents_threads_were_in_the_midst_of_everything(
        self, tmp_path: Path
    ) -> None:
        lines = run(
            tmp_path,
            PRINTER
            + """
sys.setswitchinterval(1e-5)
initialize_telemetry(interval=0.001)
default.register_handler("memory", MemoryTelemetryHandler(10))
provider, stop = get_provider_telemetry("p"), threading.Event()
def hammer(n=0):
    while not stop.is_set():
        n += 1
        provider.count("n", tags={"x": str(n % 500)})
        provider.histogram("h", n)
        provider.debug("e", "m")
        if not n % 50:
            default.snapshot()
            default.flush(0.01)
threads = [threading.Thread(target=hammer, daemon=True) for _ in range(4)]
for each in threads: each.start()
good = 0
for _ in range(20):
    pid = os.fork()
    if not pid:
        threading.Timer(10, os._exit, [3]).start()
        provider.count("mine", 5, tags={"a": "b"})
        provider.count("n", 7)
        ok = default.flush(5) and default.get_value("mine") == 5 and default.get_value("n") == 7
        initialize_telemetry()
        os._exit(0 if ok else 1)
    good += os.waitpid(pid, 0)[1] == 0
stop.set()
print(good)
""",
        )

        assert lines == ["20"]
