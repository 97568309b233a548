"""The processes of the demo, each with the settings that differ from run to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from child import HOST
from faults import PROVIDERS
from fleet import metrics_of, name_of
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
    port: int  # of the first gateway; the others and the providers get the next ones
    screen: Screen
    workers: int = 1
    redis_url: str | None = None  # what several gateways share
    redis_prefix: str = "gateway"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[list[Child], list[Child]]]:
        """The providers and the gateways, running; they stop with the block."""
        async with AsyncExitStack() as stack:
            providers = [
                await stack.enter_async_context(self._provider(name, self.port + number))
                for number, name in enumerate(PROVIDERS, start=self.workers)
            ]
            names = (
                [name_of(each) for each in range(self.workers)] if self.redis_url else ["gateway"]
            )
            gateways = await asyncio.gather(
                *(
                    stack.enter_async_context(self._gateway(providers, name, number))
                    for number, name in enumerate(names)
                )
            )
            asked = " and ".join(f"{p.name} (port {p.port})" for p in providers)
            for each in gateways:
                who = each.name if self.redis_url else "The gateway"
                self.screen.say(f"{who} listens on http://{HOST}:{each.port}, and asks {asked}")
            yield providers, gateways

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
    async def _gateway(
        self, providers: list[Child], name: str, number: int
    ) -> AsyncIterator[Child]:
        port = self.port + number
        environ = {
            "PEPPERPY_GATEWAY_PORT": str(port),
            "PEPPERPY_GATEWAY_METRICS_FILE": str(self.folder / f"{metrics_of(name)}.jsonl"),
            "PEPPERPY_GATEWAY_KEYS_FILE": str(self.folder / KEYS),
            "PEPPERPY_GATEWAY_ANSWERS_FILE": str(self.folder / "answers.db"),
            "PEPPERPY_GATEWAY_PROVIDER_KEY": self.key,
            **{
                f"PEPPERPY_GATEWAY_UPSTREAMS__{p.name.upper()}": f"http://{HOST}:{p.port}"
                for p in providers
            },
        }
        if self.redis_url:
            environ["PEPPERPY_LOGGING_LEVELS__GATEWAY"] = "DEBUG"  # so that each attempt is told
            environ["PEPPERPY_GATEWAY_REDIS_URL"] = self.redis_url
            environ["PEPPERPY_GATEWAY_REDIS_PREFIX"] = self.redis_prefix
        async with self._run("gateway.py", name, port, (), environ) as child:
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
