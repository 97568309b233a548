"""Keep the wheels apart: what a source imports is what its wheel declares, and the house allows it.

Which wheel stands on which floor, and what it may need, is the table ``[tool.pepperpy.floors]`` of
the root's ``pyproject.toml``.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import imports, layout, names
from . import workspace as ws

# What younger Pythons than this one have in their standard library.
_STANDARD = {*sys.stdlib_module_names, "annotationlib", "compression"}
# What every type checker brings a stub of; only a block for type checkers imports it.
_CHECKERS = {"typing_extensions"}
_RANGE = re.compile(r">=(\d+)\.(\d+),<(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class House:
    """What the root's settings say: the floors, the names of modules, what is slow to import."""

    floors: Mapping[str, Mapping[str, Any]]
    modules: Mapping[str, str]
    parts: Mapping[str, str]
    heavy: frozenset[str]

    @classmethod
    def read(cls, root: Path) -> House:
        """Take it from a checkout."""
        tool = ws.settings(root)
        tidy = tool["ruff"]["lint"]["flake8-tidy-imports"]
        table = tool["pepperpy"]
        heavy = frozenset(tidy["banned-module-level-imports"])
        return cls(table["floors"], table["modules"], table["parts"], heavy)

    def key(self, need: ws.Requirement) -> str:
        """A sibling by its distribution, a third party by the module that it is imported as."""
        if need.name.startswith(ws.FACADE):
            return need.name
        return self.modules.get(need.name, need.name.replace("-", "_"))

    def by_chance(self, portion: str | None) -> Iterator[str]:
        """Keys of what a wheel may meet though nobody declares it: siblings, and what they need."""
        for sibling in self.floors.get(portion or "", {}).get("optional", ()):
            needs = (ws.PREFIX + sibling, *self.floors[sibling].get("requires", ()))
            yield from (self.key(ws.Requirement.parse(need)) for need in needs)


@dataclass(frozen=True)
class Use:
    """One import of something that another distribution owns."""

    key: str  # as `House.key` names it
    target: str
    where: str
    private: str | None  # the private part of a sibling that it reaches for
    later: bool  # nothing is imported until somebody asks for it


def faults(package: ws.Package, workspace: ws.Workspace, house: House) -> list[str]:
    """Every boundary that one wheel crosses, and what to do about it."""
    uses = list(_uses(package, house))
    found = [
        *_spelling(package, uses),
        *_declared(package, uses, house),
        *_used(package, uses, house),
        *_ranges(package, workspace),
    ]
    if package.portion is None:
        found += _complete(package, workspace)
    else:
        found += [*_allowed(package, house), *_public_names(package)]
    return [f"{package.name}: {text}" for text in found]


def _uses(package: ws.Package, house: House) -> Iterator[Use]:
    late = _late_modules(package)
    for path in layout.sources(package):
        module = layout.module_name(package, path)
        inner = module.split(".")[3:] if path.stem == "__init__" else module.split(".")[3:-1]
        late_file = module in late or any(part.startswith("_") for part in inner)
        for found in _imports(path, module):
            key = _owner(found.target, package, house)
            if key is not None:
                private = [part for part in found.target.split(".")[3:] if part.startswith("_")]
                yield Use(
                    key,
                    found.target,
                    f"{path.relative_to(package.folder).as_posix()}:{found.line}",
                    private[0] if private and key.startswith(ws.FACADE) else None,
                    found.lazy or late_file,
                )


def _imports(path: Path, module: str) -> list[imports.Import]:
    return imports.read(path.read_text("utf-8"), module, package=path.stem == "__init__")


def _late_modules(package: ws.Package) -> set[str]:
    """Modules of the wheel that it imports where they are used, and nowhere at once."""
    files = {layout.module_name(package, path): path for path in layout.sources(package)}
    ways: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for module, path in files.items():
        for found in _imports(path, module):
            for imported in {found.target, found.parent} & files.keys():
                ways[imported].append((module, found.lazy))
    late: set[str] = set()
    while True:
        more = {
            module
            for module, uses in ways.items()
            if all(lazy or importer in late for importer, lazy in uses)
        }
        if more == late:
            return late
        late = more


def _owner(target: str, package: ws.Package, house: House) -> str | None:
    """The distribution that a dotted path belongs to, if it is not this wheel or Python itself.

    Only slow parts of the standard library have a key as well: their own name.
    """
    top, *rest = target.split(".")
    top = house.parts.get(top, top)
    if top != "pepperpy":
        return None if not top or (top in _STANDARD and top not in house.heavy) else top
    portion = rest[1] if len(rest) > 1 and rest[0] == "infra" else ""
    if portion == package.portion:
        return None
    return ws.PREFIX + portion.replace("_", "-") if portion in house.floors else ws.FACADE


def optional_files(package: ws.Package, house: House) -> list[Path]:
    """Source files that need more than what every installation of the wheel brings.

    That is what they import at once, or what a module of the wheel does that they import at once,
    or that lies in a package with such an ``__init__``.
    """
    brought = {*map(house.key, package.dependencies), *_STANDARD, ws.FACADE}
    files = {layout.module_name(package, path): path for path in layout.sources(package)}
    at_once = {
        module: [found for found in _imports(path, module) if not found.lazy]
        for module, path in files.items()
    }
    optional: set[str] = set()
    while True:
        more = {
            module
            for module, uses in at_once.items()
            if any(module.startswith(f"{each}.") for each in optional)
            or any(
                {use.target, use.parent} & optional
                or (_owner(use.target, package, house) or ws.FACADE) not in brought
                for use in uses
            )
        }
        if more == optional:
            return [files[module] for module in files if module in optional]
        optional = more


