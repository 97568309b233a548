"""Run the gateway between two flaky providers, interfere with it, and check every answer.

Exits with 0 only if no answer was wrong or lost, and all who counted agree.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import httpx2
import report
import zones
from books import Notes, gather, judge
from checks import leaks, places
from child import HOST
from driver import Driver, Outcome
from faults import interference, troubles
from interferer import Interferer
from inventory import take
from keyring import Keyring, bearer, make_keys, secrets_of
from load import make_load, most_wanted
from processes import Child, ChildError
from redisserver import MissingRedisError
from requestlog import FILE, keep
from rich.console import Console
from scraper import Scraper
from screen import Screen
from shared import Shared, make_shared_keys, shared_redis
from stage import CONFIG, KEYS, Stage
from steps import Steps
from telemetrybook import TelemetryBook
from troublemaker import Troublemaker

SHORTEST = 5  # seconds: in less, two edits would come between two looks at the file

READ_EVERY = 0.5  # seconds between two looks at /metrics


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
    shutil.copy(CONFIG, folder)
    try:
        async with shared_redis(options.redis) as shared:
            keys = await (make_shared_keys(shared) if shared else make_keys(folder / KEYS))
            return await _run(options, console, folder, keys, shared, interruption=interruption)
    except MissingRedisError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 2


async def _run(
    options: argparse.Namespace,
    console: Console,
    folder: Path,
    keys: Keyring,
    shared: Shared | None,
    *,
    interruption: Interruption,
) -> int:
    key = secrets.token_hex(16)
    hidden = {"the providers' key": [key], **secrets_of(keys)}
    if shared and shared.password:
        hidden["the password of the Redis"] = [shared.password]
    screen = Screen(console, options.requests)
    stage = Stage(
        folder=folder,
        key=key,
        seed=options.seed,
        duration=options.requests / options.rate,
        port=options.port,
        screen=screen,
        workers=options.workers,
        redis_url=shared.url if shared else None,
        redis_prefix=shared.prefix if shared else "",
    )
    # It is for whoever wants to ask as well; the run is searched for any other place where it is.
    console.print(f"The driver's key, shown this once: {keys['driver']}", soft_wrap=True)
    notes = await _send_load(options, stage, keys, shared, interruption)
    keep(notes.outcomes, folder / FILE)
    expected = None if interruption.signal else options.requests
    run, trouble = gather(notes, folder, seed=options.seed, expected=expected)
    written = places(folder, output_of_the_processes="\n".join(screen.shown))
    found = judge(run, trouble, leaks(hidden, written))
    tail = [f"The last lines of {notes.crash.name}:", *notes.crash.tail] if notes.crash else []
    report.print_report(console, found, tail, interruption.signal)
    page = report.write(found, folder)
    console.print(f"The report is {page.resolve().as_uri()}", soft_wrap=True)
    # The report is new, and so is what we have printed: they must not have it either.
    printed = console.export_text().replace(keys["driver"], "", 1)
    everywhere = leaks(hidden, places(folder, output_of_the_demo=printed))
    leaked = [problem for problem in everywhere if problem not in found.problems]
    for problem in leaked:
        console.print(problem, style="bold red", markup=False)
    return exit_code(bool(found.problems or leaked), interruption.signal)


def exit_code(is_flawed: bool, interruption: int) -> int:
    """0 for a whole run without a flaw, as shells do it 128 + signal for an interrupted one."""
    if is_flawed:
        return 1
    return 128 + interruption if interruption else 0


async def _send_load(
    options: argparse.Namespace,
    stage: Stage,
    keys: Keyring,
    shared: Shared | None,
    interruption: Interruption,
) -> Notes:
    load = make_load(zones.all_zones(), options.requests, options.seed)
    now = datetime.now(UTC)
    notes = Notes(
        at=now.replace(microsecond=0), began=now, workers=options.workers if shared else 0
    )

    def on_outcome(outcome: Outcome) -> None:
        notes.outcomes.append(outcome)
        if not outcome.is_own and (outcome.key != "operator" or outcome.trespass):
            stage.screen.show_outcome(outcome)

    try:
        async with stage.open() as (providers, gateways):
            urls = [f"http://{HOST}:{each.port}" for each in gateways]
            quiet = asyncio.Event()

            def on_begin() -> None:
                for provider in providers:
                    provider.tell("start")
                notes.began = datetime.now(UTC)

            async def take_inventory() -> None:
                notes.inventories.append(await take(urls[0], keys["operator"], driver.now))

            driver = Driver(
                urls,
                load,
                keys=keys,
                at=notes.at,
                rate=options.rate,
                ready=quiet,
                on_begin=on_begin,
                on_outcome=on_outcome,
            )
            context = Context(
                options, stage, driver, keys, most_wanted(load), quiet, take_inventory
            )
            steps = _make_trouble(notes, gateways, shared, context)
            notes.scrapers = [
                Scraper(url, keys["operator"], every=READ_EVERY, now=driver.now, worker=worker)
                for worker, url in enumerate(urls)
            ]
            with stage.screen:
                children = [*providers, *gateways]
                beside: list[Steps | Scraper] = [steps, *notes.scrapers]
                notes.crash = await _drive(driver, beside, children, interruption)
            await take_inventory()
            await _ask_in_the_end(notes, urls, keys["operator"])
    except ChildError as error:
        notes.crash = error
    except httpx2.HTTPError as error:
        if not notes.crash:
            notes.trouble.append(f"what the demo itself asked the gateway for: {error!r}")
    return notes


class Context(NamedTuple):
    """What those need who interfere."""

    options: argparse.Namespace
    stage: Stage
    driver: Driver
    keys: Keyring
    zone: str  # the one that is asked for most
    quiet: asyncio.Event  # to be set when all is done
    on_back: Callable[[], Awaitable[object]]


def _make_trouble(
    notes: Notes, gateways: Sequence[Child], shared: Shared | None, context: Context
) -> Steps:
    """Whoever interferes with one gateway, or with several and the Redis that they share."""
    options, stage, driver, keys, zone, quiet, on_back = context
    if shared:
        notes.troublemaker = Troublemaker(
            gateways,
            shared.server,
            troubles(stage.seed, stage.duration),
            driver,
            keys,
            zone=zone,
            kill=options.kill,
            on_back=on_back,
            done=quiet,
            say=stage.screen.say,
        )
        return notes.troublemaker
    notes.interferer = Interferer(
        gateways[0],
        stage.folder / CONFIG.name,
        interference(stage.seed, stage.duration),
        kill=options.kill,
        name=f"zone:{zone}",
        forget=driver.forget,
        now=driver.now,
        on_back=on_back,
        done=quiet,
        say=stage.screen.say,
    )
    return notes.interferer


async def _ask_in_the_end(notes: Notes, urls: Sequence[str], key: str) -> None:
    """Ask each gateway what it has counted, in both of its ways."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        for scraper, url in zip(notes.scrapers, urls, strict=True):
            await scraper.read(client)
            response = await client.get(f"{url}/stats", headers=bearer(key))
            notes.books.append(TelemetryBook.from_stats(response.json()))
    notes.telemetry = notes.books[-1]


