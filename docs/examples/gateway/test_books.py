"""A run with a kill in it, and faults planted into its books: every one has to be found."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import acknowledged
import admitted
import circuits
import exposed
import keptlanes
import lanes
import performance
import pytest
import quantiles
import reconcile
import refused
import report
import restart
import tables
from books import Notes, gather, judge
from checks import leaks, places
from driver import Outcome, Verdict
from faults import Outage
from interferer import REFUSED, RELOADED, Change, Edit, Interferer
from inventory import Inventory
from keyring import make_keys, secrets_of
from matplotlib.figure import Figure
from mistakes import MISTAKES, Found
from names import (
    ANSWERS,
    AUDIT,
    FAILURES,
    MEMORY,
    REQUESTS,
    SECONDS,
    START,
    UPSTREAM_SECONDS,
    VALIDATION_SECONDS,
)
from processes import ChildError
from requestlog import FILE, keep
from rich.console import Console
from scraper import Reading, Scraper
from telemetrybook import TelemetryBook
from trespasses import AUDITED, NAMES, TRESPASSES

from pepperpy.infra.telemetry import ExponentialHistogram, TelemetryManager, prometheus_text

BEGAN = datetime(2026, 7, 1, 12, tzinfo=UTC)
KEY = "0123456789abcdef"
SENT = 10
VALIDATION_MS = 0.03

Line = dict[str, Any]


@dataclass
class Books:
    """Everything that a run leaves behind; a test changes it where it wants a fault."""

    outcomes: list[Outcome] = field(default_factory=list)
    log: list[Line] = field(default_factory=list)
    stats: Line | None = None
    metrics: list[Line] = field(default_factory=list)
    north: list[Line] = field(default_factory=list)
    south: list[Line] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    outage: Outage | None = None
    readings: list[Reading] = field(default_factory=list)
    inventories: list[Inventory] = field(default_factory=list)
    crash: ChildError | None = None
    output: str = "the gateway says hello"
    expected: int | None = SENT
    raw: dict[str, bytes] = field(default_factory=dict)
    # What befalls the request log: its rows, and its file.
    tamper: Callable[[list[Outcome]], object] = len  # which changes nothing
    damage: Callable[[bytes], bytes] = bytes

    def close(self, folder: Path) -> report.Report:
        """Compare them all, by way of the files."""
        files = {
            "gateway": self.log,
            "metrics": self.metrics,
            "north": self.north,
            "south": self.south,
        }
        for name, lines in files.items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / f"{name}.jsonl").write_bytes(text.encode() + self.raw.get(name, b""))
        rows = [*self.outcomes]
        self.tamper(rows)
        keep(rows, folder / FILE)
        (folder / FILE).write_bytes(self.damage((folder / FILE).read_bytes()))
        interferer = SimpleNamespace(edits=self.edits, changes=self.changes, outage=self.outage)
        notes = Notes(
            at=BEGAN,
            began=BEGAN,
            outcomes=self.outcomes,
            telemetry=TelemetryBook.from_stats(self.stats) if self.stats else None,
            scrapers=[cast("Scraper", SimpleNamespace(readings=self.readings))],
            interferer=cast("Interferer", interferer),
            inventories=self.inventories,
            crash=self.crash,
        )
        run, trouble = gather(notes, folder, seed=1, expected=self.expected)
        written = places(folder, output=self.output)
        return judge(run, trouble, leaks({"the providers' key": [KEY]}, written))

    def line(self, message: str, request_id: str) -> Line:
        """The first line of the log about a request with this message."""
        lines = (line for line in self.log if line["message"] == message)
        return next(line for line in lines if line["request_id"] == request_id)

    def change(self, provider: str, how: str) -> Line:
        """The line of the log about a change of a circuit."""
        return next(
            line
            for line in self.log
            if (line["message"], line.get("logger")) == (f"circuit.{how}", provider)
        )

    def metric(self, index: int) -> Line:
        """What `/stats` says about a series."""
        assert self.stats
        return cast("Line", self.stats["metrics"][index])


def a_run() -> Books:
    """Ten requests: two answered, three met the kill, five answered by the next start.

    Of these five a provider was asked for three, one waited for the second of them, and one was
    served what that one had loaded.  The second was passed over by a circuit that was open, and the
    third was let through to try whether it may close.
    """
    return Books(
        outcomes=[
            _right("1-1", "start-a", sent=0.1, retries=1, stored=1),
            _right("1-2", "start-a", sent=1.6, stored=2),
            Outcome(id="1-3", zone="Asia/Tokyo", verdict=Verdict.CUT_OFF, sent=1.9, seconds=0.1),
            Outcome(id="1-4", zone="Asia/Tokyo", verdict=Verdict.CUT_OFF, sent=1.9, seconds=0.2),
            Outcome(id="1-5", zone="Asia/Tokyo", verdict=Verdict.REFUSED, sent=2.5, seconds=0.01),
            Outcome(
                id="1-6",
                zone="Europe/Atlantis",
                verdict=Verdict.NAMED_ERROR,
                status=404,
                problem="unknown-zone",
                start="start-b",
                provider="north",
                cache="miss",
                calls=("north",),
                sent=3.1,
            ),
            _right(
                "1-7",
                "start-b",
                provider="south",
                sent=3.2,
                retries=2,
                rejected=("north",),
                waits=1,
                stored=3,
            ),
            _right("1-8", "start-b", provider="none", cache="coalesced", sent=3.21),
            _right("1-9", "start-b", provider="none", cache="hit", sent=3.4),
            _right("1-10", "start-b", sent=3.6, stored=4),
        ],
        log=[
            _started("start-a", at=-0.2),
            {"message": "serving", "timestamp": _clock(-0.1)},
            _retried("1-1"),
            _request("1-1", at=0.11, ms=9.0, calls=2),
            _changed("south", "opened", at=0.2),
            _changed("south", "half_opened", at=0.55),
            _changed("south", "closed", at=0.56),
            {"message": RELOADED, "timestamp": _clock(0.6), "paths": ["levels.gateway"]},
            {"message": "attempt", "timestamp": _clock(0.8), "request_id": "1-2", "timeout": 0.3},
            {"message": REFUSED, "timestamp": _clock(1.1)},
            {"message": RELOADED, "timestamp": _clock(1.5), "paths": ["levels.gateway"]},
            _request("1-2", at=1.61, ms=5.0),
            _request("1-3", at=1.91, ms=7.0),  # it was killed before it could answer
            _started("start-b", at=2.9),
            {"message": "serving", "timestamp": _clock(3.0)},
            _request("1-6", at=3.11, ms=3.0, status=404, problem="unknown-zone"),
            _changed("north", "opened", at=3.15),
            _retried("1-7"),
            _retried("1-7"),
            _request("1-7", at=3.29, ms=80.0, provider="south", calls=3, waits=1),
            _request("1-8", at=3.2901, ms=70.0, cache="coalesced", loaded_by="1-7"),
            _request("1-9", at=3.41, ms=1.0, cache="hit", loaded_by="1-7", age=0.12),
            _invalidated("zone:Europe/Berlin", at=3.5, dropped=1),
            _changed("north", "half_opened", at=3.607),
            _changed("north", "closed", at=3.609),
            _request("1-10", at=3.61, ms=4.0),
        ],
        stats={
            "start": "start-b",
            "metrics": [
                _counted("unknown-zone", 404, "north"),
                _counted("answered", 200, "south"),
                _signals(2),
                *_measured(3.0, 80.0, 4.0, served=[70.0, 1.0]),
                _counted("answered", 200, "north"),
                _counted("answered", 200, "none", cache="coalesced"),
                _counted("answered", 200, "none", cache="hit"),
                *_figures(hits=1, misses=4, coalesced=1, loads=2, load_errors=1, invalidated=1),
                *_signalled("north"),
                *_pulled(),
                {"name": "pepperpy.config.builds", "type": "gauge", "tags": {}, "value": 3},
            ],
        },
        metrics=[
            # The first start could flush once; the second one flushed twice.
            *_of("start-a", [_counted("answered", 200, "north"), _signals(1), *_measured(9.0)]),
            *_of("start-a", _signalled("south")),
            *_of("start-b", [_counted("unknown-zone", 404, "north"), *_measured(3.0)]),
            *_of("start-b", _figures(hits=0, misses=1, coalesced=0, loads=0, load_errors=1)),
            *_of("start-b", [_counted("answered", 200, "south"), _signals(2), *_measured(80.0)]),
            *_of(
                "start-b",
                [
                    _counted("answered", 200, "none", cache="coalesced"),
                    _counted("answered", 200, "none", cache="hit"),
                    _counted("answered", 200, "north"),
                    *_measured(4.0, served=[70.0, 1.0]),
                ],
            ),
            *_of(
                "start-b",
                _figures(hits=1, misses=4, coalesced=1, loads=2, load_errors=1, invalidated=1),
            ),
            *_of("start-b", [*_signalled("north"), *_pulled()]),
        ],
        north=[
            _call("1-1", at=0.102, fault="drop"),
            _call("1-1", at=0.108),
            _call("1-2", at=1.607),
            _call("1-3", at=1.906),
            _call("1-4", at=1.99),  # the gateway was killed before it could log it
            _call("1-6", at=3.109),
            _call("1-10", at=3.608),
        ],
        south=[_call("1-7", at=at, fault=fault) for at, fault in ((3.22, "cut"), (3.25, "drop"))]
        + [_call("1-7", at=3.28)],
        edits=[
            Edit("edited", 0.5, RELOADED),
            Edit("edited with a mistake", 1.0, REFUSED),
            Edit("edited back", 1.4, RELOADED),
        ],
        changes=[Change("zone:Europe/Berlin", 3.5, 1)],
        outage=Outage(2.0, 3.0),
        readings=[
            _read(
                "start-a",
                [_counted("answered", 200, "north"), *_gauges({("pool.acquired", "north"): 2})],
                asked=1.0,
            ),
            # Of what was under way when it was killed, the gateway may have counted something.
            _read(
                "start-a",
                [
                    *[_counted("answered", 200, "north")] * 3,
                    *_gauges({("pool.acquired", "north"): 4}),
                ],
                asked=1.95,
            ),
            Reading(asked=2.5, came=2.51, trouble="ConnectError('refused')"),
            _read_last(),
        ],
        inventories=[_inventory(3.05, berlin=2), _inventory(3.8, berlin=4)],
    )


@pytest.fixture
def books() -> Books:
    return a_run()


@pytest.fixture
def close(tmp_path: Path, books: Books) -> Callable[[], list[str]]:
    """Compares the books, and gives what is found."""

    def close() -> list[str]:
        return books.close(tmp_path).problems

    return close


Close = Callable[[], list[str]]


def test_books_that_agree_are_a_success(close: Close) -> None:
    assert close() == []


def _cut(content: bytes) -> bytes:
    return content[:-10]


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


class TestDriverAndLog:
    @pytest.mark.parametrize("verdict", [Verdict.WRONG, Verdict.LOST])
    def test_a_wrong_or_a_lost_answer_is_a_failure(
        self, books: Books, close: Close, verdict: Verdict
    ) -> None:
        books.outcomes[0] = replace(books.outcomes[0], verdict=verdict, note="why")

        assert f"{verdict.value}: request 1-1 (Europe/Berlin): why" in close()

    def test_a_request_that_was_not_sent_is_a_failure(self, books: Books, close: Close) -> None:
        books.expected = SENT + 1

        assert close() == ["10 of 11 requests were sent"]

    @pytest.mark.parametrize(
        ("message", "request_id"),
        [
            ("request", "1-1"),
            ("request", "1-2"),
            ("request", "1-6"),
            ("request", "1-7"),
            ("retry.scheduled", "1-1"),
            ("retry.scheduled", "1-7"),
        ],
    )
    def test_a_log_line_that_is_missing_or_there_twice_is_a_failure(
        self, tmp_path: Path, message: str, request_id: str
    ) -> None:
        for change in (list.remove, _double):
            books = a_run()
            change(books.log, books.line(message, request_id))

            assert any(request_id in text for text in books.close(tmp_path).problems), change

    def test_a_request_without_its_id_in_the_log_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        del books.line("request", "1-2")["request_id"]

        assert close()[:2] == [
            "the log has a request that nobody sent: without id",
            "the log has request 1-2 0 times",
        ]

    def test_results_that_are_swapped_are_a_failure_though_sums_agree(
        self, books: Books, close: Close
    ) -> None:
        one, two = books.line("request", "1-6"), books.line("request", "1-7")
        one["request_id"], two["request_id"] = "1-7", "1-6"

        assert set(close()) >= {
            "request 1-6: answered (200, south, miss) in the log, unknown-zone (404, north, miss) at the driver",
            "request 1-7: unknown-zone (404, north, miss) in the log, answered (200, south, miss) at the driver",
            "request 1-8 (coalesced) about Europe/Berlin got an answer about Europe/Atlantis",
            "request 1-9 (hit) about Europe/Berlin got an answer about Europe/Atlantis",
        }

    def test_a_retry_for_another_request_is_a_failure_though_sums_agree(
        self, books: Books, close: Close
    ) -> None:
        books.line("retry.scheduled", "1-1")["request_id"] = "1-2"

        assert close() == [
            "request 1-1: 0 retries in the log, 1 retries at the driver",
            "request 1-2: 1 retries in the log, 0 retries at the driver",
        ]

    def test_an_answer_by_another_start_than_the_log_says_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[1] = replace(books.outcomes[1], start="start-b")

        assert "request 1-2: start-a in the log, start-b at the driver" in close()


class TestRequestLog:
    """Each fault is in the file alone: the driver's own memory is right."""

    def test_a_row_that_is_lost_is_a_failure(self, books: Books, close: Close) -> None:
        books.tamper = lambda rows: rows.pop(6)

        problems = close()

        assert "the request log has lost request 1-7" in problems
        assert any("and the 9 that came out are not the same" in problem for problem in problems)
        assert "9 of 10 requests were sent" in problems

    @pytest.mark.parametrize("at", [0, 6, 9])
    def test_a_row_that_is_there_twice_is_a_failure(
        self, books: Books, close: Close, at: int
    ) -> None:
        books.tamper = lambda rows: rows.insert(at, rows[at])

        assert any("and the 11 that came out are not the same" in problem for problem in close())

    def test_rows_in_another_order_are_a_failure(self, books: Books, close: Close) -> None:
        books.tamper = list.reverse

        (problem,) = close()
        assert problem.endswith("the 10 that came out are not the same in the same order")

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"seconds": 0.010000000000000002}, "seconds was 0.01, and is 0.010000000000000002"),
            ({"zone": "Asia/Tokyo"}, "zone was Europe/Berlin, and is Asia/Tokyo"),
            ({"verdict": Verdict.LOST}, "verdict was Verdict.RIGHT, and is Verdict.LOST"),
            ({"waits": 2}, "waits was 1, and is 2"),
        ],
    )
    def test_a_row_that_is_changed_is_a_failure(
        self, books: Books, close: Close, change: dict[str, Any], problem: str
    ) -> None:
        def tamper(rows: list[Outcome]) -> None:
            rows[6] = replace(rows[6], **change)

        books.tamper = tamper

        assert f"request 1-7: {problem} in its log" in close()

    def test_a_changed_row_is_seen_by_the_other_books_too(self, books: Books, close: Close) -> None:
        def tamper(rows: list[Outcome]) -> None:
            rows[6] = replace(rows[6], waits=2)

        books.tamper = tamper

        assert (
            "request 1-7: 1 waits for a connection in the log, "
            "2 waits for a connection at the driver"
        ) in close()

    @pytest.mark.parametrize("damage", [_cut, _flip], ids=["cut", "flip"])
    def test_a_damaged_file_is_a_failure(
        self, books: Books, close: Close, damage: Callable[[bytes], bytes]
    ) -> None:
        books.damage = damage

        problems = close()

        assert f"{FILE}: " in problems[0]
        assert "the request log has lost request 1-1" in problems

    def test_its_size_is_told_beside_that_of_json_lines(self, books: Books, tmp_path: Path) -> None:
        found = books.close(tmp_path)

        table = tables.request_log(found.run)
        lines = "".join(
            json.dumps(asdict(outcome) | {"verdict": outcome.verdict.value}, separators=(",", ":"))
            + "\n"
            for outcome in books.outcomes
        ).encode()
        sizes = [len(lines), len(gzip.compress(lines)), (tmp_path / FILE).stat().st_size]
        assert table.title == "The request log: 10 rows"
        assert [row[0] for row in table.rows] == [
            "JSON lines",
            "JSON lines, gzip",
            "requests.ppz, a dataset with gzip",
        ]
        assert [row[1] for row in table.rows] == [str(size) for size in sizes]
        assert [row[3] for row in table.rows] == [f"{sizes[0] / size:.1f}" for size in sizes]


