"""What an import of the facade loads, from where, and what it says when a wheel is missing."""

from __future__ import annotations

import importlib
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import pepperpy.infra

Run = Callable[..., str]
Layout = Callable[..., Path]

# Every interpreter has loaded `os` before a program begins, but for this bare one.
LOADED = "import os; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before), sep='\\n')"
FACADE = Path(pepperpy.infra.__file__).parent
HEAVY = {"asyncio", "concurrent", "logging", "msgspec", "numpy", "pkgutil", "pydantic", "yaml"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Make a path entry of its own that holds the parts named, made up but for the facade."""

    def make(name: str, *portions: str, facade: bool = False) -> Path:
        infra = tmp_path / name / "pepperpy" / "infra"
        infra.mkdir(parents=True)
        if facade:
            shutil.copy(FACADE / "__init__.py", infra)
        for portion in portions:
            names = pepperpy.infra._OWNED[portion]
            (infra / portion).mkdir()
            body = "\n".join(f"def {name}(): return {portion!r}" for name in names)
            (infra / portion / "__init__.py").write_text(body, "utf-8")
        return tmp_path / name

    return make


def top_level(modules: str) -> set[str]:
    return {module.partition(".")[0] for module in modules.split()}


class TestWhatIsLoaded:
    def test_the_facade_alone_loads_nothing_else_at_all(self, run: Run) -> None:
        loaded = run(LOADED.format(code="import pepperpy.infra"))

        assert loaded.split() == ["pepperpy", "pepperpy.infra"]

    def test_a_name_loads_its_owner_and_nothing_heavier(self, run: Run) -> None:
        loaded = run(LOADED.format(code="from pepperpy.infra import retry"))

        assert "pepperpy.infra.utils" in loaded.split()
        assert "pepperpy.infra.logging" not in loaded.split()
        assert top_level(loaded) & HEAVY == set()

    @pytest.mark.parametrize(
        ("name", "portion"), [("get_logger", "logging"), ("get_provider_telemetry", "telemetry")]
    )
    def test_a_name_of_logging_or_telemetry_loads_neither_config_nor_what_it_needs(
        self, run: Run, name: str, portion: str
    ) -> None:
        loaded = run(LOADED.format(code=f"from pepperpy.infra import {name}"))

        assert f"pepperpy.infra.{portion}" in loaded.split()
        assert "pepperpy.infra.config" not in loaded.split()
        assert top_level(loaded) & {"pydantic", "pydantic_core", "yaml"} == set()

    def test_a_name_of_the_cache_loads_cache_and_utils_and_nothing_heavier(self, run: Run) -> None:
        loaded = run(LOADED.format(code="from pepperpy.infra import cached"))

        ours = [name for name in loaded.split() if name.startswith("pepperpy.infra.")]
        assert {name.split(".")[2] for name in ours} == {"cache", "utils"}
        assert top_level(loaded) & HEAVY == set()

    def test_a_portion_loads_without_its_siblings(self, run: Run) -> None:
        loaded = run(LOADED.format(code="from pepperpy.infra import utils")).split()

        assert "pepperpy.infra.logging" not in loaded

    def test_something_heavy_would_have_been_seen(self, run: Run) -> None:
        loaded = run(LOADED.format(code="import pepperpy.infra, asyncio, pkgutil"))

        assert {"asyncio", "pkgutil"} <= top_level(loaded) & HEAVY

    def test_sixteen_threads_at_a_cold_start_get_one_object(self, run: Run) -> None:
        code = """
import threading, pepperpy.infra as infra
names, gate, seen = infra.__all__, threading.Barrier(16), []
def ask():
    gate.wait()
    seen.append([id(getattr(infra, name)) for name in names])
threads = [threading.Thread(target=ask) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(seen), len({tuple(ids) for ids in seen}))
"""
        assert run(code) == "16 1"


class TestLayouts:
    SHOW = "import pepperpy.infra as i; print(i.retry(), i.get_logger(), i.utils.__name__)"

    def test_wheels_in_two_folders_are_found_in_either_order(
        self, run: Run, layout: Layout
    ) -> None:
        entries = [layout("one", "utils", facade=True), layout("two", "logging")]

        shown = {run(self.SHOW, order) for order in (entries, entries[::-1])}

        assert shown == {"utils logging pepperpy.infra.utils"}

    def test_the_facade_may_lie_in_a_folder_of_its_own(self, run: Run, layout: Layout) -> None:
        entries = [layout("one", "utils", "logging"), layout("two", facade=True)]

        shown = {run(self.SHOW, order) for order in (entries, entries[::-1])}

        assert shown == {"utils logging pepperpy.infra.utils"}

    def test_wheels_in_two_zip_files_are_found_in_either_order(
        self, run: Run, layout: Layout
    ) -> None:
        folders = [layout("one", "utils", facade=True), layout("two", "logging")]
        entries = [Path(shutil.make_archive(str(folder), "zip", folder)) for folder in folders]
        assert all(zipfile.is_zipfile(entry) for entry in entries)

        shown = {run(self.SHOW, order) for order in (entries, entries[::-1])}

        assert shown == {"utils logging pepperpy.infra.utils"}

    def test_a_folder_that_is_listed_twice_counts_once(self, run: Run, layout: Layout) -> None:
        entry = layout("one", "utils", facade=True)

        shown = run("import pepperpy.infra as i; print(len(i.__path__))", [entry, entry])

        assert shown == "1"

    def test_a_portion_works_without_the_facade(self, run: Run, layout: Layout) -> None:
        code = """
import pepperpy.infra.utils
print(pepperpy.infra.utils.retry(), pepperpy.infra.__file__)
try:
    from pepperpy.infra import retry
except ImportError:
    print("no facade")
"""
        assert run(code, [layout("one", "utils")]).split("\n") == ["utils None", "no facade"]

    def test_the_real_utils_works_without_the_facade(self, run: Run, layout: Layout) -> None:
        utils = Path(pepperpy.infra.utils.__file__).parent
        entry = layout("one")
        shutil.copytree(utils, entry / "pepperpy" / "infra" / "utils")
        code = "import pepperpy.infra.utils as u; print(u.slugify('It stands alone'))"

        assert run(code, [entry]) == "it-stands-alone"


class TestMissingWheel:
    CODE = """
try:
    {statement}
except ModuleNotFoundError as error:
    print(error.name, error, sep="|")
"""

    @pytest.mark.parametrize(
        "statement",
        [
            "from pepperpy.infra import get_logger",
            "import pepperpy.infra; pepperpy.infra.get_logger",
            "import pepperpy.infra; pepperpy.infra.logging",
            "from pepperpy.infra import *",
        ],
    )
    def test_the_error_names_the_wheel_to_install(
        self, run: Run, layout: Layout, statement: str
    ) -> None:
        others = pepperpy.infra._OWNED.keys() - {"logging"}
        entry = layout("one", *others, facade=True)

        name, message = run(self.CODE.format(statement=statement), [entry]).split("|")

        assert name == "pepperpy.infra.logging"
        assert "pip install pepperpy-infra-logging" in message

    def test_the_error_names_a_wheel_that_another_one_needs(self, run: Run, layout: Layout) -> None:
        entry = layout("one", "logging", facade=True)
        module = entry / "pepperpy" / "infra" / "logging" / "__init__.py"
        module.write_text("import pepperpy.infra.utils", "utf-8")
        statement = "from pepperpy.infra import get_logger"

        name, message = run(self.CODE.format(statement=statement), [entry]).split("|")

        assert name == "pepperpy.infra.utils"
        assert "pip install pepperpy-infra-utils" in message

    def test_an_import_that_fails_inside_a_wheel_is_told_as_it_is(
        self, run: Run, layout: Layout
    ) -> None:
        entry = layout("one", "utils", facade=True)
        module = entry / "pepperpy" / "infra" / "utils" / "__init__.py"
        module.write_text("import no_such_thing", "utf-8")

        shown = run(self.CODE.format(statement="from pepperpy.infra import retry"), [entry])

        assert shown == "no_such_thing|No module named 'no_such_thing'"


class TestOddUses:
    def test_reload_keeps_every_name_its_owners(self, run: Run) -> None:
        code = """
import importlib, pepperpy.infra as infra
first = infra.retry
importlib.reload(infra)
print(infra.retry is first is infra.utils.retry, len(infra.__path__) == len(set(infra.__path__)))
"""
        assert run(code) == "True True"

    def test_pickles_name_the_owner(self) -> None:
        assert b"pepperpy.infra.utils" in pickle.dumps(pepperpy.infra.slugify)

    def test_a_pickle_that_names_the_facade_loads(self) -> None:
        named = b"cpepperpy.infra\nslugify\n."

        assert pickle.loads(named) is pepperpy.infra.slugify

    def test_resources_are_found(self) -> None:
        files = importlib.import_module("importlib.resources").files("pepperpy.infra")

        assert files.joinpath("py.typed").is_file()
