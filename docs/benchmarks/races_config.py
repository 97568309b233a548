"""Races of `pepperpy-infra-config`: loading twenty fields, and asking for what is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dynaconf
import environs
import pydantic
import pydantic_settings
import typed_settings
from harness import OURS, Goal, Race, repeating

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    get_config,
    register_config,
    use_registry,
)

FIELDS = 20
BARE = "tomllib and os.environ into a pydantic model"
AGAIN = "a reload of a file that has not changed"
TEN_READS = "environs, ten reads, no file"
FIELD = "an attribute of an object"


def races(folder: Path) -> Iterator[Race]:
    """All of them; files are in *folder*, and the environment is theirs while they run."""
    path = folder / "bench.toml"
    values = "\n".join(f"f{at} = {at}" for at in range(FIELDS // 2))
    path.write_text(f'[bench]\n{values}\n[bench.db]\nhost = "h"\nport = 5432\n', encoding="utf-8")
    flat = folder / "flat.toml"
    flat.write_text(f'{values}\n[db]\nhost = "h"\nport = 5432\n', encoding="utf-8")
    for prefix in ("BENCH", "PEPPERPY_BENCH"):
        for at in range(FIELDS // 2, FIELDS):
            os.environ[f"{prefix}_F{at}"] = str(at)
        os.environ[f"{prefix}_DB__HOST"] = "envhost"
    yield load(path, flat)
    yield cached(path)


def fields() -> dict[str, Any]:
    """What the models of all contestants have."""
    database = pydantic.create_model("Database", host=(str, "x"), port=(int, 1))
    return {f"f{at}": (int, 0) for at in range(FIELDS)} | {"db": (database, database())}


def load(path: Path, flat: Path) -> Race:
    """Ten fields from a TOML file, ten from the environment, and a nested one from both.

    Everybody reads and parses each time.  What a reload costs, which parses the file only if its
    bytes have changed, is shown beside it.
    """
    contestants = {
        OURS: anew(path),
        AGAIN: again(path),
        "pydantic-settings": settings(flat),
        "dynaconf, one read": dynaconf_of(flat),
        "typed-settings, environment only": typed_settings_of(),
        TEN_READS: environs_of(),
        BARE: by_hand(flat),
    }
    for name in (OURS, AGAIN, "pydantic-settings", BARE):
        made = contestants[name]()
        assert (made.f3, made.f15, made.db.host, made.db.port) == (3, 15, "envhost", 5432)  # noqa: S101
    return Race(
        title="load twenty fields",
        contestants={name: repeating(call) for name, call in contestants.items()},
        floors=[BARE, AGAIN, TEN_READS],  # half of the fields is not the same work
        goals=[Goal(at_most=0.3, against="pydantic-settings")],
    )


def anew(path: Path) -> Callable[[], Any]:
    """Everything is read and parsed each time."""
    model = pydantic.create_model("Ours", __base__=BaseConfig, **fields())

    def call() -> Any:
        registry = ConfigRegistry(file=path)
        registry.register("bench", model)
        return registry.get_config("bench")

    return call


def again(path: Path) -> Callable[[], Any]:
    """What a program does: the file is read, and parsed if it holds other bytes than before."""
    registry = ConfigRegistry(file=path)
    registry.register("bench", pydantic.create_model("Ours", __base__=BaseConfig, **fields()))

    def call() -> Any:
        registry.reset_config("bench")
        return registry.get_config("bench")

    return call


def settings(flat: Path) -> Callable[[], Any]:
    """With the source for TOML that comes with it, and without ``.env``."""

    class Base(pydantic_settings.BaseSettings):
        model_config = pydantic_settings.SettingsConfigDict(
            env_prefix="BENCH_", env_nested_delimiter="__", toml_file=flat
        )

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[pydantic_settings.BaseSettings], **sources: Any
        ) -> tuple[Any, ...]:
            toml = pydantic_settings.TomlConfigSettingsSource(settings_cls)
            return sources["init_settings"], sources["env_settings"], toml

    return pydantic.create_model("Theirs", __base__=Base, **fields())


def dynaconf_of(flat: Path) -> Callable[[], Any]:
    """It loads at the first read."""
    return lambda: dynaconf.Dynaconf(envvar_prefix="BENCH", settings_files=[str(flat)]).f15


def typed_settings_of() -> Callable[[], Any]:
    """The environment alone."""
    numbers = {f"f{at}": 0 for at in range(FIELDS)}
    body = {"__annotations__": dict.fromkeys(numbers, int), **numbers}
    model = typed_settings.settings(type("Typed", (), body))
    return lambda: typed_settings.load(model, "bench", config_files=[], env_prefix="BENCH_")


def environs_of() -> Callable[[], Any]:
    """Ten single variables."""

    def call() -> Any:
        env = environs.Env(prefix="BENCH_")
        return [env.int(f"F{at}") for at in range(FIELDS // 2, FIELDS)]

    return call


def by_hand(flat: Path) -> Callable[[], Any]:
    """What people write who need no more."""
    import tomllib

    model = pydantic.create_model("Bare", **fields())

    def call() -> Any:
        data = tomllib.loads(flat.read_text("utf-8"))
        for name, value in os.environ.items():
            if name.startswith("BENCH_"):
                *outer, last = name[6:].lower().split("__")
                table = data
                for key in outer:
                    table = table.setdefault(key, {})
                table[last] = value
        return model.model_validate(data)

    return call


def cached(path: Path) -> Race:
    """`get_config` of what is loaded; nobody else has a function for it."""
    registry = ConfigRegistry(file=path)
    # For as long as this process races, which is why the block is not left.
    use_registry(registry).__enter__()
    register_config("bench", pydantic.create_model("Ours", __base__=BaseConfig, **fields()))
    held = {"bench": get_config("bench")}

    def look_up(name: str) -> Any:
        return held[name]

    return Race(
        title="get what is loaded",
        contestants={
            OURS: repeating(get_config, "bench"),
            "a function that looks into a dict": repeating(look_up, "bench"),
        },
        floors=["a function that looks into a dict"],
    )
