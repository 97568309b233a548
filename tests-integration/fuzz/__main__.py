"""Fuzz decoders: ``python -m fuzz [NAME ...] [--seconds N] [--replay [FILE ...]]``.

Each runs in a process of its own, begun anew if an engine takes it down, until its time is over.  What
was found lies in ``out/fuzz/<name>/found``, and the corpus, from which the next run goes on, beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

MOST_LENGTH = 1 << 16
_OUT = Path("out", "fuzz")
_WRAPPED = ("pepperpy.infra.serialization", "pepperpy.infra.compression")
_OTHERS = ["yaml", "pickletools", "json", "msgpack"]


def main() -> int:
    """Fuzz what was asked for, or everything; 1 if something was found."""
    options = _options()
    if options.worker:
        _work(options.names[0], options.folder, options.seconds)
        return 0
    from .targets import TARGETS

    unknown = {part for name in options.names for part in name.split("+")} - {*TARGETS}
    if unknown:
        _tell(f"there is no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
        return 2
    found = [
        _fuzz(name, options.folder / name, options.seconds)
        if options.replay is None
        else _replay(name, options.folder, options.replay)
        for name in options.names or TARGETS
    ]
    return int(any(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", help="targets; all without any")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument(
        "--folder", type=Path, default=_OUT, help="where corpus and findings are kept"
    )
    parser.add_argument(
        "--replay", type=Path, nargs="*", help="seeds and these inputs once, without a fuzzer"
    )
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _fuzz(name: str, folder: Path, seconds: int) -> bool:
    """Run a target, again after each crash, and tell whether anything was found."""
    folder.mkdir(parents=True, exist_ok=True)
    end = monotonic() + seconds
    crashes = 0
    while (left := int(end - monotonic())) > 0 and crashes < 20:
        command = [sys.executable, "-m", "fuzz", name, "--worker", "--seconds", str(left)]
        result = subprocess.run([*command, "--folder", str(folder)], check=False)
        if result.returncode:
            crashes += 1
            _tell(f"{name}: the process ended with {result.returncode}")
    found = sorted((folder / "found").glob("*"))
    _tell(f"{name}: {crashes} crashes; found: {', '.join(map(str, found)) or 'nothing'}")
    return bool(found or crashes)


def _work(name: str, folder: Path, seconds: int) -> None:
    """The fuzzer itself, in this process."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[*_WRAPPED, *_OTHERS], enable_loader_override=False):
        for package in _WRAPPED:
            found = importlib.import_module(package)
            for module in pkgutil.walk_packages(found.__path__, f"{package}."):
                importlib.import_module(module.name)
        from .guard import Guard
        from .targets import joined

        target = joined(name)
        guard = Guard(folder / "found")
        guard.warm = False
        corpus = folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for seed in target.seeds():
            (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
            target.run(guard, seed)
        guard.warm = True

    def one(data: bytes) -> None:
        guard.begin(data)
        guard.must("the fuzzer's own", lambda: target.run(guard, data))

    settings = {
        "max_total_time": seconds,
        "max_len": MOST_LENGTH,
        "timeout": 30,
        "rss_limit_mb": 2048,
        "print_final_stats": 1,
        "artifact_prefix": f"{_found(folder)}/",
    }
    if target.tokens:
        tokens = folder / "tokens"
        tokens.write_text("".join(map(_entry, target.tokens.split(" "))), encoding="utf-8")
        settings["dict"] = str(tokens)
    options = [f"-{key}={value}" for key, value in settings.items()]
    atheris.Setup(["fuzz", *options, str(corpus)], one)
    atheris.Fuzz()


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


def _found(folder: Path) -> Path:
    found = folder / "found"
    found.mkdir(exist_ok=True)
    return found


def _entry(token: str) -> str:
    escaped = token if "\\x" in token else token.replace("\\", "\\\\")
    return '"{}"\n'.format(escaped.replace('"', '\\"'))


def _replay(name: str, folder: Path, inputs: Sequence[Path]) -> bool:
    """Run seeds and inputs without instruments, and tell whether one shows something."""
    from .guard import Guard
    from .targets import joined

    guard = Guard(folder / name / "replayed")
    target = joined(name)
    for data in chain(target.seeds(), map(Path.read_bytes, inputs)):
        guard.begin(data)
        target.run(guard, data)
    return bool(guard.kinds)


if __name__ == "__main__":
    sys.exit(main())
