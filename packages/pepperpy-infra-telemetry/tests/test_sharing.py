"""Several processes, one scrape: nothing lost in order, nothing counted twice, never less."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.telemetry import (
    InvalidOptionError,
    SharingError,
    TelemetryManager,
    join_metrics,
    prometheus_text,
    share_metrics,
)
from pepperpy.infra.telemetry._hub import Hub

from .test_processes import FORKS, run

WORKERS = """
import json, os, random, signal, subprocess, sys, threading, time, warnings
from pepperpy.infra.telemetry import *
from pepperpy.infra.utils import subscribe

warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
default = TelemetryManager.get_instance()

def values(shared):
    found = {}
    for line in prometheus_text(shared).splitlines():
        if not line.startswith("#") and not line.startswith("pepperpy"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found

def forked(work):
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(20)
    try:
        work()
        shared.close()
        os._exit(0)
    finally:
        sys.excepthook(*sys.exc_info())
        os._exit(1)

def until(condition):
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)
"""


@FORKS
class TestForked:
    def test_all_that_ended_workers_counted_is_there(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
shared = share_metrics(gauges={"busy": "sum"})
report_metric("n", 1000, MetricType.COUNTER)
def work():
    for _ in range(100):
        report_metric("n", 1, MetricType.COUNTER)
        report_metric("size", 4, MetricType.HISTOGRAM)
    report_metric("busy", 1, MetricType.GAUGE)
for pid in [forked(work) for _ in range(4)]:
    os.waitpid(pid, 0)
found = values(shared)
print(found["n_total"], found["size_count"], found["size_sum"], 'busy' in found)
print(shared.inspect()["facts"])
""",
        )

        assert lines == [
            "1400.0 400.0 1600.0 False",
            "{'workers': 0, 'late': 0, 'left': 4, 'lost': 0}",
        ]

    def test_any_process_can_be_scraped_for_all(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
shared = share_metrics(gauges="sum")
read, write = os.pipe()
go, ready = os.pipe()
def work(amount, scrapes):
    report_metric("n", amount, MetricType.COUNTER)
    report_metric("busy", 1, MetricType.GAUGE)
    os.write(write, b"x")
    os.read(go, 1)
    if scrapes:
        found = values(shared)
        os.write(1, f"{found['n_total']} {found['busy']}\\n".encode())
pids = [forked(lambda: work(1, False)), forked(lambda: work(10, False)), forked(lambda: work(100, True))]
os.read(read, 1), os.read(read, 1), os.read(read, 1)
until(lambda: shared.inspect()["facts"]["workers"] == 3)
found = values(shared)
print(found["n_total"], found["busy"], flush=True)
os.write(ready, b"x")  # one of them goes on; the one that scrapes may be last
os.write(ready, b"xx")
for pid in pids:
    os.waitpid(pid, 0)
found = values(shared)
print(found["n_total"], "busy" in found)
""",
        )

        assert lines[0] == "111.0 3.0"
        assert lines[1].startswith("111.0 ")
        assert lines[2] == "111.0 False"

    @pytest.mark.parametrize("seed", range(3))
    def test_scrapes_never_decrease_and_end_exact_while_workers_end_are_killed_and_restart(
        self, tmp_path: Path, seed: int
    ) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + f"""
rng = random.Random({seed})
heard = []
subscribe(heard.append)
shared = share_metrics()
told = []  # what each worker says of itself, by a pipe
def work(seed, pipe):
    dice, counted = random.Random(seed), 0
    for _ in range(dice.randrange(50, 400)):
        amount = dice.choice([1, 2, 0.1, 0.7])
        report_metric("n", amount, MetricType.COUNTER, {{"route": dice.choice("ab")}})
        report_metric("size", amount, MetricType.HISTOGRAM)
        counted += 1
        time.sleep(dice.random() / 2000)
    os.write(pipe, f"{{counted}}\\n".encode())
read, write = os.pipe()
living, killed, started, before = set(), 0, 0, {{}}
while started < 16 or living:
    while len(living) < 4 and started < 16:
        started += 1
        living.add(forked(lambda: work(started, write)))
    if rng.random() < 0.1 and living and killed < 4:
        victim = rng.choice(sorted(living))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        living.discard(victim)
        killed += 1
    for pid in list(living):
        if os.waitpid(pid, os.WNOHANG)[0]:
            living.discard(pid)
    found = values(shared)
    assert all(found.get(name, -1) >= value for name, value in before.items()), (before, found)
    before = found
until(lambda: not shared.inspect()["facts"]["workers"])
found = values(shared)
os.close(write)
in_order = sum(map(int, os.fdopen(read).read().split()))
facts = shared.inspect()["facts"]
lost = [each for each in heard if each.kind == "telemetry.worker_lost"]
print(found["size_count"] >= in_order, facts["left"] + facts["lost"] == 16 or facts, len(lost) == facts["lost"], killed)
if not killed:
    assert found["size_count"] == in_order
""",
        )

        assert lines[0].startswith("True ")
        assert " True " in lines[0]
        assert "False" not in lines[0]

    def test_what_a_killed_worker_said_last_stays(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
heard = []
subscribe(heard.append)
shared = share_metrics()
read, write = os.pipe()
def work():
    report_metric("n", 5, MetricType.COUNTER)
    os.write(write, b"x")
    signal.pause()
pid = forked(work)
os.read(read, 1)
until(lambda: values(shared).get("n_total") == 5)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
until(lambda: heard)
print(values(shared)["n_total"], shared.inspect()["facts"]["lost"])
print([(each.kind, each.source == str(pid), dict(each.facts)) for each in heard])
""",
        )

        assert lines == [
            "5.0 1",
            "[('telemetry.worker_lost', True, {'series': 1})]",
        ]

    def test_a_worker_that_stands_still_delays_a_scrape_by_the_timeout_and_takes_nothing_back(
        self, tmp_path: Path
    ) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
