"""Time our packages beside their peers and write down the ratios: `nox -s bench`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import harness
import plots
import races_cache
import races_cache_redis
import races_compression
import races_config
import races_connection
import races_datasets
import races_decorators
import races_facade
import races_logging
import races_metrics
import races_resilience
import races_security
import races_serialization
import races_storage
import races_telemetry
import races_utils
import races_validation
import record
import results_page
from harness import Race, Result

import pepperpy.infra
import pepperpy.infra.cache
import pepperpy.infra.compression
import pepperpy.infra.config
import pepperpy.infra.connection
import pepperpy.infra.decorators
import pepperpy.infra.logging
import pepperpy.infra.metrics
import pepperpy.infra.resilience
import pepperpy.infra.security
import pepperpy.infra.serialization
import pepperpy.infra.storage
import pepperpy.infra.telemetry
import pepperpy.infra.utils
import pepperpy.infra.validation

MODULES = (
    pepperpy.infra,
    pepperpy.infra.utils,
    pepperpy.infra.config,
    pepperpy.infra.logging,
    pepperpy.infra.telemetry,
    pepperpy.infra.metrics,
    pepperpy.infra.decorators,
    pepperpy.infra.cache,
    pepperpy.infra.resilience,
    pepperpy.infra.connection,
    pepperpy.infra.compression,
    pepperpy.infra.serialization,
    pepperpy.infra.security,
    pepperpy.infra.validation,
    pepperpy.infra.storage,
)
OURS = tuple(module.__name__.replace(".", "-") for module in MODULES)
PEERS = record.names(Path(__file__).with_name("requirements.txt"))


def main() -> None:
    """Run the races that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="run the races whose titles contain one of these")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--quick", action="store_true", help="a look at the order of magnitude")
    parser.add_argument(
        "--write",
        type=Path,
        default=Path("out/bench"),
        help="folder for results.json, the page and the plots (default: %(default)s)",
    )
    parser.add_argument(
        "--draw", action="store_true", help="only renew page and plots from the data"
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on; got {options.rounds}")
    data = options.write / "results.json"
    if options.draw:
        if not data.is_file():
            parser.error(f"--draw needs the data of a run, and there is no {data}; run without it")
        show(record.Record.load(data), options.write)
        return
    assert_installed()
    results = run(options.only, *((3, 0.001) if options.quick else (options.rounds, 0.005)))
    if not results:
        parser.error(f"no race is called like {' or '.join(options.only)}")
    options.write.mkdir(parents=True, exist_ok=True)
    run_now = record.record(results, [*OURS, *PEERS])
    run_now.save(data)
    show(run_now, options.write)


def run(only: Sequence[str], rounds: int, target: float) -> list[Result]:
    """Run the races with one of the words in their titles, or all."""
    folder = Path(tempfile.mkdtemp(prefix="pepperpy-bench-"))
    results = []
    try:
        for package, races in every_race(folder).items():
            for race in races:
                if only and not any(word in race.title for word in only):
                    continue
                results.append(harness.run(race, package=package, rounds=rounds, target=target))
                print(*results_page.table(results[-1]), sep="\n", flush=True)  # noqa: T201 - a command
    finally:
        shutil.rmtree(folder)
    return results


def show(run_now: record.Record, folder: Path) -> None:
    """Write the page and the plots of a run."""
    (folder / "RESULTS.md").write_text(results_page.markdown(run_now), encoding="utf-8")
    plots.draw_all(run_now, folder)


def every_race(folder: Path) -> dict[str, Iterator[Race]]:
    """The races of all packages, by their short names; none begins before it is asked for."""
    return {
        "utils": races_utils.races(),
        "validation": races_validation.races(),
        "config": races_config.races(folder),
        "logging": races_logging.races(folder),
        "telemetry": races_telemetry.races(),
        "metrics": races_metrics.races(),
        "decorators": races_decorators.races(),
        "cache": chain(races_cache.races(), races_cache_redis.races()),
        "resilience": races_resilience.races(),
        "connection": races_connection.races(),
        "compression": chain(races_compression.races(), races_datasets.races()),
        "serialization": races_serialization.races(),
        "security": races_security.races(),
        "storage": races_storage.races(folder),
        "facade": races_facade.races(),
    }


def assert_installed() -> None:
    """Fail unless what is timed is what is installed: a source tree on the path would win."""
    for module in MODULES:
        where = module.__file__ or ""
        if not Path(where).is_relative_to(sys.prefix):
            raise SystemExit(f"{module.__name__} comes from {where}, not from {sys.prefix}")


if __name__ == "__main__":
    main()
