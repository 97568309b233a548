"""The sessions of this repository; `nox -l` lists them.

Wheels are found below ``packages/``, and a session that runs our code runs it from built wheels.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import nox
from nox.project import dependency_groups, load_toml

sys.path.insert(0, str(Path(__file__).parent))  # nox itself does not look there

from tools import boundaries as rules
from tools import lanes, overlay, wheels
from tools import lowest as bounds
from tools import workspace as ws

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "typecheck", "boundaries", "changelogs"]

WORKSPACE = ws.load()
ROOT = WORKSPACE.root
DIST = ROOT / "dist"
VENV = ROOT / ".venv"
OLDEST_PYTHON = WORKSPACE.packages[ws.FACADE].project["requires-python"].removeprefix(">=")
SCOPES = [*WORKSPACE.packages, *ws.SHARED]
EXAMPLES = ROOT / "docs" / "examples"
EXAMPLE = EXAMPLES / "gateway"
INTEGRATION = "tests-integration"
OFFLINE = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it need not look for a newer one
GROUPS = load_toml(ROOT / "pyproject.toml")
SIDE_BY_SIDE = lanes.width() > 1 and lanes.whole("tests", sys.argv[1:])


def built(packages: Iterable[ws.Package] = WORKSPACE.packages.values()) -> list[Path]:
    """The wheels that the session `build` made."""
    return [wheels.wheel_path(DIST, package) for package in packages]


def install_wheels(
    session: nox.Session, files: Sequence[Path], *others: str, extras: str = ""
) -> None:
    """Install wheels with what they declare, and make sure that it is those files and no others.

    A rebuilt wheel keeps its version, so installers may take an older one from their cache; the
    second step is what prevents that.
    """
    facade = [file for file in files if wheels.wheel_package(file).name == ws.FACADE]
    wanted = [f"{file}{extras if file in facade else ''}" for file in files]
    session.install(*wanted, *others)
    session.install("--no-deps", "--force-reinstall", *map(str, files))
    session.run("python", "-m", "tools.installed", *map(str, files))


def group(name: str, package: ws.Package | None = None) -> tuple[str, ...]:
    """A dependency group, of the repository or of one package."""
    settings = load_toml(package.folder / "pyproject.toml") if package else GROUPS
    return (
        dependency_groups(settings, name) if name in settings.get("dependency-groups", {}) else ()
    )


def of_examples() -> list[str]:
    """What the examples need besides the wheels."""
    files = sorted(EXAMPLES.glob("*/requirements.txt"))
    return [part for file in files for part in ("-r", str(file))]


def site_packages(session: nox.Session) -> Path:
    """Where this session's environment keeps what is installed."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(str(session.run("python", "-c", code, silent=True)).strip())


@nox.session(reuse_venv=True)
def build(session: nox.Session) -> None:
    """Build sdist and wheel of every package into dist/ and check what they hold."""
    session.install(*group("build"))
    named = [name for name in session.posargs if name in WORKSPACE.packages]
    packages = [WORKSPACE.packages[name] for name in named or WORKSPACE.packages]
    again = Path(session.create_tmp()).resolve() / "again"
    for folder in (DIST, again):
        shutil.rmtree(folder, ignore_errors=True)
    for package in packages:
        hatchling(session, package.folder, DIST)
    for package in packages:
        shutil.unpack_archive(wheels.sdist_path(DIST, package), again, filter="data")
        hatchling(session, again / wheels.stem(package), again)
    session.run(
        "twine", "--no-color", "check", "--strict", *map(str, sorted(DIST.iterdir())), silent=True
    )
    session.run("python", "-m", "tools.wheels", str(DIST), str(again), *named)


def hatchling(session: nox.Session, folder: Path, target: Path, *options: str) -> None:
    """Build the project in *folder* with the back end of this environment."""
    with session.chdir(folder):
        session.run("python", "-m", "hatchling", "build", "-d", str(target), *options, silent=True)


