"""Programs that use several wheels, run as users run theirs: in a process and a folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

OURS = "PEPPERPY_"


class Program:
    """A folder with the files of one program, and what came of running it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        """Put a file beside the program."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def run(
        self,
        code: str,
        *,
        environ: Mapping[str, str] | None = None,
        path: Iterable[Path] = (),
        fails: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run *code*; a warning is an error.

        Args:
            code: The program.
            environ: Added to an environment that has no setting of ours.
            path: Folders to search instead of everything that is installed.
            fails: Whether it is meant to end with an error.
        """
        file = self.write("program.py", code)
        command = [sys.executable, "-W", "error", "-X", "utf8"]
        if folders := [str(folder) for folder in path]:
            start = f"import runpy, sys; sys.path[:0] = {folders}"
            command += ["-ISB", "-c", f"{start}; runpy.run_path({str(file)!r}, None, '__main__')"]
        else:
            command.append(str(file))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**kept, **(environ or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=25,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return done

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The objects in a file of JSON lines; each line must be a whole one."""
        text = (self.folder / name).read_text("utf-8")
        assert text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "program"
    folder.mkdir()
    return Program(folder)