class TestKill:
    def test_a_request_may_be_cut_off_with_or_without_a_line_in_the_log(
        self, books: Books, close: Close
    ) -> None:
        books.log.remove(books.line("request", "1-3"))

        assert close() == []

    @pytest.mark.parametrize("verdict", [Verdict.CUT_OFF, Verdict.REFUSED])
    @pytest.mark.parametrize("sent", [1.0, 3.1, 3.6])
    def test_nobody_is_cut_off_or_refused_while_the_gateway_is_there(
        self, books: Books, close: Close, verdict: Verdict, sent: float
    ) -> None:
        books.outcomes[3] = replace(books.outcomes[3], verdict=verdict, sent=sent, note="why")

        found = close()[0]

        assert found.startswith(f"{verdict.value}: request 1-4, {sent + 0.2:.2f} s after the start")

    def test_without_a_kill_nobody_is_cut_off(self, books: Books, close: Close) -> None:
        books.outage = None

        assert sum("when the gateway was there" in problem for problem in close()) == 3

    def test_what_was_refused_cannot_be_in_the_log(self, books: Books, close: Close) -> None:
        books.log.insert(12, _request("1-5", ms=1.0))

        assert close() == [
            "the log has request 1-5 1 times (start-a), and it was refused",
            "request 1-5: 1 calls to north by the log, 0 arrived",
        ]

    def test_what_was_cut_off_cannot_be_in_the_log_twice(self, books: Books, close: Close) -> None:
        _double(books.log, books.line("request", "1-3"))

        assert close() == ["the log has request 1-3 2 times (start-a, start-a), and it was cut off"]

    def test_what_the_last_start_has_logged_must_have_arrived(
        self, books: Books, close: Close
    ) -> None:
        books.log.append(_request("1-4", ms=1.0))

        assert "the log has request 1-4 1 times (start-b), and it was cut off" in close()

    def test_the_gap_is_told(self, books: Books, tmp_path: Path) -> None:
        table = tables.gap(books.close(tmp_path).run)

        assert table.title == "The gap: killed 2.00 s after the start, away for 1.00 s"
        assert [number for _, number in table.rows] == ["1", "2", "1", "3", "1", "2"]


