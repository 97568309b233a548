"""The overlay holds the sources of all wheels as one package, and follows every edit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import overlay
from tools import workspace as ws

UTILS = "packages/pepperpy-infra-utils/src/pepperpy/infra/utils"
SHOW = "import pepperpy.infra as i, pepperpy.infra.utils as u; print(i.FACADE, u.VALUE)"


@pytest.fixture
def workspace(repository: Any) -> ws.Workspace:
    repository.wheel("utils", source="VALUE = 1\n")
    repository.wheel("", source="FACADE = 0\n")
    return ws.load(repository.root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / overlay.FOLDER


def show(folder: Path) -> str:
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); {SHOW}"
    done = subprocess.run(
        [sys.executable, "-ISB", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class TestBuild:
    def test_every_wheel_is_found_below_one_folder(
        self, workspace: ws.Workspace, folder: Path
    ) -> None:
        assert overlay.build(workspace, folder)

        assert show(folder) == "0 1"

    def test_an_edit_takes_effect_at_once(
        self, repository: Any, workspace: ws.Workspace, folder: Path
    ) -> None:
        overlay.build(workspace, folder)

        repository.write(f"{UTILS}/__init__.py", "from .more import VALUE\n")
        repository.write(f"{UTILS}/more.py", "VALUE = 2\n")

        assert show(folder) == "0 2"

    def test_again_it_holds_the_same_and_the_sources_stay(
        self, workspace: ws.Workspace, folder: Path
    ) -> None:
        overlay.build(workspace, folder)
        overlay.build(workspace, folder)

        assert show(folder) == "0 1"

    def test_a_wheel_that_is_gone_leaves_nothing_behind(
        self, repository: Any, workspace: ws.Workspace, folder: Path
    ) -> None:
        repository.wheel("cache")
        overlay.build(ws.load(repository.root), folder)
        assert (folder / "pepperpy/infra/cache").exists()

        overlay.build(workspace, folder)

        assert not (folder / "pepperpy/infra/cache").exists()
        assert (repository.root / "packages/pepperpy-infra-cache/src").exists()

    def test_a_checkout_can_be_moved(
        self, repository: Any, workspace: ws.Workspace, folder: Path
    ) -> None:
        overlay.build(workspace, folder)
        moved = repository.root / "moved"
        moved.mkdir()
        for name in ("packages", overlay.FOLDER):
            shutil.move(repository.root / name, moved / name)

        assert show(moved / overlay.FOLDER) == "0 1"

    def test_there_are_copies_where_links_are_not_allowed(
        self, workspace: ws.Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> None:
            raise OSError(1314, "a required privilege is not held by the client")

        monkeypatch.setattr(Path, "symlink_to", refused)

        assert not overlay.build(workspace, folder)
        assert show(folder) == "0 1"


class TestInstall:
    def test_names_the_overlay_in_the_environment_and_says_so(
        self, workspace: ws.Workspace, folder: Path, tmp_path: Path
    ) -> None:
        told = overlay.install(workspace, tmp_path)

        assert (tmp_path / overlay.PTH).read_text("utf-8") == f"{folder}\n"
        assert f"overlay: {folder}" in told
        assert not any("copies" in line for line in told)

    def test_says_that_copies_have_to_be_made_again(
        self, workspace: ws.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def copied(*_: object) -> bool:
            return False

        monkeypatch.setattr(overlay, "build", copied)

        assert "copies" in overlay.install(workspace, tmp_path)[-1]


class TestNeeds:
    def test_are_the_third_parties_of_all_wheels_and_their_extras(self, repository: Any) -> None:
        repository.wheel("utils")
        repository.wheel(
            "cache", "pepperpy-infra-utils>=1.2,<2", "msgspec>=0.19", extras='live = ["redis>=5"]'
        )

        assert overlay.needs(ws.load(repository.root)) == ["msgspec>=0.19", "redis>=5"]
