"""The pages that are made from the packages, as Markdown by path, and the navigation over all.

Nothing here knows what builds the site: a generator without hooks can be given the same texts as
files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from tools.workspace import FACADE, Package, Workspace, settings

from . import comparisons, surface
from .links import Links

Entry: TypeAlias = "str | dict[str, str | list[Entry]]"

SOURCE = "https://github.com/pepperpy/pepperpy-infra/blob/main/"
TITLES = {
    "index": "",  # the section itself
    "how-to": "How to",
    "explanation": "Explanation",
    "testing": "Testing",
    "coming-from": "Coming from",
    "compared": "Compared",
}
OVER_ALL = ("how-to.md", "testing.md", "coming-from.md")
"""Guides over all wheels."""
ABOUT = ("house.md", "versions.md", "platforms.md", "deployment.md")
"""What is there of them."""
_FENCED = re.compile(r"^```(?P<language>[^\n]*)\n(?P<rest>.*?^```$)", re.MULTILINE | re.DOTALL)
# To files that the site has not.
_LINK = re.compile(r"(\]\()(?!https?:|#|results[\w-]*\.svg\))([^)\s]+\))")


def short(package: Package) -> str:
    """What a wheel is called in paths and in the navigation."""
    return package.portion or "infra"


def in_order(workspace: Workspace) -> list[Package]:
    """The wheels from the lowest floor to the facade."""
    floors = list(settings(workspace.root)["pepperpy"]["floors"])
    known = {name: at for at, name in enumerate(floors)}
    return sorted(
        workspace.packages.values(), key=lambda each: known.get(each.portion or "", len(known))
    )


def navigation(workspace: Workspace, written: Path) -> list[Entry]:
    """What the site's menu holds: the pages that lie in *written*, and those made here."""
    packages = in_order(workspace)
    compared = comparisons.files(workspace)
    portions = {name: _guide(written, name, name in compared) for name in map(short, packages)}
    guides: list[Entry] = [{name: entries} for name, entries in portions.items() if entries]
    references: list[Entry] = [
        {package.module: f"reference/{short(package)}.md"} for package in packages
    ]
    changelogs: list[Entry] = [
        {package.name: f"changelogs/{short(package)}.md"} for package in packages
    ]
    about = [name for name in ABOUT if (written / name).exists()]
    return [
        {"Home": ["index.md", "start.md", {"A whole service": "gateway.md"}, "recipes.md"]},
        {"Tutorial": [*tutorial(written)]},
        {"Guides": [*OVER_ALL, {"Compared": "compared.md"}, *guides]},
        {"Reference": [{"Errors": "errors.md"}, *references]},
        {"Benchmarks": "benchmarks.md"},
        {"About": [*about, {"Changelogs": changelogs}]},
    ]


def tutorial(written: Path) -> list[str]:
    """Its chapters in order, each of which goes on from those before it."""
    return [
        f"tutorial/{path.name}" for path in sorted((written / "tutorial").glob("*.md"), key=_at)
    ]


def _at(chapter: Path) -> tuple[bool, str]:
    return chapter.stem != "index", chapter.stem


def _guide(written: Path, name: str, compared: bool) -> list[Entry]:
    """The pages of one wheel, in the order in which somebody new would read them."""
    found = {path.stem: f"{name}/{path.name}" for path in sorted((written / name).glob("*.md"))}
    if compared:
        found["compared"] = f"{name}/compared.md"
    usual = [stem for stem in TITLES if stem in found]
    others = [stem for stem in found if stem not in TITLES]
    # What is special to a wheel stands between what every wheel begins and ends with.
    ordered = [*usual[:2], *others, *usual[2:]]
    return [
        found[stem]
        if stem == "index"
        else {TITLES.get(stem) or _title(written / found[stem]): found[stem]}
        for stem in ordered
    ]