class TestTelemetry:
    @pytest.mark.parametrize("metric", [0, 1])
    def test_another_count_is_a_failure_that_names_the_requests(
        self, books: Books, close: Close, metric: int
    ) -> None:
        books.metric(metric)["value"] += 1

        assert close() == [
            [
                "unknown-zone (404, north, miss): telemetry 2, log file 1 (1-6)",
                "answered (200, south, miss): telemetry 2, log file 1 (1-7)",
            ][metric]
        ]

    def test_requests_of_another_kind_are_a_failure_though_sums_agree(
        self, books: Books, close: Close
    ) -> None:
        books.metric(1)["tags"]["provider"] = "north"

        assert close() == [
            "answered (200, north, miss): telemetry 2, log file 1 (1-10)",
            "answered (200, south, miss): telemetry 0, log file 1 (1-7)",
        ]

    def test_another_count_of_retries_is_a_failure(self, books: Books, close: Close) -> None:
        books.metric(2)["value"] = 1

        assert close() == ["retries: telemetry 1, log file 2 (1-7)"]

    def test_another_number_of_samples_is_a_failure(self, books: Books, close: Close) -> None:
        books.metric(3)["histogram"] = ExponentialHistogram.of([0.003]).to_dict()

        assert "gateway.request.duration: telemetry 1 values, log file 5" in close()

    def test_counts_since_another_start_are_a_failure(self, books: Books, close: Close) -> None:
        assert books.stats
        books.stats["start"] = "start-a"

        assert close() == ["telemetry counts since start-a, and the last one in the log is start-b"]

    def test_no_counts_are_a_failure(self, books: Books, close: Close) -> None:
        books.stats = None

        assert close() == ["the gateway did not tell its counts"]

    @pytest.mark.parametrize("factor", [0.95, 1.05])
    def test_a_quantile_that_is_too_far_off_is_a_failure(
        self, books: Books, close: Close, factor: float
    ) -> None:
        others = [each * factor for each in (0.001, 0.003, 0.004, 0.070)]
        books.metric(3)["histogram"] = ExponentialHistogram.of([*others, 0.080]).to_dict()

        assert len(close()) == 3

    def test_quantiles_of_the_same_values_are_the_same_up_to_a_bucket(
        self, books: Books, tmp_path: Path
    ) -> None:
        run = books.close(tmp_path).run

        assert [each.exact for each in quantiles.compare(run)[:3]] == [4.0, 70.0, 70.0]
        assert all(0 < each.telemetry < math.inf for each in quantiles.compare(run))


class TestMetricsFile:
    def test_a_flush_that_is_missing_is_a_failure(self, books: Books, close: Close) -> None:
        books.metrics = [line for line in books.metrics if line["tags"].get("provider") != "south"]

        assert close() == ["answered (200, south, miss): metrics file 0, log file 1 (1-7)"]

    def test_a_line_that_is_there_twice_is_a_failure(self, books: Books, close: Close) -> None:
        south = next(line for line in books.metrics if line["tags"].get("provider") == "south")
        books.metrics.append(south)

        assert close() == ["answered (200, south, miss): metrics file 2, log file 1 (1-7)"]

    def test_a_killed_start_may_know_less_than_the_log(self, books: Books, close: Close) -> None:
        books.metrics = [line for line in books.metrics if line["start"] != "start-a"]

        assert close() == []

    def test_a_killed_start_must_not_know_more_than_the_log(
        self, books: Books, close: Close
    ) -> None:
        books.metrics[0]["value"] = 4

        assert close() == [
            "answered (200, north, miss): metrics file 4, log file 3 (1-1, 1-2, 1-3)"
        ]

    def test_a_start_that_is_not_in_the_log_is_a_failure(self, books: Books, close: Close) -> None:
        books.metrics.append({**books.metrics[0], "start": "start-c"})

        assert close() == ["the metrics file has start-c, and the log has not"]


class TestMistakes:
    """A request that is wrong on purpose, and is refused for all that is wrong with it."""

    @pytest.fixture(autouse=True)
    def make_one(self, books: Books) -> None:
        mistake = MISTAKES["nothing right"]
        answer = _counted("invalid-request", 422, "none", cache="none")
        failures = [_failed(code) for _, code in mistake.found]
        books.outcomes.append(
            Outcome(
                id="1-11",
                zone="Asia/Tokyo",
                verdict=Verdict.NAMED_ERROR,
                status=422,
                problem="invalid-request",
                mistake="nothing right",
                invalid=mistake.found,
                start="start-b",
                provider="none",
                cache="none",
                sent=3.65,
                seconds=0.01,
            )
        )
        books.log.append(
            _request(
                "1-11",
                at=3.655,
                ms=0.5,
                status=422,
                problem="invalid-request",
                cache="none",
                invalid=mistake.found,
            )
        )
        told = [answer, *failures, *_measured(served=[0.5])]
        assert books.stats
        books.stats["metrics"] += told
        books.metrics += _of("start-b", told)
        books.readings[-1] = _read_last([answer, *failures], ms=[0.5])
        books.expected = SENT + 1

    def test_that_is_a_success(self, close: Close) -> None:
        assert close() == []

    @pytest.mark.parametrize(
        ("change", "got"),
        [
            ({"invalid": ()}, "422 for []"),
            ({"invalid": (("zone", "zone"),)}, "422 for [('zone', 'zone')]"),
            ({"status": 400}, "400 for [('zone', 'max_length'), ('zone', 'zone'), ('query.at', "),
        ],
    )
    def test_a_refusal_that_is_not_for_all_that_is_wrong_is_a_failure(
        self, books: Books, close: Close, change: dict[str, Any], got: str
    ) -> None:
        books.outcomes[-1] = replace(books.outcomes[-1], **change)

        assert any(
            problem.startswith(f"request 1-11 (nothing right) got {got}") for problem in close()
        )

    def test_a_refusal_of_a_request_with_which_nothing_is_wrong_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[-1] = replace(books.outcomes[-1], mistake=None)

        assert close() == ["request 1-11 got 422, and nothing is wrong with it"]

    @pytest.mark.parametrize("verdict", [Verdict.NAMED_ERROR, Verdict.CUT_OFF])
    def test_a_provider_that_has_heard_of_it_is_a_failure(
        self, books: Books, close: Close, verdict: Verdict
    ) -> None:
        books.outcomes[-1] = replace(books.outcomes[-1], verdict=verdict)
        books.north.append(_call("1-11", at=3.652))

        assert "request 1-11 (nothing right) has reached a provider" in close()

    def test_a_log_that_tells_of_other_mistakes_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.log[-1]["invalid"] = [["zone", "zone"]]

        assert any(
            problem.startswith("request 1-11: wrong is [('zone', 'zone')] in the log")
            for problem in close()
        )

    def test_another_count_of_failures_is_a_failure(self, books: Books, close: Close) -> None:
        assert books.stats
        books.stats["metrics"].append(_failed("zone"))
        books.metrics += _of("start-b", [_failed("instant")])

        assert close() == [
            "validation failures, zone: telemetry 2, log file 1",
            "validation failures, instant: metrics file 2, log file 1",
        ]

    def test_another_count_at_metrics_is_a_failure(self, books: Books, close: Close) -> None:
        answer = _counted("invalid-request", 422, "none", cache="none")
        books.readings[-1] = _read_last([answer, _failed("zone"), _failed("zone")], ms=[0.5])

        assert close() == [
            "not valid: instant: /metrics 0 at 3.70 s, driver 1",
            "not valid: max_length: /metrics 0 at 3.70 s, driver 1",
            "not valid: unknown: /metrics 0 at 3.70 s, driver 1",
            "not valid: zone: /metrics 2 at 3.70 s, driver 1",
        ]

    def test_what_was_wrong_is_told(self, books: Books, tmp_path: Path) -> None:
        books.outcomes[2] = replace(books.outcomes[2], mistake="no instant")

        table = refused.table(books.close(tmp_path).run)

        assert table.rows == [
            ("no instant", "query.at", "1", "0", "1", "1"),
            ("nothing right", "zone, query.at, query.tz", "1", "1", "0", "0"),
        ]

    def test_the_plot_shows_what_was_wrong_where_and_the_memory(
        self, books: Books, tmp_path: Path
    ) -> None:
        books.outcomes[2] = replace(books.outcomes[2], mistake="no instant")
        run = books.close(tmp_path).run
        validation, memory = Figure().subplots(2)

        lanes.draw_validation(validation, run)
        lanes.draw_memory(memory, run)

        assert validation.get_legend_handles_labels()[1] == [
            "required (0)",
            "instant (1)",
            "zone (1)",
            "max_length (1)",
            "unknown (1)",
            "cut off or refused (1)",
        ]
        rows = [round(float(y)) for line in validation.lines for y in line.get_ydata()]
        assert rows == [1, 0, 0, 2, 2]
        assert memory.get_legend_handles_labels()[1] == [
            "start-a, 67 MiB at most",
            "start-b, 67 MiB at most",
        ]
        assert [list(line.get_xdata()) for line in memory.lines] == [
            pytest.approx([1.01, 1.96]),
            pytest.approx([3.71]),
        ]


