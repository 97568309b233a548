from __future__ import annotations

from pathlib import Path

import pytest

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    ConfigSyntaxError,
    ConfigValidationError,
    explain_config,
    get_config,
    register_config,
)


class App(BaseConfig):
    a: str = "default"
    b: str = "default"
    n: int = 0


@pytest.fixture(autouse=True)
def _registered(registry: ConfigRegistry) -> None:
    register_config("app", App)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("PEPPERPY_APP_A=x", "x"),
        ("export PEPPERPY_APP_A=x", "x"),
        ("  PEPPERPY_APP_A = x  ", "x"),
        ("PEPPERPY_APP_A=x # why", "x"),
        ("PEPPERPY_APP_A=x#y", "x#y"),
        ("PEPPERPY_APP_A=# why", ""),
        ("PEPPERPY_APP_A=", ""),
        ("PEPPERPY_APP_A=two words", "two words"),
        ("PEPPERPY_APP_A='x # \\n ${B}'", "x # \\n ${B}"),
        ('PEPPERPY_APP_A="a\\n\\t\\"b\\"\\\\ \\$c"', 'a\n\t"b"\\ $c'),
        ('PEPPERPY_APP_A="x" # why', "x"),
        ('PEPPERPY_APP_A="one\ntwo"', "one\ntwo"),
        ("PEPPERPY_APP_A='one\ntwo'", "one\ntwo"),
        ("PEPPERPY_APP_A=a=b", "a=b"),
        ("PEPPERPY_APP_A=$OTHER", "$OTHER"),
        ("PEPPERPY_APP_A=it's", "it's"),
        ("# comment\n\n   # another\nPEPPERPY_APP_A=x", "x"),
        ("PEPPERPY_APP_A=x\r\nOTHER=1\r\n", "x"),
        ("PEPPERPY_APP_A=first\nPEPPERPY_APP_A=last", "last"),
        ("\ufeffPEPPERPY_APP_A=x", "x"),
    ],
)
def test_a_line_means_what_shells_and_others_make_of_it(
    line: str, value: str, folder: Path
) -> None:
    (folder / ".env").write_bytes(line.encode() + b"\nPEPPERPY_APP_B=after\n")

    assert (get_config("app").a, get_config("app").b) == (value, "after")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nhunter2\n", 2),
        ("A=1\nPEPPERPY_APP_A hunter2\n", 2),
        ('A=1\n\nB="hunter2\n\n', 3),
        ("A='hunter2\n", 1),
        ('A="x" hunter2\n', 1),
        ("=hunter2\n", 1),
        ("'hunter2'=1\n", 1),
        ("A=\xff", 1),
    ],
)
def test_a_broken_line_is_an_error_with_its_place_and_not_its_text(
    text: str, line: int, folder: Path
) -> None:
    path = folder / ".env"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigSyntaxError) as caught:
        get_config("app")

    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_lines_are_counted_over_blanks_and_values_of_several_lines(folder: Path) -> None:
    text = "A=1\r\n\r\n# b\r\nB='\r\n\r\n'\r\nC=3\r\n" * 100
    (folder / ".env").write_bytes(f"{text}PEPPERPY_APP_N=x\r\n".encode())

    with pytest.raises(ConfigValidationError, match=r"\.env:701 "):
        get_config("app")


def test_the_environment_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("PEPPERPY_APP_A=dotenv\nPEPPERPY_APP_B=dotenv\n")
    monkeypatch.setenv("PEPPERPY_APP_B", "environment")

    assert (get_config("app").a, get_config("app").b) == ("dotenv", "environment")


def test_an_error_names_line_and_variable(folder: Path) -> None:
    (folder / ".env").write_text("# x\nPEPPERPY_APP_N=hunter2\n")

    with pytest.raises(ConfigValidationError) as caught:
        get_config("app")

    assert caught.value.errors[0].origin == ".env:2 (PEPPERPY_APP_N)"


def test_a_virtual_environment_of_this_name_is_passed_over(folder: Path) -> None:
    (folder / ".env").mkdir()

    assert get_config("app").a == "default"


def test_another_file_can_be_named_and_must_be_there(folder: Path) -> None:
    (folder / "prod.env").write_text("PEPPERPY_APP_A=x\n")
    registry = ConfigRegistry(dotenv="prod.env")
    registry.register("app", App)
    missing = ConfigRegistry(dotenv="gone.env")
    missing.register("app", App)

    assert registry.get_config("app", App).a == "x"
    assert registry.explain_config("app")["a"].origin == "prod.env:1 (PEPPERPY_APP_A)"
    with pytest.raises(OSError, match=r"gone\.env"):
        missing.get_config("app")


def test_none_is_none(folder: Path) -> None:
    (folder / ".env").write_text("PEPPERPY_APP_A=x\n")
    registry = ConfigRegistry(dotenv=None)
    registry.register("app", App)

    assert registry.get_config("app", App).a == "default"
    assert explain_config("app")["a"].origin == ".env:1 (PEPPERPY_APP_A)"
