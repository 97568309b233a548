"""Managers: on and off, reading back, timers, and what telemetry says about itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pepperpy.infra.telemetry import (
    EventLevel,
    InvalidOptionError,
    MemoryTelemetryHandler,
    MetricType,
    ProviderTelemetry,
    TelemetryManager,
    disable_telemetry,
    enable_telemetry,
    get_provider_telemetry,
    is_telemetry_enabled,
    report_event,
    report_metric,
)
from pepperpy.infra.utils import FakeClock, inspectables, register_inspectable


class TestOnAndOff:
    def test_while_disabled_nothing_is_counted_by_any_way(
        self, manager: TelemetryManager, memory: MemoryTelemetryHandler
    ) -> None:
        counter = manager.counter("n").labels()
        held = manager.report_metric
        provider = ProviderTelemetry("p", manager)
        manager.disable()

        counter.inc()
        manager.count("n")
        held("n", 1, MetricType.COUNTER)
        provider.gauge("n", 1)
        provider.error("e", "m")
        manager.histogram_family("n").observe(1)
        with manager.time("n"):
            pass
        assert not manager.is_enabled()
        manager.enable()
        manager.flush()

        assert manager.get_value("n") == 0
        assert not memory.metrics
        assert not memory.events

    def test_what_was_counted_stays_and_counting_goes_on(self, manager: TelemetryManager) -> None:
        counter = manager.counter("n").labels()
        counter.inc()
        manager.disable()
        manager.enable()
        counter.inc()

        assert manager.get_value("n") == 2

    def test_the_functions_turn_the_default_manager(self) -> None:
        default = TelemetryManager.get_instance()
        before = default.get_value("switched")

        assert is_telemetry_enabled()
        disable_telemetry()
        report_metric("switched", 1, MetricType.COUNTER)
        report_event("switched", EventLevel.ERROR, "m")
        assert not is_telemetry_enabled()
        enable_telemetry()

        assert is_telemetry_enabled()
        assert default.get_value("switched") == before


class TestManagers:
    def test_managers_share_no_state(self) -> None:
        one, two = TelemetryManager(), TelemetryManager()
        one.register_handler("h", MemoryTelemetryHandler())
        one.count("n")
        one.disable()

        assert two.get_value("n") == 0
        assert two.is_enabled()
        assert two.inspect()["facts"]["handlers"] == 0
        one.close()

    def test_a_manager_shows_only_what_users_call(self, manager: TelemetryManager) -> None:
        reporting = "report_metric report_event count gauge histogram time counter gauge_family"
        reading = "get_value get_histogram snapshot largest inspect name histogram_family"
        handlers = "register_handler unregister_handler set_default_handler get_handler flush close"
        switch = "enable disable is_enabled get_instance"

        shown = {name for name in dir(manager) if not name.startswith("_")}
        assert shown == set(f"{reporting} {reading} {handlers} {switch}".split())

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            *(("interval", 0), ("interval", "soon"), ("max_series", 0), ("max_names", 1.5)),
            *(("max_events", True), ("flush_timeout", -1), ("log_events", "no")),
        ],
    )
    def test_a_wrong_option_is_refused_at_once(self, option: str, value: object) -> None:
        with pytest.raises(InvalidOptionError, match=option) as caught:
            TelemetryManager(**{option: value})

        assert caught.value.option == option


class TestReading:
    def test_get_value_sums_all_series_or_those_with_exactly_the_tags(
        self, manager: TelemetryManager
    ) -> None:
        manager.count("n", 1)
        manager.count("n", 2, {"a": "x"})
        manager.count("n", 4, {"a": "x", "b": "y"})

        assert manager.get_value("n") == 7
        assert manager.get_value("n", {"a": "x"}) == 2
        assert manager.get_value("n", {}) == 1
        assert manager.get_value("n", {"a": "z"}) == 0
        assert manager.get_value("unknown") == 0

    def test_what_was_reported_in_an_odd_way_is_read_back_in_the_same_way(
        self, manager: TelemetryManager
    ) -> None:
        name: Any
        for name in (7, ["n"], None, "x" * 1000):
            manager.report_metric(name, 2, "COUNTER")  # type: ignore[arg-type]

            assert manager.get_value(name) == 2
            assert manager.get_value(name, type="COUNTER") == 2  # type: ignore[arg-type]
            assert manager.get_value(name, type="nothing") == 0  # type: ignore[arg-type]

    def test_a_snapshot_is_plain_records_that_json_holds(self, manager: TelemetryManager) -> None:
        manager.count("c", 2, {"a": "x"})
        manager.gauge("g", 1.5)
        manager.histogram("h", 3)

        records = manager.snapshot()
        assert records == json.loads(json.dumps(records, allow_nan=False))
        assert records[0] == {"name": "c", "type": "counter", "tags": {"a": "x"}, "value": 2}
        assert set(records[2]["histogram"]) == {
            *("count", "sum", "min", "max", "scale", "zero_count", "positive", "negative"),
        }

    def test_a_snapshot_leaves_out_what_has_no_value(self, manager: TelemetryManager) -> None:
        manager.gauge_family("g").labels()
        manager.histogram_family("h").labels()
        manager.counter("c").labels()

        assert [record["name"] for record in manager.snapshot()] == ["c"]


class Component:
    def __init__(self, answer: object) -> None:
        self.answer = answer
        register_inspectable(self)

    def inspect(self):
        # A new error each time: one that lived on would keep this object alive by its traceback.
        if self.answer is RuntimeError:
            raise RuntimeError("broken")
        return self.answer


class TestInspectables:
    def test_facts_of_inspectables_are_gauges_of_the_default_manager(self) -> None:
        queue = Component(
            {"kind": "queue", "name": "jobs", "facts": {"waiting": 3, "full": True, "of": "text"}}
        )

        snapshot = TelemetryManager.get_instance().snapshot()
        records = [record for record in snapshot if record["name"].startswith("pepperpy.queue.")]

        tags = {"pepperpy.component.name": "jobs"}
        assert records == [
            {"name": "pepperpy.queue.waiting", "type": "gauge", "tags": tags, "value": 3},
            {"name": "pepperpy.queue.full", "type": "gauge", "tags": tags, "value": 1},
        ]
        del queue

    @pytest.mark.parametrize(
        "answer", [RuntimeError, None, 7, {}, {"facts": 7}, {"facts": {None: None}}]
    )
    def test_one_that_fails_harms_nobody(self, answer: object) -> None:
        bad, good = Component(answer), Component({"kind": "good", "name": "g", "facts": {"x": 1}})

        names = [record["name"] for record in TelemetryManager.get_instance().snapshot()]

        assert "pepperpy.good.x" in names
        del bad, good

    def test_a_secret_in_the_name_of_one_is_masked(self) -> None:
        name = "redis://:hunter2pw@cache/0"
        pool = Component({"kind": "pool", "name": name, "facts": {"idle": 1}})

        assert "hunter2pw" not in str(TelemetryManager.get_instance().snapshot())
        del pool

    def test_handlers_hear_of_facts_when_they_change(self) -> None:
        default, memory = TelemetryManager.get_instance(), MemoryTelemetryHandler()
        queue = Component({"kind": "queue", "name": "jobs", "facts": {"waiting": 3}})
        default.register_handler("memory", memory)
        default.flush()
        default.flush()
        queue.answer = {"kind": "queue", "name": "jobs", "facts": {"waiting": 4}}
        default.flush()
        default.unregister_handler("memory")

        told = [m.value for m in memory.metrics if m.name == "pepperpy.queue.waiting"]
        assert told == [3, 4]

    def test_telemetry_is_inspectable_itself(self) -> None:
        found = [each.inspect() for each in inspectables() if isinstance(each, TelemetryManager)]

        assert [(each["kind"], each["name"]) for each in found] == [("telemetry", "telemetry")]


class TestTimers:
    def test_a_block_is_timed_by_the_clock_in_seconds(
        self, manager: TelemetryManager, clock: FakeClock
    ) -> None:
        with manager.time("work", {"kind": "a"}) as block:
            clock.advance(2.5)

        assert block.elapsed_time == 2.5
        (record,) = manager.snapshot()
        assert (record["type"], record["value"], record["tags"]) == ("timer", 2.5, {"kind": "a"})

    def test_a_block_that_raises_is_timed_with_the_type_of_the_error(
        self, manager: TelemetryManager, clock: FakeClock
    ) -> None:
        with pytest.raises(ZeroDivisionError), manager.time("work", {"kind": "a"}):
            _fail(clock, ZeroDivisionError())

        assert manager.get_value("work", {"kind": "a", "error.type": "ZeroDivisionError"}) == 1

    def test_control_flow_is_timed_and_is_no_error(
        self, manager: TelemetryManager, clock: FakeClock
    ) -> None:
        with pytest.raises(asyncio.CancelledError), manager.time("work"):
            _fail(clock, asyncio.CancelledError())

        assert manager.get_value("work", {}) == 1

    @pytest.mark.asyncio
    async def test_an_async_block_is_timed(
        self, manager: TelemetryManager, clock: FakeClock
    ) -> None:
        async with ProviderTelemetry("p", manager).time("work"):
            await clock.asleep(3)

        assert manager.get_value("work") == 3

    def test_blocks_of_one_name_nest(self, manager: TelemetryManager, clock: FakeClock) -> None:
        with manager.time("work"):
            clock.advance(1)
            with manager.time("work"):
                clock.advance(1)

        (record,) = manager.snapshot()
        assert (record["histogram"]["count"], record["value"]) == (2, 3)

    def test_blocks_with_tags_and_without_are_told_apart(self, manager: TelemetryManager) -> None:
        for _ in range(2):
            for tags in (None, {"a": "b"}, {"a": 1}):
                with manager.time("work", tags):
                    pass

        counts = [record["histogram"]["count"] for record in manager.snapshot()]
        assert counts == [2, 2, 2]

    def test_reports_need_no_event_loop_and_work_in_several(self) -> None:
        telemetry = get_provider_telemetry("loops")
        default = TelemetryManager.get_instance()
        before = default.get_value("looped")

        async def report() -> None:
            telemetry.count("looped")

        asyncio.run(report())
        asyncio.run(report())
        telemetry.count("looped")

        assert default.get_value("looped") == before + 3


def _fail(clock: FakeClock, error: BaseException) -> None:
    clock.advance(1)
    raise error