@cache
def ahead(posargs: tuple[str, ...]) -> lanes.Lanes:
    """The sessions of all scopes of `tests`, side by side."""
    nox_ = [sys.executable, "-m", "nox", "-f", __file__, "-s"]
    # The longest ones first, so that nobody waits for one of them in the end.
    order = ["together", "docs", *(scope for scope in SCOPES if scope not in {"together", "docs"})]
    commands = {scope: [*nox_, f"tests({scope})", "--", *posargs] for scope in order}
    return lanes.Lanes(commands, lanes.width())


@nox.session(
    requires=[] if lanes.MARK in os.environ else ["build"],
    venv_backend="none" if SIDE_BY_SIDE else None,  # what runs in the lanes has one
)
@nox.parametrize("scope", SCOPES, ids=SCOPES)
def tests(session: nox.Session, scope: str) -> None:
    """Test each wheel with what it declares alone, then all together, then docs and tools.

    Without a scope all of them run side by side, as many at a time as there are processors.
    """
    if SIDE_BY_SIDE:
        done = ahead(tuple(session.posargs)).result(scope)
        sys.stdout.write(done.stdout)
        if done.returncode:
            session.error(f"{scope} failed")
        return
    if scope == "tools":
        session.install(*group("test"))
        session.run("python", "-m", "pytest", *session.posargs, "tools")
        return
    if scope == "docs":
        install_wheels(session, built(), *group("test"), *of_examples(), extras="[all]")
        session.run("pytest", *session.posargs, "docs/tests", "docs/examples")
        return
    alone = scope != "together"
    packages = WORKSPACE.closure(scope) if alone else [*WORKSPACE.packages.values()]
    tested, profile = (packages[:1], "same") if alone else (packages, "fewer")
    run_tests(session, built(packages), tested, profile=profile)
    if alone:
        session.run("python", "-m", "tools.alone", scope)


def run_tests(
    session: nox.Session,
    files: Sequence[Path],
    tested: Sequence[ws.Package],
    *pins: str,
    profile: str = "same",
) -> None:
    """Install wheels and what their tests need, and run the tests and doctests of some of them."""
    needs = [need for package in tested for need in group("test", package)]
    install_wheels(session, files, *group("test"), *needs, *pins)
    site = site_packages(session)
    modules = [(package, site.joinpath(*package.module.split("."))) for package in tested]
    # The facade's folder holds every sibling as well, so its doctests are those of one file.
    doctests = [path if package.portion else path / "__init__.py" for package, path in modules]
    folders = [package.folder / "tests" for package in tested]
    ignored = without_optional(site, tested) if len(tested) == 1 else []
    options = (f"--hypothesis-profile={profile}", *session.posargs)
    session.run("pytest", *options, *ignored, *map(str, [*folders, *doctests]))


def without_optional(site: Path, tested: Sequence[ws.Package]) -> list[str]:
    """What keeps the search for doctests from importing modules that need what is not there."""
    house = rules.House.read(ROOT)
    return [
        f"--ignore={site / path.relative_to(package.folder / 'src')}"
        for package in tested
        for path in rules.optional_files(package, house)
    ]


# What is oldest may have no wheels for the newest Python, so the oldest Python tries it.
@nox.session(requires=["build"], python=OLDEST_PYTHON)
@nox.parametrize("scope", [*WORKSPACE.packages], ids=[*WORKSPACE.packages])
def lowest(session: nox.Session, scope: str) -> None:
    """Test each wheel with the oldest versions that it allows of siblings and of third parties."""
    package = WORKSPACE.packages[scope]
    temporary = Path(session.create_tmp()).resolve()
    checkouts, dist = temporary / "checkouts", temporary / "dist"
    for folder in (checkouts, dist):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        chosen = bounds.choose(WORKSPACE, scope, group("test", package), checkouts)
    except ws.WorkspaceError as error:
        session.error(f"{scope}: {error}")
    if not chosen.pins and all(each is WORKSPACE.packages[each.name] for each in chosen.packages):
        session.skip("this is what `tests` tries already")
    session.log(f"with {', '.join([*map(wheels.stem, chosen.packages[1:]), *chosen.pins])}")
    files = [wheels.wheel_path(dist, each) for each in chosen.packages]
    for each, file in zip(chosen.packages, files, strict=True):
        if each is WORKSPACE.packages[each.name]:
            shutil.copy(wheels.wheel_path(DIST, each), file)
        else:
            session.install("hatchling")
            hatchling(session, each.folder, dist, "-t", "wheel")
    run_tests(session, files, [package], *chosen.pins, profile="fewer")


