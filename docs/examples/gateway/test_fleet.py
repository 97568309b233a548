"""Several gateways that share a Redis: faults planted into their books have to be found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import access
import circuits
import demo
import fleetcache
import fleetchecks
import fleetcircuits
import fleetmetrics
import fleetplot
import fleettables
import last
import pytest
import redisserver
import settings
import stores
import zones
from access import Access
from driver import Outcome, Verdict
from errors import StoreUnavailableError, UnauthenticatedError, UnknownKeyError
from evidence import Evidence
from faults import DOWN, PROVIDERS, STILL, Outage, Plan, troubles
from fleet import Ended, Fleet, Told, joined
from fleetcircuits import POLL
from keyring import Keyring, issue_passing, key_id
from last import LastAnswers
from logbook import Logbook
from names import REQUESTS, START
from pydantic import SecretStr
from requestlog import RequestLog
from scraper import Reading
from starlette.requests import Request
from trespasses import PASSING

from pepperpy.infra import FileStorageProvider, MemoryStorageProvider
from pepperpy.infra.storage import RedisStorageProvider

BEGAN = datetime(2026, 7, 1, 12, tzinfo=UTC)
AT = BEGAN.isoformat()
Line = dict[str, Any]


def _line(at: float, message: str, **fields: Any) -> Line:
    moment = (BEGAN + timedelta(seconds=at)).isoformat()
    return {"timestamp": moment, "logger": "gateway", "message": message, **fields}


def _started(start: str, at: float = 0.0) -> list[Line]:
    data = {"start": start, "keep": 5.0, "keep_last": 300.0, "warm_up": 3.0, "recovery": 0.5}
    return [
        _line(at, "hello", **{"event.name": "gateway.started", "event.data": data}),
        _line(at, "serving"),
    ]


def _request(at: float, id_: str, cache: str = "miss", **fields: Any) -> Line:
    own: Line = {
        "request_id": id_,
        "zone": "Etc/UTC",
        "status": 200,
        "problem": None,
        "providers": ["north"] if cache == "miss" else [],
        "cache": cache,
        "loaded_by": id_ if cache == "miss" else None,
        "age": 0.0,
        "ms": 10.0,
        "validation_ms": 0.1,
        "upstream_ms": None,
    }
    return _line(at, "request", **own | fields)


def _a_run(
    first: Sequence[Line] = (),
    second: Sequence[Line] = (),
    outcomes: Sequence[Outcome] = (),
    readings: Sequence[Reading] = (),
    **fields: Any,
) -> tuple[Evidence, Fleet]:
    """The books of two gateways."""
    logs = [Logbook([*_started("start-1"), *first]), Logbook([*_started("start-2"), *second])]
    fleet = Fleet(workers=2, logs=logs, **fields)
    run = Evidence(
        seed=1,
        at=BEGAN,
        began=BEGAN,
        kept=outcomes,
        requests=RequestLog(outcomes, "gzip", 1, 2, 2),
        log=Logbook(joined(logs)),
        readings=readings,
        fleet=fleet,
    )
    return run, fleet


def _outcome(id_: str, worker: int = 0, **fields: Any) -> Outcome:
    own: dict[str, Any] = {
        "verdict": Verdict.RIGHT,
        "status": 200,
        "cache": "none",
        "start": f"start-{worker + 1}",
        "seconds": 0.01,
    }
    return Outcome(id=id_, zone="Etc/UTC", worker=worker, **own | fields)


class TestProbes:
    """One gateway at a time tries a provider again."""

    def _tried(self, id_: str, begin: float, end: float) -> list[Line]:
        return [
            _line(1.0, "circuit.opened", logger="north", shared=True),
            _line(begin - 0.01, "circuit.half_opened", logger="north", request_id=id_),
            _line(begin, "attempt", provider="north", request_id=id_),
            _line(end, "circuit.opened", logger="north", request_id=id_),
            _request(end + 0.01, id_),
        ]

    def test_one_after_the_other_is_right(self) -> None:
        run, fleet = _a_run(self._tried("a", 2.0, 2.5), self._tried("b", 2.6, 2.9))

        assert not list(fleetcircuits.probes(run, fleet))
        assert [each.request_id for each in fleetcircuits.all_probes(run, fleet)] == ["a", "b"]

    def test_two_at_once_are_found(self) -> None:
        run, fleet = _a_run(self._tried("a", 2.0, 2.5), self._tried("b", 2.4, 2.9))

        (problem,) = fleetcircuits.probes(run, fleet)
        assert "tried by gateway-2 (b) at 2.400 s beside gateway-1 (a)" in problem

    def test_without_the_redis_each_decides_alone(self) -> None:
        run, fleet = _a_run(
            self._tried("a", 2.0, 2.5), self._tried("b", 2.4, 2.9), down=Outage(1.5, 3.0)
        )

        assert not list(fleetcircuits.probes(run, fleet))

    def test_a_call_past_an_open_circuit_is_found(self) -> None:
        lines = [
            _line(1.0, "circuit.opened", logger="north", shared=True),
            _line(1.2, "attempt", provider="north", request_id="a"),
        ]
        run, fleet = _a_run(lines, outcomes=[_outcome("a", sent=9.0)])

        assert list(fleetcircuits.probes(run, fleet)) == [
            "gateway-1 called north at 1.20 s by a, and its circuit was open"
        ]


class TestChanges:
    """The changes of a circuit follow each other, also where another gateway decides."""

    @pytest.mark.parametrize(("shared", "count"), [(True, 0), (False, 1)])
    def test_it_may_be_closed_at_once_by_another_gateway_only(
        self, shared: bool, count: int
    ) -> None:
        lines = [
            _line(1.0, "circuit.opened", logger="north", shared=shared),
            _line(1.2, "circuit.closed", logger="north", shared=shared),
        ]
        run, _ = _a_run(lines)

        assert len(list(circuits.changes(run))) == count


class TestSpread:
    """What one gateway has found out, all know."""

    OPENED = _line(1.0, "circuit.opened", logger="north", request_id="a")
    LATE = _outcome("z", sent=20.0)

    def test_who_opens_it_as_well_has_heard(self) -> None:
        heard = _line(1.02, "circuit.opened", logger="north", shared=True)
        run, fleet = _a_run([self.OPENED], [heard], [self.LATE])

        assert not list(fleetcircuits.spread(run, fleet))
        (trip,) = fleetcircuits.trips(run, fleet)
        assert trip.heard == {1: pytest.approx(0.02)}

    def test_who_has_it_open_already_has_not_heard_late(self) -> None:
        heard = [
            _line(at, message, logger="north", shared=message.endswith("opened"))
            for at, message in ((1.01, "circuit.opened"), (3.02, "circuit.opened"))
        ]
        again = [_line(at, "circuit.opened", logger="north", request_id="b") for at in (2.0, 3.0)]
        run, fleet = _a_run([self.OPENED, *again], heard, [self.LATE])

        assert [trip.heard for trip in fleetcircuits.trips(run, fleet)] == [
            {1: pytest.approx(0.01)},
            {},
            {1: pytest.approx(0.02)},
        ]

    def test_who_goes_on_is_found(self) -> None:
        run, fleet = _a_run([self.OPENED], [], [self.LATE])

        assert list(fleetcircuits.spread(run, fleet)) == [
            "gateway-1 left north at 1.00 s, and gateway-2 went on for more than 5.0 s"
        ]

    def test_without_the_redis_nobody_can_hear(self) -> None:
        run, fleet = _a_run([self.OPENED], [], [self.LATE], frozen=Outage(2.0, 3.0))

        assert not list(fleetcircuits.spread(run, fleet))


class TestRemembered:
    """What had changed is served for no longer than it may be."""

    LOAD = _request(1.0, "a")
    TOLD = Told(name="zone:Etc/UTC", worker=0, asked=2.0, acknowledged=2.1, is_done=True)

    def _hit(self, at: float, **fields: Any) -> Line:
        return _request(at, "b", "hit", loaded_by="a", ms=1.0, **fields)

    def test_what_another_gateway_has_loaded_is_good(self) -> None:
        run, fleet = _a_run([self.LOAD], [self._hit(1.5, age=0.5)])

        assert not list(fleetcache.remembered(run, fleet))
        assert list(fleetcache.shared_answers(run, fleet)) == [("b", 1, 0)]

    def test_another_gateway_may_have_it_until_the_news_come(self) -> None:
        run, fleet = _a_run([self.LOAD], [self._hit(2.5)], told=[self.TOLD])

        assert not list(fleetcache.remembered(run, fleet))
        ((_, _, late),) = fleetcache.stale(run, fleet)
        assert late == pytest.approx(0.4, abs=0.01)

    @pytest.mark.parametrize(("worker", "at"), [(0, 2.2), (1, 4.7)])
    def test_who_was_told_may_not_and_nobody_may_for_long(self, worker: int, at: float) -> None:
        lines: list[list[Line]] = [[self.LOAD], []]
        lines[worker].append(self._hit(at))
        run, fleet = _a_run(lines[0], lines[1], told=[self.TOLD])

        (problem,) = fleetcache.remembered(run, fleet)
        assert f"from before a change from gateway-{worker + 1}" in problem

    @pytest.mark.parametrize(("at", "count"), [(2.9, 0), (3.1, 1)])
    def test_last_answers_are_served_shortly_after_a_start_only(
        self, at: float, count: int
    ) -> None:
        run, fleet = _a_run([self.LOAD], [_request(at, "b", "left", loaded_by="a", ms=1.0)])

        assert len(list(fleetcache.remembered(run, fleet))) == count

    def test_a_change_that_was_not_acknowledged_promises_nothing(self) -> None:
        told = Told(name="zone:Etc/UTC", worker=0, asked=2.0, acknowledged=2.1, is_done=False)
        run, fleet = _a_run([self.LOAD, self._hit(2.2)], told=[told])

        assert not list(fleetcache.remembered(run, fleet))

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"loaded_by": "nobody"}, "whom no log has"),
            ({"zone": "Etc/GMT"}, "got an answer about Etc/UTC"),
            ({"age": 5.2}, "and 5.02 s are allowed"),
        ],
    )
    def test_an_answer_from_nowhere_or_too_old_is_found(self, fields: Line, words: str) -> None:
        run, fleet = _a_run([self.LOAD], [self._hit(1.5) | fields])

        (problem,) = fleetcache.remembered(run, fleet)
        assert words in problem


class TestEnded:
    """A key that one gateway has ended is good for nothing anywhere."""

    KEY = Ended("passing-1", 0, 1.0, 1.1)

    def _shown(self, worker: int, status: int) -> Outcome:
        verdict = Verdict.NAMED_ERROR if status == 401 else Verdict.WRONG
        trespass = "passing-1, ended"
        return _outcome(f"own-{worker}", worker, status=status, verdict=verdict, trespass=trespass)

    def test_refused_by_all_is_right(self) -> None:
        run, fleet = _a_run(outcomes=[self._shown(0, 401), self._shown(1, 401)], ended=[self.KEY])

        assert not list(fleetchecks.ended(run, fleet))

    def test_good_for_one_is_found(self) -> None:
        run, fleet = _a_run(outcomes=[self._shown(0, 401), self._shown(1, 200)], ended=[self.KEY])

        assert list(fleetchecks.ended(run, fleet)) == [
            "passing-1 got 200 from gateway-2 after its end"
        ]

    def test_never_shown_to_one_is_found(self) -> None:
        run, fleet = _a_run(outcomes=[self._shown(0, 401)], ended=[self.KEY])

        assert list(fleetchecks.ended(run, fleet)) == [
            "nobody has shown passing-1 to gateway-2 after its end"
        ]


class TestCutOff:
    """Only the gateway that was killed may leave requests without an answer."""

    @pytest.mark.parametrize(("worker", "count"), [(1, 0), (0, 1)])
    def test_by_another_one_it_is_found(self, worker: int, count: int) -> None:
        gone = _outcome("a", worker, verdict=Verdict.REFUSED, sent=5.2)
        run, fleet = _a_run(outcomes=[gone], away={1: Outage(5.0, 6.0)})

        assert len(list(fleetchecks.cut_off(run, fleet))) == count


class TestPatience:
    """Nobody waits for a Redis that is away for longer than is said."""

    @pytest.mark.parametrize(("ms", "count"), [(2000.0, 0), (2400.0, 1)])
    def test_who_waits_too_long_is_found(self, ms: float, count: int) -> None:
        run, fleet = _a_run([_request(9.0, "a", ms=ms)], down=Outage(5.0, 7.0))

        assert len(list(fleetchecks.patience_with_redis(run, fleet))) == count


class TestMetrics:
    """`/metrics` of all in sum."""

    def _reading(self, worker: int, count: int) -> Reading:
        text = (
            f'{START.replace(".", "_")}{{start="start-{worker + 1}"}} 1\n'
            f'{REQUESTS.replace(".", "_")}_total{{status="200",cache="miss"}} {count}\n'
            "process_memory_usage 1000\n"
        )
        return Reading.of(text, asked=9.0, came=9.1, worker=worker)

    def _run(self, *counts: int) -> tuple[Evidence, Fleet]:
        outcomes = [_outcome("a", 0, cache="miss"), _outcome("b", 1, cache="miss")]
        readings = [self._reading(worker, count) for worker, count in enumerate(counts)]
        return _a_run(outcomes=outcomes, readings=readings)

    def test_what_the_driver_has_counted_is_the_sum(self) -> None:
        driver, told = fleetmetrics.summed(*self._run(1, 1))

        assert driver == told
        assert told["requests with status 200"] == 2

    def test_one_too_many_is_found_at_its_gateway_and_in_the_sum(self) -> None:
        problems = [*fleetmetrics.exposed(*self._run(1, 2))]

        assert "requests with status 200: /metrics 3 in sum, driver 2" in problems
        assert any(each.startswith("gateway-2: requests with status 200") for each in problems)

    def test_a_gateway_that_was_not_read_is_found(self) -> None:
        assert "/metrics of gateway-2 was not read in the end" in fleetmetrics.exposed(
            *self._run(1)
        )


class TestReport:
    """Tables and plot."""

    def _run(self) -> tuple[Evidence, Fleet]:
        probe = TestProbes()._tried("a", 2.0, 2.5)
        gone = _outcome("c", 1, verdict=Verdict.REFUSED, sent=5.2, status=0)
        late = _outcome("d", 0, verdict=Verdict.NAMED_ERROR, status=503, sent=7.5)
        return _a_run(
            probe,
            [_request(3.0, "b", "hit", loaded_by="a")],
            [_outcome("a", cache="miss", sent=2.0), _outcome("b", 1, cache="hit"), gone, late],
            told=[TestRemembered.TOLD],
            ended=[TestEnded.KEY],
            away={1: Outage(5.0, 6.0)},
            frozen=Outage(6.5, 7.0),
            down=Outage(7.0, 8.0),
        )

    def test_the_tables_say_what_each_has_done_and_what_callers_saw(self) -> None:
        run, fleet = self._run()

        each = {row[0]: row[1:] for row in fleettables.gateways(run, fleet).rows}
        bad = {row[0]: row[-1] for row in fleettables.troubles(run, fleet).rows}

        assert each["  refused: nobody listened"] == ("0", "1", "1")
        assert each["  of these loaded by another gateway"] == ("0", "1", "1")
        assert bad["gateway-2 killed"] == "1 refused"
        assert all(table.title for table in fleettables.tables(run, fleet))

    def test_the_plot_is_drawn(self, tmp_path: Path) -> None:
        fleetplot.draw(*self._run(), tmp_path / "plot.svg")

        text = (tmp_path / "plot.svg").read_text("utf-8")
        assert "gateway-2 is killed" in text.replace("<!-- ", "").replace(" -->", "")


def _shows(key: str) -> Request:
    headers = [(b"authorization", f"Bearer {key}".encode())]
    return Request({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)})


class TestAccessWithoutAStorage:
    """Keys are believed by memory for a while when their storage cannot be asked."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        clock = SimpleNamespace(now=100.0)
        monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: clock.now))
        monkeypatch.setattr(access, "gateway_settings", lambda: SimpleNamespace(trust_keys=5.0))
        return clock

    def test_a_good_one_is_and_an_ended_one_is_not(self, clock: SimpleNamespace) -> None:
        async def ask() -> str:
            entrance, keys = await _lost()
            clock.now += 5.0
            with pytest.raises(UnauthenticatedError):
                await entrance.identify(_shows(keys["revoked"]))
            return (await entrance.identify(_shows(keys["driver"]))).name

        assert asyncio.run(ask()) == "driver"

    def test_none_is_believed_for_longer_than_is_configured(self, clock: SimpleNamespace) -> None:
        async def ask() -> None:
            entrance, keys = await _lost()
            clock.now += 5.1
            await entrance.identify(_shows(keys["driver"]))

        with pytest.raises(StoreUnavailableError, match="cannot be found out"):
            asyncio.run(ask())

    def test_a_key_is_not_said_to_be_ended_if_it_may_not_be(self, clock: SimpleNamespace) -> None:
        async def end() -> None:
            entrance, keys = await _lost()
            await entrance.revoke(key_id(keys[PASSING[0]]))

        assert clock.now
        with pytest.raises(StoreUnavailableError, match="the key is not ended"):
            asyncio.run(end())

    def test_a_key_that_is_ended_in_one_gateway_is_refused_by_another(
        self, clock: SimpleNamespace
    ) -> None:
        async def end() -> None:
            async with MemoryStorageProvider("keys") as storage:
                keys = await issue_passing(storage)
                one, other = Access(storage), Access(storage)
                await one.begin()
                await other.begin()
                await other.identify(_shows(keys[PASSING[0]]))
                await one.revoke(key_id(keys[PASSING[0]]))
                with pytest.raises(UnknownKeyError):
                    await one.revoke("0" * 16)
                await other.identify(_shows(keys[PASSING[0]]))

        assert clock.now
        with pytest.raises(UnauthenticatedError):
            asyncio.run(end())