class TestTrespasses:
    """A request by somebody who may not make it, and who gets the one answer that is due."""

    @pytest.fixture(autouse=True, params=["revoked", "guest in Asia"])
    def make_one(self, books: Books, request: pytest.FixtureRequest) -> str:
        name = str(request.param)
        status = TRESPASSES[name].status
        problem = NAMES[status]
        answer = _counted(problem, status, "none", cache="none")
        audit = _audited(status)
        books.outcomes.append(
            Outcome(
                id="1-11",
                zone="Asia/Tokyo",
                verdict=Verdict.NAMED_ERROR,
                status=status,
                problem=problem,
                trespass=name,
                start="start-b",
                provider="none",
                cache="none",
                sent=3.65,
                seconds=0.01,
            )
        )
        books.log += [
            _audit_line("1-11", status, at=3.654),
            _request("1-11", at=3.655, ms=0.5, status=status, problem=problem, cache="none"),
        ]
        told = [answer, audit, *_measured(served=[0.5])]
        assert books.stats
        books.stats["metrics"] += told
        books.metrics += _of("start-b", told)
        books.readings[-1] = _read_last([answer, audit], ms=[0.5])
        books.expected = SENT + 1
        return name

    def test_that_is_a_success(self, close: Close) -> None:
        assert close() == []

    @pytest.mark.parametrize("status", [200, 401, 403, 404])
    def test_another_answer_than_the_one_that_is_due_is_a_failure(
        self, books: Books, close: Close, make_one: str, status: int
    ) -> None:
        due = TRESPASSES[make_one].status
        books.outcomes[-1] = replace(books.outcomes[-1], status=status)

        found = f"request 1-11 ({make_one}) got {status}, and {due} is due"

        assert (found in close()) == (status != due)

    def test_a_refusal_of_somebody_who_may_is_a_failure(
        self, books: Books, close: Close, make_one: str
    ) -> None:
        due = TRESPASSES[make_one].status
        books.outcomes[-1] = replace(books.outcomes[-1], trespass=None)

        assert close() == [
            f"request 1-11 (driver) got {due}, and no refusal is due",
            f"request 1-11 (driver): the audit has ['{AUDITED[due]}']",
        ]

    @pytest.mark.parametrize("verdict", [Verdict.NAMED_ERROR, Verdict.CUT_OFF])
    def test_a_provider_that_has_heard_of_it_is_a_failure(
        self, books: Books, close: Close, make_one: str, verdict: Verdict
    ) -> None:
        books.outcomes[-1] = replace(books.outcomes[-1], verdict=verdict)
        books.north.append(_call("1-11", at=3.652))

        assert f"request 1-11 ({make_one}) has reached a provider" in close()

    @pytest.mark.parametrize("times", [0, 2])
    def test_an_audit_that_has_it_not_or_twice_is_a_failure(
        self, books: Books, close: Close, make_one: str, times: int
    ) -> None:
        line = books.log[-2]
        books.log[-2:-1] = [line] * times
        event = AUDITED[TRESPASSES[make_one].status]

        assert f"request 1-11 ({make_one}): the audit has {[event] * times}" in close()

    def test_an_audit_of_what_nobody_sent_is_a_failure(self, books: Books, close: Close) -> None:
        books.log[-2:-1] = [books.log[-2], _audit_line("1-99", 401, at=3.654)]

        assert (
            "the audit has ['security.authentication_failed'] by 1-99, whom nobody sent" in close()
        )

    def test_another_count_of_the_audit_is_a_failure(
        self, books: Books, close: Close, make_one: str
    ) -> None:
        status = TRESPASSES[make_one].status
        assert books.stats
        books.stats["metrics"].append(_audited(status))
        answer = _counted(NAMES[status], status, "none", cache="none")
        books.readings[-1] = _read_last([answer], ms=[0.5])
        what = exposed.REFUSED if status == 401 else exposed.DENIED

        assert close() == [
            f"{AUDITED[status]} of access: telemetry 2, log file 1",
            f"{what}: /metrics 0 at 3.70 s, driver 1",
        ]

    def test_trespasses_are_told(self, books: Books, tmp_path: Path, make_one: str) -> None:
        books.outcomes[2] = replace(books.outcomes[2], trespass=make_one)

        table = admitted.table(books.close(tmp_path).run)

        due = str(TRESPASSES[make_one].status)
        assert table.rows == [(make_one, due, "2", "1", "1", "1")]

    def test_the_plot_shows_who_was_turned_away(
        self, books: Books, tmp_path: Path, make_one: str
    ) -> None:
        books.outcomes[2] = replace(books.outcomes[2], trespass=make_one)
        axes = Figure().subplots()

        keptlanes.draw_door(axes, books.close(tmp_path).run)

        is_401 = TRESPASSES[make_one].status == 401
        assert axes.get_legend_handles_labels()[1] == [
            f"401 ({int(is_401)})",
            f"403 ({int(not is_401)})",
            "cut off or refused (1)",
        ]
        rows = [y for line in axes.lines for y in _points(line)[1]]
        assert rows == [list(TRESPASSES).index(make_one)] * 2