def _title(page: Path) -> str:
    """The heading of a page without the name of the wheel below which the menu has it."""
    with page.open(encoding="utf-8") as lines:
        title = next(lines).removeprefix("# ").strip()
    title = title.removeprefix(f"{page.parent.name}: ")
    return title[0].upper() + title[1:]


def generated(workspace: Workspace) -> Mapping[str, str]:
    """Every page that is made from what the packages say, by its path."""
    root = workspace.root
    pages = {
        "errors.md": errors_page(workspace),
        "benchmarks.md": _titled("Benchmarks", _read(root, "docs/benchmarks/RESULTS.md")),
        "gateway.md": _with_drawings(_read(root, "docs/examples/gateway/README.md")),
        "recipes.md": _recipes(root / "docs" / "examples" / "recipes"),
        **dict(comparisons.pages(workspace)),
    }
    for package in workspace.packages.values():
        name = short(package)
        pages[f"reference/{name}.md"] = (
            "".join(_reference(package)) if package.portion else _facade(workspace)
        )
        pages[f"changelogs/{name}.md"] = _changelog(root, package)
    return pages


def copied(workspace: Workspace) -> Mapping[str, Path]:
    """Files beside those pages, and where they come from."""
    folder = workspace.root / "docs" / "benchmarks"
    plots = [*sorted(folder.glob("results*.svg")), folder / "capacity.svg"]
    return {path.name: path for path in plots}


def _recipes(folder: Path) -> str:
    """The page of files to begin from; those are type-checked and tested where they lie."""
    parts = [_read(folder, "README.md")]
    for file in ("fastapi_service.py", "celery_tasks.py", "worker.py", "fixtures.py"):
        text = (folder / file).read_text("utf-8")
        told, code = text.removeprefix('"""').split('"""\n\n', 1)
        code = code.removeprefix("from __future__ import annotations\n\n")
        title, _, rest = told.partition("\n")
        name, _, promise = title.partition(": ")
        parts.append(
            f"## {name}\n\n{promise[0].upper()}{promise[1:]}\n{rest}\n```{{.python title={file!r}}}\n{code}```\n"
        )
    return "\n".join(parts)


def _read(root: Path, path: str) -> str:
    """The text of a page, whose links to files that the site has not lead to the repository."""
    base = path.rpartition("/")[0]
    text = (root / path).read_text("utf-8")
    return _LINK.sub(rf"\1{SOURCE}{base}/\2", text)


def _with_drawings(text: str) -> str:
    """*text* in which blocks of no language, which are drawn, are told from what is printed."""
    return _FENCED.sub(
        lambda block: f"```{block['language'] or '{.text .drawing}'}\n{block['rest']}", text
    )


def _changelog(root: Path, package: Package) -> str:
    text = _read(root, f"packages/{package.name}/CHANGELOG.md")
    return _titled(f"Changelog of {package.name}", text)


def _titled(title: str, text: str) -> str:
    """*text* under another title: its own says too little beside other pages."""
    return re.sub(r"\A# .*", f"# {title}", text)


def _reference(package: Package) -> Iterator[str]:
    """Each public name of a wheel; mkdocstrings fills in what the source says of it."""
    first, *others = surface.modules(package)
    yield f"# {first.__name__}\n\n{_prose(first)}\n\n"
    yield f"Distribution: `{package.name}`. {package.project['description']}.\n\n"
    for title, found in surface.grouped(first).items():
        yield f"## {title}\n\n"
        yield from (_member(first, name, title) for name in found)
    for module in others:
        name = module.__name__
        yield f"## {name} {{#{name}}}\n\n{_prose(module)}\n\n"
        for title, found in surface.grouped(module).items():
            yield from (_member(module, name, title) for name in found)


