"""Counters, gauges and histograms: what was reported is what is read back."""

from __future__ import annotations

import decimal
import fractions
import itertools
import json
import math
import sys
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import CancelledError
from datetime import timedelta
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.telemetry import (
    MetricType,
    ProviderTelemetry,
    TelemetryManager,
    get_provider_telemetry,
    report_metric,
)
from pepperpy.infra.utils import Signal, subscribe


class TestTheDocumentedCalls:
    def test_the_example_of_the_mission_document_counts(self) -> None:
        telemetry = get_provider_telemetry("my_provider")
        tags = {"pepperpy.provider.id": "my_provider"}
        before = TelemetryManager.get_instance().get_value("request_count", tags)

        telemetry.report_metric("request_count", 1, MetricType.COUNTER)
        telemetry.info("request_processed", "Request processed successfully")

        assert TelemetryManager.get_instance().get_value("request_count", tags) == before + 1

    def test_one_id_always_gives_the_same_provider(self) -> None:
        assert get_provider_telemetry("one") is get_provider_telemetry("one")
        assert get_provider_telemetry("one") is not get_provider_telemetry("two")

    def test_providers_are_remembered_up_to_a_bound_and_work_beyond_it(self) -> None:
        from pepperpy.infra.telemetry import _default

        for n in range(_default.MAX_PROVIDERS + 5):
            get_provider_telemetry(f"many-{n}").count("many")

        assert len(_default._providers) == _default.MAX_PROVIDERS

    def test_arguments_are_taken_in_the_order_that_is_known(
        self, manager: TelemetryManager
    ) -> None:
        manager.report_metric("a", 2, MetricType.COUNTER, {"x": "y"}, None)

        assert manager.get_value("a", {"x": "y"}) == 2

    def test_get_instance_is_the_manager_of_the_functions(self) -> None:
        default = TelemetryManager.get_instance()
        before = default.get_value("direct")

        report_metric("direct", 3, MetricType.COUNTER)

        assert default is TelemetryManager.get_instance()
        assert default.get_value("direct") == before + 3


class TestCounters:
    def test_counters_are_exact_over_many_folds(self, manager: TelemetryManager) -> None:
        for n in range(10_000):
            manager.count("n", n)

        assert manager.get_value("n") == sum(range(10_000))

    def test_reading_is_monotone_while_others_write(self, manager: TelemetryManager) -> None:
        counter = manager.counter("n").labels()
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                counter.inc()

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        seen = [manager.get_value("n") for _ in range(2000)]
        stop.set()
        for thread in threads:
            thread.join()

        assert seen == sorted(seen)

    def test_counters_are_exact_under_threads_that_switch_all_the_time(
        self, manager: TelemetryManager
    ) -> None:
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            _hammer(manager, threads=16, times=2000)
        finally:
            sys.setswitchinterval(interval)

        assert manager.get_value("bound") == 16 * 2000
        assert manager.get_value("tagged") == 16 * 2000
        assert manager.snapshot()[-1]["histogram"]["count"] == 16 * 2000

    @pytest.mark.timeout(120)
    def test_16_threads_of_100_000_increments_are_exact(self, manager: TelemetryManager) -> None:
        counter = manager.counter("n").labels()

        def work() -> None:
            for _ in range(100_000):
                counter.inc()

        _in_threads(16, work)

        assert manager.get_value("n") == 1_600_000

    @given(st.lists(st.integers(0, 10**12) | st.just(1), max_size=700))
    @settings(max_examples=50)
    def test_a_counter_equals_the_sum(self, values: list[int]) -> None:
        manager = TelemetryManager()

        for value in values:
            manager.count("n", value)

        assert manager.get_value("n") == sum(values)

    @given(st.lists(st.floats(0, 1e9), max_size=700))
    @settings(max_examples=50)
    def test_a_counter_of_floats_is_the_sum_but_for_rounding(self, values: list[float]) -> None:
        manager = TelemetryManager()

        for value in values:
            manager.count("n", value)

        assert manager.get_value("n") == pytest.approx(math.fsum(values), rel=1e-9, abs=1e-300)


