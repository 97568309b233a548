"""Tags: one order, any values, no secrets, and a limit."""

from __future__ import annotations

import enum
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.telemetry import (
    MetricType,
    ProviderTelemetry,
    TelemetryManager,
    capture_metrics,
    get_provider_telemetry,
)
from pepperpy.infra.telemetry._reporter import MAX_ALIASES
from pepperpy.infra.utils import Signal, subscribe

OVERFLOW = {"otel.metric.overflow": "true"}


class TestOneSeriesForOneSetOfTags:
    def test_nor_does_it_where_there_are_more_tags_than_are_kept(
        self, manager: TelemetryManager
    ) -> None:
        tags = {f"t{n}": "x" for n in range(100)}

        manager.count("n", tags=tags)
        manager.count("n", tags=dict(reversed(tags.items())))

        (record,) = manager.snapshot()
        assert (record["value"], len(record["tags"])) == (2, 64)

    def test_nor_does_it_where_two_names_are_the_same_text(self, manager: TelemetryManager) -> None:
        manager.count("n", tags={1: "a", "1": "b"})
        manager.count("n", tags={"1": "b", 1: "a"})

        assert manager.inspect()["facts"]["series"] == 1

    @given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=6), st.randoms())
    @settings(max_examples=60)
    def test_the_order_of_tags_does_not_matter(self, tags: dict[str, str], random) -> None:
        manager = TelemetryManager()
        items = list(tags.items())
        for _ in range(4):
            random.shuffle(items)
            manager.count("n", tags=dict(items))

        assert manager.get_value("n", tags) == 4
        assert manager.inspect()["facts"]["series"] == 1

    @given(st.dictionaries(st.text(max_size=4), st.integers() | st.text() | st.none(), max_size=4))
    @settings(max_examples=60)
    def test_the_callers_dict_is_never_touched(self, tags: dict[str, object]) -> None:
        manager, before = TelemetryManager(), dict(tags)
        provider = ProviderTelemetry("p", manager)

        for _ in range(2):
            provider.count("n", tags=tags)
            provider.info("e", "m", data=tags, tags=tags)

        assert tags == before
        assert list(tags) == list(before)

    def test_what_equals_in_python_is_told_apart_by_its_text(
        self, manager: TelemetryManager
    ) -> None:
        for value in (1, True, "1", 0, False, 1.5, None, 2.0, 2):
            for _ in range(2):
                manager.count("n", tags={"x": value})

        values = {record["tags"]["x"]: record["value"] for record in manager.snapshot()}
        assert values == {"1": 4, "true": 2, "0": 2, "false": 2, "1.5": 2, "None": 2, "2": 4}

    def test_members_of_enums_of_text_are_their_text(self, manager: TelemetryManager) -> None:
        class Old(str, enum.Enum):  # noqa: UP042 - what is tested
            A = "a"

        class New(enum.StrEnum):
            A = "a"

        for value in (Old.A, New.A, "a", Old.A, New.A):
            manager.count("n", tags={"x": value})

        assert manager.get_value("n", {"x": "a"}) == 5

    def test_a_provider_is_a_tag_and_never_a_prefix(self, manager: TelemetryManager) -> None:
        ProviderTelemetry("mail", manager).count("sent.total", tags={"to": "x"})

        (record,) = manager.snapshot()
        assert record["name"] == "sent.total"
        assert record["tags"] == {"pepperpy.provider.id": "mail", "to": "x"}

    def test_the_tag_of_a_provider_has_its_place_in_the_order(
        self, manager: TelemetryManager
    ) -> None:
        ProviderTelemetry("shop", manager).count("n", tags={"a": "1", "z": "2"})
        tags = {"z": "2", "pepperpy.provider.id": "shop", "a": "1"}
        manager.count("n", tags=tags)

        assert manager.get_value("n", tags) == 2
        assert manager.inspect()["facts"]["series"] == 1

    def test_a_provider_cannot_be_impersonated(self, manager: TelemetryManager) -> None:
        ProviderTelemetry("mail", manager).count("sent", tags={"pepperpy.provider.id": "other"})

        assert manager.get_value("sent", {"pepperpy.provider.id": "mail"}) == 1

    def test_names_pass_through_untouched(self, manager: TelemetryManager) -> None:
        for name in ("Request_Count", "a.b-c/d", "überschuss", ""):
            manager.count(name)

        assert [record["name"] for record in manager.snapshot()] == [
            *("Request_Count", "a.b-c/d", "überschuss", ""),
        ]


