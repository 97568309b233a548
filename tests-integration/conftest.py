"""Programs that use several wheels, run as users run theirs: in a process and a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
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


class PostgresServer:
    """One server on a free port, with its data in a temporary folder."""

    def __init__(self) -> None:
        self._bin = _binaries()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="pepperpy-postgres-"))
        self._data = self._folder / "data"
        # The server refuses to run as root.
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
            self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "tester", "--no-sync")

    @property
    def dsn(self) -> str:
        """Where it is."""
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Return when it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """End it at once, with every connection."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        if (self._data / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._bin / program), *map(str, arguments)]
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            **self._user,
        )


def _binaries() -> Path:
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if found:
        return Path(found).parent
    if folders:
        return folders[-1]
    raise RuntimeError("the integration tests need PostgreSQL: apt-get install postgresql")


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "program"
    folder.mkdir()
    return Program(folder)