class TestOtherTypes:
    def test_the_last_value_of_a_gauge_counts(self, manager: TelemetryManager) -> None:
        for value in range(1000):
            manager.gauge("depth", value)

        assert manager.get_value("depth") == 999

    @pytest.mark.parametrize("type_", ["histogram", "summary", "timer"])
    def test_distributions_know_count_sum_limits_and_buckets(
        self, manager: TelemetryManager, type_: str
    ) -> None:
        for value in (0.5, 1, 2, 4):
            manager.report_metric("d", value, MetricType(type_))

        (record,) = manager.snapshot()
        seen = record["histogram"]
        assert (record["type"], record["value"]) == (type_, 7.5)
        assert (seen["count"], seen["sum"], seen["min"], seen["max"]) == (4, 7.5, 0.5, 4.0)
        assert seen["positive"] == [[-32, 1], [0, 1], [32, 1], [64, 1]]

    def test_bound_families_report_to_the_series_with_their_labels(
        self, manager: TelemetryManager
    ) -> None:
        manager.counter("c", labels=("route", "status")).labels("/a", "200").inc(2)
        manager.gauge_family("g", labels=("queue",)).labels("mail").set(3)
        manager.histogram_family("h", labels=("kind",)).labels(kind="a").observe(9)

        assert manager.get_value("c", {"status": "200", "route": "/a"}) == 2
        assert manager.get_value("g", {"queue": "mail"}) == 3
        assert manager.get_value("h", {"kind": "a"}) == 9

    def test_a_family_without_labels_is_written_to_directly(
        self, manager: TelemetryManager
    ) -> None:
        manager.counter("c").inc()
        manager.gauge_family("g").set(2)
        manager.histogram_family("h").observe(3)

        assert [manager.get_value(name) for name in "cgh"] == [1, 2, 3]

    def test_labels_by_name_by_place_and_in_report_metric_are_one_series(
        self, manager: TelemetryManager
    ) -> None:
        family = manager.counter("c", labels=("a", "b"))
        family.labels("1", "2").inc()
        family.labels(b="2", a="1").inc()
        family.labels("1", b="2").inc()
        manager.count("c", tags={"b": 2, "a": 1})

        assert manager.get_value("c", {"a": "1", "b": "2"}) == 4

    def test_missing_labels_are_empty_and_surplus_ones_are_left_out(
        self, manager: TelemetryManager
    ) -> None:
        manager.counter("c", labels=("a", "b")).labels("1").inc()
        manager.counter("c", labels=("a", "b")).labels("1", "2", "3").inc()
        manager.counter("c", labels=("a", "b")).labels("1", z="3").inc()

        assert manager.get_value("c", {"a": "1", "b": ""}) == 2
        assert manager.get_value("c", {"a": "1", "b": "2"}) == 1

    def test_one_name_with_two_types_is_two_metrics_and_said_once(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(3):
            manager.count("x", 5)
            manager.gauge("x", 7)

        assert manager.get_value("x") == 15
        assert manager.get_value("x", type=MetricType.GAUGE) == 7
        assert [line for line in caplog.messages if "type_conflict of x" in line] == [
            "telemetry.type_conflict of x: types=['counter', 'gauge']"
        ]


class Hostile:
    """All that can go wrong with an object does."""

    def _fail(self, *_: object) -> None:
        raise RuntimeError("hostile")

    __float__ = __int__ = __index__ = __add__ = __radd__ = __eq__ = __hash__ = __str__ = _fail
    __repr__ = __bool__ = __len__ = __iter__ = __lt__ = __gt__ = __le__ = __ge__ = _fail
    __getattr__ = _fail


class Liar:
    """Adds up to itself."""

    def __radd__(self, other: object) -> Liar:
        return self

    __add__ = __radd__


class Foreign:
    """A number as array libraries have them: sums and comparisons are of its own type."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return float(self.value)

    def __radd__(self, other: float) -> Foreign:
        return Foreign(self.value + float(other))

    __add__ = __radd__

    def __lt__(self, other: float) -> bool:
        return float(self) < float(other)

    def __ge__(self, other: float) -> bool:
        return float(self) >= float(other)


class ForeignFloat(float):
    """The same, derived from float."""

    def __radd__(self, other: float) -> ForeignFloat:
        return ForeignFloat(float(self) + float(other))


NO_NUMBERS = [
    math.nan,
    math.inf,
    -math.inf,
    None,
    "7",
    b"7",
    [],
    {},
    object(),
    1j,
    10**400,
    -(10**400),
]
NUMBERS = [(True, 1), (False, 0), (decimal.Decimal("1.5"), 1.5), (fractions.Fraction(1, 2), 0.5)]
NUMBERS += [(timedelta(seconds=90), 90.0), (0.25, 0.25), (7, 7)]
TYPES = list(MetricType)


class TestOddValues:
    @pytest.mark.parametrize("type_", TYPES)
    @pytest.mark.parametrize(
        "odd", [*NO_NUMBERS, Hostile(), Liar()], ids=lambda odd: type(odd).__name__
    )
    def test_what_is_no_number_is_dropped_and_counted_and_poisons_nothing(
        self, manager: TelemetryManager, type_: MetricType, odd: object
    ) -> None:
        for value in (2, odd, 3):
            manager.report_metric("n", value, type_)

        assert manager.get_value("n") == (3 if type_ is MetricType.GAUGE else 5)
        assert manager.inspect()["facts"]["dropped_values"] == 1
        json.dumps(manager.snapshot(), allow_nan=False)

    @pytest.mark.parametrize("type_", TYPES)
    @pytest.mark.parametrize(("value", "number"), NUMBERS, ids=repr)
    def test_every_sort_of_number_counts(
        self, manager: TelemetryManager, type_: MetricType, value: object, number: float
    ) -> None:
        manager.report_metric("n", 0.5, type_)
        manager.report_metric("n", value, type_)

        assert manager.get_value("n") == (number if type_ is MetricType.GAUGE else 0.5 + number)
        assert type(manager.get_value("n")) in {int, float}

    @pytest.mark.parametrize("type_", TYPES)
    def test_numbers_of_other_libraries_count_and_stay_outside(
        self, manager: TelemetryManager, type_: MetricType
    ) -> None:
        for value in (Foreign(2), ForeignFloat(0.5), Foreign(3)):
            manager.report_metric("n", value, type_)

        assert manager.get_value("n") == (3 if type_ is MetricType.GAUGE else 5.5)
        assert type(manager.get_value("n")) in {int, float}

    def test_a_counter_takes_nothing_negative(self, manager: TelemetryManager) -> None:
        for value in (5, -1, -0.5, 2):
            manager.count("n", value)

        assert manager.get_value("n") == 7
        assert manager.inspect()["facts"]["dropped_values"] == 2

    def test_a_sum_cannot_overflow(self, manager: TelemetryManager) -> None:
        for _ in range(3):
            manager.count("n", 9e299)
        manager.count("n", 10**299)
        manager.count("n", 0.5)

        assert manager.get_value("n") == pytest.approx(1e300)

    @pytest.mark.parametrize(
        "type_", [None, "nothing", 3, Hostile(), []], ids=lambda t: type(t).__name__
    )
    def test_a_type_that_does_not_exist_is_dropped_and_counted(
        self, manager: TelemetryManager, type_: object
    ) -> None:
        manager.report_metric("n", 1, type_)

        assert manager.snapshot() == []
        assert manager.inspect()["facts"]["dropped_values"] == 1

    def test_a_misspelt_type_is_told_once_a_name(self, manager: TelemetryManager) -> None:
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)

        for name in ("hits", "hits", "misses"):
            manager.report_metric(name, 1, "countr")
        unsubscribe()

        facts = {"type": "countr", "hint": "did you mean 'counter'?"}
        assert heard == [
            Signal(kind="telemetry.unknown_type", source=name, facts=facts)
            for name in ("hits", "misses")
        ]
        assert manager.inspect()["facts"]["dropped_values"] == 3

    def test_names_of_misspelt_types_are_not_kept_without_a_bound(
        self, manager: TelemetryManager
    ) -> None:
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)

        for number in range(1_000):
            manager.report_metric(f"n{number}", 1, "countr")
        unsubscribe()

        assert len(heard) == 100
        assert manager.inspect()["facts"]["dropped_values"] == 1_000

    def test_a_misspelt_type_is_in_the_log_if_nobody_hears_signals(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.report_metric("hits", 1, "countr")

        assert "telemetry.unknown_type of hits: type=countr" in caplog.text

    def test_tags_in_the_place_of_the_type_are_not_shown(
        self, manager: TelemetryManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager.report_metric("hits", 1, {"token": "hunter2"})

        assert "telemetry.unknown_type of hits: type=<dict>" in caplog.text
        assert "hunter2" not in caplog.text

    @pytest.mark.parametrize("type_", ["counter", "COUNTER"])
    def test_the_text_of_a_type_will_do(self, manager: TelemetryManager, type_: str) -> None:
        manager.report_metric("n", 1, type_)

        assert manager.get_value("n", type=MetricType.COUNTER) == 1

    def test_not_even_a_cancellation_in_a_value_gets_out(self, manager: TelemetryManager) -> None:
        class Cancelled:
            def __float__(self) -> float:
                raise CancelledError

        manager.count("n", Cancelled())

        assert manager.get_value("n") == 0

    @given(
        st.lists(st.floats() | st.integers() | st.booleans() | st.none() | st.text(), max_size=300)
    )
    @settings(max_examples=50)
    def test_nothing_poisons_a_counter(self, values: list[object]) -> None:
        manager = TelemetryManager()

        for value in values:
            manager.count("n", value)

        numbers = [v for v in values if isinstance(v, int | float) and 0 <= v <= 1e300]
        assert manager.get_value("n") == pytest.approx(sum(numbers), rel=1e-9)
        assert manager.inspect()["facts"]["dropped_values"] == len(values) - len(numbers)


def interrupted(call: Callable[[], object], place: int, by: Callable[[], object]) -> bool:
    """Call *call*, and *by* at the *place*-th place where a signal handler could run.

    Returns whether there is one.
    """
    left = place

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        # The interpreter looks for signals when a function begins, and when one of C has ended.
        if event in {"call", "c_return"}:
            left -= 1
            if left == -1:
                sys.setprofile(None)
                by()

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return left < 0


def interrupt() -> None:
    raise KeyboardInterrupt


class TestReadingInTheMidstOfAFold:
    def test_a_report_and_a_read_from_inside_of_a_fold_neither_hang_nor_count_twice(
        self, manager: TelemetryManager
    ) -> None:
        seen = []

        class Nosy:
            def __float__(self) -> float:  # runs in the fold, as a signal handler would
                manager.count("n", 100)
                if not seen:
                    seen.append(0)
                    seen.append(manager.get_value("n"))
                return 7.0

        manager.count("n", 1)
        manager.count("n", Nosy())
        manager.get_value("n")

        assert seen[1] == 1 + 7 + 100  # what was reported by then
        assert manager.get_value("n") == 208

    def test_an_interrupt_in_a_fold_loses_nothing(self, manager: TelemetryManager) -> None:
        state = {"interrupts": 1}

        class Interrupting:
            def __float__(self) -> float:
                if state["interrupts"]:
                    state["interrupts"] -= 1
                    raise KeyboardInterrupt
                return 7.0

        manager.count("n", 1)
        manager.count("n", Interrupting())

        with pytest.raises(KeyboardInterrupt):
            manager.get_value("n")
        assert manager.get_value("n") == 8

    def test_a_value_that_reads_when_it_ends_reads_all_that_was_reported(
        self, manager: TelemetryManager
    ) -> None:
        reported, wrong, ended = 0, [], 0

        class Reading(float):
            def __del__(self) -> None:
                nonlocal ended
                ended += 1
                if manager.get_value("n") != reported:
                    wrong.append(reported)

        for _ in range(2000):
            reported += 1
            manager.count("n", Reading(1))
        manager.get_value("n")

        assert (ended, wrong) == (2000, [])

    def test_a_report_in_the_midst_of_the_first_one_of_a_series_is_not_lost(self) -> None:
        for place in itertools.count():
            manager = TelemetryManager()

            def report(manager: TelemetryManager = manager) -> None:
                manager.count("n", tags={"a": "b"})

            if not interrupted(report, place, report):
                break
            assert manager.get_value("n") == 2, f"at step {place}"
        assert place > 50

    def test_an_interrupt_at_any_point_leaves_no_lock_held(self) -> None:
        for place in itertools.count():
            manager = TelemetryManager()
            counter = manager.counter("n").labels()
            for _ in range(256):
                counter.inc()

            try:
                done = not interrupted(counter.inc, place, interrupt)
            except KeyboardInterrupt:
                done = False
            if done:
                break
            # Another thread, since this one may take a lock again that it holds.
            read: list[float] = []
            reader = threading.Thread(target=lambda m=manager, r=read: r.append(m.get_value("n")))
            reader.daemon = True
            reader.start()
            reader.join(5)
            assert read in ([256], [257]), f"at step {place}"
        assert place > 5

    def test_a_value_whose_end_reports_does_not_hang(self, manager: TelemetryManager) -> None:
        class Last:
            def __del__(self) -> None:
                manager.count("n", 10)
                manager.get_value("n")

        manager.count("n", Last())
        manager.count("n", 1)
        manager.get_value("n")

        assert manager.get_value("n") == 11


class TestMemory:
    def test_10_000_series_cost_less_than_6_megabytes(self) -> None:
        tags = [({"route": f"/r{n % 100}", "user": f"u{n // 100}"}) for n in range(10_000)]
        tracemalloc.start()
        try:
            manager = TelemetryManager(max_series=10_000)
            for each in tags:
                manager.count("hits", tags=each)
            used = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

        assert manager.inspect()["facts"]["series"] == 10_000
        assert used < 6_000_000

    def test_journals_do_not_grow_while_series_idle(self) -> None:
        provider = ProviderTelemetry("p", TelemetryManager(max_series=10_000))
        bound = [provider.counter("hits", ["n"]).labels(str(n)) for n in range(10_000)]
        tracemalloc.start()
        try:
            for counter in bound:
                for _ in range(300):
                    counter.inc()
            used = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

        assert used < 2_500_000


def _hammer(manager: TelemetryManager, threads: int, times: int) -> None:
    counter = manager.counter("bound").labels()
    histogram = manager.histogram_family("seen")

    def work() -> None:
        for n in range(times):
            counter.inc()
            manager.count("tagged", tags={"n": str(n % 7)})
            histogram.observe(n % 10 + 1)

    _in_threads(threads, work)


def _in_threads(threads: int, work) -> None:
    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
