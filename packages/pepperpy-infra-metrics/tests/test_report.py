"""`report_custom_metric`: one figure, and what telemetry makes of it."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pepperpy.infra.metrics import (
    InvalidOptionError,
    MetricCategory,
    PerformanceMetric,
    report_custom_metric,
)
from pepperpy.infra.telemetry import MetricType, TelemetryManager, capture_metrics


def test_the_figure_is_returned_as_it_was_given() -> None:
    tags = {"queue": "mail"}

    metric = report_custom_metric("Queue depth!", 3, "1", MetricCategory.BUSINESS, tags)
    tags["queue"] = "other"

    assert (metric.name, metric.value, metric.unit) == ("Queue depth!", 3, "1")
    assert metric.category is MetricCategory.BUSINESS
    assert metric.tags == {"queue": "mail"}
    assert metric.timestamp.tzinfo is UTC


def test_telemetry_keeps_it_as_a_gauge_of_that_name_and_those_tags() -> None:
    with capture_metrics() as m:
        report_custom_metric("queue.depth", 3, tags={"queue": "mail"})
        report_custom_metric("queue.depth", 2, tags={"queue": "mail"})
        report_custom_metric("queue.depth", 5, provider_id="shop")

    assert m["queue.depth"].type is MetricType.GAUGE
    assert m.get_value("queue.depth", {"queue": "mail"}) == 2
    assert m.get_value("queue.depth", {"pepperpy.provider.id": "shop"}) == 5


@pytest.mark.parametrize(
    ("value", "number"), [(Decimal("1.5"), 1.5), (Fraction(1, 2), 0.5), (timedelta(seconds=2), 2.0)]
)
def test_numbers_of_every_kind_are_figures(value: Any, number: float) -> None:
    with capture_metrics() as m:
        metric = report_custom_metric("odd", value)

    assert (type(metric.value), metric.value) == (float, number)
    assert m["odd"].value == number


def test_telemetry_hears_nothing_if_it_should_not() -> None:
    with capture_metrics() as m:
        metric = report_custom_metric("private", 1, report_telemetry=False)

    assert metric.value == 1
    assert m.names == []
    assert TelemetryManager.get_instance().get_value("private") == 0


def test_a_category_may_be_given_as_text() -> None:
    metric = report_custom_metric("x", 1, category="system", report_telemetry=False)  # type: ignore[arg-type]

    assert metric.category is MetricCategory.SYSTEM


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ({"value": float("nan")}, "value"),
        ({"value": float("inf")}, "value"),
        ({"value": "3"}, "value"),
        ({"value": True}, "value"),
        ({"value": None}, "value"),
        ({"value": 10**400}, "value"),
        ({"value": 1, "category": "weather"}, "category"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} .*must be") as caught:
        report_custom_metric("x", **arguments)

    assert isinstance(caught.value, InvalidOptionError)
    assert caught.value.option == option


def test_the_categories_are_those_that_people_know() -> None:
    assert {category.name: category.value for category in MetricCategory} == {
        "PERFORMANCE": "performance",
        "RESOURCE": "resource",
        "BUSINESS": "business",
        "SYSTEM": "system",
        "CUSTOM": "custom",
    }
    assert [metric.name for metric in PerformanceMetric] == [
        "EXECUTION_TIME",
        "CPU_TIME",
        "MEMORY_USAGE",
        "THROUGHPUT",
        "LATENCY",
        "CUSTOM",
    ]
