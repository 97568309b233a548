"""Prove that a wheel alone works as its README shows, and loads nothing that it does not declare.

This runs where nothing but the wheel, what it declares and the tools of its tests are installed.
What those tools brought along is here too, so a module that is loaded must be one that the wheel
asks for: at the import what every installation brings, and in the examples of its README what an
extra adds as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from . import workspace as ws

# msgspec loads it wherever it happens to be installed.
_BY_CHANCE = {"typing-extensions"}
# Run in a process of its own: prints, after the import and after the README, what was loaded from
# where packages are installed.
_PROGRAM = """
import json, sys, sysconfig
before = {*sys.modules}
def loaded():
    sites = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    modules = [(name, getattr(each, "__file__", None)) for name, each in sys.modules.items()]
    return sorted(
        name for name, file in modules if name not in before and file and file.startswith(sites)
    )
root, module, page = sys.argv[1:]
__import__(module)
imported = loaded()
sys.path.append(root)
from docs.building import blocks
blocks.main(page)
print(json.dumps([imported, loaded()]))
"""


def loaded(package: ws.Package, root: Path) -> list[list[str]]:
    """The modules of installed packages after the import of a wheel, and after its README.

    Raises:
        WorkspaceError: If one of the two fails.
    """
    arguments = [str(root), package.module, str(package.folder / "README.md")]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "error", "-c", _PROGRAM, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ws.WorkspaceError(f"{package.name} alone does not work as it says:\n{done.stderr}")
    answer: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def brought(wanted: Iterable[str]) -> set[str]:
    """The distributions named, and all that they require, as far as it is installed."""
    found: set[str] = set()
    waiting = [*wanted]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:  # for another Python or system than this
            continue
        waiting += [ws.Requirement.parse(line).name for line in lines if "extra ==" not in line]
    return found


def owner(module: str, owners: Mapping[str, Sequence[str]]) -> set[str]:
    """The distributions that a module may be from."""
    top, *rest = module.split(".")
    if top == "pepperpy":
        portion = rest[1].replace("_", "-") if len(rest) > 1 else ""
        return {ws.PREFIX + portion if portion and not portion.startswith("-") else ws.FACADE}
    return {ws.Requirement.parse(name).name for name in owners.get(top, ())}


def faults(
    name: str,
    when: str,
    modules: Iterable[str],
    allowed: set[str],
    owners: Mapping[str, Sequence[str]],
) -> list[str]:
    """Modules that belong to a distribution that the wheel did not ask for."""
    found = {
        f"{name}: {when} loads {module.partition('.')[0]!r} of {', '.join(sorted(from_)) or '?'}, "
        "which it does not declare"
        for module in modules
        if not (from_ := owner(module, owners)) & allowed
    }
    return sorted(found)


def check(package: ws.Package, root: Path) -> list[str]:
    """Every fault of one wheel in this environment."""
    try:
        imported, shown = loaded(package, root)
    except ws.WorkspaceError as error:
        return [str(error)]
    owners = packages_distributions()
    always = brought([package.name]) | _BY_CHANCE
    extra = always | brought(need.name for need in package.optional)
    return [
        *faults(package.name, "its import", imported, always, owners),
        *faults(package.name, "its README", shown, extra, owners),
    ]


def main(arguments: Sequence[str]) -> int:
    """Check the wheel of the name given."""
    (name,) = arguments
    return ws.report(check(ws.load().packages[name], ws.ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
