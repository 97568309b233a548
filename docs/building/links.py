"""Turns the names that docstrings mention into links to where those names are explained."""

from __future__ import annotations

import re
from types import FunctionType, ModuleType

from tools.workspace import Workspace

from . import surface

_NAME = re.compile(r"(?<![`\[\w])`(?P<name>[A-Za-z_]\w*(?:\.[a-z]\w*)?)(?P<call>\(\))?`(?![`\]])")
_CODE = (">>>", "...")


class Links:
    """The public names of all wheels, and where each is explained."""

    def __init__(self, workspace: Workspace) -> None:
        self._places: dict[str, list[str]] = {}
        for package in workspace.packages.values():
            if package.portion:
                for module in surface.modules(package):
                    self._add(module)

    def _add(self, module: ModuleType) -> None:
        for name in surface.names(module):
            member = getattr(module, name)
            inner = surface.methods(member)
            if isinstance(member, type):
                inner += surface.inherited(member)
                inner += [
                    each for each, value in vars(member).items() if _is_explained(each, value)
                ]
            for dotted in (name, *(f"{name}.{each}" for each in inner)):
                self._places.setdefault(dotted, []).append(f"{module.__name__}.{dotted}")

    def put_into(self, text: str, path: str) -> str:
        """*text*, of the object at *path*, as Markdown with links."""
        lines = text.split("\n")
        return "\n".join(
            line
            if line.lstrip().startswith(_CODE)
            else _NAME.sub(lambda m: self._link(m, path), line)
            for line in lines
        )

    def _link(self, found: re.Match[str], path: str) -> str:
        name = found["name"]
        wheel = ".".join(path.split(".")[:3])
        places = self._places.get(name, [])
        near = [place for place in places if place.startswith(f"{wheel}.")] or places
        if len(near) != 1 or path.endswith(f".{name}"):
            return found[0]  # unknown, known twice, or the very thing that we are reading about
        return f"[{found[0]}][{near[0]}]"


def _is_explained(name: str, value: object) -> bool:
    function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    kind = isinstance(function, (FunctionType, property))
    return kind and not name.startswith("_") and bool(function.__doc__)
