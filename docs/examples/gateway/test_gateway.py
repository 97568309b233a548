"""The parts of the example that can be tested without running all of it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time
import zoneinfo
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import answers
import child
import demo
import exposed
import faults
import figures
import httpx2
import interferer
import inventory
import keyring
import keys
import load
import logbook
import mistakes
import names
import provider
import pytest
import quantiles
import questions
import report
import trespasses
import zones
from access import Access, key_storage, security_manager
from driver import Driver, Outcome, Verdict, judge, judge_failure
from gateway import Gateway
from hypothesis import given, settings
from hypothesis import strategies as st
from last import LastAnswers
from logbook import Logbook
from measures import MetricsFile
from mistakes import MISTAKES
from processes import Child, ChildError, running
from scraper import Reading, Scraper
from settings import GatewaySettings, ProviderSettings, gateway_settings
from stage import CONFIG
from telemetrybook import Kind, TelemetryBook
from trespasses import AUDITED, TRESPASSES
from upstream import Upstreams, Visit, connections
from vitals import watch_memory

from pepperpy.infra import (
    ConfigError,
    ConfigRegistry,
    MemoryStorageProvider,
    PermissionLevel,
    StorageProvider,
    TelemetryManager,
    clear_cache,
    close_pools,
    explain_config,
    get_memory_usage,
    initialize_pools,
    initialize_telemetry,
    register_pool,
    retry,
    set_config,
    unregister_pool,
)
from pepperpy.infra.config import use_registry
from pepperpy.infra.logging import capture_logs
from pepperpy.infra.resilience import isolated_circuit_breakers
from pepperpy.infra.security import is_api_key
from pepperpy.infra.storage import StorageFullError
from pepperpy.infra.telemetry import capture_metrics, shutdown_telemetry
from pepperpy.infra.utils import Signal, subscribe

KEY = "0123456789abcdef"
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
BERLIN = load.Ask("1-00001", "Europe/Berlin")
ZONES = ["Etc/UTC", "Etc/GMT", "Etc/GMT+1", "Etc/GMT+2"]
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

    def test_for_a_while_after_the_kill_every_answer_is_late(self) -> None:
        plan = faults.Plan(seed=1, provider="north", duration=24)
        kill = faults.interference(1, 24).kill
        well = next(n for n in range(1, 500) if plan.fault_of(n) is None)
        dropped = next(n for n in range(1, 500) if plan.fault_of(n) is faults.Fault.DROP)

        assert plan.spell.begin == kill < plan.spell.end < 24
        assert plan.fault_at(well, kill - 0.01) is None
        assert plan.fault_at(well, kill) is faults.Fault.SLOW
        assert plan.fault_at(well, plan.spell.end) is None
        assert plan.fault_at(dropped, kill) is faults.Fault.DROP

    @pytest.mark.parametrize("seed", range(50))
    def test_outages_lie_within_the_run_and_overlap_a_little(self, seed: int) -> None:
        north, south = (
            faults.Plan(seed=seed, provider=name, duration=24).outage for name in faults.PROVIDERS
        )

        assert 0 < north.begin < south.begin < north.end < south.end < 24
        assert north.end - south.begin < 1.5

    @pytest.mark.parametrize("seed", range(50))
    def test_the_gateway_is_interfered_with_before_and_after_the_outages(self, seed: int) -> None:
        plan = faults.interference(seed, 24)
        north, south = (
            faults.Plan(seed=seed, provider=name, duration=24).outage for name in faults.PROVIDERS
        )

        assert 0 < plan.edit < plan.change < plan.slip < plan.undo < north.begin
        assert south.end < plan.kill < 0.7 * 24 < plan.change_again < 0.9 * 24


class TestLoad:
    def test_every_zone_is_asked_about_and_one_request_in_a_hundred_is_hopeless(self) -> None:
        known = zones.all_zones()

        asks = load.make_load(known, 1800, seed=1)

        assert len(asks) == len({ask.id for ask in asks}) == 1800
        assert {ask.zone for ask in asks} - set(load.UNKNOWN_ZONES) == set(known)
        assert sum(ask.zone in load.UNKNOWN_ZONES for ask in asks) == 18

    def test_four_requests_in_a_hundred_are_wrong_each_mistake_as_often_as_the_others(self) -> None:
        asks = load.make_load(zones.all_zones(), 1800, seed=1)

        made = Counter(ask.mistake for ask in asks if ask.mistake)
        assert made.keys() == MISTAKES.keys()
        assert made.total() == 72
        assert max(made.values()) - min(made.values()) <= 1
        assert not any(ask.at_once for ask in asks if ask.mistake)

    def test_four_requests_in_a_hundred_are_trespasses_each_as_often_as_the_others(self) -> None:
        asks = load.make_load(zones.all_zones(), 1800, seed=1)

        made = Counter(ask.trespass for ask in asks if ask.trespass)
        assert made.keys() == TRESPASSES.keys()
        assert made.total() == 72
        assert max(made.values()) - min(made.values()) <= 1
        assert not any(ask.at_once or ask.mistake for ask in asks if ask.trespass)

    def test_a_guest_asks_for_a_tenth_of_what_a_guest_may_know(self) -> None:
        asks = load.make_load(zones.all_zones(), 1800, seed=1)

        right = [ask for ask in asks if not ask.trespass]
        by_guest = [ask for ask in right if ask.key == "guest"]
        assert 0.06 < len(by_guest) / len(right) < 0.12
        assert not any(ask.zone.startswith("Asia/") for ask in by_guest)
        assert {ask.key for ask in right} == {"guest", "driver"}

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

    def test_half_of_what_is_asked_about_a_popular_zone_comes_in_rushes(self) -> None:
        asks = load.make_load(zones.all_zones(), 1800, seed=1)

        favourite = [ask for ask in asks if ask.zone == load.most_wanted(asks)]
        at_once = sum(ask.at_once for ask in favourite)
        assert at_once / len(favourite) == pytest.approx(
            0.5 * (load.RUSH - 1) / load.RUSH, abs=0.03
        )
        assert all(first.zone == second.zone for first, second in pairwise(asks) if second.at_once)
        assert not asks[0].at_once


class TestJudge:
    @pytest.mark.parametrize(
        ("error", "verdict"),
        [
            (httpx2.ConnectError("refused"), Verdict.REFUSED),
            (httpx2.ReadError("reset"), Verdict.CUT_OFF),
            (httpx2.WriteError("reset"), Verdict.CUT_OFF),
            (httpx2.RemoteProtocolError("closed"), Verdict.CUT_OFF),
            (httpx2.ReadTimeout("waiting"), Verdict.LOST),
            (httpx2.ConnectTimeout("waiting"), Verdict.LOST),
            (TimeoutError(), Verdict.LOST),
        ],
    )
    def test_silence_is_lost_and_a_broken_connection_is_not(
        self, error: Exception, verdict: Verdict
    ) -> None:
        assert judge_failure(error) is verdict

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
        ],
    )
    def test_an_error_with_a_name_is_right_only_where_it_fits(
        self, ask: load.Ask, status: int, name: str, verdict: Verdict
    ) -> None:
        body = json.dumps({"name": name, "status": status, "detail": "..."}).encode()

        assert judge(ask, AT, status, body)[:2] == (verdict, name)

    @pytest.mark.parametrize(
        ("mistake", "status", "found", "verdict"),
        [
            ("misspelt key", 422, None, Verdict.NAMED_ERROR),
            ("misspelt key", 400, None, Verdict.WRONG),
            ("misspelt key", 422, [], Verdict.WRONG),
            ("misspelt key", 422, [("query.att", "unknown")], Verdict.WRONG),
            (
                "misspelt key",
                422,
                [("query.at", "required"), ("query.att", "unknown"), ("zone", "zone")],
                Verdict.WRONG,
            ),
            (None, 422, [("query.at", "instant")], Verdict.WRONG),
        ],
    )
    def test_a_refusal_is_right_only_if_it_tells_all_that_is_wrong_and_nothing_else(
        self,
        mistake: str | None,
        status: int,
        found: list[mistakes.Found] | None,
        verdict: Verdict,
    ) -> None:
        pairs = MISTAKES["misspelt key"].found if found is None else found
        ask = load.Ask("1-1", "Europe/Berlin", mistake=mistake)

        judgement = judge(ask, AT, status, _refusal(status, *pairs))

        assert judgement.verdict is verdict
        assert judgement.invalid == tuple(pairs)

    def test_a_refusal_without_messages_or_without_paths_is_wrong(self) -> None:
        ask = load.Ask("1-1", "Europe/Berlin", mistake="no instant")
        whole = json.loads(_refusal(422, ("query.at", "required")))

        (error,) = whole["errors"]

        for field in ("path", "code", "message"):
            rest = {key: value for key, value in error.items() if key != field}
            for each in (rest, {**rest, field: ""}):
                body = json.dumps({**whole, "errors": [each]}).encode()

                assert judge(ask, AT, 422, body).verdict is Verdict.WRONG, each

    @pytest.mark.parametrize("name", ["unknown-zone", "providers-failed"])
    def test_whatever_else_becomes_of_a_request_that_is_wrong_is_wrong(self, name: str) -> None:
        ask = load.Ask("1-1", "Europe/Atlantis", mistake="no instant")
        problem = json.dumps({"name": name, "status": 404, "detail": "..."}).encode()
        truth = json.dumps(zones.answer("Europe/Berlin", AT)).encode()

        assert judge(ask, AT, 404, problem).verdict is Verdict.WRONG
        assert judge(replace(ask, zone="Europe/Berlin"), AT, 200, truth).verdict is Verdict.WRONG

    @pytest.mark.parametrize(
        ("trespass", "status", "name", "verdict"),
        [
            ("revoked", 401, "unauthenticated", Verdict.NAMED_ERROR),
            ("revoked", 403, "forbidden", Verdict.WRONG),
            ("revoked", 401, "forbidden", Verdict.WRONG),
            ("revoked", 503, "providers-unavailable", Verdict.WRONG),
            ("guest in Asia", 403, "forbidden", Verdict.NAMED_ERROR),
            ("guest in Asia", 401, "unauthenticated", Verdict.WRONG),
            (None, 401, "unauthenticated", Verdict.WRONG),
            (None, 403, "forbidden", Verdict.WRONG),
        ],
    )
    def test_a_trespass_has_to_get_the_one_status_that_is_due_and_nobody_else_may(
        self, trespass: str | None, status: int, name: str, verdict: Verdict
    ) -> None:
        ask = load.Ask("1-1", "Europe/Berlin", trespass=trespass)
        body = json.dumps({"name": name, "status": status, "detail": "..."}).encode()

        assert judge(ask, AT, status, body).verdict is verdict

    @pytest.mark.parametrize("is_deletion", [True, False])
    def test_an_answer_to_a_trespass_is_wrong(self, is_deletion: bool) -> None:
        ask = load.Ask("1-1", "Europe/Berlin", trespass="revoked", is_deletion=is_deletion)
        body = json.dumps(zones.answer("Europe/Berlin", AT)).encode()

        assert judge(ask, AT, 200, body).verdict is Verdict.WRONG

    @pytest.mark.parametrize(
        "body", [b"", b"Internal Server Error", b"{}", b"[]", b'{"name": "x"}', b"\xff"]
    )
    def test_an_error_without_a_name_is_a_lost_answer(self, body: bytes) -> None:
        assert judge(BERLIN, AT, 500, body)[0] is Verdict.LOST

    def test_half_an_answer_is_wrong(self) -> None:
        assert judge(BERLIN, AT, 200, b'{"zone": "Europe/Be')[0] is Verdict.WRONG

    def test_an_answer_for_a_zone_that_does_not_exist_is_wrong(self) -> None:
        assert judge(ATLANTIS, AT, 200, b"{}")[0] is Verdict.WRONG


class TestGateway:
    """The gateway with providers that are plain functions."""

    def test_answers_come_from_the_first_provider(self) -> None:
        visit = _ask(_healthy, _must_not_be_asked)

        assert visit.response.json() == zones.answer("Europe/Berlin", AT)
        assert visit.response.headers["x-provider"] == "north"
        assert not visit.retries.attempts

    def test_the_second_provider_is_asked_when_the_first_gives_up(self) -> None:
        visit = _ask(_dead, _healthy)

        assert visit.response.json() == zones.answer("Europe/Berlin", AT)
        assert visit.response.headers["x-provider"] == "south"
        assert visit.response.headers["x-retries"] == str(len(visit.retries.attempts)) == "2"

    def test_a_busy_provider_is_asked_again_when_it_said(self) -> None:
        answers = iter([httpx2.Response(503, headers={"retry-after": "1"})])

        visit = _ask(lambda r: next(answers, None) or _healthy(r), _must_not_be_asked)

        assert visit.response.status_code == 200
        assert [attempt.delay for attempt in visit.retries.attempts] == [1.0]

    def test_nobody_waits_beyond_the_time_for_a_request(self) -> None:
        visit = _ask(lambda _: httpx2.Response(503, headers={"retry-after": "60"}), _healthy)

        assert visit.response.headers["x-provider"] == "south"
        assert not visit.retries.attempts

    def test_an_unknown_zone_has_a_name_and_is_asked_for_once(self) -> None:
        visit = _ask(lambda _: httpx2.Response(404), _must_not_be_asked, zone="Europe/Atlantis")

        assert _problem(visit.response) == (404, "unknown-zone")
        assert not visit.retries.attempts

    def test_failure_everywhere_has_a_name(self) -> None:
        visit = _ask(_dead, lambda _: httpx2.Response(200, text="{half"))

        assert _problem(visit.response) == (502, "providers-failed")

    def test_a_deadline_that_passed_has_a_name(self) -> None:
        visit = _ask(_dead, _must_not_be_asked, settings={"time_for_a_request": 0})

        assert _problem(visit.response) == (504, "out-of-time")

    def test_a_bug_has_a_name_and_tells_nothing_more(self) -> None:
        def bug(_: httpx2.Request) -> httpx2.Response:
            raise ZeroDivisionError("secret")

        visit = _ask(bug, _must_not_be_asked)

        assert _problem(visit.response) == (500, "internal-error")
        assert "secret" not in visit.response.text

    def test_providers_are_shown_their_key(self) -> None:
        keys = []

        def note(request: httpx2.Request) -> httpx2.Response:
            keys.append(request.headers["x-api-key"])
            return _healthy(request)

        _ask(note, _must_not_be_asked)

        assert keys == [KEY]

    def test_an_attempt_has_the_time_that_is_configured_now(self) -> None:
        timeouts = []

        def note(request: httpx2.Request) -> httpx2.Response:
            timeouts.append(request.extensions["timeout"]["read"])
            set_config("gateway", {"time_for_an_attempt": 0.2})
            raise httpx2.ConnectError("refused", request=request)

        _ask(note, _healthy)

        assert timeouts == [0.5, 0.2, 0.2]


class TestValidation:
    """A request that is not as it has to be is refused, for all that is wrong with it."""

    @pytest.mark.parametrize("name", MISTAKES)
    def test_each_mistake_is_refused_with_every_path_and_message(self, name: str) -> None:
        mistake = MISTAKES[name]

        visit = _ask(
            _must_not_be_asked,
            _must_not_be_asked,
            zone=mistake.zone or "Europe/Berlin",
            query=mistake.query,
        )

        assert _problem(visit.response) == (422, "invalid-request")
        told = visit.response.json()["errors"]
        assert tuple((each["path"], each["code"]) for each in told) == mistake.found
        for each in told:
            assert f"{each['path']} {each['message']}" in visit.response.json()["detail"]

    def test_messages_do_not_repeat_what_was_sent(self) -> None:
        query = {"at": "my password", "token": "hunter2"}
        visit = _ask(_must_not_be_asked, _must_not_be_asked, zone="se cret", query=query)

        assert not [
            word for word in ("my password", "hunter2", "se cret") if word in visit.response.text
        ]

    def test_it_is_counted_by_what_was_wrong_and_logged_with_the_paths(self) -> None:
        visit = _ask(_must_not_be_asked, _must_not_be_asked, query={"att": mistakes.NOON})

        counted = visit.metrics[names.FAILURES]
        assert counted.value == 2
        assert sorted(tags["code"] for tags in counted.tags) == ["required", "unknown"]
        (line,) = (line for line in visit.log if line.message == "request")
        wanted = [("query.at", "required"), ("query.att", "unknown")]
        assert line.fields["invalid"] == wanted
        assert line.fields["providers"] == []

    def test_who_asks_cannot_make_series(self) -> None:
        query = {f"key{number}": "x" for number in range(100)}

        visit = _ask(_must_not_be_asked, _must_not_be_asked, query=query)

        assert len(visit.metrics[names.FAILURES].tags) == 2
        assert visit.metrics[names.FAILURES].value == 101

    def test_its_time_is_measured_for_good_requests_too(self) -> None:
        visit = _ask(_healthy, _must_not_be_asked)

        assert visit.metrics[names.VALIDATION_SECONDS].count == 1
        assert 0 < visit.metrics[names.VALIDATION_SECONDS].value < 1

    @pytest.mark.parametrize("given", ["has a space", "x" * 65, "", "\u00e9"])
    def test_an_id_that_is_none_is_refused_and_is_in_no_line(self, given: str) -> None:
        visit = _ask(_must_not_be_asked, _must_not_be_asked, headers={questions.ID: given.encode()})

        assert _problem(visit.response) == (422, "invalid-request")
        assert [each["path"] for each in visit.response.json()["errors"]] == [
            "headers.x-request-id"
        ]
        assert visit.response.json()["request_id"].startswith("req-")

    def test_an_id_is_taken_over(self) -> None:
        visit = _ask(
            _must_not_be_asked, _must_not_be_asked, query={}, headers={questions.ID: "a-1"}
        )

        assert visit.response.json()["request_id"] == "a-1"

    @pytest.mark.parametrize("zone", [*load.UNKNOWN_ZONES, "Etc/GMT+12", "America/Port-au-Prince"])
    def test_what_may_be_a_zone_is_valid(self, zone: str) -> None:
        asked = questions.question(zone, {"at": mistakes.NOON}, {})

        assert asked == questions.Question(zone, AT)

    def test_every_zone_of_the_database_is_valid(self) -> None:
        for zone in zones.all_zones():
            assert questions.question(zone, {"at": AT.isoformat()}, {}).zone == zone


class TestAccess:
    """Whoever asks has to be known, and may do what is granted and nothing else."""

    @pytest.mark.parametrize("name", TRESPASSES)
    def test_each_trespass_gets_its_status_and_reaches_no_provider(self, name: str) -> None:
        how = TRESPASSES[name]
        zone = how.zone or "Europe/Berlin"
        asked = f"DELETE /answers/zone:{zone}" if how.is_deletion else zone
        house = _House()
        keys = house.issued()
        shown = {"authorization": f"{how.scheme} {keys[how.key]}"} if how.key else {}

        visit = _ask(
            _must_not_be_asked, _must_not_be_asked, asked, headers=shown, house=house, key=""
        )

        assert _problem(visit.response) == (how.status, trespasses.NAMES[how.status])
        assert (visit.response.headers.get("www-authenticate") == "Bearer") == (how.status == 401)
        audited = [each.kind for each in visit.signals if each.kind in AUDITED.values()]
        assert audited == [AUDITED[how.status]]
        (line,) = (line for line in visit.log if line.message == "request")
        assert line.fields["who"] == (how.key if how.status == 403 else None)

    def test_all_that_is_wrong_with_a_key_is_told_in_the_same_words(self) -> None:
        house = _House()
        keys = house.issued()
        bad = ("mistyped", "expired", "revoked", "foreign")

        told = {
            json.dumps(_ask(_healthy, _healthy, key=key, house=house).response.json()["detail"])
            for key in (*bad, "")
        }

        assert len(keys) > len(bad)
        assert len(told) == 1

    @pytest.mark.parametrize(
        ("key", "path", "status"),
        [
            ("driver", "GET /zones/Asia/Tokyo?at=2026-07-01T12:00:00Z", 200),
            ("guest", "GET /zones/Europe/Berlin?at=2026-07-01T12:00:00Z", 200),
            ("guest", "GET /zones/Asia/Tokyo?at=2026-07-01T12:00:00Z", 403),
            ("guest", "DELETE /answers/zone:Asia/Tokyo", 403),
            ("operator", "GET /zones/Europe/Berlin?at=2026-07-01T12:00:00Z", 403),
            ("operator", "DELETE /answers/zone:Asia/Tokyo", 200),
            *(
                (key, f"GET /{path}", 200 if key == "operator" else 403)
                for key in ("driver", "operator")
                for path in ("answers", "stats", "metrics")
            ),
            *(("", f"GET /{path}", 401) for path in ("answers", "stats", "metrics")),
        ],
    )
    def test_everybody_may_do_what_is_granted_and_nothing_else(
        self, key: str, path: str, status: int
    ) -> None:
        assert _ask(_healthy, _must_not_be_asked, path, key=key).response.status_code == status

    def test_what_is_not_valid_is_told_to_those_with_a_key_alone(self) -> None:
        path = "GET /zones/Ber%20lin"

        assert _ask(_healthy, _healthy, path).response.status_code == 422
        assert _ask(_healthy, _healthy, path, key="").response.status_code == 401

    def test_no_key_is_in_the_log_or_in_what_is_counted(self) -> None:
        house = _House()
        keys = house.issued()

        visits = [
            _ask(_healthy, _healthy, zone, key=key, house=house)
            for key in keys
            for zone in ("Asia/Tokyo", "GET /metrics")
        ]

        written = "".join(
            f"{visit.log}{visit.signals}{visit.stats}{visit.exposed}{visit.response.text}"
            for visit in visits
        )
        assert len(written) > 10_000
        for what, pieces in keyring.secrets_of(keys).items():
            assert not any(piece in written for piece in pieces), what

    def test_a_key_that_somebody_else_has_revoked_is_good_no_more(self) -> None:
        house = _House()
        keys = house.issued()

        async def revoke() -> None:
            async with house.keys:
                another = security_manager(house.keys)
                await another.load()
                await another.arevoke_credential(keyring.key_id(keys["driver"]))

        before = _ask(_healthy, _must_not_be_asked, house=house)
        asyncio.run(revoke())
        after = _ask(_healthy, _must_not_be_asked, house=house)

        assert (before.response.status_code, after.response.status_code) == (200, 401)

    def test_a_gateway_that_was_started_anew_knows_the_keys_by_the_file(
        self, tmp_path: Path
    ) -> None:
        house = _House()
        house.keys = key_storage(tmp_path / "keys.db")
        first = _ask(_healthy, _must_not_be_asked, house=house)
        house.keys = key_storage(tmp_path / "keys.db")
        second = _ask(_healthy, _must_not_be_asked, house=house)

        assert first.response.status_code == second.response.status_code == 200
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        for what, pieces in keyring.secrets_of(house.issued()).items():
            assert not any(piece.encode() in content for piece in pieces), what

    @pytest.mark.timeout(60)
    def test_a_key_is_made_shown_and_revoked_on_the_command_line(self, tmp_path: Path) -> None:
        def keys_py(*arguments: str) -> str:
            script = str(Path(demo.__file__).with_name("keys.py"))
            environ = os.environ | _environ(tmp_path)
            done = subprocess.run(
                [sys.executable, script, *arguments],
                capture_output=True,
                check=True,
                env=environ,
                text=True,
            )
            return done.stdout.strip()

        house, key = _House(), keys_py("driver")
        house.keys = key_storage(tmp_path / "keys.db")
        shown = keyring.bearer(key)

        assert is_api_key(key)
        assert _ask(_healthy, _healthy, headers=shown, house=house).response.status_code == 200
        assert "good no more" in keys_py("--revoke", keyring.key_id(key))
        assert _ask(_healthy, _healthy, headers=shown, house=house).response.status_code == 401

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--revoke", "nonsense"], "no credential has the id 'nonsense'"),
            (["driver", "--expires-in", "-1"], "expires_in must be"),
        ],
        ids=["revoke", "expires"],
    )
    def test_what_the_command_line_cannot_mean_is_refused_with_the_reason(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        complaint: str,
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["keys.py", *arguments])
        registry = _registry(None)
        settings = {"upstreams": {"north": "http://north"}, "keys_file": tmp_path / "keys.db"}
        with use_registry(registry):
            registry.set_config("gateway", settings)

            with pytest.raises(SystemExit, match="2"):
                keys.main()

        assert complaint in capsys.readouterr().err


class TestLastAnswers:
    """What the gateway keeps beyond its end."""

    @pytest.fixture(autouse=True)
    def empty(self) -> Iterator[None]:
        clear_cache()
        yield
        clear_cache()

    def test_an_answer_says_under_which_version_it_is_kept(self) -> None:
        house = _House()

        visits = _ask_all(_healthy, "Etc/UTC", "Etc/UTC", "Etc/GMT", house=house)
        clear_cache()
        (again,) = _ask_all(_healthy, "Etc/UTC", house=house)
        (listed,) = _ask_all(_healthy, "GET /answers", house=house, key="operator")

        stored = [visit.response.headers["x-stored"] for visit in (*visits, again)]
        first, from_memory, other, second = stored
        assert from_memory == ""
        assert int(first) < int(second)
        assert listed.response.json() == {
            "start": "start-1",
            "versions": {
                f"zone:Etc/GMT {AT.isoformat()}": int(other),
                f"zone:Etc/UTC {AT.isoformat()}": int(second),
            },
        }

    def test_what_was_left_is_served_at_once_with_its_age_and_asks_nobody(self) -> None:
        house = _House()
        _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)
        clear_cache()

        left = _ask(
            _must_not_be_asked, _must_not_be_asked, zone="Etc/UTC", house=house.anew("start-2")
        )

        assert left.response.json() == zones.answer("Etc/UTC", AT)
        assert left.response.headers["x-cache"] == "left"
        assert 0 < float(left.response.headers["x-age"]) < 60
        assert left.response.headers["x-stored"] == ""

    def test_a_gateway_does_not_serve_what_it_has_kept_itself(self) -> None:
        house = _House()
        _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)
        clear_cache()

        assert (
            _ask(_healthy, _healthy, zone="Etc/UTC", house=house).response.headers["x-cache"]
            == "miss"
        )

    def test_what_was_left_is_served_only_in_the_time_after_a_start(self) -> None:
        house = _House()
        _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)
        clear_cache()

        visit = _ask(
            _healthy, _healthy, zone="Etc/UTC", house=house.anew("start-2"), settings={"warm_up": 0}
        )

        assert visit.response.headers["x-cache"] == "miss"

    def test_the_time_after_a_start_begins_when_the_gateway_serves(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house, now = _House(), [0.0]
        _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)
        clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
        monkeypatch.setattr("last.time", clock)

        async def look() -> list[bool]:
            last = LastAnswers(house.answers, "start-2")
            upstreams = Upstreams(gateway_settings())
            app = Gateway(upstreams, Access(house.keys), last, "start-2").app()
            now[0] = 10.0  # it took so long until it served
            async with app.router.lifespan_context(app):
                moments = 10.0, 12.9, 13.0
                found = []
                for now[0] in moments:
                    found.append(await last.left("Etc/UTC", AT.isoformat()) is not None)
            return found

        with use_registry(_registry(CONFIG)), isolated_circuit_breakers():
            assert asyncio.run(look()) == [True, True, False]

    def test_what_was_left_for_too_long_is_not_there_any_more(self) -> None:
        house = _House()
        _ask(
            _healthy, _must_not_be_asked, zone="Etc/UTC", house=house, settings={"keep_last": 1e-6}
        )
        clear_cache()

        visit = _ask(_healthy, _healthy, zone="Etc/UTC", house=house.anew("start-2"))

        assert visit.response.headers["x-cache"] == "miss"

    def test_an_answer_whose_transition_is_over_is_not_served_from_the_file(self) -> None:
        at, zone, house = "1999-01-01T00:00:00Z", "Europe/Berlin", _House()
        _ask(_healthy, _must_not_be_asked, zone, at=at, house=house)

        visit = _ask(_healthy, _healthy, zone, at=at, house=house.anew("start-2"))

        assert visit.response.headers["x-cache"] == "miss"

    def test_what_has_changed_is_not_served_from_the_file(self) -> None:
        house = _House()
        _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)
        clear_cache()

        forget, again = _ask_all(
            _healthy,
            "DELETE /answers/zone:Etc/UTC",
            "Etc/UTC",
            house=house.anew("start-2"),
            key="everybody",
        )

        assert forget.response.json()["from_file"] == 1
        assert again.response.headers["x-cache"] == "miss"

    def test_what_is_being_loaded_when_its_zone_changes_is_not_kept(self) -> None:
        visit = Visit("1-1", "Etc/UTC")

        async def ask() -> tuple[zones.Answer, dict[str, int]]:
            async with MemoryStorageProvider("answers") as storage:
                last = LastAnswers(storage, "start-1")

                class Changing:
                    async def ask(self, *_: Any) -> zones.Answer:
                        await last.forget("zone:Etc/UTC")
                        return zones.answer("Etc/UTC", AT)

                asked = answers.Answers(cast("Upstreams", Changing()), last)
                answer = await asked.get("Etc/UTC", AT.isoformat(), visit)
                return answer, await last.versions()

        with use_registry(_registry(CONFIG)):
            answer, kept = asyncio.run(ask())

        assert answer == zones.answer("Etc/UTC", AT)
        assert (visit.stored, kept) == (None, {})

    @pytest.mark.parametrize("broken", ["get", "set"])
    def test_a_file_of_no_use_is_logged_and_the_answer_is_given(
        self, broken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any, **__: Any) -> Any:
            raise StorageFullError("the disk is full")

        house = _House()
        monkeypatch.setattr(house.answers, broken, fail)

        visit = _ask(_healthy, _must_not_be_asked, zone="Etc/UTC", house=house)

        assert visit.response.status_code == 200
        assert visit.response.headers["x-stored"] == ""
        said = [line.message for line in visit.log if line.level == "WARNING"]
        reading = ["cannot read a last answer"] if broken == "get" else []
        assert said == [*reading, "cannot keep an answer"]

    @pytest.mark.timeout(60)
    def test_a_killed_gateway_has_kept_what_it_acknowledged(self, tmp_path: Path) -> None:
        outcomes: list[Outcome] = []
        asks = [load.Ask(f"1-{number}", zone) for number, zone in enumerate(ZONES)]

        async def drive() -> tuple[inventory.Inventory, list[str | None]]:
            keys = await keyring.make_keys(tmp_path / "keys.db")
            async with AsyncExitStack() as stack:
                url = await stack.enter_async_context(_north(tmp_path))
                environ = _environ(tmp_path) | {"PEPPERPY_GATEWAY_UPSTREAMS__NORTH": url}
                gateway = await stack.enter_async_context(
                    running("gateway.py", "gateway", environ=environ, show=print)
                )
                await _drive(gateway.port, keys, asks, outcomes)
                await gateway.kill()
                await gateway.spawn(PEPPERPY_GATEWAY_WARM_UP="60")
                await gateway.ready()
                there = await inventory.take(
                    f"http://{child.HOST}:{gateway.port}", keys["operator"], lambda: 0.0
                )
                await _drive(gateway.port, keys, asks, outcomes)
            return there, [outcome.cache for outcome in outcomes[len(asks) :]]

        there, sources = asyncio.run(drive())

        acknowledged = {outcome.zone: outcome.stored for outcome in outcomes[: len(asks)]}
        assert acknowledged == dict.fromkeys(ZONES, 1)
        assert sorted(there.versions.values()) == [1] * len(ZONES)
        assert sources == ["left"] * len(asks)


class TestPrometheus:
    """What the gateway says at `/metrics`, and how the driver reads it."""

    @pytest.fixture(autouse=True)
    def empty(self) -> None:
        clear_cache()

    def test_the_driver_can_read_what_the_gateway_has_counted(self) -> None:
        calls: list[str] = []
        before, after = (
            Reading.of(_ask(_noting(calls, _healthy), _dead, zone=zone).exposed, asked=0, came=0)
            for zone in ("Etc/UTC", "Etc/GMT+9")
        )

        assert after.start == "start-1"
        grown = exposed.by_gateway(after) - exposed.by_gateway(before)
        assert grown["requests with status 200"] == grown["cache: miss"] == 1

    def test_the_driver_is_told_each_call(self) -> None:
        visit = _ask(_dead, _healthy)

        assert visit.response.headers["x-calls"] == "north north north south"

    def test_the_memory_of_the_process_is_told_until_nobody_wants_to_know(self) -> None:
        async def watch() -> None:
            watching = asyncio.create_task(watch_memory(every=60))
            await asyncio.sleep(0)
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching

        with capture_metrics() as metrics:
            asyncio.run(watch())

        assert metrics[names.MEMORY].value == pytest.approx(get_memory_usage(), rel=0.2)

    def test_a_gateway_that_is_not_there_is_noted_and_read_again(self) -> None:
        answers: Iterator[Exception | httpx2.Response] = iter(
            [
                httpx2.ConnectError("refused"),
                httpx2.Response(503),
                httpx2.Response(200, text="a{b=c} 1\n"),
                httpx2.Response(200, text="process_memory_usage 7.5e7\n"),
            ]
        )

        def answer(_: httpx2.Request) -> httpx2.Response:
            given = next(answers)
            if isinstance(given, Exception):
                raise given
            return given

        async def read() -> Scraper:
            times = iter(range(10))
            scraper = Scraper("http://gateway", KEY, every=0, now=lambda: float(next(times)))
            transport = httpx2.MockTransport(answer)
            async with httpx2.AsyncClient(transport=transport) as client:
                for _ in range(4):
                    await scraper.read(client)
            return scraper

        *failed, last = asyncio.run(read()).readings

        for reading, trouble in zip(failed, ("ConnectError", "503", "labels"), strict=True):
            assert trouble in reading.trouble
        assert (last.came - last.asked, last.trouble) == (1.0, "")
        assert last.memory == 75_000_000
        assert last.start == "unknown"

    @pytest.mark.timeout(60)
    def test_a_gateway_of_its_own_process_is_read_until_the_driver_stops(
        self, tmp_path: Path
    ) -> None:
        ask = load.Ask("1-1", "Europe/Berlin", mistake="nothing right")
        outcomes: list[Outcome] = []

        async def drive() -> Scraper:
            environ = _environ(tmp_path)
            keys = await keyring.make_keys(tmp_path / "keys.db")
            async with running("gateway.py", "gateway", environ=environ, show=print) as gateway:
                url = f"http://127.0.0.1:{gateway.port}"
                ready = asyncio.Event()
                ready.set()
                driver = Driver(
                    [url],
                    [ask],
                    keys=keys,
                    at=AT,
                    rate=100,
                    ready=ready,
                    on_begin=lambda: None,
                    on_outcome=outcomes.append,
                )
                scraper = Scraper(url, keys["operator"], every=0.01, now=driver.now)
                reading = asyncio.create_task(scraper.run())
                await driver.run()
                scraper.stop()
                await reading
                async with httpx2.AsyncClient(trust_env=False) as client:
                    await scraper.read(client)
            return scraper

        last = asyncio.run(drive()).readings[-1]

        assert outcomes[0].invalid == MISTAKES["nothing right"].found
        assert outcomes[0].verdict is Verdict.NAMED_ERROR
        assert exposed.by_gateway(last) == exposed.by_driver(outcomes)
        assert last.start == outcomes[0].start
        assert last.memory
        assert last.memory > 1_000_000


class TestCircuits:
    """Providers that keep failing are left alone for a while."""

    @pytest.fixture(autouse=True)
    def empty(self) -> None:
        clear_cache()

    def test_a_provider_whose_circuit_is_open_is_not_called(self) -> None:
        calls: list[str] = []

        first, second = _ask_all(
            _noting(calls, _dead), "Etc/UTC", "Etc/GMT", south=_healthy, settings=_breaker()
        )

        assert first.response.headers["x-rejected"] == ""
        assert second.response.headers["x-rejected"] == "north"
        assert second.response.headers["x-provider"] == "south"
        assert second.response.headers["x-retries"] == "0"
        assert calls == ["/zones/Etc/UTC"] * 3

    def test_with_all_circuits_open_nobody_is_called_and_the_client_is_told_when_to_come(
        self,
    ) -> None:
        calls: list[str] = []
        dead = _noting(calls, _dead)

        first, second = _ask_all(
            dead, "Etc/UTC", "Etc/GMT", south=dead, settings=_breaker(recovery_timeout=6.5)
        )

        assert _problem(first.response) == (502, "providers-failed")
        assert _problem(second.response) == (503, "providers-unavailable")
        assert second.response.headers["retry-after"] == "7"
        assert second.response.headers["x-rejected"] == "north south"
        assert second.response.headers["x-provider"] == "none"
        assert calls == ["/zones/Etc/UTC"] * 6

    def test_a_question_that_is_answered_at_last_is_no_failure(self) -> None:
        calls: list[str] = []

        def every_third(request: httpx2.Request) -> httpx2.Response:
            return (_dead if len(calls) % 3 else _healthy)(request)

        asked = [f"Etc/GMT+{hour}" for hour in range(1, 6)]
        visits = _ask_all(_noting(calls, every_third), *asked, settings=_breaker())

        assert {visit.response.headers["x-provider"] for visit in visits} == {"north"}
        assert len(calls) == 15

    def test_that_there_is_no_such_zone_is_no_failure(self) -> None:
        visits = _ask_all(lambda _: httpx2.Response(404), "A", "B", "C", settings=_breaker())

        assert {_problem(visit.response) for visit in visits} == {(404, "unknown-zone")}
        assert {visit.response.headers["x-provider"] for visit in visits} == {"north"}

    def test_a_bug_of_our_own_is_nothing_to_ask_another_provider_about(self) -> None:
        calls: list[str] = []

        def bug(_: httpx2.Request) -> httpx2.Response:
            raise ZeroDivisionError

        visit = _ask(bug, _noting(calls, _healthy), settings=_breaker())

        assert _problem(visit.response) == (500, "internal-error")
        assert calls == []

    def test_a_circuit_closes_when_the_one_that_may_try_is_answered(self) -> None:
        answers = iter([httpx2.Response(500)])

        visits = _ask_all(
            lambda request: next(answers, None) or _healthy(request),
            "Etc/UTC",
            "Etc/GMT",
            south=_healthy,
            settings=_breaker(recovery_timeout=0),
        )

        assert [visit.response.headers["x-provider"] for visit in visits] == ["south", "north"]
        changes = [line["message"] for line in _book(visits).changes("north")]
        assert changes == ["circuit.opened", "circuit.half_opened", "circuit.closed"]


class TestConnections:
    """As many calls at a time as there are connections, to each provider its own."""

    @pytest.fixture(autouse=True)
    def empty(self) -> None:
        clear_cache()

    def test_who_finds_no_connection_waits_and_says_so(self) -> None:
        visits = _ask_all(_slow, *ZONES, at_once=True, settings=_pool(max_size=2))

        assert [visit.response.headers["x-waits"] for visit in visits] == ["0", "0", "1", "1"]
        assert {visit.response.headers["x-provider"] for visit in visits} == {"north"}
        waited = [line["waited_ms"] > 0.0 for line in _book(visits).requests]
        assert waited == [True] * 4

    def test_who_waits_too_long_is_served_by_the_next_provider_and_no_circuit_minds(self) -> None:
        settings = _pool(max_size=2, acquire_timeout=0) | _breaker()

        visits = _ask_all(_slow, *ZONES, at_once=True, south=_healthy, settings=settings)

        served = [visit.response.headers["x-provider"] for visit in visits]
        assert served == ["north", "north", "south", "south"]
        assert [line["calls"] for line in _book(visits).requests].count({"south": 1}) == 2
        assert not _book(visits).changes("north")

    def test_without_a_connection_anywhere_the_client_is_told_to_come_again(self) -> None:
        settings = _pool(max_size=1, acquire_timeout=0)

        visits = _ask_all(_slow, *ZONES[:3], at_once=True, south=_slow, settings=settings)

        assert _problem(visits[2].response) == (503, "providers-unavailable")
        assert visits[2].response.headers["retry-after"] == "1"

    def test_breakers_pools_and_fallback_have_counted_what_the_log_says(self) -> None:
        settings = _pool(max_size=2, acquire_timeout=0) | _breaker(recovery_timeout=60)
        asked = (*ZONES, "DELETE /answers/zone:Etc/UTC")

        def down(request: httpx2.Request) -> httpx2.Response:
            return (_dead if request.url.path == "/zones/Etc/UTC" else _healthy)(request)

        visits = [
            *_ask_all(_slow, *asked, at_once=True, south=_healthy, settings=settings),
            *_ask_all(down, *asked, *ZONES, south=down, settings=settings),
        ]

        for some in (visits[:5], visits[5:]):
            told = TelemetryBook.from_stats(some[0].stats).figures
            wanted = figures.pulled(_book(some))
            kinds = (figures.BREAKER, figures.POOL, figures.FALLBACK)
            ours = {each: count for each, count in wanted.items() if each.name.startswith(kinds)}
            assert {each: told[each] for each in ours} == ours
            assert sum(ours.values()) > 5


class TestCache:
    """What it remembers, and for how long."""

    @pytest.fixture(autouse=True)
    def empty(self) -> None:
        clear_cache()

    def test_the_second_request_is_served_from_the_cache(self) -> None:
        first, second = _ask_all(_once(_healthy), "Etc/UTC", "Etc/UTC")

        assert first.response.json() == second.response.json() == zones.answer("Etc/UTC", AT)
        assert [each.response.headers["x-cache"] for each in (first, second)] == ["miss", "hit"]
        assert second.response.headers["x-provider"] == "none"
        assert second.response.headers["x-retries"] == "0"

    def test_requests_that_ask_the_same_at_once_share_one_load(self) -> None:
        visits = _ask_all(_once(_healthy), *["Etc/UTC"] * 5, at_once=True)

        kinds = Counter(visit.response.headers["x-cache"] for visit in visits)
        assert kinds == {"miss": 1, "coalesced": 4}
        assert {visit.response.status_code for visit in visits} == {200}

    def test_a_failure_is_shared_by_those_who_waited_and_not_remembered(self) -> None:
        answers = iter([httpx2.Response(404)])
        visits = _ask_all(
            lambda r: next(answers, None) or _healthy(r), *["Etc/UTC"] * 3, at_once=True
        )
        (later,) = _ask_all(_healthy, "Etc/UTC")

        assert {_problem(visit.response) for visit in visits} == {(404, "unknown-zone")}
        assert later.response.status_code == 200

    @pytest.mark.parametrize(
        ("other", "at"), [("Etc/GMT", None), ("Etc/UTC", "2026-07-01T12:00:01Z")]
    )
    def test_another_zone_or_instant_is_another_question(self, other: str, at: str | None) -> None:
        _, second = _ask_all(_healthy, "Etc/UTC", other, last_at=at)

        assert second.response.headers["x-cache"] == "miss"

    def test_what_has_changed_is_asked_for_again_and_nothing_else(self) -> None:
        zone, other = "Etc/UTC", "Etc/GMT"

        forget = "DELETE /answers/zone:Etc/UTC"

        visits = _ask_all(_healthy, zone, other, forget, zone, other, key="everybody")

        assert [visit.response.headers.get("x-cache") for visit in visits] == [
            "miss",
            "miss",
            "none",
            "miss",
            "hit",
        ]
        assert visits[2].response.json() == {
            "name": "zone:Etc/UTC",
            "dropped": 1,
            "from_file": 1,
        }

    def test_an_answer_is_kept_until_the_transition_and_no_longer_than_is_configured(self) -> None:
        now = datetime.now(UTC)

        with use_registry(_registry(CONFIG)):
            longest = gateway_settings().keep_answers
            kept = {
                seconds: answers.time_to_keep(_loaded(now + timedelta(seconds=seconds)))
                for seconds in (3, 1000, -3)
            }

            assert answers.time_to_keep(_loaded(None)) == kept[1000] == longest
            assert kept[3] == pytest.approx(3, abs=0.5)
            assert kept[-3] < 0

    def test_an_answer_whose_transition_is_over_is_not_kept(self) -> None:
        at = "1999-01-01T00:00:00Z"

        first, second = _ask_all(_healthy, "Europe/Berlin", "Europe/Berlin", at=at)

        assert first.response.json()["next_transition"] == "1999-03-28T01:00:00+00:00"
        assert second.response.headers["x-cache"] == "miss"

    def test_log_telemetry_and_the_cache_itself_agree(self) -> None:
        visits = _ask_all(_once(_healthy), *["Etc/UTC"] * 4, at_once=True)

        lines = [line for line in visits[0].log if line.message == "request"]
        assert len({line.fields["loaded_by"] for line in lines}) == 1
        assert [line.fields["upstream_ms"] is None for line in lines].count(False) == 1
        assert visits[0].metrics[names.UPSTREAM_SECONDS].count == 1
        assert visits[0].metrics[names.SECONDS].count == 4

    def test_stats_have_the_figures_of_the_cache(self) -> None:
        visit = _ask(_healthy, _must_not_be_asked)

        told = TelemetryBook.from_stats(visit.stats).figures
        own = {figure.name: count for figure, count in told.items() if figure.of == names.ANSWERS}
        assert own["pepperpy.cache.misses"] >= own["pepperpy.cache.loads"] >= 1
        others = ("hits", "coalesced", "load_errors", "removed.invalidated")
        assert {f"pepperpy.cache.{name}" for name in others} <= own.keys()


class TestBooksOfTheGateway:
    """What it counts and logs about a request."""

    def test_a_request_is_counted_once_by_what_came_of_it(self) -> None:
        visit = _ask(_dead, _healthy)

        tags = {"outcome": "answered", "status": "200", "provider": "south", "cache": "miss"}
        assert visit.metrics[names.REQUESTS].value == 1
        assert visit.metrics[names.REQUESTS].tags == [{**tags, "pepperpy.provider.id": "gateway"}]

    def test_log_and_telemetry_have_the_very_same_figures(self) -> None:
        visit = _ask(_dead, _healthy)

        (line,) = (line for line in visit.log if line.message == "request")
        for name, field in quantiles.MEASURED.items():
            assert visit.metrics[name].value == pytest.approx(line.fields[field] / 1000, rel=1e-12)

    def test_retries_are_counted_from_the_signals(self) -> None:
        initialize_telemetry()
        try:
            visit = _ask(_dead, _healthy)
        finally:
            shutdown_telemetry()

        assert visit.metrics["retry.scheduled"].value == 2

    def test_a_request_is_in_the_log_before_its_answer_is_sent(self) -> None:
        visit = _ask(_healthy, _must_not_be_asked)

        assert visit.logged_when_sent == ["attempt", "request"]

    def test_stats_tell_the_start_and_all_metrics(self) -> None:
        visit = _ask(_healthy, _must_not_be_asked)

        book = TelemetryBook.from_stats(visit.stats)
        assert book.start == visit.response.headers["x-start"] == "start-1"
        assert book.kinds[Kind("answered", 200, "north", "miss")] >= 1
        assert book.histogram(names.SECONDS).count == book.kinds.total()

    def test_the_metrics_file_has_in_parts_what_telemetry_has_as_a_whole(
        self, tmp_path: Path
    ) -> None:
        manager, dice = TelemetryManager(), random.Random(3)
        manager.register_handler("file", MetricsFile(tmp_path / "deep" / "m.jsonl", "start-1"))

        for _ in range(3):
            for _ in range(dice.randrange(100)):
                tags = {"outcome": "answered", "status": "200", "cache": "hit"}
                tags["provider"] = dice.choice("ns")
                manager.count(names.REQUESTS, tags=tags)
                manager.histogram(names.SECONDS, dice.expovariate(10))
            assert manager.flush()

        lines = logbook.read_lines(tmp_path / "deep" / "m.jsonl")
        parts = TelemetryBook.from_file(lines, "start-1")
        whole = TelemetryBook("start-1", tuple(manager.snapshot()))
        assert parts.kinds == whole.kinds
        ours, theirs = parts.histogram(names.SECONDS), whole.histogram(names.SECONDS)
        assert ours.positive == theirs.positive
        assert [ours.quantile(q) for q in (0, 0.5, 1)] == [theirs.quantile(q) for q in (0, 0.5, 1)]

    @settings(deadline=None, derandomize=True)
    @given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=300))
    def test_a_histogram_that_was_read_back_has_the_quantiles_that_it_had(
        self, values: list[float]
    ) -> None:
        manager = TelemetryManager()
        for value in values:
            manager.histogram(names.SECONDS, value)

        read = TelemetryBook("start-1", tuple(manager.snapshot())).histogram(names.SECONDS)

        for share in quantiles.SHARES:
            exact = quantiles.quantile(values, share)
            assert read.quantile(share) == pytest.approx(exact, rel=0.011)


class TestSettings:
    def test_the_file_is_valid_and_says_nothing_of_the_key(self) -> None:
        with use_registry(_registry(CONFIG)):
            settings = gateway_settings()

            assert settings.upstreams.keys() == faults.PROVIDERS.keys()
            assert explain_config("gateway")["provider_key"].origin.endswith("_KEY")
            assert KEY not in f"{settings!r} {settings} {explain_config('gateway')}"

    def test_without_a_key_nothing_runs_and_the_message_names_the_variable(self) -> None:
        with (
            use_registry(_registry(CONFIG, environ={})),
            pytest.raises(ConfigError, match="PEPPERPY_GATEWAY_PROVIDER_KEY"),
        ):
            gateway_settings()

    def test_the_demo_can_edit_the_file_and_its_mistake_is_refused(self, tmp_path: Path) -> None:
        file, registry = tmp_path / "pepperpy.toml", _registry(tmp_path / "pepperpy.toml")
        text = CONFIG.read_text("utf-8")
        file.write_text(text, "utf-8")
        with use_registry(registry):
            before = gateway_settings()

            file.write_text(interferer.changed(text, interferer.EDIT), "utf-8")
            (change,) = registry.reload_config()
            file.write_text(interferer.changed(text, interferer.SLIP), "utf-8")
            with pytest.raises(ConfigError, match=r"attempts.*pepperpy\.toml:"):
                registry.reload_config()

            assert change.paths == ("time_for_an_attempt",)
            assert gateway_settings().time_for_an_attempt == interferer.SHORT
            assert gateway_settings().attempts == before.attempts

    def test_an_edit_of_what_is_not_there_is_refused(self) -> None:
        with pytest.raises(ValueError, match="attempts = 3"):
            interferer.changed("[gateway]", interferer.SLIP)


class TestProvider:
    @pytest.mark.timeout(30)
    @pytest.mark.parametrize(("key", "status"), [(KEY, 200), ("another", 401), ("", 401)])
    def test_only_who_has_the_key_is_answered(self, key: str, status: int) -> None:
        async def ask() -> httpx2.Response:
            settings = ProviderSettings.from_dict({"key": KEY})
            plan = faults.Plan(seed=1, provider="north", duration=9)
            with child.claim(18490) as held:
                upstream = provider.Provider(plan, settings)
                await upstream.open(held)
                url = f"http://{child.HOST}:{held.getsockname()[1]}/zones/Europe/Berlin"
                async with httpx2.AsyncClient(trust_env=False) as client:
                    headers = {"x-api-key": key} if key else {}
                    response = await client.get(url, params={"at": AT.isoformat()}, headers=headers)
                upstream.close()
            return response

        assert asyncio.run(ask()).status_code == status


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
    @pytest.mark.parametrize("script", ["provider.py", "gateway.py"])
    def test_a_child_stops_when_its_parent_is_gone(self, script: str, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, Path(demo.__file__).with_name(script), *ARGUMENTS[script]],
            input=b"start\n",  # and then the end
            capture_output=True,
            check=True,
            env=os.environ | _environ(tmp_path),
        )

        assert json.loads(done.stdout)["port"] >= 18480

    @pytest.mark.timeout(60)
    def test_a_child_that_was_killed_comes_back_on_its_port_with_another_start(
        self, tmp_path: Path
    ) -> None:
        async def kill_and_start() -> tuple[list[int], list[str]]:
            ports = []
            environ = _environ(tmp_path)
            async with running("gateway.py", "gateway", environ=environ, show=print) as gateway:
                death = asyncio.create_task(gateway.death())
                ports.append(gateway.port)
                await gateway.kill()
                await gateway.spawn(
                    PEPPERPY_GATEWAY_PORT=str(gateway.port), PEPPERPY_GATEWAY_OTHER_PORTS="0"
                )
                await gateway.ready()
                ports.append(gateway.port)
                assert not death.done()  # it was killed on purpose
                death.cancel()
            return ports, list(Logbook(logbook.read_lines(tmp_path / "log.jsonl")).starts)

        ports, starts = asyncio.run(kill_and_start())

        assert ports[0] == ports[1]
        assert len(set(starts)) == 2

    @pytest.mark.timeout(60)
    def test_a_child_that_ends_by_itself_is_told_with_its_last_lines(self, tmp_path: Path) -> None:
        async def start() -> None:
            environ = _environ(tmp_path) | {"PEPPERPY_GATEWAY_ATTEMPTS": "none"}
            async with running("gateway.py", "gateway", environ=environ, show=print):
                pass

        with pytest.raises(ChildError, match="ended with 1") as caught:
            asyncio.run(start())

        assert "PEPPERPY_GATEWAY_ATTEMPTS" in str(caught.value.tail)


class TestInterferer:
    @pytest.mark.parametrize(
        ("kill", "done"),
        [(True, ["kill", "spawn", "ready", "back"]), (False, [])],
        ids=["kill", "no kill"],
    )
    def test_it_edits_the_file_back_and_kills_if_it_may(
        self, tmp_path: Path, kill: bool, done: list[str]
    ) -> None:
        gateway = _FakeChild()

        interfering = asyncio.run(_interfere(gateway, tmp_path, kill=kill))

        assert (tmp_path / "pepperpy.toml").read_bytes() == CONFIG.read_bytes()
        assert [edit.what for edit in interfering.edits] == [
            "edited",
            "edited with a mistake",
            "edited back",
        ]
        news = "zone:Europe/Berlin"
        assert gateway.calls == [news, *done, news]
        assert [(change.name, change.dropped) for change in interfering.changes] == [(news, 2)] * 2
        assert (interfering.outage is not None) == kill

    def test_once_stopped_it_begins_nothing(self, tmp_path: Path) -> None:
        gateway = _FakeChild()

        interfering = asyncio.run(_interfere(gateway, tmp_path, kill=True, stop=True))

        assert not interfering.edits
        assert not gateway.calls


class TestOptions:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ("--requests 0", "must be positive"),
            ("--rate -1", "must be positive"),
            ("--rate nan", "must be positive"),
            ("--rate inf", "must be positive"),
            ("--requests 300 --rate 100", "all is over after 3 s"),
            ("--port 0", "got 0"),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_reason(
        self, arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            demo.parse_options(arguments.split())

        assert complaint in capsys.readouterr().err

    def test_a_quick_run_is_long_enough(self) -> None:
        assert demo.parse_options(["--quick"]).requests == 800


class TestReport:
    def test_folders_of_older_runs_are_left_alone(self, tmp_path: Path) -> None:
        folders = {report.make_folder(tmp_path / "deep") for _ in range(3)}

        assert len(folders) == 3

    @pytest.mark.parametrize(
        ("is_flawed", "interruption", "code"),
        [(False, 0, 0), (True, 0, 1), (True, 2, 1), (False, signal.SIGINT, 130)],
    )
    def test_the_exit_code_tells_how_it_went(
        self, is_flawed: bool, interruption: int, code: int
    ) -> None:
        assert demo.exit_code(is_flawed, interruption) == code


ARGUMENTS: dict[str, list[str]] = {
    "provider.py": ["--name=north", "--port=18480", "--seed=1", "--duration=9"],
    "gateway.py": [],
}


def _environ(folder: Path) -> dict[str, str]:
    """What a child needs, with nothing of it outside of *folder*."""
    return {
        "PEPPERPY_CONFIG": str(CONFIG),
        "PEPPERPY_LOGGING_LOG_FILE": str(folder / "log.jsonl"),
        "PEPPERPY_GATEWAY_METRICS_FILE": str(folder / "metrics.jsonl"),
        "PEPPERPY_GATEWAY_KEYS_FILE": str(folder / "keys.db"),
        "PEPPERPY_GATEWAY_ANSWERS_FILE": str(folder / "answers.db"),
        "PEPPERPY_GATEWAY_PORT": "18480",
        "PEPPERPY_GATEWAY_PROVIDER_KEY": KEY,
        "PEPPERPY_PROVIDER_KEY": KEY,
    }


def _registry(file: Path | None, environ: dict[str, str] | None = None) -> ConfigRegistry:
    """A registry of our own: no test reads what the machine has set."""
    default = {"PEPPERPY_GATEWAY_PROVIDER_KEY": KEY}
    registry = ConfigRegistry(
        file=file, profile=None, dotenv=None, environ=default if environ is None else environ
    )
    registry.register("gateway", GatewaySettings)
    return registry


class _FakeChild:
    """Stands for a process, and notes what is done to it."""

    port = 8470

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def forget(self, name: str) -> int:
        self.calls.append(name)
        return 2

    async def kill(self) -> None:
        self.calls.append("kill")

    async def spawn(self, **environ: str) -> None:
        assert environ["PEPPERPY_GATEWAY_PORT"] == "8470"
        self.calls.append("spawn")

    async def ready(self) -> None:
        self.calls.append("ready")

    async def come_back(self) -> None:
        self.calls.append("back")


async def _interfere(
    gateway: _FakeChild, folder: Path, *, kill: bool, stop: bool = False
) -> interferer.Interferer:
    file, done = folder / "pepperpy.toml", asyncio.Event()
    file.write_bytes(CONFIG.read_bytes())
    interfering = interferer.Interferer(
        cast("Child", gateway),
        file,
        faults.interference(1, 9),
        kill=kill,
        name="zone:Europe/Berlin",
        forget=gateway.forget,
        on_back=gateway.come_back,
        now=lambda: 9.0,  # everything is due
        done=done,
        say=lambda _: None,
    )
    if stop:
        interfering.stop()
    await interfering.run()
    assert done.is_set()
    return interfering


def _instant(dice: random.Random) -> datetime:
    return datetime(1901, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(298 * 31_556_952))


def _state(info: zoneinfo.ZoneInfo, at: datetime) -> tuple[timedelta | None, str | None]:
    local = at.astimezone(info)
    return local.utcoffset(), local.tzname()


@dataclass
class _Visit:
    """One request to a gateway, and all that could be seen of it and of those beside it."""

    response: httpx2.Response
    stats: dict[str, Any]
    exposed: str
    retries: Any
    metrics: Any
    log: list[Any]
    signals: list[Signal]
    logged_when_sent: list[str]


Answering = (
    Callable[[httpx2.Request], httpx2.Response]
    | Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]
)


def _ask(
    north: Answering,
    south: Answering,
    zone: str = "Europe/Berlin",
    at: str = "2026-07-01T12:00:00Z",
    settings: dict[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    headers: dict[str, Any] | None = None,
    house: _House | None = None,
    key: str = "driver",
) -> _Visit:
    """One request to a gateway between these providers; its *query* asks about *at*."""
    (visit,) = _ask_all(
        north,
        zone,
        south=south,
        at=at,
        settings=settings,
        query=query,
        headers=headers,
        house=house,
        key=key,
    )
    return visit


def _ask_all(
    north: Answering,
    *zones_: str,
    south: Answering | None = None,
    at: str = "2026-07-01T12:00:00Z",
    last_at: str | None = None,
    at_once: bool = False,
    settings: dict[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    headers: dict[str, Any] | None = None,
    house: _House | None = None,
    key: str = "driver",
) -> list[_Visit]:
    """Requests to one gateway, in turn or at once; "GET /path" in place of a zone is another question."""
    house = house or _House()
    keys = house.issued()

    async def ask() -> list[_Visit]:
        for name, answer in (("north", north), ("south", south or _must_not_be_asked)):
            transport = httpx2.MockTransport(answer)
            register_pool(connections(gateway_settings(), name, transport=transport))
        await initialize_pools()
        signals: list[Signal] = []
        async with house.keys, house.answers:
            return await visit(signals)

    async def visit(signals: list[Signal]) -> list[_Visit]:
        app, logged = house.gateway(Upstreams(gateway_settings())).app(), []
        operator = keyring.bearer(keys["operator"])
        end = subscribe(signals.append)

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def note_and_send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    logged.append([line.message for line in log if line.logger == "gateway"])
                await send(message)

            await app(scope, receive, note_and_send)

        def request(number: int, zone: str) -> Any:
            if zone.startswith(("GET", "DELETE")):
                return client.request(*zone.split(" "), headers=shown)
            is_last = number == len(zones_) - 1
            params = {"at": (is_last and last_at) or at} if query is None else query
            return client.get(f"/zones/{quote(zone)}", params=params, headers=shown)

        shown = _shown(keys, key, headers)
        gateway = httpx2.ASGITransport(watched)
        async with httpx2.AsyncClient(transport=gateway, base_url="http://gateway") as client:
            with retry.testing() as retries, capture_metrics() as metrics, capture_logs() as log:
                calls = [request(number, zone) for number, zone in enumerate(zones_)]
                responses = await _all(calls, at_once=at_once)
            stats = (await client.get("/stats", headers=operator)).json()
            told = (await client.get("/metrics", headers=operator)).text
        end()
        await close_pools()
        return [
            _Visit(response, stats, told, retries, metrics, list(log), signals, logged[0])
            for response in responses
        ]

    with use_registry(_registry(None)) as registry, isolated_circuit_breakers():
        upstreams = {name: f"http://{name}" for name in faults.PROVIDERS}
        pool = {"min_size": 3, "max_size": 3, "validate_on_acquire": False}
        registry.set_config("gateway", {"upstreams": upstreams, "pool": pool, **(settings or {})})
        try:
            return asyncio.run(ask())
        finally:
            for name in upstreams:
                unregister_pool(name)


@asynccontextmanager
async def _north(folder: Path) -> AsyncIterator[str]:
    """A provider without faults, as a process of its own; its URL."""
    environ = _environ(folder) | {"PEPPERPY_LOGGING_LOG_FILE": str(folder / "north.jsonl")}
    options = ("--name=north", "--port=18490", "--seed=1", "--duration=1000000")
    async with running("provider.py", "north", *options, environ=environ, show=print) as north:
        yield f"http://{child.HOST}:{north.port}"


async def _drive(
    port: int, keys: keyring.Keyring, asks: list[load.Ask], outcomes: list[Outcome]
) -> None:
    ready = asyncio.Event()
    ready.set()
    driver = Driver(
        [f"http://{child.HOST}:{port}"],
        asks,
        keys=keys,
        at=AT,
        rate=100,
        ready=ready,
        on_begin=lambda: None,
        on_outcome=outcomes.append,
    )
    await driver.run()


async def _all(
    calls: list[Coroutine[Any, Any, httpx2.Response]], *, at_once: bool
) -> list[httpx2.Response]:
    return await asyncio.gather(*calls) if at_once else [await call for call in calls]


def _shown(keys: keyring.Keyring, key: str, headers: Mapping[str, Any] | None) -> dict[str, Any]:
    """The headers of a request that shows this key, if any."""
    return (keyring.bearer(keys[key]) if key else {}) | dict(headers or {})


class _House:
    """Where keys and last answers are; a gateway that is started anew is another one in the same."""

    def __init__(self, start: str = "start-1") -> None:
        self.keys: StorageProvider = MemoryStorageProvider("keys")
        self.answers: StorageProvider = MemoryStorageProvider("answers")
        self.start = start
        self._issued: keyring.Keyring = {}

    def gateway(self, upstreams: Upstreams) -> Gateway:
        last = LastAnswers(self.answers, self.start)
        return Gateway(upstreams, Access(self.keys), last, self.start)

    def issued(self) -> keyring.Keyring:
        """The keys of the demo, and one with which everything may be done."""

        async def issue() -> keyring.Keyring:
            async with self.keys:
                manager = security_manager(self.keys)
                everything = await manager.acreate_identity("all", {"*": PermissionLevel.ADMIN})
                key = (await manager.acreate_api_key(everything.id)).key
                return {**await keyring.issue_all(self.keys), "everybody": key}

        if not self._issued:
            self._issued = asyncio.run(issue())
        return self._issued

    def anew(self, start: str) -> _House:
        """For the next start of the gateway."""
        self.start = start
        return self


def _breaker(**settings: float) -> dict[str, Any]:
    """A circuit opens with the first failure."""
    return {"breaker": {"failure_threshold": 1, **settings}}


def _pool(max_size: int, **settings: float) -> dict[str, Any]:
    sizes = {"min_size": max_size, "max_size": max_size}
    return {"pool": {**sizes, "validate_on_acquire": False, **settings}}


def _book(visits: list[_Visit]) -> Logbook:
    """What was logged and signalled, as it would be read from the file."""
    return Logbook(
        [
            *({"message": s.kind, "logger": s.source, **s.facts} for s in visits[0].signals),
            *({"message": e.message, "logger": e.logger, **e.fields} for e in visits[0].log),
        ]
    )


def _noting(
    calls: list[str], answer: Callable[[httpx2.Request], httpx2.Response]
) -> Callable[[httpx2.Request], httpx2.Response]:
    """A provider that notes what it is asked."""

    def note(request: httpx2.Request) -> httpx2.Response:
        calls.append(request.url.path)
        return answer(request)

    return note


async def _slow(request: httpx2.Request) -> httpx2.Response:
    """A provider that lets others run before it answers."""
    for _ in range(100):
        await asyncio.sleep(0)
    return _healthy(request)


def _once(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> Callable[[httpx2.Request], httpx2.Response]:
    """A provider that must not be asked twice."""
    left = [answer]

    def answer_once(request: httpx2.Request) -> httpx2.Response:
        return (left.pop() if left else _must_not_be_asked)(request)

    return answer_once


def _loaded(change: datetime | None) -> answers.Loaded:
    told = zones.answer("Etc/UTC", AT)
    told["next_transition"] = change.isoformat() if change else None
    return answers.Loaded(answer=told, by="1-00001", ended=0.0)


def _healthy(request: httpx2.Request) -> httpx2.Response:
    zone = request.url.path.removeprefix("/zones/")
    return httpx2.Response(
        200, json=zones.answer(zone, zones.parse_instant(request.url.params["at"]))
    )


def _dead(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


def _must_not_be_asked(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"asked for {request.url}")


def _refusal(status: int, *found: mistakes.Found) -> bytes:
    errors = [{"path": path, "code": code, "message": "must be so"} for path, code in found]
    content = {"name": "invalid-request", "status": status, "detail": "...", "errors": errors}
    return json.dumps(content).encode()


def _problem(response: httpx2.Response) -> tuple[int, str]:
    content = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    more = {"errors"} if content["name"] == "invalid-request" else set()
    assert content.keys() == {"name", "status", "detail", "request_id"} | more
    assert content["status"] == response.status_code
    return response.status_code, content["name"]
