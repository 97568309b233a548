"""What a scrape says, read by prometheus_client's own parsers."""

from __future__ import annotations

import math
import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from pepperpy.infra.telemetry import (
    ExponentialHistogram,
    MetricType,
    PrometheusCollector,
    TelemetryManager,
    prometheus_text,
)
from pepperpy.infra.telemetry._prometheus import negotiated
from pepperpy.infra.utils import Signal, register_inspectable, subscribe

BOTH = pytest.mark.parametrize("openmetrics", [False, True], ids=["plain", "openmetrics"])


def families(manager: TelemetryManager, *, openmetrics: bool = False) -> dict:
    """What a parser reads: no name may come twice."""
    text = prometheus_text(manager, openmetrics=openmetrics)
    text.encode()  # can be sent
    found = list((read_openmetrics if openmetrics else read_plain)(text))
    assert max(Counter(each.name for each in found).values(), default=1) == 1
    samples = [(s.name, *sorted(s.labels.items())) for each in found for s in each.samples]
    assert len(samples) == len(set(samples))
    return {each.name: each for each in found}


def values(manager: TelemetryManager, *, openmetrics: bool = False) -> dict:
    """Samples without labels, by name."""
    found = families(manager, openmetrics=openmetrics).values()
    return {s.name: s.value for each in found for s in each.samples if not s.labels}


def buckets(manager: TelemetryManager, name: str) -> dict[float, float]:
    samples = families(manager)[name].samples
    return {float(s.labels["le"]): s.value for s in samples if s.name == f"{name}_bucket"}


