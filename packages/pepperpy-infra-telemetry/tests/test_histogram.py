"""Exponential histograms: the buckets of OpenTelemetry, quantiles within 1.1 %, exact merges."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.telemetry import ExponentialHistogram, InvalidHistogramError, TelemetryManager
from pepperpy.infra.telemetry._histogram import MAX_BUCKETS

VALUES = st.floats(1e-6, 1.0) | st.sampled_from([0.5, 0.25, 1.0])
ANY = st.floats(-1e300, 1e300)


def bucket(scale: int, value: float) -> int:
    """The formula of OpenTelemetry's data model."""
    return math.ceil(math.log2(value) * 2.0**scale) - 1


class TestBuckets:
    # From the data model: bucket i of base b holds (b ** i, b ** (i + 1)].
    @pytest.mark.parametrize(
        ("value", "index"),
        [
            *((1.0, -1), (2.0, 31), (4.0, 63), (0.5, -33), (1024.0, 319), (2.0**-10, -321)),
            *((math.nextafter(1.0, 2), 0), (math.nextafter(2.0, 3), 32), (3.0, 50), (0.1, -107)),
            *((1e-9, -957), (1e9, 956), (5e-324, -34369), (1e300, 31890)),
        ],
    )
    def test_a_value_is_in_the_bucket_of_opentelemetry(self, value: float, index: int) -> None:
        seen = ExponentialHistogram.of([value])

        # Ours are numbered as in Prometheus, by the upper bound.
        assert (seen.scale, seen.positive) == (5, {index + 1: 1})

    @given(st.lists(VALUES, min_size=1, max_size=300))
    @settings(max_examples=2 * settings.default.max_examples)
    def test_buckets_count_what_the_formula_counts(self, values: list[float]) -> None:
        seen = ExponentialHistogram.of(values)
        expected: dict[int, int] = {}
        for value in values:
            index = bucket(seen.scale, value) + 1
            expected[index] = expected.get(index, 0) + 1

        assert seen.positive == expected

    @pytest.mark.parametrize("spread", [0.0, 0.01, 0.1, 1.0])
    def test_close_values_and_spread_ones_are_counted_alike(self, spread: float) -> None:
        rnd = random.Random(5)
        values = [rnd.lognormvariate(-3, spread) for _ in range(2000)]
        one_by_one = ExponentialHistogram()
        for value in values:
            one_by_one = one_by_one.plus([value], value)

        assert ExponentialHistogram.of(values).positive == one_by_one.positive

    def test_zero_and_negative_values_have_buckets_of_their_own(self) -> None:
        seen = ExponentialHistogram.of([0.0, -0.0, -2.0, -4.0, 2.0])

        assert seen.zero_count == 2
        assert (seen.negative, seen.positive) == ({32: 1, 64: 1}, {32: 1})
        assert (seen.min, seen.max, seen.sum, seen.count) == (-4.0, 2.0, -4.0, 5)
        assert seen.quantile(0) == pytest.approx(-4, rel=0.011)
        assert seen.quantile(0.5) == 0

    def test_without_values_there_are_no_limits(self) -> None:
        data = ExponentialHistogram().to_dict()

        assert (data["count"], data["min"], data["max"]) == (0, None, None)
        assert math.isnan(ExponentialHistogram().quantile(0.5))
        assert math.isnan(ExponentialHistogram().mean)

    @given(st.lists(ANY, max_size=400))
    @settings(max_examples=50)
    def test_buckets_are_bounded_and_hold_every_value(self, values: list[float]) -> None:
        seen = ExponentialHistogram.of(values)

        for buckets in (seen.positive, seen.negative):
            assert len(buckets) <= MAX_BUCKETS
        counts = sum(seen.positive.values()) + sum(seen.negative.values()) + seen.zero_count
        assert counts == seen.count == len(values)

    def test_joined_buckets_are_those_of_the_smaller_scale(self) -> None:
        rnd = random.Random(1)
        values = [2 ** rnd.uniform(-500, 500) for _ in range(5000)]
        seen = ExponentialHistogram()
        for value in values:
            seen = seen.plus([value], value)

        expected: dict[int, int] = {}
        for value in values:
            index = bucket(seen.scale, value) + 1
            expected[index] = expected.get(index, 0) + 1
        assert seen.scale < 1
        assert seen.positive == expected


