"""What a wheel loads without having asked for it is found, and an example that fails as well."""

from __future__ import annotations

from importlib.metadata import packages_distributions
from typing import Any

import pytest

from tools import alone
from tools import workspace as ws

README = "# Made\n\n```python\nfrom pepperpy.infra.made import answer\n\n{line}\n```\n"


@pytest.fixture
def made(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes a wheel and tells its faults."""

    def make(source: str = "", line: str = "assert answer == 42", **options: Any) -> list[str]:
        folder = repository.wheel(
            "made", source=f"{source}\nanswer = 42\n__all__ = ['answer']\n", **options
        )
        monkeypatch.setenv("PYTHONPATH", str(folder / "src"))
        repository.write(f"packages/{folder.name}/README.md", README.format(line=line))
        return alone.check(ws.load(repository.root).packages[folder.name], ws.ROOT)

    return make


class TestMadeWheel:
    def test_one_that_loads_itself_and_python_passes(self, made: Any) -> None:
        assert made("import asyncio, sqlite3") == []

    def test_an_import_of_what_only_its_tests_need_is_found(self, made: Any) -> None:
        import_, page = made("import iniconfig")

        assert "its import loads 'iniconfig' of iniconfig" in import_
        assert "its README loads 'iniconfig'" in page

    def test_what_its_readme_alone_loads_is_found(self, made: Any) -> None:
        (fault,) = made(line="import iniconfig")

        assert "its README loads 'iniconfig' of iniconfig, which it does not declare" in fault

    def test_its_readme_may_load_what_an_extra_brings(self, made: Any) -> None:
        assert made(line="import iniconfig", extras='ini = ["iniconfig>=1"]') == []

    def test_its_import_may_not_load_what_an_extra_brings(self, made: Any) -> None:
        (fault,) = made("import iniconfig", extras='ini = ["iniconfig>=1"]')

        assert "its import loads 'iniconfig'" in fault

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("assert answer == 43", "AssertionError"),
            ("import no_such_module", "no_such_module"),
            ("import warnings; warnings.warn('old')", "UserWarning: old"),
        ],
    )
    def test_an_example_that_fails_is_found(self, made: Any, line: str, told: str) -> None:
        (fault,) = made(line=line)

        assert "pepperpy-infra-made alone does not work as it says" in fault
        assert told in fault

    def test_a_wheel_that_cannot_be_imported_is_found(self, made: Any) -> None:
        assert "no_such_module" in made("import no_such_module")[0]


class TestOwners:
    def test_what_a_requirement_requires_is_brought_as_well(self) -> None:
        assert {"pytest", "pluggy", "iniconfig"} <= alone.brought(["pytest"])

    def test_what_only_an_extra_of_a_requirement_needs_is_not(self) -> None:
        assert "attrs" not in alone.brought(["pytest"])  # of its extra "dev"

    @pytest.mark.parametrize(
        ("module", "wheel"),
        [
            ("pepperpy.infra.cache._memo", "pepperpy-infra-cache"),
            ("pepperpy.infra", "pepperpy-infra"),
            ("pepperpy.infra._lifecycle", "pepperpy-infra"),
            ("_pytest.config", "pytest"),
        ],
    )
    def test_a_module_has_the_one_that_ships_it(self, module: str, wheel: str) -> None:
        assert alone.owner(module, packages_distributions()) == {wheel}

    def test_a_module_that_nobody_ships_is_told_as_such(self) -> None:
        (fault,) = alone.faults("wheel", "its import", ["made_up.part"], {"wheel"}, {})

        assert fault == "wheel: its import loads 'made_up' of ?, which it does not declare"
