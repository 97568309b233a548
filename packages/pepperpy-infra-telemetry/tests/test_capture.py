"""`capture_metrics`: what was reported inside of a block."""

from __future__ import annotations

import threading

import pytest

from pepperpy.infra.telemetry import (
    MetricNotCapturedError,
    TelemetryManager,
    capture_metrics,
    disable_telemetry,
    get_provider_telemetry,
    is_telemetry_enabled,
)

TELEMETRY = get_provider_telemetry("captured")
COUNTER = TELEMETRY.counter("captured.bound", labels=("a",)).labels("x")


class TestCapture:
    def test_it_shows_the_difference_to_what_was_there_before(self) -> None:
        TELEMETRY.count("captured.c", 100)
        TELEMETRY.gauge("captured.g", 100)
        with capture_metrics() as m:
            TELEMETRY.count("captured.c", 2, {"a": "x"})
            TELEMETRY.count("captured.c", 3)
            TELEMETRY.gauge("captured.g", 7)
            TELEMETRY.histogram("captured.h", 4)

        assert m["captured.c"].value == 5
        assert m["captured.g"].value == 7
        assert (m["captured.h"].value, m["captured.h"].count) == (4, 1)
        assert m["captured.h"].histogram.quantile(0.5) == pytest.approx(4)
        assert m.names == ["captured.c", "captured.g", "captured.h"]
        assert m.get_value("captured.c", {"a": "x", "pepperpy.provider.id": "captured"}) == 2
        assert m.get_value("captured.other") == 0
        assert "captured.c" in m
        assert "captured.other" not in m

    def test_a_gauge_that_is_set_to_what_it_was_is_seen(self) -> None:
        TELEMETRY.gauge("captured.same", 7)
        with capture_metrics() as m:
            TELEMETRY.gauge("captured.same", 7)

        assert m["captured.same"].value == 7

    def test_counters_that_were_made_earlier_are_seen(self) -> None:
        with capture_metrics() as m:
            COUNTER.inc(3)

        assert m["captured.bound"].value == 3
        assert m["captured.bound"].tags == [{"a": "x", "pepperpy.provider.id": "captured"}]

    def test_events_are_seen_at_once(self) -> None:
        with capture_metrics() as m:
            TELEMETRY.info("captured.event", "m", data={"a": 1})
            assert [event.name for event in m.events] == ["captured.event"]
        TELEMETRY.info("captured.later", "m")

        assert [event.data for event in m.events] == [{"a": 1}]

    def test_blocks_nest(self) -> None:
        with capture_metrics() as outer:
            COUNTER.inc()
            with capture_metrics() as inner:
                COUNTER.inc(10)
            COUNTER.inc(100)

        assert inner["captured.bound"].value == 10
        assert outer["captured.bound"].value == 111

    def test_after_the_block_it_stays_as_it_was(self) -> None:
        with capture_metrics() as m:
            COUNTER.inc()
        COUNTER.inc()

        assert m["captured.bound"].value == 1

    def test_other_threads_are_seen(self) -> None:
        with capture_metrics() as m:
            threads = [threading.Thread(target=COUNTER.inc) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert m["captured.bound"].value == 8

    @pytest.mark.asyncio
    async def test_it_works_with_async_with(self) -> None:
        async with capture_metrics() as m:
            COUNTER.inc()

        assert m["captured.bound"].value == 1

    def test_telemetry_is_on_inside_of_a_block_even_if_it_is_disabled(self) -> None:
        disable_telemetry()
        with capture_metrics() as m:
            COUNTER.inc()
        with capture_metrics():
            pass
        COUNTER.inc(50)

        assert not is_telemetry_enabled()
        assert m["captured.bound"].value == 1

    def test_what_was_not_reported_is_a_key_error_with_the_nearest_name(self) -> None:
        with capture_metrics() as m:
            COUNTER.inc()

        with pytest.raises(KeyError, match=r"did you mean 'captured\.bound'") as caught:
            m["captured.buond"]
        assert isinstance(caught.value, MetricNotCapturedError)

    def test_another_manager_can_be_captured(self) -> None:
        manager = TelemetryManager()
        with capture_metrics(manager) as m:
            manager.count("n", 2)
            COUNTER.inc()

        assert m.names == ["n"]
        assert repr(m["n"]) == "<counter n: 2>"
