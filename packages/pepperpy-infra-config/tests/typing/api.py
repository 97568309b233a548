"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_type

from pydantic import BaseModel, Field

from pepperpy.infra.config import (
    BaseConfig,
    ConfigChange,
    ConfigError,
    ConfigRegistry,
    ConfigReport,
    ConfigValidationError,
    ExplainedValue,
    Explanation,
    FieldError,
    Template,
    Watcher,
    config_overrides,
    config_template,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
    set_config,
    subscribe_config,
    use_registry,
    validate_all_configs,
    validate_config,
    watch_config,
)


class Database(BaseConfig):
    host: str = "localhost"
    port: int = Field(default=5432, gt=0)


class MyConfig(BaseConfig):
    api_key: str
    timeout: int = 30
    db: Database = Database()


class Plain(BaseModel):
    n: int = 0


def models() -> None:
    config = MyConfig(api_key="x", timeout=5, db=Database(host="h"))
    assert_type(config, MyConfig)
    assert_type(config.api_key, str)
    assert_type(MyConfig.from_dict({"api_key": "x"}), MyConfig)
    assert_type(MyConfig.from_env("SHOP"), MyConfig)
    assert_type(MyConfig.from_env(environ={"A": "b"}), MyConfig)
    assert_type(MyConfig.model_validate({}), MyConfig)
    assert_type(config.to_dict(), dict[str, Any])
    assert_type(config.to_dict(mask_secrets=True), dict[str, Any])
    MyConfig(timeout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def functions() -> None:
    register_config("my_component", MyConfig)
    register_config("plain", Plain, replace=True)
    get_config("my_component").anything_goes()
    assert_type(get_config("my_component", MyConfig), MyConfig)
    assert_type(get_config("plain", Plain).n, int)
    set_config("my_component", {"timeout": 5})
    set_config("my_component", MyConfig(api_key="x"))
    reset_config()
    reset_config("my_component")
    assert_type(reload_config(), tuple[ConfigChange, ...])


def looking() -> None:
    explanation = assert_type(explain_config("my_component"), Explanation)
    assert_type(explanation["api_key"], ExplainedValue)
    for row in explanation:
        assert_type(row.origin, str)
    report = assert_type(validate_config("my_component"), ConfigReport)
    validate_config(MyConfig, {"api_key": "x"}).raise_if_invalid()
    assert_type(report.errors, tuple[FieldError, ...])
    assert_type(validate_all_configs().is_valid, bool)
    assert_type(config_template(), Template)
    assert_type(config_template("my_component").json_schema(), dict[str, Any])


def changes() -> None:
    def listener(change: ConfigChange) -> None:
        assert_type(change.paths, tuple[str, ...])

    assert_type(subscribe_config(None, listener), Callable[[], None])
    with watch_config(timedelta(seconds=2), engine="poll") as watcher:
        assert_type(watcher, Watcher)
        assert_type(watcher.error, ConfigError | None)
    watch_config(0.5).stop()


def registries() -> None:
    registry = ConfigRegistry(file=Path("x.toml"), profile=None, environ={}, dotenv=None)
    registry.register("plain", Plain)
    assert_type(registry.get("plain", Plain), Plain)
    assert_type(registry.get_config_class("plain"), type[BaseModel])
    assert_type(registry.inspect(), Mapping[str, object])
    with use_registry(registry) as inside, config_overrides({"plain": {"n": 1}}):
        assert_type(inside, ConfigRegistry)


async def tasks() -> None:
    async with config_overrides({"plain": Plain(n=1)}):
        pass
    async with use_registry(ConfigRegistry()), watch_config():
        pass


def errors() -> None:
    try:
        get_config("my_component")
    except ConfigValidationError as error:
        assert_type(error.errors, tuple[FieldError, ...])
        assert_type(error.code, str)
