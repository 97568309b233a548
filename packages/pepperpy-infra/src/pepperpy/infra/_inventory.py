"""Which wheels are installed here, in which version, and which of their extras."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions

_FACADE = "pepperpy-infra"
_NAME = re.compile(r"[\w.-]+")
_EXTRA = re.compile(r"""extra == ['"]([\w-]+)['"]""")
_OLDER = re.compile(r"""python_version < ['"](\d+)\.(\d+)['"]""")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that is installed, and what each of its extras still needs."""

    name: str
    version: str
    missing: dict[str, tuple[str, ...]]

    @property
    def extras(self) -> list[str]:
        """The extras that are there."""
        return [extra for extra, needs in self.missing.items() if not needs]

    @property
    def absent(self) -> list[str]:
        """The extras that are not."""
        return [extra for extra, needs in self.missing.items() if needs]


def wheels() -> list[Wheel]:
    """All wheels of this family, by name."""
    return [Wheel(name, each.version, _missing(each)) for name, each in _ours().items()]


def siblings_not_installed() -> list[tuple[str, str]]:
    """Wheels that another one needs and that are not there, each after the one that needs it."""
    ours = _ours()
    return [
        (user, name)
        for user, wheel in ours.items()
        for line in wheel.requires or ()
        if (name := _name(line)).startswith(_FACADE) and name not in ours and "extra" not in line
    ]


def _ours() -> dict[str, Distribution]:
    found = {_normal(each.name): each for each in distributions() if each.name}
    ours = [name for name in sorted(found) if name == _FACADE or name.startswith(f"{_FACADE}-")]
    return {name: found[name] for name in ours}


def _missing(wheel: Distribution) -> dict[str, tuple[str, ...]]:
    needs: defaultdict[str, list[str]] = defaultdict(list)
    for line in wheel.requires or ():
        marker, name = line.partition(";")[2], _name(line)
        extra = _EXTRA.search(marker)
        if extra and extra[1] != "all":  # that one holds all extras of the others
            absent = not _is_there(name) and _is_for_this_python(marker)
            needs[extra[1]] += [name] if absent else []
    return {extra: tuple(needs[extra]) for extra in sorted(needs)}


def _name(requirement: str) -> str:
    name = _NAME.match(requirement)
    return _normal(name[0]) if name else ""


def _is_there(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _is_for_this_python(marker: str) -> bool:
    older = _OLDER.search(marker)
    return older is None or sys.version_info[:2] < (int(older[1]), int(older[2]))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
