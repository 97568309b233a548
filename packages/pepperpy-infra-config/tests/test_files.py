from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from pepperpy.infra.config import (
    BaseConfig,
    ConfigError,
    ConfigFileError,
    ConfigProfileError,
    ConfigRegistry,
    ConfigSyntaxError,
    ConfigTypeError,
    ConfigValidationError,
    ConfigWarning,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
)


class Nested(BaseConfig):
    port: int = 1


class App(BaseConfig):
    name: str = "default"
    nested: Nested = Nested()
    several: list[Nested] = Field([])


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry) -> None:
    register_config("app", App)


def broken(path: Path, content: str | bytes) -> ConfigSyntaxError:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    registry = ConfigRegistry(file=path, dotenv=None)
    registry.register("app", App)
    with pytest.raises(ConfigSyntaxError) as caught:
        registry.get_config("app")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hunter2" not in str(caught.value)
    return caught.value


class TestWhichFile:
    def test_pepperpy_toml_in_the_working_directory(self, toml: Path) -> None:
        toml.write_text('[app]\nname = "x"\n')

        assert get_config("app").name == "x"

    def test_there_need_not_be_one(self) -> None:
        assert get_config("app").name == "default"

    def test_folders_above_are_not_searched(
        self, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text('[app]\nname = "x"\n')
        (folder / "below").mkdir()
        monkeypatch.chdir(folder / "below")

        assert get_config("app").name == "default"

    def test_the_one_that_the_variable_names(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "other.json").write_text('{"app": {"name": "x"}}')
        monkeypatch.setenv("PEPPERPY_CONFIG", "other.json")

        assert get_config("app").name == "x"

    def test_a_named_one_that_is_missing_is_an_error(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text('[app]\nname = "x"\n')
        monkeypatch.setenv("PEPPERPY_CONFIG", "gone.toml")

        with pytest.raises(ConfigFileError, match=r"gone\.toml' cannot be read: no such file"):
            get_config("app")

    def test_an_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PEPPERPY_CONFIG", "")
        monkeypatch.setenv("PEPPERPY_PROFILE", "")

        assert get_config("app").name == "default"

    def test_the_variables_may_stand_in_the_dotenv_file(self, folder: Path) -> None:
        (folder / "other.toml").write_text('[profiles.prod.app]\nname = "x"\n')
        (folder / ".env").write_text("PEPPERPY_CONFIG=other.toml\nPEPPERPY_PROFILE=prod\n")

        assert get_config("app").name == "x"

    def test_an_unknown_extension_is_an_error(self, folder: Path) -> None:
        (folder / "app.ini").write_text("")
        registry = ConfigRegistry(file="app.ini")
        registry.register("app", App)

        with pytest.raises(ConfigFileError, match=r"unknown extension '\.ini'"):
            registry.get_config("app")

    def test_a_home_folder_is_found(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("USERPROFILE", str(folder))
        (folder / "x.toml").write_text('[app]\nname = "x"\n')
        monkeypatch.setenv("PEPPERPY_CONFIG", "~/x.toml")

        assert get_config("app").name == "x"


class TestTheWorkingDirectory:
    """It is that of the moment when the first snapshot was built: daemons change to another one."""

    @pytest.mark.parametrize("named", [True, False])
    def test_may_change_between_a_build_and_a_reload(
        self, named: bool, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if named:
            monkeypatch.setenv("PEPPERPY_CONFIG", "pepperpy.toml")
        toml.write_text('[app]\nname = "file"\n')
        (folder / ".env").write_text("PEPPERPY_APP_NESTED__PORT=5\n")
        before = get_config("app")
        (folder / "elsewhere").mkdir()
        monkeypatch.chdir(folder / "elsewhere")

        assert reload_config() == ()
        assert get_config("app") is before

    def test_is_looked_up_again_once_everything_was_reset(
        self, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text('[app]\nname = "file"\n')
        get_config("app")
        (folder / "elsewhere").mkdir()
        monkeypatch.chdir(folder / "elsewhere")

        reset_config()

        assert get_config("app").name == "default"

    def test_may_be_gone(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "gone").mkdir()
        monkeypatch.chdir(folder / "gone")
        (folder / "gone").rmdir()

        assert get_config("app").name == "default"
        monkeypatch.setenv("PEPPERPY_CONFIG", "x.toml")
        with pytest.raises(ConfigFileError, match=r"x\.toml"):
            reload_config()
        monkeypatch.chdir(folder)


class TestProfiles:
    TEXT = '[app]\nname = "base"\n[app.nested]\nport = 5\n[profiles.prod.app]\nname = "prod"\n'

    def test_one_lies_over_the_sections_of_the_file(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text(self.TEXT)
        monkeypatch.setenv("PEPPERPY_PROFILE", "prod")

        assert get_config("app") == App(name="prod", nested=Nested(port=5))
        assert explain_config("app")["name"].origin == "pepperpy.toml:6"

    def test_without_one_they_say_nothing(self, toml: Path) -> None:
        toml.write_text(self.TEXT)

        assert get_config("app").name == "base"

    def test_one_that_the_file_lacks_is_an_error_that_lists_those_it_has(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text(self.TEXT + "[profiles.dev.app]\n")
        monkeypatch.setenv("PEPPERPY_PROFILE", "prd")

        with pytest.raises(ConfigProfileError) as caught:
            get_config("app")

        assert str(caught.value) == (
            "the configuration file has no profile 'prd'; did you mean 'prod'? (it has dev, prod)"
        )
        assert caught.value.known == ("dev", "prod")

    def test_one_where_there_are_no_profiles_is_a_warning(
        self, toml: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        toml.write_text('[app]\nname = "x"\n')
        monkeypatch.setenv("PEPPERPY_PROFILE", "prod")

        with pytest.warns(ConfigWarning, match="the profile 'prod' has no effect") as caught:
            assert get_config("app").name == "x"

        assert caught[0].filename == __file__

    def test_one_may_be_a_number_in_yaml(self, folder: Path) -> None:
        (folder / "x.yaml").write_text("profiles: {1: {app: {name: one}}}")
        registry = ConfigRegistry(file="x.yaml", profile="1")
        registry.register("app", App)

        assert registry.get_config("app").name == "one"

    def test_it_can_be_given(self, toml: Path) -> None:
        toml.write_text(self.TEXT)
        registry = ConfigRegistry(profile="prod")
        registry.register("app", App)

        assert registry.get_config("app", App).name == "prod"


class TestSections:
    def test_those_of_unknown_components_are_fine(self, toml: Path) -> None:
        toml.write_text('[other]\nname = "x"\n[app]\nname = "y"\n')

        assert get_config("app").name == "y"

    @pytest.mark.parametrize("text", ['["app.db"]\nport = 7\n', "[app.db]\nport = 7\n"])
    def test_a_component_with_a_dot_is_one_key_or_a_table_in_a_table(
        self, text: str, toml: Path
    ) -> None:
        toml.write_text(text)
        register_config("app.db", Nested)

        assert get_config("app.db").port == 7
        assert get_config("app").name == "default"  # and no warning that `db` is no field

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("x.toml", "a = 1\napp = 5\n"),
            ("x.toml", "a = 1\n[[app]]\n"),
            ("x.yaml", "a: 1\napp: 5\n"),
            ("x.json", '{"a": 1,\n"app": 5}'),
        ],
    )
    def test_one_that_is_no_table_is_an_error_with_its_line(
        self, name: str, text: str, folder: Path
    ) -> None:
        error = broken(folder / name, text)

        assert (error.line, error.section) == (2, "app")
        assert "[app] must be a table" in str(error)

    @pytest.mark.parametrize(
        ("name", "text"),
        [("x.yaml", "app:\n"), ("x.yaml", "# nothing\n"), ("x.json", '{"app": null}')],
    )
    def test_an_empty_one_says_nothing(self, name: str, text: str, folder: Path) -> None:
        (folder / name).write_text(text)
        registry = ConfigRegistry(file=name)
        registry.register("app", App)

        assert registry.get_config("app", App).name == "default"


class TestABrokenFile:
    @pytest.mark.parametrize(
        ("name", "text", "line", "column", "section"),
        [
            ("x.toml", "[a]\nx = 1\n[app.nested]\nport = hunter2\n", 4, 8, "app.nested"),
            ("x.toml", '[app]\nname = "hunter2\n', 2, 16, "app"),
            ("x.toml", '[app]\n"hunter2" = 1\n"hunter2" = 2\n', 3, 14, "app"),
            ("x.toml", "[app]\nx = 1\n[app]\n", 3, 5, "app"),
            ("x.toml", "x = [1,\n", 2, None, None),
            ("x.yaml", "a: 1\napp:\n  name: [hunter2\n", 4, 1, "app"),
            ("x.yaml", "app:\n  name: *hunter2\n", 2, 9, "app"),
            ("x.yaml", "app:\n  name: !hunter2 x\n", 2, 9, "app"),
            ("x.yaml", "app:\n  name: x\n  name: hunter2\n", 3, 3, "app"),
            ("x.yaml", "app:\n  when: 2024-99-99\n", None, None, None),
            ("x.yaml", "a: \x07\n", 1, None, "a"),
            ("x.json", '{"a": 1,\n"app": {\n"name": hunter2}}', 3, 9, "app"),
            ("x.json", '{"app": {"n": 1,\n"n": "hunter2"}}', 2, None, "app"),
        ],
    )
    def test_names_file_line_column_and_section(
        self, name: str, text: str, line: int, column: int, section: str, folder: Path
    ) -> None:
        error = broken(folder / name, text)

        assert error.path == str(folder / name)
        assert (error.line, error.column, error.section) == (line, column, section)
        place = ":".join(str(part) for part in (folder / name, line, column) if part is not None)
        assert str(error).startswith(f"{place}: ")

    @pytest.mark.parametrize("name", ["x.toml", "x.yaml", "x.json"])
    def test_that_is_not_utf8_names_the_line(self, name: str, folder: Path) -> None:
        error = broken(folder / name, b'{"a": 1,\n"b": "hunter2\xff"}')

        assert error.line == 2
        assert "not UTF-8" in str(error)

    @pytest.mark.parametrize(
        ("name", "text"), [("x.yaml", "- a\n- b\n"), ("x.json", "[1]"), ("x.yaml", "hunter2")]
    )
    def test_that_is_no_table_says_so(self, name: str, text: str, folder: Path) -> None:
        assert "table of sections" in str(broken(folder / name, text))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("x.toml", "a = " + "[" * 50_000 + "]" * 50_000),
            ("x.json", '{"a": ' + "[" * 200_000 + "]" * 200_000 + "}"),
            ("x.yaml", "a: " + "[" * 200_000 + "]" * 200_000),
            ("x.yaml", "a: " + "{b: " * 50_000 + "}" * 50_000),
            ("x.yaml", "\n".join(" " * at + "a:" for at in range(200))),
        ],
    )
    def test_of_great_depth_is_an_error_and_no_end_of_the_process(
        self, name: str, text: str, folder: Path
    ) -> None:
        assert "nest" in str(broken(folder / name, text))  # the words are partly those of parsers

    def test_whose_aliases_explode_is_refused(self, folder: Path) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

        assert "aliases" in str(broken(folder / "x.yaml", "\n".join(lines)))

    def test_whose_alias_holds_itself_is_refused(self, folder: Path) -> None:
        assert "aliases" in str(broken(folder / "x.yaml", "a: &a [*a]"))

    def test_values_nested_very_deep_are_an_error_of_the_field(self, folder: Path) -> None:
        class Free(BaseConfig):
            anything: object = None

        path = folder / "x.json"
        path.write_text('{"free": {"anything": ' + "[" * 500 + "]" * 500 + "}}")
        registry = ConfigRegistry(file=path)
        registry.register("free", Free)

        with pytest.raises(ConfigValidationError, match="nested too deep"):
            registry.get_config("free")

    def test_yaml_may_merge_one_table_into_another(self, folder: Path) -> None:
        (folder / "x.yaml").write_text(
            "base: &base {name: base, nested: {port: 5}}\napp:\n  <<: *base\n  name: own\n"
        )
        registry = ConfigRegistry(file="x.yaml")
        registry.register("app", App)

        assert registry.get_config("app") == App(name="own", nested=Nested(port=5))

    def test_yaml_makes_no_objects(self, folder: Path) -> None:
        error = broken(folder / "x.yaml", "a: !!python/object/apply:os.getcwd []\n")

        assert error.line == 1


class TestAFileThatCannotBeRead:
    def test_a_folder(self, toml: Path) -> None:
        toml.mkdir()

        with pytest.raises(
            ConfigFileError, match=r"pepperpy\.toml' cannot be read: is a directory"
        ):
            get_config("app")

    def test_no_permission(self, toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("builtins.open", refuse)

        with pytest.raises(ConfigFileError, match="permission denied"):
            get_config("app")

    @pytest.mark.parametrize(
        "given", [{"file": 5}, {"dotenv": b"x"}, {"profile": 5}, {"environ": 5}]
    )
    def test_what_is_no_path_is_refused_where_it_is_given(self, given: Any) -> None:
        with pytest.raises(ConfigTypeError, match=next(iter(given))):
            ConfigRegistry(**given)

    def test_an_impossible_name(self) -> None:
        registry = ConfigRegistry(file="a\0.toml")
        registry.register("app", App)

        with pytest.raises(ConfigError):
            registry.get_config("app")


def test_a_byte_order_mark_is_accepted(folder: Path) -> None:
    for name, text in {
        "x.toml": '[app]\nname = "x"\n',
        "x.yaml": "app: {name: x}",
        "x.json": '{"app": {"name": "x"}}',
    }.items():
        (folder / name).write_text(text, encoding="utf-8-sig")
        registry = ConfigRegistry(file=name)
        registry.register("app", App)
        assert registry.get_config("app", App).name == "x"


class TestWhereAValueStands:
    @pytest.mark.parametrize(
        ("name", "text", "line"),
        [
            ("x.toml", '[app]\nname = "n"\n\n[app.nested]\nport = "bad"\n', 5),
            ("x.toml", '[app]\nname = "n"\nnested.port = "bad"\n', 3),
            ("x.toml", '[app]\nnested = { port = "bad" }\n', 2),
            ("x.toml", 'app.nested."port" = "bad"\n', 1),
            (
                "x.toml",
                '["app"] # x\nname = """\n[app.nested]\nport = 1\n"""\n[app.nested]\nport="bad"',
                7,
            ),
            ("x.yaml", "app:\n  name: n\n  nested:\n    port: bad\n", 4),
            ("x.yaml", "app: {name: n,\n nested: {port: bad}}\n", 2),
            ("x.json", '{"app": {\n"name": "a\\"}{",\n"nested": {\n"port": "bad"}}}', 4),
        ],
    )
    def test_an_error_names_the_line(self, name: str, text: str, line: int, folder: Path) -> None:
        (folder / name).write_text(text)
        registry = ConfigRegistry(file=name)
        registry.register("app", App)

        with pytest.raises(ConfigValidationError) as caught:
            registry.get_config("app")

        (error,) = caught.value.errors
        assert (error.path, error.origin) == ("nested.port", f"{name}:{line}")

    @pytest.mark.parametrize(
        ("name", "text", "line"),
        [
            ("x.toml", "[[app.several]]\nport = 1\n[[app.several]]\nport = 'bad'\n", 4),
            ("x.yaml", "app:\n  several:\n  - port: 1\n  - port: bad\n", 4),
            ("x.json", '{"app": {"several": [\n{"port": 1},\n{"port": "bad"}]}}', 3),
        ],
    )
    def test_an_error_in_a_list_names_the_line_of_the_item(
        self, name: str, text: str, line: int, folder: Path
    ) -> None:
        (folder / name).write_text(text)
        registry = ConfigRegistry(file=name)
        registry.register("app", App)

        with pytest.raises(ConfigValidationError) as caught:
            registry.get_config("app")

        (error,) = caught.value.errors
        assert (error.path, error.origin) == ("several.1.port", f"{name}:{line}")
