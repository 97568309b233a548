from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from pepperpy.infra.config import (
    BaseConfig,
    ConfigChange,
    ConfigError,
    ConfigRegistry,
    ConfigSyntaxError,
    ConfigTypeError,
    ConfigValidationError,
    UnknownConfigError,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
    set_config,
    subscribe_config,
)
from pepperpy.infra.utils import Signal, subscribe


class Inner(BaseConfig):
    a: int = 1
    b: int = 2


class App(BaseConfig):
    name: str = "default"
    inner: Inner = Inner()
    table: dict[str, int] = Field({})
    items: list[int] = Field([])


class Other(BaseConfig):
    n: int = 0


class Holder(BaseConfig):
    items: list[int] = Field([])


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry, toml: Path) -> None:
    register_config("app", App)
    register_config("other", Other)
    toml.write_text('[app]\nname = "one"\n')


@pytest.fixture
def changes() -> list[ConfigChange]:
    seen: list[ConfigChange] = []
    subscribe_config("app", seen.append)
    return seen


def test_swaps_in_the_new_snapshot_and_tells_the_changed_paths(
    toml: Path, changes: list[ConfigChange]
) -> None:
    before = get_config("app")
    toml.write_text('[app]\nname = "two"\nitems = [1]\n[app.inner]\nb = 5\n[app.table]\nx = 1\n')

    (change,) = reload_config()

    assert change.paths == ("name", "inner.b", "table.x", "items")
    assert changes == [change]
    assert (change.old, change.new) == (before, get_config("app"))
    assert before.name == "one"  # whoever holds it still has what he had


def test_what_did_not_change_stays_the_same_object(toml: Path, changes: list[ConfigChange]) -> None:
    before = get_config("app")
    toml.write_text('# a comment\n\n[app]\nname = "one"\n')

    assert reload_config("app") == ()
    assert get_config("app") is before
    assert changes == []
    assert explain_config("app")["name"].origin == "pepperpy.toml:4"


def test_subscribers_see_the_new_snapshot_in_place(toml: Path) -> None:
    get_config("app")
    seen: list[Any] = []
    subscribe_config("app", lambda change: seen.append(get_config("app") is change.new))
    toml.write_text("")

    reload_config()

    assert seen == [True]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("[app", ConfigSyntaxError), ("[app]\nname = 5\n", ConfigValidationError)],
)
def test_any_failure_keeps_the_old_snapshot(
    text: str, kind: type[ConfigError], toml: Path, changes: list[ConfigChange]
) -> None:
    before = get_config("app")
    signals: list[Signal] = []
    unsubscribe = subscribe(signals.append)
    toml.write_text(text)

    with pytest.raises(kind):
        reload_config()

    unsubscribe()
    assert get_config("app") is before
    assert changes == []
    assert [(each.kind, each.level) for each in signals] == [("config.reload_failed", 40)]


def test_of_all_is_all_or_nothing(toml: Path) -> None:
    app, other = get_config("app"), get_config("other")
    toml.write_text('[app]\nname = "two"\n[app.inner]\na = "x"\n[other]\nn = "x"\n')

    with pytest.raises(ConfigValidationError) as caught:
        reload_config()

    assert [each.path for each in caught.value.errors] == ["app.inner.a", "other.n"]
    assert (get_config("app"), get_config("other")) == (app, other)

    toml.write_text('[app]\nname = "two"\n[other]\nn = "x"\n')
    with pytest.raises(ConfigValidationError, match="'other' is not valid") as caught:
        reload_config("other")
    reload_config("app")
    assert get_config("app").name == "two"


def test_of_a_component_that_was_never_built_builds_it() -> None:
    assert reload_config("app") == ()
    assert get_config("app").name == "one"


def test_of_an_unknown_component_is_an_error() -> None:
    with pytest.raises(UnknownConfigError):
        reload_config("nobody")


def test_what_was_set_stays_on_top(toml: Path) -> None:
    set_config("app", {"inner": {"a": 10}})
    toml.write_text('[app]\nname = "two"\n[app.inner]\na = 5\nb = 6\n')

    reload_config()

    assert get_config("app").inner == Inner(a=10, b=6)


def test_a_signal_tells_of_it(toml: Path) -> None:
    get_config("app")
    signals: list[Signal] = []
    unsubscribe = subscribe(signals.append)
    toml.write_text("")
    reload_config()
    unsubscribe()

    assert [(each.kind, each.source, each.facts) for each in signals] == [
        ("config.reloaded", "app", {"paths": ("name",)})
    ]