class TestQuantiles:
    @pytest.mark.parametrize("name", ["lognormal", "pareto", "bimodal"])
    @pytest.mark.parametrize("q", [0.0, 0.5, 0.9, 0.99, 0.999, 1.0])
    def test_a_quantile_is_within_one_point_one_percent(self, name: str, q: float) -> None:
        rnd = random.Random(3)
        draw = {
            "lognormal": lambda: rnd.lognormvariate(0, 1),
            "pareto": lambda: rnd.paretovariate(1.1),
            "bimodal": lambda: (
                rnd.gauss(0.002, 0.0002) if rnd.random() < 0.95 else rnd.gauss(1.5, 0.2)
            ),
        }[name]
        values = sorted(draw() for _ in range(20_000))

        exact = values[int(q * (len(values) - 1))]
        assert ExponentialHistogram.of(values).quantile(q) == pytest.approx(exact, rel=0.011)

    @given(st.lists(ANY | st.floats(1, 2), min_size=1, max_size=200), st.floats(0, 1))
    @settings(max_examples=2 * settings.default.max_examples)
    def test_the_bound_holds_for_few_values_whatever_they_are(
        self, values: list[float], q: float
    ) -> None:
        exact = sorted(values)[math.floor(q * (len(values) - 1))]

        assert ExponentialHistogram.of(values).quantile(q) == pytest.approx(exact, rel=0.011, abs=0)

    def test_the_bound_holds_for_a_million_fold_range_without_a_gap(self) -> None:
        values = [1.0011**n for n in range(12_567)]
        assert values[-1] > 990_000

        seen = ExponentialHistogram.of(values)

        assert seen.scale == 5
        for q in (0, 0.1, 0.5, 0.9, 1):
            exact = values[math.floor(q * (len(values) - 1))]
            assert seen.quantile(q) == pytest.approx(exact, rel=0.011)

    @pytest.mark.parametrize("odd", [5e-324, 1e-17, 1e300, -1e300])
    def test_one_odd_value_does_not_blur_the_others(self, odd: float) -> None:
        rnd = random.Random(8)
        values = sorted([odd, *(rnd.uniform(0.5, 900) for _ in range(5000))])

        seen = ExponentialHistogram.of(values)

        for q in (0, 0.01, 0.5, 0.99, 1):
            exact = values[math.floor(q * (len(values) - 1))]
            assert seen.quantile(q) == pytest.approx(exact, rel=0.011, abs=0)

    @pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
    def test_a_share_that_is_none_has_no_quantile(self, q: float) -> None:
        assert math.isnan(ExponentialHistogram.of([1.0]).quantile(q))


class TestMerging:
    @given(st.lists(ANY, max_size=60), st.lists(ANY, max_size=60), st.lists(ANY, max_size=60))
    @settings(max_examples=60)
    def test_merging_is_associative_and_equals_counting_together(
        self, a: list[float], b: list[float], c: list[float]
    ) -> None:
        one, two, three = map(ExponentialHistogram.of, (a, b, c))

        left = one.merge(two).merge(three)
        right = one.merge(two.merge(three))
        together = ExponentialHistogram.of([*a, *b, *c])

        for merged in (right, together):
            assert merged.positive == left.positive
            assert merged.negative == left.negative
            assert (merged.scale, merged.count, merged.zero_count) == (
                left.scale,
                left.count,
                left.zero_count,
            )
            assert (merged.min, merged.max) == (left.min, left.max)
        size = math.fsum(map(abs, [*a, *b, *c]))
        assert left.sum == pytest.approx(together.sum, abs=1e-9 * size + 1e-300)

    @given(st.lists(ANY, max_size=60), st.lists(ANY, min_size=1, max_size=60))
    @settings(max_examples=60)
    def test_what_came_since_a_former_state_is_what_was_added(
        self, before: list[float], after: list[float]
    ) -> None:
        earlier = ExponentialHistogram.of(before)
        since = earlier.plus(after, sum(after)).since(earlier)

        assert since.count == len(after)
        assert since.zero_count == sum(not x for x in after)
        assert sum(since.positive.values()) == sum(x > 0 for x in after)
        # Not exact, but never too narrow.
        assert since.min <= min(after) or since.min == pytest.approx(min(after))
        assert since.max >= max(after) or since.max == pytest.approx(max(after))

    def test_nothing_came_since_the_same_state(self) -> None:
        seen = ExponentialHistogram.of([1.0, 2.0])

        assert seen.since(seen) == ExponentialHistogram()

    def test_histograms_of_different_scales_are_merged_at_the_coarser_one(self) -> None:
        rnd = random.Random(6)
        wide = [2 ** rnd.uniform(-500, 500) for _ in range(5000)]
        narrow = [rnd.uniform(1, 10) for _ in range(5000)]
        one, two = ExponentialHistogram.of(wide), ExponentialHistogram.of(narrow)
        assert one.scale < two.scale

        merged = two.merge(one)

        assert merged.scale == one.scale
        assert merged == ExponentialHistogram.merged([ExponentialHistogram(), one, two])
        assert merged.positive == ExponentialHistogram.of([*wide, *narrow]).positive

    def test_nothing_merged_is_an_empty_histogram(self) -> None:
        assert ExponentialHistogram.merged([]) == ExponentialHistogram()


