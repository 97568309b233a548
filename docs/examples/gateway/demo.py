"""Run the gateway between two flaky providers, send it a load, and check every answer.

Exits with 0 only if no answer was wrong or lost and all counts agree.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import httpx2
import reconcile
import report
import zones
from child import HOST
from driver import Driver, Outcome
from faults import PROVIDERS
from load import make_load
from processes import Child, ChildError, running
from rich.console import Console
from screen import Screen

MOST_FAILURES = 10


@dataclass(slots=True)
class Books:
    """What the demo knows first-hand when its processes are gone."""

    outcomes: list[Outcome] = field(default_factory=list)
    stats: dict[str, int] | None = None
    crash: ChildError | None = None
    trouble: list[str] = field(default_factory=list)


class Interruption:
    """Ctrl-C or SIGTERM: the first one ends the run in order, a second one at once."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()
        self.signal = 0
        self._loop = asyncio.get_running_loop()
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._loop.call_soon_threadsafe(self.happened.set)


async def demo(options: argparse.Namespace, console: Console) -> int:
    """Everything from the first process to the report; returns the exit code."""
    interruption = Interruption()
    try:
        folder = report.make_folder(options.report_dir)
    except OSError as error:
        console.print(f"There is no place for the report: {error}; see --report-dir", style="red")
        return 2
    at = datetime.now(UTC).replace(microsecond=0)
    books = await _send_load(options, console, folder, at, interruption)
    expected = None if interruption.signal else options.requests
    run = compare(books, folder, seed=options.seed, at=at, expected=expected)
    console.print(run.title, soft_wrap=True)
    console.print(report.table(run))
    _print_verdict(console, run, books.crash, interruption.signal)
    page = report.write(run, folder)
    console.print(f"The report is {page.resolve().as_uri()}", soft_wrap=True)
    return exit_code(run, interruption.signal)


def exit_code(run: report.Run, interruption: int) -> int:
    """0 for a whole run without a flaw, as shells do it 128 + signal for an interrupted one."""
    if run.failures:
        return 1
    return 128 + interruption if interruption else 0


async def _send_load(
    options: argparse.Namespace,
    console: Console,
    folder: Path,
    at: datetime,
    interruption: Interruption,
) -> Books:
    load = make_load(zones.all_zones(), options.requests, options.seed)
    screen = Screen(console, len(load))
    books = Books()

    def on_outcome(outcome: Outcome) -> None:
        books.outcomes.append(outcome)
        screen.show_outcome(outcome)

    try:
        async with _processes(options, console, screen, folder) as (providers, gateway):
            url = f"http://{HOST}:{gateway.port}"
            driver = Driver(url, load, at=at, rate=options.rate, on_outcome=on_outcome)
            for provider in providers:
                provider.say_start()
            with screen:
                books.crash = await _drive(driver, [*providers, gateway], interruption)
            async with httpx2.AsyncClient(trust_env=False) as client:
                books.stats = (await client.get(f"{url}/stats")).json()
    except ChildError as error:
        books.crash = error
    except httpx2.HTTPError as error:
        if not books.crash:
            books.trouble.append(f"the gateway did not tell its counts: {error!r}")
    return books


@asynccontextmanager
async def _processes(
    options: argparse.Namespace, console: Console, screen: Screen, folder: Path
) -> AsyncIterator[tuple[list[Child], Child]]:
    """The providers and the gateway, running; they stop with the block."""

    async def start(script: str, name: str, port: int, *more: str) -> Child:
        common = ("--port", str(port), "--log-file", str(folder / f"{name}.jsonl"))
        child = await stack.enter_async_context(
            running(script, name, *common, *more, show=screen.show_line)
        )
        if child.port != port:
            console.print(f"Port {port} is taken; {name} listens on {child.port} instead.")
        return child

    async with AsyncExitStack() as stack:
        plan = ("--seed", str(options.seed), "--duration", str(options.requests / options.rate))
        providers = [
            await start("provider.py", name, options.port + number, *plan)
            for number, name in enumerate(PROVIDERS, start=1)
        ]
        upstreams = [f"--upstream={p.name}=http://{HOST}:{p.port}" for p in providers]
        gateway = await start("gateway.py", "gateway", options.port, *upstreams)
        console.print(
            f"The gateway listens on http://{HOST}:{gateway.port}, and asks "
            + " and ".join(f"{p.name} (port {p.port})" for p in providers),
            soft_wrap=True,
        )
        yield providers, gateway


