"""The parts of the example that can be tested without running all of it."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import struct
import subprocess
import sys
import zoneinfo
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import child
import demo
import faults
import httpx2
import load
import pytest
import reconcile
import report
import zones
from driver import Outcome, Verdict, judge
from gateway import Gateway, Provider

from pepperpy.infra import retry

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
BERLIN = load.Ask("1-00001", "Europe/Berlin")
ATLANTIS = load.Ask("1-00002", "Europe/Atlantis")


class TestZones:
    @pytest.fixture(autouse=True)
    def read_the_wheel(self) -> Any:
        zoneinfo.reset_tzpath(to=())
        yield
        zoneinfo.reset_tzpath()

    def test_every_zone_agrees_with_zoneinfo_at_random_instants(self) -> None:
        dice = random.Random(1)

        for zone in zones.all_zones():
            at = _instant(dice)
            local = at.astimezone(zoneinfo.ZoneInfo.no_cache(zone))
            answer = zones.answer(zone, at)

            assert (answer["offset"], answer["name"]) == (
                local.utcoffset().total_seconds(),  # type: ignore[union-attr] # it is aware
                local.tzname(),
            ), (zone, at)

    def test_nothing_changes_before_the_next_transition_and_something_does_at_it(self) -> None:
        dice = random.Random(2)

        for zone in zones.all_zones():
            at = _instant(dice)
            info = zoneinfo.ZoneInfo.no_cache(zone)
            change = zones.answer(zone, at)["next_transition"]
            end = datetime.fromisoformat(change) if change else at + timedelta(days=40 * 365)
            between = [at + (end - at) * dice.random() for _ in range(50)]

            for moment in (*between, end - timedelta(seconds=1)):
                assert _state(info, moment) == _state(info, at), (zone, at, moment)
            if change:
                assert _state(info, end) != _state(info, at), (zone, at)

    @pytest.mark.parametrize(
        ("zone", "change"),
        [
            ("Europe/Berlin", "2026-10-25T01:00:00+00:00"),
            ("America/New_York", "2026-11-01T06:00:00+00:00"),
            ("Australia/Lord_Howe", "2026-10-03T15:30:00+00:00"),  # by half an hour
            ("Etc/UTC", None),
        ],
    )
    def test_next_transition_is_the_one_in_the_newspaper(
        self, zone: str, change: str | None
    ) -> None:
        assert zones.answer(zone, AT)["next_transition"] == change

    def test_a_transition_that_changes_neither_offset_nor_name_is_none(self) -> None:
        at = datetime(1999, 9, 1, tzinfo=UTC)  # in October summer time took the place of a zone

        answer = zones.answer("America/Argentina/Buenos_Aires", at)

        assert answer["next_transition"] == "2007-12-30T03:00:00+00:00"

    def test_files_of_the_fat_kind_are_read_as_well(self) -> None:
        # They repeat in 32 bits what follows in 64; the wheel's own have nothing there.
        head = b"TZif2" + bytes(15)
        fat = head + struct.pack(">6l", 1, 1, 1, 2, 1, 4) + bytes(2 * 5 + 1 * 6 + 4 + 1 * 8 + 1 + 1)
        wide = head + struct.pack(">6l", 0, 0, 0, 2, 1, 4) + struct.pack(">2q", -5_000_000_000, 9)

        assert zones.listed_transitions(fat + wide) == [-5_000_000_000, 9]

    @pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../zones", "/etc/passwd", "europe"])
    def test_what_is_no_zone_is_refused(self, zone: str) -> None:
        with pytest.raises(zones.UnknownZoneError):
            zones.answer(zone, AT)

    @pytest.mark.parametrize(
        "text", ["", "today", "2026-07-01T12:00:00", "1066-10-14T09:00:00Z", "9999-12-31T23:59:59Z"]
    )
    def test_what_is_no_instant_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"instant|isoformat"):
            zones.parse_instant(text)


class TestFaults:
    def test_same_seed_gives_the_same_plan_in_any_order(self) -> None:
        one = faults.Plan(seed=7, provider="north", duration=20)
        two = faults.Plan(seed=7, provider="north", duration=20)

        forwards = [(one.fault_of(n), one.delay_of(n)) for n in range(500)]
        backwards = [(two.fault_of(n), two.delay_of(n)) for n in reversed(range(500))]

        assert forwards == backwards[::-1]
        assert one.outage == two.outage

    def test_another_seed_or_provider_gives_another_plan(self) -> None:
        plans = [
            faults.Plan(seed=seed, provider=provider, duration=20)
            for seed, provider in [(7, "north"), (8, "north"), (7, "south")]
        ]

        met = [tuple(plan.fault_of(n) for n in range(500)) for plan in plans]

        assert len(set(met)) == len({plan.outage for plan in plans}) == 3

    @pytest.mark.parametrize("provider", faults.PROVIDERS)
    def test_faults_are_as_frequent_as_planned(self, provider: str) -> None:
        plan, rates = (
            faults.Plan(seed=1, provider=provider, duration=20),
            faults.PROVIDERS[provider],
        )

        met = Counter(plan.fault_of(n) for n in range(20_000))

        for fault in (faults.Fault.BUSY, faults.Fault.SLOW, faults.Fault.DROP, faults.Fault.CUT):
            assert met[fault] / 20_000 == pytest.approx(getattr(rates, fault.value), rel=0.2)

    @pytest.mark.parametrize("seed", range(50))
    def test_outages_lie_within_the_run_and_overlap_a_little(self, seed: int) -> None:
        north, south = (
            faults.Plan(seed=seed, provider=name, duration=24).outage for name in faults.PROVIDERS
        )

        assert 0 < north.begin < south.begin < north.end < south.end < 24
        assert north.end - south.begin < 1.5


class TestLoad:
    def test_every_zone_is_asked_about_and_one_request_in_a_hundred_is_hopeless(self) -> None:
        known = zones.all_zones()

        asks = load.make_load(known, 1800, seed=1)

        assert len(asks) == len({ask.id for ask in asks}) == 1800
        assert {ask.zone for ask in asks} - set(load.UNKNOWN_ZONES) == set(known)
        assert sum(ask.zone in load.UNKNOWN_ZONES for ask in asks) == 18

    def test_same_seed_gives_the_same_load_and_another_one_another(self) -> None:
        first, again, other = (load.make_load(zones.all_zones(), 900, seed) for seed in (1, 1, 2))

        assert first == again
        assert [ask.zone for ask in first] != [ask.zone for ask in other]

    @pytest.mark.parametrize("total", [600, 1800, 10_000, 100_000])
    def test_popularity_falls_as_one_over_rank(self, total: int) -> None:
        counts = load.zipf_counts(598, total)

        assert sum(counts) == total
        assert counts == sorted(counts, reverse=True)
        assert min(counts) >= 1
        for rank, count in enumerate(counts[:50], start=1):
            assert abs(count - counts[0] / rank) <= 2

    @pytest.mark.parametrize("total", [0, 1, 5, 597])
    def test_too_few_requests_go_to_the_popular_zones(self, total: int) -> None:
        counts = load.zipf_counts(598, total)

        assert sum(counts) == total
        assert counts == sorted(counts, reverse=True)


class TestJudge:
    def test_the_truth_is_right(self) -> None:
        body = json.dumps(zones.answer("Europe/Berlin", AT)).encode()

        assert judge(BERLIN, AT, 200, body)[0] is Verdict.RIGHT

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("zone", "Europe/Paris"),
            ("at", "2026-07-01T12:00:01+00:00"),
            ("offset", 3600),
            ("name", "CET"),
            ("next_transition", None),
            ("more", 1),
        ],
    )
    def test_any_field_that_differs_is_wrong(self, field: str, value: object) -> None:
        body = json.dumps({**zones.answer("Europe/Berlin", AT), field: value}).encode()

        assert judge(BERLIN, AT, 200, body)[0] is Verdict.WRONG

    @pytest.mark.parametrize(
        ("ask", "status", "name", "verdict"),
        [
            (BERLIN, 502, "providers-failed", Verdict.NAMED_ERROR),
            (BERLIN, 504, "out-of-time", Verdict.NAMED_ERROR),
            (ATLANTIS, 404, "unknown-zone", Verdict.NAMED_ERROR),
            (BERLIN, 404, "unknown-zone", Verdict.WRONG),
            (BERLIN, 500, "internal-error", Verdict.WRONG),
            (BERLIN, 422, "invalid-instant", Verdict.WRONG),
        ],
    )
    def test_an_error_with_a_name_is_right_only_where_it_fits(
        self, ask: load.Ask, status: int, name: str, verdict: Verdict
    ) -> None:
        body = json.dumps({"name": name, "status": status, "detail": "..."}).encode()

        assert judge(ask, AT, status, body)[:2] == (verdict, name)

    @pytest.mark.parametrize(
        "body", [b"", b"Internal Server Error", b"{}", b"[]", b'{"name": "x"}', b"\xff"]
    )
    def test_an_error_without_a_name_is_a_lost_answer(self, body: bytes) -> None:
        assert judge(BERLIN, AT, 500, body)[0] is Verdict.LOST

    def test_half_an_answer_is_wrong(self) -> None:
        assert judge(BERLIN, AT, 200, b'{"zone": "Europe/Be')[0] is Verdict.WRONG

    def test_an_answer_for_a_zone_that_does_not_exist_is_wrong(self) -> None:
        assert judge(ATLANTIS, AT, 200, b"{}")[0] is Verdict.WRONG


class TestReconciliation:
    """A run of three requests, with faults planted into its books."""

    OUTCOMES: ClassVar[tuple[Outcome, ...]] = (
        Outcome(id="1-1", zone="Europe/Berlin", verdict=Verdict.RIGHT, retries=1),
        Outcome(id="1-2", zone="Asia/Tokyo", verdict=Verdict.RIGHT),
        Outcome(
            id="1-3",
            zone="Europe/Atlantis",
            verdict=Verdict.NAMED_ERROR,
            problem="unknown-zone",
        ),
    )
    STATS: ClassVar[dict[str, int]] = {
        "requests": 3,
        "answered": 2,
        "unknown-zone": 1,
        "retries": 1,
    }
    LOG: ClassVar[tuple[dict[str, Any], ...]] = (
        {"message": "retry.scheduled", "request_id": "1-1"},
        {"message": "request", "request_id": "1-1", "problem": None, "ms": 9.0},
        {"message": "request", "request_id": "1-2", "problem": None, "ms": 2.0},
        {"message": "request", "request_id": "1-3", "problem": "unknown-zone", "ms": 3.0},
    )

    @pytest.fixture
    def close(self, tmp_path: Path) -> Callable[..., list[str]]:
        """Compares the books, and gives what is found; the exit code has to agree with that."""

        def close(
            outcomes: Any = self.OUTCOMES,
            stats: Any = self.STATS,
            log: Any = self.LOG,
            upstream: Any = (),
            raw: bytes = b"",
        ) -> list[str]:
            for name, lines in {"gateway": log, "north": upstream, "south": ()}.items():
                text = "".join(json.dumps(line) + "\n" for line in lines)
                (tmp_path / f"{name}.jsonl").write_bytes(text.encode() + raw)
            books = demo.Books(list(outcomes), stats)
            run = demo.compare(books, tmp_path, seed=1, at=AT, expected=3)
            assert demo.exit_code(run, interruption=0) == (1 if run.failures else 0)
            return list(run.failures)

        return close

    def test_books_that_agree_are_a_success(self, close: Callable[..., list[str]]) -> None:
        assert close() == []

    @pytest.mark.parametrize("verdict", [Verdict.WRONG, Verdict.LOST])
    def test_a_wrong_or_a_lost_answer_is_a_failure(
        self, close: Callable[..., list[str]], verdict: Verdict
    ) -> None:
        first, *others = self.OUTCOMES

        found = close(outcomes=[replace(first, verdict=verdict, note="why"), *others])

        assert f"{verdict.value}: request 1-1 (Europe/Berlin): why" in found

    def test_a_request_that_was_not_sent_is_a_failure(
        self, close: Callable[..., list[str]]
    ) -> None:
        stats = {"requests": 2, "answered": 1, "unknown-zone": 1, "retries": 1}

        found = close(
            outcomes=(self.OUTCOMES[0], self.OUTCOMES[2]),
            stats=stats,
            log=(*self.LOG[:2], self.LOG[3]),
        )

        assert found == ["2 of 3 requests were sent"]

    @pytest.mark.parametrize("missing", range(4))
    def test_a_missing_log_line_is_a_failure(
        self, close: Callable[..., list[str]], missing: int
    ) -> None:
        found = close(log=self.LOG[:missing] + self.LOG[missing + 1 :])

        assert any(self.LOG[missing]["request_id"] in text for text in found)

    @pytest.mark.parametrize("twice", range(4))
    def test_a_log_line_too_many_is_a_failure(
        self, close: Callable[..., list[str]], twice: int
    ) -> None:
        found = close(log=(*self.LOG, self.LOG[twice]))

        assert any(self.LOG[twice]["request_id"] in text for text in found)

    def test_a_request_without_its_id_in_the_log_is_a_failure(
        self, close: Callable[..., list[str]]
    ) -> None:
        nameless = {name: self.LOG[1][name] for name in ("message", "problem", "ms")}

        found = close(log=(self.LOG[0], nameless, *self.LOG[2:]))

        assert found == [
            "the log has a request that nobody sent: without id",
            "the log has request 1-1 0 times",
        ]

    def test_results_that_are_swapped_are_a_failure_though_sums_agree(
        self, close: Callable[..., list[str]]
    ) -> None:
        swapped = [
            self.LOG[0],
            self.LOG[1],
            {**self.LOG[2], "problem": "unknown-zone"},
            {**self.LOG[3], "problem": None},
        ]

        assert close(log=swapped) == [
            "request 1-2: unknown-zone in the log, answered at the driver",
            "request 1-3: answered in the log, unknown-zone at the driver",
        ]

    def test_a_retry_for_another_request_is_a_failure_though_sums_agree(
        self, close: Callable[..., list[str]]
    ) -> None:
        assert close(log=({**self.LOG[0], "request_id": "1-2"}, *self.LOG[1:])) == [
            "request 1-1: 0 retries in the log, 1 at the driver",
            "request 1-2: 1 retries in the log, 0 at the driver",
        ]

    @pytest.mark.parametrize("what", STATS)
    def test_another_figure_at_the_gateway_is_a_failure(
        self, close: Callable[..., list[str]], what: str
    ) -> None:
        (found,) = close(stats={**self.STATS, what: self.STATS[what] + 1})

        assert found.startswith(f"{what}: driver {self.STATS[what]}, gateway")

    @pytest.mark.parametrize(
        "raw", [b"Traceback\n", b'{"message": "cut', b"{}", b"[]\n", b"\xff\n"]
    )
    def test_a_line_that_is_no_whole_json_object_is_a_failure(
        self, close: Callable[..., list[str]], raw: bytes
    ) -> None:
        assert any("gateway.jsonl, line 5" in text for text in close(raw=raw))

    def test_impatience_with_a_provider_is_a_failure(self, close: Callable[..., list[str]]) -> None:
        upstream = [{"message": "request", "request_id": "1-1", "early": True}]

        assert close(upstream=upstream) == ["north was asked again too early by 1-1"]

    def test_an_interrupted_run_says_so_in_its_exit_code(self) -> None:
        run = _empty_run()

        assert demo.exit_code(run, signal.SIGINT) == 130


class TestGateway:
    """The gateway with providers that are plain functions."""

    def test_answers_come_from_the_first_provider(self) -> None:
        response, record = _ask(_healthy, _must_not_be_asked)

        assert response.json() == zones.answer("Europe/Berlin", AT)
        assert response.headers["x-provider"] == "north"
        assert not record.attempts

    def test_the_second_provider_is_asked_when_the_first_gives_up(self) -> None:
        response, record = _ask(_dead, _healthy)

        assert response.json() == zones.answer("Europe/Berlin", AT)
        assert response.headers["x-provider"] == "south"
        assert response.headers["x-retries"] == str(len(record.attempts)) == "2"

    def test_a_busy_provider_is_asked_again_when_it_said(self) -> None:
        answers = iter([httpx2.Response(503, headers={"retry-after": "1"})])

        response, record = _ask(lambda r: next(answers, None) or _healthy(r), _must_not_be_asked)

        assert response.status_code == 200
        assert [attempt.delay for attempt in record.attempts] == [1.0]

    def test_nobody_waits_beyond_the_time_for_a_request(self) -> None:
        response, record = _ask(
            lambda _: httpx2.Response(503, headers={"retry-after": "60"}), _healthy
        )

        assert response.headers["x-provider"] == "south"
        assert not record.attempts

    def test_an_unknown_zone_has_a_name_and_is_asked_for_once(self) -> None:
        response, record = _ask(
            lambda _: httpx2.Response(404), _must_not_be_asked, zone="Europe/Atlantis"
        )

        assert _problem(response) == (404, "unknown-zone")
        assert not record.attempts

    def test_failure_everywhere_has_a_name(self) -> None:
        response, _ = _ask(_dead, lambda _: httpx2.Response(200, text="{half"))

        assert _problem(response) == (502, "providers-failed")

    def test_a_deadline_that_passed_has_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gateway.TIME_FOR_A_REQUEST", 0.0)

        response, _ = _ask(_dead, _must_not_be_asked)

        assert _problem(response) == (504, "out-of-time")

    @pytest.mark.parametrize("at", ["", "tomorrow", "2026-07-01T12:00:00"])
    def test_an_invalid_instant_has_a_name(self, at: str) -> None:
        response, _ = _ask(_must_not_be_asked, _must_not_be_asked, at=at)

        assert _problem(response) == (422, "invalid-instant")

    def test_a_bug_has_a_name_and_tells_nothing_more(self) -> None:
        def bug(_: httpx2.Request) -> httpx2.Response:
            raise ZeroDivisionError("secret")

        response, _ = _ask(bug, _must_not_be_asked)

        assert _problem(response) == (500, "internal-error")
        assert "secret" not in response.text


class TestProcesses:
    def test_a_taken_port_is_passed_over(self) -> None:
        with child.claim(18470) as first, child.claim(first.getsockname()[1]) as second:
            assert second.getsockname()[1] > first.getsockname()[1]

    def test_a_claimed_port_refuses_connections_until_it_listens(self) -> None:
        with child.claim(18470) as held:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(held.getsockname())

            child.listen(held)

            socket.create_connection(held.getsockname()).close()

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize(
        "command",
        [
            ["provider.py", "--name", "north", "--seed", "1", "--duration", "9"],
            ["gateway.py", "--upstream", "north=http://127.0.0.1:1"],
        ],
        ids=["provider", "gateway"],
    )
    def test_a_child_stops_when_its_parent_is_gone(
        self, command: list[str], tmp_path: Path
    ) -> None:
        script = Path(demo.__file__).with_name(command[0])
        more = ["--port", "18480", "--log-file", str(tmp_path / "log.jsonl")]

        done = subprocess.run(
            [sys.executable, script, *command[1:], *more],
            input=b"start\n",  # and then the end
            capture_output=True,
            check=True,
        )

        assert json.loads(done.stdout)["port"] >= 18480


class TestReport:
    def test_folders_of_older_runs_are_left_alone(self, tmp_path: Path) -> None:
        folders = {report.make_folder(tmp_path / "deep") for _ in range(3)}

        assert len(folders) == 3

    @pytest.mark.timeout(60)
    def test_a_run_without_a_request_has_a_page_too(self, tmp_path: Path) -> None:
        assert "0 requests" in report.write(_empty_run(), tmp_path).read_text("utf-8")

    @pytest.mark.timeout(60)
    def test_the_page_holds_table_plot_and_failures(self, tmp_path: Path) -> None:
        outcomes = [replace(o, seconds=0.01) for o in TestReconciliation.OUTCOMES]
        counts = reconcile.count(outcomes, None, TestReconciliation.LOG)
        north = [{"message": "request", "t": 0.1, "fault": "slow"}]
        run = report.Run(
            seed=1,
            at=AT,
            outcomes=outcomes,
            counts=counts,
            log=TestReconciliation.LOG,
            providers={"north": north},
            failures=["lost: <b>"],
        )

        text = report.write(run, tmp_path).read_text("utf-8")

        assert "3 requests" in text
        assert "<svg" in text
        assert "lost: &lt;b&gt;" in text
        assert "1 slow" in text
        assert {file.name for file in tmp_path.iterdir()} >= {"plot.png", "report.html"}


def _empty_run() -> report.Run:
    return report.Run(
        seed=1,
        at=AT,
        outcomes=(),
        counts=reconcile.count((), None, ()),
        log=(),
        providers={},
        failures=(),
    )


def _instant(dice: random.Random) -> datetime:
    return datetime(1901, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(298 * 31_556_952))


def _state(info: zoneinfo.ZoneInfo, at: datetime) -> tuple[timedelta | None, str | None]:
    local = at.astimezone(info)
    return local.utcoffset(), local.tzname()


def _ask(
    north: Callable[[httpx2.Request], httpx2.Response],
    south: Callable[[httpx2.Request], httpx2.Response],
    zone: str = "Europe/Berlin",
    at: str = "2026-07-01T12:00:00Z",
) -> tuple[httpx2.Response, Any]:
    """One request to a gateway between these providers, and what was retried for it."""

    async def ask() -> tuple[httpx2.Response, Any]:
        providers = [
            Provider("north", "http://north", transport=httpx2.MockTransport(north)),
            Provider("south", "http://south", transport=httpx2.MockTransport(south)),
        ]
        transport = httpx2.ASGITransport(Gateway(providers).app())
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            with retry.testing() as record:
                return await client.get(f"/zones/{zone}", params={"at": at}), record

    return asyncio.run(ask())


def _healthy(request: httpx2.Request) -> httpx2.Response:
    zone = request.url.path.removeprefix("/zones/")
    return httpx2.Response(
        200, json=zones.answer(zone, zones.parse_instant(request.url.params["at"]))
    )


def _dead(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


def _must_not_be_asked(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"asked for {request.url}")


def _problem(response: httpx2.Response) -> tuple[int, str]:
    content = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert content.keys() == {"name", "status", "detail", "request_id"}
    assert content["status"] == response.status_code
    return response.status_code, content["name"]