class TestReadingBack:
    @given(st.lists(ANY, max_size=200))
    @settings(max_examples=2 * settings.default.max_examples)
    def test_a_histogram_is_the_same_after_a_way_through_json(self, values: list[float]) -> None:
        seen = ExponentialHistogram.of(values)

        assert ExponentialHistogram.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen

    def test_one_that_was_read_back_can_be_added_to_and_merged(self) -> None:
        read = ExponentialHistogram.from_dict(ExponentialHistogram.of([1.0, 3.0]).to_dict())

        assert read.plus([5.0], 5.0) == ExponentialHistogram.of([1.0, 3.0, 5.0])
        assert read.merge(ExponentialHistogram.of([5.0])).positive == {0: 1, 51: 1, 75: 1}

    def test_a_finer_scale_of_another_writer_can_be_read_and_merged(self) -> None:
        fine = {
            **ExponentialHistogram.of([3.0]).to_dict(),
            "scale": 8,
            "positive": [[math.ceil(math.log2(3.0) * 256), 1]],
        }

        read = ExponentialHistogram.from_dict(fine)

        assert read.quantile(0.5) == 3.0
        assert read.merge(ExponentialHistogram.of([3.0])).positive == {51: 2}

    @pytest.mark.parametrize("data", [None, [], {}, "text", 7, {"count": 1}], ids=repr)
    def test_what_is_no_histogram_is_a_value_error(self, data: object) -> None:
        with pytest.raises(InvalidHistogramError, match=r"not what to_dict\(\)") as caught:
            ExponentialHistogram.from_dict(data)  # type: ignore[arg-type]

        assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"count": 3}, {"count": -1}, {"count": 1.5}, {"count": "2"}),
            *({"sum": math.nan}, {"sum": None}, {"max": math.inf}, {"min": "1"}, {"min": None}),
            *({"scale": 1.5}, {"zero_count": -1}, {"zero_count": 1}),
            *({"scale": 10**9}, {"scale": -(10**9)}, {"positive": [[10**30, 2]]}),
            *({"positive": None}, {"positive": [[1]]}, {"positive": [[1, -2]]}, {"positive": [1]}),
            *({"positive": [["1", 2]]}, {"negative": {"offset": 0, "counts": [1]}}),
        ],
        ids=repr,
    )
    def test_a_wrong_part_is_a_value_error(self, wrong: dict[str, object]) -> None:
        data = {**ExponentialHistogram.of([1.0, 2.0]).to_dict(), **wrong}

        with pytest.raises(InvalidHistogramError):
            ExponentialHistogram.from_dict(data)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, "1", None], ids=repr)
    def test_a_value_that_is_no_finite_number_is_a_value_error(self, value: float) -> None:
        with pytest.raises(InvalidHistogramError, match="1 of 2 are not"):
            ExponentialHistogram.of([1.0, value])

    def test_the_distribution_of_a_name_is_read_from_the_manager(
        self, manager: TelemetryManager
    ) -> None:
        manager.histogram("size", 1, tags={"kind": "a"})
        manager.histogram("size", 4, tags={"kind": "b"})
        manager.count("hits", 7)

        assert manager.get_histogram("size") == ExponentialHistogram.of([1, 4])
        assert manager.get_histogram("size", {"kind": "b"}).max == 4
        assert manager.get_histogram("size", type="timer").count == 0  # type: ignore[arg-type]
        assert manager.get_histogram("size", type="histogram").count == 2  # type: ignore[arg-type]
        assert manager.get_histogram("nothing") == ExponentialHistogram()
        assert manager.get_histogram("hits", type="counter").count == 0  # type: ignore[arg-type]
        assert manager.get_histogram("hits").count == 0

    def test_a_distribution_is_found_beside_a_counter_of_its_name(
        self, manager: TelemetryManager
    ) -> None:
        manager.count("work")
        manager.histogram("work", 2)

        assert manager.get_histogram("work").count == 1

    def test_snapshots_of_several_processes_are_put_together(self) -> None:
        records = []
        for values in ([0.1, 0.2], [0.4]):
            manager = TelemetryManager()
            for value in values:
                manager.histogram("seconds", value)
            records += json.loads(json.dumps(manager.snapshot()))

        together = ExponentialHistogram.merged(
            ExponentialHistogram.from_dict(record["histogram"]) for record in records
        )

        assert together.positive == ExponentialHistogram.of([0.1, 0.2, 0.4]).positive
        assert (together.count, together.min, together.max) == (3, 0.1, 0.4)
