"""`PerformanceResult`: figures, text, comparison."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, timedelta
from fractions import Fraction
from math import isnan
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.metrics import (
    InvalidOptionError,
    MetricCategory,
    NoIterationsError,
    PerformanceResult,
    Verdict,
    format_bytes,
)
from pepperpy.infra.metrics._units import format_seconds
from pepperpy.infra.telemetry import capture_metrics

times = st.floats(min_value=1e-9, max_value=1e3, allow_nan=False)


def result(*seconds: float, name: str = "work") -> PerformanceResult:
    return PerformanceResult(name, iteration_times=seconds)


class TestFigures:
    def test_they_are_derived_from_the_iterations(self) -> None:
        found = result(1.0, 4.0, 2.0, 3.0)

        assert found.iterations == 4
        assert found.execution_time == 10
        assert found.time_per_iteration == found.mean == found.median == 2.5
        assert (found.minimum, found.maximum, found.mad) == (1, 4, 1)
        assert found.percentile(0) == 1
        assert found.percentile(50) == 2.5
        assert found.percentile(100) == 4

    def test_totals_alone_are_enough(self) -> None:
        found = PerformanceResult("work", iterations=4, execution_time=2.0)

        assert found.time_per_iteration == 0.5
        assert isnan(found.median)
        assert str(found) == "work: 4 iterations"

    def test_memory_is_the_largest_peak_and_the_mean_of_those_known(self) -> None:
        found = PerformanceResult(
            "work", iteration_times=[1, 1, 1], iteration_memory=[10, None, 20]
        )

        assert (found.memory_usage, found.memory_per_iteration) == (20, 15)

    def test_what_was_given_is_copied(self) -> None:
        seconds, custom = [1.0], {"rows": 1}
        found = PerformanceResult("work", iteration_times=seconds, custom_metrics=custom)

        seconds.append(9.0)
        custom["rows"] = 9

        assert found.iteration_times == (1.0,)
        assert found.custom_metrics == {"rows": 1}

    def test_the_moment_is_aware_and_utc(self) -> None:
        assert result(1.0).timestamp.tzinfo is UTC

    @pytest.mark.parametrize("seconds", [float("nan"), float("inf"), "1", None, True, 10**400])
    def test_times_that_are_no_finite_seconds_are_refused(self, seconds: float) -> None:
        with pytest.raises(InvalidOptionError, match="iteration_times must be finite seconds"):
            result(1.0, seconds)

    def test_times_may_be_numbers_of_any_kind(self) -> None:
        found = result(1, Fraction(3, 2), timedelta(seconds=2))  # type: ignore[arg-type]

        assert found.iteration_times == (1, 1.5, 2.0)
        assert json.dumps(found.to_dict())

    @pytest.mark.parametrize(
        "data", [{}, [], None, "text", {"timestamp": "x"}, {"timestamp": None}]
    )
    def test_what_no_result_was_made_of_is_refused(self, data: Any) -> None:
        with pytest.raises(InvalidOptionError, match=r"what to_dict\(\) of a result gives"):
            PerformanceResult.from_dict(data)

        with pytest.raises(InvalidOptionError):
            PerformanceResult.from_dict({**result(1.0).to_dict(), "colour": "red"})

    @pytest.mark.parametrize("percent", [-1, 100.5, float("nan"), "50", None, True])
    def test_a_percentile_that_there_is_none_of_is_refused(self, percent: float) -> None:
        with pytest.raises(InvalidOptionError, match="percent must be a number from 0 to 100"):
            result(1.0).percentile(percent)

    def test_it_is_one_line_for_people(self) -> None:
        found = PerformanceResult(
            "work", iteration_times=[0.001, 0.002, 0.004], iteration_memory=[5 << 20] * 3
        )

        assert str(found) == "work: 3 iterations, median 2 ms, MAD 1 ms, peak 5.00 MiB"
        assert str(result(1.0)) == "work: 1 iteration, median 1 s"

    @given(st.lists(times, max_size=5))
    def test_it_can_be_kept_as_json_and_pickled(self, seconds: list[float]) -> None:
        found = PerformanceResult(
            "work",
            iteration_times=seconds,
            iteration_memory=[7] * len(seconds),
            custom_metrics={"rows": 3},
            cpu_time=0.5,
        )

        again = PerformanceResult.from_dict(json.loads(json.dumps(found.to_dict())))

        assert again == found == pickle.loads(pickle.dumps(found))


class TestHistogram:
    def test_it_shows_where_the_times_lie(self) -> None:
        text = result(*[1.0] * 8, *[2.0] * 4, 3.0, 3.0).histogram(bins=3, width=8)

        assert text.splitlines() == [
            "   1 s | 8 ########",
            "1.67 s | 4 ####",
            "2.33 s | 2 ##",
        ]

    def test_an_outlier_has_a_line_of_its_own(self) -> None:
        seconds = [1.0 + k / 100 for k in range(20)]

        lines = result(*seconds, 500.0).histogram(bins=4).splitlines()

        assert len(lines) == 5
        assert lines[-1].startswith("> ")
        assert lines[-1].endswith(" 1 ###")

    def test_equal_times_are_one_line(self) -> None:
        assert result(*[0.5] * 30).histogram(width=3) == "500 ms | 30 ###"

    def test_no_times_are_no_error(self) -> None:
        assert PerformanceResult("work").histogram() == "no iterations"

    @given(st.lists(times, min_size=1, max_size=60), st.integers(1, 20))
    def test_every_iteration_is_counted_once(self, seconds: list[float], bins: int) -> None:
        lines = result(*seconds).histogram(bins=bins, width=10).splitlines()

        counts = [int(line.split("|")[1].split()[0]) for line in lines]
        assert sum(counts) == len(seconds)
        assert len(lines) <= bins + 1
        assert all(line.count("#") <= 10 for line in lines)

    @pytest.mark.parametrize("option", ["bins", "width"])
    def test_it_has_at_least_one_bin_and_one_sign(self, option: str) -> None:
        for wrong in (0, 1.5, "3", True):
            with pytest.raises(InvalidOptionError, match=f"{option} must be a whole number >= 1"):
                result(1.0).histogram(**{option: wrong})  # type: ignore[arg-type]


class TestComparison:
    def test_a_clear_difference_is_told_with_its_factor(self) -> None:
        old = result(*[1.0 + k / 100 for k in range(10)], name="old")
        new = result(*[0.5 + k / 100 for k in range(10)], name="new")

        assert new.compare(old).verdict is Verdict.FASTER
        assert old.compare(new).verdict is Verdict.SLOWER
        assert str(old.compare(new)).startswith("old: 1.92x slower than new (ratio 1.92, p ")

    def test_noise_is_not_taken_for_a_difference(self) -> None:
        rnd = Random(7)
        told = sum(
            result(*[rnd.lognormvariate(0, 0.3) for _ in range(20)])
            .compare(result(*[rnd.lognormvariate(0, 0.3) for _ in range(20)]))
            .verdict
            is not Verdict.UNDECIDED
            for _ in range(400)
        )

        assert told <= 400 * 0.08  # 5 % is what the significance allows

    def test_a_difference_in_noise_is_found_if_there_is_enough_of_both(self) -> None:
        rnd = Random(7)
        old = result(*[rnd.lognormvariate(0, 0.3) for _ in range(60)])
        new = result(*[rnd.lognormvariate(0, 0.3) * 1.5 for _ in range(60)])

        comparison = new.compare(old)

        assert comparison.verdict is Verdict.SLOWER
        assert comparison.ratio == pytest.approx(1.5, rel=0.2)
        assert 0.1 < comparison.noise < 0.4

    def test_one_outlier_decides_nothing(self) -> None:
        quiet, spoilt = [1.0, 1.1, 0.9, 1.0, 1.05], [1.0, 1.1, 0.9, 1.0, 300.0]

        assert result(*spoilt).compare(result(*quiet)).verdict is Verdict.UNDECIDED

    def test_it_takes_4_iterations_each_to_tell_anything(self) -> None:
        assert result(*[1.0] * 3).compare(result(*[2.0] * 3)).verdict is Verdict.UNDECIDED
        assert result(1.0, 1.1, 1.2).compare(result(2.0, 2.1, 2.2)).p_value == pytest.approx(0.1)
        assert result(*[1.0] * 4).compare(result(*[2.0] * 4)).verdict is Verdict.FASTER

    @pytest.mark.parametrize(
        "options",
        [
            *({"significance": 2}, {"significance": -1}, {"significance": "0.05"}),
            *({"tolerance": -0.1}, {"tolerance": float("nan")}, {"baseline": "old"}),
        ],
        ids=str,
    )
    def test_options_that_make_no_sense_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidOptionError, match=f"{next(iter(options))} must be"):
            result(1.0).compare(**{"baseline": result(1.0), **options})

    def test_single_runs_decide_nothing_however_far_apart(self) -> None:
        assert result(9.0).compare(result(1.0)).verdict is Verdict.UNDECIDED
        assert result(9.0, 9.0).compare(result(1.0, 1.0)).verdict is Verdict.UNDECIDED

    def test_a_difference_too_small_to_matter_is_none(self) -> None:
        old = result(*[1.0 + k / 1e6 for k in range(30)])
        new = result(*[1.005 + k / 1e6 for k in range(30)])

        assert new.compare(old).verdict is Verdict.UNDECIDED
        assert new.compare(old, tolerance=0.001).verdict is Verdict.SLOWER

    def test_times_without_any_spread_can_be_compared(self) -> None:
        assert result(*[2.0] * 5).compare(result(*[1.0] * 5)).verdict is Verdict.SLOWER
        assert result(*[1.0] * 5).compare(result(*[1.0] * 5)).verdict is Verdict.UNDECIDED

    @pytest.mark.parametrize(("new", "old"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
    def test_times_of_0_are_no_error(self, new: float, old: float) -> None:
        text = str(result(*[new] * 5).compare(result(*[old] * 5)))

        assert "ratio" in text
        assert "e+" not in text

    @given(st.lists(times, min_size=1, max_size=20), st.lists(times, min_size=1, max_size=20))
    def test_turned_round_it_says_the_opposite(self, a: list[float], b: list[float]) -> None:
        one, other = result(*a).compare(result(*b)), result(*b).compare(result(*a))
        opposite = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}

        assert one.p_value == pytest.approx(other.p_value)
        if abs(one.ratio - 1) > 0.02:
            assert other.verdict is opposite.get(one.verdict, Verdict.UNDECIDED)

    def test_without_times_of_iterations_there_is_nothing_to_compare(self) -> None:
        empty = PerformanceResult("empty", iterations=3, execution_time=1)

        for one, other in [(empty, result(1.0)), (result(1.0), empty)]:
            with pytest.raises(ValueError, match="'empty' has no iteration_times") as caught:
                one.compare(other)
            assert isinstance(caught.value, NoIterationsError)
            assert caught.value.name == "empty"


class TestMetrics:
    def test_each_known_figure_is_one_with_unit_and_category(self) -> None:
        found = PerformanceResult(
            "work",
            iteration_times=[1, 3],
            iteration_memory=[10, 20],
            cpu_time=0.5,
            custom_metrics={
                "rows": 9,
                "note": "text",
                "bad": float("nan"),
                "flag": True,
                "huge": 10**400,
            },
        )

        figures = {
            metric.name: (metric.value, metric.unit, metric.category)
            for metric in found.to_metrics()
        }

        performance, resource = MetricCategory.PERFORMANCE, MetricCategory.RESOURCE
        assert figures == {
            "pepperpy.performance.execution_time": (4, "s", performance),
            "pepperpy.performance.latency": (2, "s", performance),
            "pepperpy.performance.throughput": (0.5, "1/s", performance),
            "pepperpy.performance.cpu_time": (0.5, "s", resource),
            "pepperpy.performance.memory_usage": (20, "By", resource),
            "rows": (9, "", MetricCategory.CUSTOM),
        }

    def test_what_is_not_known_is_left_out(self) -> None:
        names = [metric.name for metric in PerformanceResult("work").to_metrics()]

        assert names == ["pepperpy.performance.execution_time"]

    def test_telemetry_hears_of_them(self) -> None:
        found = PerformanceResult("work", iteration_times=[1, 3], custom_metrics={"rows": 9})

        with capture_metrics() as m:
            found.report_to_telemetry()
            found.report_to_telemetry("shop")

        assert m["pepperpy.performance.latency"].count == 4
        tags = {"pepperpy.component.name": "work"}
        assert m.get_value("rows", tags) == 9
        assert m.get_value("rows", {**tags, "pepperpy.provider.id": "shop"}) == 9


class TestUnits:
    @pytest.mark.parametrize(
        ("size", "text"),
        [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (-1536, "-1.50 KiB"),
            (1024**2 - 1, "1.00 MiB"),
            (5 * 1024**3, "5.00 GiB"),
            (2048 * 1024**6, "2048.00 EiB"),
            (12.6, "13 B"),
            (float("inf"), "inf B"),
        ],
    )
    def test_bytes(self, size: float, text: str) -> None:
        assert format_bytes(size) == text
        assert PerformanceResult.format_bytes(size) == text

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0 ns"),
            (3e-9, "3 ns"),
            (1.5e-6, "1.5 us"),
            (0.0009996, "1 ms"),
            (0.25, "250 ms"),
            (0.99996, "1 s"),
            (1234.5, "1234 s"),
            (float("nan"), "nan ns"),
        ],
    )
    def test_seconds(self, seconds: float, text: str) -> None:
        assert format_seconds(seconds) == text
