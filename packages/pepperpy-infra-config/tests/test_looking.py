from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from math import inf
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigReport,
    ConfigTypeError,
    ConfigValidationError,
    config_template,
    explain_config,
    get_config,
    register_config,
    set_config,
    validate_all_configs,
    validate_config,
)


class Db(BaseConfig):
    host: str = Field("localhost", description="Where the\n  database is.")
    password: SecretStr | None = None
    port: int = 5432


class App(BaseConfig):
    api_key: str = Field(description="From the | provider.")
    timeout: float = 30
    db: Db = Db(port=1)
    servers: dict[str, Db] = Field({})
    tags: list[str] = Field([])


class Empty(BaseConfig):
    pass


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry) -> None:
    register_config("app", App)


class TestExplainConfig:
    def test_tells_where_each_value_came_from(
        self, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text('[app]\ntimeout = 5\n\n[app.db]\nhost = "file"\n')
        (folder / ".env").write_text("\nPEPPERPY_APP_SERVERS__EU__HOST=eu\n")
        monkeypatch.setenv("PEPPERPY_APP_API_KEY", "k-1")
        set_config("app", {"tags": ["a"]})

        assert str(explain_config("app")) == (
            "[app]\n"
            "api_key              '***'   PEPPERPY_APP_API_KEY\n"
            "timeout              5.0     pepperpy.toml:2\n"
            "db.host              'file'  pepperpy.toml:5\n"
            "db.password          None    default\n"
            "db.port              1       default\n"
            "servers.eu.host      'eu'    .env:2 (PEPPERPY_APP_SERVERS__EU__HOST)\n"
            "servers.eu.password  None    default\n"
            "servers.eu.port      5432    default\n"
            "tags                 ['a']   set_config"
        )

    def test_can_be_asked_for_single_values(self) -> None:
        set_config("app", {"api_key": "x"})

        explanation = explain_config("app")

        assert explanation["timeout"].value == "30"
        assert [row.path for row in explanation][:2] == ["api_key", "timeout"]
        assert len(explanation) == 7
        with pytest.raises(KeyError):
            explanation["nothing"]

    def test_works_for_a_plain_model_and_for_an_empty_one(self) -> None:
        class Plain(BaseModel):
            token: str = "t"

        register_config("plain", Plain)
        register_config("empty", Empty)

        assert explain_config("plain")["token"].value == "'***'"
        assert str(explain_config("empty")) == "[empty]"

    def test_fails_as_get_config_does(self) -> None:
        with pytest.raises(ConfigValidationError):
            explain_config("app")

    def test_long_values_are_cut_in_the_table_only(self) -> None:
        set_config("app", {"api_key": "x", "tags": ["long"] * 50})

        assert "..." in str(explain_config("app"))
        assert len(explain_config("app")["tags"].value) > 300


class TestValidateConfig:
    def test_reports_all_errors_of_a_component(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PEPPERPY_APP_TIMEOUT", "soon")

        report = validate_config("app")

        assert isinstance(report, ConfigReport)
        assert not report
        assert not report.is_valid
        assert [each.path for each in report.errors] == ["api_key", "timeout"]
        with pytest.raises(ConfigValidationError) as caught:
            report.raise_if_invalid()
        assert caught.value.errors == report.errors

    def test_of_a_good_one_is_true_and_makes_no_snapshot(
        self, registry: ConfigRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PEPPERPY_APP_API_KEY", "x")

        report = validate_config("app")

        assert report
        assert str(report) == "the configuration of 'app' is valid"
        assert registry.values == {}
        report.raise_if_invalid()

    def test_of_data_looks_at_the_data_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PEPPERPY_APP_API_KEY", "x")

        assert validate_config("app", {"api_key": "x", "db": {"port": 3}})
        assert [each.path for each in validate_config("app", {"timeout": 1}).errors] == ["api_key"]

    def test_of_a_model_needs_no_component(self) -> None:
        class Plain(BaseModel):
            n: int

        assert validate_config(Db)
        assert validate_config(Plain, {"n": "5"})
        assert [str(each) for each in validate_config(Plain).errors] == ["n: is missing"]

    def test_tells_of_names_without_effect_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_config("app", {"api_key": "x"})
        monkeypatch.setenv("PEPPERPY_APP_TIMEOT", "1")

        for _ in range(2):
            assert validate_config("app").warnings == (
                "PEPPERPY_APP_TIMEOT sets nothing; did you mean PEPPERPY_APP_TIMEOUT?",
            )
        assert validate_config(Db, {"hots": 1}).warnings != ()

    def test_of_a_broken_file_is_a_report_too(self, toml: Path) -> None:
        toml.write_text("[app")

        (error,) = validate_config("app").errors
        assert f"{toml}:1" in error.message
        assert error.kind == "config-syntax"

    def test_of_data_or_of_a_model_names_no_source_that_was_not_asked(self) -> None:
        class Mail(BaseConfig):
            host: str

        register_config("mail", Mail)

        for report in (validate_config(Mail), validate_config("mail", {})):
            (error,) = report.errors
            assert (error.message, error.variable) == ("is missing", "")

    def test_of_what_is_neither_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            validate_config("nobody")
        with pytest.raises(ConfigTypeError):
            validate_config(5)  # type: ignore[arg-type]
        with pytest.raises(ConfigTypeError):
            validate_config(Db, [1])  # type: ignore[arg-type]


class TestValidateAllConfigs:
    def test_is_one_report_with_the_components_in_the_paths(self) -> None:
        register_config("db", Db)
        register_config("again", App)

        report = validate_all_configs()

        assert [(each.component, each.path) for each in report.errors] == [
            ("app", "app.api_key"),
            ("again", "again.api_key"),
        ]

    def test_of_good_ones_is_true(self) -> None:
        set_config("app", {"api_key": "x"})

        assert validate_all_configs()


class TestTemplates:
    def test_a_dotenv_file_has_each_variable(self) -> None:
        assert config_template("app").dotenv() == (
            "# app\n"
            "# From the | provider.\n"
            "PEPPERPY_APP_API_KEY=\n"
            "# PEPPERPY_APP_TIMEOUT=30\n"
            "# Where the database is.\n"
            "# PEPPERPY_APP_DB__HOST=localhost\n"
            "# PEPPERPY_APP_DB__PASSWORD=null\n"
            "# PEPPERPY_APP_DB__PORT=1\n"
            "# PEPPERPY_APP_SERVERS={}\n"
            "# PEPPERPY_APP_TAGS=[]\n"
        )

    def test_its_variables_are_those_that_are_read(
        self, folder: Path, registry: ConfigRegistry
    ) -> None:
        text = config_template().dotenv().replace("API_KEY=", "API_KEY=k")
        (folder / ".env").write_text(
            text.replace("# PEPPERPY", "PEPPERPY").replace("PASSWORD=null", "PASSWORD=p")
        )

        config = get_config("app", App)

        assert config.model_copy(update={"db": Db(port=1)}) == App(api_key="k")

    def test_its_lines_say_what_holds_without_them(self, folder: Path) -> None:
        class Kind(Enum):
            A = "a"

        class All(BaseConfig):
            none: int | None = None
            number: int | None = 5
            yes: bool = True
            words: list[str] = Field(["a", 'b "c"', "d #e"])
            numbers: tuple[int, ...] = (1, 2)
            table: dict[str, list[int]] = Field({"k": [1]})
            dbs: list[Db] = Field([Db(port=3)])
            empty: list[Db] = Field([])
            path: Path = Path("a b")
            duration: timedelta = timedelta(minutes=5)
            kind: Kind = Kind.A
            member: Literal[Kind.A] = Kind.A
            moment: datetime = datetime(2024, 1, 2, tzinfo=UTC)
            text: str = 'it\'s \\ # "quoted"\nand more '
            infinite: float = inf

        register_config("all", All)
        text = config_template("all").dotenv()
        (folder / ".env").write_text(re.sub(r"^# (?=PEPPERPY)", "", text, flags=re.MULTILINE))

        assert get_config("all") == All()
        assert all(".env" in each.origin for each in explain_config("all"))

    def test_markdown_has_a_table_for_each_component(self) -> None:
        register_config("db", Db)

        text = config_template().markdown()

        assert "### app" in text
        assert (
            "| `PEPPERPY_APP_API_KEY` | `api_key` | `str` | *required* | From the \\| provider. |"
        ) in text
        assert "| `PEPPERPY_DB_PORT` | `port` | `int` | `5432` |  |" in text
        assert "| `PEPPERPY_APP_SERVERS` | `servers` | `dict[str, Db]` | `{}` |  |" in text

    def test_the_schema_is_that_of_the_file(self) -> None:
        schema = config_template().json_schema()

        assert schema["properties"]["app"]["required"] == ["api_key"]

    def test_its_str_is_the_dotenv_file(self) -> None:
        assert str(config_template()) == config_template().dotenv()