@nox.session(reuse_venv=True, requires=["build"])
def release(session: nox.Session) -> None:
    """Install the built files by their ranges, upgrade and uninstall one by one, as users will."""
    session.install(*group("build"), *group("release"), *group("test"))
    rehearsal = ("tools/tests/test_rehearsal.py", "--dist", str(DIST))
    session.run("python", "-m", "pytest", *session.posargs, *rehearsal)


@nox.session(requires=["build"])
def integration(session: nox.Session) -> None:
    """Test the wheels together, against real servers; `-- --ceph` takes Ceph for the tests of S3."""
    needs = [need for package in WORKSPACE.packages.values() for need in group("test", package)]
    # The demo of several gateways is one of the tests.
    tools = (*group("test"), *group("integration"), "-r", str(EXAMPLE / "requirements.txt"))
    install_wheels(session, built(), *tools, *needs, extras="[all]")
    # Says what is missing, and how to get it, before the first test runs.
    ceph = ["--ceph"] if "--ceph" in session.posargs else []
    session.run("python", "-m", "servers", *ceph, env={"PYTHONPATH": INTEGRATION})
    session.run("pytest", *session.posargs, INTEGRATION)


@nox.session(requires=["build"], python=OLDEST_PYTHON)
def fuzz(session: nox.Session) -> None:
    """Feed each decoder with made-up bytes for a minute; `-- yaml --seconds 600` chooses."""
    needs = [need for package in WORKSPACE.packages.values() for need in group("test", package)]
    install_wheels(session, built(), *group("fuzz"), *needs, extras="[all]")
    env = {"PYTHONPATH": str(ROOT / INTEGRATION)}
    session.run("python", "-m", "fuzz", *session.posargs, env=env)


@nox.session(python=False)
def dev(session: nox.Session) -> None:
    """Make .venv for editing: all tools, and the sources of all wheels as one package."""
    python = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        session.run(sys.executable, "-m", "venv", str(VENV))
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    packages = WORKSPACE.packages.values()
    needs = [need for name in GROUPS["dependency-groups"] for need in group(name)]
    needs += [need for package in packages for need in group("test", package)]
    needs += [*overlay.needs(WORKSPACE), *of_examples()]
    session.run(*map(str, pip), "-q", *needs, external=True)
    session.run(str(python), "-m", "tools.overlay", external=True)
    modules = ", ".join(package.module for package in packages)
    session.run(str(python), "-c", f"import {modules}", external=True)


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style and layout of all Python with ruff; `-- --fix` mends what it can."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", *([] if "--fix" in session.posargs else ["--check"]), ".")


@nox.session
def boundaries(session: nox.Session) -> None:
    """Check that each wheel imports what it declares, stays on its floor, and hides its privates."""
    session.run("python", "-m", "tools.boundaries")


@nox.session
def changelogs(session: nox.Session) -> None:
    """Check that each changelog is well formed, fits the version, and tells of what changed."""
    session.run("python", "-m", "tools.changelogs", *session.posargs)


