from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field, Json, SecretStr, field_validator
from typing_extensions import TypedDict

from pepperpy.infra.config import BaseConfig, ConfigRegistry, ConfigValidationError, ConfigWarning


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Number(Enum):
    ONE = 1


class Server(BaseModel):
    host: str = "h"
    port: int = 1


class Options(TypedDict, total=False):
    depth: int


@dataclass
class Point:
    x: int
    y: int = 0


class Everything(BaseConfig):
    flag: bool = False
    count: int = 0
    ratio: float = 0.0
    maybe: int | None = 5
    text: str = ""
    text_or_none: str | None = None
    path: Path = Path()
    when: datetime | None = None
    wait: timedelta = timedelta(0)
    level: Level = Level.LOW
    colour: Colour = Colour.RED
    number: Number | None = None
    mode: Literal["fast", "slow"] = "slow"
    size: Literal[1, 2] = 1
    tags: list[str] = Field([])
    ports: set[int] = Field(default_factory=set)
    pair: tuple[int, int] = (0, 0)
    server: Server = Server()
    servers: dict[str, Server] = Field({})
    several: list[Server] = Field([])
    by_colour: dict[Colour, int] = Field({})
    numbered: dict[int, str] = Field({})
    labels: dict[str, dict[str, int]] = Field({})
    anything: Any = None
    secret: SecretStr = SecretStr("")
    json_text: Json[dict[str, int]] | None = None
    split: Annotated[list[str], BeforeValidator(lambda v: v.split("|"))] = Field([])
    own: list[str] = Field([])
    point: Point = Field(default_factory=lambda: Point(1, 2))
    options: Options = Options()
    text_or_list: str | list[int] = ""

    @field_validator("own", mode="before")
    @classmethod
    def _split_own(cls, value: Any) -> Any:
        return value.split(";") if isinstance(value, str) else value


def load(**variables: str) -> Everything:
    environ = {f"PEPPERPY_ALL_{name}": text for name, text in variables.items()}
    registry = ConfigRegistry(file=None, dotenv=None, environ=environ)
    registry.register("all", Everything)
    return registry.get_config("all", Everything)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("FLAG", "true", True),
        ("FLAG", "0", False),
        ("FLAG", "on", True),
        ("COUNT", "42", 42),
        ("COUNT", " 42 ", 42),
        ("RATIO", "1e3", 1000.0),
        ("MAYBE", "7", 7),
        ("MAYBE", "null", None),
        ("TEXT", "", ""),
        ("TEXT", "null", "null"),
        ("TEXT", '{"a": 1}', '{"a": 1}'),
        ("TEXT_OR_NONE", "null", "null"),
        ("PATH", "/data/x", Path("/data/x")),
        ("WHEN", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("WAIT", "90", timedelta(seconds=90)),
        ("WAIT", "PT1M", timedelta(minutes=1)),
        ("WAIT", "1.5", timedelta(seconds=1.5)),
        ("LEVEL", "2", Level.HIGH),
        ("COLOUR", "blue", Colour.BLUE),
        ("NUMBER", "1", Number.ONE),
        ("MODE", "fast", "fast"),
        ("SIZE", "2", 2),
        ("TAGS", "a, b,c", ["a", "b", "c"]),
        ("TAGS", '["a,b", "c"]', ["a,b", "c"]),
        ("TAGS", "one", ["one"]),
        ("TAGS", "", []),
        ("PORTS", "1,2", {1, 2}),
        ("PAIR", "3,4", (3, 4)),
        ("SERVER", '{"host": "x", "port": 2}', Server(host="x", port=2)),
        ("SERVER__PORT", "9", Server(port=9)),
        ("SERVERS__EU__HOST", "x", {"eu": Server(host="x")}),
        ("SERVERS", '{"EU": {"host": "x"}}', {"EU": Server(host="x")}),
        ("SEVERAL", '[{"host": "x"}]', [Server(host="x")]),
        ("BY_COLOUR__BLUE", "1", {Colour.BLUE: 1}),
        ("NUMBERED__80", "http", {80: "http"}),
        ("LABELS__A__B", "1", {"a": {"b": 1}}),
        ("ANYTHING", "[1, 2]", [1, 2]),
        ("ANYTHING", "plain", "plain"),
        ("ANYTHING__A__B", "1", {"a": {"b": "1"}}),
        ("SECRET", '{"not": "parsed"}', SecretStr('{"not": "parsed"}')),
        ("JSON_TEXT", '{"a": 1}', {"a": 1}),
        ("SPLIT", "a|b", ["a", "b"]),
        ("OWN", "a;b", ["a", "b"]),
        ("POINT__Y", "5", Point(1, 5)),
        ("OPTIONS__DEPTH", "5", {"depth": 5}),
        ("TEXT_OR_LIST", "a,b", "a,b"),
        ("TEXT_OR_LIST", "[1]", [1]),
    ],
)
def test_a_text_means_what_its_field_says(name: str, text: str, expected: object) -> None:
    field = name.partition("__")[0].lower()

    assert getattr(load(**{name: text}), field) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("COUNT", ""),
        ("COUNT", "many"),
        ("MAYBE", ""),
        ("FLAG", ""),
        ("RATIO", ""),
        ("WAIT", "soon"),
        ("SIZE", "3"),
        ("COLOUR", "green"),
        ("PAIR", "1,2,3"),
        ("SERVER", "{broken"),
        ("SERVERS", "a=b"),
        ("SEVERAL", "a,b"),
        ("SERVER__PORT", "x"),
        ("SERVERS__EU__PORT", "x"),
    ],
)
def test_a_text_that_does_not_fit_is_an_error_that_names_the_variable(name: str, text: str) -> None:
    with pytest.raises(ConfigValidationError) as caught:
        load(**{name: text})

    (error,) = caught.value.errors
    assert error.origin == error.variable == f"PEPPERPY_ALL_{name}"
    assert f"PEPPERPY_ALL_{name}" in str(caught.value)


