"""``python -m pepperpy.infra``: what is installed, and whether what is configured answers."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from ._checks import Check, check
from ._inventory import Wheel, wheels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Print it, and return 1 if something does not answer."""
    parser = argparse.ArgumentParser(
        prog="python -m pepperpy.infra",
        description="What is installed, and whether what is configured can be started.",
    )
    parser.add_argument(
        "modules", nargs="*", help="modules of your program that register settings, pools, storage"
    )
    parser.add_argument("--json", action="store_true", help="for programs to read")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=5.0,
        help="seconds for each of them to open, and for all to close (5)",
    )
    import asyncio

    chosen = parser.parse_args(arguments)
    found = wheels()
    # What the modules print is not the report, which a program may read.
    with redirect_stdout(sys.stderr):
        checks = asyncio.run(check(chosen.modules, chosen.timeout))
    text = _as_json(found, checks) if chosen.json else _as_text(found, checks)
    sys.stdout.write(f"{text}\n")
    return 0 if all(each.ok for each in checks) else 1


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if (seconds := float(text)) > 0:
            return seconds
    raise argparse.ArgumentTypeError(f"must be seconds, more than 0; got {text!r}")


def _as_json(found: Iterable[Wheel], checks: Sequence[Check]) -> str:
    return json.dumps(
        {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "wheels": [asdict(wheel) for wheel in found],
            "checks": [{**asdict(each), "ok": each.ok} for each in checks],
            "ok": all(each.ok for each in checks),
        },
        indent=2,
    )


def _as_text(found: Iterable[Wheel], checks: Iterable[Check]) -> str:
    rows = [
        (wheel.name, wheel.version, " ".join(wheel.extras) or "-", " ".join(wheel.absent) or "-")
        for wheel in found
    ]
    lines = [
        f"Python {platform.python_version()} on {platform.platform()}",
        "",
        *_table([("wheel", "version", "extras", "not installed"), *rows]),
        "",
        *_table([row for each in checks for row in _rows(each)]),
    ]
    return "\n".join(lines)


def _rows(each: Check) -> list[tuple[str, str]]:
    said = "ok" if each.ok else f"FAILED  {each.problem}"
    return [(each.part, said), *(("", f"WARNING  {warning}") for warning in each.warnings)]


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