async def _drive(
    driver: Driver, children: list[Child], interruption: Interruption
) -> ChildError | None:
    """Send the load until it is sent, somebody interrupts, or a process dies: then says which."""
    sending = asyncio.create_task(driver.run())
    interrupted = asyncio.create_task(interruption.happened.wait())
    deaths = [asyncio.create_task(child.death()) for child in children]
    await asyncio.wait({sending, interrupted, *deaths}, return_when=asyncio.FIRST_COMPLETED)
    driver.stop()
    await sending
    died = [task.result() for task in deaths if task.done()]
    for task in (interrupted, *deaths):
        task.cancel()
    return died[0] if died else None


def compare(
    books: Books, folder: Path, *, seed: int, at: datetime, expected: int | None
) -> report.Run:
    """Lay the books of driver, gateway and log files (in *folder*) side by side.

    Args:
        expected: How many requests there should be, `None` for an interrupted run.
    """
    failures = [*([str(books.crash)] if books.crash else []), *books.trouble]
    logs: dict[str, list[reconcile.LogLine]] = {}
    for name in ("gateway", *PROVIDERS):
        try:
            logs[name] = reconcile.read_log(folder / f"{name}.jsonl")
        except (reconcile.LogFileError, OSError) as error:
            logs[name] = []
            if not books.crash:
                failures.append(str(error))
    log = logs.pop("gateway")
    counts = reconcile.count(books.outcomes, books.stats, log)
    failures += reconcile.failures(books.outcomes, counts)
    failures += reconcile.differences(books.outcomes, log)
    failures += reconcile.impatience(logs)
    if expected not in {None, len(books.outcomes)}:
        failures.append(f"{len(books.outcomes)} of {expected} requests were sent")
    return report.Run(
        seed=seed,
        at=at,
        outcomes=books.outcomes,
        counts=counts,
        log=log,
        providers=logs,
        failures=failures,
    )


def _print_verdict(
    console: Console, run: report.Run, crash: ChildError | None, interruption: int
) -> None:
    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    for provider, met in report.faults_met(run).items():
        say(f"{provider} had: {report.in_words(met)}", "dim")
    if interruption:
        say(f"Interrupted by {signal.Signals(interruption).name}.", "yellow")
    say(run.verdict, "bold red" if run.failures else "bold green")
    for text in run.failures[:MOST_FAILURES]:
        say(f"  {text}", "red")
    if len(run.failures) > MOST_FAILURES:
        say(f"  ... and {len(run.failures) - MOST_FAILURES} more, in the report", "red")
    if crash and crash.tail:
        say(f"The last lines of {crash.name}:")
        for line in crash.tail:
            say(f"  {line}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--requests", type=int, default=1800, help="how many to send (%(default)s)")
    add("--rate", type=float, default=80.0, help="how many of them a second (%(default)s)")
    add("--seed", type=int, default=1, help="fixes load and faults (%(default)s)")
    add("--port", type=int, default=8470, help="the gateway's; providers get the next two")
    add("--report-dir", type=Path, default=Path("out/gateway"), help="default: %(default)s")
    add("--quick", action="store_true", help="600 requests at 100 a second")
    options = parser.parse_args()
    if options.quick:
        options.requests, options.rate = 600, 100.0
    if options.requests < 1 or options.rate <= 0:
        parser.error("--requests and --rate must be positive")
    if not 1 <= options.port <= 65000:
        parser.error(f"--port must lie between 1 and 65000; got {options.port}")
    return options


def main() -> int:
    """Parse the command line and run the demo."""
    console = Console()
    if console.is_terminal:
        os.environ.setdefault("FORCE_COLOR", "1")  # the gateway writes to us, not to the terminal
    try:
        return asyncio.run(demo(_options(), console))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
