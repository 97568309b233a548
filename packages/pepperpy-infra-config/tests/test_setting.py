from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field, Json, field_validator

from pepperpy.infra.config import (
    BaseConfig,
    ConfigChange,
    ConfigError,
    ConfigRegistry,
    ConfigTypeError,
    ConfigValidationError,
    UnknownConfigError,
    config_overrides,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
    set_config,
    subscribe_config,
    use_registry,
)


class Inner(BaseConfig):
    a: int = 1
    b: int = 2


class App(BaseConfig):
    name: str = "default"
    inner: Inner = Inner()


class Other(BaseConfig):
    name: str = "other"


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry) -> None:
    register_config("app", App)
    register_config("other", Other)


class TestSetConfig:
    def test_a_mapping_joins_those_given_before(self) -> None:
        set_config("app", {"inner": {"a": 10}})
        set_config("app", {"inner": {"b": 20}})

        assert get_config("app").inner == Inner(a=10, b=20)

    def test_an_instance_is_the_snapshot(self) -> None:
        app = App(name="x")
        set_config("app", {"inner": {"a": 10}})
        set_config("app", app)

        assert get_config("app") is app
        assert explain_config("app")["inner.a"].origin == "set_config"

    @pytest.mark.parametrize(
        ("made", "path"),
        [
            (lambda: App().model_copy(update={"name": 5}), "name"),
            (lambda: App().model_copy(update={"inner": {"a": 5}}), "inner"),
            (lambda: App.model_construct(inner="hunter2"), "inner"),
        ],
    )
    def test_an_instance_that_was_made_past_validation_is_refused(
        self, made: Callable[[], App], path: str
    ) -> None:
        before = get_config("app")

        with pytest.raises(ConfigValidationError) as caught:
            set_config("app", made())

        assert [each.path for each in caught.value.errors] == [path]
        assert "hunter2" not in str(caught.value)
        assert get_config("app") is before

    def test_validators_see_an_instance_as_it_was_made(self) -> None:
        class Odd(BaseConfig):
            seconds: float = 30
            words: list[str] = Field([])
            json_list: Json[list[int]] = Field([])

            @field_validator("seconds")
            @classmethod
            def _in_milliseconds(cls, value: float) -> float:
                return value * 1000

            @field_validator("words", mode="before")
            @classmethod
            def _split(cls, value: str) -> list[str]:
                return value.split()

        given = Odd.from_dict({"seconds": 2, "words": "a b", "json_list": "[1]"})
        register_config("odd", Odd)
        set_config("odd", given)

        assert get_config("odd") is given

    def test_an_equal_instance_is_the_snapshot_too(self) -> None:
        get_config("app")
        app = App()
        set_config("app", app)

        assert get_config("app") is app

    def test_a_mapping_goes_over_an_instance(self) -> None:
        set_config("app", App(name="x", inner=Inner(a=10)))
        set_config("app", {"inner": {"b": 20}})

        assert get_config("app") == App(name="x", inner=Inner(a=10, b=20))

    def test_an_instance_of_a_subclass_is_one_of_the_model(self) -> None:
        class Special(App):
            more: int = 1

        set_config("app", Special(name="x"))

        assert get_config("app").more == 1

    @pytest.mark.parametrize("given", [Other(), "x", 5, None, [("name", "x")]])
    def test_anything_else_is_a_type_error(self, given: Any) -> None:
        with pytest.raises(TypeError, match="takes a mapping or an instance of App") as caught:
            set_config("app", given)

        assert isinstance(caught.value, ConfigTypeError)

    def test_it_validates_at_once_and_the_old_snapshot_stays(self) -> None:
        set_config("app", {"name": "x"})
        before = get_config("app")

        with pytest.raises(ConfigValidationError) as caught:
            set_config("app", {"inner": {"a": "no"}})

        assert caught.value.errors[0].origin == "set_config"
        assert get_config("app") is before
        set_config("app", {"inner": {"b": 3}})  # what was refused is not there any more
        assert get_config("app").inner == Inner(a=1, b=3)

    def test_what_the_caller_does_to_the_mapping_later_is_not_seen(self) -> None:
        given: dict[str, Any] = {"inner": {"a": 10}}
        set_config("app", given)
        given["inner"]["a"] = "no"
        reload_config()

        assert get_config("app").inner.a == 10

    def test_an_unknown_component_is_an_error(self) -> None:
        with pytest.raises(UnknownConfigError):
            set_config("nobody", {})

    def test_subscribers_hear_of_it(self) -> None:
        changes: list[ConfigChange] = []
        subscribe_config("app", changes.append)
        set_config("app", {"name": "first"})  # there was no snapshot that could have changed
        set_config("app", {"name": "x", "inner": {"a": 10}})

        assert [(each.name, each.paths) for each in changes] == [("app", ("name", "inner.a"))]
        assert (changes[0].old.name, changes[0].new.name) == ("first", "x")