async def _lost() -> tuple[Access, Keyring]:
    """Keys that were there when the gateway began, and are not any more."""
    async with MemoryStorageProvider("keys") as storage:
        keys = await issue_passing(storage)
        entrance = Access(storage)
        await entrance.begin()
    return entrance, keys


class TestLastAnswersOfSeveral:
    """One gateway keeps what another one has loaded, unless it has changed."""

    ANSWER = zones.answer("Etc/UTC", BEGAN)

    @pytest.fixture(autouse=True)
    def settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = SimpleNamespace(warm_up=3.0, keep_last=300.0)
        monkeypatch.setattr(last, "gateway_settings", lambda: told)

    def test_a_load_that_another_gateways_change_has_overtaken_is_never_served(self) -> None:
        async def overtake() -> tuple[int | None, last.Kept | None]:
            async with MemoryStorageProvider("answers") as storage:
                one, other, third = (LastAnswers(storage, f"start-{n}") for n in (1, 2, 3))
                changes = await one.changes("Etc/UTC")
                await other.forget("zone:Etc/UTC")
                stored = await one.keep("Etc/UTC", AT, self.ANSWER, "a", changes)
                return stored, await third.left("Etc/UTC", AT)

        assert asyncio.run(overtake()) == (None, None)

    def test_nor_one_that_was_written_at_the_same_time(self) -> None:
        async def overtake() -> last.Kept | None:
            async with MemoryStorageProvider("answers") as storage:
                one, other, third = (LastAnswers(storage, f"start-{n}") for n in (1, 2, 3))
                looked = await one.changes("Etc/UTC")
                one.changes = AsyncMock(return_value=looked)  # type: ignore[method-assign]
                await other.forget("zone:Etc/UTC")
                assert await one.keep("Etc/UTC", AT, self.ANSWER, "a", looked)
                return await third.left("Etc/UTC", AT)

        assert asyncio.run(overtake()) is None

    def test_what_another_one_keeps_is_served_after_a_start(self) -> None:
        async def share() -> last.Kept | None:
            async with MemoryStorageProvider("answers") as storage:
                one, other = LastAnswers(storage, "start-1"), LastAnswers(storage, "start-2")
                await other.forget("zone:Etc/UTC")
                await one.keep("Etc/UTC", AT, self.ANSWER, "a", await one.changes("Etc/UTC"))
                return await other.left("Etc/UTC", AT)

        left = asyncio.run(share())
        assert left
        assert (left.answer, left.by) == (self.ANSWER, "a")

    def test_a_change_is_not_said_to_be_done_if_it_may_not_be(self) -> None:
        async def forget() -> None:
            async with MemoryStorageProvider("answers") as storage:
                gone = LastAnswers(storage, "start-1")
            await gone.forget("zone:Etc/UTC")

        with pytest.raises(StoreUnavailableError, match="is not forgotten"):
            asyncio.run(forget())


