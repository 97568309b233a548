"""Exponential histograms: the buckets of OpenTelemetry, quantiles within 1.1 %, exact merges."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.telemetry import ExponentialHistogram
from pepperpy.infra.telemetry._histogram import MAX_BUCKETS, MAX_SPAN

VALUES = st.floats(1e-3, 1.0) | st.sampled_from([0.5, 0.25, 1.0])
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
        data = ExponentialHistogram.of([value]).to_dict()

        assert (data["scale"], data["positive"]) == (5, {"offset": index, "counts": [1]})

    @given(st.lists(VALUES, min_size=1, max_size=300))
    @settings(max_examples=100)
    def test_the_dense_form_counts_what_the_formula_counts(self, values: list[float]) -> None:
        data = ExponentialHistogram.of(values).to_dict()
        expected: dict[int, int] = {}
        for value in values:
            index = bucket(data["scale"], value)
            expected[index] = expected.get(index, 0) + 1

        offset, counts = data["positive"]["offset"], data["positive"]["counts"]
        assert {offset + n: count for n, count in enumerate(counts) if count} == expected
        assert counts[0]
        assert counts[-1]

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

        data = seen.to_dict()
        assert data["zero_count"] == 2
        assert data["negative"]["offset"] == 31
        assert (data["negative"]["counts"][0], data["negative"]["counts"][-1]) == (1, 1)
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
            assert not buckets or max(buckets) - min(buckets) < MAX_SPAN
        counts = sum(seen.positive.values()) + sum(seen.negative.values()) + seen.zero_count
        assert counts == seen.count == len(values)

    def test_joined_buckets_are_those_of_the_smaller_scale(self) -> None:
        rnd = random.Random(1)
        values = [2 ** rnd.uniform(-500, 500) for _ in range(3000)]
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

    @given(st.lists(VALUES, min_size=1, max_size=200), st.floats(0, 1))
    @settings(max_examples=100)
    def test_the_bound_holds_for_whatever_spans_a_thousandfold(
        self, values: list[float], q: float
    ) -> None:
        exact = sorted(values)[int(q * (len(values) - 1))]

        assert ExponentialHistogram.of(values).quantile(q) == pytest.approx(exact, rel=0.011)

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