class TestResetConfig:
    def test_forgets_what_was_set_and_the_snapshot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_config("app", {"name": "x"})
        set_config("other", {"name": "y"})
        monkeypatch.setenv("PEPPERPY_APP_INNER__A", "5")

        reset_config("app")

        assert get_config("app") == App(inner=Inner(a=5))
        assert get_config("other").name == "y"

    def test_without_a_name_forgets_all(self) -> None:
        set_config("app", {"name": "x"})
        set_config("other", {"name": "y"})

        reset_config()

        assert (get_config("app").name, get_config("other").name) == ("default", "other")

    def test_of_an_unknown_component_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            reset_config("nobody")


class TestConfigOverrides:
    def test_hold_for_the_block(self) -> None:
        set_config("app", {"inner": {"a": 10}})
        before = get_config("app")

        with config_overrides({"app": {"name": "x"}, "other": Other(name="y")}):
            assert get_config("app") == App(name="x", inner=Inner(a=10))
            assert get_config("other").name == "y"

        assert get_config("app") is before
        assert get_config("other").name == "other"

    def test_can_nest_and_be_used_again(self) -> None:
        block = config_overrides({"app": {"name": "x"}})

        with block, config_overrides({"app": {"name": "y"}}), block:
            assert get_config("app").name == "x"
        with block:
            assert get_config("app").name == "x"

        assert get_config("app").name == "default"

    def test_are_all_set_or_none(self) -> None:
        before = get_config("app")

        with (
            pytest.raises(ConfigError),
            config_overrides({"app": {"name": "x"}, "other": {"name": []}}),
        ):
            raise AssertionError("the block must not run")

        assert get_config("app") is before
        assert get_config("other").name == "other"

    def test_end_with_what_a_reload_inside_has_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        get_config("app")

        with config_overrides({"app": {"inner": {"a": 10}}}):
            monkeypatch.setenv("PEPPERPY_APP_NAME", "new")
            reload_config()

        assert get_config("app") == App(name="new")

    def test_subscribers_hear_of_both_ends(self) -> None:
        get_config("app")
        seen: list[str] = []
        subscribe_config("app", lambda change: seen.append(change.new.name))

        with config_overrides({"app": {"name": "x"}}):
            pass

        assert seen == ["x", "default"]

    @pytest.mark.asyncio
    async def test_work_with_async_with(self) -> None:
        async with config_overrides({"app": {"name": "x"}}):
            assert get_config("app").name == "x"


class TestUseRegistry:
    def test_swaps_what_the_functions_use(self, registry: ConfigRegistry) -> None:
        own = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_APP_NAME": "own"})

        with use_registry(own) as inside:
            assert inside is own
            register_config("app", App)
            assert get_config("app").name == "own"

        assert get_config("app").name == "default"
        assert registry.components == ("app", "other")

    def test_two_registries_know_nothing_of_each_other(self) -> None:
        one, two = ConfigRegistry(), ConfigRegistry()
        one.register("x", App)

        with pytest.raises(UnknownConfigError):
            two.get_config("x")

    def test_takes_nothing_else(self) -> None:
        with pytest.raises(ConfigTypeError):
            use_registry("x")  # type: ignore[arg-type]


def test_the_short_names_are_the_same_methods(registry: ConfigRegistry) -> None:
    registry.set("app", {"name": "x"})

    assert registry.get("app") is registry.get_config("app")
    assert registry.get_config_class("app") is App
    registry.reset("app")
    assert registry.get("app").name == "default"


def test_a_registry_can_be_inspected(registry: ConfigRegistry) -> None:
    get_config("app")

    assert registry.inspect()["facts"] == {
        "components": 2,
        "snapshots": 1,
        "builds": 1,
        "reloads": 0,
        "failed_reloads": 0,
    }
    assert repr(registry) == "<ConfigRegistry 'config': app, other>"