class TestNesting:
    def test_json_and_single_variables_join(self) -> None:
        one = {"SERVER": '{"host": "x", "port": 1}'}
        two = {"SERVER__PORT": "2"}

        # The longer name says more, whichever comes first.
        assert load(**one, **two).server == Server(host="x", port=2)
        assert load(**two, **one).server == Server(host="x", port=2)

    def test_underscores_in_names_are_safe(self) -> None:
        class Pool(BaseConfig):
            max_size: int = 0
            max: int = 0

        class Db(BaseConfig):
            pool: Pool = Pool()
            pool_max: int = 0
            pool__max: int = 0

        registry = ConfigRegistry(
            file=None,
            dotenv=None,
            environ={
                "PEPPERPY_DB_POOL__MAX_SIZE": "1",
                "PEPPERPY_DB_POOL_MAX": "2",
                "PEPPERPY_DB_POOL__MAX": "3",
            },
        )
        registry.register("db", Db)

        config = registry.get_config("db", Db)

        # A field of that very name comes before a field of a nested one.
        assert (config.pool.max_size, config.pool_max, config.pool__max) == (1, 2, 3)
        assert config.pool.max == 0

    def test_keys_are_spelt_as_the_layers_below_spell_them(self, folder: Path) -> None:
        path = folder / "x.toml"
        path.write_text('[all.servers.EU-West]\nhost = "x"\n')
        registry = ConfigRegistry(
            file=path, dotenv=None, environ={"PEPPERPY_ALL_SERVERS__EU_WEST__PORT": "2"}
        )
        registry.register("all", Everything)

        servers = registry.get_config("all", Everything).servers

        assert servers == {"EU-West": Server(host="x", port=2)}

    def test_keys_are_plain_texts(self) -> None:
        assert [type(key) for key in load(ANYTHING__A="1").anything] == [str]

    def test_keys_are_spelt_as_the_default_spells_them(self) -> None:
        class Limits(BaseConfig):
            by_tier: dict[str, Server] = Field({"Gold-1": Server(host="x")})

        registry = ConfigRegistry(
            file=None, dotenv=None, environ={"PEPPERPY_L_BY_TIER__GOLD_1__PORT": "2"}
        )
        registry.register("l", Limits)

        by_tier = registry.get_config("l", Limits).by_tier

        assert by_tier == {"Gold-1": Server(host="x", port=2)}

    def test_a_name_of_great_depth_sets_nothing(self) -> None:
        class Free(BaseConfig):
            anything: Any = None

        name = "PEPPERPY_FREE_ANYTHING" + "__A" * 3000
        registry = ConfigRegistry(file=None, dotenv=None, environ={name: "1"})
        registry.register("free", Free)

        with pytest.warns(ConfigWarning, match="sets nothing"):
            assert registry.get_config("free") == Free()

    def test_an_empty_text_is_no_items_of_whatever_kind(self) -> None:
        class Many(BaseConfig):
            servers: list[Server] = Field([Server()])

        registry = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_MANY_SERVERS": ""})
        registry.register("many", Many)

        assert registry.get_config("many").servers == []

    def test_a_model_may_hold_itself(self) -> None:
        class Node(BaseConfig):
            value: int = 0
            child: Node | None = None

        Node.model_rebuild(_types_namespace={"Node": Node})
        deep = "__".join(["CHILD"] * 9)
        registry = ConfigRegistry(
            file=None, dotenv=None, environ={f"PEPPERPY_TREE_{deep}__VALUE": "7"}
        )
        registry.register("tree", Node)

        node: Any = registry.get_config("tree")
        for _ in range(9):
            node = node.child

        assert node.value == 7

    @pytest.mark.parametrize("name", ["my-part", "my.part", "my_part"])
    def test_dashes_and_dots_of_a_component_are_underscores(self, name: str) -> None:
        registry = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_MY_PART_HOST": "x"})
        registry.register(name, Server)

        assert registry.get_config(name, Server).host == "x"


