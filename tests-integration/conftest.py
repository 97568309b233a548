"""Programs that use several wheels, run as users run theirs: in a process and a folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from hosts import Host
from servers import Ceph, Moto, Postgres, Redis, RedisCluster, S3Server, Server, Valkey

S = TypeVar("S", bound=Server)

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ceph", action="store_true", help="let the tests of S3 use Ceph, not moto")


_FIGURES = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if lines := config.stash.get(_FIGURES, []):
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def figures(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What a test measured, to be shown at the end."""
    lines: list[str] = []
    yield lines
    name = request.node.name
    pytestconfig.stash.setdefault(_FIGURES, []).extend(f"{name}: {line}" for line in lines)


class Running:
    """The servers that tests share: each is started by the first test that wants it."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends
        self._servers: dict[type[Server], Server] = {}

    def emptied(self, kind: type[S]) -> S:
        """The one of a *kind*, with nothing in it."""
        server = self._servers.get(kind)
        if server is None:
            server = self._servers[kind] = self._ends.enter_context(kind.found())
        server.clean()
        return cast("S", server)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with ExitStack() as ends:
        yield Running(ends)


# What many tests share, emptied before each.


@pytest.fixture
def redis(running: Running) -> Redis:
    return running.emptied(Redis)


@pytest.fixture
def valkey(running: Running) -> Valkey:
    return running.emptied(Valkey)


@pytest.fixture(params=[Redis, Valkey], ids=["redis", "valkey"])
def redis_or_valkey(request: pytest.FixtureRequest, running: Running) -> Redis:
    kind: type[Redis] = request.param
    return running.emptied(kind)


@pytest.fixture
def redis_cluster(running: Running) -> RedisCluster:
    return running.emptied(RedisCluster)


@pytest.fixture
def postgres(running: Running) -> Postgres:
    return running.emptied(Postgres)


@pytest.fixture
def s3(running: Running, s3_kind: type[S3Server]) -> S3Server:
    return running.emptied(s3_kind)


@pytest.fixture(scope="session")
def s3_kind(pytestconfig: pytest.Config) -> type[S3Server]:
    return Ceph if pytestconfig.getoption("--ceph") else Moto


# What a test has for itself, to kill and freeze.


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture
def own_s3(s3_kind: type[S3Server]) -> Iterator[S3Server]:
    with s3_kind() as server:
        server.clean()
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "program"
    folder.mkdir()
    return Program(folder)


@pytest.fixture
def hosts() -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(url: str, **options: Any) -> Host:
        made.append(Host(url, **options))
        return made[-1]

    yield make
    for host in made:
        host.tier.close()