class TestNames:
    def test_the_text_is_this(self) -> None:
        manager = TelemetryManager()
        manager.count("http.requests", 3, tags={"route": "/pay", "status": 200})
        manager.gauge("depth", 2.5)

        assert prometheus_text(manager) == (
            "# HELP http_requests_total Reported as http.requests.\n"
            "# TYPE http_requests_total counter\n"
            'http_requests_total{route="/pay",status="200"} 3\n'
            "# TYPE depth gauge\n"
            "depth 2.5\n"
        )

    def test_openmetrics_has_units_and_an_end(self) -> None:
        manager = TelemetryManager()
        manager.count("orders_total")
        manager.report_metric("work", 0.5, MetricType.TIMER)

        lines = prometheus_text(manager, openmetrics=True).splitlines()

        assert lines[:2] == ["# TYPE orders counter", "orders_total 1"]
        assert "# UNIT work_seconds seconds" in lines
        assert lines[-1] == "# EOF"

    @BOTH
    def test_an_empty_manager_can_be_scraped(self, openmetrics: bool) -> None:
        assert families(TelemetryManager(), openmetrics=openmetrics) == {}

    @BOTH
    def test_metrics_that_come_to_one_name_are_kept_apart_and_told_of(
        self, openmetrics: bool
    ) -> None:
        manager, heard = TelemetryManager(), list[Signal]()
        unsubscribe = subscribe(heard.append)
        manager.count("a.b", 1)
        manager.count("a_b", 2)
        manager.gauge("a_b_total", 3)
        manager.histogram("h", 4)
        manager.gauge("h.count", 5)

        first = values(manager, openmetrics=openmetrics)
        again = values(manager, openmetrics=openmetrics)
        unsubscribe()

        assert first == again
        assert first["a_b_total"] == 1
        assert first["h_count"] == 1
        assert {1, 2, 3, 5} <= set(first.values())
        told = [each for each in heard if each.kind == "telemetry.name_collision"]
        assert [each.source for each in told] == ["a_b", "a_b_total", "h.count"]
        assert all(each.facts["exposed_as"] for each in told)

    def test_who_had_a_name_keeps_it(self) -> None:
        manager = TelemetryManager()
        manager.count("a.b", 1)
        manager.gauge("a_b", 2)
        before = values(manager)

        manager.gauge("a.b", 3)  # comes before a_b in the order of the registry

        assert before.items() <= values(manager).items()

    def test_another_name_for_one_that_is_taken_is_the_same_in_each_process(self) -> None:
        one, other = TelemetryManager(), TelemetryManager()
        one.count("x")
        one.count("a.b")
        one.count("a_b")
        other.count("a/b")
        other.count("a_b")

        assert set(values(other)) - {"a_b_total"} < set(values(one))

    def test_labels_that_come_to_one_are_joined_and_told_of(self) -> None:
        manager, heard = TelemetryManager(), list[Signal]()
        unsubscribe = subscribe(heard.append)
        manager.count("n", 1, tags={"a.b": "x", "a_b": "y"})
        (sample,) = families(manager)["n"].samples
        families(manager)
        unsubscribe()

        assert sample.labels == {"a_b": "x;y"}
        assert [(s.kind, s.source) for s in heard] == [("telemetry.label_collision", "n")]

    @BOTH
    def test_series_that_look_the_same_are_counted_together(self, openmetrics: bool) -> None:
        manager = TelemetryManager()
        for tags in ({"a.b": "x"}, {"a_b": "x"}):
            manager.count("n", 2, tags=tags)
            manager.gauge("g", 2, tags=tags)
            manager.histogram("h", 2, tags=tags)
        for tags in ({}, {"a": ""}):  # to Prometheus, an empty label is not there
            manager.count("m", 3, tags=tags)

        found = families(manager, openmetrics=openmetrics)

        assert [s.value for s in found["n"].samples] == [4]
        assert [s.value for s in found["g"].samples] == [2]
        assert [s.value for s in found["h"].samples if s.name == "h_count"] == [2]
        assert [s.value for s in found["m"].samples] == [6]

    def test_labels_that_prometheus_has_itself_are_renamed(self) -> None:
        manager = TelemetryManager()
        tags = {"le": "a", "__name__": "b", "1st": "c"}
        manager.histogram("h", 1, tags=tags)
        manager.report_metric("s", 1, MetricType.SUMMARY, {"quantile": "x"})

        found = families(manager)

        (count,) = [s for s in found["h"].samples if s.name == "h_count"]
        assert count.labels == {"exported_le": "a", "_name__": "b", "_1st": "c"}
        assert found["s"].samples[-1].labels == {"exported_quantile": "x"}

    @BOTH
    @given(data=st.data())
    def test_whatever_is_reported_is_read_back(
        self, openmetrics: bool, data: st.DataObject
    ) -> None:
        manager = TelemetryManager()
        tags = data.draw(
            st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3), label="tags"
        )
        report = st.tuples(
            st.text('a._:1\n"é\ud800 ', max_size=6),
            st.floats(),
            st.sampled_from(MetricType),
            st.sampled_from([{}, tags]),
        )
        for name, value, type_, of in data.draw(st.lists(report, max_size=12)):
            manager.report_metric(name, value, type_, of)

        found = families(manager, openmetrics=openmetrics)

        kinds = {(record["name"], record["type"]) for record in manager.snapshot()}
        assert len(found) == len(kinds)

    @BOTH
    @given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
    def test_values_of_labels_come_through(self, openmetrics: bool, value: str) -> None:
        manager = TelemetryManager()
        manager.count("n", tags={"tag": value})
        (record,) = manager.snapshot()

        (sample,) = families(manager, openmetrics=openmetrics)["n"].samples

        assert sample.labels == record["tags"]

    def test_secrets_are_masked(self) -> None:
        manager = TelemetryManager()
        manager.count("n", tags={"api_key": "k-1", "url": "http://ann:pw@host/"})

        text = prometheus_text(manager)

        assert "k-1" not in text
        assert ":pw@" not in text

    def test_figures_of_inspectables_are_gauges(self) -> None:
        class Box:
            def inspect(self) -> dict:
                return {"kind": "box", "name": "b", "facts": {"size": 7}}

        box = Box()
        register_inspectable(box)
        manager = TelemetryManager(pull=True)

        (sample,) = families(manager)["pepperpy_box_size"].samples

        assert (sample.labels, sample.value) == ({"pepperpy_component_name": "b"}, 7)

    def test_what_is_for_one_handler_alone_is_not_exposed(self) -> None:
        manager = TelemetryManager()
        manager.count("audit", handler_name="wire")

        assert families(manager) == {}