class Broken:
    def _fail(self, *_: object) -> None:
        raise RuntimeError("broken")

    __str__ = __repr__ = __hash__ = __eq__ = __len__ = __bool__ = __iter__ = _fail


class BrokenMapping(dict[str, str]):
    def items(self):
        raise RuntimeError("broken")

    keys = values = __iter__ = items


class Stranger(str):
    """Lies about what it is."""

    def __str__(self) -> str:
        raise RuntimeError("broken")

    def __hash__(self) -> int:
        raise RuntimeError("broken")


ODD = [
    {None: None},
    {1: 2, "1": 3},
    {"a": [1]},
    {"a": {}},
    {(): ()},
    {"a": Broken()},
    {"a": b"\xff"},
    {"a": "x" * 10**6},
    {"x" * 10**6: "a"},
    {"a": "\ud800"},
    {str(n): n for n in range(1000)},
    {"a": Stranger("s")},
    BrokenMapping(a="b"),
    Broken(),
    "text",
    b"bytes",
    7,
    [("a", "b")],
    [1],
    object(),
    float("nan"),
]


class TestOddTags:
    @pytest.mark.parametrize("tags", ODD, ids=lambda tags: type(tags).__name__)
    def test_odd_tags_never_raise_and_the_value_counts(
        self, manager: TelemetryManager, tags: object
    ) -> None:
        for _ in range(3):
            manager.report_metric("n", 1, MetricType.COUNTER, tags)
            with manager.time("t", tags):
                pass
        manager.report_event("e", "info", "m", tags=tags)

        assert manager.get_value("n") == 3
        assert manager.inspect()["facts"]["series"] == 2
        text = json.dumps(manager.snapshot())
        assert len(text) < 100_000

    @pytest.mark.parametrize(
        "name",
        [None, 7, Broken(), [], b"n", "x" * 10**6, Stranger("n")],
        ids=lambda o: type(o).__name__,
    )
    def test_odd_names_never_raise_and_the_value_counts(
        self, manager: TelemetryManager, name: object
    ) -> None:
        for _ in range(3):
            manager.report_metric(name, 1, MetricType.COUNTER)
            with manager.time(name):
                pass
        manager.counter(name).inc()

        assert sum(r["value"] for r in manager.snapshot() if r["type"] == "counter") == 4

    @pytest.mark.parametrize("route", [None, 7, Broken(), []], ids=lambda o: type(o).__name__)
    def test_odd_handler_names_never_raise(self, manager: TelemetryManager, route: object) -> None:
        manager.count("n", handler_name=route)
        manager.report_event("e", "info", "m", handler_name=route)

        assert manager.get_value("n") == 1

    @pytest.mark.parametrize("name", [None, 7, Broken(), []], ids=lambda o: type(o).__name__)
    def test_odd_names_of_providers_never_raise(self, name: object) -> None:
        with capture_metrics() as m:
            get_provider_telemetry(name).count("by_odd_provider")  # type: ignore[arg-type]

        assert m["by_odd_provider"].value == 1

    def test_odd_labels_never_raise(self, manager: TelemetryManager) -> None:
        for value in (None, 1, [], Broken(), Stranger("s")):
            manager.counter("n", labels=("a",)).labels(value).inc()

        assert manager.get_value("n") == 5


