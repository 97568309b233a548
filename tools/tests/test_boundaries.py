"""Each guard of the boundaries lets a clean repository pass and finds the fault planted in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools import boundaries
from tools import workspace as ws

UTILS = "pepperpy-infra-utils>=1.0,<2"
SERIALIZATION = "pepperpy-infra-serialization>=1.0,<2"
USES_UTILS = "from pepperpy.infra.utils import retry\n"


@pytest.fixture
def clean(repository: Any) -> Any:
    """Utils, serialization, and cache on top of them; all as it should be."""
    repository.wheel("utils", _retry="import time\n\nfrom . import _other\n", _other="")
    repository.wheel("serialization", "msgspec>=0.19", UTILS, _json=f"import msgspec\n{USES_UTILS}")
    repository.wheel("cache", UTILS, _keys=USES_UTILS)
    return repository


def plant(repository: Any, text: str, *, file: str = "_keys.py", portion: str = "cache") -> None:
    path = f"packages/pepperpy-infra-{portion}/src/pepperpy/infra/{portion}/{file}"
    there = repository.root / path
    before = there.read_text("utf-8") if there.exists() else ""
    repository.write(path, before + text)


def test_a_clean_repository_passes(clean: Any) -> None:
    assert clean.faults() == []


class TestUndeclared:
    @pytest.mark.parametrize(
        "spelling",
        [
            "import pepperpy.infra.serialization",
            "import pepperpy.infra.serialization as s",
            "from pepperpy.infra import serialization",
            "from pepperpy.infra.serialization import serialize_json",
            "from .. import serialization",
            "from ..serialization import serialize_json",
            "from ...infra import serialization",
            "from importlib import import_module\nimport_module('pepperpy.infra.serialization')",
            "import importlib\nimportlib.import_module('..serialization', __package__)",
            "__import__('pepperpy.infra.serialization')",
            "try:\n    import pepperpy.infra.serialization\nexcept ImportError:\n    pass",
        ],
    )
    def test_sibling_is_found_however_it_is_spelled(self, clean: Any, spelling: str) -> None:
        # Metrics may not even have it by chance, as cache may.
        clean.wheel("metrics", UTILS, _timer=f"{USES_UTILS}{spelling}\n")

        (fault,) = clean.faults()

        assert "declares 'pepperpy-infra-serialization'" in fault
        assert "_timer.py:" in fault

    def test_third_party_is_found(self, clean: Any) -> None:
        plant(clean, "def f():\n    import numpy\n")

        (fault,) = clean.faults()

        assert fault.endswith("imports numpy, and nothing declares 'numpy'")

    def test_a_module_of_another_name_than_its_distribution_is_known(self, clean: Any) -> None:
        clean.wheel("config", UTILS, "pyyaml>=6", _load=f"import yaml\n{USES_UTILS}")

        assert clean.faults() == []

    def test_a_submodule_of_this_wheel_is_no_sibling(self, clean: Any) -> None:
        plant(clean, "from pepperpy.infra.cache import _other\nfrom . import _other\n")

        assert clean.faults() == []


class TestUnused:
    @pytest.mark.parametrize("need", ["pepperpy-infra-serialization>=1.0,<2", "msgspec"])
    def test_declaration_is_found(self, repository: Any, need: str) -> None:
        repository.wheel("utils")
        repository.wheel("serialization", UTILS, _json=USES_UTILS)
        repository.wheel("storage", UTILS, need, _file=USES_UTILS)

        assert any("and never imports it" in fault for fault in repository.faults())


class TestOptional:
    EXTRA = 'redis = ["redis>=5"]'

    def test_import_at_once_is_found(self, clean: Any) -> None:
        clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=f"{USES_UTILS}import redis\n")

        (fault,) = clean.faults()

        assert "imports redis at once" in fault

    @pytest.mark.parametrize(
        "text",
        [
            "def f():\n    import redis\n",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import redis\n",
            "from importlib import import_module\ndef f(): return import_module('redis')\n",
        ],
    )
    def test_import_where_it_is_used_passes(self, clean: Any, text: str) -> None:
        clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS + text)

        assert clean.faults() == []

    def test_import_at_once_inside_the_owning_private_folder_passes(self, clean: Any) -> None:
        clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS)
        plant(clean, "import redis\n", portion="resilience", file="_redis/_wire.py")

        assert clean.faults() == []

    def test_import_at_once_in_a_module_that_is_imported_late_passes(self, clean: Any) -> None:
        late = "def f():\n    from ._wire import g\n"
        further = "import redis\nfrom . import _frames\n"
        folder = clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS + late)
        source = folder / "src/pepperpy/infra/resilience"
        source.joinpath("_wire.py").write_text(further, "utf-8")
        source.joinpath("_frames.py").write_text("import redis\n", "utf-8")

        assert clean.faults() == []

    def test_import_at_once_in_a_module_that_is_imported_late_and_at_once_is_found(
        self, clean: Any
    ) -> None:
        both = "from ._wire import h\ndef f():\n    from ._wire import g\n"
        folder = clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS + both)
        wire = folder / "src/pepperpy/infra/resilience/_wire.py"
        wire.write_text("import redis\n", "utf-8")

        (fault,) = clean.faults()

        assert "imports redis at once" in fault

    def test_files_that_need_what_is_optional_are_known(self, clean: Any) -> None:
        late = "import asyncio\ndef f():\n    from ._wire import g\n"
        folder = clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS + late)
        wire = folder / "src/pepperpy/infra/resilience/_wire.py"
        wire.write_text("import redis\n", "utf-8")
        through = wire.with_name("_through.py")
        through.write_text("from ._wire import g\n", "utf-8")
        beside = wire.with_name("_part") / "_beside.py"
        beside.parent.mkdir()
        beside.write_text("import os\n", "utf-8")
        init = beside.with_name("__init__.py")
        init.write_text("from .._wire import g\n", "utf-8")
        (package,) = (
            each for each in ws.load(clean.root).packages.values() if each.folder == folder
        )

        found = boundaries.optional_files(package, boundaries.House.read(clean.root))

        assert sorted(found) == sorted([beside, init, through, wire])

    def test_what_comes_with_a_dependency_is_declared_by_it(self, clean: Any) -> None:
        clean.wheel(
            "validation",
            UTILS,
            extras='pydantic = ["pydantic>=2"]',
            _x=USES_UTILS + "def f():\n    import pydantic_core\n",
        )
        assert clean.faults() == []

        clean.wheel("validation", UTILS, _x=USES_UTILS + "def f():\n    import pydantic_core\n")
        assert len(clean.faults()) == 1

    def test_what_an_optional_sibling_needs_is_imported_late_alone(self, clean: Any) -> None:
        clean.wheel("logging", UTILS, _x=USES_UTILS + "def f():\n    import pydantic\n")
        assert clean.faults() == []

        clean.wheel("logging", UTILS, _x=USES_UTILS + "import pydantic\n")
        (fault,) = clean.faults()
        assert "imports pydantic at once" in fault

    def test_what_type_checkers_bring_themselves_is_theirs_alone(self, clean: Any) -> None:
        block = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    "
        plant(clean, f"{block}from typing_extensions import deprecated\n")
        assert clean.faults() == []

        plant(clean, "from typing_extensions import override\n")
        (fault,) = clean.faults()
        assert "nothing declares 'typing_extensions'" in fault

    def test_a_branch_that_does_run_is_not_taken_for_one_of_type_checkers(self, clean: Any) -> None:
        text = "if not TYPE_CHECKING:\n    import redis\n"
        clean.wheel("resilience", UTILS, extras=self.EXTRA, _x=USES_UTILS + text)

        assert len(clean.faults()) == 1

    def test_sibling_that_may_be_there_by_chance_is_imported_late_alone(self, clean: Any) -> None:
        plant(clean, "def f():\n    import pepperpy.infra.serialization\n")
        assert clean.faults() == []

        plant(clean, "import pepperpy.infra.serialization\n")
        assert len(clean.faults()) == 1


class TestHeavy:
    def test_slow_part_of_the_standard_library_at_once_is_found(self, clean: Any) -> None:
        plant(clean, "import asyncio\n")

        (fault,) = clean.faults()

        assert "imports asyncio at once, which is slow" in fault

    def test_slow_part_where_it_is_used_passes(self, clean: Any) -> None:
        plant(clean, "def f():\n    import asyncio\n")

        assert clean.faults() == []


class TestSpelling:
    @pytest.mark.parametrize(
        "text",
        [
            "import pepperpy.infra",
            "import pepperpy",
            "from pepperpy import infra",
            "from pepperpy.infra import retry",
            "from .. import retry",
            "def f():\n    from pepperpy.infra import retry",
        ],
    )
    def test_import_of_the_facade_is_found(self, clean: Any, text: str) -> None:
        plant(clean, text + "\n")

        (fault,) = clean.faults()

        assert "imports the facade" in fault

    @pytest.mark.parametrize(
        "text",
        [
            "from pepperpy.infra.utils._retry import engine",
            "from pepperpy.infra.utils import _retry",
            "import pepperpy.infra.utils._retry",
            "from ..utils._retry import engine",
        ],
    )
    def test_import_of_a_siblings_private_module_is_found(self, clean: Any, text: str) -> None:
        plant(clean, text + "\n")

        (fault,) = clean.faults()

        assert "private to its wheel" in fault

    def test_import_of_a_siblings_public_submodule_passes(self, clean: Any) -> None:
        plant(clean, "from pepperpy.infra.utils.wrapping import decorate\n")

        assert clean.faults() == []


class TestFloors:
    def test_a_sibling_on_the_same_floor_or_above_is_found(self, clean: Any) -> None:
        need = "pepperpy-infra-cache>=1.0,<2"
        clean.wheel("security", UTILS, need, _x=f"{USES_UTILS}import pepperpy.infra.cache\n")

        (fault,) = clean.faults()

        assert "requires 'pepperpy-infra-cache', which its floor does not allow" in fault

    def test_a_third_party_that_the_house_does_not_know_is_found(self, clean: Any) -> None:
        clean.wheel("metrics", UTILS, "numpy", _x=f"{USES_UTILS}def f():\n    import numpy\n")

        assert any("requires 'numpy', which its floor" in fault for fault in clean.faults())

    @pytest.mark.parametrize("extra", ['redis = ["valkey"]', 'valkey = ["redis"]'])
    def test_an_extra_that_the_house_does_not_know_is_found(self, clean: Any, extra: str) -> None:
        clean.wheel("resilience", UTILS, extras=extra, _x=USES_UTILS)

        assert any("which its floor does not allow" in fault for fault in clean.faults())

    def test_a_wheel_without_a_floor_is_found(self, clean: Any) -> None:
        clean.wheel("cellar", UTILS, _x=USES_UTILS)

        (fault,) = clean.faults()

        assert "has no floor" in fault

    @pytest.mark.parametrize("arrow", ["decorators", "cache", "no_such_wheel"])
    def test_an_arrow_of_the_table_that_does_not_go_down_is_found(self, arrow: str) -> None:
        house = boundaries.House.read(ws.ROOT)
        cache = {**house.floors["cache"], "siblings": [arrow]}
        planted = replace(house, floors={**house.floors, "cache": cache})

        (fault,) = boundaries.floor_faults(planted)

        assert f"cache (floor 3) may not stand on {arrow}" in fault


class TestRanges:
    @pytest.mark.parametrize(
        ("version", "need"),
        [
            ("1.0.0", ">=1.0,<2"),
            ("1.4.2", ">=1.2,<2"),
            ("0.3.1", ">=0.3,<0.4"),
            ("2.0.0", ">=2.0,<3"),
        ],
    )
    def test_a_range_that_fits_passes(self, repository: Any, version: str, need: str) -> None:
        repository.wheel("utils", version=version)
        repository.wheel("cache", f"pepperpy-infra-utils{need}", _x=USES_UTILS)

        assert repository.faults() == []

    @pytest.mark.parametrize(
        ("version", "need", "told"),
        [
            ("2.0.0", ">=1.0,<2", "2.0.0 lies here"),
            ("1.0.0", ">=1.1,<2", "1.0.0 lies here"),
            ("0.4.0", ">=0.3,<0.4", "0.4.0 lies here"),
            ("1.0.0", ">=1.0,<3", "upper bound"),
            ("0.3.0", ">=0.3,<1", "upper bound"),
            ("1.0.0", ">=1.0", "write >=X.Y"),
            ("1.0.0", "==1.0.0", "write >=X.Y"),
            ("1.0.0", "", "write >=X.Y"),
        ],
    )
    def test_a_planted_range_is_found(
        self, repository: Any, version: str, need: str, told: str
    ) -> None:
        repository.wheel("utils", version=version)
        repository.wheel("cache", f"pepperpy-infra-utils{need}", _x=USES_UTILS)

        (fault,) = repository.faults()

        assert told in fault

    def test_a_wheel_that_does_not_exist_is_found(self, clean: Any) -> None:
        clean.wheel("metrics", UTILS, "pepperpy-infra-telemetry>=1.0,<2", _x=USES_UTILS)

        assert any("there is no such wheel" in fault for fault in clean.faults())


class TestFacade:
    NEEDS = ("pepperpy-infra-cache>=1.2,<2", SERIALIZATION, UTILS)
    STUB = "from pepperpy.infra import cache, serialization, utils\n"

    def add(self, repository: Any, *needs: str, extras: str = "", stub: str = STUB) -> None:
        folder = repository.wheel("", *needs, extras=extras)
        folder.joinpath("src/pepperpy/infra/__init__.pyi").write_text(stub, "utf-8")

    def test_one_that_depends_on_every_wheel_passes(self, clean: Any) -> None:
        self.add(clean, *self.NEEDS)

        assert clean.faults() == []

    def test_a_wheel_that_it_forgets_is_found(self, clean: Any) -> None:
        self.add(clean, *self.NEEDS[1:])

        assert any("does not depend on 'pepperpy-infra-cache'" in fault for fault in clean.faults())

    def test_an_extra_that_all_forgets_is_found(self, clean: Any) -> None:
        clean.wheel("resilience", UTILS, extras='redis = ["redis"]', _x=USES_UTILS)
        stub = f"{self.STUB}from pepperpy.infra import resilience\n"
        needs = (*self.NEEDS, "pepperpy-infra-resilience>=1.2,<2")
        self.add(clean, *needs, stub=stub)

        (fault,) = clean.faults()
        assert fault.endswith("its extra 'all' lacks pepperpy-infra-resilience[redis]")

        every = 'all = ["pepperpy-infra-resilience[redis]>=1.2,<2"]'
        self.add(clean, *needs, stub=stub, extras=every)
        assert clean.faults() == []


class TestNames:
    @pytest.mark.parametrize(
        ("source", "told"),
        [
            ("from ._keys import key\n", "has no __all__"),
            ("from ._keys import key\n\n__all__ = sorted(['key'])\n", "has no __all__"),
            ("from ._keys import key\n\n__all__ = []\n", "key is public and not in __all__"),
            ("__all__ = ['key']\n", "__all__ has key, which is not here"),
            ("from ._keys import key\n\n__all__ = ['key', 'key']\n", "a name twice"),
            ("__all__ = []\nprint()\n", "imports and __all__ alone"),
            ("__all__ = []\n\n\ndef _f(): ...\n", "imports and __all__ alone"),
        ],
    )
    def test_a_planted_fault_of_an_init_is_found(self, clean: Any, source: str, told: str) -> None:
        clean.wheel("cache", UTILS, source=source, _keys=USES_UTILS)

        assert [fault for fault in clean.faults() if told in fault]

    def test_a_public_module_lists_what_it_defines(self, clean: Any) -> None:
        plant(clean, "import re\n\n__all__ = ['MASK']\n\nMASK = re.A\n", file="redaction.py")
        assert clean.faults() == []

        plant(clean, "\n\ndef redact(): ...\n", file="redaction.py")
        assert clean.faults()[0].endswith("redact is public and not in __all__")

    def test_a_private_module_needs_no_list(self, clean: Any) -> None:
        plant(clean, "def redact(): ...\n", file="_redaction.py")
        plant(clean, "def redact(): ...\n", file="_folder/redaction.py")

        assert clean.faults() == []


class TestLayout:
    @pytest.mark.parametrize("where", ["pepperpy", "pepperpy/infra"])
    def test_a_namespace_init_is_found(self, clean: Any, where: str) -> None:
        clean.write(f"packages/pepperpy-infra-cache/src/{where}/__init__.py", "")

        assert any("owns pepperpy/infra/cache/ alone" in fault for fault in clean.faults())

    def test_a_module_of_a_sibling_is_found(self, clean: Any) -> None:
        clean.write("packages/pepperpy-infra-cache/src/pepperpy/infra/utils/_more.py", "")

        assert any("owns pepperpy/infra/cache/ alone" in fault for fault in clean.faults())

    @pytest.mark.parametrize(
        "name",
        [
            "LICENSE",
            "README.md",
            "CHANGELOG.md",
            "tests/typing/api.py",
            "src/pepperpy/infra/cache/py.typed",
        ],
    )
    def test_a_missing_file_is_found(self, clean: Any, name: str) -> None:
        Path(clean.root, "packages/pepperpy-infra-cache", name).unlink()

        assert clean.faults() == [f"pepperpy-infra-cache: has no {name}"]

    def test_another_licence_is_found(self, clean: Any) -> None:
        clean.write("packages/pepperpy-infra-cache/LICENSE", "BSD\n")

        (fault,) = clean.faults()

        assert "LICENSE is not the one at the root" in fault

    @pytest.mark.parametrize(
        ("setting", "instead"),
        [
            ('readme = "README.md"', ""),
            ('license = "MIT"', 'license = "BSD-3-Clause"'),
            ('license-files = ["LICENSE"]', ""),
            (">=3.11", ">=3.10"),
            ('sources = ["src"]', ""),
            ('only-include = ["src/pepperpy"]', ""),
            ('"src", "tests", ', '"src", '),
            ("hatchling>=1.27", "hatchling"),
            ('description = "Made up"', ""),
            ("Python :: 3.11", "Python :: 3.9"),
        ],
    )
    def test_a_setting_unlike_the_others_is_found(
        self, clean: Any, setting: str, instead: str
    ) -> None:
        path = clean.root / "packages/pepperpy-infra-cache/pyproject.toml"
        text = path.read_text("utf-8")
        assert setting in text
        path.write_text(text.replace(setting, instead), "utf-8")

        assert clean.faults()

    def test_a_python_that_only_a_tool_of_the_workflow_runs_on_is_not_tested(
        self, clean: Any
    ) -> None:
        path = clean.root / ".github/workflows/tests.yml"
        text = path.read_text("utf-8")
        path.write_text(f'{text}# python-version: "3.99"\n', "utf-8")

        assert clean.faults() == []
