from __future__ import annotations

import gc
import json
import os
import sys
import weakref
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Literal

import pytest
from pydantic import AliasPath, BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigTypeError,
    ConfigValidationError,
    UnknownConfigError,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
    set_config,
)


class Database(BaseConfig):
    host: str = "localhost"
    port: int = 5432
    pool_size: int = 5


class Shop(BaseConfig):
    name: str = "default"
    timeout: float = 30
    db: Database = Database(port=1111)
    tags: list[str] = Field([])
    limits: dict[str, int] = Field({})


class TestTheExampleOfTheDocument:
    def test_works_as_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PEPPERPY_MY_COMPONENT_API_KEY", "k-1")

        class MyConfig(BaseConfig):
            api_key: str
            timeout: int = 30

        register_config("my_component", MyConfig)
        config = get_config("my_component")

        assert config == MyConfig(api_key="k-1", timeout=30)
        assert type(config.api_key) is str


class TestOrderOfLayers:
    def test_each_layer_wins_over_those_before(
        self, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Five(BaseConfig):
            a: str = "default"
            b: str = "default"
            c: str = "default"
            d: str = "default"
            e: str = "default"

        register_config("five", Five)
        toml.write_text("[five]\n" + "\n".join(f'{field} = "file"' for field in "bcde"))
        (folder / ".env").write_text("\n".join(f"PEPPERPY_FIVE_{each}=dotenv" for each in "CDE"))
        monkeypatch.setenv("PEPPERPY_FIVE_D", "environment")
        monkeypatch.setenv("PEPPERPY_FIVE_E", "environment")
        set_config("five", {"e": "set"})

        config = get_config("five")

        assert config.to_dict() == {
            "a": "default",
            "b": "file",
            "c": "dotenv",
            "d": "environment",
            "e": "set",
        }

    def test_layers_merge_leaf_by_leaf(self, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("shop", Shop)
        toml.write_text('[shop.db]\nhost = "file"\n[shop.limits]\na = 1\nb = 2\n')
        monkeypatch.setenv("PEPPERPY_SHOP_LIMITS__B", "3")
        set_config("shop", {"db": {"pool_size": 9}})

        config = get_config("shop")

        assert config.db == Database(host="file", port=1111, pool_size=9)
        assert config.limits == {"a": 1, "b": 3}

    def test_a_part_of_a_nested_default_keeps_the_rest_of_that_default(self) -> None:
        register_config("shop", Shop)
        set_config("shop", {"db": {"host": "h"}})

        assert get_config("shop").db.port == 1111

    def test_defaults_of_defaults_are_kept_as_well(self) -> None:
        class Inner(BaseConfig):
            a: int = 1
            b: int = 2

        class Middle(BaseConfig):
            inner: Inner = Inner(a=10)
            c: int = 3

        class Outer(BaseConfig):
            middle: Middle
            several: list[Middle] = Field([])
            named: dict[str, Middle] = Field({})

        given = {"inner": {"b": 20}}
        config = Outer.from_dict({"middle": given, "several": [given], "named": {"x": given}})

        expected = Middle(inner=Inner(a=10, b=20))
        assert (config.middle, config.several, config.named) == (
            expected,
            [expected],
            {"x": expected},
        )

    def test_a_list_replaces_the_list_of_the_layer_below(self, toml: Path) -> None:
        register_config("shop", Shop)
        toml.write_text('[shop]\ntags = ["a", "b"]\n')
        set_config("shop", {"tags": ["c"]})

        assert get_config("shop").tags == ["c"]

    def test_only_fields_that_a_layer_sets_count_as_set(self, toml: Path) -> None:
        register_config("shop", Shop)
        toml.write_text('[shop]\nname = "x"\n')

        assert get_config("shop").model_fields_set == {"name"}

    def test_what_is_read_from_a_file_cannot_be_changed_through_a_snapshot(
        self, toml: Path
    ) -> None:
        class Free(BaseConfig):
            anything: dict[str, Any] = Field({})

        register_config("free", Free)
        toml.write_text("[free.anything]\na = [1]\n")

        get_config("free").anything["a"].append(2)
        reset_config("free")

        assert get_config("free").anything == {"a": [1]}

    def test_a_default_that_is_shared_cannot_be_changed_through_a_snapshot(self) -> None:
        class Inner(BaseConfig):
            anything: Any = None
            other: int = 0

        class Outer(BaseConfig):
            inner: Inner = Inner(anything=[1])

        register_config("outer", Outer)
        set_config("outer", {"inner": {"other": 1}})
        get_config("outer").inner.anything.append(2)
        reset_config("outer")

        assert get_config("outer").inner.anything == [1]


class Limits(RootModel[dict[str, int]]):
    pass


class TestRootModels:
    class Holder(BaseConfig):
        limits: Limits = Limits({"low": 1, "high": 9})

    def test_keys_join_those_of_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("holder", self.Holder)
        monkeypatch.setenv("PEPPERPY_HOLDER_LIMITS__HIGH", "5")

        assert get_config("holder").limits == Limits({"low": 1, "high": 5})
        explanation = explain_config("holder")
        assert [(each.path, each.origin) for each in explanation] == [
            ("limits.low", "default"),
            ("limits.high", "PEPPERPY_HOLDER_LIMITS__HIGH"),
        ]

        monkeypatch.setenv("PEPPERPY_HOLDER_LIMITS__HIGH", "6")
        (change,) = reload_config()
        assert change.paths == ("limits.high",)

    def test_are_no_models_of_components(self) -> None:
        with pytest.raises(ConfigTypeError, match="RootModel"):
            register_config("limits", Limits)


class TestUnions:
    class File(BaseConfig):
        kind: Literal["file"] = "file"
        path: str = "."
        mode: int = 1

    class Redis(BaseConfig):
        model_config = ConfigDict(extra="forbid")
        kind: Literal["redis"] = "redis"
        url: str

    class Store(BaseConfig):
        model_config = ConfigDict(arbitrary_types_allowed=True)

    def model(self) -> type[BaseConfig]:
        file, redis = self.File, self.Redis

        class Cache(BaseConfig):
            store: Annotated[file | redis, Field(discriminator="kind")] = file(path="x")

        return Cache

    def test_a_part_goes_into_the_default_while_the_tag_stays(self) -> None:
        register_config("cache", self.model())
        set_config("cache", {"store": {"mode": 2}})

        assert get_config("cache").store == self.File(path="x", mode=2)

    def test_another_tag_leaves_the_other_class_behind(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register_config("cache", self.model())
        toml.write_text('[cache.store]\nkind = "file"\npath = "y"\n')
        monkeypatch.setenv("PEPPERPY_CACHE_STORE__KIND", "redis")
        monkeypatch.setenv("PEPPERPY_CACHE_STORE__URL", "redis://x")

        assert get_config("cache").store == self.Redis(url="redis://x")

    def test_a_field_that_each_class_pins_to_one_value_is_a_tag_undeclared(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def kind_of(value: Any) -> Any:
            return value.get("kind") if isinstance(value, dict) else value.kind

        file, redis = self.File, self.Redis
        tagged = Annotated[
            Annotated[file, Tag("file")] | Annotated[redis, Tag("redis")], Discriminator(kind_of)
        ]

        class Cache(BaseConfig):
            plain: file | redis = file(path="x")
            called: tagged = file(path="x")

        register_config("cache", Cache)
        toml.write_text("[cache.plain]\nmode = 2\n[cache.called]\nmode = 2\n")
        kept = file(path="x", mode=2)
        assert get_config("cache") == Cache(plain=kept, called=kept)

        for field in ("PLAIN", "CALLED"):
            monkeypatch.setenv(f"PEPPERPY_CACHE_{field}__KIND", "redis")
            monkeypatch.setenv(f"PEPPERPY_CACHE_{field}__URL", "r")
        reload_config()
        other = redis(url="r")
        assert get_config("cache") == Cache(plain=other, called=other)

    def test_a_tag_keeps_what_a_layer_below_says_of_the_same_class(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register_config("cache", self.model())
        toml.write_text("[cache.store]\nmode = 2\n")
        monkeypatch.setenv("PEPPERPY_CACHE_STORE__KIND", "file")

        assert get_config("cache").store == self.File(path="x", mode=2)

    def test_a_member_without_a_tag_is_chosen_by_its_fields(self) -> None:
        class A(BaseConfig):
            model_config = ConfigDict(extra="forbid")
            a: int = 0
            n: int = 0

        class B(BaseConfig):
            model_config = ConfigDict(extra="forbid")
            b: int = 0

        class Either(BaseConfig):
            one: A | B = A(a=5)

        assert Either.from_dict({"one": {"b": 1}}).one == B(b=1)
        assert Either.from_dict({"one": {"n": 1}}).one == A(a=5, n=1)


class TestNamesOfFields:
    def test_aliases_and_names_are_one_field_in_every_layer(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Aliased(BaseConfig):
            max_size: int = Field(1, alias="maxSize")

        register_config("a", Aliased)
        toml.write_text("[a]\nmaxSize = 2\n")
        assert get_config("a").max_size == 2
        assert explain_config("a")["max_size"].origin == "pepperpy.toml:2"

        reset_config()
        monkeypatch.setenv("PEPPERPY_A_MAX_SIZE", "3")
        assert get_config("a").max_size == 3

        reset_config()
        monkeypatch.delenv("PEPPERPY_A_MAX_SIZE")
        monkeypatch.setenv("PEPPERPY_A_MAXSIZE", "4")
        assert get_config("a").max_size == 4

    def test_a_plain_model_with_an_alias_is_given_the_alias(self) -> None:
        class Plain(BaseModel):
            size: int = Field(1, alias="maxSize")

        register_config("plain", Plain)
        set_config("plain", {"maxSize": 2})

        assert get_config("plain").size == 2

    def test_an_alias_may_lead_through_a_table(self, toml: Path) -> None:
        class Deep(BaseConfig):
            port: int = Field(1, validation_alias=AliasPath("net", "port"))

        register_config("deep", Deep)
        toml.write_text("[deep.net]\nport = 5\n")

        assert get_config("deep").port == 5  # and no warning that `net` is no field


class TestFirstUse:
    def test_nothing_is_read_before_it(self, folder: Path) -> None:
        registry = ConfigRegistry(file=folder / "missing.toml")
        registry.register("shop", Shop)

        with pytest.raises(OSError, match=r"missing\.toml"):
            registry.get_config("shop")

    def test_the_snapshot_stays_the_same_object(self, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("shop", Shop)
        first = get_config("shop")
        monkeypatch.setenv("PEPPERPY_SHOP_NAME", "later")

        assert get_config("shop") is first

    def test_after_it_each_is_one_look_into_a_dict(self) -> None:
        register_config("shop", Shop)
        get_config("shop")
        called: list[str] = []

        def note(frame: FrameType, event: str, argument: object) -> None:
            if event in ("call", "c_call"):
                called.append(frame.f_code.co_name if event == "call" else repr(argument))

        sys.setprofile(note)
        get_config("shop")
        sys.setprofile(None)

        assert called == ["get_config", repr(sys.setprofile)]

    def test_a_failure_is_not_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Needy(BaseConfig):
            key_id: str

        register_config("needy", Needy)
        with pytest.raises(ConfigValidationError):
            get_config("needy")

        monkeypatch.setenv("PEPPERPY_NEEDY_KEY_ID", "x")

        assert get_config("needy").key_id == "x"

    def test_the_environment_is_never_changed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path(".env").write_text("PEPPERPY_SHOP_NAME=x\nOTHER=1\n")
        register_config("shop", Shop)
        before = dict(os.environ)

        get_config("shop")

        assert dict(os.environ) == before

    def test_an_unknown_component_is_a_key_error_that_lists_what_there_is(self) -> None:
        register_config("shop", Shop)
        register_config("other", Database)

        with pytest.raises(KeyError) as caught:
            get_config("shpo")

        assert isinstance(caught.value, UnknownConfigError)
        assert str(caught.value) == (
            "no configuration is registered for 'shpo'; "
            "did you mean 'shop'? registered are: 'other', 'shop'"
        )
        assert caught.value.known == ("shop", "other")

    def test_a_model_as_second_argument_is_checked(self) -> None:
        register_config("shop", Shop)

        assert get_config("shop", Shop).timeout == 30
        with pytest.raises(ConfigTypeError, match="is a Shop, not a Database"):
            get_config("shop", Database)

    def test_a_name_that_cannot_be_a_key_is_unknown(self) -> None:
        with pytest.raises((UnknownConfigError, TypeError)):
            get_config(["shop"])  # type: ignore[call-overload]


@pytest.mark.parametrize("suffix", ["toml", "yaml", "yml", "json"])
def test_all_formats_say_the_same(suffix: str, folder: Path) -> None:
    text = {
        "toml": '[shop]\nname = "x"\n[shop.db]\nport = 7\n',
        "yaml": "shop:\n  name: x\n  db:\n    port: 7\n",
        "yml": "shop: {name: x, db: {port: 7}}\n",
        "json": json.dumps({"shop": {"name": "x", "db": {"port": 7}}}),
    }[suffix]
    path = folder / f"app.{suffix}"
    path.write_text(text)
    registry = ConfigRegistry(file=path)
    registry.register("shop", Shop)

    config = registry.get_config("shop", Shop)

    assert (config.name, config.db.port, config.db.host) == ("x", 7, "localhost")


def test_a_model_that_nobody_needs_any_more_goes_away() -> None:
    class Short(BaseConfig):
        a: int = 1

    registry = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_SHORT_A": "2"})
    registry.register("short", Short)
    registry.get_config("short")
    gone = weakref.ref(Short)

    del Short, registry
    gc.collect()

    assert gone() is None