@nox.session(reuse_venv=True, requires=["build"])
def typecheck(session: nox.Session) -> None:
    """Check all types on the built wheels with mypy and pyright, both strict, and the stub."""
    packages = WORKSPACE.packages.values()
    groups = ("typecheck", "docs", "test", "integration")
    tools = (*(need for name in groups for need in group(name)), *of_examples())
    install_wheels(session, built(), *tools, extras="[all]")
    infra = site_packages(session) / "pepperpy" / "infra"
    uses = [str(package.folder / "tests" / "typing" / "api.py") for package in packages]
    session.run("mypy", "noxfile.py", "tools")
    session.run("mypy", "docs/building", INTEGRATION, env={"MYPYPATH": INTEGRATION})
    for example in (EXAMPLE, EXAMPLES / "recipes"):
        session.run("mypy", str(example), env={"MYPYPATH": str(example)})
    session.run("mypy", "-p", "pepperpy.infra")
    for use in uses:  # one by one, since all of them have the same name
        session.run("mypy", use)
    # The other wheels have no stubs that could differ from what they do.
    temporary = Path(session.create_tmp()).resolve()
    no_stubs = temporary / "no-stubs.txt"
    rows = [f"{re.escape(package.module)}\\..*" for package in packages if package.portion]
    no_stubs.write_text("\n".join(rows), "utf-8")
    options = ["--ignore-unused-allowlist", "--allowlist", str(no_stubs)]
    session.run("python", "-m", "mypy.stubtest", *options, "pepperpy.infra")
    # Pyright leaves out hidden folders below the one that its settings lie in, and says that all is
    # well.  So the installed wheels get settings that lie beside them.
    config = temporary / "pyrightconfig.json"
    include = [os.path.relpath(infra, config.parent)]
    config.write_text(json.dumps({"typeCheckingMode": "strict", "include": include}), "utf-8")
    run_pyright(
        session, "-p", str(config), count=len([*infra.rglob("*.py"), *infra.rglob("*.pyi")])
    )
    ours = 1 + len([*ROOT.glob("tools/**/*.py")])
    run_pyright(session, "noxfile.py", "tools", *uses, count=ours + len(uses))
    session.run("pyright", "--ignoreexternal", "--verifytypes", "pepperpy.infra", env=OFFLINE)


def run_pyright(session: nox.Session, *arguments: str, count: int) -> None:
    """Run pyright, which must find *count* files to check."""
    printed = str(session.run("pyright", "--stats", *arguments, env=OFFLINE, silent=True))
    if f"Found {count} source file" not in printed:
        session.error(f"pyright did not find the {count} files that it should check:\n{printed}")


@nox.session(requires=["build"])
def demo(session: nox.Session) -> None:
    """Run the gateway example on the built wheels; arguments go to it."""
    install_wheels(session, built(), "-r", str(EXAMPLE / "requirements.txt"))
    # After Ctrl-C the demo stops its processes and prints what it has, which takes some seconds.
    session.run("python", str(EXAMPLE / "demo.py"), *session.posargs, interrupt_timeout=20)


@nox.session(requires=["build"])
def docs(session: nox.Session) -> None:
    """Build the site into out/docs, strictly, and check it; `-- --serve` shows it instead."""
    # The linter is there for its formatter, which breaks the lines of signatures.
    install_wheels(session, built(), *group("docs"), *group("lint"), *group("test"), extras="[all]")
    mkdocs = ("--config-file", str(ROOT / "docs" / "mkdocs.yml"))
    env = {"NO_MKDOCS_2_WARNING": "1"}  # a version that we do not take
    if "--serve" in session.posargs:
        others = [argument for argument in session.posargs if argument != "--serve"]
        session.run("mkdocs", "serve", *mkdocs, *others, env=env, interrupt_timeout=5)
        return
    site = ROOT / "out" / "docs"
    session.run("mkdocs", "build", "--strict", *mkdocs, "--site-dir", str(site), env=env)
    session.run("pytest", *session.posargs, "docs/tests/test_site.py", "--site", str(site))


@nox.session(requires=["build"])
def bench(session: nox.Session) -> None:
    """Time the built wheels against their peers; arguments go to docs/benchmarks/run.py."""
    folder = ROOT / "docs" / "benchmarks"
    needs = ("-r", str(folder / "requirements.txt"), "matplotlib>=3.9")
    install_wheels(session, built(), *needs, extras="[all]")
    session.run("python", str(folder / "run.py"), *session.posargs)
