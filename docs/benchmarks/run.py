"""Time our packages beside their peers and write down the ratios: `nox -s bench`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import harness
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
import report
from harness import Race

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

PEERS = (
    "tenacity",
    "stamina",
    "backoff",
    "retrying",
    "python-slugify",
    "structlog",
    "loguru",
    "python-json-logger",
    "orjson",
    "pydantic-settings",
    "dynaconf",
    "environs",
    "typed-settings",
    "prometheus-client",
    "opentelemetry-sdk",
    "codetiming",
    "wrapt",
    "Deprecated",
    "typing_extensions",
    "cachetools",
    "cachebox",
    "theine",
    "moka-py",
    "async-lru",
    "aiocache",
    "cashews",
    "dogpile.cache",
    "pybreaker",
    "circuitbreaker",
    "purgatory",
    "aiobreaker",
    "hyx",
    "numpy",
    "msgspec",
    "pyarrow",
    "zstandard",
    "blosc2",
    "ormsgpack",
    "msgpack",
    "PyYAML",
    "pydantic",
    "voluptuous",
    "Cerberus",
    "schema",
    "marshmallow",
    "casbin",
    "PyJWT",
    "itsdangerous",
    "cryptography",
    "py-key-value-aio",
    "diskcache",
    "aiosqlite",
)
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
        help="folder for RESULTS.md and results.svg (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on; got {options.rounds}")
    assert_installed()
    folder = Path(tempfile.mkdtemp(prefix="pepperpy-bench-"))
    results = []
    try:
        for race in every_race(folder):
            if options.only and not any(word in race.title for word in options.only):
                continue
            rounds, target = (3, 0.001) if options.quick else (options.rounds, 0.005)
            results.append(harness.run(race, rounds=rounds, target=target))
            print(*report.table(results[-1]), sep="\n", flush=True)  # noqa: T201 - a command
    finally:
        shutil.rmtree(folder)
    if not results:
        parser.error(f"no race is called like {' or '.join(options.only)}")
    options.write.mkdir(parents=True, exist_ok=True)
    page = report.markdown(results, [*OURS, *PEERS])
    (options.write / "RESULTS.md").write_text(page, encoding="utf-8")
    report.plot(results, options.write / "results.svg")


def every_race(folder: Path) -> Iterator[Race]:
    """The races of all packages."""
    yield from races_utils.races()
    yield from races_validation.races()
    yield from races_config.races(folder)
    yield from races_logging.races(folder)
    yield from races_telemetry.races()
    yield from races_metrics.races()
    yield from races_decorators.races()
    yield from races_cache.races()
    yield from races_cache_redis.races()
    yield from races_resilience.races()
    yield from races_connection.races()
    yield from races_compression.races()
    yield from races_datasets.races()
    yield from races_serialization.races()
    yield from races_security.races()
    yield from races_storage.races(folder)
    yield from races_facade.races()


def assert_installed() -> None:
    """Fail unless what is timed is what is installed: a source tree on the path would win."""
    for module in MODULES:
        where = module.__file__ or ""
        if not Path(where).is_relative_to(sys.prefix):
            raise SystemExit(f"{module.__name__} comes from {where}, not from {sys.prefix}")


if __name__ == "__main__":
    main()
