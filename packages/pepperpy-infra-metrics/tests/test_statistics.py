"""The figures of samples, against the standard library and slow definitions."""

from __future__ import annotations

import itertools
import statistics as oracle
from math import comb, erfc, isnan, sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.metrics import _statistics as ours
from pepperpy.infra.metrics._compare import mann_whitney

times = st.floats(min_value=0, max_value=1e6, allow_nan=False)
samples = st.lists(times, min_size=1, max_size=50)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@given(samples)
def test_median_and_mean_are_those_of_the_standard_library(sample: list[float]) -> None:
    assert ours.median(sample) == close(oracle.median(sample))
    assert ours.mean(sample) == close(oracle.fmean(sample))


@given(st.lists(times, min_size=2, max_size=50))
def test_the_standard_deviation_is_that_of_the_standard_library(sample: list[float]) -> None:
    assert ours.standard_deviation(sample) == pytest.approx(oracle.stdev(sample), abs=1e-6)


@given(st.lists(times, min_size=2, max_size=50))
def test_quantiles_are_the_inclusive_ones_of_the_standard_library(sample: list[float]) -> None:
    wanted = oracle.quantiles(sample, n=20, method="inclusive")

    assert [ours.quantile(sample, k / 20) for k in range(1, 20)] == [close(q) for q in wanted]


@given(samples)
def test_the_median_deviation_is_what_it_is_defined_as(sample: list[float]) -> None:
    middle = oracle.median(sample)

    assert ours.median_deviation(sample) == close(oracle.median(abs(x - middle) for x in sample))


@given(samples, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_is_changed(sample: list[float], rnd: Random) -> None:
    shuffled = sample.copy()
    rnd.shuffle(shuffled)
    given_ = shuffled.copy()

    for figure in (ours.mean, ours.median, ours.median_deviation, ours.standard_deviation):
        assert figure(shuffled) == close(figure(sample))
    assert shuffled == given_


@given(st.lists(times, min_size=3, max_size=50))
def test_one_outlier_does_not_move_the_median_out_of_the_others(sample: list[float]) -> None:
    assert min(sample) <= ours.median([*sample, 1e12]) <= max(sample)


def test_of_nothing_every_figure_is_nan_and_of_one_value_the_spread_is_0() -> None:
    for figure in (ours.mean, ours.median, ours.median_deviation, ours.standard_deviation):
        assert isnan(figure([]))
    assert ours.standard_deviation([3.0]) == ours.median_deviation([3.0]) == 0


def exact_p_value(first: list[float], second: list[float]) -> float:
    """Mann-Whitney by trying every way to deal the values out."""

    def distance(chosen: tuple[float, ...], others: list[float]) -> float:
        wins = sum((a > b) + (a == b) / 2 for a in chosen for b in others)
        return abs(wins - len(first) * len(second) / 2)

    pool = [*first, *second]
    least, hits = distance(tuple(first), second), 0
    for places in itertools.combinations(range(len(pool)), len(first)):
        chosen = tuple(pool[place] for place in places)
        others = [value for place, value in enumerate(pool) if place not in places]
        hits += distance(chosen, others) >= least - 1e-9
    return hits / comb(len(pool), len(first))


@given(
    st.lists(st.integers(0, 1000), min_size=10, max_size=10, unique=True),
    st.integers(4, 6),
)
def test_the_rank_test_is_near_the_exact_one(pool: list[int], size: int) -> None:
    first, second = [float(x) for x in pool[:size]], [float(x) for x in pool[size:]]

    assert mann_whitney(first, second) == pytest.approx(exact_p_value(first, second), abs=0.04)


def test_ties_take_from_the_variance_of_the_ranks() -> None:
    first, second = [1.0, 1, 2, 2, 2], [2.0, 3, 3, 3, 3, 3]
    pool, half = [*first, *second], len(first) * len(second) / 2
    wins = [
        sum((a > b) + (a == b) / 2 for a in (pool[p] for p in places) for b in others)
        for places in itertools.combinations(range(len(pool)), len(first))
        for others in [[value for p, value in enumerate(pool) if p not in places]]
    ]
    distance = abs(sum((a > b) + (a == b) / 2 for a in first for b in second) - half)

    assert mann_whitney(first, second) == close(
        erfc((distance - 0.5) / sqrt(2 * oracle.pvariance(wins)))
    )


@given(samples, samples)
def test_the_rank_test_is_a_probability_and_the_same_both_ways(
    first: list[float], second: list[float]
) -> None:
    p = mann_whitney(first, second)

    assert 0 <= p <= 1
    assert mann_whitney(second, first) == close(p)


@given(samples)
def test_a_sample_is_not_different_from_itself(sample: list[float]) -> None:
    assert mann_whitney(sample, sample) == 1