def _member(module: ModuleType, name: str, group: str) -> str:
    path = f"{module.__name__}.{name}"
    member = getattr(module, name)
    if group == surface.ERRORS:  # all have one signature, which callers never use
        return (
            f"{_directive(path, show_signature=False, merge_init_into_class=False)}"
            f"In the index: [`{member.code}`](../errors.md#{member.code}).\n\n"
        )
    inherited = surface.inherited(member) if isinstance(member, type) else []
    # What `deadline` derives from is nothing to its callers.
    bases = group != surface.FUNCTIONS
    return _directive(path, inherited_members=inherited, show_bases=bases) + "".join(
        # What an object like `retry` has besides its call; its own class is private.
        f"[](){{#{path}.{method}}}\n\n"
        + _directive(f"{_home(type(member))}.{method}", 4, heading=f"{name}.{method}")
        for method in surface.methods(member)
    )


def _directive(path: str, level: int = 3, **options: object) -> str:
    options = {"heading_level": level, **options}
    rows = [f"      {name}: {json.dumps(value)}" for name, value in options.items()]
    return "\n".join([f"::: {path}", "    options:", *rows, "", ""])


def _home(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _facade(workspace: Workspace) -> str:
    """The facade's own names, then the others by their owners, each with a link to its page."""
    module = import_module(workspace.packages[FACADE].module)
    owners = [
        owner
        for package in in_order(workspace)
        if package.portion
        for owner in surface.modules(package)
    ]
    parts = [f"# {module.__name__}\n\n{_prose(module)}\n"]
    own = [name for name in module.__all__ if _home(getattr(module, name)).count("._lifecycle.")]
    parts += ["## Its own\n\n", *(_directive(f"{module.__name__}.{name}") for name in own)]
    for owner in owners:
        links = [
            f"[`{name}`][{owner.__name__}.{name}]"
            for name in module.__all__
            if name in owner.__all__ and getattr(owner, name) is getattr(module, name)
        ]
        if links:
            parts.append(f"## From {owner.__name__}\n\n{', '.join(links)}\n")
    return "\n".join(parts)


def _prose(module: ModuleType) -> str:
    """A module's docstring, with its examples as code."""
    text = (module.__doc__ or "").strip().replace("Examples:\n", "").replace("``", "`")
    return re.sub(r"(?m)(?:^[ ]*>>>.*\n?(?:^[ ]*\S.*\n?)*)+", _as_code, text)


def _as_code(match: re.Match[str]) -> str:
    lines = [line.strip() for line in match[0].splitlines()]
    return "\n".join(["```pycon", *lines, "```"])


def errors_page(workspace: Workspace) -> str:
    """The index of every public error, where each is found under its code."""
    parts = [_ERRORS]
    links = Links(workspace)
    for package in in_order(workspace):
        own = list(surface.errors(package))
        if own:
            parts.append(f"## {package.module} {{#errors-of-{short(package)}}}\n")
            parts += [_error(error, links) for error in own]
    return "\n".join(parts)


def _error(error: surface.ErrorClass, links: Links) -> str:
    name = f"{error.module}.{error.kind.__name__}"
    bases = " and ".join(f"`{base.__name__}`" for base in error.kind.__bases__)
    lines = [f"### `{error.code}` {{#{error.code}}}", f"[`{name}`][{name}], a kind of {bases}."]
    lines.append(links.put_into(error.text.partition("\nArgs:")[0].rstrip(), name))
    if error.attributes:
        lines.append("Attributes: " + ", ".join(f"`{each}`" for each in error.attributes) + ".")
    return "\n\n".join(lines) + "\n"


_ERRORS = """# Errors

Every error that `pepperpy.infra` raises itself has a `code`, which never changes and is its heading here.
It carries what it knows as attributes, so nobody has to parse its message, and it is also the builtin error
that people already catch.

```python
from pepperpy.infra.utils import InfraError, load_json

try:
    load_json("missing/folder.json")
except FileNotFoundError as error:
    print("the system's own errors stay what they are:", type(error).__name__)

with open("broken.json", "w", encoding="utf-8") as file:
    file.write('{"port": 80,}')

try:
    load_json("broken.json")
except InfraError as error:
    print(error.code, error.line)
```

```text
the system's own errors stay what they are: FileNotFoundError
utils-json-file 1
```
"""