class TestDistributions:
    def test_buckets_are_exact_below_powers_of_two(self) -> None:
        manager = TelemetryManager()
        for value in (0, 0.3, 1, 1.0000001, 2, 3, 100):
            manager.histogram("h", value)

        assert buckets(manager, "h") == {
            0: 1, 0.25: 1, 0.5: 2, 1: 3, 2: 5, 4: 6, 64: 6, 128: 7, math.inf: 7,
        }  # fmt: skip

    def test_all_series_of_a_metric_have_the_same_bounds(self) -> None:
        manager = TelemetryManager()
        manager.histogram("h", 1, tags={"a": 1})
        manager.histogram("h", 1000, tags={"a": 2})

        samples = [s for s in families(manager)["h"].samples if s.name == "h_bucket"]
        bounds = [[s.labels["le"] for s in samples if s.labels["a"] == a] for a in "12"]

        assert bounds[0] == bounds[1]

    @given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=200))
    def test_bounds_only_become_more(self, reported: list[float]) -> None:
        manager, bounds = TelemetryManager(), set[float]()
        for value in reported[:20]:
            manager.histogram("h", value)
            now = set(buckets(manager, "h"))
            assert bounds <= now
            bounds = now

    @given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=300), st.floats(0.01, 0.99))
    def test_quantiles_made_of_the_buckets_agree_with_ours(
        self, reported: list[float], q: float
    ) -> None:
        manager = TelemetryManager()
        for value in reported:
            manager.histogram("h", value)
        bound = sorted(buckets(manager, "h").items())
        ours = manager.get_histogram("h").quantile(q)
        rank = q * (len(reported) - 1)

        # The bucket in which a server looks for the value of this rank holds ours as well.
        upper = next(le for le, count in bound if count > rank)
        lower = max((le for le, _ in bound if le < upper), default=0)

        assert lower * 0.99 <= ours <= upper * 1.02

    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
    def test_any_values_make_buckets_that_can_be_read(self, reported: list[float]) -> None:
        manager = TelemetryManager()
        for value in reported:
            manager.histogram("h", value)
        for openmetrics in (False, True):
            families(manager, openmetrics=openmetrics)

        found = buckets(manager, "h") if manager.snapshot() else {math.inf: 0}

        assert len(found) <= 67
        assert list(found.values()) == sorted(found.values())
        assert found[math.inf] == manager.get_histogram("h").count
        for le, count in found.items():
            assert count >= sum(value < le * 0.999999 for value in reported if abs(value) <= 1e300)

    def test_a_range_without_end_has_few_buckets(self) -> None:
        manager = TelemetryManager()
        reported = [10.0**exponent for exponent in range(-300, 300)]
        reported += [2.0**exponent for exponent in range(-900, 900)]
        for value in reported:
            manager.histogram("h", value)

        found = buckets(manager, "h")

        assert manager.get_histogram("h").scale < 0
        assert 16 < len(found) <= 66
        assert found == {bound: sum(value <= bound for value in reported) for bound in found}

    def test_a_sum_that_can_go_down_is_not_told(self) -> None:
        manager = TelemetryManager()
        for value in (-5, 0, 5):
            manager.histogram("h", value)
            manager.report_metric("s", value, MetricType.SUMMARY)

        assert buckets(manager, "h") == {0: 2, 4: 2, 8: 3, math.inf: 3}
        assert values(manager) == {"s_count": 3}

    def test_summaries_have_our_quantiles(self) -> None:
        manager = TelemetryManager()
        for value in range(1, 101):
            manager.report_metric("s", value, MetricType.SUMMARY)

        samples = families(manager)["s"].samples

        seen = manager.get_histogram("s")
        quantiles = {float(s.labels["quantile"]): s.value for s in samples if s.labels}
        assert quantiles == {q: seen.quantile(q) for q in (0.5, 0.9, 0.99)}
        assert values(manager) == {"s_sum": 5050, "s_count": 100}

    def test_at_scale_joins_buckets_and_never_parts_them(self) -> None:
        seen = ExponentialHistogram.of([1, 2, 3, 4, -8, 0])

        joined = seen.at_scale(0)

        assert joined.positive == {0: 1, 1: 1, 2: 2}
        assert joined.negative == {3: 1}
        assert (joined.count, joined.sum, joined.min) == (seen.count, seen.sum, seen.min)
        assert joined.at_scale(5) is joined


