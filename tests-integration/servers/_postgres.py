"""PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import asyncpg

from ._server import Server

# All that a test made is in this schema or belongs to a connection that it left open.
_CLEAN = (
    """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
    """,
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public",
)


class Postgres(Server):
    """A PostgreSQL that remembers over a kill; not over a loss of power, since it does not sync."""

    name = "PostgreSQL"
    variable = "PEPPERPY_TEST_POSTGRES_URL"
    install = "apt-get install --no-install-recommends postgresql"
    usual_port = 5432
    options: ClassVar[tuple[str, ...]] = ("fsync=off",)

    def __init__(self, url: str | None = None) -> None:
        super().__init__(url)
        self._user: dict[str, Any] = {}
        if url is None:
            if os.geteuid() == 0:  # it refuses to run as root
                shutil.chown(self.folder, "postgres", "postgres")
                self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            self._make()

    @classmethod
    def _search(cls) -> Path | None:
        found = shutil.which("initdb")
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        folder = Path(found).resolve().parent if found else next(reversed(folders), None)
        return folder / "postgres" if folder else None

    def url_at(self, host: str, port: int) -> str:
        if self._elsewhere is None:
            return f"postgresql://tester@{host}:{port}/postgres"
        before, _, after = self._elsewhere.partition(f"{self.host}:{self.port}")
        return f"{before}{host}:{port}{after}"

    def clean(self) -> None:
        self._execute(_CLEAN)

    def _make(self) -> None:
        initdb = self.program().with_name("initdb")
        data = self.folder / "data"
        self._run(initdb, "-D", data, "-A", "trust", "-U", "tester", "--no-sync", **self._user)

    def _launch(self) -> None:
        options = (
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
            *self.options,
        )
        settings = [part for option in options for part in ("-c", option)]
        # One that was killed leaves its lock; nobody else has this folder.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._spawn(
            self.program(), "-D", self.folder / "data", "-p", self.port, *settings, **self._user
        )

    def _answers(self) -> bool:
        try:
            self._execute(["SELECT 1"])
        except asyncpg.CannotConnectNowError:  # it starts up
            return False
        return True

    def _forget(self) -> None:
        shutil.rmtree(self.folder / "data")
        self._make()

    def _execute(self, statements: Sequence[str]) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(self.url, timeout=5)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        # A thread of its own, since the caller's may have a loop that runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, execute()).result()