def _spelling(package: ws.Package, uses: list[Use]) -> Iterator[str]:
    for use in uses:
        if use.key == ws.FACADE and package.portion is not None:
            yield f"{use.where} imports the facade ({use.target}); import from the wheel that owns it"
        elif use.private:
            yield f"{use.where} imports {use.target}, which is private to its wheel"


def _declared(package: ws.Package, uses: list[Use], house: House) -> Iterator[str]:
    required = {house.key(need) for need in package.dependencies}
    optional = {*map(house.key, package.optional), *house.by_chance(package.portion)}
    for use in uses:
        if use.key in house.heavy and not use.later:
            yield f"{use.where} imports {use.target} at once, which is slow; import it where it is used"
        elif use.key in {*required, *_STANDARD, ws.FACADE} or (use.key in _CHECKERS and use.later):
            continue
        elif use.key not in optional:
            yield f"{use.where} imports {use.target}, and nothing declares {use.key!r}"
        elif not use.later:
            yield f"{use.where} imports {use.target} at once, which is optional; import it where it is used"


def _used(package: ws.Package, uses: list[Use], house: House) -> Iterator[str]:
    used = {use.key for use in uses}
    # An extra may name what a library loads by itself, so only what everybody has to install counts.
    for need in package.dependencies:
        if house.key(need) not in used:
            yield f"declares {need.name!r} and never imports it"


def _allowed(package: ws.Package, house: House) -> Iterator[str]:
    floor = house.floors.get(package.portion or "")
    if floor is None:
        yield "has no floor; give it a line in [tool.pepperpy.floors] of the root's pyproject.toml"
        return
    siblings = {ws.PREFIX + portion for portion in floor.get("siblings", ())}
    for need in package.dependencies:
        if need.name not in siblings | set(floor.get("requires", ())):
            yield f"requires {need.name!r}, which its floor does not allow"
    for extra, needs in package.extras.items():
        allowed = {*siblings, *floor.get("extras", {}).get(extra, ())}
        for need in needs:
            if need.name not in allowed:
                yield f"its extra {extra!r} brings {need.name!r}, which its floor does not allow"


def floor_faults(house: House) -> list[str]:
    """Arrows of the table itself that do not go down."""
    return [
        f"[tool.pepperpy.floors] {portion} (floor {entry['floor']}) may not stand on {below}"
        for portion, entry in house.floors.items()
        for below in (*entry.get("siblings", ()), *entry.get("optional", ()))
        if below not in house.floors or house.floors[below]["floor"] >= entry["floor"]
    ]


def _ranges(package: ws.Package, workspace: ws.Workspace) -> Iterator[str]:
    for need in (*package.dependencies, *package.optional):
        sibling = workspace.packages.get(need.name)
        if sibling is None:
            if need.name.startswith(ws.FACADE):
                yield f"needs {need.name!r}, and there is no such wheel"
        elif (text := range_fault(need.range, sibling.version)) is not None:
            yield f"needs {need.name}{need.range}: {text}"


def range_fault(text: str, version: str) -> str | None:
    """Why a sibling of this *version* must not be asked for by the range *text*."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None:
        return "write >=X.Y,<X+1, or >=0.Y,<0.Y+1 before 1.0"
    lowest = int(match[1]), int(match[2])
    below = int(match[3]), int(match[4] or 0)
    if below != ((lowest[0] + 1, 0) if lowest[0] else (0, lowest[1] + 1)):
        return "the upper bound is not the next release that may break; write >=X.Y,<X+1, or <0.Y+1"
    major, minor = (int(part) for part in version.split(".")[:2])
    return (
        None if lowest <= (major, minor) < below else f"{version} lies here, which is out of range"
    )


def _complete(facade: ws.Package, workspace: ws.Workspace) -> Iterator[str]:
    wheels = {name: package for name, package in workspace.packages.items() if package.portion}
    for name in sorted(wheels.keys() - {need.name for need in facade.dependencies}):
        yield f"does not depend on {name!r}"
    brought = {(need.name, extra) for need in facade.extras.get("all", ()) for extra in need.extras}
    for name, package in sorted(wheels.items()):
        for extra in sorted(package.extras):
            if (name, extra) not in brought:
                yield f"its extra 'all' lacks {name}[{extra}]"


def _public_names(package: ws.Package) -> Iterator[str]:
    for path in layout.sources(package):
        inner = layout.module_name(package, path).split(".")[3:]
        private = any(part.startswith("_") for part in inner)
        for text in names.faults(
            path.read_text("utf-8"), package=path.stem == "__init__", private=private
        ):
            yield f"{path.relative_to(package.folder).as_posix()}: {text}"


def check(root: Path = ws.ROOT) -> list[str]:
    """Every fault of every wheel below *root*."""
    workspace, house = ws.load(root), House.read(root)
    found = floor_faults(house)
    for package in workspace.packages.values():
        found += [*layout.faults(package, root), *faults(package, workspace, house)]
    return found


if __name__ == "__main__":
    sys.exit(ws.report(check()))
