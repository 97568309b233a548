"""What is built and what is installed is checked file by file."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools import installed, wheels
from tools import workspace as ws

GOOD = {
    "pepperpy/infra/cache/__init__.py",
    "pepperpy/infra/cache/_keys.py",
    "pepperpy/infra/cache/py.typed",
    "pepperpy_infra_cache-1.2.0.dist-info/METADATA",
    "pepperpy_infra_cache-1.2.0.dist-info/licenses/LICENSE",
}
GOOD_FACADE = {
    "pepperpy/infra/__init__.py",
    "pepperpy/infra/__init__.pyi",
    "pepperpy/infra/py.typed",
    "pepperpy_infra-1.2.0.dist-info/licenses/LICENSE",
}


@pytest.fixture
def cache(repository: Any) -> ws.Package:
    repository.wheel("cache")
    return ws.load(repository.root).packages["pepperpy-infra-cache"]


@pytest.fixture
def facade(repository: Any) -> ws.Package:
    repository.wheel("")
    return ws.load(repository.root).packages["pepperpy-infra"]


class TestContents:
    def test_good_wheels_pass(self, cache: ws.Package, facade: ws.Package) -> None:
        assert wheels.wheel_faults(cache, GOOD) == []
        assert wheels.wheel_faults(facade, GOOD_FACADE) == []

    @pytest.mark.parametrize(
        "name", sorted(name for name in GOOD if "METADATA" not in name and "_keys" not in name)
    )
    def test_a_file_that_a_wheel_lacks_is_found(self, cache: ws.Package, name: str) -> None:
        (fault,) = wheels.wheel_faults(cache, GOOD - {name})

        assert fault.endswith(f"lacks {name}")

    def test_a_facade_without_its_stub_is_found(self, facade: ws.Package) -> None:
        assert wheels.wheel_faults(facade, GOOD_FACADE - {"pepperpy/infra/__init__.pyi"})

    @pytest.mark.parametrize(
        "name",
        [
            "pepperpy/__init__.py",
            "pepperpy/infra/__init__.py",
            "pepperpy/infra/utils/__init__.py",
            "pepperpy/infra/cache/tests/test_keys.py",
            "pepperpy/infra/cache/notes.md",
            "tests/test_keys.py",
            "src/pepperpy/infra/cache/__init__.py",
        ],
    )
    def test_a_file_that_a_wheel_should_not_have_is_found(
        self, cache: ws.Package, name: str
    ) -> None:
        (fault,) = wheels.wheel_faults(cache, GOOD | {name})

        assert f"ships {name}" in fault

    def test_a_facade_that_ships_a_portion_is_found(self, facade: ws.Package) -> None:
        assert wheels.wheel_faults(facade, GOOD_FACADE | {"pepperpy/infra/cache/__init__.py"})

    def test_a_file_that_two_wheels_ship_is_found(self) -> None:
        shared = wheels.shared_faults({"a.whl": ["x", "y"], "b.whl": ["y", "z"]})

        assert shared == ["y is shipped by a.whl and b.whl"]

    @pytest.mark.parametrize(
        "rebuilt", [{"a": b"1"}, {"a": b"1", "b": b"3"}, {"a": b"1", "b": b"2", "c": b""}]
    )
    def test_a_wheel_that_the_sdist_builds_otherwise_is_found(
        self, cache: ws.Package, rebuilt: dict[str, bytes]
    ) -> None:
        built = {"a": b"1", "b": b"2"}

        assert wheels.difference_faults(cache, built, built) == []
        assert len(wheels.difference_faults(cache, built, rebuilt)) == 1

    @pytest.mark.parametrize("name", ["LICENSE", "tests/test_keys.py", "pyproject.toml"])
    def test_a_file_that_an_sdist_lacks_is_found(self, cache: ws.Package, name: str) -> None:
        good = {
            "CHANGELOG.md",
            "LICENSE",
            "PKG-INFO",
            "README.md",
            "pyproject.toml",
            "tests/test_keys.py",
        }

        assert wheels.sdist_faults(cache, good) == []
        assert len(wheels.sdist_faults(cache, good - {name})) == 1

    @pytest.mark.parametrize(
        "name", ["notes.txt", "src/pepperpy/__pycache__/a.pyc", "dist/old.whl", ".env"]
    )
    def test_a_file_that_an_sdist_should_not_have_is_found(
        self, cache: ws.Package, name: str
    ) -> None:
        good = {
            "CHANGELOG.md",
            "LICENSE",
            "PKG-INFO",
            "README.md",
            "pyproject.toml",
            "tests/test.py",
        }

        (fault,) = wheels.sdist_faults(cache, good | {name, "src/pepperpy/infra/cache/_keys.py"})

        assert f"ships {name}" in fault

    def test_a_second_build_with_other_bytes_is_found(self, tmp_path: Path) -> None:
        first, same, other = (tmp_path / name for name in ("first.whl", "same.whl", "other.whl"))
        for path, content in ((first, b"1"), (same, b"1"), (other, b"2")):
            path.write_bytes(content)

        assert wheels.byte_faults(first, same) == []
        assert "first.whl has other bytes" in wheels.byte_faults(first, other)[0]


class TestNames:
    def test_the_name_of_a_wheel_tells_of_its_package(self, cache: ws.Package) -> None:
        told = wheels.wheel_package(wheels.wheel_path(Path("dist"), cache))

        assert (told.name, told.version, told.module) == (cache.name, cache.version, cache.module)


class TestInstalled:
    @pytest.fixture
    def wheel(self, tmp_path: Path) -> Path:
        path = tmp_path / "pepperpy_infra_cache-1.2.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("pepperpy/infra/cache/__init__.py", "NEW = 1\n")
            archive.writestr("pepperpy_infra_cache-1.2.0.dist-info/METADATA", "")
        return path

    def test_a_sibling_that_nobody_declared_is_found(self) -> None:
        (fault,) = installed.presence_faults(["a"], ["a", "b"])

        assert fault == "b is installed, and nothing declares it"

    def test_a_wheel_that_is_not_there_is_found(self) -> None:
        assert installed.presence_faults(["a", "b"], ["a"]) == ["b is not installed"]

    @pytest.mark.parametrize(("content", "count"), [("NEW = 1\n", 0), ("OLD = 1\n", 1), (None, 1)])
    def test_a_stale_file_is_found(
        self, cache: ws.Package, wheel: Path, tmp_path: Path, content: str | None, count: int
    ) -> None:
        site = tmp_path / "site"
        if content is not None:
            file = site / "pepperpy" / "infra" / "cache" / "__init__.py"
            file.parent.mkdir(parents=True)
            file.write_bytes(content.encode())

        assert len(installed.file_faults(cache, wheel, site)) == count

    def test_a_module_from_elsewhere_is_found(
        self, cache: ws.Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module = type(sys)("pepperpy.infra.cache")
        monkeypatch.setitem(sys.modules, "pepperpy", type(sys)("pepperpy"))
        monkeypatch.setitem(sys.modules, "pepperpy.infra", type(sys)("pepperpy.infra"))
        monkeypatch.setitem(sys.modules, "pepperpy.infra.cache", module)

        module.__file__ = str(tmp_path / "site" / "pepperpy" / "infra" / "cache" / "__init__.py")
        assert installed.origin_faults(cache, tmp_path / "site") == []

        module.__file__ = str(tmp_path / "src" / "pepperpy" / "infra" / "cache" / "__init__.py")
        assert len(installed.origin_faults(cache, tmp_path / "site")) == 1

    @pytest.mark.parametrize(
        ("present", "content", "told"),
        [
            (["pepperpy-infra-cache"], "NEW = 1\n", []),
            (["pepperpy-infra-cache"], "OLD = 1\n", ["is not the file of"]),
            (["pepperpy-infra-cache", "pepperpy-infra"], "NEW = 1\n", ["nothing declares it"]),
            ([], "NEW = 1\n", ["is not installed"]),
        ],
    )
    def test_every_difference_from_the_files_given_is_told(
        self,
        wheel: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        present: list[str],
        content: str,
        told: list[str],
    ) -> None:
        site = tmp_path / "site"
        file = site / "pepperpy" / "infra" / "cache" / "__init__.py"
        file.parent.mkdir(parents=True)
        file.write_bytes(content.encode())

        def site_packages(_: str) -> str:
            return str(site)

        def no_faults(*_: object) -> list[str]:
            return []

        monkeypatch.setattr(installed, "get_path", site_packages)
        monkeypatch.setattr(installed, "present", lambda: set(present))
        monkeypatch.setattr(installed, "origin_faults", no_faults)

        found = installed.check([wheel])

        assert len(found) == len(told)
        assert all(text in fault for text, fault in zip(told, found, strict=True))
