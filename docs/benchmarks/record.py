"""What a run measured, as data: the page and the plots are made from it, now or later."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from harness import Result

from pepperpy.infra.utils import dict_to_object, load_json, object_to_dict, save_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run: when, where, with which versions, and what came of each race."""

    date: str
    python: str
    system: str
    processor: str
    cpus: int
    memory_gib: int
    versions: Mapping[str, str]
    results: Sequence[Result]

    def save(self, path: Path) -> None:
        """Write it down."""
        save_json(object_to_dict(self), path)

    @classmethod
    def load(cls, path: Path) -> Record:
        """What `save` wrote."""
        return dict_to_object(load_json(path), cls)

    def of(self, package: str) -> list[Result]:
        """The results of one package."""
        return [result for result in self.results if result.package == package]

    @property
    def packages(self) -> list[str]:
        """The short names of the packages that were timed, in the order of the run."""
        return list(dict.fromkeys(result.package for result in self.results))


def names(requirements: Path) -> list[str]:
    """The distributions that a file of requirements asks for."""
    lines = requirements.read_text("utf-8").splitlines()
    return [re.split(r"[^\w.-]", line)[0] for line in lines if line and not line.startswith("#")]


def record(results: Sequence[Result], modules: Sequence[str]) -> Record:
    """What was measured here and now with these distributions."""
    return Record(
        date=datetime.now(UTC).date().isoformat(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=_system(),
        processor=processor(),
        cpus=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        versions={name: version(name) for name in modules},
        results=results,
    )


def _system() -> str:
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {platform.machine()}"
    except OSError:
        return f"{platform.system()} {platform.release()}, {platform.machine()}"


def processor() -> str:
    """What this machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