class TestAcknowledged:
    """What the gateway said it had kept, and what was there when it was asked."""

    def test_a_write_that_is_not_there_after_the_kill_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.inventories[0] = _inventory(3.05)

        assert close() == [
            f"request {id_}: Europe/Berlin was kept as version {version}, and at 3.05 s there is none"
            for id_, version in (("1-1", 1), ("1-2", 2))
        ]

    def test_an_older_version_than_was_acknowledged_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.inventories[0] = _inventory(3.05, berlin=1)

        assert close() == [
            "request 1-2: Europe/Berlin was kept as version 2, and at 3.05 s there is version 1"
        ]

    def test_a_newer_version_is_none(self, books: Books, close: Close) -> None:
        books.inventories[0] = _inventory(3.05, berlin=3)

        assert close() == []

    def test_what_is_missing_in_the_end_is_a_failure(self, books: Books, close: Close) -> None:
        books.inventories[1] = _inventory(3.8, berlin=3)

        assert close() == [
            "request 1-10: Europe/Berlin was kept as version 4, and at 3.80 s there is version 3"
        ]

    def test_a_write_that_was_not_acknowledged_when_the_gateway_was_asked_may_be_missing(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[1] = replace(books.outcomes[1], seconds=1.5)
        books.inventories[0] = _inventory(3.05, berlin=1)

        assert close() == []

    def test_a_write_of_so_long_ago_that_it_is_not_kept_any_more_may_be_missing(
        self, books: Books, close: Close
    ) -> None:
        for line in books.log:
            if "event.data" in line:
                line["event.data"]["keep_last"] = 1.0
        books.inventories = [_inventory(3.05), _inventory(3.8, berlin=4)]

        assert close() == []

    def test_one_version_for_two_writes_is_a_failure(self, books: Books, close: Close) -> None:
        books.outcomes[1] = replace(books.outcomes[1], stored=1)

        assert close() == [
            f"version 1 of zone:Europe/Berlin {BEGAN.isoformat()} was given to 2 writes"
        ]

    def test_a_kill_after_which_nobody_asked_is_a_failure(self, books: Books, close: Close) -> None:
        books.inventories = [_inventory(2.9, berlin=2)]

        assert "nobody has asked the gateway what it had after it came back" in close()

    def test_a_run_without_any_look_is_a_failure(self, books: Books, close: Close) -> None:
        books.inventories = []

        assert close() == [
            "nobody has asked the gateway what it had after it came back",
            "nobody has asked the gateway what it had in the end",
        ]

    @pytest.mark.parametrize(
        ("sent", "found", "problem"),
        [
            (1.7, 0, None),  # it was deleted, and was not there
            (1.7, 3, None),  # what came after it is there
            (1.7, 2, "Europe/Berlin was deleted at 1.80 s, and at 3.05 s there is version 2 from "),
            (1.605, 0, None),  # at the same time: both may be
            (1.605, 2, None),
            (
                1.4,
                0,
                "request 1-2: Europe/Berlin was kept as version 2, and at 3.05 s there is none",
            ),
            (
                3.1,
                0,
                "request 1-1: Europe/Berlin was kept as version 1, and at 3.05 s there is none",
            ),
        ],
    )
    def test_what_was_deleted_is_not_there_and_what_came_after_it_is(
        self, books: Books, tmp_path: Path, sent: float, found: int, problem: str | None
    ) -> None:
        books.outcomes.append(_deletion("deletion-1", sent=sent))
        books.inventories[0] = _inventory(3.05, **({"berlin": found} if found else {}))

        problems = list(acknowledged.acknowledged(books.close(tmp_path).run))

        assert [each for each in problems if "3.05" in each][:1] == (
            [each for each in problems if each.startswith(problem)][:1] if problem else []
        )
        assert any(problems) == (problem is not None)

    def test_what_was_promised_and_found_is_told(self, books: Books, tmp_path: Path) -> None:
        books.inventories[1] = _inventory(3.8, berlin=3)

        table = acknowledged.table(books.close(tmp_path).run)

        assert table.heads == ["", "3.05 s,\nstart-b", "3.80 s,\nstart-b"]
        assert [cells for _, *cells in table.rows] == [
            ["2", "4"],
            ["2", "3"],
            ["1", "1"],
            ["1", "1"],
            ["0", "1"],
            ["390.0", "390.0"],
        ]

    def test_the_plot_shows_how_many_were_acknowledged_and_found(
        self, books: Books, tmp_path: Path
    ) -> None:
        axes = Figure().subplots()

        keptlanes.draw_kept(axes, books.close(tmp_path).run)

        acknowledged_, found, left = axes.lines
        assert _points(acknowledged_)[1] == [0, 1]
        assert _points(found)[0] == pytest.approx([3.06, 3.81])
        assert _points(found)[1] == [1, 1]
        assert _points(left) == ([], [])
        assert [text.get_text() for text in axes.texts] == ["first answer: from a provider"]


class TestLeft:
    """An answer from the file, which a gateway before had loaded."""

    @pytest.fixture(autouse=True)
    def serve_one(self, books: Books) -> None:
        answer = _counted("answered", 200, "none", cache="left")
        books.outcomes.append(
            _right("1-11", "start-b", provider="none", cache="left", sent=3.05, age=1.44)
        )
        line = _request("1-11", at=3.055, ms=5.0, cache="left", loaded_by="1-2", age=1.44)
        books.log.insert(books.log.index(_first_of_start_b(books)) + 2, line)
        told = [answer, *_measured(served=[5.0])]
        assert books.stats
        books.stats["metrics"] += told
        books.metrics += _of("start-b", told)
        books.readings[-1] = _read_last([answer], ms=[5.0])
        books.expected = SENT + 1

    def test_that_is_a_success(self, close: Close) -> None:
        assert close() == []

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"loaded_by": "1-9"}, "got what 1-9 loaded, whom no start before knows"),
            ({"loaded_by": "1-10"}, "got what 1-10 loaded, whom no start before knows"),
            ({"zone": "Asia/Tokyo"}, "about Asia/Tokyo got an answer about Europe/Berlin"),
            ({"age": 1.3}, "got an answer of 1.30 s ago by its age, and it was not"),
            ({"age": 1.6}, "got an answer of 1.60 s ago by its age, and it was not"),
        ],
    )
    def test_what_the_log_contradicts_is_a_failure(
        self, books: Books, close: Close, change: dict[str, Any], problem: str
    ) -> None:
        books.line("request", "1-11").update(change)

        assert close() == [f"request 1-11 (left) {problem}"]

    def test_who_loaded_it_may_have_been_cut_off_by_the_kill(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-11")["loaded_by"] = "1-4"

        assert close() == []

    @pytest.mark.parametrize(
        ("setting", "problem"),
        [
            ("keep_last", "got an answer of 1.44 s ago, and 0.01 s are allowed"),
            ("warm_up", "got what was left 0.05 s after it began to serve"),
        ],
    )
    def test_one_that_was_not_good_enough_is_a_failure(
        self, books: Books, close: Close, setting: str, problem: str
    ) -> None:
        _first_of_start_b(books)["event.data"][setting] = 0.01

        assert f"request 1-11 (left) {problem}" in close()

    @pytest.mark.parametrize("before", ["start-b", "1-11"])
    def test_one_from_before_a_change_is_a_failure(
        self, books: Books, close: Close, before: str
    ) -> None:
        is_before_the_kill = before == "start-b"
        line = _first_of_start_b(books) if is_before_the_kill else books.line("request", "1-11")
        at = 1.9 if is_before_the_kill else 3.01
        books.log.insert(
            books.log.index(line), _invalidated("zone:Europe/Berlin", at=at, dropped=0)
        )
        books.changes.insert(0, Change("zone:Europe/Berlin", at, 0))

        assert (
            "request 1-11 (left) got an answer about Europe/Berlin from before it changed"
        ) in close()

    def test_the_first_answers_after_the_kill_are_told(self, books: Books, tmp_path: Path) -> None:
        rows = restart.table(books.close(tmp_path).run).rows

        assert rows[:2] == [
            ("Europe/Berlin", "1.060", "the file", "1.44", "5.00"),
            ("Europe/Atlantis", "1.100", "a provider", "0.00", "3.00"),
        ]


def _first_of_start_b(books: Books) -> Line:
    lines = (line for line in books.log if line.get("event.data", {}).get("start") == "start-b")
    return next(lines)


class TestExposed:
    """What the driver has read at `/metrics`, during the run and in the end."""

    @pytest.mark.parametrize(
        ("more", "figure"),
        [
            ("answered", "requests with status 200: /metrics 5 at 3.70 s, driver 4"),
            ("hit", "cache: hit: /metrics 2 at 3.70 s, driver 1"),
            ("own hits", "hits, by the cache itself: /metrics 2 at 3.70 s, driver 1"),
            ("rejected", "rejections by south: /metrics 1 at 3.70 s, driver 0"),
            ("acquired", "calls to north: /metrics 3 at 3.70 s, driver 2"),
            ("failure", "not valid: zone: /metrics 1 at 3.70 s, driver 0"),
        ],
    )
    def test_a_count_in_the_end_that_is_not_the_drivers_is_a_failure(
        self, books: Books, close: Close, more: str, figure: str
    ) -> None:
        records = {
            "answered": [_counted("answered", 200, "south")],
            "hit": [_counted("answered", 200, "none", cache="hit")],
            "own hits": _figures(hits=2),
            "rejected": _gauges({("circuit_breaker.rejected", "south"): 1}),
            "acquired": _gauges({("pool.acquired", "north"): 3}),
            "failure": [_failed("zone")],
        }
        books.readings[-1] = _read_last(records[more])

        assert figure in close()

    def test_a_count_during_the_run_must_have_what_was_answered_before(
        self, books: Books, close: Close
    ) -> None:
        books.readings[0] = _read("start-a", [], asked=1.0)

        assert close() == [
            "cache: miss: /metrics 0 at 1.00 s, driver 1",
            "calls to north: /metrics 0 at 1.00 s, driver 2",
            "requests with status 200: /metrics 0 at 1.00 s, driver 1",
        ]

    def test_a_count_during_the_run_must_not_have_what_was_not_sent_yet(
        self, books: Books, close: Close
    ) -> None:
        books.readings[-1:-1] = [_read_last()]
        books.readings[-2] = replace(books.readings[-2], asked=3.3, came=3.35)

        problems = close()

        assert "cache: hit: /metrics 1 at 3.30 s, driver 0" in problems
        assert len(problems) == 5

    def test_what_is_under_way_may_be_counted_or_not(self, books: Books, close: Close) -> None:
        books.readings[-1:-1] = [_read_last()]
        books.readings[-2] = replace(books.readings[-2], asked=3.595, came=3.602)

        assert close() == []

    def test_a_kill_explains_no_more_than_the_requests_that_it_cut_off(
        self, books: Books, close: Close
    ) -> None:
        answered, more = _counted("answered", 200, "north"), {("pool.acquired", "north"): 10}
        books.readings[1] = _read("start-a", [*[answered] * 5, *_gauges(more)], asked=1.95)

        assert close() == [
            "cache: miss: /metrics 5 at 1.95 s, driver 2 to 4",
            "calls to north: /metrics 10 at 1.95 s, driver 3 to 9",
            "requests with status 200: /metrics 5 at 1.95 s, driver 2 to 4",
        ]

    def test_a_count_must_not_go_back(self, books: Books, close: Close) -> None:
        answered, calls = (
            _counted("answered", 200, "north"),
            _gauges({("pool.acquired", "north"): 4}),
        )
        books.readings[1:1] = [_read("start-a", [*[answered] * 3, *calls], asked=1.94)]
        books.readings[2] = _read("start-a", [*[answered] * 2, *calls], asked=1.95)

        assert close() == [
            "requests with status 200: /metrics 3 at 1.94 s, and then 2 at 1.95 s",
            "cache: miss: /metrics 3 at 1.94 s, and then 2 at 1.95 s",
        ]

    def test_a_reading_in_the_end_is_needed(self, books: Books, close: Close) -> None:
        books.readings[-1] = replace(books.readings[-1], asked=3.605)

        assert close() == ["the gateway's /metrics was not read after the last answer"]

    def test_a_reading_of_another_start_in_the_end_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.readings[-1] = _read("start-a", [], asked=3.7)

        assert "/metrics was that of start-a in the end, and start-b is the last" in close()

    @pytest.mark.parametrize("at", [1.5, 3.3])
    def test_nobody_may_be_there_only_while_the_gateway_is_away(
        self, books: Books, close: Close, at: float
    ) -> None:
        books.readings[2] = replace(books.readings[2], asked=at, came=at + 0.01)

        assert close() == [
            f"the gateway was there at {at:.2f} s, and was not read: ConnectError('refused')"
        ]

    def test_a_reading_without_the_memory_of_the_process_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        last = books.readings[-1]
        others = [sample for sample in last.samples if sample.name != "process_memory_usage"]
        books.readings[-1] = replace(last, samples=tuple(others))

        assert close() == ["/metrics had nothing about the memory of the process at 3.70 s"]

    def test_a_bucket_that_does_not_hold_what_the_log_has_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.readings[-1] = _read_last(ms=[0.5])

        problems = close()

        assert "gateway.request.duration up to +Inf s: /metrics 6, log file 5" in problems
        assert all(
            "gateway.request.duration up to" in problem
            or "gateway.validation.duration up to" in problem
            for problem in problems
        )

    def test_a_histogram_that_is_not_there_is_a_failure(self, books: Books, close: Close) -> None:
        last = books.readings[-1]
        others = [each for each in last.samples if "upstream" not in each.name]
        books.readings[-1] = replace(last, samples=tuple(others))

        assert close() == ["gateway.upstream.duration is not in /metrics"]

    def test_the_last_reading_of_each_start_is_told(self, books: Books, tmp_path: Path) -> None:
        table = exposed.table(books.close(tmp_path).run)

        assert table.title == "What /metrics said: read 3 times, here the last of each start"
        assert table.heads == (
            "",
            "driver,\n1.95 s",
            "/metrics,\n1.95 s",
            "driver,\n3.70 s",
            "/metrics,\n3.70 s",
        )
        rows = {what.strip(): cells for what, *cells in table.rows}
        assert rows["calls to north"] == ["3 to 9", "4", "2", "2"]
        assert rows["rejections by north"] == ["0 to 2", "0", "1", "1"]

    def test_timings_and_memory_are_told(self, books: Books, tmp_path: Path) -> None:
        run = books.close(tmp_path).run

        assert performance.timings(run).rows[0] == (
            "a whole request",
            "8",
            "6.000",
            "3.000",
            "79.300",
            "80.000",
        )
        assert performance.memory(run).rows == [
            ("start-a", "2", *["66.76 MiB"] * 3),
            ("start-b", "1", *["66.76 MiB"] * 3),
        ]


class TestCircuits:
    """What breakers and the fallback did, in all the books."""

    @pytest.mark.parametrize("provider", ["north", "south"])
    @pytest.mark.parametrize("how", ["opened", "half_opened", "closed"])
    def test_a_change_that_is_missing_or_told_twice_is_a_failure(
        self, tmp_path: Path, provider: str, how: str
    ) -> None:
        for change in (list.remove, _double):
            books = a_run()
            line = books.change(provider, how)
            change(books.log, line)

            found = str(books.close(tmp_path).problems)
            assert f"the circuit of {provider} became" in found or f"{how} of {provider}" in found

    def test_a_change_that_came_too_soon_is_a_failure(self, books: Books, close: Close) -> None:
        books.change("south", "half_opened")["timestamp"] = _clock(0.4)

        assert close() == [
            "the circuit of south became half open at 0.40 s, before 0.3 s were over"
        ]

    @pytest.mark.parametrize("place", ["telemetry", "metrics file"])
    def test_a_change_that_telemetry_did_not_count_once_is_a_failure(
        self, books: Books, close: Close, place: str
    ) -> None:
        records = books.stats["metrics"] if books.stats else []
        if place == "metrics file":
            records = [line for line in books.metrics if line["start"] == "start-b"]
        next(line for line in records if line["name"] == "circuit.closed")["value"] += 1

        assert close() == [f"circuit.closed of north: {place} 2, log file 1"]

    @pytest.mark.parametrize(
        ("name", "of", "right"),
        [
            ("circuit_breaker.trips", "north", 1),
            ("circuit_breaker.rejected", "north", 1),
            ("circuit_breaker.rejected", "south", 0),
            ("pool.acquired", "south", 3),
            ("pool.max_size_reached", "south", 1),
            ("pool.timeouts", "south", 0),
            ("pool.in_use", "north", 0),
            ("provider_fallback.served_by_south", "north", 1),
            ("provider_fallback.exhausted", "north", 0),
        ],
    )
    def test_a_figure_that_the_log_contradicts_is_a_failure(
        self, books: Books, close: Close, name: str, of: str, right: int
    ) -> None:
        told = {"type": "gauge", "tags": {"pepperpy.component.name": of}, "value": right + 1}
        record = {"name": f"pepperpy.{name}", **told}
        assert books.stats
        books.stats["metrics"].append(record)
        books.metrics.append({"start": "start-b", **record})

        assert close() == [
            f"pepperpy.{name} of {of}: {who} {right + 1}, log file {right}"
            for who in ("telemetry", "metrics file")
        ]

    def test_a_change_long_before_the_kill_must_be_in_the_metrics_file(
        self, books: Books, close: Close, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        books.metrics = [
            line
            for line in books.metrics
            if (line["start"], line["name"]) != ("start-a", "circuit.closed")
        ]

        assert close() == []
        monkeypatch.setattr(reconcile, "FLUSHED", timedelta(seconds=1))
        assert close() == ["circuit.closed of south: metrics file 0, log file 1"]

    def test_a_rejection_of_which_the_driver_was_told_otherwise_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[6] = replace(books.outcomes[6], rejected=())

        assert close() == [
            "request 1-7: rejected by ['north'] in the log, rejected by [] at the driver",
            "rejections by north: /metrics 1 at 3.70 s, driver 0",
        ]

    def test_a_provider_that_was_passed_over_without_a_reason_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-7")["rejected"] = []
        books.outcomes[6] = replace(books.outcomes[6], rejected=())

        assert "request 1-7 asked ['south'] and passed over []: not in turn" in close()

    def test_a_rejection_by_a_closed_circuit_is_a_failure(self, books: Books, close: Close) -> None:
        for how, at in (("opened", 3.3), ("half_opened", 3.607)):
            change = books.change("north", how)
            books.log.remove(change)
            books.log.insert(books.log.index(books.change("north", "closed")), change)
            change["timestamp"] = _clock(at)

        assert close() == ["request 1-7 was rejected by the circuit of north, which was closed"]

    def test_a_request_that_an_open_circuit_let_through_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-7").update(rejected=[], providers=["north", "south"])

        assert "request 1-7 was let through by the circuit of north, which was open" in close()

    def test_who_was_served_from_the_cache_went_to_nobody(self, books: Books, close: Close) -> None:
        books.line("request", "1-9")["providers"] = ["north"]

        assert "request 1-9 (hit) went to ['north']" in close()

    @pytest.mark.parametrize("times", [0, 2])
    def test_a_request_in_vain_is_told_once(self, books: Books, close: Close, times: int) -> None:
        _fail(books, "1-10")
        books.log += [_exhausted("1-10")] * times

        assert f"request 1-10 (providers-failed): fallback.exhausted {times} times" in close()

    def test_a_request_that_was_answered_was_not_in_vain(self, books: Books, close: Close) -> None:
        books.log.append(_exhausted("1-7"))

        assert "request 1-7 (None): fallback.exhausted 1 times" in close()

    def test_who_was_in_vain_and_is_not_in_the_log_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.log.append(_exhausted("1-77"))

        assert "fallback.exhausted by 1-77, who is not in the log" in close()


class TestCalls:
    """What the providers themselves have seen."""

    def test_a_call_past_an_open_circuit_is_a_failure(self, books: Books, close: Close) -> None:
        books.north.append(_call("1-7", at=3.23))

        assert close() == [
            "request 1-7 called north, whose circuit was open",
            "request 1-7: 0 calls to north by the log, 1 arrived",
        ]

    def test_what_was_let_through_before_the_circuit_opened_may_go_on(
        self, books: Books, close: Close
    ) -> None:
        books.change("north", "opened")["timestamp"] = _clock(3.23)
        books.line("request", "1-7")["calls"]["north"] = 1
        books.line("request", "1-7")["rejected"] = []
        books.line("request", "1-7")["providers"] = ["north", "south"]
        books.north.append(_call("1-7", at=3.24))

        assert not any("circuit was open" in problem for problem in close())

    def test_a_call_beside_the_one_that_may_try_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.north[-1]["timestamp"] = _clock(3.6085)
        books.line("request", "1-7").update(timestamp=_clock(3.6089), ms=100.0)
        books.north.append(_call("1-7", at=3.6075))

        assert "request 1-10 called north beside the one that was to try it" in close()

    @pytest.mark.parametrize("request_id", ["1-1", "1-2", "1-10"])
    def test_a_call_that_did_not_arrive_or_twice_is_a_failure(
        self, tmp_path: Path, request_id: str
    ) -> None:
        for change in (list.remove, _double):
            books = a_run()
            call = next(line for line in books.north if line["request_id"] == request_id)
            change(books.north, call)

            (found,) = books.close(tmp_path).problems
            assert found.startswith(f"request {request_id}: ")

    def test_what_nobody_was_there_to_hear_has_not_arrived(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-2")["unheard"] = {"north": 1}

        assert close() == ["request 1-2: 0 calls to north by the log, 1 arrived"]

    def test_what_was_on_its_way_when_the_outage_began_need_not_arrive(
        self, books: Books, close: Close
    ) -> None:
        books.north.remove(next(line for line in books.north if line["request_id"] == "1-2"))
        outage = {"message": "outage begins", "timestamp": _clock(1.608), "t": 1.608}
        books.north.append(outage)

        assert close() == []

        outage["timestamp"] = _clock(1.7)
        assert close() == ["request 1-2: 1 calls to north by the log, 0 arrived"]

    def test_a_call_from_nowhere_is_a_failure(self, books: Books, close: Close) -> None:
        books.north.append(_call("1-77", at=3.0))

        assert close() == ["north was called by 1-77, who is not in the log"]

    def test_a_call_of_which_the_driver_was_not_told_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[0] = replace(books.outcomes[0], calls=("north",))

        assert (
            "request 1-1: called {'north': 2} in the log, called {'north': 1} at the driver"
        ) in close()

    def test_a_wait_of_which_the_driver_was_not_told_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[6] = replace(books.outcomes[6], waits=0)

        assert close() == [
            "request 1-7: 1 waits for a connection in the log, 0 waits for a connection at the driver"
        ]


def _fail(books: Books, request_id: str) -> None:
    """Have a request get no answer, in the log and at the driver."""
    line = books.line("request", request_id)
    line.update(problem="providers-failed", status=502, providers=["north", "south"])
    line["calls"]["south"] = 1


def _exhausted(request_id: str) -> Line:
    line = {"message": "fallback.exhausted", "logger": "north", "request_id": request_id}
    return {**line, "timestamp": _clock(3.61)}


class TestCache:
    """What only the log can tell, since the driver sees right answers in each of these cases."""

    def test_what_a_request_was_to_the_cache_is_in_all_four_books(
        self, books: Books, close: Close
    ) -> None:
        books.outcomes[8] = replace(books.outcomes[8], cache="miss")

        found = close()

        assert found[0].startswith("request 1-9: answered (200, none, hit) in the log, answered (2")
        assert found[1:] == [
            "cache: hit: /metrics 1 at 3.70 s, driver 0",
            "cache: miss: /metrics 3 at 3.70 s, driver 4",
            "hits, by the cache itself: /metrics 1 at 3.70 s, driver 0",
        ]

    @pytest.mark.parametrize(
        "figure",
        ["hits", "misses", "coalesced", "loads", "load_errors", "removed.invalidated"],
    )
    def test_a_figure_that_the_log_contradicts_is_a_failure(
        self, books: Books, close: Close, figure: str
    ) -> None:
        name = f"pepperpy.cache.{figure}"
        assert books.stats
        told = next(each for each in books.stats["metrics"] if each["name"] == name)
        flushed = [each for each in books.metrics if each["name"] == name]
        told["value"] += 1
        flushed[-1 if figure != "hits" else -2]["value"] += 2

        right = told["value"] - 1
        assert close() == [
            f"{name} of {ANSWERS}: telemetry {right + 1}, log file {right}",
            f"{name} of {ANSWERS}: metrics file {right + 2}, log file {right}",
        ]

    def test_a_figure_that_was_never_told_counts_as_none(self, books: Books, close: Close) -> None:
        assert books.stats
        books.stats["metrics"] = [
            each for each in books.stats["metrics"] if each["name"] != "pepperpy.cache.hits"
        ]

        assert close() == ["pepperpy.cache.hits of gateway.answers: telemetry 0, log file 1"]

    def test_an_answer_that_nobody_loaded_is_a_failure(self, books: Books, close: Close) -> None:
        books.line("request", "1-9")["loaded_by"] = "1-1"

        assert close() == [
            "request 1-9 (hit) got what 1-1 loaded, who is not in start-b",
        ]

    def test_who_loaded_it_may_have_been_cut_off_by_the_kill(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-9")["loaded_by"] = "1-4"

        assert close() == []

    def test_an_answer_that_was_kept_for_too_long_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.line("request", "1-9")["age"] = 5.01

        assert close() == ["request 1-9 (hit) got an answer of 5.01 s ago, and 5.0 s are allowed"]

    @pytest.mark.parametrize(("request_id", "at"), [("1-9", 3.3), ("1-9", 3.4), ("1-8", 3.215)])
    def test_an_answer_from_before_a_change_is_a_failure(
        self, books: Books, close: Close, request_id: str, at: float
    ) -> None:
        _move(books, before=request_id, at=at)

        assert (
            f"request {request_id} ({books.line('request', request_id)['cache']}) got an answer "
            "about Europe/Berlin from before it changed"
        ) in close()

    def test_a_change_of_another_zone_is_none(self, books: Books, close: Close) -> None:
        books.changes[0] = replace(books.changes[0], name="zone:Asia/Tokyo")
        _move(books, before="1-9", at=3.4)["name"] = "zone:Asia/Tokyo"

        assert close() == []

    def test_who_had_been_waiting_before_the_change_may_get_what_was_loading(
        self, books: Books, close: Close
    ) -> None:
        _move(books, before="1-7", at=3.25)

        problems = close()

        assert not any("1-8" in problem for problem in problems)
        assert any("1-9" in problem for problem in problems)

    def test_a_change_that_the_gateway_did_not_hear_of_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.changes.append(Change("zone:Asia/Tokyo", 3.7, 0))

        (found,) = close()

        assert found.endswith(
            "('zone:Asia/Tokyo', 0)], and its log has [('zone:Europe/Berlin', 1)]"
        )


def _move(books: Books, *, before: str, at: float) -> Line:
    """Have the change come at another moment: its line, and its place in the log."""
    change = next(line for line in books.log if line["message"] == "invalidated")
    books.log.remove(change)
    books.log.insert(books.log.index(books.line("request", before)), change)
    change["timestamp"] = _clock(at)
    return change


class TestReload:
    @pytest.mark.parametrize("edit", [0, 1, 2])
    def test_an_edit_that_the_gateway_did_not_see_is_a_failure(
        self, books: Books, close: Close, edit: int
    ) -> None:
        lines = [line for line in books.log if line["message"] in {RELOADED, REFUSED}]
        books.log.remove(lines[edit])
        books.outcomes.append(replace(books.outcomes[-1], sent=9.0))

        assert (
            f"the file was {books.edits[edit].what} at {books.edits[edit].moment:.2f} s, "
            in str(close())
        )

    def test_a_mistake_that_was_taken_over_is_a_failure(self, books: Books, close: Close) -> None:
        refusal = next(line for line in books.log if line["message"] == REFUSED)
        refusal["message"] = RELOADED

        assert close() == [
            "the file was edited with a mistake at 1.00 s, and config.reloaded came of it"
        ]

    def test_a_line_that_nobody_asked_for_is_a_failure(self, books: Books, close: Close) -> None:
        attempt = next(line for line in books.log if line["message"] == "attempt")
        attempt["timestamp"] = _clock(3.8)

        assert close() == ["the log has an attempt by 1-2 at 3.80 s, unasked for"]

    def test_a_level_that_nothing_came_of_is_a_failure(self, books: Books, close: Close) -> None:
        books.log = [line for line in books.log if line["message"] != "attempt"]

        assert close() == ["the level of a logger was changed, and nothing came of it"]

    def test_an_attempt_with_the_old_time_is_a_failure(self, books: Books, close: Close) -> None:
        next(line for line in books.log if line["message"] == "attempt")["timeout"] = 0.5

        assert close() == ["an attempt by 1-2 at 0.80 s had 0.5 s"]

    def test_a_run_may_be_interrupted_before_an_edit_is_seen(
        self, books: Books, close: Close
    ) -> None:
        books.edits.append(Edit("edited once more", 3.0, RELOADED))

        assert close() == []


class TestTheRest:
    @pytest.mark.parametrize("name", ["gateway", "metrics", "north"])
    def test_a_key_in_a_file_is_a_failure(self, books: Books, close: Close, name: str) -> None:
        lines = {"gateway": books.log, "metrics": books.metrics, "north": books.north}[name]
        lines[0]["headers"] = {"x-api-key": KEY}

        assert close() == [f"the providers' key is in {name}.jsonl"]

    def test_a_key_that_is_compressed_is_a_failure(self, books: Books, close: Close) -> None:
        books.outcomes[0] = replace(books.outcomes[0], note=f"sent {KEY}")

        assert close() == [f"the providers' key is in {FILE}"]

    @pytest.mark.parametrize("name", ["driver", "mistyped", "revoked"])
    @pytest.mark.parametrize("part", [slice(None), slice(20), slice(-20, None)], ids=str)
    def test_the_secret_part_of_any_key_of_the_run_is_looked_for_and_parts_of_it(
        self, tmp_path: Path, name: str, part: slice
    ) -> None:
        keys = asyncio.run(make_keys(tmp_path / "keys.db"))
        secrets = secrets_of(keys)
        assert [*leaks(secrets, places(tmp_path))] == []

        secret = keys[name].split("_")[2][part]
        (tmp_path / "answers.db").write_bytes(b"\x00" + secret.encode() + b"\xff")

        assert [*leaks(secrets, places(tmp_path))] == [f"the key '{name}' is in answers.db"]

    def test_a_key_on_the_terminal_is_a_failure(self, books: Books, close: Close) -> None:
        books.output = f"GET / with {KEY}"

        assert close() == ["the providers' key is in output"]

    def test_a_key_in_the_report_is_a_failure(self, books: Books, tmp_path: Path) -> None:
        (tmp_path / "report.html").write_text(f"<p>{KEY}</p>")

        assert books.close(tmp_path).problems == ["the providers' key is in report.html"]

    @pytest.mark.parametrize("raw", ["Traceback\n", '{"message": "cut', "{}", "[]\n", "\udcff\n"])
    @pytest.mark.parametrize("name", ["gateway", "metrics", "north"])
    def test_a_line_that_is_no_whole_json_object_is_a_failure(
        self, books: Books, tmp_path: Path, name: str, raw: str
    ) -> None:
        books.raw[name] = raw.encode("utf-8", "surrogateescape")

        assert any(f"{name}.jsonl, line" in text for text in books.close(tmp_path).problems)

    def test_impatience_with_a_provider_is_a_failure(self, books: Books, close: Close) -> None:
        books.north[0]["early"] = True

        assert close() == ["north was asked again too early by 1-1"]

    def test_asking_a_provider_without_its_key_is_a_failure(
        self, books: Books, close: Close
    ) -> None:
        books.north.append({"message": "wrong key", "request_id": "1-1", "t": 0.2})

        assert close() == ["north was asked without its key by 1-1"]

    def test_a_process_that_died_is_a_failure_and_its_files_may_be_broken(
        self, books: Books, close: Close
    ) -> None:
        books.crash = ChildError("north", 1, [])
        books.raw["north"] = b"{"

        assert close() == ["the process 'north' ended with 1, though nobody told it to stop"]


class TestReport:
    def test_the_phases_of_circuits_reach_from_start_to_kill_and_to_the_end(
        self, books: Books, tmp_path: Path
    ) -> None:
        found = [
            (phase.provider, phase.state, round(phase.begin, 3), round(phase.end, 3))
            for phase in circuits.phases(books.close(tmp_path).run)
        ]

        assert found == [
            ("north", "closed", -0.2, 2.0),
            ("south", "closed", -0.2, 0.2),
            ("south", "open", 0.2, 0.55),
            ("south", "half open", 0.55, 0.56),
            ("south", "closed", 0.56, 2.0),
            ("north", "closed", 2.9, 3.15),
            ("north", "open", 3.15, 3.607),
            ("north", "half open", 3.607, 3.609),
            ("north", "closed", 3.609, 3.61),
            ("south", "closed", 2.9, 3.61),
        ]

    def test_what_happened_on_the_way_to_each_provider_is_told(
        self, books: Books, tmp_path: Path
    ) -> None:
        books.log.append({"message": "pool.timeout", "logger": "south", "timestamp": _clock(3.6)})

        rows = {what: cells for what, *cells in tables.providers(books.close(tmp_path).run).rows}

        assert rows == {
            "requests let through": ["5", "1"],
            "requests rejected": ["1", "0"],
            "circuit opened": ["1", "1"],
            "  tried again": ["1", "1"],
            "  closed": ["1", "1"],
            "  seconds not closed": ["0.46", "0.36"],
            "calls sent": ["6", "3"],
            "  nobody listened": ["0", "0"],
            "  arrived, by the provider's log": ["7", "3"],
            "waits for a connection": ["0", "1"],
            "  in vain": ["0", "1"],
            "  the longest, ms": ["0.0", "2.0"],
        }

    def test_every_problem_stands_under_its_check(self, books: Books, tmp_path: Path) -> None:
        books.metric(0)["value"] = 5

        found = books.close(tmp_path)

        assert [check.what for check in found.checks if check.problems] == [
            "log file and telemetry agree since the last start"
        ]

    @pytest.mark.timeout(60)
    def test_the_page_holds_tables_plot_settings_and_problems(
        self, books: Books, tmp_path: Path
    ) -> None:
        books.outcomes[0] = replace(books.outcomes[0], verdict=Verdict.LOST, note="<b>")

        text = report.write(books.close(tmp_path), tmp_path).read_text("utf-8")

        assert "10 requests" in text
        assert "<svg" in text
        assert "lost: request 1-1 (Europe/Berlin): &lt;b&gt;" in text
        assert "The gap: killed 2.00 s after the start" in text
        assert "provider_key  SecretStr" in text
        assert {file.name for file in tmp_path.iterdir()} >= {"plot.png", "report.html"}

    @pytest.mark.timeout(60)
    def test_a_run_without_a_request_has_tables_and_a_page_too(self, tmp_path: Path) -> None:
        found = Books(expected=None).close(tmp_path)

        assert "The whole run" in _printed(found)
        assert "0 requests" in report.write(found, tmp_path).read_text("utf-8")

    def test_tables_fit_a_terminal_of_80_columns(self, books: Books, tmp_path: Path) -> None:
        assert max(map(len, _printed(books.close(tmp_path)).splitlines())) <= 80


def _points(line: Any) -> tuple[list[float], list[float]]:
    """Where the marks of a line of the plot are."""
    return list(line.get_xdata()), list(line.get_ydata())


def _printed(found: report.Report) -> str:
    console = Console(width=200, file=io.StringIO())
    for table in tables.tables(found.run):
        console.print(report.rich_table(table))
    return cast("io.StringIO", console.file).getvalue()


def _right(
    id_: str,
    start: str,
    *,
    sent: float,
    provider: str = "north",
    retries: int = 0,
    cache: str = "miss",
    rejected: tuple[str, ...] = (),
    waits: int = 0,
    stored: int | None = None,
    age: float = 0.0,
) -> Outcome:
    return Outcome(
        id=id_,
        zone="Europe/Berlin",
        verdict=Verdict.RIGHT,
        status=200,
        start=start,
        provider=provider,
        cache=cache,
        retries=retries,
        rejected=rejected,
        calls=(provider,) * (retries + 1) if cache == "miss" else (),
        waits=waits,
        stored=stored,
        age=age,
        sent=sent,
        seconds=0.01,
    )


def _deletion(id_: str, *, sent: float) -> Outcome:
    """Somebody who may has told the gateway that Berlin has changed."""
    outcome = _right(id_, "start-a", sent=sent, provider="none", cache="none")
    return replace(outcome, key="operator", is_deletion=True, seconds=0.1)


def _audited(status: int) -> Line:
    """What telemetry counts of the audit."""
    tags = {"pepperpy.component.name": AUDIT}
    return {"name": AUDITED[status], "type": "counter", "tags": tags, "value": 1}


def _audit_line(request_id: str, status: int, *, at: float) -> Line:
    line = {"message": AUDITED[status], "logger": AUDIT, "timestamp": _clock(at)}
    return {**line, "request_id": request_id}


def _inventory(asked: float, **versions: int) -> Inventory:
    """What is in the file, of zones that are called by their cities."""
    names = {"berlin": "zone:Europe/Berlin", "tokyo": "zone:Asia/Tokyo"}
    kept = {f"{names[city]} {BEGAN.isoformat()}": version for city, version in versions.items()}
    return Inventory(asked=asked, came=asked + 0.01, start="start-b", versions=kept)


def _started(start: str, *, at: float) -> Line:
    settings = "[gateway]\nprovider_key  SecretStr('***')  environment"
    data = {"start": start, "settings": settings, "keep": 5.0, "recovery": 0.3}
    data |= {"keep_last": 300.0, "warm_up": 3.0}
    event = {"event.name": "gateway.started", "event.data": data}
    return {"message": "hello", "timestamp": _clock(at), **event}


def _retried(request_id: str) -> Line:
    return {"message": "retry.scheduled", "request_id": request_id, "timestamp": _clock(0.1)}


def _changed(provider: str, how: str, *, at: float) -> Line:
    return {"message": f"circuit.{how}", "logger": provider, "timestamp": _clock(at)}


def _call(request_id: str, *, at: float, fault: str | None = None) -> Line:
    """A line of a provider's log."""
    line = {"message": "request", "request_id": request_id, "timestamp": _clock(at)}
    return {**line, "t": at, "fault": fault}


def _request(
    request_id: str,
    *,
    ms: float,
    at: float = 0.2,
    status: int = 200,
    problem: str | None = None,
    provider: str = "north",
    cache: str = "miss",
    loaded_by: str | None = None,
    age: float = 0.0,
    calls: int = 1,
    waits: int = 0,
    invalid: Sequence[Found] = (),
) -> Line:
    own = cache == "miss"
    return {
        "message": "request",
        "timestamp": _clock(at),
        "request_id": request_id,
        "zone": "Europe/Berlin" if problem is None else "Europe/Atlantis",
        "status": status,
        "problem": problem,
        "invalid": list(invalid),
        "providers": [provider] if own else [],
        "rejected": ["north"] if own and provider == "south" else [],
        "calls": {provider: calls} if own else {},
        "retries": calls - 1,
        "unheard": {},
        "waits": {provider: waits} if own else {},
        "waited_ms": 2.0 if waits else 0.0,
        "cache": cache,
        "loaded_by": request_id if own and problem is None else loaded_by,
        "age": age,
        "ms": ms,
        "validation_ms": VALIDATION_MS,
        "upstream_ms": ms / 2 if own else None,
    }


def _invalidated(name: str, *, at: float, dropped: int) -> Line:
    return {"message": "invalidated", "timestamp": _clock(at), "name": name, "dropped": dropped}


def _counted(outcome: str, status: int, provider: str, *, cache: str = "miss") -> Line:
    tags = {"outcome": outcome, "status": str(status), "provider": provider, "cache": cache}
    return {"name": REQUESTS, "type": "counter", "tags": tags, "value": 1}


def _failed(code: str) -> Line:
    return {"name": FAILURES, "type": "counter", "tags": {"code": code}, "value": 1}


def _figures(*, invalidated: int = 0, **figures: int) -> list[Line]:
    """What the cache of answers says of itself, and another one that is nobody's business."""
    return [
        {
            "name": f"pepperpy.cache.{name}",
            "type": "gauge",
            "tags": {"pepperpy.component.name": cache},
            "value": value,
        }
        for cache, own in (
            (ANSWERS, figures | {"removed.invalidated": invalidated}),
            ("x", {"hits": 9}),
        )
        for name, value in own.items()
    ]


def _signalled(provider: str) -> list[Line]:
    """What the breaker of a provider has told, that opened once and closed again."""
    return [
        {
            "name": f"circuit.{how}",
            "type": "counter",
            "tags": {"pepperpy.component.name": provider},
            "value": 1,
        }
        for how in ("opened", "half_opened", "closed")
    ]


def _pulled() -> list[Line]:
    """What breakers, pools and the fallback of the second start say of themselves."""
    told = {
        ("circuit_breaker.trips", "north"): 1,
        ("circuit_breaker.rejected", "north"): 1,
        ("pool.acquired", "north"): 2,
        ("pool.acquired", "south"): 3,
        ("pool.max_size_reached", "south"): 1,
        ("provider_fallback.served_by_south", "north"): 1,
        ("pool.idle", "north"): 3,  # of no interest
    }
    return _gauges(told)


def _gauges(told: Mapping[tuple[str, str], int]) -> list[Line]:
    return [
        {
            "name": f"pepperpy.{name}",
            "type": "gauge",
            "tags": {"pepperpy.component.name": of},
            "value": value,
        }
        for (name, of), value in told.items()
    ]


def _signals(count: int) -> Line:
    return {"name": "retry.scheduled", "type": "counter", "tags": {}, "value": count}


def _measured(*ms: float, served: Iterable[float] = ()) -> list[Line]:
    """The distributions of what took so long; providers had no part in what was only *served*."""
    upstream = [each / 2000 for each in ms]
    validation = [VALIDATION_MS / 1000 for _ in (*ms, *served)]
    return [
        {
            "name": name,
            "type": "histogram",
            "tags": {},
            "value": sum(seconds),
            "histogram": ExponentialHistogram.of(seconds).to_dict(),
        }
        for name, seconds in (
            (SECONDS, [each / 1000 for each in (*ms, *served)]),
            (UPSTREAM_SECONDS, upstream),
            (VALIDATION_SECONDS, validation),
        )
    ]


def _read_last(more: Iterable[Line] = (), *, ms: Iterable[float] = ()) -> Reading:
    """What the second start says in the end; *more* and *ms* are of what is not in every run."""
    return _read(
        "start-b",
        [
            _counted("unknown-zone", 404, "north"),
            _counted("answered", 200, "south"),
            _counted("answered", 200, "north"),
            _counted("answered", 200, "none", cache="coalesced"),
            _counted("answered", 200, "none", cache="hit"),
            *_figures(hits=1),
            *_pulled(),
            *more,
        ],
        asked=3.7,
        ms=[3.0, 80.0, 4.0, 70.0, 1.0, *ms],
        upstream_ms=[1.5, 40.0, 2.0],
    )


def _read(
    start: str,
    records: Iterable[Line],
    *,
    asked: float,
    ms: Iterable[float] = (),
    upstream_ms: Iterable[float] = (),
) -> Reading:
    """What `/metrics` says of these records, and of what took so long."""
    manager = TelemetryManager()
    manager.gauge(START, 1, tags={"start": start})
    manager.gauge(MEMORY, 70_000_000)
    for record in records:
        report = manager.count if record["type"] == "counter" else manager.gauge
        report(record["name"], record["value"], tags=record["tags"])
    for each in ms:
        manager.histogram(SECONDS, each / 1000)
        manager.histogram(VALIDATION_SECONDS, VALIDATION_MS / 1000)
    for each in upstream_ms:
        manager.histogram(UPSTREAM_SECONDS, each / 1000)
    return Reading.of(prometheus_text(manager), asked=asked, came=asked + 0.01)


def _of(start: str, records: Iterable[Line]) -> list[Line]:
    return [{"start": start, **record} for record in records]


def _clock(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


def _double(lines: list[Line], line: Line) -> None:
    lines.insert(lines.index(line), line)
