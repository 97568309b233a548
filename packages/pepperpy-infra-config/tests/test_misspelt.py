from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigWarning,
    get_config,
    register_config,
    reset_config,
    set_config,
    validate_all_configs,
)


class Pool(BaseConfig):
    max_size: int = 1


class Db(BaseConfig):
    host: str = "h"
    timeout: float = 1
    pool: Pool = Pool()


def warned(environ: dict[str, str], *components: str, get: str = "db") -> list[str]:
    registry = ConfigRegistry(file=None, dotenv=None, environ=environ)
    for name in components or ("db",):
        registry.register(name, Db)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        registry.get_config(get)
        registry.reset_config()
        registry.get_config(get)
    assert all(each.category is ConfigWarning for each in caught)
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PEPPERPY_DB_HOTS", "PEPPERPY_DB_HOST"),
        ("PEPPERPY_DB_TIMEOT", "PEPPERPY_DB_TIMEOUT"),
        ("PEPPERPY_DB_POOL_MAX_SIZE", "PEPPERPY_DB_POOL__MAX_SIZE"),
        ("PEPPERPY_DB_host", "PEPPERPY_DB_HOST"),
        ("pepperpy_db_host", "PEPPERPY_DB_HOST"),
        ("PEPPERPY_BD_HOST", "PEPPERPY_DB_HOST"),
        ("PEPPERPY_CONFG", "PEPPERPY_CONFIG"),
        ("PEPPERPY_PROFIL", "PEPPERPY_PROFILE"),
        ("PEPPERPY_LOGGING_LEVLE", "PEPPERPY_LOGGING_LEVEL"),
    ],
)
def test_a_misspelt_variable_is_one_warning_with_the_right_name(name: str, meant: str) -> None:
    assert warned({name: "1"}) == [f"{name} sets nothing; did you mean {meant}?"]


@pytest.mark.parametrize(
    "name",
    [
        "PEPPERPY_LOGGING_LEVEL",
        "PEPPERPY_CACHE_TTL",
        "PEPPERPY_STORAGE_URL",
        "PEPPERPY_TELEMETRY_HOST",
        "PEPPERPY_DBX_PORT",
        "PEPPERPYDB_HOST",
        "OTHER_DB_HOST",
        "PEPPERPY_",
    ],
)
def test_what_may_belong_to_others_is_none(name: str) -> None:
    assert warned({name: "1"}) == []


def test_a_name_of_which_nothing_is_right_gets_no_guess() -> None:
    class One(BaseConfig):
        a: int = 1

    registry = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_ONE_B": "1"})
    registry.register("one", One)

    with pytest.warns(ConfigWarning, match="sets nothing, since 'one' has no such field"):
        registry.get_config("one")


def test_variables_of_another_component_are_none() -> None:
    assert warned({"PEPPERPY_OTHER_HOST": "x"}, "db", "other") == []


def test_with_the_prefix_of_a_component_all_others_are() -> None:
    assert warned({"PEPPERPY_DB_SOMETHING": "x"}) == [
        "PEPPERPY_DB_SOMETHING sets nothing, since 'db' has no such field"
    ]


def test_the_component_with_the_longest_name_is_meant() -> None:
    assert warned({"PEPPERPY_DB_POOL_HOTS": "x"}, "db", "db_pool") == [
        "PEPPERPY_DB_POOL_HOTS sets nothing; did you mean PEPPERPY_DB_POOL_HOST?"
    ]


def test_it_is_told_for_the_dotenv_file_too(folder: Path) -> None:
    (folder / ".env").write_text("PEPPERPY_DB_HOTS=x\n")
    register_config("db", Db)

    with pytest.warns(ConfigWarning, match="did you mean PEPPERPY_DB_HOST"):
        get_config("db")


def test_it_is_told_beside_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Needy(BaseConfig):
        key_id: str

    register_config("needy", Needy)
    monkeypatch.setenv("PEPPERPY_NEEDY_KEYID", "x")

    with (
        pytest.warns(ConfigWarning, match="did you mean PEPPERPY_NEEDY_KEY_ID"),
        pytest.raises(ValueError, match="is missing"),
    ):
        get_config("needy")


def test_it_never_spoils_the_configuration_even_if_warnings_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register_config("db", Db)
    monkeypatch.setenv("PEPPERPY_DB_HOTS", "x")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConfigWarning):
            get_config("db")
        assert get_config("db").host == "h"


class TestSections:
    @pytest.mark.parametrize(
        ("section", "meant"),
        [("databse", "database"), ("Database", "database"), ("datbaase", "database")],
    )
    def test_a_misspelt_one_is_a_warning_with_the_line(
        self, section: str, meant: str, toml: Path
    ) -> None:
        register_config("database", Db)
        toml.write_text(f'# ours\n[{section}]\nhost = "x"\n')

        with pytest.warns(ConfigWarning) as caught:
            get_config("database")
        reset_config()
        get_config("database")  # it is told once, and a warning is an error here

        assert [str(each.message) for each in caught] == [
            f"pepperpy.toml:2: nobody reads the section {section!r}; did you mean {meant!r}?"
        ]

    def test_one_in_a_profile_as_well(self, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("database", Db)
        toml.write_text('[database]\nhost = "y"\n[profiles.test.databse]\nhost = "x"\n')
        monkeypatch.setenv("PEPPERPY_PROFILE", "test")

        with pytest.warns(ConfigWarning, match="toml:3: nobody reads the section 'databse'"):
            get_config("database")

    def test_it_is_in_the_report(self, toml: Path) -> None:
        register_config("database", Db)
        toml.write_text('[databse]\nhost = "x"\n')

        assert "'databse'; did you mean 'database'" in validate_all_configs().warnings[0]

    @pytest.mark.parametrize(
        "text",
        [
            "[dc]\nhost = 'x'",  # too short to be a slip
            "[database]\nhost = 'x'\n[databases]\nhost = 'x'",  # ours has its own
            "[billing]\nhost = 'x'",
            "databse = 3",
            "[app]\n[app.db]\nhost = 'x'",
        ],
    )
    def test_what_may_belong_to_others_is_none(self, text: str, toml: Path) -> None:
        for name in ("database", "db", "app.db"):
            register_config(name, Db)
        toml.write_text(text)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            get_config("database")


class TestUnknownKeys:
    def test_in_a_file_are_a_warning_with_the_line(self, toml: Path) -> None:
        register_config("db", Db)
        toml.write_text('[db]\nhost = "x"\n[db.pool]\nmaxsize = 1\n')

        with pytest.warns(ConfigWarning) as caught:
            assert get_config("db").host == "x"

        assert [str(each.message) for each in caught] == [
            "pepperpy.toml:4: db.pool has no field 'maxsize'; did you mean 'max_size'?"
        ]

    def test_in_set_config_are_a_warning(self) -> None:
        register_config("db", Db)

        with pytest.warns(ConfigWarning, match="set_config: db has no field 'zzz'; there is"):
            set_config("db", {"zzz": 1})

    def test_are_told_once(self, toml: Path) -> None:
        register_config("db", Db)
        toml.write_text('[db]\nhots = "x"\n')
        with pytest.warns(ConfigWarning):
            get_config("db")

        reset_config()
        get_config("db")