async def _drive(
    driver: Driver,
    beside: Sequence[Steps | Scraper],
    children: list[Child],
    interruption: Interruption,
) -> ChildError | None:
    """Send the load until it is sent, somebody interrupts, or a process dies: then says which.

    What is to be done *beside* it is stopped with it.
    """
    sending = asyncio.create_task(driver.run())
    others = [asyncio.create_task(each.run()) for each in beside]
    interrupted = asyncio.create_task(interruption.happened.wait())
    deaths = [asyncio.create_task(child.death()) for child in children]
    await asyncio.wait({sending, interrupted, *deaths}, return_when=asyncio.FIRST_COMPLETED)
    driver.stop()
    for each in beside:
        each.stop()
    await sending
    died = [task.result() for task in deaths if task.done()]
    try:
        for task in others:
            await task  # a gateway that was killed comes back first
    except ChildError as error:
        died.append(error)
    finally:
        for watching in (interrupted, *deaths):
            watching.cancel()
    return died[0] if died else None


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line; what cannot be ends the program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--requests", type=int, help="how many to send (1800; with --redis 3520)")
    add("--rate", type=float, default=80.0, help="how many of them a second (%(default)s)")
    add("--seed", type=int, default=1, help="fixes load and faults (%(default)s)")
    add("--port", type=int, default=8470, help="the gateway's; others get the next ones")
    add("--report-dir", type=Path, default=Path("out/gateway"), help="default: %(default)s")
    add("--no-kill", dest="kill", action="store_false", help="let the gateway live")
    add("--workers", type=int, default=1, help="gateways; more than one need --redis")
    add(
        "--redis",
        nargs="?",
        const="",
        metavar="URL",
        help="let gateways share a Redis: the one at URL, else one that the demo starts",
    )
    add("--quick", action="store_true", help="800 requests")
    options = parser.parse_args(arguments)
    if options.quick:
        options.requests, options.rate = 800, 80.0
    if options.requests is None:
        options.requests = 1800 if options.redis is None else 3520
    if not 1 <= options.workers <= 16:
        parser.error(f"--workers must lie between 1 and 16; got {options.workers}")
    if options.workers > 1 and options.redis is None:
        parser.error(f"--workers {options.workers} needs --redis, which they share")
    if options.requests < 1 or not 0 < options.rate < math.inf:
        parser.error("--requests and --rate must be positive")
    duration = options.requests / options.rate
    if duration < SHORTEST:
        parser.error(
            f"the gateway needs {SHORTEST} s to see how its file is edited; with --requests "
            f"{options.requests} --rate {options.rate:g} all is over after {duration:.2g} s"
        )
    if not 1 <= options.port <= 65000:
        parser.error(f"--port must lie between 1 and 65000; got {options.port}")
    return options


def main() -> int:
    """Parse the command line and run the demo."""
    console = Console(record=True)  # to look for the key in it
    if console.is_terminal:
        os.environ.setdefault("FORCE_COLOR", "1")  # the gateway writes to us, not to the terminal
    try:
        return asyncio.run(demo(parse_options(), console))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