class TestSecrets:
    def test_the_value_of_a_tag_that_is_named_like_a_secret_is_masked(
        self, manager: TelemetryManager
    ) -> None:
        for _ in range(2):
            manager.count("n", tags={"password": "hunter2", "user": "ann"})
            manager.count("n", tags={"password": "hunter3", "user": "ann"})

        (record,) = manager.snapshot()
        assert record["tags"] == {"password": "***", "user": "ann"}
        assert record["value"] == 4

    def test_a_value_that_looks_like_a_secret_is_masked(self, manager: TelemetryManager) -> None:
        manager.count("n", tags={"dsn": "postgres://ann:hunter2@db/app"})

        assert "hunter2" not in json.dumps(manager.snapshot())

    def test_the_name_of_a_provider_that_holds_a_secret_is_masked(
        self, manager: TelemetryManager
    ) -> None:
        provider = ProviderTelemetry("postgres://ann:hunter2pw@db/shop", manager)
        provider.count("n")
        with capture_metrics(manager) as m:
            provider.count("n")
            provider.error("e", "m")

        shown = f"{provider} {manager.snapshot()} {m['n'].tags} {m.events}"
        assert "postgres://ann" in shown
        assert "hunter2pw" not in shown

    def test_a_planted_secret_is_in_no_repr_event_or_line(
        self, manager: TelemetryManager, memory, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = "hunter2-planted"
        provider = ProviderTelemetry("p", manager)
        provider.count("n", tags={"token": secret})
        provider.error("e", f"password={secret}", data={"api_key": secret}, tags={"secret": secret})
        manager.flush()

        shown = [
            repr(manager),
            repr(provider),
            repr(list(memory.metrics)),
            repr(list(memory.events)),
        ]
        shown += [repr(record.__dict__) for record in caplog.records]
        shown += [json.dumps(manager.snapshot()), json.dumps(manager.inspect())]
        assert len(caplog.records) == 1
        assert secret not in "".join(shown)


class TestLimits:
    def test_beyond_the_limit_there_is_one_series_and_the_total_stays_right(self) -> None:
        manager = TelemetryManager(max_series=10)
        for n in range(100):
            manager.count("n", tags={"user": str(n)})

        assert manager.get_value("n") == 100
        assert manager.inspect()["facts"]["series"] == 11
        assert manager.get_value("n", OVERFLOW) == 90

    def test_what_is_known_goes_on_after_the_limit_is_reached(self) -> None:
        manager = TelemetryManager(max_series=2)
        for n in (1, 2, 3, 1, 2, 3):
            manager.count("n", tags={"user": n})

        assert manager.get_value("n", {"user": "1"}) == 2
        assert manager.get_value("n", OVERFLOW) == 2

    def test_2000_series_are_the_default(self, manager: TelemetryManager) -> None:
        for n in range(2100):
            manager.count("n", tags={"user": n})

        assert manager.inspect()["facts"]["series"] == 2001

    def test_which_tag_exploded_is_told_once(self) -> None:
        manager, heard = TelemetryManager(max_series=10), []
        unsubscribe = subscribe(heard.append)
        for n in range(100):
            manager.count("n", tags={"user": n, "a": n % 2})
        unsubscribe()

        facts = {"limit": 10, "tag": "user", "values": 10}
        assert heard == [Signal(kind="telemetry.series_limit", source="n", facts=facts)]

    def test_it_is_logged_where_nobody_hears_signals(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager = TelemetryManager(max_series=1)
        for n in range(3):
            manager.count("n", tags={"user": n})

        assert caplog.messages == ["telemetry.series_limit of n: limit=1, tag=user, values=1"]

    def test_names_are_bounded_and_those_beyond_are_counted_together(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager = TelemetryManager(max_names=5)
        for n in range(50):
            manager.count(f"n{n}")
            manager.gauge(f"g{n}", 1)
        manager.counter("more", labels=["x"]).labels("y").inc()

        assert manager.inspect()["facts"]["names"] == 6
        name = "pepperpy.telemetry.overflow"
        assert manager.get_value(name, type=MetricType.COUNTER) == 47 + 1
        assert manager.get_value(name, OVERFLOW, type=MetricType.GAUGE) == 1
        assert caplog.messages == ["telemetry.name_limit of g2: limit=5"]

    def test_the_largest_names_are_shown_first(self, manager: TelemetryManager) -> None:
        for n in range(9):
            manager.count("big", tags={"n": n})
            manager.count("small", tags={"n": n % 2})

        assert manager.largest(1) == [("big", 9)]
        assert manager.largest() == [("big", 9), ("small", 2)]

    def test_ways_of_writing_tags_are_remembered_up_to_a_bound(self) -> None:
        manager = TelemetryManager()
        for n in range(MAX_ALIASES + 100):
            manager.count("n", tags={"secret": str(n)})

        kept = sum(map(len, manager._known.values())) + len(manager._known_typed)
        assert kept <= MAX_ALIASES
        assert manager.get_value("n") == MAX_ALIASES + 100

    @pytest.mark.parametrize("value", ["x" * 5000, 10**5000], ids=["text", "number"])
    def test_long_tags_are_not_remembered_as_they_were_given(self, value: Any) -> None:
        manager = TelemetryManager()
        labels = manager.counter("n", labels=["statement"]).labels
        tracemalloc.start()
        try:
            for n in range(1000):
                manager.count("n", tags={"statement": value + type(value)(n)})
                labels(value + type(value)(n)).inc()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert manager.get_value("n") == 2000
        assert kept < 500_000  # a tenth of what was given

    def test_label_values_are_remembered_up_to_the_limit(self) -> None:
        manager = TelemetryManager(max_series=5)
        family = manager.counter("n", labels=["user"])
        for n in range(100):
            family.labels(str(n)).inc()

        assert len(family._known) <= 5
        assert manager.get_value("n") == 100