class TestStores:
    """Where things are kept is a matter of configuration."""

    def _settings(self, **more: Any) -> settings.GatewaySettings:
        return settings.GatewaySettings(
            upstreams={"north": "http://n"}, provider_key=SecretStr("k"), **more
        )

    def test_in_files_without_a_redis(self) -> None:
        told = self._settings()

        for storage in (stores.keys_of(told), stores.answers_of(told)):
            assert isinstance(storage, FileStorageProvider)

    def test_on_the_redis_that_is_named_and_its_url_is_shown_nowhere(self) -> None:
        told = self._settings(redis_url="redis://:swordfish@127.0.0.1:1/0")

        for storage in (stores.keys_of(told), stores.answers_of(told)):
            assert isinstance(storage, RedisStorageProvider)
        assert "swordfish" not in repr(told)


class TestOptions:
    """The command line of a run with several gateways."""

    def test_gateways_have_found_the_redis_again_when_the_first_provider_goes(self) -> None:
        for seed in range(50):
            plan = troubles(seed, 44.0)
            outages = [Plan(seed=seed, provider=name, duration=44.0).outage for name in PROVIDERS]

            assert plan.freeze + STILL < plan.down
            assert plan.down + DOWN + POLL <= min(each.begin for each in outages)
            assert max(each.end for each in outages) < plan.kill < 44.0 * 0.9

    def test_several_gateways_need_a_redis(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            demo.parse_options(["--workers", "4"])

        assert "--workers 4 needs --redis" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "redis", "requests"),
        [
            ([], None, 1800),
            (["--redis"], "", 3520),
            (["--redis", "redis://h/1"], "redis://h/1", 3520),
        ],
    )
    def test_a_redis_is_started_or_named(
        self, arguments: list[str], redis: str | None, requests: int
    ) -> None:
        options = demo.parse_options(arguments)

        assert (options.redis, options.requests) == (redis, requests)

    def test_without_the_program_it_says_how_to_get_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.which", lambda _: None)

        async def start() -> None:
            async with redisserver.own_redis():
                pass

        with pytest.raises(redisserver.MissingRedisError, match="apt-get install redis-server"):
            asyncio.run(start())
