"""The processes of the demo, each with the settings that differ from run to run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from child import HOST
from faults import PROVIDERS
from processes import Child, running
from screen import Screen

CONFIG = Path(__file__).with_name("pepperpy.toml")
KEYS = "keys.db"


@dataclass(frozen=True, slots=True)
class Stage:
    """The processes of one run: where they write, and what they are told."""

    folder: Path  # with a copy of the configuration, and place for their files
    key: str  # what providers demand to see
    seed: int
    duration: float
    port: int  # of the gateway; providers get the next two
    screen: Screen

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[list[Child], Child]]:
        """The providers and the gateway, running; they stop with the block."""
        async with AsyncExitStack() as stack:
            providers = [
                await stack.enter_async_context(self._provider(name, self.port + number))
                for number, name in enumerate(PROVIDERS, start=1)
            ]
            gateway = await stack.enter_async_context(self._gateway(providers))
            self.screen.say(
                f"The gateway listens on http://{HOST}:{gateway.port}, and asks "
                + " and ".join(f"{p.name} (port {p.port})" for p in providers)
            )
            yield providers, gateway

    @asynccontextmanager
    async def _provider(self, name: str, port: int) -> AsyncIterator[Child]:
        options = (
            f"--name={name}",
            f"--port={port}",
            f"--seed={self.seed}",
            f"--duration={self.duration}",
        )
        environ = {"PEPPERPY_PROVIDER_KEY": self.key}
        async with self._run("provider.py", name, port, options, environ) as child:
            yield child

    @asynccontextmanager
    async def _gateway(self, providers: list[Child]) -> AsyncIterator[Child]:
        environ = {
            "PEPPERPY_GATEWAY_PORT": str(self.port),
            "PEPPERPY_GATEWAY_METRICS_FILE": str(self.folder / "metrics.jsonl"),
            "PEPPERPY_GATEWAY_KEYS_FILE": str(self.folder / KEYS),
            "PEPPERPY_GATEWAY_ANSWERS_FILE": str(self.folder / "answers.db"),
            "PEPPERPY_GATEWAY_PROVIDER_KEY": self.key,
            **{
                f"PEPPERPY_GATEWAY_UPSTREAMS__{p.name.upper()}": f"http://{HOST}:{p.port}"
                for p in providers
            },
        }
        async with self._run("gateway.py", "gateway", self.port, (), environ) as child:
            yield child

    @asynccontextmanager
    async def _run(
        self, script: str, name: str, port: int, options: tuple[str, ...], environ: dict[str, str]
    ) -> AsyncIterator[Child]:
        common = {
            "PEPPERPY_CONFIG": str((self.folder / CONFIG.name).resolve()),
            "PEPPERPY_LOGGING_LOG_FILE": str(self.folder / f"{name}.jsonl"),
        }
        async with running(
            script, name, *options, environ=common | environ, show=self.screen.show_line
        ) as child:
            if child.port != port:
                self.screen.say(f"Port {port} is taken; {name} listens on {child.port} instead.")
            yield child