class TestListsAndDictsThatTheProgramChanges:
    """They are not frozen, and what is done to them stays in that one snapshot."""

    def test_are_put_right_by_a_reload_which_tells_of_no_change(
        self, changes: list[ConfigChange]
    ) -> None:
        config = get_config("app")
        config.items.append(9)
        config.table["k"] = 9

        assert reload_config() == ()
        assert (get_config("app").items, get_config("app").table) == ([], {})
        assert changes == []

    def test_do_not_hide_a_change_of_the_sources(
        self, toml: Path, changes: list[ConfigChange]
    ) -> None:
        get_config("app").items.append(9)
        toml.write_text('[app]\nname = "one"\nitems = [9]\n')

        (change,) = reload_config()

        assert change.paths == ("items",)
        assert changes == [change]

    def test_change_no_source_no_default_and_no_other_component(
        self, toml: Path, registry: ConfigRegistry
    ) -> None:
        class Free(BaseConfig):
            anything: Any = None
            inner: Holder = Holder(items=[1])

        toml.write_text("[one]\nanything = [[1]]\n[two]\nanything = [[1]]\n")
        for name in ("one", "two", "three"):
            register_config(name, Free)
        given = {"anything": [[1]]}
        set_config("three", given)
        for name in ("one", "three"):
            get_config(name).anything[0].append(2)
            get_config(name).inner.items.append(2)

        set_config("three", {})
        reset_config("one")

        assert given == {"anything": [[1]]}
        for name in ("one", "two", "three"):
            assert get_config(name) == Free(anything=[[1]], inner=Holder(items=[1]))

    def test_of_an_instance_that_was_set_stay_as_they_are_in_what_comes_after(self) -> None:
        class Free(BaseConfig):
            name: str = "one"
            anything: Any = None
            inner: Holder = Holder()

        register_config("free", Free)
        given = Free(anything=[1], inner=Holder(items=[1]))
        set_config("free", given)
        set_config("free", {"name": "two"})

        get_config("free").anything.append(2)
        get_config("free").inner.items.append(2)

        assert given == Free(anything=[1], inner=Holder(items=[1]))


class TestSubscribers:
    def test_one_that_fails_harms_nobody_and_is_reported(
        self, toml: Path, changes: list[ConfigChange]
    ) -> None:
        get_config("app")
        after: list[ConfigChange] = []

        def fails(change: ConfigChange) -> None:
            raise RuntimeError("boom")

        subscribe_config(None, fails)
        subscribe_config(None, after.append)
        signals: list[Signal] = []
        unsubscribe = subscribe(signals.append)
        toml.write_text("")
        reload_config()
        unsubscribe()

        assert len(changes) == len(after) == 1
        failed = next(each for each in signals if each.kind == "config.subscriber_failed")
        assert failed.facts["error"] == "RuntimeError"
        assert "fails" in str(failed.facts["subscriber"])

    def test_control_flow_passes_through_and_the_rest_is_told_later(
        self, toml: Path, changes: list[ConfigChange]
    ) -> None:
        get_config("app")

        def stop(change: ConfigChange) -> None:
            raise KeyboardInterrupt

        unsubscribe = subscribe_config("app", stop)
        toml.write_text("")
        with pytest.raises(KeyboardInterrupt):
            reload_config()
        unsubscribe()
        set_config("app", {"name": "x"})

        assert [each.new.name for each in changes] == ["default", "x"]

    def test_each_hears_only_of_its_component_until_it_leaves(self) -> None:
        get_config("app")
        get_config("other")
        seen: list[str] = []
        leave = subscribe_config("other", lambda change: seen.append(change.name))

        set_config("app", {"name": "x"})
        set_config("other", {"n": 1})
        leave()
        leave()
        set_config("other", {"n": 2})

        assert seen == ["other"]

    def test_one_may_change_the_configuration_itself(self) -> None:
        get_config("app")
        get_config("other")
        order: list[tuple[str, int]] = []

        def follow(change: ConfigChange) -> None:
            if change.name == "app":
                set_config("other", {"n": 5})

        subscribe_config("app", follow)
        subscribe_config(None, lambda change: order.append((change.name, get_config("other").n)))
        set_config("app", {"name": "x"})

        assert sorted(order) == [("app", 5), ("other", 5)]

    def test_all_hear_the_changes_in_their_order_though_one_makes_more_of_them(self) -> None:
        get_config("other")
        heard: list[int] = []

        def count_on(change: ConfigChange) -> None:
            if change.new.n < 3:
                set_config("other", {"n": change.new.n + 1})

        subscribe_config("other", count_on)
        subscribe_config("other", lambda change: heard.append(change.new.n))
        set_config("other", {"n": 1})

        assert heard == [1, 2, 3]

    def test_one_that_another_has_sent_away_hears_nothing_more(self) -> None:
        get_config("other")
        heard: list[str] = []
        leave: list[Callable[[], None]] = []
        subscribe_config("other", lambda _: leave[0]())
        leave.append(subscribe_config("other", lambda change: heard.append(change.name)))

        set_config("other", {"n": 1})

        assert heard == []

    @pytest.mark.parametrize("listener", [None, 5, "x"])
    def test_what_cannot_be_called_is_refused(self, listener: Any) -> None:
        with pytest.raises(ConfigTypeError):
            subscribe_config("app", listener)

    def test_a_coroutine_function_is_refused(self) -> None:
        async def listener(change: ConfigChange) -> None: ...

        with pytest.raises(ConfigTypeError, match="plain function"):
            subscribe_config("app", listener)

    def test_a_partial_is_fine(self) -> None:
        get_config("app")
        seen: list[Any] = []
        subscribe_config("app", partial(lambda tag, change: seen.append((tag, change.paths)), "t"))

        set_config("app", {"name": "x"})

        assert seen == [("t", ("name",))]

    def test_values_that_cannot_be_compared_count_as_changed(self) -> None:
        class Odd:
            def __eq__(self, other: object) -> bool:
                raise RuntimeError("no")

            __hash__ = None  # type: ignore[assignment]

        class Holder(BaseConfig):
            thing: object = None

        register_config("holder", Holder)
        set_config("holder", {"thing": Odd()})
        seen: list[ConfigChange] = []
        subscribe_config("holder", seen.append)

        set_config("holder", {"thing": Odd()})

        assert [each.paths for each in seen] == [("thing",)]