class TestTwoComponentsThatShareAVariable:
    def test_both_read_it_whatever_the_order_and_a_warning_tells(self) -> None:
        class Db(BaseConfig):
            pool_size: int = 0

        class Pool(BaseConfig):
            size: int = 0

        for order in (("db", "db_pool"), ("db_pool", "db")):
            registry = ConfigRegistry(
                file=None, dotenv=None, environ={"PEPPERPY_DB_POOL_SIZE": "3"}
            )
            models: dict[str, type[BaseConfig]] = {"db": Db, "db_pool": Pool}
            for name in order:
                registry.register(name, models[name])

            with pytest.warns(ConfigWarning, match="sets a field of 'db' and 'db_pool'"):
                assert registry.get_config("db", Db).pool_size == 3
            assert registry.get_config("db_pool", Pool).size == 3


def test_the_environment_is_read_at_each_build(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ConfigRegistry()
    registry.register("all", Server)
    monkeypatch.setenv("PEPPERPY_ALL_PORT", "5")

    assert registry.get_config("all", Server).port == 5


class TestFromEnv:
    def test_reads_the_variables_with_a_prefix(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Shop(BaseConfig):
            host: str = "h"
            server: Server = Server()

        monkeypatch.setenv("SHOP_HOST", "x")
        monkeypatch.setenv("SHOP_SERVER__PORT", "8")

        assert Shop.from_env("SHOP") == Shop(host="x", server=Server(port=8))
        assert Shop.from_env("SHOP_", environ={"SHOP_HOST": "y"}).host == "y"

    def test_without_a_prefix_it_takes_that_of_the_component(
        self, registry: ConfigRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Shop(BaseConfig):
            host: str = "h"

        with pytest.raises(ValueError, match="needs a prefix"):
            Shop.from_env()
        registry.register("shop", Shop)
        monkeypatch.setenv("PEPPERPY_SHOP_HOST", "x")
        monkeypatch.setenv("PEPPERPY_HOST", "never")

        assert Shop.from_env().host == "x"

    def test_errors_name_the_variable(self) -> None:
        class Shop(BaseConfig):
            count: int
            tags: list[int] = Field([])

        with pytest.raises(ConfigValidationError) as caught:
            Shop.from_env("SHOP", environ={"SHOP_COUNT": "hunter2", "SHOP_TAGS": "[hunter2"})

        assert {error.origin for error in caught.value.errors} == {"SHOP_COUNT", "SHOP_TAGS"}
        assert "hunter2" not in str(caught.value)
