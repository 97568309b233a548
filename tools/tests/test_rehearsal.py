"""What the wheels do in the hands of users: installed by ranges, upgraded one by one, taken away.

`nox -s release` runs this with the files that `nox -s build` made; there is no index but them for
our own wheels.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import wheels
from tools import workspace as ws

WORKSPACE = ws.load()
FAMILY = {name: package.version for name, package in WORKSPACE.packages.items()}
EVERYTHING = """
import pepperpy.infra as infra
for name in (*infra._OWNERS, *infra._OWNED):
    getattr(infra, name)
print(len(infra._OWNERS))
"""


class Environment:
    """A virtual environment, and folders in which an installer finds our wheels."""

    def __init__(self, folder: Path, dist: Path) -> None:
        self.folder = folder
        self.more = folder / "more"
        self.more.mkdir(parents=True)
        self._links = ["--find-links", str(dist), "--find-links", str(self.more)]
        self.python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        self.uv("venv", "--python", sys.executable, str(folder / "venv"))

    def uv(self, *arguments: str, fails: bool = False) -> str:
        """Call the installer; what it printed."""
        done = subprocess.run(["uv", *arguments], capture_output=True, text=True, check=False)
        assert bool(done.returncode) is fails, done.stderr
        return done.stdout + done.stderr

    def pip(self, verb: str, *arguments: str, fails: bool = False) -> str:
        """Call the part of the installer that is like pip."""
        links = self._links if verb == "install" else []
        # What has just been built has the name and version of what may be in the cache.
        fresh = ["--refresh-package", "pepperpy-infra"] if verb == "install" else []
        where = ["--python", str(self.python)]
        return self.uv("pip", verb, *where, *links, *fresh, *arguments, fails=fails)

    def versions(self) -> dict[str, str]:
        """Which of our wheels are installed, in which versions."""
        lines = [line.partition("==") for line in self.pip("freeze").splitlines()]
        return {name: version for name, _, version in lines if name in FAMILY}

    def run(self, code: str, *, fails: bool = False) -> str:
        """Run a program in an empty folder; what it printed, or why it failed."""
        done = subprocess.run(
            [str(self.python), "-W", "error", "-c", code],
            cwd=self.more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return done.stderr if fails else done.stdout

    def release(self, name: str, version: str, **replaced: str) -> None:
        """Put a wheel of another version where the installer finds it.

        Args:
            name: The wheel; it has the sources that lie here.
            version: What it calls itself.
            replaced: Requirements of it that change, by the end of the sibling's name.
        """
        package = WORKSPACE.packages[name]
        copy = self.folder / "sources" / f"{name}-{version}"
        shutil.copytree(package.folder, copy, ignore=shutil.ignore_patterns("tests"))
        settings = copy / "pyproject.toml"
        text = settings.read_text("utf-8")
        text = text.replace(f'version = "{package.version}"', f'version = "{version}"', 1)
        for sibling, range_ in replaced.items():
            (need,) = (each for each in package.dependencies if each.name.endswith(sibling))
            text = text.replace(f'"{need.name}{need.range}"', f'"{need.name}{range_}"')
        settings.write_text(text, "utf-8")
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self.more)]
        subprocess.run(build, cwd=copy, check=True, capture_output=True)


@pytest.fixture
def environment(tmp_path: Path, dist: Path) -> Environment:
    return Environment(tmp_path, dist)


def next_patch(name: str) -> str:
    major, minor, patch = FAMILY[name].split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


class TestInstall:
    def test_the_one_name_brings_the_whole_family_by_its_ranges(
        self, environment: Environment, dist: Path
    ) -> None:
        environment.pip("install", "pepperpy-infra")

        assert environment.versions() == FAMILY
        assert int(environment.run(EVERYTHING)) > 200
        assert "compatible" in environment.pip("check")
        site = Path(
            environment.run("import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        )
        for package in WORKSPACE.packages.values():
            files = wheels.wheel_files(wheels.wheel_path(dist, package))
            modules = [name for name in files if name.startswith("pepperpy/")]
            assert all((site / name).read_bytes() == files[name] for name in modules)

    def test_one_wheel_brings_what_it_needs_and_no_more(self, environment: Environment) -> None:
        environment.pip("install", "pepperpy-infra-decorators")

        assert environment.versions().keys() == {
            "pepperpy-infra-decorators",
            "pepperpy-infra-cache",
            "pepperpy-infra-utils",
        }

    def test_a_source_distribution_installs_as_its_wheel_does(
        self, environment: Environment, dist: Path
    ) -> None:
        utils = WORKSPACE.packages["pepperpy-infra-utils"]

        environment.pip("install", str(wheels.sdist_path(dist, utils)))

        assert (
            environment.run("import pepperpy.infra.utils as u; print(u.slugify('A b'))") == "a-b\n"
        )


class TestUpgrade:
    def test_one_wheel_alone_is_upgraded_and_the_others_stay(
        self, environment: Environment
    ) -> None:
        environment.pip("install", "pepperpy-infra")
        cache = "pepperpy-infra-cache"
        environment.release(cache, next_patch(cache))

        environment.pip("install", "--upgrade-package", cache, cache)

        assert environment.versions() == {**FAMILY, cache: next_patch(cache)}
        assert "compatible" in environment.pip("check")
        assert int(environment.run(EVERYTHING)) > 200

    def test_an_upgrade_that_needs_a_newer_sibling_brings_it(
        self, environment: Environment
    ) -> None:
        cache, utils = "pepperpy-infra-cache", "pepperpy-infra-utils"
        environment.pip("install", cache)
        environment.release(utils, "1.99.0")
        environment.release(cache, next_patch(cache), utils=">=1.99,<2")

        environment.pip("install", "--upgrade-package", cache, cache)

        assert environment.versions() == {cache: next_patch(cache), utils: "1.99.0"}

    def test_a_release_that_may_break_is_not_taken_by_those_who_count_on_the_old_one(
        self, environment: Environment
    ) -> None:
        cache, utils = "pepperpy-infra-cache", "pepperpy-infra-utils"
        environment.release(utils, "2.0.0")

        environment.pip("install", "--upgrade", cache)

        assert environment.versions()[utils] == FAMILY[utils]

    def test_a_sibling_out_of_range_is_refused(self, environment: Environment) -> None:
        environment.release("pepperpy-infra-utils", "2.0.0")

        told = environment.pip(
            "install", "pepperpy-infra-utils==2.0.0", "pepperpy-infra-cache", fails=True
        )

        assert "depend on pepperpy-infra-utils" in " ".join(told.split())
        assert "unsatisfiable" in told
        assert environment.versions() == {}


class TestUninstall:
    def test_one_wheel_goes_and_the_others_work_and_the_facade_names_it(
        self, environment: Environment
    ) -> None:
        environment.pip("install", "pepperpy-infra")

        environment.pip("uninstall", "pepperpy-infra-telemetry")

        others = FAMILY.keys() - {"pepperpy-infra-telemetry"}
        modules = ", ".join(sorted(WORKSPACE.packages[name].module for name in others))
        environment.run(f"import {modules}")
        told = environment.run("from pepperpy.infra import report_metric", fails=True)
        assert "pip install pepperpy-infra-telemetry" in told
        report = environment.run(
            "import pepperpy.infra.__main__ as m, sys; sys.exit(m.main([]) - 1)"
        )
        assert "pepperpy-infra needs pepperpy-infra-telemetry" in report

    def test_without_the_facade_the_wheels_work_by_their_own_names(
        self, environment: Environment
    ) -> None:
        environment.pip("install", "pepperpy-infra")

        environment.pip("uninstall", "pepperpy-infra")

        modules = [package.module for package in WORKSPACE.packages.values() if package.portion]
        environment.run(f"import {', '.join(modules)}")