shared = share_metrics(timeout=0.3)
read, write = os.pipe()
def work():
    report_metric("n", 5, MetricType.COUNTER)
    os.write(write, b"x")
    signal.pause()
pid = forked(work)
os.read(read, 1)
until(lambda: values(shared).get("n_total") == 5)
os.kill(pid, signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
report_metric("n", 1, MetricType.COUNTER)
began = time.monotonic()
found = [values(shared)["n_total"] for _ in range(3)]
took = time.monotonic() - began
print(found, 0.85 < took < 5, shared.inspect()["facts"]["late"])
os.kill(pid, signal.SIGCONT)
until(lambda: not shared.inspect()["facts"]["late"])
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
""",
        )

        assert lines == ["[6.0, 6.0, 6.0] True 1"]

    @pytest.mark.parametrize("how", ["exit", "sigterm", "multiprocessing"])
    def test_whichever_way_a_worker_ends_in_order_it_hands_over_everything(
        self, tmp_path: Path, how: str
    ) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + f"""
HOW = {how!r}
if HOW == "multiprocessing":
    import multiprocessing
shared = share_metrics()
def work():
    report_metric("n", 5, MetricType.COUNTER)
if HOW == "multiprocessing":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
else:
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        work()
        os.write(write, b"x")
        if HOW == "sigterm":
            signal.pause()
        sys.exit(0)
    os.read(read, 1)
    os.kill(pid, signal.SIGTERM) if HOW == "sigterm" else None
    os.waitpid(pid, 0)
print(values(shared)["n_total"], shared.inspect()["facts"])
""",
        )

        assert lines == ["5.0 {'workers': 0, 'late': 0, 'left': 1, 'lost': 0}"]

    def test_a_child_of_a_worker_is_a_worker(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
shared = share_metrics()
def work():
    report_metric("n", 5, MetricType.COUNTER)
    os.waitpid(forked(lambda: report_metric("n", 7, MetricType.COUNTER)), 0)
os.waitpid(forked(work), 0)
print(values(shared)["n_total"], shared.inspect()["facts"]["left"])
""",
        )

        assert lines == ["12.0 2"]

    def test_forking_in_the_midst_of_scrapes_harms_neither_side(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
sys.setswitchinterval(1e-5)
shared = share_metrics()
stop = threading.Event()
def scrape():
    while not stop.is_set():
        values(shared)
threads = [threading.Thread(target=scrape) for _ in range(3)]
for each in threads: each.start()
def work():
    report_metric("n", 1, MetricType.COUNTER)
    values(shared)
for _ in range(5):
    for pid in [forked(work) for _ in range(4)]:
        assert os.waitpid(pid, 0)[1] == 0
stop.set()
for each in threads: each.join()
print(values(shared)["n_total"], shared.inspect()["facts"])
""",
        )

        assert lines == ["20.0 {'workers': 0, 'late': 0, 'left': 20, 'lost': 0}"]

    def test_workers_go_on_without_the_hub_and_a_scrape_says_so(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            WORKERS
            + """
shared = share_metrics()
read, write = os.pipe()
hears, tells = os.pipe()
def work():
    heard = []
    subscribe(heard.append)
    report_metric("n", 5, MetricType.COUNTER)
    os.write(tells, b"x")
    os.read(read, 1)
    until(lambda: heard)
    try:
        values(shared)
    except SharingError as error:
        os.write(1, f"{heard[0].kind} {default.get_value('n')} {error}\\n".encode())
pid = forked(work)
os.read(hears, 1)
until(lambda: shared.inspect()["facts"]["workers"])
shared.close()
os.write(write, b"x")
print(os.waitpid(pid, 0)[1])
""",
        )

        assert lines[0].startswith("telemetry.hub_gone 5 the process that shares the metrics")
        assert lines[1] == "0"


class TestStarted:
    def test_a_started_process_joins_by_the_address(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            """
import os, subprocess, sys
from pepperpy.infra.telemetry import *
shared = share_metrics()
report_metric("n", 1, MetricType.COUNTER)
code = '''
import os
from pepperpy.infra.telemetry import *
shared = join_metrics(os.environ["METRICS"])
assert join_metrics(os.environ["METRICS"]) is shared
report_metric("n", 41, MetricType.COUNTER)
'''
subprocess.run([sys.executable, "-c", code], env={**os.environ, "METRICS": shared.address}, check=True)
print(prometheus_text(shared))
""",
        )

        assert "n_total 42" in lines

    def test_who_has_joined_is_in_the_next_scrape_however_slow_the_hub_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        follow, slow = Hub._follow, threading.Event()

        def late(hub: Hub, *args: Any) -> None:
            slow.wait(0.2)  # nobody sets it
            follow(hub, *args)

        monkeypatch.setattr(Hub, "_follow", late)
        with share_metrics(TelemetryManager()) as shared:
            joined = TelemetryManager()
            joined.count("n", 41)
            with join_metrics(shared.address, joined):
                assert "n_total 41\n" in prometheus_text(shared)

    def test_a_wrong_key_is_told_to_who_would_join(self) -> None:
        with share_metrics(TelemetryManager()) as shared:
            address = f"{shared.address[:-1]}-"
            with pytest.raises(SharingError, match="it closed the connection"):
                join_metrics(address, TelemetryManager())

    def test_who_has_left_cannot_join_again(self) -> None:
        # It would bring everything a second time.
        with share_metrics(TelemetryManager()) as shared:
            worker = TelemetryManager()
            worker.count("n")
            left = join_metrics(shared.address, worker)
            left.close()

            with pytest.raises(InvalidOptionError, match="shared already"):
                join_metrics(shared.address, worker)
            with pytest.raises(SharingError, match="closed"):
                prometheus_text(left)

            assert "n_total 1\n" in prometheus_text(shared)

    def test_what_can_be_said_wrong_is_refused(self) -> None:
        manager = TelemetryManager()
        with pytest.raises(InvalidOptionError, match="gauges"):
            share_metrics(manager, gauges="average")  # type: ignore[arg-type]
        with pytest.raises(InvalidOptionError, match="timeout"):
            share_metrics(manager, timeout=0)
        with pytest.raises(InvalidOptionError, match="address"):
            join_metrics("nowhere", manager)
        with pytest.raises(SharingError, match="has called"):
            join_metrics(manager=manager)

    def test_sharing_again_is_the_same_with_new_rules(self) -> None:
        # A server that reads its configuration anew does so.
        manager, worker = TelemetryManager(), TelemetryManager()
        manager.gauge("g", 1)
        worker.gauge("g", 2)
        with share_metrics(manager) as shared, join_metrics(shared.address, worker) as joined:
            assert share_metrics(manager, gauges="sum") is shared
            assert join_metrics(manager=worker) is joined
            while not shared.inspect()["facts"]["workers"]:
                pass
            assert "g 3\n" in prometheus_text(shared)
            with pytest.raises(InvalidOptionError, match="worker"):
                share_metrics(worker)

    def test_nobody_at_the_address_is_an_error_without_the_key(self) -> None:
        with share_metrics(TelemetryManager()) as shared:
            address = shared.address
        with pytest.raises(SharingError) as caught:
            join_metrics(address, TelemetryManager())

        assert address.split(":")[2] not in str(caught.value)
        assert address.split(":")[2] not in repr(shared)

    @pytest.mark.parametrize(
        "said",
        [
            b'{"key":"no","pid":1}\n',
            b'{"key":"\xc3\xa9"}\n',
            b'{"key":"\\ud800"}\n',
            b"\xff\n",
            b"[]\n",
            b"[" * 1000 + b"\n",
            b"{" * 5000,
            b"",
        ],
    )
    def test_who_has_no_key_is_not_heard(
        self, said: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        with share_metrics(TelemetryManager()) as shared:
            host, port, _ = shared.address.split(":")
            with socket.create_connection((host, int(port)), 20) as stranger:
                stranger.sendall(said)
                stranger.shutdown(socket.SHUT_WR)
                try:
                    heard = stranger.recv(1)
                except ConnectionResetError:
                    heard = b""

            assert heard == b""
            assert shared.inspect()["facts"] == {"workers": 0, "late": 0, "left": 0, "lost": 0}
            assert prometheus_text(shared) == ""
        assert not caplog.records

    def test_a_stranger_that_says_a_byte_now_and_then_has_no_more_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pepperpy.infra.telemetry._hub.HELLO_WITHIN", 0.3)
        with share_metrics(TelemetryManager()) as shared:
            host, port, _ = shared.address.split(":")
            with socket.create_connection((host, int(port)), 0.05) as stranger:
                start = time.monotonic()
                heard: bytes | None = None
                while heard is None:
                    assert time.monotonic() - start < 10
                    try:
                        stranger.sendall(b" ")
                        heard = stranger.recv(1)
                    except TimeoutError:
                        heard = None
                    except ConnectionError:
                        heard = b""

    @pytest.mark.parametrize(
        "figure",
        [
            '["a","counter",[],NaN]',
            '["a","counter",[],Infinity]',
            '["a","counter",[],"x"]',
            '["a","nothing",[],1]',
            '[7,"counter",[],1]',
            '["a","counter",["odd"],1]',
            '["a","gauge",[1,2],1]',
            '["a","histogram",[],{}]',
        ],
    )
    def test_a_worker_that_talks_nonsense_harms_no_scrape(self, figure: str) -> None:
        with share_metrics(TelemetryManager(), timeout=0.5) as shared:
            host, port, key = shared.address.split(":")
            with socket.create_connection((host, int(port)), 20) as worker:
                worker.sendall(
                    f'{{"key":"{key}","pid":1}}\n'
                    f'{{"figures":[{figure}],"answers":0,"last":true}}\n'.encode()
                )
                heard = b""
                while said := worker.recv(1):
                    heard += said
                assert heard == b"?"

            assert prometheus_text(shared) == ""
            assert shared.inspect()["facts"]["lost"] == 1