def seen_in(scrapes: list[dict], name: str) -> dict[str | None, list[float]]:
    """The values of each series of one sample, from scrape to scrape."""
    series: dict = {}
    for sample in (s for scrape in scrapes for each in scrape.values() for s in each.samples):
        if sample.name == name:
            series.setdefault(sample.labels.get("le"), []).append(sample.value)
    return series


class TestConcurrency:
    def test_scrapes_under_concurrent_reports_are_monotone_and_end_exact(self) -> None:
        manager = TelemetryManager()
        hits, sizes = manager.counter("hits"), manager.histogram_family("sizes")

        def report() -> None:
            hit, size = hits.labels(), sizes.labels()
            for number in range(20_000):
                hit.inc()
                size.observe(number % 7)

        threads = [threading.Thread(target=report) for _ in range(4)]
        for thread in threads:
            thread.start()
        scrapes = []
        while any(thread.is_alive() for thread in threads):
            scrapes.append(families(manager))
        for thread in threads:
            thread.join()
        scrapes.append(families(manager))

        for name in ("hits_total", "sizes_bucket", "sizes_count", "sizes_sum"):
            found = seen_in(scrapes, name)
            assert found
            assert all(each == sorted(each) for each in found.values())
        assert values(manager)["hits_total"] == values(manager)["sizes_count"] == 80_000


class TestAccept:
    @pytest.mark.parametrize(
        ("accept", "openmetrics"),
        [
            ("", False),
            ("*/*", False),
            ("text/html,application/xhtml+xml,*/*;q=0.8", False),
            ("application/openmetrics-text", True),
            ("Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", True),
            ('application/openmetrics-text; version="1.0.0"', True),
            ("application/openmetrics-text;version=0.0.1", False),
            ("application/openmetrics-text;version=2.0.0", False),
            ("text/plain,application/openmetrics-text", True),
            ("application/openmetrics-text;q=0", False),
            ("application/openmetrics-text;q=x", False),
            ("application/openmetrics-text;q=0.4,text/plain;q=0.5", False),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.2",
                True,
            ),
            (";;,=,;q", False),
        ],
    )
    def test_the_header_decides(self, accept: str, openmetrics: bool) -> None:
        assert negotiated(accept) is openmetrics


class TestCollector:
    def test_our_metrics_are_in_a_registry_of_prometheus_client(self) -> None:
        manager, registry = TelemetryManager(), CollectorRegistry(auto_describe=True)
        registry.register(PrometheusCollector(manager))
        manager.count("http.requests", 3, tags={"route": 'a"\n'})
        manager.gauge("depth", 2)
        manager.histogram("size", 3)
        manager.report_metric("s", 3, MetricType.SUMMARY)
        manager.report_metric("work", 3, MetricType.TIMER)

        def samples(text: str, read) -> list:
            return [s for family in read(text) for s in family.samples]

        theirs = generate_latest(registry).decode()
        assert samples(theirs, read_plain) == samples(prometheus_text(manager), read_plain)
        theirs = generate_openmetrics(registry).decode()
        ours = prometheus_text(manager, openmetrics=True)
        assert samples(theirs, read_openmetrics) == samples(ours, read_openmetrics)

    def test_no_name_or_tag_fails_the_scrape_of_all(self) -> None:
        manager, registry = TelemetryManager(), CollectorRegistry()
        registry.register(PrometheusCollector(manager))
        manager.count("lone \ud800\n", tags={"a \ud800": "\udfff"})

        for generate in (generate_latest, generate_openmetrics):
            assert b"Reported as lone ?\\n." in generate(registry)

    def test_what_is_reported_later_is_there_later(self) -> None:
        manager, registry = TelemetryManager(), CollectorRegistry()
        registry.register(PrometheusCollector(manager))
        manager.count("n")
        assert registry.get_sample_value("n_total") == 1

        manager.count("n")
        manager.count("m")

        assert registry.get_sample_value("n_total") == 2
        assert registry.get_sample_value("m_total") == 1
