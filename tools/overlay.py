"""Lay the sources of all wheels into one folder, as an installation has them, for editing.

Python finds a package that lies in several folders; most editors and type checkers see the first
of them alone.  So development uses one merged folder of links, named by a ``.pth`` file of the
environment.  An edit of a source takes effect at once; a new wheel needs another run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from sysconfig import get_path

from . import workspace as ws

FOLDER = ".overlay"
PTH = "pepperpy-infra-overlay.pth"


def needs(workspace: ws.Workspace) -> list[str]:
    """Every third party of every wheel, extras included, as requirements."""
    declared = {
        text
        for package in workspace.packages.values()
        for texts in (
            package.project.get("dependencies", ()),
            *package.project.get("optional-dependencies", {}).values(),
        )
        for text in texts
    }
    return sorted(
        text for text in declared if ws.Requirement.parse(text).name not in workspace.packages
    )


def build(workspace: ws.Workspace, folder: Path) -> bool:
    """Make *folder* hold what an installation of all wheels would; links unless there are none.

    Returns:
        Whether it is of links, so that an edit of a source takes effect at once.
    """
    shutil.rmtree(folder, ignore_errors=True)
    linked = True
    for source, target in _pairs(workspace, folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        linked = _link(source, target) and linked
    return linked


def _pairs(workspace: ws.Workspace, folder: Path) -> Iterator[tuple[Path, Path]]:
    for package in workspace.packages.values():
        home = folder.joinpath(*package.module.split("."))
        if package.portion:
            yield package.source, home
        else:  # the siblings lie in this wheel's folder, so it can't be one link
            files = (path for path in package.source.iterdir() if path.is_file())
            yield from ((path, home / path.name) for path in files)


def _link(source: Path, target: Path) -> bool:
    try:
        # Relative, so that a checkout can be moved.
        target.symlink_to(os.path.relpath(source, target.parent), source.is_dir())
    except OSError:  # Windows allows links to some users only
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
        return False
    return True


def install(workspace: ws.Workspace, site: Path) -> list[str]:
    """Build the overlay and name it in a ``.pth`` file in *site*; the answer tells of it."""
    folder = workspace.root / FOLDER
    linked = build(workspace, folder)
    site.joinpath(PTH).write_text(f"{folder}\n", "utf-8")
    copies = "these are copies, since links are not allowed here: run this again after each edit"
    return [f"environment: {sys.prefix}", f"overlay: {folder}", *[copies] * (not linked)]


if __name__ == "__main__":
    ws.report(install(ws.load(), Path(get_path("purelib"))))
